"""Ask about a certificate by OCSP (RFC 6960), and believe no answer that is not about it, in time, and of who may give it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from simulators.platform.finding import Cause, Finding, Source, Status, Unbelievable, Unreachable
from simulators.platform.trust import Anchor, issued

SKEW = timedelta(seconds=60)
_STRONG = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_LATER = (ocsp.OCSPResponseStatus.TRY_LATER, ocsp.OCSPResponseStatus.INTERNAL_ERROR)
_STATUSES = {
    ocsp.OCSPCertStatus.GOOD: Status.GOOD,
    ocsp.OCSPCertStatus.REVOKED: Status.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: Status.UNKNOWN,
}


def question(certificate: x509.Certificate, anchor: Anchor, nonce: bytes) -> bytes:
    """Make a request (DER) about one certificate, with a nonce (RFC 9654)."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, anchor.certificate, hashes.SHA256())
    request = builder.add_extension(x509.OCSPNonce(nonce), critical=False).build()
    return request.public_bytes(serialization.Encoding.DER)


def believe(
    der: bytes, certificate: x509.Certificate, anchor: Anchor, nonce: bytes, now: datetime, longest: timedelta
) -> Finding:
    """Read a response (DER) about a certificate, that is at most so old (RFC 6960, clause 3.2).

    Raises Unreachable when the responder cannot answer now, Unbelievable when it did not answer what was asked, or may not.
    """
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status in _LATER:
            raise Unreachable(response.response_status.name.lower())
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise Unbelievable(Cause.REFUSED)
        _check_signature(response, anchor, now)
        told = _about(response.responses, certificate, anchor)
        nonces = [it.value for it in response.extensions if isinstance(it.value, x509.OCSPNonce)]
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension):
        raise Unbelievable(Cause.MALFORMED) from None
    # Responders that answer from a store give no nonce back (RFC 9654, clause 2.1); a wrong one is another question's.
    if nonces and [it.nonce for it in nonces] != [nonce]:
        raise Unbelievable(Cause.NONCE)
    begins, ends = told.this_update_utc, told.next_update_utc
    checked_at = int(begins.timestamp())
    if begins > now + SKEW:
        raise Unbelievable(Cause.EARLY)
    if (ends is not None and ends < now - SKEW) or now - begins > longest:
        raise Unbelievable(Cause.STALE, checked_at)
    reason = told.revocation_reason or x509.ReasonFlags.unspecified
    status = _STATUSES[told.certificate_status]
    return Finding(status, Source.OCSP, checked_at, reason if status is Status.REVOKED else None)


def _about(
    told: Iterable[ocsp.OCSPSingleResponse], certificate: x509.Certificate, anchor: Anchor
) -> ocsp.OCSPSingleResponse:
    """Find what is said of this certificate of this issuer: generations share the name, and may share serial numbers."""
    serials = False
    for one in told:
        if one.serial_number != certificate.serial_number:
            continue
        serials = True
        algorithm = one.hash_algorithm
        ours = ocsp.OCSPRequestBuilder().add_certificate(certificate, anchor.certificate, algorithm).build()
        if (ours.issuer_name_hash, ours.issuer_key_hash) == (one.issuer_name_hash, one.issuer_key_hash):
            return one
    raise Unbelievable(Cause.OTHER_ISSUER if serials else Cause.OTHER_CERTIFICATE)


def _check_signature(response: ocsp.OCSPResponse, anchor: Anchor, now: datetime) -> None:
    """Check who signed: the issuer, who it certified for this, or who was agreed on (RFC 6960, clause 4.2.2.2)."""
    signer = next((it for it in (anchor.certificate, *response.certificates) if _is_named(response, it)), None)
    if signer is None or (signer != anchor.certificate and not _may_answer(signer, anchor, now)):
        raise Unbelievable(Cause.RESPONDER)
    algorithm = response.signature_hash_algorithm
    if not isinstance(algorithm, _STRONG):
        raise Unbelievable(Cause.ALGORITHM)
    check(signer, response.signature, response.tbs_response_bytes, algorithm)


def check(signer: x509.Certificate, signature: bytes, data: bytes, algorithm: hashes.HashAlgorithm) -> None:
    """Check a signature (RSASSA-PKCS1-v1_5 or ECDSA). Raises Unbelievable."""
    key = signer.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(algorithm))
        else:
            raise Unbelievable(Cause.ALGORITHM)
    except InvalidSignature:
        raise Unbelievable(Cause.SIGNATURE) from None


def _is_named(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    if response.responder_name is not None:
        return response.responder_name == certificate.subject
    return response.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest


def _may_answer(signer: x509.Certificate, anchor: Anchor, now: datetime) -> bool:
    certified = [one for one in (anchor.certificate, anchor.told_by) if one is not None and issued(one, signer)]
    if not certified or not signer.not_valid_before_utc <= now <= signer.not_valid_after_utc:
        return False
    try:
        extensions = signer.extensions
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        # Without it somebody would have to be asked about the responder, by the same way (clause 4.2.2.2.1).
        extensions.get_extension_for_class(x509.OCSPNoCheck)
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in purposes and usage.digital_signature

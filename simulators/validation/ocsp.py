"""Answer questions by OCSP (RFC 6960) as an authorized responder (clause 4.2.2.2), or as one that its askers were told to trust."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import ocsp

from simulators.authority import Authority, Identity
from simulators.faults import Faults
from simulators.validation.lies import Lie

LIFE = timedelta(hours=12)
"""From thisUpdate to nextUpdate."""
_NONCE_MOST = 128
"""Bytes (RFC 9654, clause 2.1)."""
_HASHES = (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512)


class Status(Enum):
    """What is known of a certificate (RFC 6960, clause 2.2)."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Entry:
    """What is listed of a certificate; `since` only when revoked."""

    status: Status
    reason: x509.ReasonFlags | None = None
    since: datetime | None = None


Look = Callable[[x509.Certificate, int], Entry]
"""Tell what is known of an issuer's serial number."""


@dataclass(frozen=True)
class Served:
    """An authority that is answered for, and by whom."""

    certificate: x509.Certificate
    signer: Identity

    def is_named(self, question: ocsp.OCSPRequest) -> bool:
        """Tell whether a question is about this authority's certificates: name and key, since generations share the name."""
        algorithm = question.hash_algorithm
        if not isinstance(algorithm, _HASHES):
            return False
        return name_and_key(self.certificate, algorithm) == (question.issuer_name_hash, question.issuer_key_hash)


class Responder:
    """Answer for some authorities."""

    def __init__(
        self, served: Sequence[Served], own: Authority, look: Look, faults: Faults, clock: Callable[[], datetime]
    ) -> None:
        self._served, self._own, self._look, self._faults, self._clock = served, own, look, faults, clock

    def answer(self, der: bytes) -> tuple[bytes, Status | None]:
        """Answer a question (DER) with a response (DER), and tell what it says, None when it says nothing of a certificate.

        One certificate a question: more is malformedRequest here.
        """
        for lie, status in _UNSUCCESSFUL.items():
            if self._faults.due(lie):
                return _unsuccessful(status), None
        if self._faults.due(Lie.MALFORMED):
            return b"<html>nothing to see</html>", None
        try:
            question = ocsp.load_der_ocsp_request(der)
            nonce = _nonce(question)
            serial, _ = question.serial_number, question.hash_algorithm
        except (ValueError, NotImplementedError, UnsupportedAlgorithm, x509.DuplicateExtension):
            return _unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST), None
        served = next((one for one in self._served if one.is_named(question)), None)
        if served is None:
            return _unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED), None
        entry = self._look(served.certificate, serial)
        return self._signed(question, served, entry, nonce), entry.status

    def _signed(self, question: ocsp.OCSPRequest, served: Served, entry: Entry, nonce: bytes | None) -> bytes:
        due = self._faults.due
        begins, ends = self._times()
        key_hash, serial = question.issuer_key_hash, question.serial_number
        if due(Lie.OTHER_ISSUER):
            key_hash = key_hash[::-1]
        if due(Lie.OTHER_SERIAL):
            serial += 1
        if nonce and due(Lie.OTHER_NONCE):
            nonce = os.urandom(len(nonce))
        signer = served.signer
        if due(Lie.STRANGER):
            signer = self._stranger
        elif due(Lie.NOT_A_RESPONDER):
            signer = self._own.identity("not-a-responder")
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                issuer_name_hash=question.issuer_name_hash,
                issuer_key_hash=key_hash,
                serial_number=serial,
                algorithm=question.hash_algorithm,
                cert_status=_STATUSES[entry.status],
                this_update=begins,
                next_update=ends,
                revocation_time=entry.since,
                revocation_reason=entry.reason,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
            .certificates([signer.certificate])
        )
        if nonce:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        signed = builder.sign(signer.key, hashes.SHA256())
        der = signed.public_bytes(serialization.Encoding.DER)
        if due(Lie.WRONG_KEY):
            forged = self._stranger.key.sign(signed.tbs_response_bytes, padding.PKCS1v15(), hashes.SHA256())
            der = der.replace(signed.signature, forged)
        return der

    def _times(self) -> tuple[datetime, datetime | None]:
        now, due = self._clock().replace(microsecond=0), self._faults.due
        if due(Lie.STALE):
            return now - LIFE - timedelta(minutes=10), now - timedelta(minutes=10)
        if due(Lie.OLD):
            return now - timedelta(days=2), None
        if due(Lie.EARLY):
            return now + timedelta(hours=1), now + timedelta(hours=1) + LIFE
        return now, now + LIFE

    @cached_property
    def _stranger(self) -> Identity:
        """Somebody who is called as the responder is, and whom nobody certified."""
        real = self._own.responder().certificate
        key = rsa.generate_private_key(65537, 2048)
        builder = x509.CertificateBuilder(
            real.subject, real.subject, key.public_key(), 1, real.not_valid_before_utc, real.not_valid_after_utc
        )
        for extension in real.extensions:
            builder = builder.add_extension(extension.value, extension.critical)
        return Identity("stranger", key, builder.sign(key, hashes.SHA256()))


_STATUSES = {
    Status.GOOD: ocsp.OCSPCertStatus.GOOD,
    Status.REVOKED: ocsp.OCSPCertStatus.REVOKED,
    Status.UNKNOWN: ocsp.OCSPCertStatus.UNKNOWN,
}
_UNSUCCESSFUL = {
    Lie.TRY_LATER: ocsp.OCSPResponseStatus.TRY_LATER,
    Lie.INTERNAL_ERROR: ocsp.OCSPResponseStatus.INTERNAL_ERROR,
    Lie.UNAUTHORIZED: ocsp.OCSPResponseStatus.UNAUTHORIZED,
}


def name_and_key(issuer: x509.Certificate, algorithm: hashes.HashAlgorithm) -> tuple[bytes, bytes]:
    """Hash an issuer's name and its key, without the algorithm's name (RFC 6960, clause 4.1.1)."""
    public = issuer.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        key = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    else:
        key = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return _hash(issuer.subject.public_bytes(), algorithm), _hash(key, algorithm)


def _hash(data: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _nonce(question: ocsp.OCSPRequest) -> bytes | None:
    try:
        nonce = question.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return None
    if not 0 < len(nonce) <= _NONCE_MOST:
        raise ValueError("nonce")
    return nonce


def _unsuccessful(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(serialization.Encoding.DER)

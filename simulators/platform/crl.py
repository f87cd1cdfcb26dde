"""Lists of revoked certificates (RFC 5280, clause 6.3), kept for as long as they are the newest."""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from simulators.platform.finding import Cause, Finding, Source, Status, Unbelievable
from simulators.platform.ocsp import SKEW
from simulators.platform.trust import Anchor

NIGHTLY = timedelta(hours=24)
_STRONG = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


class Lists:
    """The newest list of each issuer."""

    def __init__(self) -> None:
        self._newest: dict[bytes, x509.CertificateRevocationList] = {}

    def has_tonights(self, anchor: Anchor, now: datetime) -> bool:
        """Tell whether a newer list is not due yet."""
        held = self._newest.get(_name(anchor))
        return held is not None and now < held.last_update_utc + NIGHTLY

    def take(self, der: bytes, anchor: Anchor, now: datetime) -> None:
        """Take a list (DER) of an issuer, if it is newer than the one that is here. Raises Unbelievable."""
        try:
            found = x509.load_der_x509_crl(der)
            number = _number(found)
            critical = [it.oid for it in found.extensions if it.critical]
        except (ValueError, x509.InvalidVersion, x509.ExtensionNotFound, x509.DuplicateExtension):
            raise Unbelievable(Cause.MALFORMED) from None
        if found.issuer != anchor.certificate.subject:
            raise Unbelievable(Cause.OTHER_ISSUER)
        if not isinstance(found.signature_hash_algorithm, _STRONG):
            raise Unbelievable(Cause.ALGORITHM)
        if not found.is_signature_valid(anchor.certificate.public_key()):  # type: ignore[arg-type] # an authority's key signs
            raise Unbelievable(Cause.SIGNATURE)
        if critical:
            raise Unbelievable(Cause.MALFORMED)  # a part of a list (issuingDistributionPoint) does not tell of the rest
        if found.last_update_utc > now + SKEW:
            raise Unbelievable(Cause.EARLY)
        held = self._newest.get(_name(anchor))
        if held is None or number >= _number(held):
            self._newest[_name(anchor)] = found

    def look(self, certificate: x509.Certificate, anchor: Anchor, now: datetime, longest: timedelta) -> Finding:
        """Look a certificate up in a list that is at most so old. Raises Unbelievable."""
        held = self._newest.get(_name(anchor))
        if held is None:
            raise Unbelievable(Cause.UNREACHABLE)
        begins, ends = held.last_update_utc, held.next_update_utc
        checked_at = int(begins.timestamp())
        if ends is None or ends < now - SKEW or now - begins > longest:
            raise Unbelievable(Cause.STALE, checked_at)
        line = held.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if line is None:
            return Finding(Status.GOOD, Source.CRL, checked_at)
        return Finding(Status.REVOKED, Source.CRL, checked_at, _reason(line))


def _name(anchor: Anchor) -> bytes:
    """Keep generations apart, which share a name."""
    return anchor.certificate.fingerprint(hashes.SHA256())


def _number(found: x509.CertificateRevocationList) -> int:
    return found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _reason(line: x509.RevokedCertificate) -> x509.ReasonFlags:
    try:
        return line.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return x509.ReasonFlags.unspecified

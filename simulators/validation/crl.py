"""Make the lists of revoked certificates (RFC 5280, clause 5), anew each night in Japan: all of them, or those of one distribution point."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from simulators.authority import Authority
from simulators.faults import Faults
from simulators.validation.lies import Lie

LIFE = timedelta(hours=48)
"""From thisUpdate to nextUpdate: one night may be missed."""
_JAPAN = timezone(timedelta(hours=9))


@dataclass(frozen=True)
class Revoked:
    """A line of a list; `point` is the name of the certificate's distribution point (RFC 4514), empty when it has none."""

    serial: int
    reason: x509.ReasonFlags
    since: datetime
    point: str


def tonight(now: datetime) -> datetime:
    """Give the last midnight in Japan."""
    return now.astimezone(_JAPAN).replace(hour=0, minute=0, second=0, microsecond=0)


def point_of(certificate: x509.Certificate) -> str:
    """Name a certificate's distribution point; J-LIS's are names of a directory and no addresses."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return ""
    names = [name for point in points for name in point.full_name or () if isinstance(name, x509.DirectoryName)]
    return names[0].value.rfc4514_string() if names else ""


def revocation_list(
    authority: Authority, revoked: Iterable[Revoked], point: str | None, now: datetime, faults: Faults
) -> bytes:
    """Make a list (DER): what was revoked before it was made; complete, or with `point` that one's. ValueError for what is no name."""
    begins, life = tonight(now), LIFE
    if faults.due(Lie.CRL_STALE):
        begins -= timedelta(days=5)
    elif faults.due(Lie.CRL_EARLIER):
        begins, life = begins - timedelta(days=5), timedelta(days=10)
    key = rsa.generate_private_key(65537, 2048) if faults.due(Lie.CRL_WRONG_KEY) else authority.root.key
    identifier = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateRevocationListBuilder(authority.certificate.subject, begins, begins + life)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        # Days since 1970: grows from night to night, and is the same for all lists of a night.
        .add_extension(x509.CRLNumber(int(begins.timestamp()) // 86400), critical=False)
    )
    if point is not None:
        name = x509.DirectoryName(x509.Name.from_rfc4514_string(point))
        builder = builder.add_extension(
            x509.IssuingDistributionPoint([name], None, True, False, None, False, False), critical=True
        )
    for line in revoked:
        if line.since <= begins and point in (None, line.point):
            entry = x509.RevokedCertificateBuilder(line.serial, line.since)
            if line.reason is not x509.ReasonFlags.unspecified:  # RFC 5280, clause 5.3.1: absent instead
                entry = entry.add_extension(x509.CRLReason(line.reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

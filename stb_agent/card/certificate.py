"""The authentication certificate: what it must be, who may have issued it, and the only name of it that is kept."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stb_agent.card import errors
from stb_agent.contract.config import Card

_UNREADABLE = (
    ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound, x509.DuplicateExtension, x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)  # fmt: skip
_LEAST_BITS = 2048
_SHIPPED = Path(__file__).with_name("authorities")
Key = RSAPublicKey | EllipticCurvePublicKey


class Environment(Enum):
    """Whose certificates an authority issues; the value is the certificate policy, or the beginning of it.

    Source: J-LIS, profile of the certificates (j-lis.go.jp/file/13_profile_genkou.pdf): authentication certificates carry
    1.2.392.200149.8.5.1.3.30; J-LIS's test environment uses the arc 1.2.392.200149.8.5.1.0.
    """

    PRODUCTION = "1.2.392.200149.8.5.1.3.30"
    TEST = "1.2.392.200149.8.5.1.0."
    PRIVATE = ""
    """An authority that the operator vouches for, for trials: its certificates' policies are its own business."""

    def covers(self, policies: list[str]) -> bool:
        """Tell whether a certificate with these policies belongs here."""
        if self is Environment.PRIVATE:
            return True
        return any(one.startswith(self.value) if self.value.endswith(".") else one == self.value for one in policies)


ORGANIZATIONS = {Environment.PRODUCTION: "JPKI", Environment.TEST: "JPKI-TEST"}
"""The organization in the name of J-LIS's authorities (J-LIS, profile of the certificates)."""


class AuthenticationCertificate:
    """A resident's authentication certificate that was read and checked. Its repr shows nothing of the person.

    ``der``: the certificate as the card gave it, for the one who must see it (x5c); it is not kept or logged.
    """

    __slots__ = ("_certificate", "_issuer_key", "_key", "der")

    def __init__(self, certificate: x509.Certificate, key: Key, issuer_key: bytes) -> None:
        self._certificate = certificate
        self._key = key
        self._issuer_key = issuer_key
        self.der = certificate.public_bytes(Encoding.DER)

    @property
    def signs(self) -> bool:
        """Tell whether it is known how a card with this kind of key signs.

        The card planned for 2028 has P-384 keys; its certificates are read and checked, its commands are not published yet.
        """
        return isinstance(self._key, RSAPublicKey)

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Tell whether ``signature`` over ``data`` (RS256: PKCS #1 v1.5, SHA-256) was made with this certificate's key."""
        if not isinstance(self._key, RSAPublicKey):
            return False
        try:
            self._key.verify(signature, data, PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    def link_handle(self, key: bytes) -> str:
        """Give the name under which a link is kept: HMAC-SHA-256 of (issuer's public key, serial number), hexadecimal.

        The issuer's key and not its name, since all generations of the authority share one name.
        """
        serial = self._certificate.serial_number
        message = len(self._issuer_key).to_bytes(4, "big") + self._issuer_key + serial.to_bytes(20, "big")
        return hmac.new(key, message, hashlib.sha256).hexdigest()

    def days_left(self, now: datetime) -> int:
        """Give the whole days until the certificate is out of date; the date itself would tell a birthday."""
        return (self._certificate.not_valid_after_utc - now).days

    def __repr__(self) -> str:
        return "<AuthenticationCertificate>"


@dataclass(frozen=True)
class Authority:
    """A pinned authority: its certificate, and the environment whose policies it may issue."""

    certificate: x509.Certificate
    environment: Environment

    @property
    def organization(self) -> str:
        """The organization in its name."""
        return _organization(self.certificate.subject)

    @property
    def key(self) -> bytes:
        """Its public key (SubjectPublicKeyInfo, DER), which tells it from others of its name."""
        return self.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True)
class Trust:
    """The pinned authorities; real ones and test ones are never together. Raises AnchorsMixed."""

    authorities: tuple[Authority, ...]

    def __post_init__(self) -> None:
        named = {one.organization for one in self.authorities}
        for environment, other in (
            (Environment.PRODUCTION, Environment.TEST),
            (Environment.TEST, Environment.PRODUCTION),
        ):
            if self._for(environment) and (self._for(other) or ORGANIZATIONS[other] in named):
                raise errors.AnchorsMixed

    @classmethod
    def load(cls, paths: Iterable[Path], environment: Environment) -> Trust:
        """Read PEM files, and the ``*.pem`` of folders. Raises AnchorInvalid for a file that is not an authority's certificate."""
        files = [file for path in paths for file in (sorted(path.glob("*.pem")) if path.is_dir() else [path])]
        return cls(tuple(Authority(one, environment) for file in files for one in _anchors(file)))

    @classmethod
    def shipped(cls, environment: Environment) -> Trust:
        """Give J-LIS's authorities as they come with Chanoma, oldest first. Source: https://www.jpki.go.jp/ca/index.html."""
        return cls.load([_SHIPPED / environment.name.lower()], environment)

    @classmethod
    def configured(cls, card: Card) -> Trust:
        """Give the authorities whose cards a box lets in. Raises AnchorInvalid, AnchorsMixed."""
        environment = Environment.TEST if card.test else Environment.PRODUCTION
        issuers = cls.load(map(Path, card.authorities), environment) if card.authorities else cls.shipped(environment)
        return issuers + cls.load(map(Path, card.private_authorities), Environment.PRIVATE)

    def __add__(self, other: Trust) -> Trust:
        """Trust both."""
        return Trust(self.authorities + other.authorities)

    def check(self, der: bytes, now: datetime) -> AuthenticationCertificate:
        """Parse a certificate and check it. ``now``: aware.

        Raises CertificateProfile, CertificateUntrusted, CertificateExpired, CertificateNotYet, TestCard, RealCard.
        """
        try:
            certificate = x509.load_der_x509_certificate(der)
            key = _key(certificate)
            policies = _policies(certificate)
            issuers = [one for one in self.authorities if _issued(one.certificate, certificate, now)]
            start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
            issuer = _organization(certificate.issuer)
        except _UNREADABLE:
            raise errors.CertificateProfile("encoding") from None
        if not issuers:
            raise self._stranger(issuer)
        vouching = [one for one in issuers if one.environment.covers(policies)]
        if not vouching:
            raise errors.CertificateProfile("policy")
        _check_purpose(certificate, told=all(one.environment is not Environment.PRIVATE for one in vouching))
        if now > end:
            raise errors.CertificateExpired
        if now < start:
            raise errors.CertificateNotYet
        return AuthenticationCertificate(certificate, key, issuers[0].key)

    def _for(self, environment: Environment) -> bool:
        return any(one.environment is environment for one in self.authorities)

    def _stranger(self, organization: str) -> errors.CardError:
        """Say why a certificate of none of these authorities is not taken."""
        if organization == ORGANIZATIONS[Environment.TEST] and self._for(Environment.PRODUCTION):
            return errors.TestCard()
        if organization == ORGANIZATIONS[Environment.PRODUCTION] and self._for(Environment.TEST):
            return errors.RealCard()
        return errors.CertificateUntrusted()


def days_until_end(der: bytes, now: datetime) -> int | None:
    """Give the whole days until a certificate is out of date, whoever issued it; None if it cannot be read."""
    try:
        return (x509.load_der_x509_certificate(der).not_valid_after_utc - now).days
    except _UNREADABLE:
        return None


def _anchors(file: Path) -> list[x509.Certificate]:
    try:
        certificates = x509.load_pem_x509_certificates(file.read_bytes())
        # Name and key are parsed when first asked for: here, where what cannot be read is refused.
        named = all(one.subject and one.public_key() for one in certificates)
        if named and all(it.extensions.get_extension_for_class(x509.BasicConstraints).value.ca for it in certificates):
            return certificates
    except (OSError, *_UNREADABLE):
        pass
    raise errors.AnchorInvalid(file=str(file))


def _issued(issuer: x509.Certificate, certificate: x509.Certificate, now: datetime) -> bool:
    """Tell whether the issuer's name and key fit; an authority that is out of date vouches for nothing that outlives it."""
    if certificate.not_valid_after_utc > issuer.not_valid_after_utc and now > issuer.not_valid_after_utc:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _organization(name: x509.Name) -> str:
    values = [one.value for one in name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    return values[0] if values and isinstance(values[0], str) else ""


def _policies(certificate: x509.Certificate) -> list[str]:
    try:
        policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        return []
    return [one.policy_identifier.dotted_string for one in policies]


def _check_purpose(certificate: x509.Certificate, *, told: bool) -> None:
    """Refuse a certificate for anything but authentication; ``told``: its purpose must be named, as J-LIS's certificates do."""
    extensions = certificate.extensions
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        # The signature certificate has content_commitment (nonRepudiation) too, and opens with another PIN.
        if not usage.digital_signature or usage.content_commitment or usage.key_cert_sign:
            raise errors.CertificateProfile("key_usage")
        if ExtendedKeyUsageOID.CLIENT_AUTH not in extensions.get_extension_for_class(x509.ExtendedKeyUsage).value:
            raise errors.CertificateProfile("extended_key_usage")
    except x509.ExtensionNotFound:
        if told:
            raise errors.CertificateProfile("extensions") from None


def _key(certificate: x509.Certificate) -> Key:
    """Check what every authentication certificate has in common, and give its key."""
    extensions = certificate.extensions
    if not 0 < certificate.serial_number < 1 << 160:  # RFC 5280, 4.1.2.2
        raise errors.CertificateProfile("serial")
    known = (x509.KeyUsage, x509.ExtendedKeyUsage, x509.CertificatePolicies, x509.BasicConstraints)
    if any(one.critical and not isinstance(one.value, known) for one in extensions):
        raise errors.CertificateProfile("critical_extension")
    if not isinstance(certificate.signature_hash_algorithm, hashes.SHA256 | hashes.SHA384 | hashes.SHA512):
        raise errors.CertificateProfile("signature_algorithm")
    key = certificate.public_key()
    if isinstance(key, RSAPublicKey) and key.key_size >= _LEAST_BITS:
        return key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP384R1):
        return key
    raise errors.CertificateProfile("key")

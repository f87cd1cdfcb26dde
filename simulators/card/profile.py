"""Who a card is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import (
    Certificate,
    CertificateBuilder,
    CertificatePolicies,
    ObjectIdentifier,
    PolicyInformation,
)

from simulators.authority import Authority, Purpose
from simulators.card import files
from simulators.card.files import Application, Binary, File, Key, Opaque, Pin

AUTHENTICATION_TRIES = 3
SIGNATURE_TRIES = 5
SIGNATURE_PIN = b"CHANOMA1"
_THERE = 0x8F


class Doubt(Enum):
    """Why a box should not take this card's word, though its files look like a card's."""

    GENERATION = "generation"
    """The certificate is a later generation's of the authority, of the same name."""
    POLICY = "policy"
    """The certificate's policy is none of JPKI's."""
    CLONE = "clone"
    """The certificate is another card's: the key does not fit it."""


@dataclass(frozen=True)
class Profile:
    """A card: whose it is (a name of the authority's), and the state it is in when first inserted."""

    identity: str
    tries: int = AUTHENTICATION_TRIES
    label: bytes = b"JPKIAPICCTOKEN2"
    availability: bytes = b"\x8f\x8f\x00"
    """First octet the signature's certificate, second the authentication's; 8F is there, 00 is not."""
    guarded: bool = False
    """The authentication certificate is read after its PIN only, as in a telephone."""
    doubt: Doubt | None = None
    jpki: bool = True
    """Whether it has the application at all."""

    def applications(self, folder: Path, now: datetime, pin: bytes) -> dict[bytes, Application]:
        """Personalise a card; its keys and certificates are made on first use, which takes a second."""
        others = files.individual_number_applications(pin)
        return {files.JPKI: self._jpki(folder, now, pin), **others} if self.jpki else {}

    def _jpki(self, folder: Path, now: datetime, pin: bytes) -> Application:
        if self.doubt is Doubt.GENERATION:
            authentication = Authority.open(folder / "generation-2", now=now, generation=2)
        else:
            authentication = Authority.open(folder, now=now)
        signature = Authority.open(folder / "signature", now=now, purpose=Purpose.SIGNATURE)
        person = authentication.identity(self.identity)
        certificate, key = person.certificate, person.key
        if self.doubt is Doubt.POLICY:
            certificate = _of_another_policy(certificate, authentication.root.key)
        if self.doubt is Doubt.CLONE:
            key = authentication.identity(f"not-{self.identity}").key
        jpki: dict[int, File] = {
            **dict.fromkeys(files.OPAQUE, Opaque()),
            files.SIGNATURE_AUTHORITY: Binary(signature.certificate.public_bytes(Encoding.DER)),
            files.LABEL: Binary(self.label.ljust(32).ljust(160, b"\x00")),
            files.AVAILABILITY: Binary(self.availability),
            files.PADDING: Binary(b"\xff" * 16),
            files.AUTHENTICATION_AUTHORITY: Binary(authentication.certificate.public_bytes(Encoding.DER)),
            files.AUTHENTICATION_PIN: Pin(pin, AUTHENTICATION_TRIES, self.tries),
            files.SIGNATURE_PIN: Pin(SIGNATURE_PIN, SIGNATURE_TRIES, SIGNATURE_TRIES),
        }
        # What a certificate that is not there looks like is not published: an empty file and no key, here.
        if self.availability[1] == _THERE:
            der = certificate.public_bytes(Encoding.DER)
            jpki[files.AUTHENTICATION_CERTIFICATE] = Binary(der, files.AUTHENTICATION_PIN if self.guarded else None)
            jpki[files.AUTHENTICATION_KEY] = Key(key, files.AUTHENTICATION_PIN)
        else:
            jpki[files.AUTHENTICATION_CERTIFICATE] = Binary(b"")
        if self.availability[0] == _THERE:
            signer = signature.identity(self.identity)
            jpki[files.SIGNATURE_CERTIFICATE] = Binary(signer.der, files.SIGNATURE_PIN)
            jpki[files.SIGNATURE_KEY] = Key(signer.key, files.SIGNATURE_PIN)
        else:
            jpki[files.SIGNATURE_CERTIFICATE] = Binary(b"", files.SIGNATURE_PIN)
        return jpki


def _of_another_policy(certificate: Certificate, key: RSAPrivateKey) -> Certificate:
    """Issue a certificate once more, with a policy of nobody's (an arc under 2.25 is anybody's, ITU-T X.667)."""
    builder = CertificateBuilder(
        certificate.issuer, certificate.subject, certificate.public_key(), certificate.serial_number,
        certificate.not_valid_before_utc, certificate.not_valid_after_utc,
    )  # fmt: skip
    other = CertificatePolicies([PolicyInformation(ObjectIdentifier("2.25.1"), None)])
    for extension in certificate.extensions:
        value = other if isinstance(extension.value, CertificatePolicies) else extension.value
        builder = builder.add_extension(value, critical=extension.critical)
    return builder.sign(key, SHA256())


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "linked": Profile("linked"),
        "new": Profile("new"),
        "blocked": Profile("blocked", tries=0),
        "expired": Profile("expired"),
        "renewed": Profile("renewed"),
        "ending": Profile("ending"),
        "minor": Profile("minor", availability=b"\x00\x8f\x00"),
        "face": Profile("face", tries=0, availability=b"\x00\x8f\x00"),
        "without": Profile("without", availability=b"\x8f\x00\x00"),
        "resident": Profile("expired", label=b"JPKIAPICCTOKEN"),
        "android": Profile("linked", label=b"JPKIAPGPSETOKEN", guarded=True),
        "iphone": Profile("linked", label=b"JPKIAPIOSTOKEN", guarded=True),
        "generation": Profile("linked", doubt=Doubt.GENERATION),
        "policy": Profile("linked", doubt=Doubt.POLICY),
        "clone": Profile("linked", doubt=Doubt.CLONE),
        "other": Profile("linked", jpki=False),
    }
)
"""`linked` is whom the platform simulator already knows, `expired` has a certificate that ended, `ending` one that
ends in 40 days; `renewed` is a card that may take another's place (`POST /_sim/renew`). `minor` has no
signature certificate; `face` is the card for face authentication alone, whose PIN nobody has; `without` has no
authentication certificate; `resident` is the resident register's old card, out of use; `android` and `iphone` are
telephones; `other` is a card of another kind."""

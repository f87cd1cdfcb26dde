"""Who a card is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from cryptography.hazmat.primitives.serialization import Encoding

from simulators.authority import Authority, Purpose
from simulators.card import files
from simulators.card.files import Application, Binary, Key, Pin

AUTHENTICATION_TRIES = 3
SIGNATURE_TRIES = 5
SIGNATURE_PIN = b"CHANOMA1"


@dataclass(frozen=True)
class Profile:
    """A card: whose it is (a name of the authority's), and the state it is in when first inserted."""

    identity: str
    tries: int = AUTHENTICATION_TRIES
    label: bytes = b"JPKIAPICCTOKEN2"
    availability: bytes = b"\x8f\x8f\x00"

    def applications(self, folder: Path, now: datetime, pin: bytes) -> dict[bytes, Application]:
        """Personalise a card; its keys and certificates are made on first use, which takes a second."""
        authentication = Authority.open(folder, now=now)
        signature = Authority.open(folder / "signature", now=now, purpose=Purpose.SIGNATURE)
        person, signer = authentication.identity(self.identity), signature.identity(self.identity)
        jpki: Application = {
            files.SIGNATURE_CERTIFICATE: Binary(signer.der, files.SIGNATURE_PIN),
            files.SIGNATURE_AUTHORITY: Binary(signature.certificate.public_bytes(Encoding.DER)),
            files.LABEL: Binary(self.label.ljust(32).ljust(160, b"\x00")),
            files.AVAILABILITY: Binary(self.availability),
            files.AUTHENTICATION_CERTIFICATE: Binary(person.der),
            files.AUTHENTICATION_AUTHORITY: Binary(authentication.certificate.public_bytes(Encoding.DER)),
            files.AUTHENTICATION_KEY: Key(person.key, files.AUTHENTICATION_PIN),
            files.AUTHENTICATION_PIN: Pin(pin, AUTHENTICATION_TRIES, self.tries),
            files.SIGNATURE_KEY: Key(signer.key, files.SIGNATURE_PIN),
            files.SIGNATURE_PIN: Pin(SIGNATURE_PIN, SIGNATURE_TRIES, SIGNATURE_TRIES),
        }
        return {files.JPKI: jpki, **files.individual_number_applications(pin)}


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "linked": Profile("linked"),
        "new": Profile("new"),
        "blocked": Profile("blocked", tries=0),
        "expired": Profile("expired"),
    }
)
"""`linked` is whom the platform simulator already knows, `expired` has a certificate that ended."""

"""Many cards at once: certificates that differ in their serial numbers, over a few keys, since making keys takes long."""

from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from simulators.authority import Authority, Identity, profile
from simulators.authority.people import PEOPLE

KEYS = 4
FIRST_SERIAL = 0x10000000
"""Far from those that an authority gives its people."""


def residents(authority: Authority, count: int, now: datetime, *, first: int = FIRST_SERIAL) -> list[Identity]:
    """Issue certificates with the serial numbers from ``first`` on, valid around ``now``."""
    keys = [rsa.generate_private_key(65537, 2048) for _ in range(min(KEYS, count))]
    begin = now.replace(microsecond=0) - timedelta(days=1)
    found = []
    for number in range(count):
        key = keys[number % len(keys)]
        description = profile.resident_certificate(
            authority.purpose, authority.certificate, key.public_key(), PEOPLE["linked"], first + number,
            begin, begin + timedelta(days=1000),
        )  # fmt: skip
        found.append(Identity(f"resident-{number}", key, description.sign(authority.root.key, hashes.SHA256())))
    return found


def introduce(authority: Path, resident: Identity) -> None:
    """Let the authority in this folder know somebody by name, as it knows its own people."""
    stem = authority / "people" / resident.name
    stem.parent.mkdir(exist_ok=True)
    key = resident.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    stem.with_suffix(".key").write_bytes(key)
    stem.with_suffix(".pem").write_bytes(resident.certificate.public_bytes(Encoding.PEM))

"""An authority in a folder: its root, and the people it issued certificates to."""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from simulators.authority import profile
from simulators.authority.people import DEFAULT, PEOPLE
from simulators.authority.profile import Purpose

# The real roots live ten years; this one began before, and ends after, every certificate it issues.
_BEFORE = timedelta(days=8 * 365)
_AFTER = timedelta(days=7 * 365)
_FIRST_SERIAL = 0x012D57CB


class AuthorityError(Exception):
    """The root of this package's errors; `code` is stable, `data` says what was wrong."""

    def __init__(self, code: str, **data: object) -> None:
        super().__init__(code, data)
        self.code, self.data = code, data


@dataclass(frozen=True)
class Identity:
    """A key pair with its certificate, and the name it goes by in tests."""

    name: str
    key: rsa.RSAPrivateKey = field(repr=False)
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        """Return the certificate as the card holds it."""
        return self.certificate.public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True)
class Authority:
    """A root and its folder: `ca.pem`, `ca.key`, `authority.json`, `ocsp.{pem,key}` and `people/NAME.{pem,key}`, keys with mode 0600."""

    folder: Path
    purpose: Purpose
    generation: int
    opened: datetime
    root: Identity

    @classmethod
    def open(
        cls, folder: Path, *, now: datetime, generation: int = 1, purpose: Purpose = Purpose.AUTHENTICATION
    ) -> "Authority":
        """Load the authority of a folder, or create it there; safe against other processes doing the same.

        `now` must carry a time zone. Raises AuthorityError `authority.mismatch` if the folder's authority is
        of another generation or purpose.
        """
        if now.tzinfo is None:
            raise ValueError("now has no time zone")
        folder.mkdir(parents=True, exist_ok=True)
        wanted = {"generation": generation, "purpose": purpose.name}
        with _locked(folder):
            if not (folder / "ca.pem").exists():
                key = _new_key()
                description = profile.authority_certificate(
                    purpose, key.public_key(), generation, _seconds(now - _BEFORE), _seconds(now + _AFTER)
                )
                _write(folder / "authority.json", json.dumps(wanted | {"next_serial": _FIRST_SERIAL}).encode())
                _save(folder / "ca", Identity("ca", key, description.sign(key, hashes.SHA256())))
            found = json.loads((folder / "authority.json").read_bytes())
            if any(found[k] != v for k, v in wanted.items()):
                raise AuthorityError("authority.mismatch", folder=str(folder), found=found, wanted=wanted)
            return cls(folder, purpose, generation, now, _load(folder / "ca"))

    @classmethod
    def existing(cls, folder: Path, *, now: datetime) -> "Authority":
        """Load the authority of a folder, whichever generation and purpose it has. Raises AuthorityError `authority.none`."""
        try:
            found = json.loads((folder / "authority.json").read_bytes())
        except OSError:
            raise AuthorityError("authority.none", folder=str(folder)) from None
        return cls.open(folder, now=now, generation=found["generation"], purpose=Purpose[found["purpose"]])

    @property
    def certificate(self) -> x509.Certificate:
        """Return the root certificate."""
        return self.root.certificate

    @property
    def certificate_pem(self) -> bytes:
        """Return the root certificate as PEM, what a trust store wants."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, name: str, *, not_before: datetime, not_after: datetime, serial: int | None = None) -> Identity:
        """Make a key and a certificate for a name and forget both; without `serial` the next one is taken."""
        with _locked(self.folder):
            return self._issue(name, not_before, not_after, serial)

    def identity(self, name: str) -> Identity:
        """Return the person of a name, the same one ever after; issued now if this is the first time.

        Names in `people.PEOPLE` are those residents; any other is an ordinary resident with a valid certificate.
        """
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
            raise AuthorityError("authority.name", name=name)
        stem = self.folder / "people" / name
        with _locked(self.folder):
            if not stem.with_suffix(".pem").exists():
                stem.parent.mkdir(exist_ok=True)
                start, end = PEOPLE.get(name, DEFAULT).validity(self.opened)
                _save(stem, self._issue(name, start, end, None))
            return _load(stem)

    def responder(self) -> Identity:
        """Return who answers for the authority by OCSP (RFC 6960, clause 4.2.2.2: an authorized responder); made the first time."""
        stem = self.folder / "ocsp"
        with _locked(self.folder):
            if not stem.with_suffix(".pem").exists():
                key = _new_key()
                description = profile.responder_certificate(self.certificate, key.public_key(), self._next_serial())
                _save(stem, Identity("ocsp", key, description.sign(self.root.key, hashes.SHA256())))
            return _load(stem)

    def _next_serial(self) -> int:
        path = self.folder / "authority.json"
        state = json.loads(path.read_bytes())
        serial = int(state["next_serial"])
        _write(path, json.dumps(state | {"next_serial": serial + 1}).encode())
        return serial

    def _issue(self, name: str, not_before: datetime, not_after: datetime, serial: int | None) -> Identity:
        key = _new_key()
        description = profile.resident_certificate(
            self.purpose, self.certificate, key.public_key(), PEOPLE.get(name, DEFAULT),
            self._next_serial() if serial is None else serial, not_before, not_after,
        )  # fmt: skip
        return Identity(name, key, description.sign(self.root.key, hashes.SHA256()))


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _seconds(time: datetime) -> datetime:
    return time.replace(microsecond=0)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(path.name + ".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    draft.replace(path)


def _save(stem: Path, identity: Identity) -> None:
    key = identity.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(stem.with_suffix(".key"), key)
    # Last, because its presence says that all the rest is there.
    _write(stem.with_suffix(".pem"), identity.certificate.public_bytes(serialization.Encoding.PEM))


def _load(stem: Path) -> Identity:
    key = serialization.load_pem_private_key(stem.with_suffix(".key").read_bytes(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise AuthorityError("authority.key", path=str(stem.with_suffix(".key")))
    return Identity(stem.name, key, x509.load_pem_x509_certificate(stem.with_suffix(".pem").read_bytes()))

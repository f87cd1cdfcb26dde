"""The key beside the database, and what it seals."""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from stb_agent.store.errors import KeyExposed, KeyMissing, KeyWrong

Random = Callable[[int], bytes]

KEY_BYTES = 32
"""AES-256 (FIPS 197)."""
_NONCE_BYTES = 12  # NIST SP 800-38D §5.2.1.1: the length that needs no extra hashing


class Seal:
    """Seal and open records under keys derived from one (RFC 5869, expand only: the key is uniformly random)."""

    def __init__(self, key: bytes, random: Random) -> None:
        self._key = key
        self._random = random
        self._aead = AESGCM(self.secret("records"))
        self._index_key = self.secret("index")

    def secret(self, purpose: str) -> bytes:
        """Derive the 32-byte key for ``purpose``; the same purpose gives the same key."""
        return HKDFExpand(SHA256(), KEY_BYTES, b"chanoma.store." + purpose.encode()).derive(self._key)

    def index(self, *parts: str) -> bytes:
        """Give the keyed hash (HMAC-SHA-256) by which a record is found without its name being readable."""
        message = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in parts)
        return hmac.new(self._index_key, message, hashlib.sha256).digest()

    def close(self, plain: bytes, place: bytes) -> bytes:
        """Seal ``plain`` to its ``place`` (the readable columns beside it): nonce, then AES-256-GCM ciphertext and tag."""
        nonce = self._random(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, place)

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """Open a record. Raises ValueError when it, its place or the key is not the one it was sealed with."""
        try:
            return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place)
        except InvalidTag:
            raise ValueError("sealed record does not open") from None


def read_key(path: Path) -> bytes:
    """Read the key. Raises KeyMissing, KeyExposed when its mode is wider than 0600, KeyWrong when it has not its length."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise KeyMissing from None
    except OSError:
        raise KeyWrong from None
    with os.fdopen(descriptor, "rb") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & ~0o600:
            raise KeyExposed
        key = file.read(KEY_BYTES + 1)
    if len(key) != KEY_BYTES:
        raise KeyWrong
    return key


def write_key(path: Path, key: bytes) -> None:
    """Write the key so that it is there whole, readable by its owner only, or not at all."""
    draft = forget_draft(path)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    os.link(draft, path)  # unlike a rename, it never replaces a key that is there
    draft.unlink()
    sync_folder(path.parent)


def forget_draft(path: Path) -> Path:
    """Remove what a write of the key that the power went away under has left; give that draft's path."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    return draft


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

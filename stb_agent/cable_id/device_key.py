"""The key of this box, to which every token is bound."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from joserfc import jwt
from joserfc.jwk import ECKey

from stb_agent.cable_id.errors import DeviceKeyDamaged, DeviceKeyExposed

DEVICE_KEY = "device.key"
"""The file of the box's device key, in the folder of its state."""
ALGORITHM = "ES256"
"""ECDSA on P-256 with SHA-256 (RFC 7518 §3.4)."""


class DeviceKey:
    """Sign for this box. The private key does not leave the object; it has no readable repr."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._key = ECKey.import_key(
            private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # joserfc takes no key objects
        )
        self._private = private
        self.public_jwk: dict[str, Any] = {
            name: self._key.as_dict(private=False)[name] for name in ("kty", "crv", "x", "y")
        }
        self.jkt = self._key.thumbprint()

    @classmethod
    def open(cls, path: Path) -> DeviceKey:
        """Read the key in ``path``, or make it there if there is none. Raises DeviceKeyExposed, DeviceKeyDamaged."""
        try:
            return cls(_read(path))
        except FileNotFoundError:
            _write(path, ec.generate_private_key(ec.SECP256R1()))
            return cls(_read(path))

    def sign(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """Give a compact JWT signed with ES256."""
        return jwt.encode({**header, "alg": ALGORITHM}, claims, self._key, algorithms=[ALGORITHM], default_type=None)

    def agree(self, peer: ec.EllipticCurvePublicKey, purpose: bytes) -> bytes:
        """Give the 32 bytes that this box and the holder of ``peer``'s private key alone can know (ECDH and HKDF-SHA-256, RFC 5869).

        ``purpose`` keeps apart what the same two keys agree on for different uses.
        """
        return HKDF(SHA256(), 32, salt=None, info=purpose).derive(self._private.exchange(ec.ECDH(), peer))


def _read(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError:
        raise DeviceKeyDamaged from None
    with os.fdopen(descriptor, "rb") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & ~0o600:
            raise DeviceKeyExposed
        pem = file.read(4096)
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        raise DeviceKeyDamaged from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise DeviceKeyDamaged
    return key


def _write(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """Write the key so that it is there whole, readable by its owner only, or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.flush()
        os.fsync(file.fileno())
    os.link(draft, path)  # unlike a rename, it never replaces a key that is there
    draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

"""The platform's keys and its randomness: truly random, or all derived from a seed so that runs can be compared."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from simulators.database import Database
from simulators.tokens import b64url, registry

Draw = Callable[[int], bytes]
"""Give that many random bytes."""

_RSA_BITS = 2048
_SMALL_PRIMES = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]


def stream(seed: bytes, start: int = 0) -> Draw:
    """Derive bytes from a seed: SHA-256 of seed and a counter; the same seed gives the same bytes."""
    count = start

    def draw(size: int) -> bytes:
        nonlocal count
        out = b""
        while len(out) < size:
            out += hashlib.sha256(seed + count.to_bytes(8, "big")).digest()
            count += 1
        return out[:size]

    return draw


def draws(purpose: str, seed: int | None) -> Draw:
    """Give what keys are drawn from: true randomness, or a stream of the seed's for this purpose."""
    return secrets.token_bytes if seed is None else stream(f"{purpose}|{seed}|".encode())


class Randomness:
    """Random bytes; with a seed they are the same in each run, and go on where they were after a restart."""

    def __init__(self, db: Database, seed: int | None) -> None:
        self._db, self._seed = db, seed

    def bytes(self, size: int) -> bytes:
        """Draw that many bytes."""
        if self._seed is None:
            return secrets.token_bytes(size)
        with self._db:
            row = self._db.execute("SELECT value FROM secrets WHERE name = 'draws'").fetchone()
            count = int(bytes(row["value"])) if row else 0
            self._db.execute(
                "INSERT INTO secrets VALUES ('draws', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (str(count + 1).encode(),),
            )
        return stream(f"draw|{self._seed}|{count}|".encode())(size)

    def text(self, size: int = 16) -> str:
        """Draw that many bytes and write them as base64url."""
        return b64url(self.bytes(size))


class Use(Enum):
    """What a key that can be changed is for."""

    SIGN = "sig"
    ENCRYPT = "enc"


@dataclass
class Keys:
    """The signing key (ES256), the encryption key (RSA-OAEP-256), the key for support codes and the secret that all pseudonyms are made with.

    Keys that were changed stay good until they are withdrawn, by `kid`: for signatures made before, and envelopes under way.
    """

    signing: ec.EllipticCurvePrivateKey = field(repr=False)
    support: ec.EllipticCurvePrivateKey = field(repr=False)
    encryption: RSAKey = field(repr=False)
    secret: bytes = field(repr=False)
    older_signing: dict[str, ECKey] = field(default_factory=dict, repr=False)
    older_encryption: dict[str, RSAKey] = field(default_factory=dict, repr=False)

    def rotate(self, db: Database, use: Use, *, keep: bool) -> None:
        """Change a key; without `keep` the one before, and all before it, are withdrawn at once."""
        if use is Use.SIGN:
            self.older_signing = {**self.older_signing, self.signing_id: self.verification} if keep else {}
            self.signing = curve_key(secrets.token_bytes)
            row = pkcs8(self.signing), "signing"
        else:
            self.older_encryption = (
                {**self.older_encryption, self.encryption.thumbprint(): self.encryption} if keep else {}
            )
            fresh = pkcs8(rsa.generate_private_key(65537, _RSA_BITS))
            self.encryption = RSAKey.import_key(_pem(fresh))
            row = fresh, "encryption"
        with db:
            db.execute("UPDATE secrets SET value = ? WHERE name = ?", row)

    def key_of(self, token: str) -> ECKey:
        """Return the key that a token says it is signed with. Raises ValueError when it is none of ours."""
        try:
            kid = str(jws.extract_compact(token.encode(), registry=registry("ES256")).headers().get("kid"))
        except JoseError as error:
            raise ValueError(str(error)) from None
        key = self.verification if kid == self.signing_id else self.older_signing.get(kid)
        if key is None:
            raise ValueError("kid")
        return key

    def decryption(self, kid: object) -> RSAKey | None:
        """Return the key that an envelope is for, or None when it is not there (any more)."""
        return self.encryption if kid == self.encryption.thumbprint() else self.older_encryption.get(str(kid))

    @property
    def verification(self) -> ECKey:
        """Return the public signing key."""
        return _public(self.signing)

    @property
    def signing_id(self) -> str:
        """Return the `kid` of the signing key."""
        return self.verification.thumbprint()

    def jwks(self) -> dict[str, object]:
        """Return the public keys as a JWK set (RFC 7517)."""
        sign, encrypt, support = self.verification, self.encryption, ECKey.import_key(self.support.public_key())
        older = [
            {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": "ES256"}
            for kid, key in self.older_signing.items()
        ]
        return {
            "keys": [
                {**sign.as_dict(private=False), "kid": sign.thumbprint(), "use": "sig", "alg": "ES256"},
                {**encrypt.as_dict(private=False), "kid": encrypt.thumbprint(), "use": "enc", "alg": "RSA-OAEP-256"},
                {**support.as_dict(private=False), "kid": support.thumbprint(), "use": "enc", "alg": "ECDH-ES"},
                *older,
            ]
        }

    def pseudonym(self, purpose: str, *parts: str) -> str:
        """Make a keyed hash (HMAC-SHA-256, base64url) that nobody else can make or turn back."""
        return b64url(hmac.digest(self.secret, "|".join((purpose, *parts)).encode(), "sha256"))


def load_keys(db: Database, seed: int | None) -> Keys:
    """Load the platform's keys, or make them the first time."""
    found = {
        row["name"]: bytes(row["value"])
        for row in db.execute("SELECT * FROM secrets WHERE name IN ('signing', 'encryption', 'support', 'secret')")
    }
    fresh: dict[str, bytes] = {}
    if "signing" not in found:
        draw: Draw = draws("keys", seed)
        signing = curve_key(draw)
        encryption = rsa.generate_private_key(65537, _RSA_BITS) if seed is None else derive_rsa_key(draw)
        fresh = {"secret": draw(32), "signing": pkcs8(signing), "encryption": pkcs8(encryption)}
    if "support" not in found:
        fresh["support"] = pkcs8(curve_key(draws("support", seed)))
    if fresh:
        with db:
            db.executemany("INSERT INTO secrets VALUES (?, ?)", fresh.items())
    found |= fresh
    loaded = {name: serialization.load_der_private_key(found[name], None) for name in ("signing", "support")}
    signing_key, support = loaded["signing"], loaded["support"]
    if not isinstance(signing_key, ec.EllipticCurvePrivateKey) or not isinstance(support, ec.EllipticCurvePrivateKey):
        raise TypeError("a stored key is not an EC key")
    return Keys(signing_key, support, RSAKey.import_key(_pem(found["encryption"])), found["secret"])


@lru_cache(maxsize=16)
def _public(key: ec.EllipticCurvePrivateKey) -> ECKey:
    return ECKey.import_key(key.public_key())


def curve_key(draw: Draw) -> ec.EllipticCurvePrivateKey:
    """Derive a P-256 key from given bytes."""
    return ec.derive_private_key(1 + int.from_bytes(draw(32), "big") % (2**255), ec.SECP256R1())


def pkcs8(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """Write a private key as it is kept."""
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _pem(der: bytes) -> bytes:
    key = serialization.load_der_private_key(der, None)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def derive_rsa_key(draw: Draw, bits: int = _RSA_BITS) -> rsa.RSAPrivateKey:
    """Derive an RSA key from given bytes; for simulators alone: the candidates are not drawn as FIPS 186-5 asks."""
    e = 65537
    p = _prime(draw, bits // 2, e)
    q = _prime(draw, bits // 2, e)
    p, q = max(p, q), min(p, q)
    d = pow(e, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(e, p * q))
    return numbers.private_key()


def _prime(draw: Draw, bits: int, e: int) -> int:
    # The two highest bits are set, so that the product of two primes has full length.
    candidate = int.from_bytes(draw(bits // 8), "big") | (0b11 << (bits - 2)) | 1
    while any(candidate % n == 0 for n in _SMALL_PRIMES) or candidate % e == 1 or not _probably_prime(candidate, draw):
        candidate += 2
    return candidate


def _probably_prime(n: int, draw: Draw, rounds: int = 8) -> bool:
    # Miller-Rabin; Fermat to base 2 first, because it tells nearly all composites apart at a quarter of the cost.
    if pow(2, n - 1, n) != 1:
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(rounds):
        x = pow(2 + int.from_bytes(draw(8), "big"), odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True

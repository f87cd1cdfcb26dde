"""Public keys as others write them (RFC 7517), read strictly."""

from __future__ import annotations

from collections.abc import Mapping

from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64decode

_OCTETS = 32
"""Of a coordinate on P-256 (RFC 7518 §6.2.1.2)."""


def curve_key(jwk: Mapping[str, object]) -> ECKey:
    """Read the public P-256 key of a JWK; nothing but its coordinates is looked at. Raises ValueError, JoseError.

    Libraries take a coordinate beyond the field as the one it is congruent to: the same key by another name, and another thumbprint.
    """
    key = ECKey.import_key({name: str(jwk.get(name, "")) for name in ("kty", "crv", "x", "y")})
    numbers = key.public_key.public_numbers()
    for name, number in (("x", numbers.x), ("y", numbers.y)):
        if urlsafe_b64decode(str(jwk[name]).encode()) != number.to_bytes(_OCTETS, "big"):
            raise ValueError(name)
    return key

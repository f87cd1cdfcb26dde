"""Proofs that a request comes from this box (RFC 9449)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

from yarl import URL

from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.server_time import Clock, Origin, ServerTime, origin

Random = Callable[[int], bytes]
"""That many random bytes."""


class Prover:
    """Make proofs, dated by the clock of the server they are for, and remember each origin's newest nonce."""

    def __init__(self, key: DeviceKey, *, clock: Clock, random: Random) -> None:
        self.key = key
        self.server_time = ServerTime(clock)
        self._random = random
        self._nonces: dict[Origin, str] = {}

    def proof(self, method: str, url: URL, token: str | None = None) -> str:
        """Give the value of the DPoP header for a request; ``token`` is the access token sent with it (RFC 9449 §4.2)."""
        return self.key.sign({"typ": "dpop+jwt", "jwk": self.key.public_jwk}, self.claims(method, url, token))

    def claims(self, method: str, url: URL, token: str | None = None) -> dict[str, str | int]:
        """Give the claims of such a proof."""
        claims: dict[str, str | int] = {
            "jti": base64url(self._random(16)),
            "htm": method,
            "htu": str(url.with_query(None).with_fragment(None)),
            "iat": int(self.server_time.now(url)),
        }
        if token is not None:
            claims["ath"] = base64url(hashlib.sha256(token.encode("ascii")).digest())
        if nonce := self._nonces.get(origin(url)):
            claims["nonce"] = nonce
        return claims

    def learn(self, url: URL, nonce: str) -> None:
        """Use this nonce towards the origin of ``url`` from now on (RFC 9449 §8.2)."""
        self._nonces[origin(url)] = nonce


def base64url(data: bytes) -> str:
    """Encode without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")

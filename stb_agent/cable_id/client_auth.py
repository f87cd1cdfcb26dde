"""How the box says, and proves, which client it is (RFC 6749 §2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.dpop import Random, base64url

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""RFC 7523 §2.2."""
ASSERTION_SECONDS = 60
"""The life of an assertion: it is made for one sending."""


class AuthMethod(StrEnum):
    """How a client proves itself at the token endpoint (RFC 7591 §2; OpenID Connect Core 1.0 §9)."""

    NONE = "none"
    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    PRIVATE_KEY_JWT = "private_key_jwt"


class ClientAuth(Protocol):
    """What a request to the platform carries to say who asks."""

    @property
    def client_id(self) -> str:
        """Give the client's id at the platform."""
        ...

    def parameters(self, issuer: str, now: float) -> dict[str, str]:
        """Give the parameters to add to a form; ``now`` by the platform's clock, seconds since the epoch."""
        ...


@dataclass(frozen=True)
class PublicClient:
    """A client that has nothing to prove itself with but the proof of its device key."""

    client_id: str

    def parameters(self, issuer: str, now: float) -> dict[str, str]:
        """Give the id alone."""
        return {"client_id": self.client_id}


@dataclass(frozen=True)
class KeyClient:
    """A client that signs an assertion for each request (private_key_jwt, OpenID Connect Core 1.0 §9)."""

    client_id: str
    key: DeviceKey
    random: Random

    def parameters(self, issuer: str, now: float) -> dict[str, str]:
        """Give the id and an assertion whose one audience is the issuer (FAPI 2.0 Security Profile §5.3.3.1)."""
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": issuer,
            "iat": int(now),
            "exp": int(now) + ASSERTION_SECONDS,
            "jti": base64url(self.random(16)),
        }
        return {
            "client_id": self.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.key.sign({"typ": "JWT", "kid": self.key.jkt}, claims),
        }

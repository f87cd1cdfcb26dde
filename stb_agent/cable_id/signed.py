"""What the platform signed, checked in one place: ID tokens (OpenID Connect Core 1.0 §3.1.3.7) and security events (RFC 8417) alike."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from joserfc import jws
from joserfc.errors import JoseError

from stb_agent.cable_id.device_key import ALGORITHM
from stb_agent.cable_id.discovery import Discovery


class Why(StrEnum):
    """What is wrong with a token; the value is for developers."""

    FORM = "no compact JWS"
    TYPE = "typ"
    EXTENSION = "crit"
    KEY = "kid, alg or signature"


class NotSigned(Exception):
    """A token that the platform did not sign, or not as the profile has it."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


async def payload(token: str, discovery: Discovery, *, types: Collection[str] = ()) -> bytes:
    """Give the payload of a compact JWS (RFC 7515) that a key of the platform signed; the keys are read anew for one that is unknown.

    ``types``: what ``typ`` may be, in small letters (RFC 7515 §4.1.9, RFC 8725 §3.11); none: it is not asked for.
    Raises NotSigned, and PlatformUnreachable, PlatformBusy, AnswerInvalid where the keys cannot be read.
    """
    try:
        signed = jws.extract_compact(token.encode())
    except (JoseError, ValueError):
        raise NotSigned(Why.FORM) from None
    header = signed.headers()
    if types and str(header.get("typ", "")).lower() not in types:
        raise NotSigned(Why.TYPE)
    if "crit" in header:
        raise NotSigned(Why.EXTENSION)  # the profile has no extension; an unencoded payload (RFC 7797 §7) is no JWT
    kid = str(header.get("kid"))
    key = (await discovery.keys()).signing.get(kid) or (await discovery.keys(fresh=True)).signing.get(kid)
    try:
        if key is None or not jws.validate_compact(signed, key, algorithms=[ALGORITHM]):
            raise NotSigned(Why.KEY)
    except (JoseError, ValueError):
        raise NotSigned(Why.KEY) from None
    return signed.payload or b""

"""The platform's statement of who signed in (OpenID Connect Core 1.0 §2, §3.1.3.7)."""

from __future__ import annotations

from typing import Literal

import msgspec

from stb_agent.cable_id.discovery import Discovery
from stb_agent.cable_id.errors import (
    AnswerInvalid,
    IssuerMismatch,
    MeantForAnother,
    OfAnotherSignIn,
    OutOfTime,
    SignatureInvalid,
)
from stb_agent.cable_id.signed import NotSigned, payload
from stb_agent.contract.levels import Revocation

LEEWAY = 120.0
"""Seconds that the box's clock and the platform's may differ."""


class Checked(msgspec.Struct, frozen=True):
    """What the certification authority said of the certificate, and when (seconds since the epoch, UTC; 0 if it never did)."""

    status: Revocation
    checked_at: float = 0.0


class IdToken(msgspec.Struct, frozen=True):
    """The claims, all of them needed but the nonce, which a card's sign-in has and a phone's has not, and how the card is linked."""

    iss: str
    sub: str
    aud: str | list[str]
    iat: float
    exp: float
    auth_time: float
    acr: Literal["authenticated"]
    revocation: Checked
    nonce: str | None = None
    amr: list[str] = []
    link: str = ""
    sid: str = ""


async def verify(token: str, discovery: Discovery, *, client_id: str, nonce: str | None, now: float) -> IdToken:
    """Give the claims of a token meant for us and for this sign-in. Raises AnswerInvalid, PlatformUnreachable, PlatformBusy."""
    try:
        claims = msgspec.json.decode(await payload(token, discovery), type=IdToken)
    except NotSigned:
        raise SignatureInvalid from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise AnswerInvalid from None
    if claims.iss != discovery.issuer:
        raise IssuerMismatch
    if claims.aud not in (client_id, [client_id]):
        raise MeantForAnother
    if claims.nonce != nonce:
        raise OfAnotherSignIn
    if claims.exp <= now - LEEWAY or max(claims.iat, claims.auth_time, claims.revocation.checked_at) >= now + LEEWAY:
        raise OutOfTime
    dated = claims.revocation.checked_at > 0 or claims.revocation.status is not Revocation.GOOD
    if not (claims.sub and dated):
        raise AnswerInvalid
    return claims

"""A box that begins anew: what it leaves behind for the platform, and an operator's order to do so (docs/cable-id-profile.md, Reset)."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from yarl import URL

from stb_agent.cable_id.device_key import ALGORITHM, DeviceKey
from stb_agent.cable_id.discovery import Discovery, refused_for_now
from stb_agent.cable_id.dpop import Random, base64url
from stb_agent.cable_id.errors import AnswerInvalid, PlatformUnreachable, ResetOrderRefused
from stb_agent.cable_id.transport import BadReply, NoReply, Transport
from stb_agent.contract.transmissions import Kind

NOTICE_TYPE = "reset-notice+jwt"
ORDER_TYPE = "reset-order+jwt"
LONGEST_ORDER = 7 * 86400
"""Seconds that an order is good for at most: a box that is switched off for longer must not be emptied when it comes back."""
_LEEWAY = 60
_ORDER_MOST = 4000
"""Bytes of an order: it is kept among the settings until it is obeyed."""
_THUMBPRINT = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:"
"""RFC 9278 §5."""


class Delivered(Enum):
    """What became of a notice: the platform has it, or will never take it."""

    TAKEN = "taken"
    REFUSED = "refused"


def notice(device: DeviceKey, issuer: str, now: float, random: Random) -> str:
    """Sign, while the device key is still there, that this box begins anew; nothing personal is in it."""
    header = {"typ": NOTICE_TYPE, "jwk": device.public_jwk}
    claims = {"sub": _THUMBPRINT + device.jkt, "aud": issuer, "iat": int(now), "jti": base64url(random(16))}
    return device.sign(header, claims)


async def deliver(notice: str, discovery: Discovery, transport: Transport) -> Delivered:
    """Give the platform a notice. Raises PlatformUnreachable, PlatformBusy, AnswerInvalid, UnsafeAddress: to be tried again."""
    endpoint = (await discovery.metadata()).reset_endpoint
    if not endpoint:
        return Delivered.REFUSED
    try:
        # Without a proof: the key that the platform knows is no more.
        headers = {"Content-Type": "application/jwt"}
        reply = await transport.send("POST", URL(endpoint), headers, notice.encode("ascii"), kind=Kind.RESET_NOTICE)
    except NoReply:
        raise PlatformUnreachable from None
    except BadReply:
        raise AnswerInvalid from None
    if for_now := refused_for_now(reply, transport.clock()):
        raise for_now
    if reply.status == 204:
        return Delivered.TAKEN
    problem = reply.problem()
    if problem is None or problem.error not in ("box_unknown", "invalid_notice"):
        raise AnswerInvalid  # a gateway's page does not settle it
    return Delivered.REFUSED


class _Order(msgspec.Struct):
    iss: str
    sub: str
    iat: int
    exp: int
    jti: str


def check_order(order: str, keys: Path, jkt: str, now: float) -> None:
    """Return if an operator orders this very box, now, to begin anew. Raises ResetOrderRefused.

    ``keys``: the operator's public keys, a JWK Set (RFC 7517); ``jkt``: the thumbprint of this box's device key. An order is used up by itself:
    the box that has obeyed it has another key.
    """
    try:
        known = {str(it["kid"]): it for it in json.loads(keys.read_text("utf-8"))["keys"]}
        if len(order) > _ORDER_MOST:
            raise ValueError("length")
        signed = jws.extract_compact(order.encode("ascii"))
        header = signed.headers()
        if header.get("typ") != ORDER_TYPE or header.get("alg") != ALGORITHM or "crit" in header:
            raise ValueError("type")
        key = ECKey.import_key({name: known[str(header["kid"])][name] for name in ("kty", "crv", "x", "y")})
        if not jws.validate_compact(signed, key, algorithms=[ALGORITHM]):
            raise ValueError("signature")
        said = msgspec.json.decode(signed.payload, type=_Order)
    except (OSError, JoseError, msgspec.MsgspecError, ValueError, KeyError, TypeError):
        raise ResetOrderRefused from None
    in_time = said.iat - _LEEWAY <= now < said.exp <= said.iat + LONGEST_ORDER
    if said.sub != _THUMBPRINT + jkt or not in_time:
        raise ResetOrderRefused

"""A security event as the platform signs it (RFC 8417, SSF 1.0, CAEP 1.0): checked, and said in this house's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from stb_agent.cable_id.discovery import Discovery
from stb_agent.cable_id.signed import NotSigned, Why, payload

LEEWAY = 120.0
"""Seconds that an event may seem to come from the future."""
MAX_BYTES = 16384
"""The longest SET that is read."""
_TYPES = ("secevent+jwt", "application/secevent+jwt")  # RFC 8417 §2.3
_CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
_OWN = "https://chanoma.example/secevent/event-type/"
SESSION_REVOKED = _CAEP + "session-revoked"
CREDENTIAL_CHANGE = _CAEP + "credential-change"
LINK_STATUS_CHANGE = _OWN + "link-status-change"
ADDRESS_CHANGE = _OWN + "address-change"
VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification"
RESET_ORDER = _OWN + "reset-order"
REQUESTED = (SESSION_REVOKED, CREDENTIAL_CHANGE, LINK_STATUS_CHANGE, ADDRESS_CHANGE, RESET_ORDER)
"""What the box asks to be told."""


class What(StrEnum):
    """What an event says; ``OTHER`` is nothing that the box does anything about."""

    SESSION_REVOKED = "session_revoked"
    CARD_LOST = "card_lost"
    CARD_REPLACED = "card_replaced"
    LINK_ACTIVE = "link_active"
    LINK_SUSPENDED = "link_suspended"
    LINK_ENDED = "link_ended"
    ADDRESS_CHANGE = "address_change"
    RESET_ORDER = "reset_order"
    VERIFICATION = "verification"
    OTHER = "other"


class Initiator(StrEnum):
    """Who began it (CAEP 1.0 §2)."""

    ADMIN = "admin"
    USER = "user"
    POLICY = "policy"
    SYSTEM = "system"


@dataclass(frozen=True)
class Subject:
    """Whom or what an event is about: a link, a person as the box's client knows them, a session of theirs. "" where it does not say."""

    link_id: str = ""
    sub: str = ""
    sid: str = ""


@dataclass(frozen=True)
class SecurityEvent:
    """An event; times in seconds since the epoch, by the platform's clock. ``state`` comes back from a verification that was asked for;
    ``order`` is an operator's own, signed by it and not by the platform (`reset`).
    """

    jti: str
    what: What
    subject: Subject
    at: float
    issued_at: float
    initiator: Initiator = Initiator.SYSTEM
    state: str = ""
    order: str = field(default="", repr=False)


class Wrong(Exception):
    """A SET that does not hold: ``err`` is the name to tell the platform (RFC 8935 §2.4), ``description`` for its people."""

    def __init__(self, err: str, description: str) -> None:
        super().__init__(err, description)
        self.err = err
        self.description = description


class _Id(msgspec.Struct, frozen=True):
    """RFC 9493; the members of the formats that the profile has."""

    format: str
    id: str = ""
    iss: str = ""
    sub: str = ""
    user: _Id | None = None
    session: _Id | None = None


class _Event(msgspec.Struct, frozen=True):
    event_timestamp: float | None = None
    initiating_entity: str = ""
    credential_type: str = ""
    change_type: str = ""
    status: str = ""
    state: str = ""
    order: str = ""


class _Set(msgspec.Struct, frozen=True):
    iss: str
    aud: str | list[str]
    iat: float
    jti: str
    sub_id: _Id
    events: dict[str, msgspec.Raw]


_CHANGES = {
    "revoke": What.CARD_LOST,
    "delete": What.CARD_LOST,
    "update": What.CARD_REPLACED,
    "create": What.CARD_REPLACED,
}
_STATES = {"active": What.LINK_ACTIVE, "suspended": What.LINK_SUSPENDED, "ended": What.LINK_ENDED}


def audience(jkt: str) -> str:
    """Name the box as a receiver, by its device key (RFC 9278)."""
    return f"urn:ietf:params:oauth:jwk-thumbprint:sha-256:{jkt}"


async def read(token: str, discovery: Discovery, *, jti: str, audience: str, now: float) -> SecurityEvent:
    """Give the event of a SET that came under the name ``jti``; ``now`` by the platform's clock.

    Raises Wrong, and PlatformUnreachable, PlatformBusy, AnswerInvalid where the keys cannot be read.
    """
    claims = await _verified(token, discovery)
    if claims.iss != discovery.issuer:
        raise Wrong("invalid_issuer", "iss")
    if claims.aud not in (audience, [audience]):
        raise Wrong("invalid_audience", "aud")
    if claims.jti != jti or not 0 < len(jti) <= 255:
        raise Wrong("invalid_request", "jti")
    if claims.iat > now + LEEWAY:
        raise Wrong("invalid_request", "iat lies ahead")
    if claims.iat < 0:
        raise Wrong("invalid_request", "iat is no time")
    if len(claims.events) != 1:
        raise Wrong("invalid_request", "exactly one event")
    ((kind, raw),) = claims.events.items()
    if kind not in (*REQUESTED, VERIFICATION):
        return SecurityEvent(jti, What.OTHER, Subject(), claims.iat, claims.iat)
    try:
        event = msgspec.json.decode(raw, type=_Event)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Wrong("invalid_request", "the event is not as its type defines it") from None
    what = _what(kind, event)
    subject = Subject() if what in (What.OTHER, What.RESET_ORDER) else _subject(claims.sub_id, discovery.issuer)
    at = max(min(claims.iat if event.event_timestamp is None else event.event_timestamp, claims.iat), 0.0)
    known = event.initiating_entity in set(Initiator)
    who = Initiator(event.initiating_entity) if known else Initiator.SYSTEM
    return SecurityEvent(jti, what, subject, at, claims.iat, who, event.state, event.order)


async def _verified(token: str, discovery: Discovery) -> _Set:
    """Check type and signature."""
    if len(token) > MAX_BYTES:
        raise Wrong("invalid_request", "too long")
    try:
        return msgspec.json.decode(await payload(token, discovery, types=_TYPES), type=_Set)
    except NotSigned as unsigned:
        raise Wrong("invalid_key" if unsigned.why is Why.KEY else "invalid_request", unsigned.why) from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Wrong("invalid_request", "claims") from None


def _what(kind: str, event: _Event) -> What:
    match kind:
        case _ if kind == SESSION_REVOKED:
            return What.SESSION_REVOKED
        case _ if kind == CREDENTIAL_CHANGE:
            return _CHANGES.get(event.change_type, What.OTHER) if event.credential_type == "x509" else What.OTHER
        case _ if kind == LINK_STATUS_CHANGE:
            return _STATES.get(event.status, What.OTHER)
        case _ if kind == ADDRESS_CHANGE:
            return What.ADDRESS_CHANGE
        case _ if kind == RESET_ORDER:
            return What.RESET_ORDER
    return What.VERIFICATION


def _subject(told: _Id, issuer: str) -> Subject:
    match told:
        case _Id(format="opaque", id=id_) if id_:
            return Subject(link_id=id_)
        case _Id(format="iss_sub", iss=iss, sub=sub) if iss == issuer and sub:
            return Subject(sub=sub)
        case _Id(
            format="complex",
            user=_Id(format="iss_sub", iss=iss, sub=sub),
            session=_Id(format="opaque", id=sid),
        ) if iss == issuer and sub and sid:
            return Subject(sub=sub, sid=sid)
    raise Wrong("invalid_request", "sub_id")

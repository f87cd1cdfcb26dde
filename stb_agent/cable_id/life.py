"""The life of a link (docs/cable-id-profile.md, Link): the boxes of a person, a renewed card, a lost one, the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from stb_agent.cable_id.asking import Asker, Meanings, decoded
from stb_agent.cable_id.contract_number import check
from stb_agent.cable_id.errors import (
    AnswerInvalid,
    BoxUnknown,
    ContractNotFound,
    LinkGone,
    LinkSuspended,
    NothingToReplace,
    TooManyTries,
)
from stb_agent.cable_id.session import LinkResult, ServiceToken, Session
from stb_agent.contract.transmissions import Kind

Authority = Session | ServiceToken
_MEANINGS: Meanings = {
    "nothing_to_replace": NothingToReplace,
    "link_unknown": LinkGone,
    "not_linked": LinkGone,
    "link_suspended": LinkSuspended,
    "contract_not_found": ContractNotFound,
    "box_unknown": BoxUnknown,
    "too_many_requests": TooManyTries,
}


class _Linked(msgspec.Struct, frozen=True):
    link_id: str
    linked_at: datetime
    operator: str


class _Replaced(msgspec.Struct, frozen=True):
    operator: str
    linked_at: datetime


class _State(msgspec.Struct, frozen=True):
    linked: bool
    link_id: str = ""
    linked_at: datetime | None = None
    operator: str = ""
    state: str = "linked"
    contract: bool = True
    replaces: _Replaced | None = None


class _Box(msgspec.Struct, frozen=True):
    id: str
    here: bool
    operator: str
    since: datetime
    last_used: datetime
    place: str = ""


class _Boxes(msgspec.Struct, frozen=True):
    boxes: list[_Box]
    most: int


class _Found(msgspec.Struct, frozen=True):
    link_id: str
    linked_at: datetime
    state: str


class _Household(msgspec.Struct, frozen=True):
    links: list[_Found]


class _Suspended(msgspec.Struct, frozen=True):
    state: str
    suspended_at: datetime


class _Receipt(msgspec.Struct, frozen=True):
    receipt: str
    ended_at: datetime
    services: list[str]


@dataclass(frozen=True)
class LinkState:
    """How the signed-in card is linked: ``link`` (None: it is not), whether that is suspended and under a contract; what it would replace."""

    link: LinkResult | None
    suspended: bool = False
    contract: bool = True
    replaces: LinkResult | None = None


@dataclass(frozen=True)
class KnownBox:
    """A box where the person is known: ``here`` is this one; operator and ``place`` ("" if nobody knows); seconds since the epoch, UTC."""

    id: str
    here: bool
    operator: str
    place: str
    since: float
    last_used: float


@dataclass(frozen=True)
class HouseholdLink:
    """A link of a contract that is known at this box."""

    link_id: str
    linked_at: float
    suspended: bool


@dataclass(frozen=True)
class Receipt:
    """The platform's evidence that a link ended: eight digits to read out, when (seconds since the epoch, UTC), and the services that are told."""

    number: str
    ended_at: float
    services: tuple[str, ...] = ()


class LinkLife:
    """Ask the platform about links. Where a method takes no authority, it asks in the box's own name.

    Every method raises PlatformUnreachable, PlatformBusy, AnswerInvalid, ClientRefused and UnsafeAddress besides what it names.
    """

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def state(self, authority: Authority) -> LinkState:
        """Give how the signed-in card is linked. Raises SessionEnded."""
        reply = await self._asker.ask("GET", await self._at(), Kind.LINK_STATE, token=self._asker.token_of(authority))
        answer = decoded(reply, _State)
        if not answer.linked:
            before = answer.replaces
            old = LinkResult("", seconds(before.linked_at), before.operator) if before else None
            return LinkState(None, replaces=old)
        if not answer.link_id or answer.linked_at is None:
            raise AnswerInvalid
        link = LinkResult(answer.link_id, seconds(answer.linked_at), answer.operator)
        return LinkState(link, answer.state == "suspended", answer.contract)

    async def replace(self, authority: Authority, key: str, *, guardian: bool = False) -> LinkResult:
        """Let the signed-in card take the place of the one before it. Raises NothingToReplace, SessionEnded."""
        body = {"guardian": True} if guardian else {}
        return await self._linked("/replacement", Kind.LINK_REPLACEMENT, authority, body, key)

    async def resume(self, authority: Authority, contract_number: str, key: str) -> LinkResult:
        """Take back the suspension of the signed-in card's link, by its contract number, "" for a link under none.

        Raises ContractNumberMistyped, ContractNotFound, LinkGone, TooManyTries, SessionEnded.
        """
        return await self._linked("/resumption", Kind.LINK_RESUMPTION, authority, _numbered(contract_number), key)

    async def boxes(self, authority: Authority) -> tuple[KnownBox, ...]:
        """Give the boxes where the person is known, this one first. Raises LinkGone, LinkSuspended, SessionEnded."""
        reply = await self._asker.ask(
            "GET", await self._at("/boxes"), Kind.LINK_BOXES, token=self._asker.token_of(authority), meanings=_MEANINGS
        )
        return tuple(
            KnownBox(it.id, it.here, it.operator, it.place, seconds(it.since), seconds(it.last_used))
            for it in decoded(reply, _Boxes).boxes
        )

    async def end_box(self, authority: Authority, box: str) -> None:
        """End the person's use of a box; one that is none of theirs any more is ended, too. Raises LinkGone, LinkSuspended, SessionEnded."""
        if not box.isascii() or not box.replace("-", "").replace("_", "").isalnum():
            raise AnswerInvalid  # it becomes a part of an address
        address = await self._at(f"/boxes/{box}")
        try:
            await self._asker.ask(
                "DELETE", address, Kind.LINK_BOX_END, token=self._asker.token_of(authority), meanings=_MEANINGS
            )
        except BoxUnknown:
            return

    async def household(self, contract_number: str) -> tuple[HouseholdLink, ...]:
        """Give the links of a contract, or "" of none, that are known at this box.

        Raises ContractNumberMistyped, ContractNotFound, TooManyTries.
        """
        form = _numbered(contract_number)
        reply = await self._asker.post(await self._at("/household"), form, Kind.LINK_HOUSEHOLD, meanings=_MEANINGS)
        return tuple(
            HouseholdLink(it.link_id, seconds(it.linked_at), it.state == "suspended")
            for it in decoded(reply, _Household).links
        )

    async def suspend(
        self, link_id: str, key: str, *, contract_number: str = "", member: Authority | None = None
    ) -> float:
        """Suspend a link of this box, by its contract number or as another person under the same contract; one under none, without either.

        Gives since when. Raises ContractNotFound, LinkGone, LinkSuspended (the member's own), TooManyTries, SessionEnded.
        """
        form = {"link_id": link_id, **_numbered(contract_number)}
        token = self._asker.token_of(member) if member is not None else None
        reply = await self._asker.post(
            await self._at("/suspension"),
            form,
            Kind.LINK_SUSPENSION,
            meanings=_MEANINGS,
            token=token,
            headers=_once(key),
        )
        return seconds(decoded(reply, _Suspended).suspended_at)

    async def end(self, token: str, link_id: str, key: str) -> Receipt:
        """End a link everywhere; ``token`` is the access token that it was confirmed with, which may have expired.

        The same key may be sent again after a silence. Raises LinkGone, LinkSuspended, SessionEnded.
        """
        return await self._receipt("/end", Kind.LINK_END, token, link_id, key)

    async def release(self, link_id: str, key: str) -> Receipt:
        """Let this box forget a link; it needs no card and no session. For the box that is given away or erased: once for every link that it keeps.

        The same key may be sent again after a silence. Raises LinkGone where there is nothing to forget.
        """
        reply = await self._asker.post(
            await self._at("/release"), {"link_id": link_id}, Kind.LINK_RELEASE, meanings=_MEANINGS, headers=_once(key)
        )
        return _receipt(decoded(reply, _Receipt))

    async def _linked(
        self, path: str, kind: Kind, authority: Authority, body: Mapping[str, object], key: str
    ) -> LinkResult:
        reply = await self._asker.ask(
            "POST", await self._at(path), kind, token=self._asker.token_of(authority), json=msgspec.json.encode(body),
            headers=_once(key), meanings=_MEANINGS,
        )  # fmt: skip
        answer = decoded(reply, _Linked)
        return LinkResult(answer.link_id, seconds(answer.linked_at), answer.operator)

    async def _receipt(self, path: str, kind: Kind, token: str, link_id: str, key: str) -> Receipt:
        reply = await self._asker.ask(
            "POST", await self._at(path), kind, token=token, json=msgspec.json.encode({"link_id": link_id}),
            headers=_once(key), meanings=_MEANINGS,
        )  # fmt: skip
        return _receipt(decoded(reply, _Receipt))

    async def _at(self, path: str = "") -> str:
        return (await self._asker.discovery.metadata()).link_endpoint + path


def seconds(moment: datetime) -> float:
    """Give a time of the wire in seconds since the epoch, UTC. Raises AnswerInvalid for one without a zone."""
    if moment.tzinfo is None:
        raise AnswerInvalid
    return moment.timestamp()


def _receipt(answer: _Receipt) -> Receipt:
    if not (answer.receipt.isascii() and answer.receipt.isdigit() and len(answer.receipt) == 8):
        raise AnswerInvalid
    return Receipt(answer.receipt, seconds(answer.ended_at), tuple(answer.services))


def _numbered(contract_number: str) -> dict[str, str]:
    if not contract_number:
        return {}
    check(contract_number)
    return {"contract_number": contract_number}


def _once(key: str) -> dict[str, str]:
    return {"Idempotency-Key": f'"{key}"'}  # a structured field string (RFC 9651 §3.3.3)

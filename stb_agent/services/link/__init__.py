"""The link between a card and a Cable ID, from its making to its end (docs/cable-id-profile.md, Link)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar, Protocol

from stb_agent.cable_id import contract_number
from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.errors import ContractNumberMistyped, LinkGone, SessionEnded
from stb_agent.cable_id.life import LinkLife
from stb_agent.cable_id.session import ServiceToken, Standing
from stb_agent.contract.text import Text, word
from stb_agent.core.page import Frame, Job, Page
from stb_agent.core.service import Tile
from stb_agent.services.link import reminder
from stb_agent.services.link.hub import HubPage
from stb_agent.services.link.jobs import (
    CheckLink,
    End,
    EndBox,
    Leave,
    LoadBoxes,
    LoadEnds,
    LoadHousehold,
    LoadMine,
    LoadWithoutContract,
    LookAtCard,
    Lost,
    MakeLink,
    Mine,
    Outcome,
    ReplaceCard,
    ResumeCard,
    SuspendCard,
    SuspendWithoutContract,
    TakeLink,
)
from stb_agent.services.link.pages import LinkPage
from stb_agent.services.link.sender import BOX, END, LINK, REPLACE, SUSPEND, LinkSender, outcome
from stb_agent.services.link.standing import ReplacePage, SuspendedPage, TooManyBoxesPage
from stb_agent.store.links import Link
from stb_agent.store.outbox import Entry
from stb_agent.store.post import Post
from stb_agent.store.store import Store

PATIENCE_S = 8.0
"""Seconds that a person waits for the platform's answer before being told that it is on its way."""
LATE_S = 30 * 86400.0
"""How long the platform takes the end of a link with the token that it was confirmed with, once that has expired (the profile)."""


class Card(Protocol):
    """What the link must know of the card in the reader."""

    async def minor(self) -> bool:
        """Tell whether it has no signature certificate, as those of under-15s. Raises CardError."""

    def days_left(self) -> int | None:
        """Give the whole days until its certificate is out of date, None if there is none to tell."""


class LinkService:
    """Keep links here and at the platform in step: every change goes through the outbox under its idempotency key."""

    name: ClassVar[str] = "link"

    def __init__(
        self,
        platform: PlatformClient,
        authority: Authority,
        store: Store,
        post: Post,
        operator: Text,
        card: Card,
        *,
        called: Callable[[str], Text | None],
        moved: Callable[[str, str], None],
        left: Callable[[str], None],
        clock: Callable[[], float],
        random: Callable[[int], bytes],
    ) -> None:
        """``called`` gives what a card's person is called here; ``moved`` is told of an old card's handle and its new one's; ``left``, of the
        handle of a card whose person is nobody here any more."""
        self._life = LinkLife(platform.asker)
        self._sender = LinkSender(platform, self._life, store, moved)
        self._authority = authority
        self._store = store
        self._post = post
        self._operator = operator
        self._card = card
        self._called = called
        self._left = left
        self._clock = clock
        self._random = random

    def tiles(self, frame: Frame) -> tuple[Tile, ...]:
        """Give カードの登録 where there is something to do with one, and before it the end of a certificate that comes near."""
        tiles: tuple[Tile, ...] = ()
        if frame.linked and (days := self._card.days_left()) is not None and days <= reminder.FROM_DAYS:
            page = reminder.EndingPage(days)
            tiles = (Tile("ending", word("link.ending.tile"), word("link.ending.days", days=days), lambda: page, 2),)
        if frame.linked or self._store.links.any() or self._ends():
            hub = Tile("link", word("link.hub.tile"), word("link.hub.detail"), self._hub, order=85)
            tiles += (hub,)
        return tiles

    def page(self) -> Page:
        """Give the page that leads a signed-in person to a link that is in use."""
        try:
            standing = self._authority.session.standing
        except SessionEnded:
            standing = Standing.NONE
        match standing:
            case Standing.REPLACES:
                return ReplacePage()
            case Standing.SUSPENDED:
                return SuspendedPage(_well_formed)
            case Standing.TOO_MANY_BOXES:
                return TooManyBoxesPage()
        return LinkPage(self._operator, _well_formed)

    def keep(self, link: Link) -> None:
        """Keep a link that the platform told of; an old card's with the same id is this card's from now on."""
        self._sender.keep(link)

    def forget(self, handle: str) -> None:
        """Forget the person of a card whose link has ended, here or elsewhere. Raises StoreError."""
        self._store.forget(handle)
        self._left(handle)

    def reminder(self) -> Page | None:
        """Give what to tell the signed-in person of their certificate's end, now and then from three months before."""
        days = self._card.days_left()
        if days is None or not reminder.due(self._store.settings, self._authority.person, days, self._clock()):
            return None
        return reminder.EndingPage(days)

    async def work(self, job: Job) -> object:
        match job:
            case MakeLink(contract_number=number, guardian=guardian):
                return await self._post_out(LINK, {"contract_number": number, "guardian": guardian})
            case ReplaceCard():
                return await self._post_out(REPLACE, {"guardian": False})
            case CheckLink(key=key):
                return outcome(self._post.outbox.get(key))
            case LookAtCard():
                return await self._card.minor()
            case TakeLink():
                await self._take()
                return None
            case ResumeCard(contract_number=number):
                result = await self._life.resume(self._authority.session, number, self._key())
                self.keep(Link(result.link_id, self._authority.person, result.operator, result.linked_at))
                return None
            case LoadBoxes():
                return await self._life.boxes(self._authority.session)
            case EndBox(box=box):
                await self._life.end_box(self._authority.session, box)
                await self._take()
                return await self._life.boxes(self._authority.session)
            case LoadMine():
                return await self._mine()
            case LoadHousehold(contract_number=number):
                return await self._household(number)
            case SuspendCard(link_id=link_id, contract_number=number):
                return await self._suspend(link_id, number)
            case LoadWithoutContract():
                found = await self._life.household("")
                return tuple(Lost(it.link_id, None, _text(it.linked_at), it.suspended) for it in found)
            case SuspendWithoutContract(link_id=link_id):
                return await self._suspend_as_box(link_id, "")
            case Leave():
                return await self._leave()
            case LoadEnds():
                return tuple(End(_text(it.created_at), outcome(it)) for it in reversed(self._ends()))
        raise TypeError(type(job).__name__)

    async def token(self) -> ServiceToken:
        """Give the authority that entries of this service carry."""
        session = self._authority.session
        return ServiceToken(session.access_token, session.expires_at)

    async def send(self, entry: Entry) -> bytes:
        """Bring an entry to the platform, and keep what it answers."""
        return await self._sender.send(entry)

    # -- jobs -----------------------------------------------------------------------------------------------------

    async def _post_out(self, kind: str, asked: dict[str, object]) -> Outcome:
        session = self._authority.session
        entry = self._entry(kind, asked, self._authority.person, session.access_token.encode(), session.expires_at)
        return outcome(await self._post.send(entry, PATIENCE_S))

    def _entry(
        self, kind: str, asked: dict[str, object], person: str, authority: bytes, expires: float | None
    ) -> Entry:
        return Entry(
            key=self._key(),
            service=self.name,
            kind=kind,
            payload=json.dumps(asked).encode(),
            person=person,
            created_at=self._clock(),
            authority=authority,
            authority_expires=expires,
        )

    async def _take(self) -> None:
        """Keep the link that the signed-in card has at the platform. Raises LinkGone."""
        state = await self._life.state(self._authority.session)
        if state.link is None:
            raise LinkGone
        self.keep(Link(state.link.link_id, self._authority.person, state.link.operator, state.link.linked_at))

    async def _mine(self) -> Mine:
        state = await self._life.state(self._authority.session)
        if state.link is None:
            raise LinkGone
        return Mine(state.link.operator, _text(state.link.linked_at), state.contract, self._card.days_left())

    async def _household(self, number: str) -> tuple[Lost, ...]:
        links = self._store.links.all()
        if not number:
            me = self._authority.person
            return tuple(
                Lost(it.link_id, self._called(it.handle), _text(it.linked_at)) for it in links if it.handle != me
            )
        names = {it.link_id: self._called(it.handle) for it in links}
        found = await self._life.household(number)
        return tuple(Lost(it.link_id, names.get(it.link_id), _text(it.linked_at), it.suspended) for it in found)

    async def _suspend(self, link_id: str, number: str) -> Outcome:
        if not number:
            return await self._post_out(SUSPEND, {"link_id": link_id, "contract_number": ""})
        return await self._suspend_as_box(link_id, number)

    async def _suspend_as_box(self, link_id: str, number: str) -> Outcome:
        """Say it in the box's own name, since nobody is signed in: what counts is the number, or that the link is this box's and under none."""
        asked: dict[str, object] = {"link_id": link_id, "contract_number": number}
        return outcome(await self._post.send(self._entry(SUSPEND, asked, "", BOX, None), PATIENCE_S))

    async def _leave(self) -> Outcome:
        """End a link: what is to be sent is on the disk before anything is forgotten here."""
        session, person = self._authority.session, self._authority.person
        link = self._store.links.find(person)
        if link is None:
            await self._take()
            link = self._store.links.find(person)
        if link is None:
            raise LinkGone
        authority = session.access_token.encode()
        entry = self._entry(END, {"link_id": link.link_id}, person, authority, session.expires_at + LATE_S)
        self._post.outbox.put(entry)
        self.forget(person)
        return outcome(await self._post.send(entry, PATIENCE_S))

    # -- what these share -----------------------------------------------------------------------------------------

    def _ends(self) -> list[Entry]:
        return self._post.outbox.of_kind(self.name, END)

    def _hub(self) -> Page:
        return HubPage(
            _well_formed, lambda: LinkPage(self._operator, _well_formed, adding=True), ended=bool(self._ends())
        )

    def _key(self) -> str:
        return str(uuid.UUID(bytes=self._random(16), version=4))


def _well_formed(number: str) -> bool:
    try:
        contract_number.check(number)
    except ContractNumberMistyped:
        return False
    return True


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()

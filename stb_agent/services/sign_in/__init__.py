"""Signing in with the card and its PIN."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Protocol

from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.errors import SessionEnded
from stb_agent.cable_id.phone import PhoneSignIn
from stb_agent.cable_id.polling import Waiting
from stb_agent.cable_id.session import Session
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.levels import Lack
from stb_agent.contract.messages import CardState
from stb_agent.contract.text import Text, word
from stb_agent.core.page import Frame, Job, Page, Shortfall, SignIn
from stb_agent.core.pin_entry import Digits
from stb_agent.core.service import Tile
from stb_agent.services.sign_in.pages import (
    Authenticate,
    CountTries,
    NoSignaturePage,
    SignedInPage,
    SignInPage,
)
from stb_agent.services.sign_in.phone import AwaitPhone, BeginPhone, PhonePage
from stb_agent.store.ledger import Category
from stb_agent.store.links import Link
from stb_agent.store.store import Store


class Card(Protocol):
    """Something that proves who holds the card."""

    async def tries(self) -> int:
        """Give how many PIN tries are left, at least 1; spends none. Raises card.pin.blocked, card.pin.unusable."""

    async def certificate(self) -> bytes:
        """Give the authentication certificate (DER)."""

    async def handle(self) -> str:
        """Give the card's handle, the only name of it that may be kept."""

    async def sign(self, digits: Digits, tries: int, data: bytes) -> bytes:
        """Verify the PIN once and sign ``data`` (RS256); ``tries`` is the count that the person was shown."""


@dataclass(frozen=True)
class Phone:
    """A phone as the reader; ``operator`` is named beside the code."""

    client: PhoneSignIn
    operator: Text
    clock: Callable[[], float]


class SignInService:
    """Prove the card to the platform and begin the session."""

    name: ClassVar[str] = "sign_in"

    def __init__(
        self,
        card: Card,
        platform: PlatformClient,
        authority: Authority,
        store: Store,
        make_digits: Callable[[], Digits],
        signed_in: Callable[[], None],
        reached: Callable[[Job, int, object], None],
        phone: Phone | None = None,
        *,
        keep: Callable[[Link], None],
    ) -> None:
        """``keep`` keeps a link that was made elsewhere.

        ``signed_in`` is told after each sign-in: what waited for the card may be sent now; ``reached``, at which step it is."""
        self._phone = phone
        self._keep = keep
        self._card = card
        self._platform = platform
        self._authority = authority
        self._store = store
        self._make_digits = make_digits
        self._signed_in = signed_in
        self._reached = reached

    def tiles(self, frame: Frame) -> tuple[Tile, ...]:
        if frame.level < Level.AUTHENTICATED and frame.card is CardState.PRESENT and frame.trouble is None:
            return (Tile("sign_in", word("sign_in.tile"), word("sign_in.tile_detail"), SignedInPage, order=-1),)
        if frame.card is CardState.NO_READER and self._phone is not None:
            return (Tile("sign_in", word("sign_in.tile"), word("sign_in.phone.tile_detail"), SignedInPage, order=-1),)
        return ()

    def page(self, frame: Frame, short: Shortfall) -> Page:
        """Give the page that mends a shortfall: that leads to a session, or to a surer or fresher one."""
        if short.lack is Lack.SIGNATURE:
            return NoSignaturePage()
        phone = partial(PhonePage, self._phone.operator) if self._phone is not None else None
        return SignInPage(self._make_digits, frame.card, short, phone)

    async def work(self, job: Job) -> object:
        match job:
            case CountTries():
                return await self._card.tries()
            case Authenticate():
                return await self._authenticate(job)
            case BeginPhone() if self._phone is not None:
                return await self._phone.client.begin()
            case AwaitPhone() if self._phone is not None:
                return await self._await_phone(job, self._phone)
        raise TypeError(type(job).__name__)

    async def _authenticate(self, job: Authenticate) -> SignIn:
        async def sign(data: bytes) -> bytes:
            self._reached(job, 1, None)
            signature = await self._card.sign(job.digits, job.tries, data)
            self._reached(job, 2, None)
            return signature

        try:
            # All that can fail without the card is done before a try is spent.
            certificate = await self._card.certificate()
            handle = await self._card.handle()
            challenge = await self._platform.challenge()
            session = await self._platform.sign_in(
                challenge, certificate, sign, lambda: self._reached(job, 2, Waiting.BUSY)
            )
        except ChanomaError as error:
            self._store.audit.append("sign_in", result="refused", code=error.code)
            raise
        finally:
            job.digits.clear()
        if session.linked and self._store.links.find(handle) is None:
            await self._learn_link(handle, session)
        if await self._card.handle() != handle:
            raise SessionEnded  # somebody else's card lies there by now: its person must not find this session
        self._recognise(self._unseen(session), handle)
        same = self._authority.begin(handle, session)
        self._store.audit.append("sign_in", result="ok", level=session.level.name.lower(), handle=handle)
        self._store.ledger.add(Category.JPKI, "certificate_check")
        self._store.ledger.add(Category.PLATFORM, "sign_in")
        self._signed_in()
        return SignIn(session.proof, session.linked, same)

    async def _await_phone(self, job: AwaitPhone, phone: Phone) -> SignIn:
        """Wait for the phone, and say meanwhile how it stands and how many minutes are left."""
        waiting = Waiting.PENDING

        def told(now: Waiting) -> None:
            nonlocal waiting
            waiting = now
            tell()

        def tell() -> float:
            left = max(job.request.expires_at - phone.clock(), 0.0)
            self._reached(job, math.ceil(left / 60), waiting)
            return left

        async def count() -> None:
            left = tell()
            while left > 0:
                await asyncio.sleep(left % 60 or 60)
                left = tell()

        counting = asyncio.create_task(count())
        try:
            session = await phone.client.wait(job.request, asyncio.sleep, told)
        except ChanomaError as error:
            self._store.audit.append("sign_in", result="refused", code=error.code, kind="phone")
            raise
        finally:
            counting.cancel()
        same = self._authority.begin(await self._person(session), session)
        self._store.audit.append("sign_in", result="ok", level=session.level.name.lower(), kind="phone")
        self._store.ledger.add(Category.JPKI, "certificate_check")
        self._store.ledger.add(Category.PLATFORM, "sign_in")
        self._signed_in()
        return SignIn(session.proof, session.linked, same)

    async def _person(self, session: Session) -> str:
        """Give who this box knows a phone's person as: by the handle of their card, if it was linked or read here."""
        with suppress(ChanomaError):
            if session.linked and (state := await self._platform.link_state(session)) is not None:
                for link in self._store.links.all():
                    if link.link_id == state.link_id:
                        return link.handle
        return self._unseen(session)

    def _recognise(self, known_as: str, handle: str) -> None:
        """Take what somebody did here while a phone read their card for theirs whose card it is."""
        self._store.outbox.adopt(known_as, handle)
        self._store.transmissions.adopt(known_as, handle)
        self._store.links.remove(known_as)

    def _unseen(self, session: Session) -> str:
        """Give a name for somebody whose card this box has not read: a keyed hash of what the platform calls them."""
        return hmac.new(self._store.secret("phone person"), session.subject.encode(), hashlib.sha256).hexdigest()

    async def _learn_link(self, handle: str, session: Session) -> None:
        """Keep a link that was made at another box, so that this one greets the card from now on."""
        with suppress(ChanomaError):
            if (link := await self._platform.link_state(session)) is not None:
                self._keep(Link(link.link_id, handle, link.operator, link.linked_at))

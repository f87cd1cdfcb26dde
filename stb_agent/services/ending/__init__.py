"""終了: ending the session here, at the platform and at every service, and saying what became of it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import ClassVar

from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.ender import Ender
from stb_agent.cable_id.errors import CableIdError, SessionEnded
from stb_agent.contract.ending import Cause
from stb_agent.contract.level import Level
from stb_agent.contract.text import Text, word
from stb_agent.core.page import Frame, Job
from stb_agent.core.service import Tile
from stb_agent.services.ending.pages import EndPage, FollowEnd, LastEndPage, LoadLast, Part, States
from stb_agent.store.endings import Ending
from stb_agent.store.errors import StoreError
from stb_agent.store.store import Store

log = logging.getLogger(__name__)


class EndingService:
    """End a session at the person's word, and show the ends that not every service has confirmed."""

    name: ClassVar[str] = "ending"

    def __init__(
        self,
        ender: Ender,
        authority: Authority,
        store: Store,
        names: Mapping[str, Text],
        *,
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        """``names``: what each service is called, by its base address."""
        self._ender = ender
        self._authority = authority
        self._store = store
        self._names = {address.rstrip("/"): name for address, name in names.items()}
        self._sleep = sleep

    def tiles(self, frame: Frame) -> tuple[Tile, ...]:
        if frame.level < Level.AUTHENTICATED:
            return ()
        end = Tile("sign_out", word("sign_in.end"), word("sign_in.end_detail"), self._page, order=1)
        if (last := self._last()) is not None:
            detail = word("ending.last.tile_ended" if last.whole else "ending.last.tile_pending")
            return end, Tile("last_end", word("ending.last.title"), detail, LastEndPage, order=1)
        return (end,)

    async def work(self, job: Job) -> object:
        match job:
            case FollowEnd(sid=sid, wait=wait):
                await self._sleep(wait)
                return await self._follow(sid)
            case LoadLast(wait=wait):
                await self._sleep(wait)
                return await self._load_last()
        raise TypeError(type(job).__name__)

    async def signed_in(self) -> None:
        """Ask what became of this person's earlier ends; only one that they asked for themselves, or that is open still, is worth a word."""
        with suppress(SessionEnded):
            for ending in self._of(self._authority.person):
                with suppress(CableIdError):
                    await self._ender.tell(ending)
                known = self._store.endings.get(ending.sid)
                if known is not None and known.whole and known.cause is not Cause.USER:
                    self._store.endings.seen(ending.sid)

    def _page(self) -> EndPage:
        try:
            session = self._authority.session
        except SessionEnded:
            return EndPage("")
        kept = self._store.endings.get(session.sid) if session.sid else None
        return EndPage(session.sid, self._parts(kept.services if kept else {}))

    def _parts(self, services: States) -> tuple[Part, ...]:
        other = word("ending.other")
        return tuple(Part(address, self._names.get(address, other)) for address in services)

    async def _follow(self, sid: str) -> States:
        """Tell the platform, or ask it again; what it does not say stays unconfirmed."""
        kept = self._store.endings.get(sid)
        if kept is not None:
            with suppress(CableIdError):
                await self._ender.tell(kept)
            kept = self._store.endings.get(sid)
        if kept is None:
            return {}
        if kept.whole:
            self._store.endings.seen(sid)
        return dict(kept.services)

    async def _load_last(self) -> tuple[tuple[Part, ...], States] | None:
        last = self._last()
        if last is None:
            return None
        parts = self._parts(last.services)
        return parts, await self._follow(last.sid)

    def _last(self) -> Ending | None:
        """Give the latest end of the signed-in person's that they have not seen through."""
        try:
            found = self._of(self._authority.person)
        except SessionEnded:
            return None
        except StoreError as error:
            log.error("ends cannot be read: %s", error.code)
            return None
        return found[-1] if found else None

    def _of(self, person: str) -> list[Ending]:
        found = self._store.endings.all()
        return [it for it in found if it.person == person and it.cause and not it.seen and it.services]

"""Begin anew: what goes, what stays, and doing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import ClassVar

from stb_agent.cable_id.authority import Authority
from stb_agent.contract.text import Text, word
from stb_agent.core.page import Frame, Job
from stb_agent.core.service import Tile
from stb_agent.services.reset.pages import BeginAnew, Contents, Look, ResetPage
from stb_agent.store.store import Store


class ResetService:
    """Tell what the box holds, and have it begin anew."""

    name: ClassVar[str] = "reset"

    def __init__(
        self,
        store: Store,
        authority: Authority,
        called: Callable[[str], Text | None],
        begin_anew: Callable[[Callable[[int], None]], Awaitable[None]],
        reached: Callable[[Job, int], None],
    ) -> None:
        """``called``: what the person of a card is called; ``begin_anew`` does it, and does not come back; ``reached`` says how far it is."""
        self._store = store
        self._authority = authority
        self._called = called
        self._begin_anew = begin_anew
        self._reached = reached

    def tiles(self, frame: Frame) -> tuple[Tile, ...]:
        return ()

    def tile(self) -> Tile:
        """Give what the settings offer of it."""
        return Tile("reset", word("reset.title"), word("reset.detail"), ResetPage)

    async def work(self, job: Job) -> object:
        match job:
            case Look():
                return self._contents()
            case BeginAnew():
                await self._begin_anew(lambda step: self._reached(job, step))
                return None
        raise TypeError(type(job).__name__)

    def _contents(self) -> Contents:
        links = self._store.links.all()
        names: tuple[Text, ...] = ()
        if self._authority.expires_at is not None:  # who lives here is told to those who do
            names = tuple(name for link in links if (name := self._called(link.handle)) is not None)
        unsent = Counter(entry.service for entry in self._store.outbox.waiting())
        return Contents(len(links), names, tuple(sorted(unsent.items())))

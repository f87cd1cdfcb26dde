"""What was sent: every transmission that left the box, kinds and never values."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import ClassVar, Protocol

from stb_agent.cable_id.authority import Authority
from stb_agent.contract.text import word
from stb_agent.contract.transmissions import Kind
from stb_agent.core.page import Frame, Job, Page
from stb_agent.core.service import Tile
from stb_agent.services.history.pages import HistoryPage, LoadBox, LoadOwn, Own, Unsent
from stb_agent.store.outbox import Entry
from stb_agent.store.store import Store
from stb_agent.store.transmissions import BOX

_KINDS = {
    ("link", "link"): Kind.LINK,
    ("link", "replace"): Kind.LINK_REPLACEMENT,
    ("link", "end"): Kind.LINK_END,
    ("link", "suspend"): Kind.LINK_SUSPENSION,
    ("booking", "order"): Kind.BOOKING_CHANGE,
}
"""What entries of the outbox will be when they are sent."""


class Written(Protocol):
    """Something that has transmissions in hand that are not in the store yet."""

    def write(self) -> None:
        """Write them down."""


class HistoryService:
    """Read what was sent; to a person, what was sent in their own name."""

    name: ClassVar[str] = "history"

    def __init__(self, store: Store, journal: Written, authority: Authority) -> None:
        self._store = store
        self._journal = journal
        self._authority = authority

    def tiles(self, frame: Frame) -> tuple[Tile, ...]:
        return ()

    def tile(self) -> Tile:
        """Give what the settings and help offer of it."""
        return Tile("history", word("history.title"), word("history.detail"), HistoryPage)

    def page(self) -> Page:
        """Give the page that it begins with."""
        return HistoryPage()

    async def work(self, job: Job) -> object:
        self._journal.write()
        kept = self._store.transmissions
        match job:
            case LoadOwn():
                person = self._authority.person
                waiting = (it for it in self._store.outbox.waiting() if it.person == person)
                own = tuple(map(_unsent, waiting)), kept.of(person), kept.days(person)
                return await asyncio.to_thread(Own.of, *own)  # thousands of lines must not hold the television
            case LoadBox():
                return tuple(kept.days(BOX))
        raise TypeError(type(job).__name__)


def _unsent(entry: Entry) -> Unsent:
    made = datetime.fromtimestamp(entry.created_at, UTC).isoformat()
    return Unsent(made, _KINDS.get((entry.service, entry.kind), Kind.SERVICE_CHANGE))

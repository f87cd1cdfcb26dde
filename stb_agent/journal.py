"""The journal of what leaves the box: whose each transmission is, and when they are written down together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from stb_agent.contract.transmissions import Kind, Result, Transmission
from stb_agent.store.courier import Sender
from stb_agent.store.errors import StoreError
from stb_agent.store.outbox import Entry
from stb_agent.store.transmissions import BOX, Transmissions

PERSON_S = 5.0
"""Seconds until a person's transmissions are on the disk: those of one act are written together, and a power cut forgets no more."""
BOX_S = 900.0
"""Seconds until the box's own are, where no person's take them along: a box that only asks for news writes 96 times a day."""
MOST = 64
"""So many are written at once without waiting."""
UNWRITTEN = 4096
"""So many are held while the disk takes nothing; then the oldest are lost, and the log says so."""

log = logging.getLogger(__name__)

_about: ContextVar[str | None] = ContextVar("about", default=None)


@contextmanager
def about(person: str) -> Iterator[None]:
    """Let what is sent in the block be sent in the name of ``person`` (a card's handle), whoever sits before the television."""
    token = _about.set(person)
    try:
        yield
    finally:
        _about.reset(token)


class InTheirName:
    """A sender whose entries are sent in the name of the person who made them."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def send(self, entry: Entry) -> bytes:
        """Send an entry, as `Sender` does."""
        with about(entry.person):
            return await self._sender.send(entry)


class Journal:
    """Take every transmission when it has ended, and write it down soon.

    ``whose`` gives the handle of who is signed in, or whose card is in the reader. What cannot be written is kept and tried again.
    """

    def __init__(self, kept: Transmissions, clock: Callable[[], float], whose: Callable[[], str | None]) -> None:
        self._kept = kept
        self._clock = clock
        self._whose = whose
        self._batch: list[tuple[str, Transmission]] = []
        self._timer: asyncio.TimerHandle | None = None

    def begins(self, kind: Kind, host: str, size: int) -> Callable[[Result], None]:
        """Take that a request is on its way; give what is told how it ended."""
        person = (_about.get() or self._whose() or BOX) if kind.personal else BOX
        at = self._clock()

        def ended(result: Result) -> None:
            self._batch.append((person, Transmission(at, kind, host, size, result)))
            self._hurry(0.0 if len(self._batch) >= MOST else BOX_S if person == BOX else PERSON_S)

        return ended

    def write(self) -> None:
        """Write down what is not yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._batch:
            return
        batch, self._batch = self._batch, []
        try:
            self._kept.add(batch)
        except StoreError as error:
            log.error("what was sent cannot be written down: %s", error.code)
            if len(batch) > UNWRITTEN:
                log.error("%d transmissions are in no list", len(batch) - UNWRITTEN)
            self._batch = batch[-UNWRITTEN:]
            self._hurry(BOX_S)

    def _hurry(self, seconds: float) -> None:
        """Write in so many seconds, unless it is to be done before."""
        loop = asyncio.get_running_loop()
        when = loop.time() + seconds
        if self._timer is None or when < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = loop.call_at(when, self.write)

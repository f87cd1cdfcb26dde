"""A slot of a reader and the hand that puts cards in it."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol

import msgspec

from simulators.card import vpcd
from simulators.card.applet import Quirks
from simulators.card.deck import Deck, Tries
from simulators.card.faults import Fault
from simulators.card.link import Link
from simulators.card.profile import PROFILES
from simulators.card.recorder import Recorder
from simulators.card.slot import Slot
from simulators.card.vpcd import Pulled


class State(msgspec.Struct, frozen=True):
    """What lies in the slot, whether a reader is attached to it, and what could lie in it."""

    inserted: str | None
    connected: bool
    profiles: list[str]
    tries: Tries


class Reader(Protocol):
    """Where a tray's slot is."""

    @property
    def empty(self) -> float:
        """Seconds the slot must stay empty between two cards for this reader to notice."""

    async def hold(self, slot: Slot, connected: asyncio.Event) -> None:
        """Keep a card in the slot until cancelled, or raise Pulled; `connected` is set while there is a reader."""


class Tray:
    """The reader's slot, its cards, and the verbs of the card tray.

    `port` and `host` are vpcd's, unless another `reader` is given. Use as an asynchronous context manager.
    """

    def __init__(
        self, folder: Path, *, clock: Callable[[], datetime], port: int = vpcd.PORT, host: str = "127.0.0.1",
        pin: str = "1234", recorder: Recorder | None = None, keep_tries: bool = False, link: Link | None = None,
        reader: Reader | None = None,
    ) -> None:  # fmt: skip
        self._deck = Deck(folder, clock=clock, pin=pin, recorder=recorder, keep_tries=keep_tries, link=link)
        self.connected = asyncio.Event()
        self._reader = reader or vpcd.Reader(host, port)
        self._holding: asyncio.Task[None] | None = None
        self._hand = asyncio.Lock()
        self._emptied = float("-inf")

    async def __aenter__(self) -> "Tray":
        """Return the empty tray."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Pull the card."""
        await self.pull()
        self.recorder.close()

    @property
    def recorder(self) -> Recorder:
        """Return what the cards were asked."""
        return self._deck.recorder

    async def insert(self, profile: str, pin: str | None = None) -> None:
        """Put a card in, pulling the one there; `pin` changes the card's authentication PIN for good.

        Raises CardError `card.profile` for an unknown name.
        """
        async with self._hand:
            if profile in PROFILES:
                await self._take_out()
            slot = await asyncio.to_thread(self._deck.take, profile, pin)
            self._holding = asyncio.create_task(self._hold(slot))

    async def pull(self) -> None:
        """Take the card out, if there is one; the reader has seen it when this returns."""
        async with self._hand:
            await self._take_out()

    def state(self) -> State:
        """Say what is there."""
        return State(self._deck.inserted, self.connected.is_set(), sorted(PROFILES), self._deck.count())

    def fault(self, fault: Fault) -> None:
        """Arrange an accident; it outlives the card in the slot."""
        self._deck.fault(fault)

    def quirks(self, quirks: Quirks) -> None:
        """Give these quirks, and no others, to the card in the slot and to those to come."""
        self._deck.quirks(quirks)

    def tries(self, tries: Tries) -> None:
        """Set the retry counters of the card in the slot; raises CardError `card.absent`."""
        self._deck.tries(tries)

    async def _hold(self, slot: Slot) -> None:
        time = asyncio.get_running_loop().time
        await asyncio.sleep(self._emptied + self._reader.empty - time())
        try:
            await self._reader.hold(slot, self.connected)
        except Pulled:
            self._deck.inserted = None
        finally:
            self._emptied = time()

    async def _take_out(self) -> None:
        if self._holding is not None:
            self._holding.cancel()
            await asyncio.wait([self._holding])
            if not self._holding.cancelled():
                self._holding.result()
        self._holding = self._deck.inserted = None

"""Which readers the agent uses: those of pcscd, those on the bus itself, or whichever there are."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Protocol

from stb_agent.card.reader import Reader, ReaderSource, Sight, SlotState
from stb_agent.card.readers.ccid.source import CcidSource
from stb_agent.card.readers.pcsc import PcscSource
from stb_agent.contract.config import ReaderChoice

_GRACE = 1.0
"""Seconds that a running pcscd has for itself to take a reader that was plugged in."""
_THERE = (SlotState.ABSENT, SlotState.MUTE, SlotState.PRESENT)
_CARD = (SlotState.MUTE, SlotState.PRESENT)


class Yielding(ReaderSource, Protocol):
    """A source that keeps off what others should have (``CcidSource``)."""

    def allow(self, patience: float | None) -> None: ...


def source_of(choice: ReaderChoice) -> ReaderSource:
    """Make the source that a configuration asks for."""
    match choice:
        case ReaderChoice.PCSC:
            return PcscSource()
        case ReaderChoice.CCID:
            return CcidSource()
        case ReaderChoice.AUTO:
            return AutoSource(PcscSource(), CcidSource())


class AutoSource:
    """pcscd's readers if it serves any, else those on the bus.

    The two never hold one device: ours are let go as soon as pcscd serves a reader, unless a card is in one of ours, and a reader that
    pcscd has claimed is left to it.
    """

    def __init__(self, pcsc: ReaderSource, ccid: Yielding) -> None:
        self._pcsc = pcsc
        self._ccid = ccid
        self._active: ReaderSource = pcsc
        self._stopped = threading.Event()
        self._news: queue.SimpleQueue[tuple[ReaderSource, Sight] | None] = queue.SimpleQueue()
        self._served = False

    def connect(self, name: str) -> Reader:
        """Power the card in a reader of the last sight. Raises what that reader's source raises."""
        return self._active.connect(name)

    def stop(self) -> None:
        """End ``sights``."""
        self._stopped.set()
        self._pcsc.stop()
        self._ccid.stop()
        self._news.put(None)

    def sights(self) -> Iterator[Sight]:
        """Give the state and each change, until ``stop``."""
        threads = [threading.Thread(target=self._follow, args=(self._pcsc,), name="card-pcsc", daemon=True)]
        self._ccid.allow(None)
        threads[0].start()
        try:
            yield from self._combined(threads)
        finally:
            for thread in threads:
                while thread.is_alive():
                    self.stop()
                    thread.join(0.05)

    def _combined(self, threads: list[threading.Thread]) -> Iterator[Sight]:
        pcsc: Sight | None = None
        ccid: Sight | None = None
        last: Sight | None = None
        while not self._stopped.is_set() and (news := self._news.get()):
            source, sight = news
            if source is self._pcsc:
                pcsc = sight
            else:
                ccid = sight
            if pcsc is None:
                continue
            self._share(pcsc, ccid)
            if len(threads) == 1:
                # Only now, so that ours never runs ahead of pcscd.
                threads.append(threading.Thread(target=self._follow, args=(self._ccid,), name="card-ccid", daemon=True))
                threads[1].start()
            if ccid is None and pcsc.state not in _THERE:
                continue
            self._active, sight = self._choose(pcsc, ccid or Sight(SlotState.NO_READER))
            if sight != last:
                # A card that is in the one reader as it leaves the other is another card.
                if last and last.insertion and sight.insertion and last.insertion != sight.insertion:
                    yield Sight(SlotState.ABSENT, last.reader)
                yield sight
                last = sight

    def _follow(self, source: ReaderSource) -> None:
        for sight in source.sights():
            self._news.put((source, sight))

    def _share(self, pcsc: Sight, ccid: Sight | None) -> None:
        """Tell ours what it may take."""
        self._served |= pcsc.state is not SlotState.NO_SERVICE
        if pcsc.state not in _THERE:
            self._ccid.allow(0.0 if pcsc.state is SlotState.NO_SERVICE else _GRACE)
        elif ccid is None or ccid.state not in _CARD:
            self._ccid.allow(None)

    def _choose(self, pcsc: Sight, ccid: Sight) -> tuple[ReaderSource, Sight]:
        ours = self._ccid, Sight(ccid.state, ccid.reader, ccid.insertion * 2)
        theirs = self._pcsc, Sight(pcsc.state, pcsc.reader, pcsc.insertion * 2 - 1 if pcsc.insertion else 0)
        if ccid.state in _CARD:
            return ours
        if pcsc.state in _THERE:
            return theirs
        if ccid.state in _THERE:
            return ours
        if ccid.state is SlotState.NO_USB or pcsc.state is SlotState.DENIED:
            return theirs
        if ccid.state is SlotState.NO_READER:
            # A service that never was is not missed: what is missing is a reader.
            return theirs if pcsc.state is SlotState.NO_READER or self._served else ours
        return ours

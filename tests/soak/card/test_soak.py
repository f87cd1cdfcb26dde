"""A card put in, a signature, the card taken out, over and over: memory stays flat, no thread and no descriptor is left.

A thousand times at the simulated reader on the bus; at pcscd, which looks for cards every 0.4 s, sixty times.
"""

import asyncio
import contextlib
import gc
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulators.authority import Authority
from simulators.card import Recorder, Tray
from stb_agent.card.certificate import Environment, Trust
from stb_agent.card.pin import Pin
from stb_agent.card.reader import ReaderSource, SlotState
from stb_agent.card.readers.ccid.source import CcidSource
from stb_agent.card.readers.pcsc import PcscSource
from stb_agent.card.slot import Slot
from tests.support.pcsc import private_pcscd
from tests.support.reader import simulated_reader

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
WARM_UP = 20
"""Cycles after which caches and the allocator's pools are full."""
FLAT = 2.0
"""Megabytes by which resident memory may have grown since."""
SOON = 5.0


@dataclass(frozen=True)
class Held:
    """What a process holds: resident megabytes, threads, open descriptors."""

    memory: float
    threads: int
    descriptors: int

    @classmethod
    def now(cls) -> "Held":
        """Look, after the rubbish was collected."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        memory = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
        return cls(memory, threading.active_count(), len(os.listdir("/proc/self/fd")))


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    anchor = tmp_path / "anchor.pem"
    anchor.write_bytes(Authority.open(tmp_path, now=NOW).certificate_pem)
    return Trust.load([anchor], Environment.TEST)


def entry() -> Pin:
    pin = Pin()
    for digit in (1, 2, 3, 4):
        pin.append(digit)
    return pin


@contextlib.asynccontextmanager
async def running(
    source: ReaderSource, trust: Trust
) -> AsyncIterator[tuple[Slot, Callable[[SlotState], Awaitable[None]]]]:
    changed = asyncio.Event()
    slot = Slot(source, trust, lambda: NOW, lambda state: changed.set())

    async def reaches(state: SlotState) -> None:
        async with asyncio.timeout(SOON):
            while slot.state is not state:
                changed.clear()
                await changed.wait()

    await slot.start()
    try:
        yield slot, reaches
    finally:
        await slot.stop()


async def soak(
    cycles: int,
    source: ReaderSource,
    trust: Trust,
    recorder: Recorder,
    insert: Callable[[], Awaitable[None]],
    pull: Callable[[], Awaitable[None]],
) -> None:
    """Go round, and compare what is held."""
    before = threading.active_count()
    async with running(source, trust) as (slot, reaches):
        for cycle in range(cycles):
            if cycle == WARM_UP:
                warm = Held.now()
            await insert()
            await reaches(SlotState.PRESENT)
            assert len(await slot.authenticate(entry(), b"data")) == 256
            await pull()
            await reaches(SlotState.ABSENT)
            assert len(recorder.commands) == 5
            recorder.exchanges.clear()
        end = Held.now()
    print(f"{cycles} cycles: {warm} -> {end}")
    assert end.memory - warm.memory < FLAT
    assert (end.threads, end.descriptors) == (warm.threads, warm.descriptors)
    async with asyncio.timeout(SOON):
        # asyncio's own pool, which joined the slot's threads, may have grown by one.
        while [it.name for it in threading.enumerate() if it.name.startswith("card")]:
            await asyncio.sleep(0.02)
    assert threading.active_count() <= before + 2


async def test_a_thousand_cards_at_a_reader_on_the_bus(trust: Trust, tmp_path: Path) -> None:
    hand = simulated_reader(tmp_path, "rc-s300")

    async def insert() -> None:
        hand.insert("new")

    async def pull() -> None:
        hand.pull()

    await soak(1000, CcidSource(hand.backend), trust, hand.recorder, insert, pull)


async def test_sixty_cards_at_pcscd(trust: Trust, tmp_path: Path) -> None:
    with private_pcscd() as pcscd:
        pcscd.adopt()
        async with Tray(tmp_path, clock=lambda: NOW, port=pcscd.port) as tray:
            await soak(60, PcscSource(), trust, tray.recorder, lambda: tray.insert("new"), tray.pull)

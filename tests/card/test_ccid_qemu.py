"""The slot over QEMU's own CCID device: a reader at the TPDU level that neither we nor our simulators have written."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulators.authority import Authority
from simulators.card import Tray
from simulators.reader import BlockAccident, BlockFault, vsc
from stb_agent.card.certificate import Environment, Trust
from stb_agent.card.connection import Limits
from stb_agent.card.pin import Pin
from stb_agent.card.reader import SlotState
from stb_agent.card.readers.ccid.source import CcidSource
from stb_agent.card.slot import Slot
from tests.support.qemu import QemuReader, qemu_reader

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SLOW = Limits(command=10.0, whole_file=20.0, sign=20.0, connect=20.0)
"""The machine's bus is driven register by register."""


@pytest.fixture
def qemu() -> Iterator[QemuReader]:
    with qemu_reader() as reader:
        yield reader


@pytest.fixture
def line(qemu: QemuReader) -> vsc.Reader:
    return vsc.Reader(port=qemu.port, bwt=0.2)


@pytest.fixture
async def tray(line: vsc.Reader, tmp_path: Path) -> AsyncIterator[Tray]:
    async with Tray(tmp_path, clock=lambda: NOW, reader=line) as it:
        yield it


async def reaches(slot: Slot, state: SlotState) -> None:
    async with asyncio.timeout(10):
        while slot.state is not state:
            await asyncio.sleep(0.02)


async def test_a_household_signs_in_at_qemus_reader(qemu: QemuReader, line: vsc.Reader, tray: Tray, tmp_path: Path):
    anchor = tmp_path / "anchor.pem"
    anchor.write_bytes(Authority.open(tmp_path, now=NOW).certificate_pem)
    slot = Slot(CcidSource(qemu), Trust.load([anchor], Environment.TEST), lambda: NOW, lambda _: None, SLOW)
    await slot.start()
    try:
        for accident in (None, BlockAccident.GARBLED, BlockAccident.WTX):
            await tray.insert("linked")
            await reaches(slot, SlotState.PRESENT)
            # QEMU's power-on does not reach the card, which goes on counting from one session to the next.
            assert await slot.tries() == 3
            tray.recorder.exchanges.clear()
            if accident:
                line.blocks.add(BlockFault(accident, at=4))
            pin = Pin()
            for digit in (1, 2, 3, 4):
                pin.append(digit)
            assert await slot.authenticate(pin, b"header.claims")
            assert [it[2:4] for it in tray.recorder.commands] == ["a4", "b0", "20", "20", "2a"]
            await tray.pull()
            await reaches(slot, SlotState.ABSENT)
    finally:
        await slot.stop()

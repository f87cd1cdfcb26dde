"""The slot over QEMU's own CCID device: a reader at the TPDU level that neither we nor our simulators have written."""

import asyncio

from simulators.card import Tray
from simulators.reader import BlockAccident, BlockFault, vsc
from stb_agent.card.certificate import Trust
from stb_agent.card.connection import Limits
from stb_agent.card.reader import SlotState
from stb_agent.card.readers.ccid.source import CcidSource
from stb_agent.card.slot import Slot
from tests.support.cards import NOW, entry
from tests.support.qemu import QemuReader

SLOW = Limits(command=10.0, whole_file=20.0, sign=20.0, connect=20.0)
"""The machine's bus is driven register by register."""


async def reaches(slot: Slot, state: SlotState) -> None:
    async with asyncio.timeout(10):
        while slot.state is not state:
            await asyncio.sleep(0.02)


async def test_a_household_signs_in_at_qemus_reader(qemu: QemuReader, line: vsc.Reader, qemu_tray: Tray, trust: Trust):
    slot = Slot(CcidSource(qemu), trust, lambda: NOW, lambda _: None, SLOW)
    await slot.start()
    try:
        for accident in (None, BlockAccident.GARBLED, BlockAccident.WTX):
            await qemu_tray.insert("linked")
            await reaches(slot, SlotState.PRESENT)
            # QEMU's power-on does not reach the card, which goes on counting from one session to the next.
            assert await slot.tries() == 3
            qemu_tray.recorder.exchanges.clear()
            if accident:
                line.blocks.add(BlockFault(accident, at=4))
            assert await slot.authenticate(entry(), b"header.claims")
            assert [it[2:4] for it in qemu_tray.recorder.commands] == ["a4", "b0", "20", "20", "2a"]
            await qemu_tray.pull()
            await reaches(slot, SlotState.ABSENT)
    finally:
        await slot.stop()

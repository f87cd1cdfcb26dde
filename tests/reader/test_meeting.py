"""The box's own driver at QEMU's CCID device: between it and the simulated card is a reader that neither side wrote."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator

import pytest

from simulators.card import Accident, Fault, Quirks, Tray
from simulators.reader import BlockAccident, BlockFault, vsc
from stb_agent.card import errors
from stb_agent.card.certificate import Trust
from stb_agent.card.connection import Limits
from stb_agent.card.reader import SlotState
from stb_agent.card.readers.ccid.source import CcidSource
from stb_agent.card.slot import Slot
from tests.support.cards import NOW, entry
from tests.support.qemu import QemuReader

SOON = 5.0
LIMITS = Limits(command=2.0)


@pytest.fixture
async def slot(qemu: QemuReader, trust: Trust) -> AsyncIterator[Slot]:
    it = Slot(CcidSource(qemu), trust, lambda: NOW, lambda state: None, LIMITS)
    await it.start()
    try:
        yield it
    finally:
        await it.stop()
        async with asyncio.timeout(SOON):
            while [one for one in threading.enumerate() if one.name.startswith("card")]:
                await asyncio.sleep(0.02)


async def reaches(slot: Slot, state: SlotState) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SOON):
            while slot.state is not state:
                await asyncio.sleep(0.02)
    assert slot.state is state


async def test_signing_in(slot: Slot, tray: Tray) -> None:
    await tray.insert("linked")
    await reaches(slot, SlotState.PRESENT)
    assert await slot.authenticate(entry(), b"header.claims")
    verifies = [one for one in tray.recorder.commands if one[2:4] == "20" and len(one) > 8]
    assert len(verifies) == 1


async def test_signing_in_again_at_a_card_that_heard_of_no_power_off(slot: Slot, tray: Tray) -> None:
    """QEMU keeps IccPowerOff and IccPowerOn to itself: the card's sequence numbers go on, the driver's begin anew."""
    tray.quirks(Quirks(verified_as_9000=False))  # for the PIN stays verified as well, which the box would not take
    await tray.insert("linked")
    await reaches(slot, SlotState.PRESENT)
    for _ in range(3):
        assert await slot.authenticate(entry(), b"header.claims")


async def test_cards_come_and_go(slot: Slot, tray: Tray) -> None:
    for profile in ("linked", "new"):
        await tray.insert(profile)
        await reaches(slot, SlotState.PRESENT)
        assert await slot.authenticate(entry(), b"header.claims")
        await tray.pull()
        await reaches(slot, SlotState.ABSENT)


@pytest.mark.parametrize("accident", [BlockAccident.GARBLED, BlockAccident.NAK, BlockAccident.WTX, BlockAccident.IFS])
@pytest.mark.parametrize("at", [1, 2, 3, 6])
async def test_a_bad_line(slot: Slot, tray: Tray, line: vsc.Reader, accident: BlockAccident, at: int) -> None:
    line.blocks.add(BlockFault(accident, at, value=32 if accident is BlockAccident.IFS else 1))
    await tray.insert("linked")
    await reaches(slot, SlotState.PRESENT)
    assert await slot.authenticate(entry(), b"header.claims")


async def test_one_try_for_one_entry_though_the_card_is_pulled(slot: Slot, tray: Tray) -> None:
    await tray.insert("new")
    await reaches(slot, SlotState.PRESENT)
    tray.fault(Fault(do=Accident.PULL_INSIDE, ins="2a"))
    with pytest.raises(errors.CardError):
        await slot.authenticate(entry(), b"header.claims")
    await reaches(slot, SlotState.ABSENT)
    await tray.insert("new")
    await reaches(slot, SlotState.PRESENT)
    assert await slot.authenticate(entry(), b"header.claims")

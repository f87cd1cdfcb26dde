"""The slot over readers on the bus itself: simulated readers of every level where pyusb keeps its back ends, with the simulated card."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from simulators.card import Accident, Fault, Quirks
from simulators.reader import Backend, BlockAccident, BlockFault, Hand, UsbAccident, UsbFault
from stb_agent.card import errors
from stb_agent.card.certificate import Trust
from stb_agent.card.connection import Limits
from stb_agent.card.reader import SlotState
from stb_agent.card.readers.ccid.source import CcidSource
from stb_agent.card.slot import Slot
from tests.support.cards import NOW, entry
from tests.support.reader import MODELS, simulated_reader

PAYLOAD = b"header.claims"
RIGHT = "1234"
SOON = 2.0
TPDU = ("scr3310-nttcom", "acr39u", "gempc-twin", "acr38", "idprotect-key")
SHORT = ("gnuk",)
EXTENDED = ("au9540", "rc-s300")
T0_ATR = "3b6400008073c601"
"""An answer-to-reset of a card that speaks T=0 alone."""
XFR = 0x6F
LIMITS = Limits(command=1.0, settle=0.6)
ANSWER_LIMIT = 0.3
"""Seconds a simulated reader may be silent; its card's waiting time is far shorter."""


class Box:
    """A slot over a bus, and the states it told."""

    def __init__(self, trust: Trust, backend: Backend) -> None:
        self.states: list[SlotState] = []
        self._told = asyncio.Event()
        source = CcidSource(backend, answer_limit=ANSWER_LIMIT)
        self.slot = Slot(source, trust, lambda: NOW, self._tell, LIMITS)

    def _tell(self, state: SlotState) -> None:
        self.states.append(state)
        self._told.set()

    async def reaches(self, state: SlotState, within: float = SOON) -> None:
        """Wait for a state."""
        async with asyncio.timeout(within):
            while self.slot.state is not state:
                self._told.clear()
                await self._told.wait()

    async def sign_in(self) -> None:
        """Sign in; the slot verifies the signature."""
        assert await self.slot.authenticate(entry(), PAYLOAD)


@contextlib.asynccontextmanager
async def running(trust: Trust, backend: Backend) -> AsyncIterator[Box]:
    box = Box(trust, backend)
    await box.slot.start()
    try:
        yield box
    finally:
        await box.slot.stop()
        async with asyncio.timeout(SOON):
            while [it.name for it in threading.enumerate() if it.name.startswith("card")]:
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def with_card(
    trust: Trust, folder: Path, model: str, quirks: Quirks | None = None
) -> AsyncIterator[tuple[Box, Hand]]:
    """A box, and a hand that has put a card in."""
    hand = simulated_reader(folder, model)
    if quirks:
        hand.quirks(quirks)
    hand.insert("linked")
    async with running(trust, hand.backend) as box:
        await box.reaches(SlotState.PRESENT)
        yield box, hand


def reached(hand: Hand) -> list[str]:
    """Give the instructions of the commands that reached the card."""
    return [command[2:4] for command in hand.recorder.commands]


@pytest.mark.parametrize("model", [*TPDU, *SHORT, *EXTENDED])
async def test_a_household_signs_in(model: str, trust: Trust, folder: Path):
    async with with_card(trust, folder, model) as (box, hand):
        assert await box.slot.tries() == 3
        hand.recorder.exchanges.clear()
        await box.sign_in()
        commands = reached(hand)
        assert commands.count("20") == 2
        # With extended length, natively or in chained blocks: selection, certificate, tries, VERIFY, signature.
        assert len(commands) == (11 if model in SHORT else 5)
        # Without power the card has forgotten the PIN.
        assert await box.slot.tries() == 3


@pytest.mark.parametrize("model", [it for it in TPDU + EXTENDED if it != "rc-s300"])
async def test_a_card_of_the_other_protocol_serves_too(model: str, trust: Trust, folder: Path):
    async with with_card(trust, folder, model, Quirks(atr=T0_ATR)) as (box, hand):
        await box.sign_in()
        assert reached(hand).count("20") == 2
        assert await box.slot.tries() == 3


async def test_a_card_in_and_out_and_the_reader_too(trust: Trust, folder: Path):
    hand = simulated_reader(folder, "acr39u")
    async with running(trust, hand.backend) as box:
        assert box.slot.state is SlotState.ABSENT
        for _ in range(2):
            hand.insert("linked")
            await box.reaches(SlotState.PRESENT)
            await box.sign_in()
            hand.pull()
            await box.reaches(SlotState.ABSENT)
        hand.unplug()
        await box.reaches(SlotState.NO_READER)
        hand.plug()
        await box.reaches(SlotState.ABSENT)
        hand.insert("linked")
        await box.reaches(SlotState.PRESENT)
        await box.sign_in()


async def test_a_reader_that_tells_nothing_is_asked(trust: Trust, folder: Path):
    hand = simulated_reader(folder, "idprotect-key")
    async with running(trust, hand.backend) as box:
        hand.insert("linked")
        await box.reaches(SlotState.PRESENT)
        hand.pull()
        await box.reaches(SlotState.ABSENT)


async def test_a_card_of_a_lower_voltage_is_powered(trust: Trust, folder: Path):
    hand = simulated_reader(folder, "acr39u")
    hand.insert("linked", voltages=frozenset({1.8}))
    async with running(trust, hand.backend) as box:
        await box.reaches(SlotState.PRESENT)
        await box.sign_in()


async def test_a_reader_that_we_cannot_drive_is_named(trust: Trust, folder: Path):
    async with running(trust, simulated_reader(folder, "character").backend) as box:
        assert box.slot.state is SlotState.UNFIT
        with pytest.raises(errors.ReaderUnfit):
            await box.slot.tries()


async def test_a_reader_that_another_program_has_is_left_to_it_and_taken_when_it_is_free(trust: Trust, folder: Path):
    hand = simulated_reader(folder, "acr39u")
    hand.insert("linked")
    backend = hand.backend
    (identity,) = backend.enumerate_devices()
    other = backend.open_device(identity)
    backend.claim_interface(other, 0)
    async with running(trust, backend) as box:
        assert box.slot.state is SlotState.HELD
        with pytest.raises(errors.ReaderHeld):
            await box.slot.tries()
        backend.release_interface(other, 0)
        backend.close_device(other)
        await box.reaches(SlotState.PRESENT)
        await box.sign_in()


async def outcome(box: Box, hand: Hand) -> type[errors.CardError] | None:
    """Sign in amid an accident; however it ends, at most one try was made, it ends in time, and the next one works."""
    hand.recorder.exchanges.clear()
    ended: type[errors.CardError] | None = None
    async with asyncio.timeout(6):
        try:
            await box.sign_in()
        except errors.CardError as error:
            ended = type(error)
    bodies = [command for command in hand.recorder.commands if command.startswith(("00200098", "00200080"))]
    assert sum(len(body) > 8 for body in bodies) <= 1
    hand.plug()
    await another_card(box, hand)
    async with asyncio.timeout(6):
        assert await box.slot.tries() == 3
        await box.sign_in()
    # The certificate of this insertion is known now: the next accident is to find all commands again.
    await another_card(box, hand)
    return ended


async def another_card(box: Box, hand: Hand) -> None:
    """Take the card out, if one is in, and put one in."""
    hand.pull()
    await box.reaches(SlotState.ABSENT)
    hand.insert("linked")
    await box.reaches(SlotState.PRESENT)


HARMLESS = [
    BlockFault(BlockAccident.DEAF),
    BlockFault(BlockAccident.LOST),
    BlockFault(BlockAccident.GARBLED),
    BlockFault(BlockAccident.CUT),
    BlockFault(BlockAccident.NAK),
    BlockFault(BlockAccident.WRONG_NUMBER),
    BlockFault(BlockAccident.WTX, value=3, times=2),
    BlockFault(BlockAccident.IFS, value=40),
]


@pytest.mark.parametrize("fault", HARMLESS, ids=lambda it: it.do.name)
async def test_no_accident_of_one_block_is_noticed(fault: BlockFault, trust: Trust, folder: Path):
    async with with_card(trust, folder, "scr3310-nttcom") as (box, hand):
        for at in range(1, 16):
            hand.block(BlockFault(fault.do, at=at, value=fault.value, times=fault.times))
            await box.sign_in()
            assert await box.slot.tries() == 3


@pytest.mark.parametrize("do", [BlockAccident.LOST, BlockAccident.GARBLED, BlockAccident.DEAF], ids=lambda it: it.name)
@pytest.mark.parametrize("at", [1, 3, 6, 12])
async def test_a_line_that_is_down_for_a_while_costs_at_most_this_try(
    do: BlockAccident, at: int, trust: Trust, folder: Path
):
    async with with_card(trust, folder, "scr3310-nttcom") as (box, hand):
        hand.block(BlockFault(do, at=at, times=4))
        assert await outcome(box, hand) in (None, errors.ExchangeFailed, errors.Mute, errors.Timeout)


READ_AND_VERIFY = {"acr39u": (3, 11), "rc-s300": (2, 7)}
"""Which XfrBlocks of a sign-in ask for the certificate, and show the PIN."""
MESSAGES = [
    *((UsbFault(do, message=XFR), False) for do in (UsbAccident.STALE, UsbAccident.WRONG_SEQUENCE, UsbAccident.WRONG_SLOT)),
    (UsbFault(UsbAccident.EXTENSION, message=XFR, value=255, times=3), True),
    *((UsbFault(do, message=XFR), False) for do in (UsbAccident.LOST, UsbAccident.STUCK, UsbAccident.CUT)),
    *((UsbFault(do, message=XFR), False) for do in (UsbAccident.HALT_IN, UsbAccident.HALT_OUT, UsbAccident.UNPLUG)),
    (UsbFault(UsbAccident.FAILED, message=XFR, value=0xFB), False),
    (UsbFault(UsbAccident.FAILED, message=XFR, value=0xE0), True),
    (UsbFault(UsbAccident.LATE, message=XFR, seconds=0.2), True),
    (UsbFault(UsbAccident.LATE, message=XFR, seconds=2.5), False),
]  # fmt: skip


@pytest.mark.parametrize("model", READ_AND_VERIFY)
@pytest.mark.parametrize(
    ("fault", "harmless"),
    MESSAGES,
    ids=lambda it: f"{it.do.name}-{it.value}" if it is not True and it is not False else "",
)
async def test_every_accident_of_a_message_ends_in_a_name_and_the_next_sign_in_works(
    fault: UsbFault, harmless: bool, model: str, trust: Trust, folder: Path
):
    async with with_card(trust, folder, model) as (box, hand):
        for at in READ_AND_VERIFY[model]:
            hand.usb(
                UsbFault(
                    fault.do, at=at, message=fault.message, value=fault.value, times=fault.times, seconds=fault.seconds
                )
            )
            ended = await outcome(box, hand)
            assert (
                ended is None
                if harmless
                else ended in (None, errors.ExchangeFailed, errors.Mute, errors.Timeout, errors.Removed)
            )


PULLS: dict[str, Callable[[int], Fault]] = {
    it.value: (lambda at, it=it: Fault(do=it, at=at))
    for it in (Accident.PULL_BEFORE, Accident.PULL_INSIDE, Accident.PULL_AFTER)
}


@pytest.mark.parametrize("model", ["acr39u", "idprotect-key", "gnuk", "rc-s300"])
@pytest.mark.parametrize("pull", PULLS)
async def test_pulling_at_every_command_is_a_removal(pull: str, model: str, trust: Trust, folder: Path):
    async with with_card(trust, folder, model) as (box, hand):
        for at in range(1, 6):
            hand.fault(PULLS[pull](at))
            ended = await outcome(box, hand)
            assert ended is errors.Removed or (ended is None and pull == "pull_after")


async def test_of_two_readers_the_one_with_the_card_is_used(trust: Trust, folder: Path):
    first, second = simulated_reader(folder, "acr39u"), simulated_reader(folder, "rc-s300")
    async with running(trust, Backend(first.device, second.device)) as box:
        for hand in (second, first):
            hand.insert("linked")
            await box.reaches(SlotState.PRESENT)
            await box.sign_in()
            assert reached(hand)
            hand.pull()
            await box.reaches(SlotState.ABSENT)


async def test_all_models_were_tried():
    assert {*TPDU, *SHORT, *EXTENDED, "character"} == set(MODELS)

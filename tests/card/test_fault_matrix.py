"""Each command of a sign-in, and what can happen at it: a named state in time, at most one try spent, and the next sign-in works.

The commands are SELECT, certificate, tries, VERIFY, SIGN. Over pcscd: card pulled, pcscd killed, answer cut short, answer late, 6F00.
vpcd's reader cannot be unplugged; that is tried, with all the rest again, at the simulated reader on the bus.
"""

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulators.card import Accident, Fault, Recorder, Tray, Tries
from simulators.reader import Hand
from stb_agent.card import errors
from stb_agent.card.certificate import Trust
from stb_agent.card.connection import Limits
from stb_agent.card.reader import ReaderSource, SlotState
from stb_agent.card.readers.ccid.source import CcidSource
from stb_agent.card.readers.pcsc import PcscSource
from stb_agent.card.slot import Slot
from tests.support.box import Box, Ui, code, running_box
from tests.support.cards import NOW, entry
from tests.support.pcsc import private_pcscd
from tests.support.reader import simulated_reader
from tests.support.walk import agree, sign_in

RIGHT, WRONG = "1234", "0000"
COMMANDS = {"SELECT": 1, "certificate": 2, "tries": 3, "VERIFY": 4, "SIGN": 5}
CELLS = [*((name, RIGHT) for name in COMMANDS), ("VERIFY", WRONG)]
LATE = 3.0
LIMITS = Limits(command=1.0, whole_file=1.0, sign=1.0)
"""So that an answer 3 s late is as late as one of 20 s is with the real limits, which are tried too, below."""
NAMED_WITHIN = 1.0
"""Seconds past a limit, in which a failure may also turn out to be a removal."""
BACK = 4.0
"""Seconds until a card is seen that was put in again."""
CARD = {
    "pulled before": (Accident.PULL_BEFORE, (errors.Removed,)),
    "pulled": (Accident.PULL_INSIDE, (errors.Removed,)),
    "cut short": (Accident.TRUNCATE, (errors.ExchangeFailed,)),
    "late": (Accident.SLOW, (errors.Timeout,)),
    "6F00": (Accident.ANSWER, (errors.UnexpectedStatus,)),
}
HARMLESS = {("SELECT", "6F00"), ("certificate", "6F00"), ("tries", "6F00"), ("certificate", "cut short")}
"""Where there is another way to ask."""


@dataclass
class Bench:
    """A slot, and what reached the card."""

    slot: Slot
    recorder: Recorder
    changed: asyncio.Event

    async def reaches(self, *states: SlotState, within: float = BACK) -> None:
        """Wait for a state."""
        async with asyncio.timeout(within):
            while self.slot.state not in states:
                self.changed.clear()
                await self.changed.wait()

    async def outcome(self, digits: str, within: float) -> errors.CardError | None:
        """Sign in, and tell how it ended; the entry is gone and was shown once at most."""
        pin, begun = entry(digits), len(self.recorder.commands)
        ended: errors.CardError | None = None
        async with asyncio.timeout(within):
            try:
                assert await self.slot.authenticate(pin, b"data")
            except errors.CardError as error:
                ended = error
        assert len(pin) == 0
        shown = [it for it in self.recorder.commands[begun:] if it[:4] == "0020" and len(it) > 8]
        assert len(shown) <= 1
        return ended

    async def signs_in(self, left: tuple[int, ...]) -> None:
        """Sign in again, the same slot still; ``left``: the tries that the card may have now."""
        assert await self.slot.tries() in left
        assert await self.outcome(RIGHT, 5) is None
        assert await self.slot.tries() == 3


@contextlib.asynccontextmanager
async def working(
    source: ReaderSource, recorder: Recorder, trust: Trust, limits: Limits = LIMITS
) -> AsyncIterator[Bench]:
    changed = asyncio.Event()
    slot = Slot(source, trust, lambda: NOW, lambda state: changed.set(), limits)
    await slot.start()
    try:
        yield Bench(slot, recorder, changed)
    finally:
        await slot.stop()
        async with asyncio.timeout(2):
            while [it for it in threading.enumerate() if it.name.startswith("card")]:
                await asyncio.sleep(0.02)


def fault(what: str, command: str) -> Fault:
    """Arrange for the fault at a command."""
    return Fault(do=CARD[what][0], at=COMMANDS[command], seconds=LATE, keep=1)


def judge(ended: errors.CardError | None, what: str, command: str, digits: str) -> None:
    """Say whether a sign-in ended as it should."""
    if (command, what) in HARMLESS:
        assert ended is None
    else:
        assert isinstance(ended, CARD[what][1]), ended
    assert digits == RIGHT or not isinstance(ended, errors.PinWrong)


@pytest.mark.parametrize(("command", "digits"), CELLS)
@pytest.mark.parametrize("what", CARD)
async def test_over_pcscd(what: str, command: str, digits: str, trust: Trust, folder: Path) -> None:
    with private_pcscd() as pcscd:
        pcscd.adopt()
        async with (
            Tray(folder, clock=lambda: NOW, port=pcscd.port) as tray,
            working(PcscSource(), tray.recorder, trust) as bench,
        ):
            await tray.insert("new")
            await bench.reaches(SlotState.PRESENT)
            tray.fault(fault(what, command))
            ended = await bench.outcome(digits, LIMITS.sign + LIMITS.settle + NAMED_WITHIN)
            judge(ended, what, command, digits)
            if what.startswith("pulled"):
                await bench.reaches(SlotState.ABSENT)
                await tray.insert("new")
                await bench.reaches(SlotState.PRESENT)
            elif what == "late":
                await asyncio.sleep(LATE)
            await bench.signs_in((3,) if digits == RIGHT else (2, 3))


@pytest.mark.parametrize(("command", "digits"), CELLS)
async def test_pcscd_killed(command: str, digits: str, trust: Trust, folder: Path) -> None:
    with private_pcscd() as first:
        first.adopt()
        async with (
            Tray(folder, clock=lambda: NOW, port=first.port) as tray,
            working(PcscSource(), tray.recorder, trust) as bench,
        ):
            await tray.insert("new")
            await bench.reaches(SlotState.PRESENT)
            tray.fault(Fault(do=Accident.SLOW, at=COMMANDS[command], seconds=0.3))
            signing = asyncio.create_task(bench.outcome(digits, LIMITS.sign + LIMITS.settle + NAMED_WITHIN))
            while len(tray.recorder.commands) < COMMANDS[command] - 1:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            os.kill(first.pid, signal.SIGKILL)
            assert isinstance(await signing, errors.Removed | errors.ServiceMissing)
            await bench.reaches(SlotState.NO_SERVICE)
            with private_pcscd(first.port) as second:
                second.adopt()
                await bench.reaches(SlotState.PRESENT)
                await bench.signs_in((3,) if digits == RIGHT else (2, 3))


@pytest.mark.parametrize(("command", "digits"), CELLS)
@pytest.mark.parametrize("what", [*CARD, "unplugged"])
@pytest.mark.parametrize("model", ["scr3310-nttcom", "rc-s300"])
async def test_on_the_bus(model: str, what: str, command: str, digits: str, trust: Trust, folder: Path) -> None:
    hand = simulated_reader(folder, model)
    async with working(CcidSource(hand.backend, answer_limit=3.0), hand.recorder, trust) as bench:
        hand.insert("new")
        await bench.reaches(SlotState.PRESENT)
        if what == "unplugged":
            await unplugged_at(bench, hand, command, digits)
        else:
            hand.fault(fault(what, command))
            ended = await bench.outcome(digits, LIMITS.sign + LIMITS.settle + NAMED_WITHIN)
            judge(ended, what, command, digits)
            if what.startswith("pulled"):
                await bench.reaches(SlotState.ABSENT)
                hand.insert("new")
                await bench.reaches(SlotState.PRESENT)
            elif what == "late":
                await asyncio.sleep(LATE)
        await bench.signs_in((3,) if digits == RIGHT else (2, 3))


async def unplugged_at(bench: Bench, hand: Hand, command: str, digits: str) -> None:
    """Pull the plug while the card works at a command, and put it back."""
    hand.fault(Fault(do=Accident.SLOW, at=COMMANDS[command], seconds=0.3))
    before = len(hand.recorder.commands)
    signing = asyncio.create_task(bench.outcome(digits, LIMITS.sign + LIMITS.settle + NAMED_WITHIN))
    while len(hand.recorder.commands) < before + COMMANDS[command] - 1:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    hand.unplug()
    assert isinstance(await signing, errors.Removed)
    await bench.reaches(SlotState.NO_READER)
    hand.plug()
    await bench.reaches(SlotState.PRESENT)


@pytest.mark.parametrize("pulled", [False, True], ids=["left in", "pulled"])
async def test_an_answer_20_s_late_with_the_real_limits(pulled: bool, trust: Trust, folder: Path) -> None:
    """VERIFY has 2 s. A card that is left in works when it has answered, one that is pulled at once when it is back."""
    limits = Limits()
    with private_pcscd() as pcscd:
        pcscd.adopt()
        async with (
            Tray(folder, clock=lambda: NOW, port=pcscd.port) as tray,
            working(PcscSource(), tray.recorder, trust, limits) as bench,
        ):
            await tray.insert("new")
            await bench.reaches(SlotState.PRESENT)
            tray.tries(Tries(authentication=2))
            tray.fault(Fault(do=Accident.SLOW, at=COMMANDS["VERIFY"], seconds=20.0))
            begun = time.monotonic()
            assert isinstance(await bench.outcome(RIGHT, limits.command + NAMED_WITHIN), errors.Timeout)
            if pulled:
                await tray.pull()
                await bench.reaches(SlotState.ABSENT)
                await tray.insert("new")
                await bench.reaches(SlotState.PRESENT)
            else:
                # The call that is stuck keeps the reader; asking again is answered by a name, too.
                assert isinstance(await bench.outcome(RIGHT, limits.connect), errors.Timeout)
                await asyncio.sleep(begun + 21 - time.monotonic())
            await bench.signs_in((2, 3))
            assert (time.monotonic() - begun < 15) is pulled


AGENT = {
    "pulled at VERIFY": (Fault(do=Accident.PULL_INSIDE, ins="20", at=3), {"home.guide.insert"}, 4.0),
    "pulled at SIGN": (Fault(do=Accident.PULL_INSIDE, ins="2a"), {"home.guide.insert"}, 4.0),
    "cut short at VERIFY": (Fault(do=Accident.TRUNCATE, ins="20", at=3, keep=1), {"card.exchange"}, 4.0),
    "6F00 at SIGN": (Fault(do=Accident.ANSWER, ins="2a"), {"card.status"}, 4.0),
    "20 s late at VERIFY": (Fault(do=Accident.SLOW, ins="20", at=3, seconds=20.0), {"card.timeout"}, 4.0),
}
"""What happens (two queries with VERIFY's instruction come before it), what the person is then told, and within how many seconds.

A card taken out, or a reader that is gone, leads home, where its place is shown empty."""


@pytest.mark.parametrize("what", AGENT)
async def test_the_whole_agent(what: str) -> None:
    accident, codes, within = AGENT[what]
    async with running_box() as box, box.ui() as ui:
        box.tray.fault(accident)
        told = await entered(box, ui, within)
        assert told in codes
        await box.tray.pull()
        await ui.kind("home")
        await sign_in(box, ui)
        assert box.tray.state().tries.authentication == 3


async def test_the_whole_agent_outlives_pcscd() -> None:
    async with running_box() as box, box.ui() as ui:
        box.tray.fault(Fault(do=Accident.SLOW, ins="2a", seconds=1.0))
        entering = asyncio.create_task(entered(box, ui, 5.0))
        while not any(it[:4] == "0020" and len(it) > 8 for it in box.tray.recorder.commands):
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)
        os.kill(box.pcscd.pid, signal.SIGKILL)
        assert await entering in {"card.service", "home.guide.no_reader"}
        with private_pcscd(box.pcscd.port) as second:
            box.pcscd.csock.unlink()
            box.pcscd.csock.symlink_to(second.csock)
            await ui.kind("home")
            await sign_in(box, ui)
            assert box.tray.state().tries.authentication == 3


async def entered(box: Box, ui: Ui, within: float) -> str:
    """Put a known card in, enter its PIN, and give the code of what the person is told."""
    await box.press("HOMEPAGE")
    await ui.kind("home")
    await box.tray.insert("linked")
    await ui.until(lambda message: any(it["id"] == "sign_in" for it in message["view"].get("items", ())))
    ui.choose("sign_in")
    await agree(ui)
    await ui.kind("pin")
    await box.press(*RIGHT, "OK")
    await ui.kind("progress")
    view = await ui.until(lambda message: message["view"]["kind"] in ("message", "home"), within)
    told = view["code"] if view["kind"] == "message" else code(view["lead"])
    verified = [it for it in box.tray.recorder.commands if it[:4] == "0020" and len(it) > 8]
    assert len(verified) <= 1
    return str(told)

"""The slot over the real pcscd and vpcd, with the simulated card: what a household does, and what happens to it."""

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from smartcard import scard

from simulators.card import Accident, Card, Fault, Profile, Quirks, Recorder, Tray, Tries, files
from simulators.card import Slot as CardSlot
from simulators.card.faults import Script
from simulators.card.vpcd import Reader as VirtualReader
from stb_agent.card import errors
from stb_agent.card.certificate import Authority as Pinned
from stb_agent.card.certificate import Environment, Trust
from stb_agent.card.connection import Limits
from stb_agent.card.reader import SlotState
from stb_agent.card.readers.pcsc import PcscSource, diagnose
from stb_agent.card.slot import Slot
from tests.support.cards import NOW, entry
from tests.support.foreign_card import Authority as Issuer
from tests.support.pcsc import Pcscd, private_pcscd

PAYLOAD = b"header.claims"
RIGHT, WRONG = "1234", "0000"
DIGEST_INFO = "3031300d060960864801650304020105000420" + "00" * 32
SELECT = "00a4040c0ad392f000260100000001"
VERIFY, SIGN = "20", "2a"
SOON = 2.0
"""Seconds within which a reader or a service that vanished or came back is noticed."""


class Box:
    """A slot and the states it told."""

    def __init__(self, trust: Trust, limits: Limits | None = None) -> None:
        self.states: list[SlotState] = []
        self._told = asyncio.Event()
        self.now = NOW
        self.slot = Slot(PcscSource(), trust, lambda: self.now, self._tell, limits)

    def _tell(self, state: SlotState) -> None:
        self.states.append(state)
        self._told.set()

    async def reaches(self, state: SlotState, within: float = SOON) -> None:
        """Wait for a state."""
        async with asyncio.timeout(within):
            while self.slot.state is not state:
                self._told.clear()
                await self._told.wait()


@contextlib.asynccontextmanager
async def another_program(*commands: str) -> AsyncIterator[list[str]]:
    """Hold the card as a program that shares it would, and give its answers; the card keeps its power afterwards."""

    def ask() -> tuple[int, int, list[str]]:
        _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        code, card, protocol = scard.SCardConnect(
            context, "Virtual PCD 00 00", scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T1
        )
        assert code == scard.SCARD_S_SUCCESS, scard.SCardGetErrorMessage(code)
        answers = [scard.SCardTransmit(card, protocol, list(bytes.fromhex(one)))[1] for one in commands]
        return context, card, [bytes(one).hex() for one in answers]

    # In a thread: the card lives in this loop.
    context, card, answers = await asyncio.to_thread(ask)
    try:
        yield answers
    finally:
        scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
        scard.SCardReleaseContext(context)


@contextlib.asynccontextmanager
async def running(trust: Trust, limits: Limits | None = None) -> AsyncIterator[Box]:
    box = Box(trust, limits)
    await box.slot.start()
    try:
        yield box
    finally:
        await box.slot.stop()
        assert not [one.name for one in threading.enumerate() if one.name.startswith("card")]


@pytest.fixture
async def box(trust: Trust, pcscd: Pcscd) -> AsyncIterator[Box]:
    async with running(trust) as it:
        yield it


async def put_in(tray: Tray, box: Box, profile: str = "new") -> None:
    await tray.insert(profile)
    await box.reaches(SlotState.PRESENT)


async def test_a_sign_in_takes_five_commands_and_ends_without_power(tray: Tray, box: Box) -> None:
    await put_in(tray, box)
    seen = []
    signature = await box.slot.authenticate(entry(RIGHT), lambda it: seen.append(it) or PAYLOAD, expected_tries=3)
    commands = tray.recorder.commands
    assert [one[:8] for one in commands] == ["00a4040c", "00b08a00", "00200098", "00200098", "802a0097"]
    assert len(signature) == 256
    assert seen[0].verifies(signature, PAYLOAD)
    assert not seen[0].verifies(signature, PAYLOAD + b" ")
    # Whoever comes next finds the card without power, so the PIN is wanted again.
    async with another_program(SELECT, f"802a009733{DIGEST_INFO}00") as answers:
        assert answers == ["9000", "6982"]


async def test_the_certificate_is_read_once_for_each_insertion(tray: Tray, box: Box) -> None:
    await put_in(tray, box)
    first = await box.slot.identify()
    assert len(tray.recorder.commands) == 2
    assert await box.slot.identify() is first
    await box.slot.authenticate(entry(RIGHT), PAYLOAD)
    assert len(tray.recorder.commands) == 2 + 4
    await tray.pull()
    await box.reaches(SlotState.ABSENT)
    with pytest.raises(errors.NoCard):
        await box.slot.identify()
    await put_in(tray, box, "linked")
    second = await box.slot.identify()
    assert second.link_handle(b"k") != first.link_handle(b"k")


@pytest.mark.parametrize(
    ("quirks", "first", "again"),
    [
        (Quirks(), 5, 5),
        (Quirks(mute_first=True), 6, 6),
        (Quirks(extended=False), 12, 11),
        (Quirks(extended=False, exact_le=True), 12, 11),
        (Quirks(sfi=False), 11, 8),
        (Quirks(sfi=False, extended=False), 18, 14),
    ],
)
async def test_cards_that_lack_something_are_learned(
    tray: Tray, box: Box, quirks: Quirks, first: int, again: int
) -> None:
    tray.quirks(quirks)
    for expected in (first, again):
        await put_in(tray, box)
        before = len(tray.recorder.commands)
        await box.slot.authenticate(entry(RIGHT), PAYLOAD)
        assert len(tray.recorder.commands) - before == expected
        await tray.pull()
        await box.reaches(SlotState.ABSENT)


async def test_a_wrong_pin_costs_one_try_and_the_right_one_restores_them(tray: Tray, box: Box) -> None:
    await put_in(tray, box)
    assert await box.slot.tries() == 3
    pin = entry(WRONG)
    with pytest.raises(errors.PinWrong) as wrong:
        await box.slot.authenticate(pin, PAYLOAD, expected_tries=3)
    assert (wrong.value.left, len(pin)) == (2, 0)
    with pytest.raises(errors.PinChanged):
        await box.slot.authenticate(entry(RIGHT), PAYLOAD, expected_tries=3)
    assert await box.slot.tries() == 2
    await box.slot.authenticate(entry(RIGHT), PAYLOAD, expected_tries=2)
    assert await box.slot.tries() == 3
    assert sum(one[:10] == "0020009804" for one in tray.recorder.commands) == 2


@pytest.mark.parametrize("quirks", [Quirks(), Quirks(blocked_as_63c0=True), Quirks(sfi=False)])
async def test_the_last_wrong_pin_blocks_and_then_nothing_is_sent(tray: Tray, box: Box, quirks: Quirks) -> None:
    tray.quirks(quirks)
    await put_in(tray, box)
    tray.tries(Tries(authentication=1))
    with pytest.raises(errors.PinBlocked):
        await box.slot.authenticate(entry(WRONG), PAYLOAD)
    with pytest.raises(errors.PinBlocked):
        await box.slot.tries()
    sent = len(tray.recorder.commands)
    with pytest.raises(errors.PinBlocked):
        await box.slot.authenticate(entry(RIGHT), PAYLOAD)
    assert not [one for one in tray.recorder.commands[sent:] if one[2:4] == VERIFY and len(one) > 8]


async def test_an_expired_certificate_is_named_before_any_pin(tray: Tray, box: Box) -> None:
    await put_in(tray, box, "expired")
    with pytest.raises(errors.CertificateExpired):
        await box.slot.authenticate(entry(RIGHT), PAYLOAD)
    # SELECT and the certificate, then the label and what the card says it has.
    assert [one[:8] for one in tray.recorder.commands] == ["00a4040c", "00b08a00", "00b08600", "00b08800"]
    box.now = NOW - timedelta(days=365 * 30)
    with pytest.raises((errors.CertificateNotYet, errors.CertificateUntrusted)):
        await box.slot.identify()


async def test_a_production_box_takes_no_test_card(tray: Tray, pcscd: Pcscd, folder: Path, trust: Trust) -> None:
    with pytest.raises(errors.AnchorsMixed):
        Trust.load([folder / "anchor"], Environment.PRODUCTION)
    issuer = Issuer(NOW)
    production = Trust((Pinned(issuer.certificate, Environment.PRODUCTION),))
    await tray.insert("new")
    for pinned, error in ((production, errors.TestCard), (Trust(()), errors.CertificateUntrusted)):
        async with running(pinned) as box:
            await box.reaches(SlotState.PRESENT)
            with pytest.raises(error):
                await box.slot.identify()


async def identify_and_ask(box: Box) -> None:
    """Do what comes before a PIN is asked for."""
    await box.slot.identify()
    await box.slot.tries()


@dataclass(frozen=True)
class Odd:
    """What a card says it is and has, the PIN's tries, and whether its certificate can be read."""

    label: bytes
    availability: bytes = b"\x8f\x8f\x00"
    tries: int = 3
    readable: bool = True
    identity: str = "new"


@pytest.mark.parametrize("sfi", [True, False])
@pytest.mark.parametrize(
    ("odd", "error"),
    [
        (Odd(b"JPKIAPICCTOKEN", readable=False), errors.ResidentRegisterCard),
        (Odd(b"JPKIAPGPSETOKEN", readable=False), errors.AndroidToken),
        (Odd(b"JPKIAPIOSTOKEN", readable=False), errors.IphoneToken),
        (Odd(b"JPKIAPICCTOKEN2", bytes(3), readable=False), errors.CertificateAbsent),
        (Odd(b"JPKIAPICCTOKEN2", b"\0\x8f\0", identity="expired"), errors.CertificateMinor),
        (Odd(b"JPKIAPICCTOKEN2", b"\0\x8f\0", tries=0), errors.PinUnusable),
        (Odd(b"JPKIAPICCTOKEN2", tries=0), errors.PinBlocked),
        (Odd(b"JPKIAPICCTOKEN2", identity="expired"), errors.CertificateExpired),
    ],
    ids=lambda it: it.__name__ if isinstance(it, type) else "",
)
async def test_every_kind_of_card_has_its_own_name(
    pcscd: Pcscd, box: Box, folder: Path, odd: Odd, error: type[errors.CardError], sfi: bool
) -> None:
    profile = Profile(odd.identity, tries=odd.tries, label=odd.label, availability=odd.availability)
    applications = dict(profile.applications(folder, NOW, RIGHT.encode()))
    if not odd.readable:
        jpki = dict(applications[files.JPKI])
        jpki[files.AUTHENTICATION_CERTIFICATE] = files.Binary(b"0", guard=files.AUTHENTICATION_PIN)
        applications[files.JPKI] = jpki
    recorder = Recorder(lambda: NOW)
    slot = CardSlot(Card(applications, Quirks(sfi=sfi)), Script(), recorder, lambda: None)
    held = asyncio.create_task(VirtualReader("127.0.0.1", pcscd.port).hold(slot, asyncio.Event()))
    try:
        await box.reaches(SlotState.PRESENT)
        with pytest.raises(error) as caught:
            await identify_and_ask(box)
        assert type(caught.value) is error
    finally:
        held.cancel()
        await asyncio.wait([held])
    assert not recorder.forbidden
    assert not [one for one in recorder.commands if one[2:4] == VERIFY and len(one) > 8]


async def test_a_card_left_verified_by_another_program_is_asked_again_without_power(tray: Tray, box: Box) -> None:
    await put_in(tray, box)
    async with another_program(SELECT, "002000980431323334", "00200098") as answers:
        assert answers == ["9000", "9000", "9000"]
        with pytest.raises(errors.Busy):
            await box.slot.tries()
    assert await box.slot.tries() == 3


@pytest.mark.parametrize("accident", [Accident.PULL_BEFORE, Accident.PULL_INSIDE])
@pytest.mark.parametrize("command", [1, 2, 3, 4, 5])
async def test_a_card_pulled_at_any_command_is_one_clean_event(
    tray: Tray, box: Box, accident: Accident, command: int
) -> None:
    await put_in(tray, box)
    tray.fault(Fault(do=accident, at=command))
    pin = entry(RIGHT)
    with pytest.raises(errors.Removed):
        await asyncio.wait_for(box.slot.authenticate(pin, PAYLOAD), 3)
    assert len(pin) == 0
    assert sum(one[:10] == "0020009804" for one in tray.recorder.commands) <= 1
    await box.reaches(SlotState.ABSENT)
    await put_in(tray, box)
    assert await box.slot.tries() == 3
    await box.slot.authenticate(entry(RIGHT), PAYLOAD)


@pytest.mark.parametrize("instruction", [VERIFY, SIGN])
async def test_a_card_that_never_answers_is_given_up_and_comes_back(
    tray: Tray, pcscd: Pcscd, trust: Trust, instruction: str
) -> None:
    limits = Limits(command=0.3, sign=0.3)
    async with running(trust, limits) as box:
        await put_in(tray, box)
        await box.slot.identify()
        # The first command with VERIFY's instruction is the query.
        tray.fault(Fault(do=Accident.SLOW, ins=instruction, at=2 if instruction == VERIFY else 1, seconds=2.5))
        pin, begun = entry(RIGHT), time.monotonic()
        with pytest.raises(errors.Timeout):
            await box.slot.authenticate(pin, PAYLOAD)
        assert time.monotonic() - begun < 2.4, "told before the card answered"
        assert len(pin) == 0
        with pytest.raises(errors.Timeout):  # the thread is still waiting for the card
            await box.slot.tries()
        await asyncio.sleep(2)
        assert await box.slot.tries() == 3
        # After the limit nothing more of that sign-in was sent.
        after = [one for one in tray.recorder.commands if one[2:4] == SIGN]
        assert len(after) == (0 if instruction == VERIFY else 1)
        await box.slot.authenticate(entry(RIGHT), PAYLOAD)


async def test_a_cancelled_sign_in_shows_no_pin_and_leaves_no_power(tray: Tray, box: Box) -> None:
    await put_in(tray, box)
    await box.slot.identify()
    tray.fault(Fault(do=Accident.SLOW, ins="a4", seconds=0.5))
    pin = entry(RIGHT)
    task = asyncio.create_task(box.slot.authenticate(pin, PAYLOAD))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(pin) == 0
    assert await box.slot.tries() == 3
    assert not [one for one in tray.recorder.commands if one[2:4] == VERIFY and len(one) > 8]


async def test_a_service_that_ends_and_comes_back_is_picked_up(folder: Path, trust: Trust) -> None:
    with private_pcscd() as first:
        first.adopt()
        async with Tray(folder, clock=lambda: NOW, port=first.port) as tray, running(trust) as box:
            await put_in(tray, box)
            tray.fault(Fault(do=Accident.SLOW, ins=SIGN, seconds=1.0))
            signing = asyncio.create_task(box.slot.authenticate(entry(RIGHT), PAYLOAD))
            await asyncio.sleep(0.5)
            os.kill(first.pid, signal.SIGKILL)
            with pytest.raises((errors.Removed, errors.ServiceMissing)):
                await asyncio.wait_for(signing, 3)
            await box.reaches(SlotState.NO_SERVICE)
            assert diagnose()[0].state is SlotState.NO_SERVICE
            with private_pcscd(first.port) as second:
                second.adopt()
                await box.reaches(SlotState.PRESENT, within=SOON + 2)  # the card, too, has to find the daemon
                await box.slot.authenticate(entry(RIGHT), PAYLOAD)
                assert box.states.count(SlotState.NO_SERVICE) == 1


async def test_of_two_readers_the_one_with_a_card_wins(pcscd: Pcscd, folder: Path, box: Box) -> None:
    await box.reaches(SlotState.ABSENT)
    async with (
        Tray(folder, clock=lambda: NOW, port=pcscd.port) as left,
        Tray(folder, clock=lambda: NOW, port=pcscd.port + 1) as right,
    ):
        await put_in(right, box, "linked")
        handle = (await box.slot.identify()).link_handle(b"k")
        await left.insert("new")
        await asyncio.sleep(1)
        assert (await box.slot.identify()).link_handle(b"k") == handle
        await right.pull()
        await asyncio.sleep(1)
        await box.reaches(SlotState.PRESENT)
        assert (await box.slot.identify()).link_handle(b"k") != handle
        assert SlotState.ABSENT in box.states[1:]


async def test_diagnose_looks_once_and_touches_no_card(tray: Tray, box: Box) -> None:
    await put_in(tray, box)
    sight, names = await asyncio.to_thread(diagnose)
    assert sight.error() is None
    assert names == ("Virtual PCD 00 00", "Virtual PCD 00 01")
    assert tray.recorder.commands == []

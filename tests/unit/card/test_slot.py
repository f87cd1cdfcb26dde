"""The slot's promises in time: limits, one stuck call, removal; with a source in memory."""

import asyncio
import queue
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from stb_agent.card import errors
from stb_agent.card.connection import Limits
from stb_agent.card.pin import Pin
from stb_agent.card.reader import Sight, SlotState
from stb_agent.card.slot import Slot

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LIMITS = Limits(connect=0.2, command=0.2, whole_file=0.2, sign=0.4, settle=0.1)
SELECT, QUERY, VERIFY, SIGN = "00A4040C", "00200098", "0020009804", "802A0097"


class Source:
    """Sights that the test puts in; connects to one reader."""

    def __init__(self, reader) -> None:
        self.reader = reader
        self.sight: queue.SimpleQueue[Sight | None] = queue.SimpleQueue()
        self.connects = 0

    def sights(self) -> Iterator[Sight]:
        while sight := self.sight.get():
            yield sight

    def stop(self) -> None:
        self.sight.put(None)

    def connect(self, name: str):
        self.connects += 1
        return self.reader


class Stuck:
    """An answer that waits until it is let go."""

    def __init__(self, answer: object) -> None:
        self.begun, self.free = threading.Event(), threading.Event()
        self._answer = answer

    def __call__(self, command: bytes):
        self.begun.set()
        assert self.free.wait(10)
        return self._answer(command) if callable(self._answer) else bytes.fromhex(self._answer)


@pytest.fixture
def pin() -> Pin:
    it = Pin()
    for digit in (0, 1, 2, 9):
        it.append(digit)
    return it


@pytest.fixture
def table(make) -> dict[str, object]:
    return {SELECT: "9000", "00B08A": make() + b"\x90\x00", QUERY: "63C3", VERIFY: "9000", SIGN: make.sign}


@pytest.fixture
async def slot(make, reader, table):
    card = reader(table)
    it = Slot(Source(card), make.trust(), lambda: NOW, lambda state: None, LIMITS)
    it._source.sight.put(Sight(SlotState.PRESENT, "table", 1))
    await it.start()
    yield it
    for answer in table.values():
        if isinstance(answer, Stuck):
            answer.free.set()
    await it.stop()
    assert not [one for one in threading.enumerate() if one.name.startswith("card")]


def card(slot: Slot):
    return slot._source.reader


async def sees(slot: Slot, sight: Sight) -> None:
    slot._source.sight.put(sight)
    while slot.state is not sight.state:
        await asyncio.sleep(0.005)


async def test_a_sign_in(slot, pin):
    assert len(await slot.authenticate(pin, b"data", 3)) == 256
    assert [one[:8] for one in card(slot).commands] == [SELECT, "00B08A00", QUERY, QUERY, SIGN, "unpower"]
    assert len(pin) == 0


@pytest.mark.parametrize("command", [SELECT, "00B08A", QUERY, VERIFY, SIGN])
async def test_a_stuck_call_is_told_in_time_and_ends_alone(slot, table, pin, command):
    stuck = Stuck(table[command] if not isinstance(table[command], bytes) else "6A82")
    card(slot).table[bytes.fromhex(command)] = stuck
    table["stuck"] = stuck
    begun = asyncio.get_running_loop().time()
    with pytest.raises(errors.Timeout):
        await slot.authenticate(pin, b"data")
    assert asyncio.get_running_loop().time() - begun < LIMITS.sign + 0.3
    assert len(pin) == 0
    with pytest.raises(errors.Timeout):
        await slot.tries()
    assert slot._source.connects == 1
    sent = list(card(slot).commands)
    stuck.free.set()
    # The abandoned job sends nothing more, and takes the power.
    card(slot).table[bytes.fromhex(command)] = table[command]
    assert await slot.tries() == 3
    assert card(slot).commands[len(sent)] == "unpower"


async def test_a_removal_ends_the_waiting_at_once(slot, table, pin):
    stuck = table["stuck"] = Stuck("9000")
    card(slot).table[bytes.fromhex(VERIFY)] = stuck
    task = asyncio.create_task(slot.authenticate(pin, b"data"))
    await asyncio.to_thread(stuck.begun.wait, 2)
    await sees(slot, Sight(SlotState.ABSENT, "table"))
    with pytest.raises(errors.Removed):
        await asyncio.wait_for(task, 0.1)
    assert len(pin) == 0
    with pytest.raises(errors.NoCard):
        await slot.identify()
    stuck.free.set()
    await sees(slot, Sight(SlotState.PRESENT, "table", 2))
    assert await slot.tries() == 3
    assert not any(one.startswith(SIGN) for one in card(slot).commands)


@pytest.mark.parametrize(("seen", "error"), [(True, errors.Removed), (False, errors.ExchangeFailed)])
async def test_a_failed_exchange_that_was_a_removal_is_called_one(slot, pin, seen, error):
    def fail(command: bytes):
        if seen:
            slot._source.sight.put(Sight(SlotState.ABSENT, "table"))
        raise errors.ExchangeFailed

    card(slot).table[bytes.fromhex(QUERY)] = fail
    with pytest.raises(error):
        await slot.authenticate(pin, b"data")
    assert len(pin) == 0


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (SlotState.NO_SERVICE, errors.ServiceMissing),
        (SlotState.DENIED, errors.Denied),
        (SlotState.NO_READER, errors.NoReader),
        (SlotState.ABSENT, errors.NoCard),
        (SlotState.MUTE, errors.Mute),
    ],
)
async def test_without_a_card_the_state_is_the_error_and_the_pin_is_zeroed(slot, pin, state, error):
    await sees(slot, Sight(state))
    with pytest.raises(error):
        await slot.authenticate(pin, b"data")
    assert len(pin) == 0
    for verb in (slot.identify, slot.tries):
        with pytest.raises(error):
            await verb()
    assert card(slot).commands == []


async def test_after_a_wrong_pin_the_certificate_is_known(slot, table, pin):
    card(slot).table[bytes.fromhex(VERIFY)] = "63C2"
    with pytest.raises(errors.PinWrong):
        await slot.authenticate(pin, b"data")
    sent = len(card(slot).commands)
    await slot.identify()
    assert len(card(slot).commands) == sent


async def test_an_incomplete_pin_touches_no_card(slot, pin):
    pin.pop()
    with pytest.raises(errors.PinFormat):
        await slot.authenticate(pin, b"data")
    assert (len(pin), card(slot).commands) == (0, [])


async def test_a_payload_that_fails_costs_no_try(slot, pin):
    def payload(certificate):
        raise KeyError("nonce")

    with pytest.raises(KeyError):
        await slot.authenticate(pin, payload)
    assert not any(one.startswith(VERIFY) for one in card(slot).commands)
    assert card(slot).commands[-1] == "unpower"
    assert len(pin) == 0


@pytest.mark.parametrize("answers", [["9000", "63C2"], ["9000"]])
async def test_a_card_found_verified_loses_its_power_and_is_asked_again(slot, answers):
    card(slot).table[bytes.fromhex(QUERY)] = list(answers)
    if len(answers) == 2:
        assert await slot.tries() == 2
    else:
        with pytest.raises(errors.UnexpectedStatus):
            await slot.tries()
    assert [one[:8] for one in card(slot).commands] == [SELECT, QUERY, "unpower"] * 2


async def test_a_reader_that_never_answers_keeps_no_other_from_working(make, reader, table):
    stuck = Stuck("9000")
    left, right = reader({**table, SELECT: stuck}), reader(table)
    source = Source(left)
    source.connect = lambda name: {"left": left, "right": right}[name]
    slot = Slot(source, make.trust(), lambda: NOW, lambda state: None, LIMITS)
    source.sight.put(Sight(SlotState.PRESENT, "left", 1))
    await slot.start()
    try:
        with pytest.raises(errors.Timeout):
            await slot.tries()
        await sees(slot, Sight(SlotState.ABSENT, "right"))
        await sees(slot, Sight(SlotState.PRESENT, "right", 2))
        for _ in range(3):
            assert await slot.tries() == 3
        await sees(slot, Sight(SlotState.ABSENT, "left"))
        await sees(slot, Sight(SlotState.PRESENT, "left", 3))
        with pytest.raises(errors.Timeout):
            await slot.tries()
        # One thread for the stuck call, however often it is tried; the idle one of the other reader has ended.
        assert [one.name for one in threading.enumerate()].count("card") <= 2
        stuck.free.set()
        left.table[bytes.fromhex(SELECT)] = "9000"
        assert await slot.tries() == 3
    finally:
        stuck.free.set()
        await slot.stop()
    assert not [one for one in threading.enumerate() if one.name.startswith("card")]


async def test_a_card_with_a_key_of_the_future_is_recognised_and_asked_for_no_pin(make, reader, table, pin):
    der = make(key=make.ec_key)
    card = reader({**table, "00B08A": der + b"\x90\x00"})
    slot = Slot(Source(card), make.trust(), lambda: NOW, lambda state: None, LIMITS)
    slot._source.sight.put(Sight(SlotState.PRESENT, "table", 1))
    await slot.start()
    try:
        with pytest.raises(errors.KeyUnsupported):
            await slot.authenticate(pin, b"data")
        assert (await slot.identify()).days_left(NOW) == 30
        with pytest.raises(errors.KeyUnsupported):
            await slot.tries()
    finally:
        await slot.stop()
    assert not [one for one in card.commands if one[2:4] in ("20", "2A")]


async def test_a_stop_during_a_stuck_call_waits_its_patience_only(make, reader, table):
    stuck = Stuck("9000")
    slot = Slot(Source(reader({**table, SELECT: stuck})), make.trust(), lambda: NOW, lambda state: None, LIMITS)
    slot._source.sight.put(Sight(SlotState.PRESENT, "table", 1))
    await slot.start()
    task = asyncio.create_task(slot.tries())
    await asyncio.to_thread(stuck.begun.wait, 2)
    await asyncio.wait_for(slot.stop(), 1)
    with pytest.raises(errors.Removed):
        await task
    stuck.free.set()
    for thread in threading.enumerate():
        if thread.name == "card":
            thread.join(2)
            assert not thread.is_alive()

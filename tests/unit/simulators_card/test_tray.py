import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from simulators.card import PROFILES, Card, Fault, Link, Recorder, Tray, Tries, control
from simulators.card.faults import Accident, Script
from simulators.card.slot import Slot
from simulators.card.vpcd import Pulled

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
NOBODY = 1  # a port at which no reader listens: the tray then waits
AP = bytes.fromhex("00A4040C0AD392F000260100000001")
WRONG = bytes.fromhex("002000980430303030")
QUERY = bytes.fromhex("00200098")


@pytest.fixture
async def tray(folder: Path) -> AsyncIterator[Tray]:
    async with Tray(folder, clock=lambda: NOW, port=NOBODY) as it:
        yield it


def slot(card: Card, *faults: Fault) -> tuple[Slot, Recorder]:
    script, recorder = Script(), Recorder(lambda: NOW)
    for fault in faults:
        script.add(fault)
    return Slot(card, script, recorder, lambda: None), recorder


async def ask(tray: Tray, **request: Any) -> dict[str, Any]:
    return await control.answer(tray, json.dumps(request).encode())


async def test_insert_and_pull(tray: Tray) -> None:
    assert tray.state().inserted is None
    await tray.insert("new")
    assert tray.state().inserted == "new"
    assert tray.state().tries == Tries(3, 5)
    await tray.insert("blocked")
    assert tray.state().tries == Tries(0, 5)
    await tray.pull()
    assert tray.state().inserted is None


async def test_requests(tray: Tray) -> None:
    assert (await ask(tray, insert="nobody"))["code"] == "card.profile"
    assert (await ask(tray, tries={"authentication": 1}))["code"] == "card.absent"
    assert (await ask(tray, insert="new"))["inserted"] == "new"
    assert (await ask(tray, tries={"authentication": 1}))["tries"] == Tries(1, 5)
    assert (await ask(tray, quirks={"sfi": False}))["ok"]
    assert (await ask(tray, pull=True))["inserted"] is None
    reply = await ask(tray, state=True)
    assert reply["profiles"] == sorted(PROFILES)
    assert await ask(tray, record=True) == {"ok": True, "record": [], "forbidden": 0}


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b"[]", b'{"pull":true,"state":true}', b'{"pin":"1234","pull":true}', b'{"eat":true}',
     b'{"fault":{"do":"melt"}}', b'{"fault":{"do":"cut","at":0}}', b'{"fault":{"do":"cut","ins":"2a2a"}}',
     b'{"fault":{"do":"answer","answer":"9"}}', b'{"quirks":{"atr":""}}', b'{"quirks":{"sfi":1}}'],
)  # fmt: skip
async def test_bad_requests_are_refused(tray: Tray, line: bytes) -> None:
    reply = await control.answer(tray, line)
    assert (reply["ok"], reply["code"]) == (False, "card.request")


async def test_counters_live_in_the_folder_if_wanted(folder: Path, tmp_path: Path) -> None:
    async with Tray(tmp_path, clock=lambda: NOW, port=NOBODY, keep_tries=True) as first:
        await first.insert("new")
        first.tries(Tries(authentication=2))
    async with Tray(tmp_path, clock=lambda: NOW, port=NOBODY, keep_tries=True) as second:
        await second.insert("new")
        assert second.state().tries == Tries(2, 5)


@pytest.mark.parametrize(
    ("accident", "executed", "recorded", "answer"),
    [
        (Accident.PULL_BEFORE, False, False, None),
        (Accident.PULL_INSIDE, True, True, None),
        (Accident.PULL_AFTER, True, True, "63c2"),
    ],
)
async def test_pulled(
    make_card: Callable[..., Card], accident: Accident, executed: bool, recorded: bool, answer: str | None
) -> None:
    card = make_card()
    it, recorder = slot(card, Fault(do=accident, ins="20"))
    await it.transmit(AP)
    with pytest.raises(Pulled) as pulled:
        await it.transmit(WRONG)
    assert pulled.value.answer == (None if answer is None else bytes.fromhex(answer))
    assert card.execute(QUERY).hex() == ("63c2" if executed else "63c3")
    assert len(recorder.exchanges) == 1 + recorded
    assert not recorded or recorder.exchanges[-1].answer == answer


async def test_a_fault_comes_once_at_its_command(make_card: Callable[..., Card]) -> None:
    it, _ = slot(make_card(), Fault(do=Accident.ANSWER, at=2, answer="6f00"))
    assert [(await it.transmit(AP)).hex() for _ in range(3)] == ["9000", "6f00", "9000"]


async def test_cut(make_card: Callable[..., Card]) -> None:
    it, _ = slot(make_card(), Fault(do=Accident.CUT, ins="b0", keep=5))
    await it.transmit(AP)
    assert len(await it.transmit(bytes.fromhex("00B08A0000"))) == 5 + 2


async def test_truncated(make_card: Callable[..., Card]) -> None:
    it, recorder = slot(make_card(), Fault(do=Accident.TRUNCATE, ins="b0", keep=1))
    await it.transmit(AP)
    assert len(await it.transmit(bytes.fromhex("00B08A0000"))) == 1
    assert recorder.exchanges[-1].answer == "30"


async def test_a_replayed_signature(make_card: Callable[..., Card]) -> None:
    it, _ = slot(make_card(), Fault(do=Accident.REPLAY, ins="2a", at=2))
    await it.transmit(AP)
    await it.transmit(bytes.fromhex("002000980431323334"))
    first, replayed, third = [await it.transmit(bytes.fromhex(f"802A009701{n:02X}00")) for n in range(3)]
    assert first == replayed != third


async def test_a_link_takes_its_time(make_card: Callable[..., Card]) -> None:
    link = Link(bits_per_second=106_000, turnaround=0.01, rsa=0.05)
    it = Slot(make_card(), Script(), Recorder(lambda: NOW), lambda: None, link)
    commands = [AP, bytes.fromhex("002000980431323334"), bytes.fromhex("802A0097014100")]
    time = asyncio.get_running_loop().time
    for command, most in zip(commands, (0.012, 0.012, 0.012 + 0.02 + 0.05), strict=True):
        start = time()
        answer = await it.transmit(command)
        least = 0.01 + (len(command) + len(answer)) * 8 / 106_000 + (0.05 if len(answer) == 258 else 0)
        assert time() - start >= least - 1e-3
        assert least < most


@pytest.mark.parametrize("bad", [{"bits_per_second": 0}, {"turnaround": -1}, {"rsa": -0.1}])
def test_a_link_that_cannot_be(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="positive"):
        Link(**bad)


async def test_a_card_of_another_kind_has_no_counters(tray: Tray) -> None:
    await tray.insert("other", pin="0000")
    tray.tries(Tries(authentication=1))
    assert tray.state().tries == Tries()


async def test_a_card_pulled_by_hand_while_slow_has_done_it(make_card: Callable[..., Card]) -> None:
    card = make_card()
    it, recorder = slot(card, Fault(do=Accident.SLOW, seconds=60, ins="20"))
    await it.transmit(AP)
    task = asyncio.create_task(it.transmit(WRONG))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert card.execute(QUERY).hex() == "63c2"
    assert recorder.exchanges[-1].answer is None


@pytest.mark.parametrize(
    ("command", "forbidden"),
    [
        ("00A4040C0AD3921000310001010408", True),
        ("00A4040C0AD392100031000101040800", True),
        ("00A404000BD392100031000101040800", False),
        ("00A4040003D39210", True),
        ("00A4040C00000AD3921000310001010402", True),
        ("00A4040C0AD392F000260100000001", False),
        ("00A4020C02000A", False),
        ("00", False),
    ],
)
def test_the_recorder_knows_the_individual_numbers_applications(command: str, forbidden: bool) -> None:
    recorder = Recorder(lambda: NOW)
    recorder.add(bytes.fromhex(command), b"\x90\x00")
    assert len(recorder.forbidden) == forbidden


def test_the_record_can_be_a_file(tmp_path: Path) -> None:
    recorder = Recorder(lambda: NOW, tmp_path / "apdu")
    recorder.add(AP, b"\x90\x00")
    recorder.add(QUERY, None)
    recorder.close()
    lines = [json.loads(line) for line in (tmp_path / "apdu").read_text().splitlines()]
    assert lines[0] == {"time": "2026-11-22T03:00:00Z", "command": AP.hex(), "answer": "9000"}
    assert lines[1]["answer"] is None
    assert (tmp_path / "apdu").stat().st_mode & 0o777 == 0o600

"""The network is cut while the platform holds a poll back (RFC 8936 §2.4): the box notices, no event is lost, none is told twice."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from stb_agent.cable_id import event_stream
from stb_agent.cable_id.listening import LONGEST_S, SHORTEST_S
from stb_agent.store.links import Link
from tests.faults import ends, flows
from tests.faults.box import Box, Town, box_on_a_cable
from tests.faults.cable import Held
from tests.faults.flows import Kept

pytestmark = pytest.mark.asyncio(loop_scope="module")

_PATIENCE_S = 4.0
"""Seconds after which a box takes a held poll for lost here, for 40: a silent cut is noticed by this clock alone."""
_AT_ONCE = 8

Walk = Callable[[Town, Path, Held], Coroutine[None, None, None]]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let boxes notice sooner."""
    monkeypatch.setattr(event_stream, "HELD_SECONDS", _PATIENCE_S)


class _Naps:
    """What a box sleeps between its polls: noted, and short. The cable is mended after its second failure, once somebody is at it."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self.failed: list[float] = []
        self.mending = False

    async def __call__(self, seconds: float) -> None:
        if self._box.cable.down:
            self.failed.append(seconds)
            if len(self.failed) >= 2 and self.mending:
                self._box.cable.mend()
        await asyncio.sleep(0.02)


@asynccontextmanager
async def _held(town: Town, folder: Path) -> AsyncIterator[tuple[Box, Kept]]:
    """Give a box at which a linked person is signed in, and whose poll the platform holds back."""
    async with box_on_a_cable(town, folder) as box:
        kept: Kept = {"ends": [], "naps": _Naps(box)}
        await flows._linked_already(box, kept)
        box.store.links.add(Link(kept["link"], kept["card"].name, "operator", box.clock()))
        await ends._hear_anew(box, kept)
        listening = ends._listening(box, kept, attentive=lambda: not kept["ends"], sleep=kept["naps"])
        task = asyncio.create_task(listening.run())
        try:
            await _is_held(box)
            yield box, kept
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _is_held(box: Box) -> None:
    """Wait until the platform has a poll of this box and does not answer it."""
    ((stream,),) = box.town.rows("platform", "SELECT stream_id FROM streams WHERE jkt = ?", box.jkt)
    async with asyncio.timeout(60):
        while True:
            seen = (await box.town.world.control("platform", "GET", "/_sim/requests"))["requests"]
            polls = [it for it in seen if it["path"].endswith(f"/{stream}")]
            if polls and polls[-1]["status"] is None:
                return
            await asyncio.sleep(0.05)


async def _happen(box: Box, kept: Kept) -> None:
    moved = await box.town.platform("events", {"to": box.jkt, "happening": "address_changed"})
    kept["jtis"] = {*moved["jti"], *await ends._told_of_the_end(box)}
    assert len(kept["jtis"]) == 2


async def _all_taken(box: Box, kept: Kept) -> None:
    """Wait until the platform knows that the box has everything."""
    async with asyncio.timeout(60):
        while True:
            query = "SELECT e.jti FROM security_events e JOIN streams s USING (stream_id) WHERE s.jkt = ? AND e.state = 'taken'"
            taken = {jti for (jti,) in box.town.rows("platform", query, box.jkt)}
            if kept["jtis"] <= taken:
                return
            await asyncio.sleep(0.05)


async def _agree(box: Box, kept: Kept) -> None:
    await ends._hear_anew(box, kept)
    await ends._heard_once(box, kept)
    assert len(kept["naps"].failed) >= 2, "the box noticed"
    for nap in kept["naps"].failed:
        assert SHORTEST_S / 2 <= nap <= LONGEST_S, "it neither hammers nor sleeps on"


async def _told_while_cut(town: Town, folder: Path, how: Held) -> None:
    """What happens reaches the platform's end of a poll that is lost."""
    async with _held(town, folder) as (box, kept):
        box.cable.cut_held(how)
        await _happen(box, kept)
        assert not kept["ends"]
        kept["naps"].mending = True
        await _all_taken(box, kept)
        await _agree(box, kept)


async def _told_later(town: Town, folder: Path, how: Held) -> None:
    """Nothing happens while the poll is lost; the next one is held in its place, and brings what happens then."""
    async with _held(town, folder) as (box, kept):
        kept["naps"].mending = True
        box.cable.cut_held(how)
        async with asyncio.timeout(60):
            while box.cable.down or not box.cable.carrying:
                await asyncio.sleep(0.05)
        assert not kept["ends"]
        await _happen(box, kept)
        await _all_taken(box, kept)
        await _agree(box, kept)


async def test_a_cut_while_a_poll_is_held(town: Town, tmp_path: Path) -> None:
    room = asyncio.Semaphore(_AT_ONCE)

    async def walk(walk: Walk, how: Held) -> None:
        async with room:
            try:
                await walk(town, tmp_path, how)
            except Exception as error:
                error.add_note(f"{walk.__name__}: {how.value}")
                raise

    walks: list[tuple[Walk, Held]] = [(_told_while_cut, how) for how in Held]
    walks += [(_told_later, how) for how in Held if not how.halved]
    found = await asyncio.gather(*itertools.starmap(walk, walks), return_exceptions=True)
    wrong = [it for it in found if isinstance(it, Exception)]
    if wrong:
        raise ExceptionGroup(f"{len(wrong)} of {len(found)} cuts", wrong)

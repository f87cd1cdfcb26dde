"""Ten thousand boxes that failed together do not come back together, and none before it was asked to."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from stb_agent import reset
from stb_agent.cable_id import registration
from stb_agent.cable_id.backing_off import asked_for, later
from stb_agent.cable_id.errors import PlatformBusy, PlatformUnreachable

BOXES = 10_000
LOWEST, HIGHEST = (lambda n: bytes(n)), (lambda n: b"\xff" * n)


def test_each_failure_doubles_what_is_drawn_from_and_an_hour_is_the_most():
    waits = [later(n, first=15, longest=3600, random=HIGHEST) for n in range(1, 12)]
    assert waits[:4] == pytest.approx([15, 30, 60, 120])
    assert waits[-1] == pytest.approx(3600)
    assert later(10**6, first=15, longest=3600, random=HIGHEST) == pytest.approx(3600)
    assert [later(n, first=15, longest=3600, random=LOWEST, at_least=1) for n in (1, 9)] == [1, 1]


def test_nobody_comes_before_the_platform_asked_and_few_in_the_same_second():
    draw = random.Random(7).randbytes
    asked = [later(1, first=15, longest=3600, random=draw, asked=120) for _ in range(BOXES)]
    assert min(asked) >= 120
    assert max(asked) <= 150
    assert max(Counter(int(it) for it in asked).values()) < BOXES / 20
    assert later(1, first=15, longest=3600, random=HIGHEST, asked=1e12) <= 4500, "believed up to an hour"
    assert asked_for(2, LOWEST) == 2


class Registers:
    """A registrar whose platform does not answer, then is busy."""

    def __init__(self) -> None:
        self._left: list[Exception] = [PlatformUnreachable(), PlatformUnreachable(), PlatformBusy(40.0)]

    async def register(self, statement: str) -> None:
        if self._left:
            raise self._left.pop(0)


async def waits_of(run: Callable[..., object]) -> list[list[float]]:
    found = []
    for box in range(300):
        waits: list[float] = []

        async def sleep(seconds: float, waits: list[float] = waits) -> None:
            waits.append(seconds)

        await run(sleep, random.Random(box).randbytes)  # type: ignore[misc]
        found.append(waits)
    return found


def spread(waits: list[list[float]]) -> None:
    for attempt, most in enumerate((15, 30)):
        here = [it[attempt] for it in waits]
        assert max(Counter(int(it) for it in here).values()) < len(here) / 4, "no second has a quarter of them"
        assert 1 <= min(here) <= max(here) <= most
    assert all(40 <= it[2] <= 60 for it in waits), "not before it was asked"
    assert len({it[2] for it in waits}) > len(waits) / 2


async def test_boxes_that_register_spread(tmp_path: Path):
    (tmp_path / "statement.jwt").write_text("a.b.c")

    async def run(sleep: object, draw: object) -> None:
        await registration.until_registered(Registers(), str(tmp_path / "statement.jwt"), sleep, draw)  # type: ignore[arg-type]

    spread(await waits_of(run))


async def test_boxes_that_began_anew_spread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async def run(sleep: object, draw: object) -> None:
        platform, waiting = Registers(), tmp_path / "reset-notice.00000001"
        waiting.write_bytes(b"{}")

        async def deliver_all(*_: object) -> bool:
            await platform.register("")
            waiting.unlink()
            return True

        monkeypatch.setattr(reset, "deliver_all", deliver_all)
        await reset.until_delivered(tmp_path, None, None, draw, sleep)  # type: ignore[arg-type]

    spread(await waits_of(run))

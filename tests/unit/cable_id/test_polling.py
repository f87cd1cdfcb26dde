"""Asking until somebody has decided: how often, how long, and what is waited out (RFC 8628 §3.5)."""

from __future__ import annotations

import asyncio

import pytest

from stb_agent.cable_id.errors import PlatformBusy, PlatformUnreachable, RequestDenied, RequestExpired
from stb_agent.cable_id.polling import LONGEST_INTERVAL, SlowDown, StillPending, poll


def waits(*answers: Exception | str, interval: float = 5.0, life: float = 600.0) -> tuple[object, list[float]]:
    """Poll with these answers; gives what came of it, and how long it waited before each question."""
    now, slept, left = 0.0, [], list(answers)

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        slept.append(seconds)

    async def ask() -> str:
        answer = left.pop(0) if left else StillPending()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def run() -> object:
        try:
            return await poll(ask, interval=interval, expires_at=life, clock=lambda: now, sleep=sleep)
        except Exception as error:
            return type(error)

    return asyncio.run(run()), slept


def test_patience() -> None:
    assert waits(StillPending(), StillPending(), "yes") == ("yes", [5, 5, 5])


def test_slow_down_counts_for_good_and_adds_up() -> None:
    assert waits(SlowDown(), StillPending(), SlowDown(), "yes") == ("yes", [5, 10, 10, 15])


def test_silence_is_asked_half_as_often_each_time_up_to_a_minute() -> None:
    came, slept = waits(*[PlatformUnreachable()] * 6, "yes")
    assert (came, slept) == ("yes", [5, 10, 20, 40, LONGEST_INTERVAL, LONGEST_INTERVAL, LONGEST_INTERVAL])


@pytest.mark.parametrize(("after", "waited"), [(30.0, 30.0), (1.0, 5.0), (None, 5.0)])
def test_busy_is_waited_out_once(after: float | None, waited: float) -> None:
    assert waits(PlatformBusy(after), StillPending(), "yes") == ("yes", [5, waited, 5])


def test_the_end_of_the_time_ends_it_without_a_question() -> None:
    came, slept = waits(life=12.0)
    assert (came, slept) == (RequestExpired, [5, 5, 5])


@pytest.mark.parametrize("error", [RequestDenied(), RequestExpired(), ValueError()])
def test_what_is_settled_is_settled(error: Exception) -> None:
    assert waits(StillPending(), error, "yes") == (type(error), [5, 5])

"""Ask again and again until somebody elsewhere has decided, as politely as RFC 8628 §3.5 and CIBA Core 1.0 §11 want it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TypeVar

from stb_agent.cable_id.errors import PlatformBusy, PlatformUnreachable, RequestExpired

T = TypeVar("T")

Sleep = Callable[[float], Awaitable[object]]
"""Wait that many seconds."""

DEFAULT_INTERVAL = 5.0
"""RFC 8628 §3.2 and CIBA Core 1.0 §7.3: where the server names none."""
SLOWER = 5.0
"""What slow_down adds for good."""
LONGEST_INTERVAL = 60.0


async def until_woken(woken: asyncio.Event, seconds: float, sleep: Sleep) -> None:
    """Wait so long, or until ``woken`` is set."""
    tasks = asyncio.ensure_future(woken.wait()), asyncio.ensure_future(sleep(seconds))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


class Waiting(StrEnum):
    """What is known of a request that nobody has decided yet: it waits, the platform is busy, or does not answer."""

    PENDING = "pending"
    BUSY = "busy"
    SILENT = "silent"


class StillPending(Exception):
    """Nobody has decided yet."""


class SlowDown(Exception):
    """Nobody has decided yet, and we ask too often."""


async def poll(
    ask: Callable[[], Awaitable[T]],
    *,
    interval: float,
    expires_at: float,
    clock: Callable[[], float],
    sleep: Sleep,
    told: Callable[[Waiting], None] = lambda waiting: None,
) -> T:
    """Give what ``ask`` gives once it neither raises StillPending nor SlowDown; the first question comes after ``interval`` seconds.

    A platform that does not answer is asked half as often each time, one that is busy when it said. ``told`` hears how it stands.
    Raises RequestExpired when ``expires_at`` has passed, and what else ``ask`` raises.
    """
    wait = interval
    while True:
        await sleep(wait)
        if clock() >= expires_at:
            raise RequestExpired
        wait = interval
        try:
            return await ask()
        except StillPending:
            told(Waiting.PENDING)
        except SlowDown:
            interval = wait = interval + SLOWER
            told(Waiting.BUSY)
        except PlatformUnreachable:
            interval = wait = min(interval * 2, max(LONGEST_INTERVAL, interval))
            told(Waiting.SILENT)
        except PlatformBusy as busy:
            wait = max(interval, busy.retry_after or 0.0)
            told(Waiting.BUSY)

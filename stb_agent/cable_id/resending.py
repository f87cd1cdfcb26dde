"""Send again what a busy platform has not used up (docs/cable-id-profile.md, Overload), for as long as it is good and somebody may wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from stb_agent.cable_id.backing_off import asked_for
from stb_agent.cable_id.dpop import Random
from stb_agent.cable_id.errors import PlatformBusy, RevocationUnknown
from stb_agent.cable_id.polling import Sleep

T = TypeVar("T")

PATIENCE_S = 60.0
"""Seconds that somebody waits in all, told why, rather than type a PIN again."""
SHORTEST_S = 1.0


async def while_busy(
    send: Callable[[], Awaitable[T]],
    *,
    until: float,
    clock: Callable[[], float],
    sleep: Sleep,
    random: Random,
    told: Callable[[], None] = lambda: None,
) -> T:
    """Give what ``send`` gives; sent again whenever the platform says when (Retry-After), if that is before ``until`` (``clock``'s seconds).

    ``told`` hears of each wait before it begins. Raises what ``send`` raises, the last of it when time is up.
    """
    left = PATIENCE_S
    while True:
        try:
            return await send()
        except (PlatformBusy, RevocationUnknown) as busy:
            if busy.retry_after is None:
                raise
            wait = asked_for(max(busy.retry_after, SHORTEST_S), random)
            left -= wait  # not by the clock, which somebody may set meanwhile
            if left < 0 or clock() + wait >= until:
                raise
            told()
        await sleep(wait)

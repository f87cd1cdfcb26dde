"""What a busy platform has not used up is sent again when it says, for as long as it is good and somebody may be kept waiting."""

from __future__ import annotations

import asyncio

import pytest

from stb_agent.cable_id.errors import NonceRefused, PlatformBusy, PlatformUnreachable, RevocationUnknown
from stb_agent.cable_id.resending import PATIENCE_S, while_busy


def sends(*answers: Exception | str, life: float = 110.0, random: bytes = bytes(7)) -> tuple[object, list[float], int]:
    """Send with these answers; gives what came of it, how long it waited each time, and how often the person was told."""
    now, slept, told, left = 0.0, [], 0, list(answers)

    async def sleep(seconds: float) -> None:
        nonlocal now
        assert told == len(slept) + 1, "told before the wait"
        now += seconds
        slept.append(seconds)

    async def send() -> str:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def tell() -> None:
        nonlocal told
        told += 1

    async def run() -> object:
        how = {"clock": lambda: now, "sleep": sleep, "random": lambda n: random, "told": tell}
        try:
            return await while_busy(send, until=life, **how)  # type: ignore[arg-type]
        except Exception as error:
            return type(error)

    return asyncio.run(run()), slept, told


def test_it_comes_back_when_it_was_told() -> None:
    assert sends("at once") == ("at once", [], 0)
    assert sends(PlatformBusy(5), RevocationUnknown(7), "yes") == ("yes", [5, 7], 2)


def test_not_in_step_with_the_other_boxes_and_never_earlier_than_asked() -> None:
    assert sends(PlatformBusy(8), "yes", random=b"\x80" + bytes(6))[1] == [9.0]


def test_a_platform_that_asks_for_no_wait_is_not_asked_in_a_loop() -> None:
    result, slept, _ = sends(*[PlatformBusy(0.0)] * 100)
    assert (result, sum(slept)) == (PlatformBusy, PATIENCE_S)


@pytest.mark.parametrize(
    "error", [PlatformBusy(), RevocationUnknown(), NonceRefused(), PlatformUnreachable()], ids=repr
)
def test_only_what_was_not_used_up_is_sent_again(error: Exception) -> None:
    assert sends(error) == (type(error), [], 0)
    assert sends(PlatformBusy(3), error) == (type(error), [3], 1)


def test_it_gives_up_before_the_life_of_what_was_signed_and_says_so_at_once() -> None:
    assert sends(PlatformBusy(20), PlatformBusy(20), life=40.0) == (PlatformBusy, [20], 1)
    assert sends(PlatformBusy(PATIENCE_S + 1)) == (PlatformBusy, [], 0)

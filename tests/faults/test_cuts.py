"""The network is cut at every request of everything that a box does: afterwards box and servers agree, and nothing was done twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from stb_agent.contract.errors import ChanomaError
from tests.faults import ends, flows
from tests.faults.box import Box, StillWaiting, Town, box_on_a_cable
from tests.faults.cable import Cut
from tests.faults.flows import Flow, Kept

pytestmark = pytest.mark.asyncio(loop_scope="module")

_TRIES = 4
"""A flow that is broken off once is whole after the second time; the others are for what the first hides."""


async def done(flow: Flow, box: Box, kept: Kept) -> None:
    """Do it until it is done, mending the cable after each failure. What the person is told is always that another try may help."""
    for _ in range(_TRIES):
        try:
            await flow.act(box, kept)
            return
        except StillWaiting:
            pass
        except ChanomaError as error:
            if not error.retry:
                raise
        assert box.cable.struck, "it fails without a cut"
        box.cable.mend()
    raise AssertionError(f"not done after {_TRIES} times")


@pytest.mark.parametrize("flow", [*flows.FLOWS, *ends.FLOWS], ids=lambda flow: flow.name)
async def test_a_cut_at_every_request(flow: Flow, town: Town, tmp_path: Path) -> None:
    room = asyncio.Semaphore(flow.at_once)

    async def walk(at: int, cut: Cut) -> list[str]:
        async with room, box_on_a_cable(town, tmp_path) as box:
            kept: Kept = {}
            await flow.before(box, kept)
            box.cable.arm(at, cut)
            try:
                await done(flow, box, kept)
                requests, struck = box.cable.requests, box.cable.struck
                box.cable.arm()
                await flow.agree(box, kept)
            except Exception as error:
                error.add_note(f"cut {cut.value} at request {at}: {box.cable.struck}")
                raise
            assert bool(struck) == bool(at)
            return requests

    whole = await walk(0, Cut.BEFORE)
    assert whole
    walks = (walk(at, cut) for at in range(1, len(whole) + 1) for cut in Cut)
    found = await asyncio.gather(*walks, return_exceptions=True)
    wrong = [it for it in found if isinstance(it, Exception)]
    if wrong:
        raise ExceptionGroup(f"{flow.name}: {len(wrong)} of {len(found)} cuts", wrong)

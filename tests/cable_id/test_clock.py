"""A box whose clock is wrong, and a platform whose clock moves: understood all the same, and told by the doctor."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from stb_agent.cable_id import errors
from stb_agent.cable_id.resource import ServiceClient
from stb_agent.contract.config import Config, Platform
from stb_agent.doctor import _clock, _platform
from stb_agent.host.clock import SystemClock
from tests.support.home import Home

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def right_again(home: Home) -> AsyncIterator[None]:
    yield
    await home.world.control("platform", "POST", "/_sim/clock", {"skew": 0})


@pytest.mark.parametrize("hours", [-20 * 365 * 24, -2, 3, 24])
async def test_a_box_whose_clock_is_wrong_signs_in(home: Home, hours: int) -> None:
    home.clock.skew = hours * 3600.0
    session = await home.sign_in(home.card("linked"))
    assert abs(session.expires_at - home.clock() - 600) < 30, "the box counts by its own clock"
    assert (await home.client.service_token(session, home.world.booking)).token


async def test_a_platform_whose_clock_jumps_is_followed_within_a_request(home: Home) -> None:
    await home.sign_in(home.card("linked"))
    await home.world.control("platform", "POST", "/_sim/clock", {"skew": 5000})
    before = len(await home.seen("platform"))
    await home.client.challenge()
    asked = [status for _, path, status in (await home.seen("platform"))[before:] if path == "/card-nonce"]
    assert asked == [400, 400, 200], "the old date, the old nonce, then both right"
    await home.sign_in(home.card("linked"))


async def test_a_service_whose_clock_is_wrong_is_understood_by_its_own(home: Home) -> None:
    session = await home.sign_in(home.card("linked"))
    token = await home.client.service_token(session, home.world.booking)
    await home.world.control("booking", "POST", "/_sim/clock", {"skew": -400})
    try:
        orders = await ServiceClient(home.world.booking, home.transport).get("orders", dict, token=token.token)
    finally:
        await home.world.control("booking", "POST", "/_sim/clock", {"skew": 0})
    assert "orders" in orders


async def test_a_refusal_that_the_date_does_not_explain_is_no_reason_to_try_again(home: Home) -> None:
    await home.client.challenge()
    proof, prover = home.transport.prover.proof, home.transport.prover
    prover.proof = lambda method, url, token=None: proof("PATCH", url, token)
    before = len(await home.seen("platform"))
    with pytest.raises(errors.ClientRefused):
        await home.client.challenge()
    assert len(await home.seen("platform")) == before + 1


async def test_the_doctor_tells_how_far_the_clocks_are_apart(home: Home) -> None:
    config = Config(platform=Platform(issuer=home.world.platform))
    clock = SystemClock()
    platform, skew = await _platform(config, clock)
    assert platform.ok
    assert _clock(clock, skew).ok
    for seconds, code in ((4000, "doctor.clock_behind"), (-4000, "doctor.clock_ahead")):
        await home.world.control("platform", "POST", "/_sim/clock", {"skew": seconds})
        _, skew = await _platform(config, clock)
        finding = _clock(clock, skew)
        assert (finding.ok, finding.code) == (False, code)
        assert abs(int(finding.args["seconds"]) - 4000) < 30
        assert str(finding.args["seconds"]) in finding.line()

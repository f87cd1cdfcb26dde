"""Who is signed in: tokens are exchanged once for each service, and end with the session."""

from __future__ import annotations

import asyncio

import pytest

from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.errors import SessionEnded
from tests.support.home import Home

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_who_does_something_stays_signed_in(home: Home) -> None:
    ends: list[float | None] = []
    authority = Authority(home.client, home.clock, lambda: ends.append(authority.expires_at))
    first = await home.sign_in(home.card("linked"))
    authority.begin("handle", first)
    await authority.service_token(home.world.booking)
    assert authority.session is first, "young enough"
    home.clock.skew = 400
    before = await home.seen("platform")
    await asyncio.gather(*(authority.service_token(home.world.health) for _ in range(3)))
    asked = (await home.seen("platform"))[len(before) :]
    assert authority.session.access_token != first.access_token
    assert authority.session.refresh_token != first.refresh_token
    assert (authority.session.auth_time, authority.session.subject) == (first.auth_time, first.subject)
    assert ends == [authority.expires_at]
    assert authority.expires_at > first.expires_at
    assert [path for _, path, _ in asked].count("/token") == 5, (
        "one renewal, said again with the right date, and three exchanges"
    )


async def test_a_renewal_whose_answer_is_lost_is_made_again(home: Home) -> None:
    authority = Authority(home.client, home.clock)
    authority.begin("handle", await home.sign_in(home.card("linked")))
    home.clock.skew = 400
    await home.fault("platform", kind="drop_after", path="/token", method="POST")
    assert await authority.service_token(home.world.booking), "the session there is goes on"
    assert await authority.service_token(home.world.health)
    renewed = authority.session
    assert renewed.expires_at - home.clock() > 590


async def test_a_refresh_token_used_twice_ends_the_session(home: Home) -> None:
    authority = Authority(home.client, home.clock, lambda: ended.append(authority.expires_at))
    ended: list[float | None] = []
    session = await home.sign_in(home.card("linked"))
    authority.begin("handle", session)
    stolen = await home.client.renew(await home.client.renew(session))
    with pytest.raises(SessionEnded):
        await home.client.renew(session)
    with pytest.raises(SessionEnded):
        await home.client.renew(stolen)
    home.clock.skew = 400
    with pytest.raises(SessionEnded):
        await authority.service_token(home.world.booking)
    assert ended == [home.clock()] or abs(ended[0] - home.clock()) < 10


async def test_tokens_live_with_the_session(home: Home) -> None:
    authority = Authority(home.client, home.clock)
    with pytest.raises(SessionEnded):
        await authority.service_token(home.world.booking)
    session = await home.sign_in(home.card("linked"))
    authority.begin("handle", session)
    assert (authority.person, authority.session, authority.expires_at) == ("handle", session, session.expires_at)
    booking = await authority.service_token(home.world.booking)
    before = await home.seen("platform")
    assert await authority.service_token(home.world.booking) is booking
    assert await home.seen("platform") == before, "held, not asked for again"
    assert await authority.service_token(home.world.health) != booking

    authority.begin("another", session)
    assert await authority.service_token(home.world.booking) is not booking, "tokens do not pass from person to person"

    authority.end()
    with pytest.raises(SessionEnded):
        _ = authority.person
    authority.begin("handle", session)
    home.clock.skew = session.expires_at - home.clock() + 1
    with pytest.raises(SessionEnded):
        await authority.service_token(home.world.booking)

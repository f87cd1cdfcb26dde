"""Who is signed in: tokens are exchanged once for each service, and end with the session."""

from __future__ import annotations

import pytest

from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.errors import SessionEnded
from tests.support.home import Home

pytestmark = pytest.mark.asyncio(loop_scope="module")


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

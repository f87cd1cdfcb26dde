"""Refresh with rotation, reuse found out, revocation (RFC 6749, RFC 9700, RFC 7009)."""

import pytest

from tests.support.world import CLIENT, unverified


async def refreshed(box, token, **more):
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": CLIENT, **more}
    return await box.send("POST", f"{box.platform}/token", data=form)


async def revoked(box, token, client=CLIENT):
    return await box.send("POST", f"{box.platform}/revoke", data={"token": token, "client_id": client})


@pytest.fixture
async def signed_in(town):
    box = town.box()
    return box, (await box.sign_in(town.card("linked"))).body


async def test_each_refresh_token_is_good_once(town, signed_in):
    box, first = signed_in
    town.later(500)
    second = (await refreshed(box, first["refresh_token"])).body
    assert second["refresh_token"] != first["refresh_token"]
    before, after = unverified(first["access_token"]), unverified(second["access_token"])
    assert {k: after[k] for k in ("sub", "auth_time", "acr", "sid", "cnf")} == {
        k: before[k] for k in ("sub", "auth_time", "acr", "sid", "cnf")
    }
    assert after["exp"] == before["exp"] + 500
    third = (await refreshed(box, second["refresh_token"])).body
    reply = await refreshed(box, first["refresh_token"])
    assert (reply.status, reply.body["error"]) == (400, "invalid_grant")
    reply = await refreshed(box, third["refresh_token"])
    assert reply.body["error_description"] == "the session has ended", (
        "a thief or the box: nobody can tell, so both out"
    )
    assert (await box.send("GET", f"{box.platform}/link", token=third["access_token"])).status == 401


async def test_an_answer_that_got_lost_is_given_again_for_a_minute(town, signed_in):
    box, first = signed_in
    assert (await refreshed(box, first["refresh_token"])).status == 200
    town.later(50)
    again = await refreshed(box, first["refresh_token"])
    assert again.status == 200
    town.later(61)
    assert (await refreshed(box, first["refresh_token"])).status == 400
    assert (await refreshed(box, again.body["refresh_token"])).status == 400


async def test_a_refresh_token_is_of_one_device_and_one_client(town, signed_in):
    box, first = signed_in
    reply = await refreshed(town.box(), first["refresh_token"])
    assert (reply.status, reply.body["error_description"]) == (400, "another device's key")
    assert (await refreshed(box, first["refresh_token"], client_id="another")).status == 400
    assert (await refreshed(box, "guess")).status == 400
    assert (await refreshed(box, first["refresh_token"], scope="openid all")).body["error"] == "invalid_scope"


async def test_a_session_ends_an_hour_after_the_card(town, signed_in):
    box, tokens = signed_in
    for _ in range(6):
        town.later(595)
        reply = await refreshed(box, tokens["refresh_token"])
        assert reply.status == 200
        tokens = reply.body
    assert tokens["expires_in"] == 30
    town.later(31)
    assert (await refreshed(box, tokens["refresh_token"])).status == 400


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_a_revoked_session_is_over(town, signed_in, which):
    box, tokens = signed_in
    assert (await revoked(box, tokens[which], client="another")).status == 200
    assert (await box.send("GET", f"{box.platform}/userinfo", token=tokens["access_token"])).status == 200
    assert (await revoked(box, "unknown")).status == 200
    assert (await revoked(box, tokens[which])).status == 200
    assert (await box.send("GET", f"{box.platform}/userinfo", token=tokens["access_token"])).status == 401
    assert (await refreshed(box, tokens["refresh_token"])).status == 400
    assert (await box.exchange(tokens["access_token"], town.address["booking"])).body["reason"] == "subject_token"
    assert (await revoked(box, tokens[which])).status == 200, "over is over"
    reply = await box.send("POST", f"{box.platform}/revoke", data={"client_id": CLIENT})
    assert reply.status == 400

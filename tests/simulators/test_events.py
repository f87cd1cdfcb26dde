"""The platform's event streams (SSF 1.0, RFC 8936): one for each box, at least once, in order, for nobody else."""

import asyncio

import pytest

from simulators.platform import app as platform
from simulators.platform.events import EventType, Happening, link_subject
from tests.support.world import CLIENT, Reply, unverified

LOST, ADDRESS = EventType.CREDENTIAL_CHANGE.value, EventType.ADDRESS_CHANGE.value
EVERYTHING = [it.value for it in EventType if it is not EventType.VERIFICATION]


class Stream:
    """A box's stream, as its page describes it."""

    def __init__(self, box, token, made):
        self.box, self.token, self.made = box, token, made

    async def poll(self, *, wait=False, **more) -> Reply:
        url = self.made["delivery"]["endpoint_url"]
        return await self.box.send("POST", url, token=self.token, json={"returnImmediately": not wait, **more})

    async def sets(self, **more):
        reply = await self.poll(**more)
        assert reply.status == 200, reply
        return {jti: unverified(token) for jti, token in reply.body["sets"].items()}


async def stream_token(box, scope="ssf.read ssf.manage", **more):
    form = {"grant_type": "client_credentials", "client_id": CLIENT, "scope": scope, **more}
    return await box.send("POST", f"{box.platform}/token", data=form)


async def stream_of(box, events=EVERYTHING) -> Stream:
    token = (await stream_token(box)).body["access_token"]
    wanted = {"delivery": {"method": "urn:ietf:rfc:8936"}, "events_requested": events}
    reply = await box.send("POST", f"{box.platform}/ssf/stream", token=token, json=wanted)
    assert reply.status == 201, reply
    return Stream(box, token, reply.body)


async def happens(town, **script):
    reply = await town.control("platform", "POST", "/_sim/events", script)
    assert reply.status == 200, reply
    return reply.body["jti"]


async def heard(town):
    found = (await town.control("platform", "GET", "/_sim/events")).body["events"]
    return {it["jti"]: (it["state"], it["err"]) for it in found}


@pytest.fixture
async def living(town):
    """A box where the linked person has signed in, and its stream."""
    box = town.box()
    stream = await stream_of(box)
    return stream, (await box.sign_in(town.card("linked"))).body


async def test_the_configuration_says_where_the_stream_is(town):
    box = town.box()
    found = (await town.control("platform", "GET", "/.well-known/ssf-configuration")).body
    box.described.check("GET", "/.well-known/ssf-configuration", 200, found, {})
    assert found["issuer"] == box.platform
    stream = await stream_of(box)
    assert stream.made["aud"].endswith(box.jkt)
    assert stream.made["events_delivered"] == EVERYTHING


async def test_an_event_comes_until_it_is_acknowledged_and_then_no_more(town, living):
    stream, _ = living
    (jti,) = await happens(town, happening="card_lost")
    first = await stream.sets()
    assert list(first) == [jti]
    claims = first[jti]
    assert claims["aud"] == stream.made["aud"]
    assert claims["iss"] == stream.box.platform
    assert claims["sub_id"]["format"] == "opaque"
    assert "exp" not in claims
    assert claims["events"][LOST]["change_type"] == "revoke"
    assert await stream.sets() == first, "whoever did not say that it heard is told again"
    assert await stream.sets(ack=[jti]) == {}
    assert (await heard(town))[jti] == ("taken", None)


async def test_what_is_wrong_is_said_and_not_sent_again(town, living):
    stream, _ = living
    (jti,) = await happens(town, happening="address_changed")
    assert list(await stream.sets()) == [jti]
    assert await stream.sets(setErrs={jti: {"err": "invalid_audience", "description": "not for me"}}) == {}
    assert (await heard(town))[jti] == ("refused", "invalid_audience")


async def test_a_few_at_a_time_in_order(town, living):
    stream, _ = living
    told = [(await happens(town, happening="address_changed"))[0] for _ in range(5)]
    reply = await stream.poll(maxEvents=2)
    assert list(reply.body["sets"]) == told[:2]
    assert reply.body["moreAvailable"]
    reply = await stream.poll(maxEvents=3, ack=told[:2])
    assert list(reply.body["sets"]) == told[2:]
    assert "moreAvailable" not in reply.body
    assert await stream.sets(maxEvents=0, ack=told[2:]) == {}
    assert {state for state, _ in (await heard(town)).values()} == {"taken"}


async def test_a_poll_that_waits_is_answered_when_something_happens(town, living):
    stream, _ = living
    waiting = asyncio.ensure_future(stream.sets(wait=True))
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert not done
    (jti,) = await happens(town, happening="certificate_replaced")
    assert list(await waiting) == [jti]


async def test_a_poll_that_waits_keeps_nobody_out(town, living, platform_database):
    stream, _ = living
    town.builds["platform"] = platform.build(
        town.address["validation"], {}, town.clock,
        authority=town.authority.folder, at_once=1, database=platform_database,
    )  # fmt: skip
    await town.restart("platform")
    waiting = asyncio.ensure_future(stream.sets(wait=True))
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert not done
    assert (await town.box().sign_in(town.card("linked"))).status == 200
    (jti,) = await happens(town, happening="certificate_replaced")
    assert list(await waiting) == [jti]


async def test_every_box_of_a_person_is_told_and_no_other(town, living):
    stream, _ = living
    also = await stream_of(town.box())
    await also.box.sign_in(town.card("linked"))
    stranger = await stream_of(town.box())
    await stranger.box.sign_in(town.card("new"))
    told = await happens(town, happening="card_lost", to=stream.box.jkt)
    assert len(told) == 2
    assert len(await stream.sets()) == len(await also.sets()) == 1
    assert await stranger.sets() == {}
    one = await happens(town, to=also.box.jkt, type=ADDRESS, subject=link_subject("x"))
    assert list(await also.sets(ack=told)) == one


async def test_a_stream_is_its_box_s_alone(town, living):
    stream, tokens = living
    other = await stream_of(town.box())
    await happens(town, happening="address_changed")
    thief = Stream(other.box, other.token, stream.made)
    assert (await thief.poll()).status == 404
    assert (await Stream(other.box, stream.token, stream.made).poll()).status == 401, "the token is the device's"
    assert (await Stream(stream.box, tokens["access_token"], stream.made).poll()).status == 401, "no person's token"
    url = f"{stream.box.platform}/userinfo"
    assert (await stream.box.send("GET", url, token=stream.token)).status == 401, "and no stream's token is a person's"
    assert len(await stream.sets()) == 1


async def test_a_session_is_revoked_and_only_its_box_is_told(town, living):
    stream, tokens = living
    (jti,) = await happens(town, happening="session_revoked")
    claims = (await stream.sets())[jti]
    assert claims["sub_id"]["session"]["id"] == unverified(tokens["id_token"])["sid"]
    assert claims["sub_id"]["user"]["sub"] == unverified(tokens["id_token"])["sub"]
    assert claims["events"][EventType.SESSION_REVOKED.value]["initiating_entity"] == "admin"
    reply = await stream.box.send("GET", f"{stream.box.platform}/userinfo", token=tokens["access_token"])
    assert reply.status == 401


async def test_only_what_was_asked_for(town):
    box = town.box()
    stream = await stream_of(box, [LOST])
    await box.sign_in(town.card("linked"))
    assert await happens(town, happening="address_changed") == []
    change = {"stream_id": stream.made["stream_id"], "events_requested": [LOST, ADDRESS]}
    reply = await box.send("PATCH", f"{box.platform}/ssf/stream", token=stream.token, json=change)
    assert reply.body["events_delivered"] == [LOST, ADDRESS]
    assert len(await happens(town, happening="address_changed")) == 1


async def test_a_box_has_one_stream_and_finds_it_again(town, living):
    stream, _ = living
    box, url = stream.box, f"{stream.box.platform}/ssf/stream"
    wanted = {"delivery": {"method": "urn:ietf:rfc:8936"}, "events_requested": EVERYTHING}
    assert (await box.send("POST", url, token=stream.token, json=wanted)).status == 409
    assert (await box.send("GET", url, token=stream.token)).body == [stream.made]
    one = await box.send("GET", f"{url}?stream_id={stream.made['stream_id']}", token=stream.token)
    assert one.body == stream.made
    push = {**wanted, "delivery": {"method": "urn:ietf:rfc:8935"}}
    assert (await box.send("POST", url, token=stream.token, json=push)).status == 400
    gone = await box.send("DELETE", f"{url}?stream_id={stream.made['stream_id']}", token=stream.token)
    assert gone.status == 204
    assert (await stream.poll()).status == 404


async def test_a_stream_is_verified_now_and_then(town, living):
    stream, _ = living
    ask = {"stream_id": stream.made["stream_id"], "state": "s-1"}
    url = f"{stream.box.platform}/ssf/verify"
    assert (await stream.box.send("POST", url, token=stream.token, json=ask)).status == 204
    ((jti, claims),) = (await stream.sets()).items()
    assert claims["events"] == {EventType.VERIFICATION.value: {"state": "s-1"}}
    assert claims["sub_id"] == {"format": "opaque", "id": stream.made["stream_id"]}
    assert (await stream.box.send("POST", url, token=stream.token, json=ask)).status == 429
    town.later(61)
    assert (await stream.box.send("POST", url, token=stream.token, json={"stream_id": "x"})).status == 404
    assert (await stream.box.send("POST", url, token=stream.token, json=ask)).status == 204
    assert len(await stream.sets(ack=[jti])) == 1


async def test_a_token_for_a_stream_is_the_box_s_and_ends(town):
    box = town.box()
    assert (await stream_token(box, "openid")).body["error"] == "invalid_scope"
    reader = (await stream_token(box, "ssf.read")).body
    wanted = {"delivery": {"method": "urn:ietf:rfc:8936"}, "events_requested": EVERYTHING}
    url = f"{box.platform}/ssf/stream"
    assert (await box.send("POST", url, token=reader["access_token"], json=wanted)).status == 403
    stream = await stream_of(box)
    town.later(reader["expires_in"] + 1)
    assert (await stream.poll()).status == 401


async def test_what_waits_survives_a_restart_and_a_change_of_keys(town, living):
    stream, _ = living
    (jti,) = await happens(town, happening="card_lost")
    await town.control("platform", "POST", "/_sim/rotate", {"use": "sig", "keep": False})
    await town.restart("platform")
    assert list(await stream.sets()) == [jti]
    assert {it.value for it in Happening} >= {"card_lost"}

"""What a box hears of elsewhere, and how it says that a session has ended: flows over the network, as in `flows`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.client_auth import PublicClient
from stb_agent.cable_id.ender import Ender
from stb_agent.cable_id.errors import SessionEnded
from stb_agent.cable_id.event_stream import EventStream
from stb_agent.cable_id.listening import Listening
from stb_agent.cable_id.polling import Sleep
from stb_agent.cable_id.security_event import What
from stb_agent.contract.ending import Cause, Ended
from stb_agent.core.page import Page
from stb_agent.store.links import Link
from stb_agent.told import Told
from tests.faults.box import Box, StillWaiting
from tests.faults.flows import Flow, Kept, _linked_already, _sign_in
from tests.support.world import CLIENT

# -- events


def _listening(
    box: Box, kept: Kept, *, attentive: Callable[[], bool] = lambda: False, sleep: Sleep = asyncio.sleep
) -> Listening:
    """Give what hears, as an agent that starts has it: nothing of it outlives the power but what is in the store."""

    def end(cause: Cause, page: Page) -> None:
        kept["ends"].append(cause)
        box.authority.end(cause)

    def obey(order: str) -> None:
        raise AssertionError("nobody ordered anything")

    told = Told(box.store, box.authority, "operator", end=end, changed=lambda: None, left=box.store.forget, obey=obey)
    client = box.client_as(PublicClient(CLIENT))
    return Listening(
        EventStream(client.asker), client.asker.discovery, told,
        every=60, ready=lambda: True, attentive=attentive, clock=box.clock, random=os.urandom, sleep=sleep,
    )  # fmt: skip


async def _a_listener(box: Box, kept: Kept) -> None:
    await _sign_in(box, {"card": box.town.linked})
    kept["ends"] = []
    kept["listening"] = _listening(box, kept)


async def _hear(box: Box, kept: Kept) -> None:
    while await kept["listening"].once():
        pass


async def _hear_anew(box: Box, kept: Kept) -> None:
    kept["listening"] = _listening(box, kept)
    await _hear(box, kept)


async def _heard(box: Box, kept: Kept) -> None:
    streams = box.town.rows("platform", "SELECT stream_id FROM streams WHERE jkt = ?", box.jkt)
    assert len(streams) == 1, "one box, one stream"
    kept["told"] = box.town.rows("platform", "SELECT jti, state FROM security_events WHERE stream_id = ?", *streams[0])
    assert {state for _, state in kept["told"]} <= {"taken"}, "all is acknowledged, and nothing called wrong"
    assert not await kept["listening"].once()


async def _stream_made(box: Box, kept: Kept) -> None:
    await _heard(box, kept)
    assert (kept["ends"], box.store.news.all()) == ([], [])
    # It works from here on, whichever request was cut.
    assert await _told_of_the_end(box)
    await _hear(box, kept)
    assert kept["ends"] == [Cause.REVOKED]


async def _told_of_the_end(box: Box) -> list[str]:
    order = {"to": box.jkt, "happening": "session_revoked"}
    return list((await box.town.platform("events", order))["jti"])


async def _something_happened(box: Box, kept: Kept) -> None:
    await _linked_already(box, kept)
    kept["ends"] = []
    box.store.links.add(Link(kept["link"], kept["card"].name, "operator", box.clock()))
    await _hear_anew(box, kept)
    moved = await box.town.platform("events", {"to": box.jkt, "happening": "address_changed"})
    kept["jtis"] = {*moved["jti"], *await _told_of_the_end(box)}
    assert len(kept["jtis"]) == 2


async def _heard_once(box: Box, kept: Kept) -> None:
    await _heard(box, kept)
    assert kept["jtis"] <= {jti for jti, _ in kept["told"]}
    assert kept["ends"] == [Cause.REVOKED], "the session ended once"
    assert {it.jti for it in box.store.news.all()} == kept["jtis"]
    assert [it.kind for it in box.store.news.open(kept["card"].name)] == [What.ADDRESS_CHANGE]
    written = [it for it in box.store.audit.events() if it.event == "platform.told"]
    assert len(written) == 2, "each had its effect once"


# -- the end of a session


def _ender(box: Box, boot: str) -> Ender:
    asker = box.client_as(PublicClient(CLIENT)).asker
    return Ender(asker, box.store.endings, boot=boot, clock=box.clock, random=os.urandom)


async def _an_evening(box: Box, kept: Kept) -> None:
    kept["ender"] = _ender(box, "this start")
    kept["authority"] = Authority(box.client, box.clock, witness=kept["ender"])
    await _sign_in(box, {"card": box.town.linked})
    kept["authority"].begin("linked", box.authority.session)
    kept["sid"] = box.authority.session.sid
    world = box.town.world
    kept["token"] = await kept["authority"].service_token(world.booking)
    await kept["authority"].service_token(world.health)
    kept["cause"] = Cause.USER


async def _end(box: Box, kept: Kept) -> None:
    kept["authority"].end(Cause.USER)
    if not await kept["ender"].tell_all():
        raise StillWaiting


async def _the_power_goes(box: Box, kept: Kept) -> None:
    await _an_evening(box, kept)
    kept["cause"] = Cause.POWER_LOST


async def _start_again(box: Box, kept: Kept) -> None:
    kept["ender"] = _ender(box, "the next start")
    kept["ender"].found({it.sid: it.boot for it in box.store.endings.all() if it.cause is None})
    if not await kept["ender"].tell_all():
        raise StillWaiting


async def _ended_everywhere(box: Box, kept: Kept) -> None:
    sid, world = kept["sid"], box.town.world
    query = "SELECT cause FROM session_ends WHERE sid = ?"
    assert box.town.rows("platform", query, sid) == [(kept["cause"].value,)], "one end, with the cause that it had"
    assert box.town.rows("platform", "SELECT ended FROM sessions WHERE sid = ?", sid) == [(1,)]
    async with asyncio.timeout(60):
        while not (ending := box.store.endings.get(sid)).whole:
            await asyncio.sleep(0.05)
            await kept["ender"].tell(ending)
    assert ending.services == {world.booking.rstrip("/"): Ended.ENDED, world.health.rstrip("/"): Ended.ENDED}
    sent = box.town.rows("platform", "SELECT service, state FROM logouts WHERE sid = ?", sid)
    assert sorted(state for _, state in sent) == ["ended", "ended"], "each service was told, once"
    try:
        await box.booking._client.get("/orders", dict, token=kept["token"].token)
    except SessionEnded:
        return
    raise AssertionError("a service still takes a token of the session")


FLOWS = (
    Flow("event-stream", _hear, _stream_made, _a_listener),
    Flow("events", _hear_anew, _heard_once, _something_happened),
    Flow("end-everywhere", _end, _ended_everywhere, _an_evening),
    Flow("end-told-next-time", _start_again, _ended_everywhere, _the_power_goes),
)

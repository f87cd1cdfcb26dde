"""A platform that knows nothing of ends and resets: a session ends by RFC 7009, a box that begins anew is forgotten by RFC 7592."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from simulators.world import World
from stb_agent import reset
from stb_agent.cable_id import errors
from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.client_auth import PublicClient
from stb_agent.cable_id.device_key import DEVICE_KEY, DeviceKey
from stb_agent.cable_id.discovery import Discovery
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.ender import Ender
from stb_agent.cable_id.event_stream import EventStream
from stb_agent.cable_id.registration import FILE, Registrar, client_of
from stb_agent.cable_id.session import Session
from stb_agent.cable_id.transport import Transport
from stb_agent.contract.ending import Cause
from stb_agent.store import Store
from tests.support.home import Home
from tests.support.world import CLIENT, running_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

LACKING = ("session_end_endpoint", "reset_endpoint")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with running_world(tmp_path_factory.mktemp("authority"), without=LACKING) as world:
        yield world


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "store", clock=time.time, random=os.urandom)
    yield store
    store.close()


def rows(world: World, query: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(f"file:{world.state / 'platform.sqlite'}?mode=ro", uri=True)) as db:
        return db.execute(query, values).fetchall()


async def evening(home: Home, ender: Ender) -> tuple[Authority, Session]:
    """Let the linked person sign in and use a service."""
    authority = Authority(home.client, home.clock, witness=ender)
    session = await home.sign_in(home.card("linked"))
    authority.begin("hana", session)
    await authority.service_token(home.world.booking)
    return authority, session


def ender_of(home: Home, store: Store, boot: str = "this start") -> Ender:
    return Ender(home.client.asker, store.endings, boot=boot, clock=home.clock, random=os.urandom)


async def test_it_says_of_itself_what_it_lacks_and_has_nothing_there(home: Home) -> None:
    metadata = await home.client.asker.discovery.metadata()
    assert (metadata.session_end_endpoint, metadata.reset_endpoint) == ("", "")
    assert metadata.revocation_endpoint
    async with aiohttp.ClientSession() as http:
        for path in ("/session/end", "/reset-notice"):
            async with http.post(home.world.platform + path) as answer:
                assert answer.status == 404


async def test_a_session_ends_everywhere_by_its_token(home: Home, store: Store) -> None:
    ender = ender_of(home, store)
    authority, session = await evening(home, ender)
    authority.end(Cause.USER)
    await home.fault("platform", kind="drop_before", path="/revoke", times=1)
    assert not await ender.tell_all(), "nobody heard"
    assert await ender.tell_all()
    assert rows(home.world, "SELECT ended FROM sessions WHERE sid = ?", session.sid) == [(1,)]
    ending = store.endings.get(session.sid)
    assert ending is not None
    assert (ending.told, ending.cause) == (True, Cause.USER)
    with pytest.raises(errors.SessionEnded):
        await home.client.renew(session)
    async with asyncio.timeout(30):  # the platform tells the service
        while rows(home.world, "SELECT state FROM logouts WHERE sid = ?", session.sid) != [("ended",)]:
            await asyncio.sleep(0.05)
    asked = [path for method, path, _ in await home.seen("platform") if method == "POST" and path == "/revoke"]
    assert len(asked) == 2
    assert await ender.tell_all(), "and that is all"
    assert asked == [it for _, it, _ in await home.seen("platform") if it == "/revoke"]


async def test_after_a_restart_there_is_no_token_and_the_end_is_let_go(home: Home, store: Store) -> None:
    authority, session = await evening(home, ender_of(home, store))
    later = ender_of(home, store, "the next start")
    assert [cause for _, cause in later.found({it.sid: it.boot for it in store.endings.all()})] == [Cause.POWER_LOST]
    assert await later.tell_all()
    assert store.endings.all() == [], "it is not asked about for ever"
    assert authority.session is session
    ((ended,),) = rows(home.world, "SELECT ended FROM sessions WHERE sid = ?", session.sid)
    assert ended == 0, "there it ends by itself"


# -- the registration


class Box:
    """A box out of an operator's image, in a folder."""

    def __init__(self, world: World, http: aiohttp.ClientSession, state: Path) -> None:
        self.world, self.state = world, state
        prover = Prover(DeviceKey.open(state / DEVICE_KEY), clock=time.time, random=os.urandom)
        self.transport = Transport(http, prover, clock=time.time)
        self.discovery = Discovery(world.platform, self.transport)
        self.registrar = Registrar(state, self.discovery, self.transport)

    @property
    def jkt(self) -> str:
        return self.transport.prover.key.jkt

    async def register(self) -> PlatformClient:
        statement = await self.world.control("platform", "POST", "/_sim/software-statement", {})
        await self.registrar.register(statement["software_statement"])
        client = client_of(self.state, self.world.platform, CLIENT, os.urandom)
        return PlatformClient(self.world.platform, client, self.transport, random=os.urandom)

    def public(self) -> PlatformClient:
        return PlatformClient(self.world.platform, PublicClient(CLIENT), self.transport, random=os.urandom)

    def clients(self) -> int:
        return int(rows(self.world, "SELECT count(*) FROM clients WHERE jkt = ?", self.jkt)[0][0])


@pytest_asyncio.fixture(loop_scope="module")
async def box(world: World, tmp_path: Path) -> AsyncIterator[Box]:
    state = tmp_path / "box"
    state.mkdir()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Box(world, http, state)
    await world.control("platform", "DELETE", "/_sim/faults")


async def begin_anew(box: Box) -> None:
    reset.begin(box.state, box.world.platform, time.time(), os.urandom)
    await reset.take_leave(box.registrar, box.discovery)
    assert reset.go_on(box.state, os.urandom)


async def test_a_box_that_begins_anew_is_forgotten_with_all_that_was_given_to_it(box: Box) -> None:
    client = await box.register()
    await EventStream(client.asker).poll([], {}, hold=False)
    query = "SELECT count(*) FROM streams WHERE jkt = ?"
    assert (box.clients(), rows(box.world, query, box.jkt)) == (1, [(1,)])
    await begin_anew(box)
    assert (box.clients(), rows(box.world, query, box.jkt)) == (0, [(0,)])
    left = [it.name for it in box.state.iterdir()]
    assert not [name for name in left if not name.startswith("reset-notice.")]
    # The notice has nowhere to go, and does not wait for ever.
    assert await reset.deliver_all(box.state, box.discovery, box.transport, os.urandom)
    assert not list(box.state.iterdir())


@pytest.mark.parametrize(
    "fault", [{"kind": "drop_before"}, {"kind": "silent"}, {"kind": "status", "status": 503}, {"kind": "status", "status": 405}]
)  # fmt: skip
async def test_a_reset_waits_for_no_platform(box: Box, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any]) -> None:
    monkeypatch.setattr(reset, "LEAVE_S", 1.0)
    await box.register()
    path = f"/register/{(await box.registrar.confirm()).client_id}"
    await box.world.control("platform", "POST", "/_sim/faults", {"path": path, "times": 9, **fault})
    await begin_anew(box)
    assert not (box.state / FILE).exists()
    assert not (box.state / DEVICE_KEY).exists()
    assert box.clients() == 1, "a registration that opens nothing: its keys are no more"


@pytest.mark.parametrize("offline", [False, True])
async def test_on_the_bench_as_well(box: Box, tmp_path: Path, offline: bool) -> None:
    await box.register()
    config = tmp_path / "box.toml"
    config.write_text(f'[box]\nstate = "{box.state}"\n\n[platform]\nissuer = "{box.world.platform}"\n', "utf-8")
    words = ["reset", "--yes", "--json", "--config", str(config), *(["--offline"] if offline else [])]
    bench = await asyncio.create_subprocess_exec(sys.executable, "-m", "stb_agent", *words)
    assert await bench.wait() == 0
    assert box.clients() == int(offline)
    assert not (box.state / DEVICE_KEY).exists()


async def test_a_box_that_never_registered_has_nothing_to_take_leave_of(box: Box) -> None:
    async def deleted() -> int:
        seen = (await box.world.control("platform", "GET", "/_sim/requests"))["requests"]
        return len([it for it in seen if it["method"] == "DELETE"])

    before = await deleted()
    await begin_anew(box)
    assert await deleted() == before


# -- streams of other clients


async def test_a_stream_is_its_client_s_also_on_the_same_box(box: Box) -> None:
    before = EventStream(box.public().asker)
    await before.poll([], {}, hold=False)
    ((theirs,),) = rows(box.world, "SELECT stream_id FROM streams WHERE jkt = ?", box.jkt)
    client = await box.register()
    ours = EventStream(client.asker)
    await ours.poll([], {}, hold=False)
    found = rows(box.world, "SELECT stream_id, client_id FROM streams WHERE jkt = ?", box.jkt)
    assert len(found) == 2, "what was the public client's is not the registered one's"
    (mine,) = (stream for stream, who in found if who != CLIENT)
    assert ours._stream is not None
    assert ours._stream.stream_id == mine
    for stream, address in ((ours, theirs), (before, mine)):
        with pytest.raises(errors.StreamGone):
            await stream._ask("POST", f"{box.world.platform}/ssf/poll/{address}", {"returnImmediately": True})


@pytest.mark.parametrize("aud", ["urn:ietf:params:oauth:jwk-thumbprint:sha-256:" + "A" * 43, "", []])
async def test_a_stream_for_somebody_else_is_not_taken(box: Box, aud: object) -> None:
    stream = EventStream((await box.register()).asker)
    await stream.poll([], {}, hold=False)
    made = rows(box.world, "SELECT stream_id FROM streams WHERE jkt = ?", box.jkt)
    stream.forget()
    transport = stream._asker.transport
    real = transport.prove

    async def bent(method: str, url: Any, *given: Any, **how: Any) -> Any:
        reply = await real(method, url, *given, **how)
        if method == "GET" and url.path == "/ssf/stream":
            streams = [{**it, "aud": aud} for it in msgspec.json.decode(reply.body)]
            return dataclasses.replace(reply, body=msgspec.json.encode(streams))
        return reply

    transport.prove = bent  # type: ignore[method-assign]
    with pytest.raises(errors.AnswerInvalid):
        await stream.poll([], {}, hold=False)
    transport.prove = real  # type: ignore[method-assign]
    await stream.poll([], {}, hold=False)
    assert rows(box.world, "SELECT stream_id FROM streams WHERE jkt = ?", box.jkt) == made, "the same as before"

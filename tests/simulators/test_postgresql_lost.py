"""PostgreSQL restarts, is away, or drops its connections: the platform says so, comes back by itself, and does nothing twice."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from itertools import count

import aiohttp
import psycopg
import pytest

from simulators.database import Postgres, Unavailable, keeping, spending
from simulators.platform.seed import OPERATORS
from tests.simulators.conftest import Town
from tests.support import postgresql
from tests.support.postgresql import Server
from tests.support.world import CLIENT, Box, Reply

_NAMES = (f"lost{n}" for n in count())
CONTRACT = OPERATORS[0].contracts[0].number
_TABLE = "CREATE TABLE t (n INTEGER PRIMARY KEY)"
_MOST = 60
"""Statements of one request, more than any has."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgresql.serving() as server:
        yield server


@pytest.fixture
def platform_database(server: Server) -> str:
    return postgresql.fresh(server.dsn, next(_NAMES))


def count_of(dsn: str, query: str) -> int:
    with psycopg.connect(dsn) as db:
        (found,) = db.execute(query.encode()).fetchone() or (None,)
    assert isinstance(found, int)
    return found


class Ticks:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def rows(db: Postgres) -> list[int]:
    return [row["n"] for row in db.execute("SELECT n FROM t ORDER BY n")]


def test_a_connection_that_was_dropped_is_made_again(server, platform_database):
    db = Postgres(platform_database, _TABLE)
    for n, drop in enumerate((server.drop_connections, lambda: (server.stop(signal.SIGQUIT), server.start()))):
        drop()
        with db, keeping() as kept:
            db.execute("INSERT INTO t VALUES (?)", (n,))
        drop()
        assert rows(db) == list(range(n + 1))
        assert not kept.anything, "it watched no commit"
    db.close()


def test_what_was_begun_is_not_finished_on_another_connection(server, platform_database):
    db = Postgres(platform_database, _TABLE)

    def half() -> None:
        with db:
            db.execute("INSERT INTO t VALUES (1)")
            server.drop_connections()
            db.execute("INSERT INTO t VALUES (2)")

    with keeping() as kept, pytest.raises(Unavailable) as lost:
        half()
    assert (lost.value.doubtful, kept.anything, rows(db)) == (False, False, [])

    def at_commit() -> None:
        with db, db:
            db.execute("INSERT INTO t VALUES (1)")
            server.drop_connections()

    with pytest.raises(Unavailable):
        at_commit()
    assert rows(db) == []

    def outermost() -> None:
        with db:
            db.execute("INSERT INTO t VALUES (1)")
            server.drop_connections()

    with pytest.raises(Unavailable) as lost:
        outermost()
    assert lost.value.doubtful, "whether a commit arrived cannot be known"
    with keeping() as kept:
        with spending(), db:
            db.execute("INSERT INTO t VALUES (3)")
        assert not kept.anything, "a proof that was used up is no effect"
        with db:
            db.execute("INSERT INTO t VALUES (4)")
        assert kept.anything
    db.close()


def test_a_server_that_is_away_is_not_asked_at_every_turn(server, platform_database, monkeypatch):
    ticks, tried = Ticks(), []
    db = Postgres(platform_database, _TABLE, ticks)
    connect = psycopg.connect
    monkeypatch.setattr(psycopg, "connect", lambda *given, **how: tried.append(ticks.now) or connect(*given, **how))
    server.stop()
    try:
        for ticks.now in (0.0, 0.1, 0.4, 0.6, 0.7):
            with pytest.raises(Unavailable):
                rows(db)
        assert tried == [0.0, 0.6]
    finally:
        server.start()
    ticks.now = 1.2
    assert rows(db) == []
    db.close()


async def test_a_connection_that_was_dropped_is_noticed_by_nobody(town: Town, server: Server):
    box = town.box()
    nonce = await box.card_nonce()
    server.drop_connections()
    reply = await box.card_grant(await box.assertion(town.card("new"), nonce))
    assert reply.status == 200
    server.stop()
    server.start()
    assert (await box.link(reply.body["access_token"], CONTRACT)).status == 201


async def test_without_its_database_the_platform_says_not_now(town: Town, server: Server, platform_database: str):
    box = town.box()
    assertion = await box.assertion(town.card("new"), await box.card_nonce())
    server.stop()
    try:
        for _ in range(3):
            reply = await box.card_grant(assertion)
            assert (reply.status, reply.headers["Retry-After"]) == (503, "2")
            assert reply.body["error"] == "temporarily_unavailable"
        assert (await town.control("platform", "GET", "/jwks")).status == 200, "what needs no database is there"
    finally:
        server.start()
    async with asyncio.timeout(30):
        while (reply := await box.card_grant(assertion)).status == 503:
            await asyncio.sleep(0.05)
    assert reply.status == 200, "what the card signed is still good"
    assert count_of(platform_database, "SELECT count(*) FROM sessions") == 1


class Axe:
    """Drop every connection at one statement, or one end of a transaction, counted from here."""

    def __init__(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        self._server, self._left, self.struck = server, 0, False
        for name in ("execute", "executemany", "__enter__", "__exit__"):
            monkeypatch.setattr(Postgres, name, self._watched(getattr(Postgres, name)))

    def arm(self, at: int) -> None:
        self._left, self.struck = at, False

    def _watched(self, method: Callable[..., object]) -> Callable[..., object]:
        def ask(db: Postgres, *how: object) -> object:
            self._left -= 1
            if self._left == 0:
                self._server.drop_connections()
                self.struck = True
            return method(db, *how)

        return ask


async def insisted(send: Callable[..., Awaitable[Reply]], *what: str) -> tuple[Reply, bool]:
    """Send until something else than *not now* comes; tell whether an answer was lost on the way."""
    lost = False
    for _ in range(_MOST):
        try:
            reply = await send(*what)
        except aiohttp.ClientError:
            lost = True
            continue
        if reply.status != 503:
            return reply, lost
    raise AssertionError("never")


@pytest.fixture
def axe(server: Server, monkeypatch: pytest.MonkeyPatch) -> Axe:
    return Axe(server, monkeypatch)


async def signed_in(town: Town, box: Box, card: str) -> Reply:
    """Sign in as a box does: what was told *not now* is sent again, what got lost begins anew."""

    async def ask() -> Reply:
        return await box.send("POST", f"{box.platform}/card-nonce", data={"client_id": CLIENT})

    while True:
        nonce, _ = await insisted(ask)
        assertion = await box.assertion(town.card(card), nonce.body["nonce"])
        reply, lost = await insisted(box.card_grant, assertion)
        if reply.status == 200:
            return reply
        assert lost, f"{reply}: it was told that nothing had happened"
        assert reply.body["reason"] == "nonce"


async def test_a_sign_in_through_a_drop_at_each_statement(town: Town, axe: Axe, platform_database: str):
    for at in range(1, _MOST):
        box = town.box()
        axe.arm(at)
        await signed_in(town, box, "new")
        if not axe.struck:
            break
    assert 10 < at < _MOST - 1
    cards = count_of(platform_database, "SELECT count(DISTINCT person) FROM sessions")
    assert cards == 1, "one card is one person"


async def test_a_link_through_a_drop_at_each_statement(town: Town, axe: Axe, platform_database: str):
    token = (await signed_in(town, box := town.box(), "new")).body["access_token"]
    for at in range(1, _MOST):
        axe.arm(at)
        key = f"key-{at:03}-of-this-link"
        reply, _ = await insisted(box.link, token, CONTRACT, key)
        struck = axe.struck
        axe.arm(0)
        assert reply.status == 201, (at, reply)
        assert count_of(platform_database, "SELECT count(*) FROM links") == 2, "hers, and that of the demonstration"
        assert count_of(platform_database, "SELECT count(*) FROM ledger WHERE unit = 'link'") == at
        ended = await box.act("end", token, json={"link_id": reply.body["link_id"]})
        assert ended.status == 200, ended
        if not struck:
            break
        token = (await signed_in(town, box, "new")).body["access_token"]
    assert 5 < at < _MOST - 1

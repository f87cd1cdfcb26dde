"""The platform while PostgreSQL restarts or drops its connections: it answers *not now*, comes back by itself, and does nothing twice."""

import contextlib
import secrets
import signal
from collections.abc import Callable, Iterator

import aiohttp
import psycopg
import pytest

from simulators import database
from simulators.database import Postgres, Unavailable, keeping, spending
from simulators.platform.seed import CONTRACT_NUMBER
from tests.support import postgresql
from tests.support.postgresql import Server
from tests.support.world import CLIENT, Reply

_TABLE = "CREATE TABLE t (n INTEGER PRIMARY KEY)"
_MOST = 200
"""Far more statements than a link needs."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgresql.serving() as server:
        yield server


@pytest.fixture
def platform_database(server: Server) -> str:
    return postgresql.fresh(server.dsn, f"lost-{secrets.token_hex(4)}")


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


async def test_while_it_is_away_requests_are_sent_away_with_a_time_to_come_again(
    town, server, platform_database, monkeypatch
):
    monkeypatch.setattr(database, "_AGAIN_S", 0.0)
    box = town.box()
    token = await box.token(town.card("new"))

    async def ask() -> Reply:
        return await box.send("POST", f"{box.platform}/card-nonce", data={"client_id": CLIENT})

    async def link() -> Reply:
        return await box.link(token, CONTRACT_NUMBER, "once")

    server.stop()
    try:
        for send in (ask, link):
            refused = await send()
            assert (refused.status, refused.body["error"]) == (503, "temporarily_unavailable")
            assert refused.headers["Retry-After"] == "2"
        async with town.http.get(f"{box.platform}/jwks") as keys:
            assert keys.status == 200, "what needs no database is answered"
    finally:
        server.start()
    assert (await link()).status == 201
    assert linked(platform_database) == (1, 1)


async def until_done(send: Callable, most: int = 4):
    """Send as a client does that was sent away or heard nothing: again, the same."""
    for _ in range(most):
        with contextlib.suppress(aiohttp.ClientError):
            reply = await send()
            if reply.status != 503:
                return reply
    raise AssertionError("not done")


def linked(dsn: str) -> tuple[int, int]:
    """Count links but the seed's, and what was charged for them."""
    with psycopg.connect(dsn) as db:
        ((links,),) = db.execute("SELECT count(*) FROM links").fetchall()
        ((charges,),) = db.execute("SELECT count(*) FROM ledger WHERE unit = 'link'").fetchall()
    return links - 1, charges


class Dropping:
    """Lets the server end the platform's connections just before its n-th use of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
        self.at, self.seen = 0, 0
        for name in ("execute", "executemany", "__enter__", "__exit__"):
            monkeypatch.setattr(Postgres, name, self._before(getattr(Postgres, name), server))

    def _before(self, real: Callable, server: Server) -> Callable:
        def wrapped(db: Postgres, *given: object):
            self.seen += 1
            if self.seen == self.at:
                assert server.drop_connections() >= 1
            return real(db, *given)

        return wrapped

    def arm(self, at: int) -> None:
        self.at, self.seen = at, 0


async def test_dropped_at_every_use_a_link_is_made_once(town, server, platform_database, monkeypatch):
    monkeypatch.setattr(database, "_AGAIN_S", 0.0)
    dropping = Dropping(monkeypatch, server)
    box, answers = town.box(), set()
    await town.control("platform", "POST", "/_sim/link-policy", {"people_per_contract": _MOST})
    for at in range(1, _MOST):
        dropping.arm(0)
        token = await box.token(town.card(f"card-{at}"))
        dropping.arm(at)
        sent = box.sent
        key = secrets.token_urlsafe(12)
        reply = await until_done(lambda token=token, key=key: box.link(token, CONTRACT_NUMBER, key))
        assert reply.status == 201, (at, reply)
        assert linked(platform_database) == (at, at)
        answers.add(box.sent - sent)
        if dropping.seen < at:
            break
    assert answers == {1, 2}, "some drops are not even noticed, the others need one repetition"
    assert at > 5

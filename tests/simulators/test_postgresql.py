"""The platform on a real PostgreSQL: what its other tests ask of it, asked again."""

from collections.abc import Iterator
from itertools import count

import psycopg
import pytest

from simulators.database import Postgres, schema_of
from tests.simulators.test_clients import *  # noqa: F403
from tests.simulators.test_elsewhere import *  # noqa: F403
from tests.simulators.test_events import *  # noqa: F403
from tests.simulators.test_link_life import *  # noqa: F403
from tests.simulators.test_platform import (  # noqa: F401
    test_a_linked_card_signs_in,
    test_a_proof_is_good_once_even_after_a_restart,
    test_an_assertion_is_good_once,
    test_every_use_that_costs_is_in_the_ledger,
    test_the_authority_decides_about_the_certificate,
    test_tokens_outlive_a_restart,
)
from tests.simulators.test_sessions import *  # noqa: F403
from tests.support import postgresql

_NAMES = (f"town{n}" for n in count())


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with postgresql.running() as dsn:
        yield dsn


@pytest.fixture
def platform_database(postgres: str) -> str:
    return postgresql.fresh(postgres, next(_NAMES))


async def test_it_is_there_that_things_are_kept(town, platform_database):
    await town.box().sign_in(town.card("new"))
    assert not list(town.state.glob("platform.sqlite*"))
    with psycopg.connect(platform_database) as db:
        assert db.execute("SELECT count(*) FROM sessions").fetchall() == [(1,)]


def test_what_fails_is_not_kept_in_part(platform_database):
    db = Postgres(platform_database, "CREATE TABLE t (n INTEGER PRIMARY KEY, seen REAL, raw BLOB)")
    twice = [(2**40, 1763860000.25, b"\x00\xff")] * 2

    def write() -> None:
        with db:
            for row in twice:
                db.execute("INSERT INTO t VALUES (?, ?, ?)", row)

    with pytest.raises(psycopg.errors.UniqueViolation):
        write()
    assert db.execute("SELECT * FROM t").fetchall() == []
    with db:
        db.executemany("INSERT INTO t VALUES (?, ?, ?)", [(2, 0.5, b""), (2**40, 1763860000.25, b"\x00\xff")])
        with db:  # a part of the same
            done = db.execute("UPDATE t SET seen = 1 WHERE n = ? AND '50%' <> ''", (2,))
    assert done.rowcount == 1
    rows = [(row["n"], row["seen"], bytes(row["raw"])) for row in db.execute("SELECT * FROM t ORDER BY rowid")]
    assert rows == [(2, 1.0, b""), (2**40, 1763860000.25, b"\x00\xff")], "in the order in which they came"
    db.close()


def test_a_schema_in_both_words():
    assert schema_of("CREATE TABLE a (\n x INTEGER, PRIMARY KEY (x)\n);\nCREATE INDEX i ON a (x);") == [
        "CREATE TABLE a (\n x BIGINT, PRIMARY KEY (x), rowid BIGINT GENERATED ALWAYS AS IDENTITY)",
        "CREATE INDEX i ON a (x)",
    ]

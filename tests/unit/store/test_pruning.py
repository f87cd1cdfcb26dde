"""What is old goes, what waits stays, and a trail without its beginning is as hard to change unseen as a whole one."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from stb_agent.contract.retention import Retention
from stb_agent.host.clock import EARLIEST
from stb_agent.retention import keep_within
from stb_agent.store import Store, errors, ledger
from stb_agent.store import audit as trail
from stb_agent.store.ledger import Category
from stb_agent.store.outbox import Entry, State

DAY = 86400.0
NOW = EARLIEST + 900 * DAY


class Clock:
    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def sixty_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box with sixty days of ten entries each, before it forgets anything."""
    folder, clock = tmp_path_factory.mktemp("box"), Clock()
    store = opened(folder, clock)
    store._database.rows("PRAGMA synchronous = OFF")
    for day in range(60):
        for n in range(10):
            clock.now = NOW - (60 - day) * DAY + n
            store.audit.append("card.read", count=n)
    store.close()
    return folder


@pytest.fixture
def folder(sixty_days: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, of which it always keeps twenty entries."""
    monkeypatch.setattr(trail, "LEAST", 20)
    monkeypatch.setattr(trail, "STEP", 50)
    shutil.copytree(sixty_days, tmp_path / "box")
    return tmp_path / "box"


def opened(folder: Path, clock: Clock) -> Store:
    return Store.open(folder, clock=clock, random=os.urandom)


def pruned(store: Store, days: float, now: float = NOW) -> int:
    count, gone = 0, trail.STEP
    while gone == trail.STEP:
        gone = store.audit.prune(now - days * DAY, EARLIEST)
        count += gone
    return count


def test_what_is_older_goes_and_the_rest_holds(folder: Path, clock: Clock) -> None:
    store = opened(folder, clock)
    whole = store.audit.events()
    assert pruned(store, 30.5) == 300
    left = store.audit.events()
    assert left[:300] == whole[300:], "what is left is untouched, under its old positions"
    assert [it.data for it in left[300:]] == [{"count": 50}] * 6
    assert {it.event for it in left[300:]} == {"audit.pruned"}
    store.verify()
    store.audit.append("card.read")
    store.close()
    store = opened(folder, clock)
    store.verify()
    assert pruned(store, 30.5) == 0, "nothing more is that old"
    assert pruned(store, 10) == 200
    store.verify()
    store.close()


def test_a_clock_set_ahead_empties_nothing(folder: Path, clock: Clock) -> None:
    store = opened(folder, clock)
    pruned(store, 400, now=NOW + 10_000 * DAY)
    assert 20 <= len(store.audit.events()) < 40
    store.verify()
    store.close()


def test_more_than_the_most_is_not_kept(folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "MOST", 100)
    store = opened(folder, clock)
    pruned(store, 400)
    assert len(store.audit.events()) == 100, "with those that say what was forgotten"
    store.verify()
    store.close()


def test_entries_without_a_time_go_with_the_next_that_has_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "LEAST", 0)
    clock = Clock(7.0)
    store = opened(tmp_path, clock)
    store.audit.append("card.read")
    clock.now = NOW - 5 * DAY
    store.audit.append("card.read")
    clock.now = 7.0
    store.audit.append("card.read")
    clock.now = NOW
    assert store.audit.prune(NOW - 6 * DAY, EARLIEST) == 0
    assert store.audit.prune(NOW - 4 * DAY, EARLIEST) == 2
    assert [it.at for it in store.audit.events()] == [7.0, NOW]
    store.verify()
    store.close()


def sql(*statements: str) -> Callable[[Path, Path], None]:
    def harm(folder: Path, before: Path) -> None:
        with sqlite3.connect(folder / "store.db") as database:
            database.execute("ATTACH ? AS old", (str(before),))
            for statement in statements:
                database.execute(statement)
        database.close()

    return harm


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(sql("DELETE FROM audit_start"), id="no checkpoint"),
        pytest.param(sql("UPDATE audit_start SET sealed = x'00'"), id="another's checkpoint"),
        pytest.param(sql("UPDATE audit_start SET sealed = (SELECT sealed FROM audit_head)"), id="the head as checkpoint"),
        pytest.param(sql("UPDATE audit_start SET sealed = (SELECT sealed FROM old.audit_start)"), id="an earlier checkpoint"),
        pytest.param(sql("DELETE FROM audit WHERE position = (SELECT min(position) FROM audit)"), id="one more gone"),
        pytest.param(sql("DELETE FROM audit WHERE position = (SELECT max(position) FROM audit)"), id="the last gone"),
        pytest.param(sql("DELETE FROM audit"), id="all gone"),
        pytest.param(sql("UPDATE audit SET sealed = (SELECT sealed FROM old.audit WHERE position = 310) WHERE position = 401"), id="moved"),
        pytest.param(sql("INSERT INTO audit SELECT * FROM old.audit WHERE position = 300"), id="one put back"),
        pytest.param(
            sql("DELETE FROM audit", "INSERT INTO audit SELECT * FROM old.audit",
                "UPDATE audit_start SET sealed = (SELECT sealed FROM old.audit_start)"), id="its younger part forgotten",
        ),
    ],
)  # fmt: skip
def test_a_pruned_trail_that_was_changed_is_found(
    folder: Path, clock: Clock, harm: Callable[[Path, Path], None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = opened(folder, clock)
    assert store.audit.prune(NOW - 30.5 * DAY, EARLIEST) == 50
    store.close()
    before = tmp_path_factory.mktemp("before") / "store.db"
    before.write_bytes((folder / "store.db").read_bytes())
    store = opened(folder, clock)
    pruned(store, 20.5)
    store.verify()
    store.close()
    harm(folder, before)
    store = opened(folder, clock)
    with pytest.raises(errors.AuditBroken):
        store.verify()
    store.close()


def test_what_does_not_hold_is_not_thrown_away(folder: Path, clock: Clock) -> None:
    with sqlite3.connect(folder / "store.db") as database:
        database.execute("UPDATE audit SET sealed = x'00' WHERE position = 20")
    database.close()
    store = opened(folder, clock)
    before = store._database.rows("SELECT * FROM audit ORDER BY position")
    with pytest.raises(errors.AuditBroken) as told:
        store.audit.prune(NOW - 30 * DAY, EARLIEST)
    assert told.value.args_ == {"position": 20}
    assert store._database.rows("SELECT * FROM audit ORDER BY position") == before
    store.close()


@pytest.mark.parametrize("anchor", [True, False])
def test_a_pruned_database_put_back_is_found(folder: Path, clock: Clock, anchor: bool) -> None:
    store = opened(folder, clock)
    store.audit.prune(NOW - 30 * DAY, EARLIEST)
    store.close()
    earlier = (folder / "store.db").read_bytes()
    store = opened(folder, clock)
    pruned(store, 10)
    store.close()
    (folder / "store.db").write_bytes(earlier)
    if not anchor:
        (folder / "store.head").unlink()
    store = opened(folder, clock)
    with pytest.raises(errors.RolledBack):
        store.verify()
    store.close()


def test_what_was_kept_beside_a_trail_before_its_checkpoint_does_no_harm(folder: Path, clock: Clock) -> None:
    """As when the disk was full for what is kept beside the database, and not for the database."""
    store = opened(folder, clock)
    pruned(store, 50)
    early = (folder / "store.head").read_bytes()
    for _ in range(10):
        store.audit.append("card.read")
    clock.now += 100 * DAY
    for _ in range(100):
        store.audit.append("card.read")
    pruned(store, 10, now=clock.now)
    (folder / "store.head").write_bytes(early)
    assert store.audit.events()[0].position == 613
    store.verify()
    store.close()


def entry(key: str, at: float, state: State = State.WAITING) -> Entry:
    return Entry(key=key, service="booking", kind="order", payload=b"{}", person="p", created_at=at, state=state)


def test_settled_changes_go_by_age_and_what_waits_stays(tmp_path: Path, clock: Clock) -> None:
    store = opened(tmp_path, clock)
    for age in (100, 500):
        for state in State:
            store.outbox.put(entry(f"{state}-{age}", NOW - age * DAY, state))
    assert store.outbox.prune(NOW - 400 * DAY) == 2
    kept = {it.key for it in store.outbox.of("p", "booking")}
    assert kept == {"waiting-500", "waiting-100", "sent-100", "refused-100"}
    assert store.outbox.prune(NOW - 400 * DAY) == 0
    store.close()


def test_the_ledger_is_added_up_by_month_and_comes_to_the_same(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "STEP", 100)
    store = opened(tmp_path, clock)
    store._database.rows("PRAGMA synchronous = OFF")
    july = datetime(2028, 7, 31, 23, 50, tzinfo=timezone(timedelta(hours=9))).timestamp()
    for n in range(60):
        clock.now = july - DAY + n if n < 20 else july + (n - 20) * 60  # ten more before midnight in Japan
        store.ledger.add(Category.PLATFORM, "sign_in", 2)
        store.ledger.add(Category.JPKI, "certificate_check")
    clock.now = july + 40 * DAY
    store.ledger.add(Category.PLATFORM, "link")
    totals, rows = store.ledger.totals(), store.ledger.rows()
    assert store.ledger.fold(july) == 38, "up to the day, no further"
    assert store.ledger.totals() == totals
    while store.ledger.fold(clock.now + DAY):
        assert store.ledger.totals() == totals
    folded = store.ledger.rows()
    assert [(it.unit, it.count) for it in folded] == [
        ("sign_in", 60), ("certificate_check", 30), ("sign_in", 60), ("certificate_check", 30), ("link", 1),
    ]  # fmt: skip
    assert folded[0].at == rows[0].at
    store.ledger.add(Category.PLATFORM, "link")
    assert len(store.ledger.rows()) == 6
    store.verify()
    store.close()


def test_it_is_done_day_by_day_once_the_box_knows_the_time(folder: Path, clock: Clock) -> None:
    store = opened(folder, clock)
    store.outbox.put(entry("old", NOW - 31 * DAY, State.SENT))
    clock.now = 1000.0
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        match len(slept):
            case 2:
                assert store.outbox.of("p", "booking"), "it does not know the time"
                clock.now = NOW
            case 3:
                assert not store.outbox.of("p", "booking")
                assert store.audit.events()[0].position == 301
                clock.now = NOW + DAY
            case 4:
                assert store.audit.events()[0].position == 311
                raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(keep_within(store, Retention(audit=30, outbox=30), clock=clock, sleep=sleep))
    assert slept == [600, 600, 86400, 86400]
    store.verify()
    store.close()

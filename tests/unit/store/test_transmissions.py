"""What left the box, as it is kept: bounded, sealed, a person's own, and cheap for the flash."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stb_agent.contract.transmissions import Kind, Result, Transmission
from stb_agent.store import Store, errors
from stb_agent.store.transmissions import BOX, DAYS, FOLDED, MOST

NOON = 1_795_402_800.0  # 2026-11-23T03:00:00Z, noon in Tokyo
DAY = 86400.0


def sent(at: float = NOON, kind: Kind = Kind.LINK, result: Result = Result.SENT) -> Transmission:
    return Transmission(at, kind, "platform.example", 100, result)


def opened(folder: Path) -> Store:
    return Store.open(folder, clock=lambda: NOON, random=os.urandom)


@pytest.fixture
def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    store = opened(tmp_path)
    yield store
    store.close()


def test_each_person_is_given_their_own_newest_first_and_the_box_its_days(store: Store, tmp_path: Path) -> None:
    store.transmissions.add(
        [("hana", sent()), (BOX, sent(kind=Kind.KEYS)), ("taro", sent(kind=Kind.DECISION)), ("hana", sent(NOON + 1))]
    )
    store.transmissions.add([(BOX, sent(kind=Kind.KEYS)), (BOX, sent(NOON + DAY, Kind.KEYS, Result.BUSY))])
    store.close()
    again = opened(tmp_path).transmissions
    assert [it.at for it in again.of("hana")] == [NOON + 1, NOON]
    assert [it.kind for it in again.of("taro")] == [Kind.DECISION]
    assert again.of(BOX) == []
    assert [(it.day, [(s.kind, s.result, s.count, s.size) for s in it.sums]) for it in again.days(BOX)] == [
        ("2026-11-24", [(Kind.KEYS, Result.BUSY, 1, 100)]),
        ("2026-11-23", [(Kind.KEYS, Result.SENT, 2, 200)]),
    ]
    again.forget("hana")
    assert again.of("hana") == []
    assert len(again.of("taro")) == 1


def test_a_new_card_of_the_same_person_has_what_the_old_one_had(store: Store) -> None:
    kept = store.transmissions
    kept.add([("old", sent(NOON + n)) for n in range(MOST + 1)])
    kept.add([("new", sent(NOON + DAY)), ("taro", sent())])
    kept.adopt("old", "new")
    assert len(kept.of("new")) == MOST + 2 - FOLDED
    assert sum(it.count for day in kept.days("new") for it in day.sums) == FOLDED
    assert (kept.of("old"), kept.days("old"), len(kept.of("taro"))) == ([], [], 1)
    store.verify()


def test_a_day_ends_at_midnight_in_the_living_room(store: Store) -> None:
    midnight = NOON + 12 * 3600
    store.transmissions.add([(BOX, sent(midnight - 1, Kind.KEYS)), (BOX, sent(midnight, Kind.KEYS))])
    assert [it.day for it in store.transmissions.days(BOX)] == ["2026-11-24", "2026-11-23"]


def test_the_oldest_become_sums_of_their_days_and_nothing_is_lost_from_the_count(store: Store) -> None:
    kept = store.transmissions
    for part in range(0, MOST + 1, 1000):
        kept.add([("hana", sent(NOON + n)) for n in range(part, min(part + 1000, MOST + 1))])
    assert len(kept.of("hana")) == MOST + 1 - FOLDED
    assert kept.of("hana")[-1].at == NOON + FOLDED
    assert sum(it.count for day in kept.days("hana") for it in day.sums) == FOLDED
    assert kept.days("taro") == []


def test_of_the_days_a_year_and_a_month_are_kept(store: Store) -> None:
    for day in range(DAYS + 2):
        store.transmissions.add([(BOX, sent(NOON + day * DAY, Kind.KEYS))])
    days = store.transmissions.days(BOX)
    assert len(days) == DAYS
    assert days[-1].day == "2026-11-25"


def test_what_a_newer_version_wrote_is_told_as_such(store: Store) -> None:
    newer = {"at": NOON, "kind": "teleport", "host": "platform.example", "size": 1, "result": "sent"}
    store.transmissions.add([("hana", newer)])  # type: ignore[list-item]
    assert store.transmissions.of("hana")[0].kind is Kind.OTHER


def test_a_row_that_is_moved_to_another_person_does_not_open(store: Store) -> None:
    store.transmissions.add([("hana", sent()), ("taro", sent())])
    database = store._database
    database.rows("UPDATE transmissions SET owner = (SELECT owner FROM transmissions WHERE position = 2)")
    with pytest.raises(errors.Damaged):
        store.transmissions.of("taro")
    with pytest.raises(errors.Damaged):
        store.verify()


def test_nothing_of_it_can_be_read_without_the_key(store: Store, tmp_path: Path) -> None:
    store.transmissions.add([("hana", sent(kind=Kind.CARD_SIGN_IN)), (BOX, sent(kind=Kind.DISCOVERY))])
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for readable in (b"hana", b"platform.example", b"2026-11-23", b"card_sign_in", b"discovery"):
        assert readable not in raw


def test_a_store_of_before_is_given_what_it_lacks(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.settings.set("volume", 3)
    store._database.rows("DROP TABLE transmissions")
    store._database.rows("DROP TABLE transmission_days")
    store.close()
    store = opened(tmp_path)
    store.transmissions.add([("hana", sent())])
    assert store.settings.get("volume") == 3
    store.close()


def test_an_acts_worth_costs_the_flash_a_few_pages(store: Store, tmp_path: Path) -> None:
    store.transmissions.add([("hana", sent())])
    wal = tmp_path / "store.db-wal"
    before = wal.stat().st_size
    store.transmissions.add([("hana", sent()) for _ in range(6)])
    assert wal.stat().st_size - before <= 3 * (4096 + 24), "pages of the log for one batch"

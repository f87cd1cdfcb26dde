"""What the box keeps: nothing readable, nothing changed unseen, nothing replaced by a new one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from stb_agent.contract import words
from stb_agent.store import Category, Entry, Link, Store, errors

SECRETS = (
    "contract 3100042156",
    "the-token-itself",
    "serial-012D57CB",
    "しおみケーブル",
    "volume",
    "room.opened",
    "idem-key",
)


def open_store(folder: Path) -> Store:
    return Store.open(folder, clock=lambda: 1_800_000_000.0, random=os.urandom)


def entry(key: str = "idem-key", **more: object) -> Entry:
    fields: dict[str, object] = {
        "key": key,
        "service": "booking",
        "kind": "order",
        "payload": b'"contract 3100042156"',
        "person": "serial-012D57CB",
        "created_at": 1.0,
        "authority": b"the-token-itself",
        "authority_expires": 2e9,
    }
    return Entry(**{**fields, **more})  # type: ignore[arg-type]


def fill(store: Store) -> None:
    store.links.add(Link("link-1", "serial-012D57CB", "しおみケーブル", 5.0))
    store.outbox.put(entry())
    store.outbox.put(entry("another", person="someone else"))
    store.outbox.refused("another", "booking.taken")
    store.settings.set("volume", {"level": 3})
    store.audit.append("room.opened", service="booking", count=1)
    store.audit.append("room.closed", service="booking")
    store.ledger.add(Category.JPKI, "signature")
    store.ledger.add(Category.JPKI, "signature", 2)
    store.ledger.add(Category.PLATFORM, "exchange")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    store = open_store(folder)
    fill(store)
    store.close()
    return folder


def test_everything_comes_back(folder: Path) -> None:
    store = open_store(folder)
    assert store.links.find("serial-012D57CB") == Link("link-1", "serial-012D57CB", "しおみケーブル", 5.0)
    assert store.links.find("other") is None
    assert store.outbox.waiting() == [entry()]
    assert store.settings.get("volume") == {"level": 3}
    assert store.settings.get("never set", 7) == 7
    assert store.ledger.totals() == {(Category.JPKI, "signature"): 3, (Category.PLATFORM, "exchange"): 1}
    assert [event.event for event in store.audit.events()] == ["room.opened", "room.closed"]
    store.links.remove("serial-012D57CB")
    assert store.links.all() == []
    assert store.secret("handles") == store.secret("handles") != store.secret("other")
    secret = store.secret("handles")
    store.close()
    again = open_store(folder)
    assert again.secret("handles") == secret
    again.close()


def test_nothing_is_readable_on_the_disk(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    fill(store)
    # Before the close, so that the write-ahead log is searched too.
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {"store.db", "store.db-wal", "store.key"} <= files.keys()
    for name, content in files.items():
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600, name
        for secret in SECRETS:
            assert secret.encode() not in content, (name, secret)
    assert len(files["store.db-wal"]) > 10_000
    assert "the-token" not in repr(store.outbox.waiting())
    store.close()


def rows(folder: Path) -> Iterator[tuple[str, str, str, object]]:
    """Every column of every row, as (table, where, column, value)."""
    with sqlite3.connect(folder / "store.db") as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = [column for _, column, *_ in database.execute(f"PRAGMA table_info({table})")]
            for row in database.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall():
                where = " AND ".join(
                    f"quote({name}) = {_quoted(value)}" for name, value in zip(columns, row, strict=True)
                )
                yield from ((table, where, name, value) for name, value in zip(columns, row, strict=True))
    database.close()


def _quoted(value: object) -> str:
    text = (
        f"X'{value.hex().upper()}'"
        if isinstance(value, bytes)
        else f"'{value}'"
        if isinstance(value, str)
        else str(value)
    )
    return "'" + text.replace("'", "''") + "'"


def _changed(value: object) -> object:
    match value:
        case bytes():
            return value[:-1] + bytes([value[-1] ^ 1])
        case int():
            return value + 100
        case _:
            return "changed"


def test_a_change_of_any_column_of_any_row_is_found(folder: Path) -> None:
    found = list(rows(folder))
    assert {table for table, *_ in found} == {"mark", "links", "outbox", "settings", "audit", "audit_head", "ledger"}
    for table, where, column, value in found:
        _rewrite(folder, table, where, column, _changed(value))
        with pytest.raises((errors.Damaged, errors.AuditBroken, errors.KeyWrong)):
            _verified(folder)
        _rewrite(folder, table, f"quote({column}) = {_quoted(_changed(value))}", column, value)
    _verified(folder)


def _rewrite(folder: Path, table: str, where: str, column: str, value: object) -> None:
    with sqlite3.connect(folder / "store.db") as database:
        assert database.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (value,)).rowcount == 1
    database.close()


def _verified(folder: Path) -> None:
    store = open_store(folder)
    try:
        store.verify()
    finally:
        store.close()


@pytest.mark.parametrize("position", [1, 2])
def test_a_missing_audit_entry_is_found_at_its_place(folder: Path, position: int) -> None:
    with sqlite3.connect(folder / "store.db") as database:
        database.execute("DELETE FROM audit WHERE position = ?", (position,))
    database.close()
    store = open_store(folder)
    with pytest.raises(errors.AuditBroken) as told:
        store.audit.verify()
    assert told.value.args_ == {"position": position}
    store.close()


def test_the_chain_finds_what_was_rewritten_with_the_key(folder: Path) -> None:
    """Somebody with the box's key reseals the first entry; the hash in the second tells."""
    store = open_store(folder)
    first, _ = store.audit.events()
    forged = type(first)(1, first.at, "room.nothing", first.data, first.previous)
    with store._database.transaction():
        sealed = store._database.sealed(forged, "audit", 1)
        store._database.rows("UPDATE audit SET sealed = ? WHERE position = 1", sealed)
    with pytest.raises(errors.AuditBroken) as told:
        store.audit.verify()
    assert told.value.args_ == {"position": 2}
    store.close()


def test_an_emptied_audit_trail_is_found(folder: Path) -> None:
    with sqlite3.connect(folder / "store.db") as database:
        database.execute("DELETE FROM audit")
    database.close()
    store = open_store(folder)
    with pytest.raises(errors.AuditBroken):
        store.audit.verify()
    store.close()


@pytest.mark.parametrize("anchor", [True, False])
def test_a_database_of_an_earlier_day_is_found(folder: Path, anchor: bool) -> None:
    earlier = (folder / "store.db").read_bytes()
    store = open_store(folder)
    store.audit.append("card.read")
    store.verify()
    store.close()
    (folder / "store.db").write_bytes(earlier)
    if not anchor:
        (folder / "store.head").unlink()
    store = open_store(folder)
    with pytest.raises(errors.RolledBack):
        store.verify()
    store.close()


def test_a_trail_that_is_ahead_of_what_was_kept_beside_it_holds(folder: Path) -> None:
    """As after a loss of power, or a full disk, right after an entry was written."""
    before = (folder / "store.head").read_bytes()
    store = open_store(folder)
    store.audit.append("card.read")
    (folder / "store.head").write_bytes(before)
    store.verify()
    store.close()


def test_what_was_kept_beside_the_trail_is_not_changed_unseen(folder: Path) -> None:
    kept = (folder / "store.head").read_bytes()
    (folder / "store.head").write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    store = open_store(folder)
    with pytest.raises(errors.RolledBack):
        store.verify()
    store.close()


@pytest.mark.parametrize("field", ["pin", "serial", "name", "contract_number", "token", "certificate", "address"])
def test_the_audit_trail_takes_no_personal_field(folder: Path, field: str) -> None:
    store = open_store(folder)
    before = store.audit.events()
    with pytest.raises(ValueError, match=field):
        store.audit.append("card.read", **{field: "x"})
    with pytest.raises(ValueError, match="too long"):
        store.audit.append("card.read", reason="x" * 65)
    with pytest.raises(ValueError, match="event"):
        store.audit.append("花子")
    assert store.audit.events() == before
    store.close()


def _bytes_lost(folder: Path) -> None:
    path = folder / "store.db"
    path.write_bytes(path.read_bytes()[:-5000])


@pytest.mark.parametrize(
    ("harm", "error"),
    [
        (lambda folder: (folder / "store.key").unlink(), errors.KeyMissing),
        (lambda folder: (folder / "store.key").write_bytes(os.urandom(32)), errors.KeyWrong),
        (lambda folder: (folder / "store.key").write_bytes(b"short"), errors.KeyWrong),
        (lambda folder: (folder / "store.key").chmod(0o640), errors.KeyExposed),
        (lambda folder: (folder / "store.db").unlink(), errors.DatabaseMissing),
        (lambda folder: (folder / "store.db").write_bytes(b""), errors.Damaged),
        (lambda folder: (folder / "store.db").write_bytes(b"not a database" * 100), errors.Damaged),
        (_bytes_lost, errors.Damaged),
    ],
)
def test_what_is_damaged_is_said_and_kept(folder: Path, harm, error: type[errors.StoreError]) -> None:
    harm(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(error):
        open_store(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name in before} == before
    with pytest.raises(error):
        open_store(folder)


def test_a_second_writer_is_refused(folder: Path, monkeypatch) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **more: connect(*args, **{**more, "timeout": 0.05}))
    store = open_store(folder)
    with pytest.raises(errors.Busy):
        open_store(folder)
    store.close()
    open_store(folder).close()


def test_a_full_disk_is_told_and_nothing_of_the_change_stays(folder: Path) -> None:
    store = open_store(folder)
    ((pages,),) = store._database.rows("PRAGMA page_count")
    store._database.rows(f"PRAGMA max_page_count = {pages}")
    put = 0
    with pytest.raises(errors.NotWritten):  # noqa: PT012 # which put fails is the disk's choice
        while put < 1000:
            store.outbox.put(entry(f"key-{put}", payload=b"x" * 4000))
            put += 1
    with pytest.raises(KeyError):
        store.outbox.get(f"key-{put}")
    assert len(store.outbox.waiting()) == put + 1, "with the one of the fixture"
    store.close()


def test_small_settings_only(folder: Path) -> None:
    store = open_store(folder)
    with pytest.raises(ValueError, match="too long"):
        store.settings.set("volume", "x" * 5000)
    with pytest.raises(ValueError, match="counts"):
        store.ledger.add(Category.SYSTEM, "box", 0)
    assert store.settings.get("volume") == {"level": 3}
    store.close()


def _every(root: type[errors.StoreError]) -> Iterator[type[errors.StoreError]]:
    for kind in root.__subclasses__():
        yield kind
        yield from _every(kind)


@pytest.mark.parametrize("kind", list(_every(errors.StoreError)))
def test_every_error_has_its_words(kind: type[errors.StoreError]) -> None:
    cause, remedy = (words.text(f"{kind.code}.{part}", position=3) for part in ("cause", "remedy"))
    assert cause.endswith("。")
    assert remedy.endswith("。")

"""The one connection to the database: transactions, sealed records, honest errors."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from stb_agent.store.errors import Busy, Damaged, NotWritten, StoreError
from stb_agent.store.seal import Seal

Clock = Callable[[], float]
"""Seconds since the epoch, UTC."""

T = TypeVar("T")
Column = bytes | int | float | str

SCHEMA = """
CREATE TABLE mark (sealed BLOB NOT NULL);
CREATE TABLE links (name BLOB PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE settings (name BLOB PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE outbox (name BLOB PRIMARY KEY, owner BLOB NOT NULL, state TEXT NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX outbox_owner ON outbox (owner);
CREATE INDEX outbox_state ON outbox (state);
CREATE TABLE audit (position INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE audit_head (sealed BLOB NOT NULL);
CREATE TABLE ledger (position INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
"""
ADDED = """
CREATE TABLE IF NOT EXISTS transmissions (position INTEGER PRIMARY KEY, owner BLOB NOT NULL, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS transmission_days (name BLOB PRIMARY KEY, owner BLOB NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS endings (name BLOB PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS news (name BLOB PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS news_head (sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS audit_start (sealed BLOB NOT NULL);
"""
"""Tables that came after the first boxes: made when a store is opened that has not got them."""


class Database:
    """Run statements on an open connection and seal what they write.

    A record's readable columns are part of what its seal covers, so that a row cannot be moved, relabelled or edited unseen.
    """

    def __init__(self, connection: sqlite3.Connection, seal: Seal) -> None:
        self.connection = connection
        self.seal = seal

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all of the block or nothing of it; it is on the disk when the block is left. Raises NotWritten, Damaged."""
        with told():
            self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            with told():
                self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def rows(self, statement: str, *values: Column) -> list[tuple[Column, ...]]:
        """Run a statement and give its rows. Raises Damaged, NotWritten."""
        with told():
            return self.connection.execute(statement, values).fetchall()

    def sealed(self, record: object, table: str, *columns: Column) -> bytes:
        """Seal ``record`` (as JSON) for the row of ``table`` with these readable columns."""
        return self.seal.close(msgspec.json.encode(record), _place(table, columns))

    def opened(self, kind: type[T], sealed: Column, table: str, *columns: Column) -> T:
        """Open a row's record. Raises Damaged."""
        try:
            return msgspec.json.decode(self.seal.open(bytes_of(sealed), _place(table, columns)), type=kind)
        except (ValueError, TypeError):
            raise Damaged(table=table) from None


def connect(path: Path) -> sqlite3.Connection:
    """Open an existing database as its only user. Raises Busy, Damaged, NotWritten."""
    with told():
        # Autocommit: transactions are ours. Two seconds are enough for a predecessor that is being ended.
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=2.0, isolation_level=None)
    try:
        with told():
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'mark'").fetchall():
                raise Damaged  # and nothing is written to what is not ours
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise Damaged
    except StoreError:
        connection.close()
        raise
    return connection


@contextmanager
def told() -> Iterator[None]:
    """Turn SQLite's exceptions into ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        match error.sqlite_errorcode & 0xFF if hasattr(error, "sqlite_errorcode") else sqlite3.SQLITE_CORRUPT:
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                raise Busy from None
            case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN:
                raise NotWritten from None
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_ERROR:
                raise Damaged from None
            case _:
                raise


def bytes_of(value: Column) -> bytes:
    """Give a column's bytes. Raises TypeError for a column of another type, which only a foreign hand can have written."""
    if not isinstance(value, bytes):
        raise TypeError(type(value).__name__)
    return value


def _place(table: str, columns: tuple[Column, ...]) -> bytes:
    return msgspec.json.encode((table, *columns))

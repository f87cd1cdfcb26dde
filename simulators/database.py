"""Where a simulator keeps its state: SQLite in a file, or PostgreSQL by DSN, with the same statements and the same schema.

Statements are written in what both understand: `?` for parameters, `ON CONFLICT` (with the table's name before its columns), rows by column name.
Schemas are SQLite's; `schema_of` says the little that is other in PostgreSQL.
"""

import re
import select
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

T = TypeVar("T")

_CONNECT_S = 2
"""Seconds that a connection may take: everybody waits meanwhile."""
_AGAIN_S = 0.5
"""Seconds after a connection that failed until the next is tried."""


class Unavailable(Exception):
    """The database cannot be asked now. `doubtful`: whether the last change was kept is not known; else it was not."""

    def __init__(self, *, doubtful: bool = False) -> None:
        super().__init__("doubtful" if doubtful else "not kept")
        self.doubtful = doubtful


@dataclass
class Kept:
    """Whether anything was committed."""

    anything: bool = False


_kept: ContextVar[Kept | None] = ContextVar("kept", default=None)


@contextmanager
def keeping() -> Iterator[Kept]:
    """Watch whether anything is committed."""
    kept = Kept()
    before = _kept.set(kept)
    try:
        yield kept
    finally:
        _kept.reset(before)


@contextmanager
def spending() -> Iterator[None]:
    """Commit what any sending of a request uses up (its proof), which is no effect of it."""
    before = _kept.set(None)
    try:
        yield
    finally:
        _kept.reset(before)


class Row(Protocol):
    """A row; values by column name."""

    def __getitem__(self, name: str, /) -> Any: ...
    def keys(self) -> Any: ...


class Result(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Any:
        """Give the next row, or None."""

    def fetchall(self) -> list[Any]:
        """Give all rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Database(Protocol):
    """A connection; writes belong in `with db:`, which commits them together or not at all."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Result:
        """Run a statement."""

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Result:
        """Run a statement for each of these parameters."""

    def close(self) -> None:
        """End the connection."""

    def __enter__(self) -> Any: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> Any: ...


def open_file(path: Path, schema: str) -> sqlite3.Connection:
    """Open state in an SQLite file; what is deleted is overwritten."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
        db.execute(f"PRAGMA {pragma}")
    db.executescript(schema)
    return db


class Postgres:
    """State in a PostgreSQL database, by psycopg; a connection that was lost is made again for the next statement or transaction.

    Every method raises Unavailable while there is none.
    """

    def __init__(self, dsn: str, schema: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        import psycopg
        from psycopg.rows import dict_row

        self._lost = (psycopg.OperationalError, psycopg.InterfaceError)

        def connect() -> psycopg.Connection[dict[str, Any]]:
            return psycopg.connect(dsn, autocommit=True, row_factory=dict_row, connect_timeout=_CONNECT_S)

        self._connect = connect
        self._monotonic, self._not_before = monotonic, 0.0
        self._db = self._connect()
        self._open: list[AbstractContextManager[Any]] = []
        with self:
            for statement in schema_of(schema):
                self._db.execute(statement.encode())

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Result:
        """Run a statement."""
        return self._asked(lambda: self._db.execute(_statement(sql), parameters))

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Result:
        """Run a statement for each of these parameters."""
        rows = list(parameters)

        def ask() -> Result:
            cursor = self._db.cursor()
            cursor.executemany(_statement(sql), rows)
            return cursor

        return self._asked(ask)

    def close(self) -> None:
        """End the connection."""
        self._db.close()

    def __enter__(self) -> Self:
        if not self._open:
            self._reconnect()

        def begin() -> None:
            transaction = self._db.transaction()
            transaction.__enter__()
            self._open.append(transaction)

        self._asked(begin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        transaction = self._open.pop()
        try:
            transaction.__exit__(kind, error, trace)
        except self._lost:
            raise Unavailable(doubtful=not self._open) from None
        if error is None and not self._open and (kept := _kept.get()) is not None:
            kept.anything = True

    def _asked(self, ask: Callable[[], T]) -> T:
        """Ask; once more where the connection turns out to be gone and nothing has begun on it."""
        if not self._open:
            self._reconnect()
        try:
            return ask()
        except self._lost:
            if self._open or not self._db.closed:
                raise Unavailable from None
        self._reconnect()
        try:
            return ask()
        except self._lost:
            raise Unavailable from None

    def _reconnect(self) -> None:
        """Make the connection again if it is gone. Raises Unavailable."""
        if not self._db.closed and not self._said_something():
            return
        self._db.close()
        if self._monotonic() < self._not_before:
            raise Unavailable
        try:
            self._db = self._connect()
        except self._lost:
            self._not_before = self._monotonic() + _AGAIN_S
            raise Unavailable from None

    def _said_something(self) -> bool:
        """Tell whether the server said something unasked: nearly always that it ends the connection."""
        poll = select.poll()
        poll.register(self._db.fileno(), select.POLLIN)
        return bool(poll.poll(0))


def open_database(where: str | Path, schema: str) -> Database:
    """Open state in a file, or at a `postgresql://` DSN."""
    return open_file(where, schema) if isinstance(where, Path) else Postgres(where, schema)


@lru_cache(maxsize=512)
def _statement(sql: str) -> bytes:
    return sql.replace("%", "%%").replace("?", "%s").encode()


def schema_of(schema: str) -> list[str]:
    """Say a schema of SQLite's in PostgreSQL's words, statement by statement.

    Its INTEGER has 64 bits and its REAL 53 of precision, and each table's rows are numbered as they come (rowid).
    """
    found = []
    for statement in filter(None, (part.strip() for part in schema.split(";"))):
        said = statement
        for theirs, ours in (("INTEGER", "BIGINT"), ("REAL", "DOUBLE PRECISION"), ("BLOB", "BYTEA")):
            said = re.sub(rf"\b{theirs}\b", ours, said)
        if said.startswith("CREATE TABLE"):
            said = re.sub(r"\s*\)$", ", rowid BIGINT GENERATED ALWAYS AS IDENTITY)", said)
        found.append(said)
    return found

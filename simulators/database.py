"""Where a simulator keeps its state: SQLite in a file, or PostgreSQL by DSN, with the same statements and the same schema.

Statements are written in what both understand: `?` for parameters, `ON CONFLICT` (with the table's name before its columns), rows by column name.
Schemas are SQLite's; `schema_of` says the little that is other in PostgreSQL.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self


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
    """State in a PostgreSQL database, by psycopg."""

    def __init__(self, dsn: str, schema: str) -> None:
        import psycopg
        from psycopg.rows import dict_row

        self._db = psycopg.connect(dsn, autocommit=True, row_factory=dict_row)
        self._open: list[AbstractContextManager[Any]] = []
        with self:
            for statement in schema_of(schema):
                self._db.execute(statement.encode())

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Result:
        """Run a statement."""
        return self._db.execute(_statement(sql), parameters)

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Result:
        """Run a statement for each of these parameters."""
        cursor = self._db.cursor()
        cursor.executemany(_statement(sql), parameters)
        return cursor

    def close(self) -> None:
        """End the connection."""
        self._db.close()

    def __enter__(self) -> Self:
        transaction = self._db.transaction()
        transaction.__enter__()
        self._open.append(transaction)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._open.pop().__exit__(kind, error, trace)


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

"""What was used that somebody is billed for."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

import msgspec

from stb_agent.store.database import Clock, Database


class Category(StrEnum):
    """The three kinds of cost."""

    SYSTEM = "system"
    JPKI = "jpki"
    PLATFORM = "platform"


class Row(msgspec.Struct, frozen=True):
    """One billable act: ``count`` of ``unit`` (``signature``, ``sign_in``, ``exchange`` …) at ``at`` (seconds since the epoch, UTC)."""

    at: float
    category: Category
    unit: str
    count: int


class Ledger:
    """Add rows and sum them; a row is never changed."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, category: Category, unit: str, count: int = 1) -> None:
        """Write that ``count`` of ``unit`` were used now. Raises ValueError unless ``count`` is at least 1."""
        if count < 1:
            raise ValueError("a ledger row counts something")
        with self._database.transaction():
            ((position,),) = self._database.rows("SELECT coalesce(max(position), 0) + 1 FROM ledger")
            record = Row(self._clock(), category, unit, count)
            self._database.rows(
                "INSERT INTO ledger VALUES (?, ?)", position, self._database.sealed(record, "ledger", position)
            )

    def rows(self) -> list[Row]:
        """Give every row, oldest first."""
        rows = self._database.rows("SELECT position, sealed FROM ledger ORDER BY position")
        return [self._database.opened(Row, sealed, "ledger", position) for position, sealed in rows]

    def totals(self) -> dict[tuple[Category, str], int]:
        """Give the sum for each category and unit."""
        totals: Counter[tuple[Category, str]] = Counter()
        for row in self.rows():
            totals[row.category, row.unit] += row.count
        return dict(totals)

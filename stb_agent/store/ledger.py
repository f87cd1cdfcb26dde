"""What was used that somebody is billed for."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone
from enum import StrEnum

import msgspec

from stb_agent.store.database import Clock, Column, Database

STEP = 5000
"""The oldest rows that are looked at in one folding: some ten milliseconds."""
_JST = timezone(timedelta(hours=9))  # the month of a bill


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
    """Add rows and sum them; a row is never changed but to be added to others of its month."""

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

    def fold(self, before: float) -> int:
        """Let rows from before ``before`` (seconds since the epoch) be one for each month (Asia/Tokyo), category and unit; give how many have gone.

        A month's row is at the place and time of its first; what is added up stays the same. Raises Damaged, NotWritten.
        """
        alike: dict[tuple[str, Category, str], list[tuple[Column, Row]]] = {}
        gone = 0
        with self._database.transaction():
            # Never the newest: its number would be given again.
            oldest = "SELECT position, sealed FROM ledger WHERE position < (SELECT max(position) FROM ledger)"
            for position, sealed in self._database.rows(f"{oldest} ORDER BY position LIMIT ?", STEP):
                row = self._database.opened(Row, sealed, "ledger", position)
                if row.at >= before:
                    break
                month = datetime.fromtimestamp(row.at, _JST).strftime("%Y-%m")
                alike.setdefault((month, row.category, row.unit), []).append((position, row))
            for (first, row), *others in alike.values():
                if not others:
                    continue
                whole = msgspec.structs.replace(row, count=row.count + sum(it.count for _, it in others))
                self._database.rows(
                    "UPDATE ledger SET sealed = ? WHERE position = ?",
                    self._database.sealed(whole, "ledger", first),
                    first,
                )
                for position, _ in others:
                    self._database.rows("DELETE FROM ledger WHERE position = ?", position)
                gone += len(others)
        return gone

    def totals(self) -> dict[tuple[Category, str], int]:
        """Give the sum for each category and unit."""
        totals: Counter[tuple[Category, str]] = Counter()
        for row in self.rows():
            totals[row.category, row.unit] += row.count
        return dict(totals)

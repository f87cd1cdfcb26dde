"""What left the box: a person's transmissions one by one, the box's own by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone

import msgspec

from stb_agent.contract.transmissions import Kind, Result, Transmission
from stb_agent.store.database import Column, Database, bytes_of

MOST = 10_000
"""Transmissions that are kept one by one, of all persons together: about 3 MB."""
FOLDED = 500
"""How many of the oldest become sums of their days at once, when there are more."""
DAYS = 400
"""Days that are kept, of each person and of the box: a year and what one looks back from."""
BOX = ""
"""Whose the transmissions are that are about nobody."""
_JST = timezone(timedelta(hours=9))  # a household's day


class Sum(msgspec.Struct, frozen=True):
    """So many transmissions of a kind to a host with a result; ``size`` bytes of content together."""

    kind: Kind
    host: str
    result: Result
    count: int
    size: int


class Day(msgspec.Struct, frozen=True):
    """A day (RFC 3339 full-date, Asia/Tokyo) and what left the box on it."""

    day: str
    sums: tuple[Sum, ...]


class Transmissions:
    """Write transmissions down and read them again, newest first. ``person`` is a card's handle, or BOX."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, batch: Sequence[tuple[str, Transmission]]) -> None:
        """Write down transmissions and whose they are, all in one transaction. Raises NotWritten, Damaged."""
        with self._database.transaction():
            ((last, count),) = self._database.rows("SELECT coalesce(max(position), 0), count(*) FROM transmissions")
            position = int(last)
            for person, sent in batch:
                if person == BOX:
                    continue
                position += 1
                row = (position, self._owner(person))
                sealed = self._database.sealed(sent, "transmissions", *row)
                self._database.rows("INSERT INTO transmissions VALUES (?, ?, ?)", *row, sealed)
            self._sum(self._owner(BOX), [sent for person, sent in batch if person == BOX])
            if int(count) + position - int(last) > MOST:
                self._fold()

    def of(self, person: str) -> list[Transmission]:
        """Give what is kept one by one of a person. Raises Damaged."""
        owner = self._owner(person)
        rows = self._database.rows(
            "SELECT position, sealed FROM transmissions WHERE owner = ? ORDER BY position DESC", owner
        )
        return [self._database.opened(Transmission, it, "transmissions", at, owner) for at, it in rows]

    def days(self, person: str) -> list[Day]:
        """Give what is kept by day. Raises Damaged."""
        return [day for _, day in self._days(self._owner(person))]

    def forget(self, person: str) -> None:
        """Forget what was sent in a person's name."""
        owner = self._owner(person)
        with self._database.transaction():
            self._database.rows("DELETE FROM transmissions WHERE owner = ?", owner)
            self._database.rows("DELETE FROM transmission_days WHERE owner = ?", owner)

    def adopt(self, old: str, new: str) -> None:
        """Let what was sent in the name of one card be another's: the same person has a new card. Raises Damaged."""
        before, after = self._owner(old), self._owner(new)
        with self._database.transaction():
            rows = self._database.rows("SELECT position, sealed FROM transmissions WHERE owner = ?", before)
            for position, sealed in rows:
                sent = self._database.opened(Transmission, sealed, "transmissions", position, before)
                again = self._database.sealed(sent, "transmissions", position, after)
                self._database.rows(
                    "UPDATE transmissions SET owner = ?, sealed = ? WHERE position = ?", after, again, position
                )
            for name, day in self._days(before):
                self._add(after, day.day, day.sums)
                self._database.rows("DELETE FROM transmission_days WHERE name = ?", name)

    def _fold(self) -> None:
        """Let the oldest be sums of their days."""
        rows = self._database.rows(
            "SELECT position, owner, sealed FROM transmissions ORDER BY position LIMIT ?", FOLDED
        )
        old: dict[bytes, list[Transmission]] = {}
        for position, owner, sealed in rows:
            sent = self._database.opened(Transmission, sealed, "transmissions", position, owner)
            old.setdefault(bytes_of(owner), []).append(sent)
        for name, sents in old.items():
            self._sum(name, sents)
        self._database.rows("DELETE FROM transmissions WHERE position <= ?", rows[-1][0])

    def _sum(self, owner: bytes, sents: Iterable[Transmission]) -> None:
        by_day: dict[str, list[Transmission]] = {}
        for sent in sents:
            by_day.setdefault(_day_of(sent.at), []).append(sent)
        for day, of_day in by_day.items():
            self._add(owner, day, [Sum(sent.kind, sent.host, sent.result, 1, sent.size) for sent in of_day])

    def _add(self, owner: bytes, day: str, more: Iterable[Sum]) -> None:
        name = self._database.seal.index("transmission day", owner.hex(), day)
        rows = self._database.rows("SELECT sealed FROM transmission_days WHERE name = ?", name)
        before = self._opened(name, owner, rows[0][0]).sums if rows else ()
        counts: Counter[tuple[Kind, str, Result]] = Counter()
        sizes: Counter[tuple[Kind, str, Result]] = Counter()
        for it in (*before, *more):
            counts[it.kind, it.host, it.result] += it.count
            sizes[it.kind, it.host, it.result] += it.size
        sums = tuple(Sum(*what, count, sizes[what]) for what, count in counts.items())
        sealed = self._database.sealed(Day(day, sums), "transmission_days", name, owner)
        self._database.rows("INSERT OR REPLACE INTO transmission_days VALUES (?, ?, ?)", name, owner, sealed)
        if not rows:
            for old, _ in self._days(owner)[DAYS:]:
                self._database.rows("DELETE FROM transmission_days WHERE name = ?", old)

    def _days(self, owner: bytes) -> list[tuple[bytes, Day]]:
        rows = self._database.rows("SELECT name, sealed FROM transmission_days WHERE owner = ?", owner)
        days = [(bytes_of(name), self._opened(bytes_of(name), owner, sealed)) for name, sealed in rows]
        return sorted(days, key=lambda it: it[1].day, reverse=True)

    def _opened(self, name: bytes, owner: bytes, sealed: Column) -> Day:
        return self._database.opened(Day, sealed, "transmission_days", name, owner)

    def _owner(self, person: str) -> bytes:
        return self._database.seal.index("transmissions", person)


def _day_of(at: float) -> str:
    return datetime.fromtimestamp(at, _JST).date().isoformat()

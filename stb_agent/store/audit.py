"""The audit trail: what was done on this box, each entry sealed to the one before."""

from __future__ import annotations

import hashlib
import re

import msgspec

from stb_agent.store.anchor import Anchor
from stb_agent.store.database import Clock, Column, Database
from stb_agent.store.errors import AuditBroken, Damaged, RolledBack

Value = str | int | bool | None

FIELDS = frozenset(
    {"attempts", "category", "code", "count", "entry", "handle", "kind", "level", "link", "operator", "reason"}
    | {"result", "service", "state", "unit", "version"}
)
"""The names that an entry's data may have: none of them is a place for a number, a name, a token or a certificate."""
MAX_TEXT = 64
"""The longest text among an entry's data: a SHA-256 in hexadecimal."""
LEAST = 500
"""Entries that are kept whatever the clock says: some weeks of a household that signs in every day."""
MOST = 50_000
"""Entries that are kept at the most: about 20 MB."""
STEP = 500
"""Entries that go at once: a few milliseconds."""
_EVENT = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z_]*)*")
_START = "0" * 64


class Event(msgspec.Struct, frozen=True):
    """What happened, when (seconds since the epoch, UTC), and the hash of the entry before it."""

    position: int
    at: float
    event: str
    data: dict[str, Value]
    previous: str

    def hash(self) -> str:
        """Give SHA-256 (hex) over the previous hash and the entry as canonical JSON: sorted names, no spaces, UTF-8."""
        body = {"at": self.at, "data": self.data, "event": self.event, "position": self.position}
        return hashlib.sha256(self.previous.encode() + msgspec.json.encode(body, order="deterministic")).hexdigest()


class _Head(msgspec.Struct, frozen=True):
    """The newest entry, or the last that was pruned: how many there were up to it, and its hash."""

    position: int
    hash: str


def start(database: Database) -> None:
    """Write the head of an empty trail."""
    database.rows("INSERT INTO audit_head VALUES (?)", database.sealed(_Head(0, _START), "audit_head"))


class Audit:
    """Append to the trail, read it, and tell whether it still is what was written."""

    def __init__(self, database: Database, clock: Clock, anchor: Anchor) -> None:
        self._database = database
        self._clock = clock
        self._anchor = anchor

    def append(self, event: str, **data: Value) -> None:
        """Write that ``event`` (dotted lower case) happened. Raises ValueError for a field outside FIELDS or a text over 64 characters."""
        if not _EVENT.fullmatch(event):
            raise ValueError("not an event's name")
        if strange := data.keys() - FIELDS:
            raise ValueError(f"the audit trail does not take {', '.join(sorted(strange))}")
        if any(isinstance(value, str) and len(value) > MAX_TEXT for value in data.values()):
            raise ValueError("too long for the audit trail")
        with self._database.transaction():
            head = self._write(event, data)
        self._anchor.keep(msgspec.json.encode(head))

    def prune(self, before: float, known: float) -> int:
        """Forget the oldest entries, those from before ``before``, up to STEP of them; give how many. Raises AuditBroken, Damaged, NotWritten.

        A checkpoint stays in their place: how many have gone in all, and the hash of the last, which the next entry names. The trail says itself that
        it was done. LEAST entries stay however old they seem, so that a clock that was set ahead empties nothing; beyond MOST they go however new.
        One whose time is before ``known`` was written while the box did not know the time: it goes with the next one that has a time.
        """
        with self._database.transaction():
            start, head = self._start(), self._head()
            count = head.position - start.position + 1  # with the entry that says that it was done
            rows = self._database.rows(
                "SELECT position, sealed FROM audit ORDER BY position LIMIT ?", max(min(STEP, count - 1 - LEAST), 0)
            )
            last, cut = start, start
            for position, sealed in rows:
                entry = self._opened(position, sealed, last)
                last = _Head(entry.position, entry.hash())
                if last.position - start.position <= count - MOST or known <= entry.at < before:
                    cut = last
                elif entry.at >= before:
                    break
            gone = cut.position - start.position
            if not gone:
                return 0
            self._database.rows("DELETE FROM audit WHERE position <= ?", cut.position)
            self._database.rows("DELETE FROM audit_start")
            self._database.rows("INSERT INTO audit_start VALUES (?)", self._database.sealed(cut, "audit_start"))
            head = self._write("audit.pruned", {"count": gone})
        self._anchor.keep(msgspec.json.encode(head))
        return gone

    def events(self) -> list[Event]:
        """Give what is left of the trail, oldest first. Raises AuditBroken where it does not hold."""
        events: list[Event] = []
        try:
            last = self._start()
        except Damaged:
            raise AuditBroken(position=1) from None
        for position, sealed in self._database.rows("SELECT position, sealed FROM audit ORDER BY position"):
            entry = self._opened(position, sealed, last)
            events.append(entry)
            last = _Head(entry.position, entry.hash())
        try:
            head = self._head()
        except Damaged:
            raise AuditBroken(position=last.position) from None
        if head != last:
            raise AuditBroken(position=min(last.position, head.position) + (head.position != last.position))
        return events

    def verify(self) -> None:
        """Return if the trail holds and none of it went back. Raises AuditBroken with the position of the first entry that does not, RolledBack."""
        hashes = {it.position: it.hash() for it in self.events()}
        start = self._start()
        hashes[start.position] = start.hash
        kept = self._anchor.kept()
        if kept is None:
            if max(hashes):
                raise RolledBack
            return
        head = msgspec.json.decode(kept, type=_Head)
        # One that was kept before the checkpoint was made tells nothing of what is left.
        if head.position > max(hashes) or (head.position >= start.position and hashes[head.position] != head.hash):
            raise RolledBack

    def _opened(self, position: Column, sealed: Column, before: _Head) -> Event:
        """Open the entry that comes after another. Raises AuditBroken."""
        expected = before.position + 1
        try:
            entry = self._database.opened(Event, sealed, "audit", position)
        except Damaged:
            raise AuditBroken(position=expected) from None
        if position != expected or entry.position != expected or entry.previous != before.hash:
            raise AuditBroken(position=expected)
        return entry

    def _write(self, event: str, data: dict[str, Value]) -> _Head:
        """Write an entry and the head, within a transaction."""
        head = self._head()
        entry = Event(head.position + 1, self._clock(), event, data, head.hash)
        sealed = self._database.sealed(entry, "audit", entry.position)
        self._database.rows("INSERT INTO audit VALUES (?, ?)", entry.position, sealed)
        # The head tells when entries at the end went missing, which a chain alone does not.
        self._database.rows("DELETE FROM audit_head")
        head = _Head(entry.position, entry.hash())
        self._database.rows("INSERT INTO audit_head VALUES (?)", self._database.sealed(head, "audit_head"))
        return head

    def _start(self) -> _Head:
        """Give what was pruned last: where the trail that is left begins."""
        rows = self._database.rows("SELECT sealed FROM audit_start")
        return self._database.opened(_Head, rows[0][0], "audit_start") if rows else _Head(0, _START)

    def _head(self) -> _Head:
        rows = self._database.rows("SELECT sealed FROM audit_head")
        if not rows:
            raise Damaged(table="audit_head")
        return self._database.opened(_Head, rows[0][0], "audit_head")

"""The audit trail: what was done on this box, each entry sealed to the one before."""

from __future__ import annotations

import hashlib
import re

import msgspec

from stb_agent.store.anchor import Anchor
from stb_agent.store.database import Clock, Database
from stb_agent.store.errors import AuditBroken, Damaged, RolledBack

Value = str | int | bool | None

FIELDS = frozenset(
    {"attempts", "category", "code", "count", "entry", "handle", "kind", "level", "link", "operator", "reason"}
    | {"result", "service", "state", "unit", "version"}
)
"""The names that an entry's data may have: none of them is a place for a number, a name, a token or a certificate."""
MAX_TEXT = 64
"""The longest text among an entry's data: a SHA-256 in hexadecimal."""
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
            head = self._head()
            entry = Event(head.position + 1, self._clock(), event, data, head.hash)
            sealed = self._database.sealed(entry, "audit", entry.position)
            self._database.rows("INSERT INTO audit VALUES (?, ?)", entry.position, sealed)
            # The head tells when entries at the end went missing, which a chain alone does not.
            self._database.rows("DELETE FROM audit_head")
            head = _Head(entry.position, entry.hash())
            self._database.rows("INSERT INTO audit_head VALUES (?)", self._database.sealed(head, "audit_head"))
        self._anchor.keep(msgspec.json.encode(head))

    def events(self) -> list[Event]:
        """Give the whole trail, oldest first. Raises AuditBroken where it does not hold."""
        events: list[Event] = []
        previous = _START
        for position, sealed in self._database.rows("SELECT position, sealed FROM audit ORDER BY position"):
            expected = len(events) + 1
            try:
                entry = self._database.opened(Event, sealed, "audit", position)
            except Damaged:
                raise AuditBroken(position=expected) from None
            if position != expected or entry.position != expected or entry.previous != previous:
                raise AuditBroken(position=expected)
            events.append(entry)
            previous = entry.hash()
        try:
            head = self._head()
        except Damaged:
            raise AuditBroken(position=len(events)) from None
        if head != _Head(len(events), previous):
            raise AuditBroken(position=min(len(events), head.position) + (head.position != len(events)))
        return events

    def verify(self) -> None:
        """Return if the trail holds and none of it went back. Raises AuditBroken with the position of the first entry that does not, RolledBack."""
        events = self.events()
        kept = self._anchor.kept()
        if kept is None:
            if events:
                raise RolledBack
            return
        head = msgspec.json.decode(kept, type=_Head)
        if head.position > len(events) or (head.position and events[head.position - 1].hash() != head.hash):
            raise RolledBack

    def _head(self) -> _Head:
        rows = self._database.rows("SELECT sealed FROM audit_head")
        if not rows:
            raise Damaged(table="audit_head")
        return self._database.opened(_Head, rows[0][0], "audit_head")

"""The outbox: every change a person made, kept until the service acknowledged it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from stb_agent.store.database import Column, Database
from stb_agent.store.errors import KeyReused


class State(StrEnum):
    """Of an entry: on its way, acknowledged, or refused for good."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One change.

    ``key`` is the idempotency key (a UUID), ``payload`` the JSON to send, ``person`` the card's handle. ``authority`` is the token it was
    confirmed with, until ``authority_expires``; both go once the entry is settled. ``answer`` is the service's JSON when sent, ``error_code`` the
    reason when refused. Times are seconds since the epoch, UTC.
    """

    key: str
    service: str
    kind: str
    payload: bytes
    person: str
    created_at: float
    authority: bytes | None = None
    authority_expires: float | None = None
    state: State = State.WAITING
    attempts: int = 0
    next_attempt: float = 0.0
    answer: bytes | None = None
    error_code: str | None = None

    def waits_for_card(self, now: float) -> bool:
        """Tell whether it cannot be sent before the person signs in again."""
        expired = self.authority is None or (self.authority_expires is not None and self.authority_expires <= now)
        return self.state is State.WAITING and expired

    def __repr__(self) -> str:
        return f"Entry({self.service}, {self.kind}, {self.state}, attempts={self.attempts})"


class Outbox:
    """Keep entries; each method is one transaction, on the disk when it returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, entry: Entry) -> Entry:
        """Keep an entry and give what is kept under its key: itself, or the one put before.

        Raises KeyReused when the key belongs to another act.
        """
        with self._database.transaction():
            kept = self._find(entry.key)
            if kept is None:
                self._write(entry)
                return entry
        if (kept.service, kept.kind, kept.payload, kept.person) != (
            entry.service,
            entry.kind,
            entry.payload,
            entry.person,
        ):
            raise KeyReused
        return kept

    def get(self, key: str) -> Entry:
        """Give an entry. Raises KeyError."""
        entry = self._find(key)
        if entry is None:
            raise KeyError(key)
        return entry

    def waiting(self) -> list[Entry]:
        """Give the entries not settled yet, oldest first."""
        return self._select("state = ?", State.WAITING)

    def due(self, now: float) -> list[Entry]:
        """Give the waiting entries whose next attempt has come, oldest first."""
        return [entry for entry in self.waiting() if entry.next_attempt <= now]

    def of(self, person: str, service: str) -> list[Entry]:
        """Give a person's entries for a service, oldest first."""
        return self._select("owner = ?", self._owner(person, service))

    def of_kind(self, service: str, kind: str) -> list[Entry]:
        """Give a service's entries of a kind, whoever made them, oldest first."""
        return [entry for entry in self._select("1 = ?", 1) if (entry.service, entry.kind) == (service, kind)]

    def sent(self, key: str, answer: bytes) -> Entry:
        """Settle an entry as acknowledged with ``answer``. One already settled stays as it is. Raises KeyError."""
        return self._change(key, state=State.SENT, answer=answer, authority=None, authority_expires=None)

    def refused(self, key: str, code: str) -> Entry:
        """Settle an entry as refused for the reason ``code``. One already settled stays as it is. Raises KeyError."""
        return self._change(key, state=State.REFUSED, error_code=code, authority=None, authority_expires=None)

    def later(self, key: str, next_attempt: float) -> Entry:
        """Count a failed attempt and say when to try again. Raises KeyError."""
        return self._change(key, attempts=self.get(key).attempts + 1, next_attempt=next_attempt)

    def needs_card(self, key: str) -> Entry:
        """Drop an authority that the service no longer takes: the entry waits for the person's card. Raises KeyError."""
        return self._change(key, authority=None, authority_expires=None)

    def renew_authority(self, person: str, service: str, token: bytes, expires: float) -> list[Entry]:
        """Give a person's waiting entries for a service a fresh authority, due at once; give those entries."""
        with self._database.transaction():
            renewed = [
                msgspec.structs.replace(entry, authority=token, authority_expires=expires, next_attempt=0.0)
                for entry in self.of(person, service)
                if entry.state is State.WAITING
            ]
            for entry in renewed:
                self._write(entry)
        return renewed

    def prune(self, before: float) -> int:
        """Forget what is settled and was made before ``before`` (seconds since the epoch); give how many. What waits stays. Raises Damaged."""
        with self._database.transaction():
            old = [entry for entry in self._select("state != ?", State.WAITING) if entry.created_at < before]
            for entry in old:
                self._database.rows("DELETE FROM outbox WHERE name = ?", self._name(entry.key))
        return len(old)

    def adopt(self, known_as: str, person: str) -> None:
        """Give what waits for one who was known by another name to them by the name that they have now."""
        with self._database.transaction():
            for entry in self.waiting():
                if entry.person == known_as:
                    self._write(msgspec.structs.replace(entry, person=person))

    def _change(self, key: str, **changes: object) -> Entry:
        with self._database.transaction():
            entry = self.get(key)
            if entry.state is not State.WAITING:
                return entry
            changed = msgspec.structs.replace(entry, **changes)
            self._write(changed)
        return changed

    def _find(self, key: str) -> Entry | None:
        entries = self._select("name = ?", self._name(key))
        return entries[0] if entries else None

    def _select(self, where: str, value: Column) -> list[Entry]:
        rows = self._database.rows(f"SELECT name, owner, state, sealed FROM outbox WHERE {where}", value)
        entries = [
            self._database.opened(Entry, sealed, "outbox", name, owner, state) for name, owner, state, sealed in rows
        ]
        return sorted(entries, key=lambda entry: (entry.created_at, entry.key))

    def _write(self, entry: Entry) -> None:
        columns = (self._name(entry.key), self._owner(entry.person, entry.service), entry.state.value)
        sealed = self._database.sealed(entry, "outbox", *columns)
        self._database.rows("INSERT OR REPLACE INTO outbox VALUES (?, ?, ?, ?)", *columns, sealed)

    def _name(self, key: str) -> bytes:
        return self._database.seal.index("outbox", key)

    def _owner(self, person: str, service: str) -> bytes:
        return self._database.seal.index("owner", person, service)

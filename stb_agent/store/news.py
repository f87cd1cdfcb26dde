"""What the platform told the box (security events), each once: what was heard before has no effect again."""

from __future__ import annotations

import msgspec

from stb_agent.store.database import Clock, Database, bytes_of

MOST = 500
"""Events remembered; the oldest go, and what was issued no later than they were counts as heard."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """An event: its ``jti``, what it is of (``kind``), whose (the card's handle, "" if nobody's here), when it happened and was issued.

    Times are seconds since the epoch, UTC, by the platform's clock. ``open``: the person has still to be shown it.
    """

    jti: str
    kind: str
    person: str = ""
    at: float
    issued_at: float
    open: bool = False


class _Head(msgspec.Struct, frozen=True):
    floor: float = 0.0


class News:
    """Keep events by their jti; each method is on the disk when it returns."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def heard(self, jti: str, issued_at: float) -> bool:
        """Tell whether an event was heard before."""
        found = self._database.rows("SELECT 1 FROM news WHERE name = ?", self._name(jti))
        return bool(found) or issued_at <= self._floor()

    def keep(self, piece: Piece) -> None:
        """Remember an event. One that is open and says what another of the same person says of the same moment is shown once."""
        with self._database.transaction():
            if piece.open and any(
                (it.kind, it.person) == (piece.kind, piece.person) and (it.open or it.at >= piece.at)
                for it in self.all()
            ):
                piece = msgspec.structs.replace(piece, open=False)
            self._write(piece)
            self._prune()

    def open(self, person: str) -> list[Piece]:
        """Give what a person has still to be shown, oldest first."""
        return [it for it in self.all() if it.open and it.person == person]

    def shut(self, jti: str) -> None:
        """Remember that the person was shown an event."""
        with self._database.transaction():
            for it in self.all():
                if it.jti == jti:
                    self._write(msgspec.structs.replace(it, open=False))

    def forget(self, person: str) -> None:
        """Remember of a person's events nothing but that they were heard."""
        with self._database.transaction():
            for it in self.all():
                if it.person == person:
                    self._write(msgspec.structs.replace(it, person="", open=False))

    def all(self) -> list[Piece]:
        """Give every event that is remembered, oldest first."""
        rows = self._database.rows("SELECT name, sealed FROM news")
        found = [self._database.opened(Piece, sealed, "news", bytes_of(name)) for name, sealed in rows]
        return sorted(found, key=lambda it: (it.issued_at, it.jti))

    def _prune(self) -> None:
        gone = self.all()[:-MOST]
        for it in gone:
            self._database.rows("DELETE FROM news WHERE name = ?", self._name(it.jti))
        if gone:
            head = _Head(max(self._floor(), gone[-1].issued_at))
            self._database.rows("DELETE FROM news_head")
            self._database.rows("INSERT INTO news_head VALUES (?)", self._database.sealed(head, "news_head"))

    def _floor(self) -> float:
        rows = self._database.rows("SELECT sealed FROM news_head")
        return self._database.opened(_Head, rows[0][0], "news_head").floor if rows else 0.0

    def _write(self, piece: Piece) -> None:
        name = self._name(piece.jti)
        self._database.rows(
            "INSERT OR REPLACE INTO news VALUES (?, ?)", name, self._database.sealed(piece, "news", name)
        )

    def _name(self, jti: str) -> bytes:
        return self._database.seal.index("news", jti)

"""The sessions of this box and how each ended, until the platform knows and the person has seen what became of it."""

from __future__ import annotations

import msgspec

from stb_agent.contract.ending import Cause, Ended
from stb_agent.store.database import Clock, Database, bytes_of

KEPT_S = 30 * 86400.0
"""Seconds after its end that a session is remembered at the longest."""


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """A session: its opaque ``sid`` at the platform, whose it is (the card's handle), the kernel's boot that it began in.

    ``services``: what is known of each service that got a token of it, by base address. ``cause`` and ``ended_at`` (seconds since the epoch, UTC)
    once it has ended; ``told``: the platform knows; ``seen``: the person does. Nothing of it opens anything.
    """

    sid: str
    person: str
    boot: str
    begun_at: float
    services: dict[str, Ended] = {}
    cause: Cause | None = None
    ended_at: float = 0.0
    told: bool = False
    seen: bool = False

    @property
    def whole(self) -> bool:
        """Tell whether it has ended everywhere, as far as anybody said."""
        return self.told and all(it is Ended.ENDED for it in self.services.values())


class Endings:
    """Keep sessions by their sid; each method is on the disk when it returns."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def begin(self, sid: str, person: str, boot: str) -> None:
        """Write down that a session began, so that its end is not forgotten whatever happens to the box."""
        self._write(Ending(sid=sid, person=person, boot=boot, begun_at=self._clock()))

    def used(self, sid: str, service: str) -> None:
        """Write down that a service gets a token of a session."""
        found = self.get(sid)
        if found is not None and service not in found.services:
            self._write(msgspec.structs.replace(found, services={**found.services, service: Ended.PENDING}))

    def end(self, sid: str, cause: Cause, *, quiet: bool = False) -> Ending | None:
        """Write down that a session has ended; the first cause stays. ``quiet``: nobody need be shown what became of it."""
        found = self.get(sid)
        if found is None or found.cause is not None:
            return None
        seen = quiet or not found.services
        return self._write(msgspec.structs.replace(found, cause=cause, ended_at=self._clock(), seen=seen))

    def told(self, sid: str, services: dict[str, Ended]) -> Ending | None:
        """Write down that the platform knows, and what it says of each service; one that it does not name is as it was."""
        found = self.get(sid)
        if found is None:
            return None
        return self._write(msgspec.structs.replace(found, told=True, services={**found.services, **services}))

    def seen(self, sid: str) -> None:
        """Write down that the person has seen what became of a session."""
        found = self.get(sid)
        if found is not None and not found.seen:
            self._write(msgspec.structs.replace(found, seen=True))

    def hide(self, person: str) -> None:
        """Write down that nobody will look at a person's ends any more: those that the platform knows go."""
        for it in self.all():
            if it.person == person and it.cause is not None:
                self.seen(it.sid)

    def forget(self, sid: str) -> None:
        """Forget a session."""
        with self._database.transaction():
            self._database.rows("DELETE FROM endings WHERE name = ?", self._name(sid))

    def get(self, sid: str) -> Ending | None:
        """Give a session."""
        name = self._name(sid)
        rows = self._database.rows("SELECT sealed FROM endings WHERE name = ?", name)
        return self._database.opened(Ending, rows[0][0], "endings", name) if rows else None

    def all(self) -> list[Ending]:
        """Give every session that is remembered, the oldest first; what nobody needs any more is forgotten."""
        rows = self._database.rows("SELECT name, sealed FROM endings")
        found = [self._database.opened(Ending, sealed, "endings", bytes_of(name)) for name, sealed in rows]
        now = self._clock()
        over = [it for it in found if it.cause and ((it.told and it.seen) or it.ended_at < now - KEPT_S)]
        for it in over:
            self.forget(it.sid)
        return sorted((it for it in found if it not in over), key=lambda it: (it.begun_at, it.sid))

    def _write(self, ending: Ending) -> Ending:
        name = self._name(ending.sid)
        with self._database.transaction():
            self._database.rows(
                "INSERT OR REPLACE INTO endings VALUES (?, ?)", name, self._database.sealed(ending, "endings", name)
            )
        return ending

    def _name(self, sid: str) -> bytes:
        return self._database.seal.index("ending", sid)

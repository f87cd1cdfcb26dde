"""Which cards are linked to a Cable ID."""

from __future__ import annotations

from dataclasses import dataclass, replace

from stb_agent.store.database import Database, bytes_of


@dataclass(frozen=True)
class Link:
    """A link of a card: the platform's ``link_id``, the card's ``handle`` (keyed hash of issuer key and serial), the cable
    operator's name, and when (seconds since the epoch, UTC)."""

    link_id: str
    handle: str
    operator: str
    linked_at: float
    suspended: bool = False
    """The platform says that the card was reported lost, or that the link rests."""


class Links:
    """Keep links, one for each handle."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, link: Link) -> None:
        """Keep a link; one with the same handle is replaced."""
        name = self._name(link.handle)
        with self._database.transaction():
            self._database.rows(
                "INSERT OR REPLACE INTO links VALUES (?, ?)", name, self._database.sealed(link, "links", name)
            )

    def find(self, handle: str) -> Link | None:
        """Give the link of a card, or None."""
        name = self._name(handle)
        rows = self._database.rows("SELECT sealed FROM links WHERE name = ?", name)
        return self._database.opened(Link, rows[0][0], "links", name) if rows else None

    def all(self) -> list[Link]:
        """Give every link, oldest first."""
        rows = self._database.rows("SELECT name, sealed FROM links")
        links = [self._database.opened(Link, sealed, "links", bytes_of(name)) for name, sealed in rows]
        return sorted(links, key=lambda link: (link.linked_at, link.link_id))

    def any(self) -> bool:
        """Tell whether there is one."""
        return bool(self._database.rows("SELECT 1 FROM links LIMIT 1"))

    def named(self, link_id: str) -> Link | None:
        """Give the link that the platform calls so, or None."""
        return next((link for link in self.all() if link.link_id == link_id), None)

    def rest(self, link: Link, *, suspended: bool) -> None:
        """Keep that a link is suspended, or not any more."""
        if link.suspended is not suspended:
            self.add(replace(link, suspended=suspended))

    def remove(self, handle: str) -> None:
        """Forget a card's link, if there is one."""
        with self._database.transaction():
            self._database.rows("DELETE FROM links WHERE name = ?", self._name(handle))

    def _name(self, handle: str) -> bytes:
        return self._database.seal.index("link", handle)

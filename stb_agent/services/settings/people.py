"""The people of the household: the cards that are linked on this box, and what each is called here. Nicknames are kept in the store alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from stb_agent.contract.text import Text, word
from stb_agent.store.errors import StoreError
from stb_agent.store.settings import Json
from stb_agent.store.store import Store

_NAME = "nicknames"
NICKNAMES = ("grandma", "grandpa", "mother", "father", "sister", "brother", "aunt", "uncle")
"""What people of a family call one another (``settings.nickname.…``): chosen with one key, said in the language of the screen."""
MOST_LETTERS = 10
"""Of a nickname that is written: a greeting with it stays one line."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Nickname:
    """What somebody is called: one of NICKNAMES, or what the household wrote itself."""

    known: str = ""
    own: str = field(default="", repr=False)

    @property
    def text(self) -> Text:
        """Give it as it is shown."""
        return self.own or word(f"settings.nickname.{self.known}")


@dataclass(frozen=True)
class Person:
    """Whose card is linked here: its handle, since when (RFC 3339), the nickname, whether it is who is signed in, and whether the link rests."""

    handle: str
    since: str
    nickname: Nickname | None = None
    here: bool = False
    suspended: bool = False


class People:
    """Nicknames by the handle of a card; a name without a link is nobody's, and goes at the next change. ``here``: who is signed in."""

    def __init__(self, store: Store, here: Callable[[str], bool]) -> None:
        self._store = store
        self._here = here

    def all(self) -> tuple[Person, ...]:
        """Give everybody whose card is linked here, the longest first. Raises StoreError."""
        names = self._names()
        return tuple(
            Person(
                link.handle,
                datetime.fromtimestamp(link.linked_at, UTC).isoformat(),
                names.get(link.handle),
                self._here(link.handle),
                link.suspended,
            )
            for link in self._store.links.all()
        )

    def called(self, handle: str) -> Text | None:
        """Give what the person of a card is called, None for nothing; also where that cannot be read: a greeting is worth no error."""
        try:
            nickname = self._names().get(handle)
        except StoreError as error:
            log.error("the household's nicknames cannot be read: %s", error.code)
            return None
        return nickname.text if nickname else None

    def call(self, handle: str, nickname: Nickname | None) -> None:
        """Call the person of a card so from now on; None takes the name away. Raises StoreError."""
        linked = {link.handle for link in self._store.links.all()}
        names = {**self._names(), handle: nickname}
        kept: Json = {key: name.known or {"own": name.own} for key, name in names.items() if name and key in linked}
        self._store.settings.set(_NAME, kept)
        self._store.audit.append("person.named", handle=handle, state="named" if nickname else "unnamed")

    def move(self, old: str, new: str) -> None:
        """Call the person of a new card what the one of the old card was called: it is the same. Raises StoreError."""
        name = self._names().get(old)
        if name is not None:
            self.call(new, name)
            self.call(old, None)

    def _names(self) -> dict[str, Nickname]:
        """Give what is kept and can be understood."""
        kept = self._store.settings.get(_NAME, {})
        if not isinstance(kept, dict):
            log.warning("the household's nicknames are no table")
            return {}
        names = {key: _understood(value) for key, value in kept.items()}
        return {key: name for key, name in names.items() if name is not None}


def _understood(value: Json) -> Nickname | None:
    match value:
        case str() if value in NICKNAMES:
            return Nickname(known=value)
        case {"own": str(own)} if own.isprintable() and 0 < len(own) <= MOST_LETTERS:
            return Nickname(own=own)
    return None

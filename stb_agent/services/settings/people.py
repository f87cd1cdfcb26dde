"""The people of the household: the cards that are linked on this box, and what each is called here. Nicknames are kept in the store alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from stb_agent.contract.text import Text, word
from stb_agent.store.errors import StoreError
from stb_agent.store.store import Store

_NAME = "nicknames"
NICKNAMES = ("grandma", "grandpa", "mother", "father", "sister", "brother", "aunt", "uncle")
"""What people of a family call one another (``settings.nickname.…``): chosen with one key, said in the language of the screen."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Person:
    """Whose card is linked here: its handle, since when (RFC 3339), one of NICKNAMES or "", and whether it is the one who is signed in."""

    handle: str
    since: str
    nickname: str = ""
    here: bool = False


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
                names.get(link.handle, ""),
                self._here(link.handle),
            )
            for link in self._store.links.all()
        )

    def called(self, handle: str) -> Text | None:
        """Give what the person of a card is called, None for nothing; also where that cannot be read: a greeting is worth no error."""
        try:
            name = self._names().get(handle)
        except StoreError as error:
            log.error("the household's nicknames cannot be read: %s", error.code)
            return None
        return word(f"settings.nickname.{name}") if name else None

    def call(self, handle: str, nickname: str) -> None:
        """Call the person of a card so from now on; "" takes the name away. Raises StoreError."""
        linked = {link.handle for link in self._store.links.all()}
        names = {**self._names(), handle: nickname}
        self._store.settings.set(_NAME, {key: name for key, name in names.items() if name and key in linked})
        self._store.audit.append("person.named", handle=handle, state="named" if nickname else "unnamed")

    def _names(self) -> dict[str, str]:
        """Give what is kept and can be understood."""
        kept = self._store.settings.get(_NAME, {})
        if not isinstance(kept, dict):
            log.warning("the household's nicknames are no table")
            return {}
        return {key: name for key, name in kept.items() if isinstance(name, str) and name in NICKNAMES}

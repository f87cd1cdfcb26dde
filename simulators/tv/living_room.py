"""What a visitor of the page can do, and see of the state: keys, cards, the emergency switch."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulators.tv.middleware import Middleware
from simulators.tv.programme import Programme
from simulators.tv.remote import Remote
from simulators.tv.tray import Tray

_KEY = re.compile(r"KEY_[A-Z0-9_]{1,24}")


@dataclass(frozen=True)
class Notes:
    """What the note beside the tray says: the practice cards' PIN and the practice contract number, or empty."""

    pin: str
    contract_number: str


class LivingRoom:
    """The television, the remote and the tray as one thing; pages wait on it for changes."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._pages: set[asyncio.Event] = set()

    def furnish(self, remote: Remote, tv: Middleware, tray: Tray, shown: Programme) -> None:
        """Put the parts in."""
        self._remote, self._tv, self._tray, self._programme = remote, tv, tray, shown

    def changed(self) -> None:
        """Tell the pages that the state changed."""
        for page in self._pages:
            page.set()

    def join(self) -> asyncio.Event:
        """Give an event that is set at every change, and now."""
        event = asyncio.Event()
        event.set()
        self._pages.add(event)
        return event

    def leave(self, event: asyncio.Event) -> None:
        """Forget an event of `join`."""
        self._pages.discard(event)

    def state(self) -> dict[str, Any]:
        """Give the state as the page shows it."""
        reader = self._tray.reader
        return {
            "type": "state",
            "box": self._tv.connected,
            "shown": self._tv.shown,
            "yield": self._tv.yielding,
            "card": None if reader is None else {"inserted": reader.inserted, "profiles": list(reader.profiles)},
            "notes": {"pin": self._notes.pin, "contract_number": self._notes.contract_number},
        }

    async def do(self, wish: Mapping[str, Any]) -> None:
        """Do what a page asks: ``key`` (``key``, ``value``), ``card`` (``insert`` or ``pull``), ``yield`` (``active``).

        Raises ValueError for anything else.
        """
        match wish:
            case {"type": "key", "key": str(key), "value": 0 | 1 as value} if _KEY.fullmatch(key):
                await self._remote.send(key, int(value))
            case {"type": "card", "insert": str(profile)}:
                await self._tray.insert(profile)
            case {"type": "card", "pull": True}:
                await self._tray.pull()
            case {"type": "yield", "active": bool(active)}:
                self._tv.set_yield(active)
                self._programme.warn(active)
            case _:
                raise ValueError("not a wish of the page")

"""What a visitor of the page can do, and see of the state: keys, cards, the television's menu, the emergency switch."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulators.tv import sign
from simulators.tv.middleware import KEY, Middleware
from simulators.tv.programme import Programme
from simulators.tv.remote import Remote
from simulators.tv.tray import Tray
from simulators.tv.tuner import Tuner


@dataclass(frozen=True)
class Notes:
    """What the note beside the tray says: the practice cards' PIN and the practice contract number, or empty."""

    pin: str
    contract_number: str


class LivingRoom:
    """The television, the remote and the tray as one thing; pages wait on it for changes."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._tuner = Tuner()
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
            "tv": {"volume": self._tuner.volume, "muted": self._tuner.muted, "channel": self._tuner.channel},
            "card": None if reader is None else {"inserted": reader.inserted, "profiles": list(reader.profiles)},
            "notes": {"pin": self._notes.pin, "contract_number": self._notes.contract_number},
        }

    def pressed(self, key: str, value: int) -> None:
        """Take one of the television's own keys, whoever it comes from: its own eye, or the box that holds the remote."""
        if self._tuner.press(key, value):
            self._programme.sign(sign.draw(self._tuner))
            self.changed()

    async def do(self, wish: Mapping[str, Any]) -> None:
        """Do what a page asks: ``key`` (``key``, ``value``), ``card`` (``insert`` or ``pull``), ``open``, ``yield`` (``active``).

        Raises ValueError for anything else.
        """
        match wish:
            case {"type": "key", "key": str(key), "value": 0 | 1 as value} if KEY.fullmatch(key):
                if not self._tv.shown:  # else the box holds the remote, and hands on what is not its own
                    self.pressed(key, int(value))
                await self._remote.send(key, int(value))
            case {"type": "open"}:
                self._tv.open()
            case {"type": "card", "insert": str(profile)}:
                await self._tray.insert(profile)
            case {"type": "card", "pull": True}:
                await self._tray.pull()
            case {"type": "yield", "active": bool(active)}:
                self._tv.set_yield(active)
                self._programme.warn(active)
            case _:
                raise ValueError("not a wish of the page")

"""The card tray: asks the simulated card, over its control socket, what is in the reader, and changes it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ANSWER = 5.0
"""Seconds the card may take to answer."""
_PERIOD = 1.0
"""Seconds between two looks at the reader, which others may change too."""


@dataclass(frozen=True)
class Reader:
    """What is in the reader: a card's profile, or None; and the profiles there are."""

    inserted: str | None
    profiles: tuple[str, ...]


class Tray:
    """The card's control socket; ``reader`` is what was last seen there, None while nobody answers."""

    def __init__(self, path: Path | None, changed: Callable[[], None]) -> None:
        self._path, self._changed = path, changed
        self._lock = asyncio.Lock()
        self.reader: Reader | None = None

    async def insert(self, profile: str) -> None:
        """Put a card in, in place of one that is there."""
        await self._ask({"insert": profile})
        await self.look()

    async def pull(self) -> None:
        """Take the card out."""
        await self._ask({"pull": True})
        await self.look()

    async def look(self) -> None:
        """Look what is in the reader."""
        seen = await self._ask({"state": True})
        reader = None
        if seen is not None and "profiles" in seen:
            reader = Reader(seen.get("inserted"), tuple(seen["profiles"]))
        if reader != self.reader:
            self.reader = reader
            self._changed()

    async def watch(self) -> None:
        """Look again and again."""
        while self._path is not None:
            await self.look()
            await asyncio.sleep(_PERIOD)

    async def _ask(self, question: dict[str, str | bool]) -> dict[str, Any] | None:
        """Ask one thing on a connection of its own; None if nobody answers."""
        if self._path is None:
            return None
        async with self._lock:
            try:
                async with asyncio.timeout(_ANSWER):
                    reader, writer = await asyncio.open_unix_connection(self._path)
                    try:
                        writer.write(json.dumps(question).encode() + b"\n")
                        answer = json.loads(await reader.readline())
                    finally:
                        writer.close()
            except (OSError, TimeoutError, ValueError):
                return None
            return answer if isinstance(answer, dict) else None

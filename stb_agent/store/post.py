"""The post office: hand in a change, and learn what became of it while the person waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from stb_agent.store.outbox import Entry, Outbox, State


class Post:
    """Put entries into the outbox and wait a while for the courier. ``wake`` sends the courier off."""

    def __init__(self, outbox: Outbox, wake: Callable[[], None]) -> None:
        self.outbox = outbox
        self._wake = wake
        self._waiting: dict[str, asyncio.Event] = {}

    async def send(self, entry: Entry, patience_s: float) -> Entry:
        """Keep the entry durably, send it, and give what is known of it once it is settled or ``patience_s`` is over."""
        kept = self.outbox.put(entry)
        if kept.state is not State.WAITING:
            return kept
        return await self._settled(entry.key, patience_s, wake=True)

    async def wait(self, key: str, patience_s: float) -> Entry:
        """Give what is known of an entry that is on its way, once it is settled or ``patience_s`` is over. Raises KeyError."""
        kept = self.outbox.get(key)
        return kept if kept.state is not State.WAITING else await self._settled(key, patience_s)

    async def _settled(self, key: str, patience_s: float, *, wake: bool = False) -> Entry:
        settled = self._waiting.setdefault(key, asyncio.Event())
        if wake:
            self._wake()
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(settled.wait(), patience_s)
        finally:
            self._waiting.pop(key, None)
        return self.outbox.get(key)

    def changed(self, entry: Entry) -> None:
        """Take the courier's word of an entry after an attempt."""
        if entry.key in self._waiting and (entry.state is not State.WAITING or entry.authority is None):
            self._waiting[entry.key].set()

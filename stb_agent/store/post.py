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
        settled = self._waiting.setdefault(entry.key, asyncio.Event())
        self._wake()
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(settled.wait(), patience_s)
        finally:
            self._waiting.pop(entry.key, None)
        return self.outbox.get(entry.key)

    def changed(self, entry: Entry) -> None:
        """Take the courier's word of an entry after an attempt."""
        if entry.key in self._waiting and (entry.state is not State.WAITING or entry.authority is None):
            self._waiting[entry.key].set()

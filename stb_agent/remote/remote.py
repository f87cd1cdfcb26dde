"""The remote as the agent sees it: sources, keymap and gestures put together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from stb_agent.contract.actions import Action
from stb_agent.remote.gestures import Gestures
from stb_agent.remote.sources import Device, KeyEvent, Source


class Remote:
    """Read all sources and tell ``on_action`` what the person means."""

    def __init__(
        self, sources: Sequence[Source], keymap: dict[str, Action], on_action: Callable[[Action], None]
    ) -> None:
        self._sources = sources
        self._keymap = keymap
        self._on_action = on_action
        self._gestures = Gestures()
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as group:
            for source in self._sources:
                group.create_task(source.run(self))

    def grab(self, wanted: bool) -> None:
        """Take the keys for ourselves, or leave them to the television."""
        self._gestures.release()
        for source in self._sources:
            source.grab(wanted)

    def came(self, device: Device) -> None:
        """Take the news that a device is there."""

    def went(self, device: Device) -> None:
        """Take the news that a device is gone."""

    def key(self, event: KeyEvent) -> None:
        """Take a key."""
        action = self._keymap.get(event.key)
        if action is None:
            return
        loop = asyncio.get_running_loop()
        if (meant := self._gestures.event(action, event.value, event.at)) is not None:
            self._on_action(meant)
        self._arm(loop)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        if (meant := self._gestures.tick(loop.time())) is not None:
            self._on_action(meant)
        self._arm(loop)

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = self._gestures.due
        self._timer = loop.call_at(due, self._tick) if due is not None else None

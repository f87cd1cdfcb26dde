"""The house's remotes as their pages see them: what the remote's own room knows, in the words of the service."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from stb_agent.contract.actions import Action
from stb_agent.contract.errors import ChanomaError
from stb_agent.remote.keymaps import Keymaps
from stb_agent.remote.keymaps.taught import KeymapUnwritable, teachable, write
from stb_agent.remote.reach import reach
from stb_agent.remote.remote import Remote
from stb_agent.remote.sources import Device
from stb_agent.services.remote.known import Known, Press
from stb_agent.store.audit import Audit

log = logging.getLogger(__name__)


class RemoteWent(ChanomaError):
    """The remote that was taught is not there any more."""

    code = "remote.went"


class HouseRemotes:
    """What the service of the remotes needs. ``folder``: the household's keymaps; ``load`` reads all that are in use.

    ``taught`` is called when keys of remotes mean something else than before.
    """

    def __init__(
        self, remote: Remote, folder: Path, load: Callable[[], Keymaps], audit: Audit, taught: Callable[[], None]
    ) -> None:
        self._remote = remote
        self._folder = folder
        self._load = load
        self._audit = audit
        self._taught = taught

    def known(self) -> tuple[Known, ...]:
        """Give the remotes that are there."""
        return tuple(self.known_of(device) for device in self._remote.devices)

    def known_of(self, device: Device) -> Known:
        """Give what a device is to a person."""
        reaches = frozenset(reach(device.keys, self._remote.keymaps.of(device)).actions) if device.keys else None
        return Known(device.id, device.name, device.bus.value, device.battery, reaches)

    async def press(self, seconds: float) -> Press | None:
        """Give the next key that goes down and that a keymap can speak of, or None."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (left := end - loop.time()) > 0:
            try:
                event = await self._remote.next_key(left)
            except TimeoutError:
                return None
            device = self._device(event.device)
            if device is not None:
                meaning = self._remote.keymaps.of(device)
                if teachable(key := meaning.key(event.key)):
                    return Press(event.device, key, meaning.action(key), event.at)
        return None

    async def save(self, device: str, keys: Mapping[Action, str]) -> None:
        """Write a keymap and use it from now on. Raises RemoteWent, KeymapError."""
        if (remote := self._device(device)) is None:
            raise RemoteWent
        try:
            await asyncio.to_thread(write, self._folder, remote, keys)
        except KeymapUnwritable as error:
            log.error("remote: %s", error)  # the household is told that, not why
            raise
        self._remote.reload(await asyncio.to_thread(self._load))
        self._audit.append("remote.taught", kind=remote.bus.value, count=len(keys))
        self._taught()

    def _device(self, id_: str) -> Device | None:
        return next((device for device in self._remote.devices if device.id == id_), None)

"""Help over any view: whom to call, what to say, and what to do about a forgotten PIN. Nothing here needs a connection."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import ClassVar

from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.support_code import code
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.text import Word, word
from stb_agent.contract.views import Contact, SupportCode
from stb_agent.core.page import Frame, Job, Opened, Page, Topic
from stb_agent.core.service import Tile
from stb_agent.services.help.pages import HelpPage, MakeCode, NoCode, PinPage
from stb_agent.store.settings import Settings

_KEY = "support key"
_MINUTE = 60


class HelpService:
    """Make support codes; the platform's key for them is kept from the last time that it could be read."""

    name: ClassVar[str] = "help"

    def __init__(
        self,
        contact: Contact,
        platform: PlatformClient,
        device: DeviceKey,
        settings: Settings,
        *,
        clock: Callable[[], float],
        time_known: Callable[[], bool],
        history: Callable[[], Page] | None = None,
    ) -> None:
        """``history`` makes the page that tells what was sent."""
        self._contact = contact
        self._platform = platform
        self._device = device
        self._settings = settings
        self._clock = clock
        self._time_known = time_known
        self._history = history

    def tiles(self, frame: Frame) -> tuple[Tile, ...]:
        return ()

    def page(self, opened: Opened) -> Page:
        """Give the page that lies over the view that help was asked for in."""
        return PinPage() if opened.topic is Topic.PIN else HelpPage(self._contact, opened, history=self._history)

    async def learn(self) -> None:
        """Read the platform's key while there is a connection, for the day when there is none."""
        try:
            key = await self._platform.support_key()
        except ChanomaError:
            return
        if key is not None and key != self._known():
            self._settings.set(_KEY, dict(key))

    async def work(self, job: Job) -> object:
        match job:
            case MakeCode(after=after):
                # Minutes are counted down on the screen: the next one is waited for here.
                await asyncio.sleep(max(after - self._clock(), 0.0) if after else 0.0)
                return await self._code()
        raise TypeError(type(job).__name__)

    async def _code(self) -> tuple[SupportCode, float] | NoCode:
        """Give the code, and when it has to be looked at again; or why there is none."""
        if not self._time_known():
            return NoCode(word("help.no_time"))
        if self._known() is None:
            await self.learn()
        key, now = self._known(), self._clock()
        made = code(self._device, key, now) if key is not None else None
        if made is None:
            return NoCode(Word("help.no_code"))
        left = made.expires_at - now
        minutes = math.ceil(left / _MINUTE)
        return SupportCode(made.digits, minutes), made.expires_at - (minutes - 1) * _MINUTE

    def _known(self) -> dict[str, str] | None:
        key = self._settings.get(_KEY)
        return {name: str(value) for name, value in key.items()} if isinstance(key, dict) else None

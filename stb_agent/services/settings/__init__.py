"""What a household sets for itself: how it looks, what it says and in which words, how the remote feels, who is in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from stb_agent.contract.appearance import Appearance
from stb_agent.contract.choices import Choices
from stb_agent.contract.privacy import Privacy
from stb_agent.contract.speech import Speech
from stb_agent.contract.text import Text, word
from stb_agent.core.page import Frame, Job
from stb_agent.core.service import Tile
from stb_agent.core.typing import Candidates
from stb_agent.services.settings.aspects import settable
from stb_agent.services.settings.household import CallPerson, LoadPeople
from stb_agent.services.settings.pages import TICK_S, SettingsPage, Wait
from stb_agent.services.settings.people import People


class SettingsService:
    """Show what there is to set. What is set takes effect through the core: a page says what it tries and what it keeps."""

    name: ClassVar[str] = "settings"

    def __init__(
        self,
        screen: Appearance,
        speech: Speech,
        privacy: Privacy,
        operator: Choices,
        people: People,
        *,
        candidates: Candidates,
        called: Callable[[Text | None], None],
        home_key: Callable[[], bool],
        sleep: Callable[[float], Awaitable[None]],
        more: tuple[Tile, ...] = (),
    ) -> None:
        """``screen``, ``speech``, ``privacy`` and ``operator`` are as configured; ``home_key``: a remote with the key 茶の間 is there, or may be.

        ``candidates``: what kana may become where a nickname is written. ``called`` is told what whoever is signed in is called from now on.
        ``more``: what else the settings lead to.
        """
        self._screen = screen
        self._speech = speech
        self._privacy = privacy
        self._operator = operator
        self._people = people
        self._candidates = candidates
        self._called = called
        self._home_key = home_key
        self._sleep = sleep
        self._more = more

    def tiles(self, frame: Frame) -> tuple[Tile, ...]:
        """Give the tile 設定, after the services and before the remotes."""
        return (Tile("settings", word("settings.tile"), word("settings.tile_detail"), self._page, order=80),)

    async def work(self, job: Job) -> object:
        """Let time pass, tell who there is, or call somebody something."""
        match job:
            case Wait():
                await self._sleep(TICK_S)
                return None
            case LoadPeople():
                return self._people.all()
            case CallPerson(handle=handle, nickname=nickname):
                self._people.call(handle, nickname)
                if any(it.here and it.handle == handle for it in self._people.all()):
                    self._called(self._people.called(handle))
                return None
        raise TypeError(type(job).__name__)

    def _page(self) -> SettingsPage:
        # Made anew each time: the operator's folder of languages may have been filled meanwhile.
        offered = settable(self._screen, self._speech, self._privacy, self._home_key)
        return SettingsPage(offered, self._operator, self._screen, self._candidates, self._more)

"""Writing a text on a phone instead of the screen's keyboard (docs/cable-id-profile.md, "Hand-off to a phone")."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from stb_agent.cable_id.handoff import Handoff
from stb_agent.contract.text import Text, Word
from stb_agent.core.page import Frame, Job
from stb_agent.core.service import Tile
from stb_agent.services.handoff.pages import AwaitText, BeginHandoff, HandoffPage


class HandoffService:
    """Bring a text from a phone to the page that asked for it. It has no place on the home screen."""

    name: ClassVar[str] = "handoff"

    def __init__(self, handoff: Handoff) -> None:
        self._handoff = handoff
        self._ending: set[asyncio.Task[None]] = set()

    @staticmethod
    def page(asked: Text, most: int) -> HandoffPage:
        """Give the page for a question that is answered in up to ``most`` characters."""
        return HandoffPage(asked, most)

    def tiles(self, frame: Frame) -> tuple[Tile, ...]:
        return ()

    async def work(self, job: Job) -> object:
        match job:
            case BeginHandoff(asked=asked, most=most):
                return await self._handoff.begin(asked.code if isinstance(asked, Word) else "", most)
            case AwaitText(offer=offer):
                try:
                    return await self._handoff.wait(offer)
                finally:
                    # Also when nobody waits for it any more; and nobody waits for the answer to this.
                    ending = asyncio.get_running_loop().create_task(self._handoff.end(offer))
                    self._ending.add(ending)
                    ending.add_done_callback(self._ending.discard)
        raise TypeError(type(job).__name__)

"""The house's remotes: which are there, and teaching one that the box does not know."""

from __future__ import annotations

from typing import ClassVar

from stb_agent.contract.text import word
from stb_agent.core.page import Frame, Job
from stb_agent.core.service import Tile
from stb_agent.services.remote.known import Remotes
from stb_agent.services.remote.pages import TICK_S, AwaitKey, RemotesPage, SaveKeys


class RemoteService:
    """Show the remotes, and lead through teaching one."""

    name: ClassVar[str] = "remote"

    def __init__(self, remotes: Remotes) -> None:
        self._remotes = remotes

    def tiles(self, frame: Frame) -> tuple[Tile, ...]:
        """Give the tile リモコン, the last on the home screen."""
        page = RemotesPage(self._remotes.known)
        return (Tile("remote", word("remote.tile"), word("remote.tile_detail"), lambda: page, order=90),)

    async def work(self, job: Job) -> object:
        """Wait for a key, or keep what was learnt."""
        match job:
            case AwaitKey():
                return await self._remotes.press(TICK_S)
            case SaveKeys(device=device, keys=keys):
                await self._remotes.save(device, dict(keys))
                return None
        raise TypeError(type(job).__name__)

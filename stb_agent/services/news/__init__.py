"""What the platform told the box of the person who is signed in, on the first screen until they have looked."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import ClassVar

from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.errors import SessionEnded
from stb_agent.cable_id.security_event import What
from stb_agent.contract.level import Level
from stb_agent.contract.text import word
from stb_agent.core.page import Frame, Job
from stb_agent.core.service import Tile
from stb_agent.services.news.pages import AddressPage, LoadAddress
from stb_agent.store.errors import StoreError
from stb_agent.store.news import Piece
from stb_agent.store.store import Store

log = logging.getLogger(__name__)


class NewsService:
    """Show each piece of news to whom it concerns, while they are signed in, and to nobody else."""

    name: ClassVar[str] = "news"

    def __init__(self, authority: Authority, store: Store) -> None:
        self._authority = authority
        self._store = store

    def tiles(self, frame: Frame) -> tuple[Tile, ...]:
        if frame.level < Level.AUTHENTICATED or not self._open():
            return ()
        return (Tile("address", word("news.address.tile"), word("news.address.tile_detail"), AddressPage, order=-3),)

    async def work(self, job: Job) -> object:
        if not isinstance(job, LoadAddress):
            raise TypeError(type(job).__name__)
        found = self._open()
        for piece in found:
            self._store.news.shut(piece.jti)
            self._store.audit.append("news.seen", kind=piece.kind, handle=piece.person)
        return tuple(datetime.fromtimestamp(piece.at, UTC).isoformat() for piece in found)

    def _open(self) -> list[Piece]:
        try:
            return [it for it in self._store.news.open(self._authority.person) if it.kind == What.ADDRESS_CHANGE]
        except SessionEnded:
            return []
        except StoreError as error:
            log.error("news cannot be read: %s", error.code)
            return []

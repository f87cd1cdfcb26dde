"""What a call centre asks the person at the television to confirm (docs/cable-id-profile.md, "Confirmations")."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.confirmations import Confirmation, Confirmations
from stb_agent.cable_id.errors import PlatformBusy, RequestExpired, SessionEnded
from stb_agent.cable_id.polling import Sleep
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.text import Text, Word, word
from stb_agent.core.page import Frame, Job, Page
from stb_agent.core.service import Tile
from stb_agent.services.confirmations.pages import AskPage, ConfirmationsPage, Decide, Waiting
from stb_agent.store.store import Store

INTERVAL_S = 20.0
"""Seconds between two looks: somebody is on the telephone, and a session is at most an hour long."""
LONGEST_S = 300.0
"""Seconds between two looks at a platform that does not answer, or not as the profile says."""


class ConfirmationService:
    """Look for questions while somebody is signed in, show them on the first screen, and bring the answers."""

    name: ClassVar[str] = "confirmations"

    def __init__(
        self,
        confirmations: Confirmations,
        authority: Authority,
        store: Store,
        operator: Text,
        *,
        clock: Callable[[], float],
        sleep: Sleep,
        changed: Callable[[], None],
    ) -> None:
        """``changed`` is told when there are other questions than before."""
        self._confirmations = confirmations
        self._authority = authority
        self._store = store
        self._operator = operator
        self._clock = clock
        self._sleep = sleep
        self._changed = changed
        self._found: tuple[Confirmation, ...] = ()

    def tiles(self, frame: Frame) -> tuple[Tile, ...]:
        waiting = self._waiting()
        if frame.level < Level.AUTHENTICATED or not waiting:
            return ()
        label = word("confirmations.tile", count=len(waiting))
        return (Tile("confirmations", label, word("confirmations.tile_detail"), self._open, order=-2),)

    @property
    def notice(self) -> Word | None:
        """Give what the frame of every view says of it."""
        return word("confirmations.notice") if self._waiting() else None

    async def watch(self) -> None:
        """Look for questions until the session ends."""
        wait = INTERVAL_S
        while True:
            try:
                self._take(tuple(await self._confirmations.waiting(self._authority.session)))
                wait = INTERVAL_S
            except SessionEnded:
                return
            except PlatformBusy as busy:
                wait = max(INTERVAL_S, busy.retry_after or 0.0)
            except ChanomaError:
                wait = min(wait * 2, LONGEST_S)
            await self._sleep(wait)

    def forget(self) -> None:
        """Forget what was asked: nobody is signed in any more."""
        self._found = ()

    async def work(self, job: Job) -> object:
        match job:
            case Decide(asked=asked, approve=approve):
                await self._decide(asked, approve=approve)
                return approve
        raise TypeError(type(job).__name__)

    async def _decide(self, asked: Confirmation, *, approve: bool) -> None:
        decision = "approve" if approve else "deny"
        try:
            await self._confirmations.decide(self._authority.session, asked, approve=approve)
        except RequestExpired:
            self._settled(asked)
            raise
        self._store.audit.append("confirmation", result=decision)
        self._settled(asked)

    def _open(self) -> Page:
        waiting = self._waiting()
        every = ConfirmationsPage(self._all, self._operator)
        return AskPage(waiting[0], every) if len(waiting) == 1 else every

    def _all(self) -> tuple[Waiting, ...]:
        now = self._clock()
        return tuple(Waiting(it, math.ceil((it.expires_at - now) / 60)) for it in self._waiting())

    def _waiting(self) -> tuple[Confirmation, ...]:
        now = self._clock()
        return tuple(it for it in self._found if it.expires_at > now)

    def _settled(self, asked: Confirmation) -> None:
        self._take(tuple(it for it in self._found if it.id != asked.id))

    def _take(self, found: tuple[Confirmation, ...]) -> None:
        if [it.id for it in found] != [it.id for it in self._found]:
            self._found = found
            self._changed()

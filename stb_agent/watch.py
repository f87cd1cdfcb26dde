"""The clock on what is open: put away when nobody is there, when a service's time is over, and when the session ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from stb_agent.contract.privacy import Privacy
from stb_agent.core.core import Core
from stb_agent.core.effects import Effect
from stb_agent.core.idle import Idle


class Watch:
    """Tells ``core`` in time and has what follows done by ``apply``. ``clock``: seconds since 1970, in which services and sessions end."""

    def __init__(
        self, core: Core, privacy: Privacy, clock: Callable[[], float], apply: Callable[[Sequence[Effect]], None]
    ) -> None:
        self._core = core
        self._clock = clock
        self._apply = apply
        self._loop = asyncio.get_running_loop()
        self._idle = Idle(privacy, self._loop.time())
        self._unattended: asyncio.TimerHandle | None = None
        self._lapse: asyncio.TimerHandle | None = None
        self._end: asyncio.TimerHandle | None = None

    def stir(self) -> None:
        """Take the news that somebody is there."""
        self._idle.stir(self._loop.time())

    def look(self) -> None:
        """Look what there is to guard now, after anything that may have changed it."""
        if not self._core.at_stake:
            self._look_away()
        elif self._unattended is None:
            now = self._loop.time()
            self._idle.stir(now)
            self._unattended = self._loop.call_at(self._idle.changes(now), self._nobody)
        if self._lapse is not None:
            self._lapse.cancel()
        at = self._core.lapses_at
        self._lapse = None if at is None else self._at(at, self._core.lapse)

    def by(self, privacy: Privacy) -> None:
        """Guard as the household has it from now on."""
        if privacy != self._idle.privacy:
            self._idle.privacy = privacy
            self._look_away()

    def session(self, expires_at: float | None) -> None:
        """Lock when the session ends; None: there is none."""
        if self._end is not None:
            self._end.cancel()
        self._end = None if expires_at is None else self._at(expires_at, self._core.expired)

    def _at(self, time: float, what: Callable[[], Sequence[Effect]]) -> asyncio.TimerHandle:
        return self._loop.call_later(max(time - self._clock(), 0.0), lambda: self._apply(what()))

    def _look_away(self) -> None:
        if self._unattended is not None:
            self._unattended.cancel()
            self._unattended = None

    def _nobody(self) -> None:
        now = self._loop.time()
        self._unattended = self._loop.call_at(self._idle.changes(now), self._nobody)
        self._apply(self._core.idle(self._idle.left(now)))

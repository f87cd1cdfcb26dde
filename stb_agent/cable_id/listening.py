"""Hear what the platform has to tell: seldom while nobody is signed in, at once while somebody is; each event takes effect once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from stb_agent.cable_id.backing_off import asked_for, share
from stb_agent.cable_id.discovery import Discovery
from stb_agent.cable_id.dpop import Random, base64url
from stb_agent.cable_id.errors import PlatformBusy, StreamGone, StreamUnsupported
from stb_agent.cable_id.event_stream import EventStream
from stb_agent.cable_id.polling import Sleep, until_woken
from stb_agent.cable_id.security_event import SecurityEvent, What, Wrong, read
from stb_agent.contract.errors import ChanomaError

FIRST_S = 60.0
"""Seconds within which the first poll comes after a start: a fleet that starts together after a power cut does not ask in step."""
SHORTEST_S = 5.0
"""Seconds between polls at the least, where the platform does not hold them back while somebody is signed in."""
LONGEST_S = 3600.0
"""Seconds between attempts at the most, while the platform does not answer; what it asks for itself (Retry-After) is believed up to here."""
UNSUPPORTED_S = 86400.0
VERIFIED_S = 86400.0
"""Seconds between verifications of the stream."""
_LOOK_S = 30.0
"""Seconds until it is looked again whether the box may ask."""

log = logging.getLogger(__name__)


class Listener(Protocol):
    """What is done about events."""

    def heard(self, event: SecurityEvent) -> bool:
        """Tell whether an event was taken before."""

    def take(self, event: SecurityEvent) -> None:
        """Let an event take effect; what has to be remembered is on the disk when this returns. Raises ChanomaError: it comes again."""


class Listening:
    """Poll the box's stream for as long as the agent lives."""

    def __init__(
        self,
        stream: EventStream,
        discovery: Discovery,
        listener: Listener,
        *,
        every: float,
        ready: Callable[[], bool],
        attentive: Callable[[], bool],
        clock: Callable[[], float],
        random: Random,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """``every``: seconds between polls while nobody is signed in; ``ready``: the box knows the time and who it is; ``attentive``: somebody is."""
        self._stream = stream
        self._discovery = discovery
        self._listener = listener
        self._every = every
        self._ready = ready
        self._attentive = attentive
        self._clock = clock
        self._random = random
        self._sleep = sleep
        self._woken = asyncio.Event()
        self._ack: list[str] = []
        self._wrong: dict[str, Wrong] = {}
        self._expected = ""
        self._asked_at: float | None = None

    def wake(self) -> None:
        """Ask soon: somebody signs in, or the box has registered."""
        self._woken.set()

    async def run(self) -> None:
        """Poll until cancelled; whatever goes wrong is logged and tried again later."""
        wait = self._spread(min(FIRST_S, self._every))
        failed = 0
        while True:
            await until_woken(self._woken, wait, self._sleep)
            self._woken.clear()
            if not self._ready():
                wait = _LOOK_S
                continue
            began = self._clock()
            try:
                more = await self.once()
                failed = 0
                wait = self._next(began, more=more)
            except ChanomaError as error:
                log.info("events: %s", error.code)
                failed += 1
                wait = self._later(error, failed)
            except Exception:
                log.exception("hearing what happened elsewhere failed")
                failed += 1
                wait = self._later(None, failed)

    async def once(self) -> bool:
        """Poll once, and let what comes take effect; tell whether to poll again at once.

        Raises ChanomaError, and what the first event that could not be taken raised: it comes again, and keeps none of the others waiting.
        """
        await self._verify()
        told, wrong = list(self._ack), dict(self._wrong)
        polled = await self._stream.poll(told, wrong, hold=self._attentive() and not (told or wrong))
        self._ack = [jti for jti in self._ack if jti not in told]
        self._wrong = {jti: it for jti, it in self._wrong.items() if jti not in wrong}
        failed: Exception | None = None
        for jti, token in polled.sets.items():
            try:
                await self._take(jti, token)
            except Exception as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return polled.more or bool(polled.sets)

    async def _take(self, jti: str, token: str) -> None:
        try:
            event = await read(token, self._discovery, jti=jti, audience=self._stream.audience, now=self._stream.now())
        except Wrong as wrong:
            log.warning("an event was wrong: %s %s", wrong.err, wrong.description)
            self._wrong[jti] = wrong
            return
        if event.what is What.VERIFICATION:
            if event.state and event.state != self._expected:
                self._wrong[jti] = Wrong("invalid_state", "not asked for")  # SSF 1.0 §8.1.4.2
                return
            self._expected = ""
        elif not self._listener.heard(event):
            log.info("event %s", event.what)
            self._listener.take(event)
        self._ack.append(jti)

    async def _verify(self) -> None:
        """Ask once a day whether the stream works; one on which that did not come is looked up anew."""
        now = self._clock()
        if self._asked_at is None or not 0 <= now - self._asked_at < VERIFIED_S:
            if self._expected:
                log.warning("the stream of events was not verified")
                self._stream.forget()
            self._asked_at, self._expected = now, base64url(self._random(16))
            try:
                if not await self._stream.verify(self._expected):
                    self._expected = ""
            except PlatformBusy:
                self._expected = ""  # asked a moment ago, before a restart

    def _next(self, began: float, *, more: bool) -> float:
        if more:
            return 0.0
        if self._attentive():
            return max(SHORTEST_S - max(self._clock() - began, 0.0), 0.0)
        return self._every * 0.9 + self._spread(self._every * 0.2)

    def _later(self, error: ChanomaError | None, failed: int) -> float:
        match error:
            case StreamUnsupported():
                return UNSUPPORTED_S
            case StreamGone():
                return SHORTEST_S
            case PlatformBusy(retry_after=float(asked)):
                return asked_for(min(max(asked, SHORTEST_S), LONGEST_S), self._random)
        step = SHORTEST_S if self._attentive() else self._every
        return min(step * 2.0 ** min(failed - 1, 8), max(LONGEST_S, self._every)) * 0.5 + self._spread(step * 0.5)

    def _spread(self, seconds: float) -> float:
        return share(self._random) * seconds

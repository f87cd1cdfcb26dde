"""The courier: brings what is in the outbox to the services."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Never, Protocol

from stb_agent.store.database import Clock
from stb_agent.store.errors import StoreError
from stb_agent.store.outbox import Entry, Outbox
from stb_agent.store.seal import Random

log = logging.getLogger(__name__)

FIRST_DELAY = 2.0
LONGEST_DELAY = 300.0
"""Seconds: bounds of the exponential back-off (full jitter: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015)."""
LONGEST_RETRY_AFTER = 3600.0
"""Seconds: a service's Retry-After (RFC 9110 §10.2.3) is believed up to here."""
_SPREAD = 0.25
"""How much later than asked, at the most."""


class Refused(Exception):
    """The service will never take this entry; ``code`` is the reason's key in the catalogues."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unreachable(Exception):
    """No answer, or none that settles the entry; ``retry_after`` seconds were asked for by the service, if any."""

    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__()
        self.retry_after = retry_after


class NeedsCard(Exception):
    """The authority is not, or no longer, enough."""


class Sender(Protocol):
    """Something that brings an entry to its service."""

    async def send(self, entry: Entry) -> bytes:
        """Send an entry and give the service's acknowledgement (JSON). Raises Refused, Unreachable, NeedsCard."""


@dataclass(frozen=True)
class _Rest:
    """How long a service is left alone, and whether it asked for that itself."""

    until: float
    asked: bool


class Courier:
    """Send every entry until it is settled: at least once on the wire, once in effect by its key."""

    def __init__(
        self,
        outbox: Outbox,
        senders: Mapping[str, Sender],
        *,
        clock: Clock,
        random: Random,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        changed: Callable[[Entry], object] = lambda entry: None,
    ) -> None:
        """``senders`` are found by an entry's service; ``changed`` is told of every entry after an attempt."""
        self._outbox = outbox
        self._senders = senders
        self._clock = clock
        self._random = random
        self._sleep = sleep
        self._changed = changed
        self._woken = asyncio.Event()
        self._rests: dict[str, _Rest] = {}

    def wake(self) -> None:
        """Try everything that waits now; only what a service itself asked to wait (Retry-After) is kept to."""
        self._woken.set()

    async def run(self) -> Never:
        """Deliver for as long as the agent lives."""
        hurry = False
        while True:
            try:
                await self.deliver(hurry=hurry)
            except StoreError as error:
                # A full disk, say: nothing is lost, for what was not written down as settled is sent again.
                log.error("the outbox cannot be written: %s", error)
                await self._sleep(FIRST_DELAY)
            hurry = await self._pause()

    async def deliver(self, *, hurry: bool = False) -> None:
        """Make one attempt at every due entry, at every waiting one if ``hurry``; a service that did not answer then has its rest."""
        if hurry:
            self._rests = {service: rest for service, rest in self._rests.items() if rest.asked}
        for entry in self._outbox.waiting() if hurry else self._outbox.due(self._clock()):
            now = self._clock()
            if entry.waits_for_card(now) or self._rest(entry) > now:
                continue
            try:
                answer = await self._senders[entry.service].send(entry)
            except Refused as refusal:
                settled = self._outbox.refused(entry.key, refusal.code)
            except NeedsCard:
                settled = self._outbox.needs_card(entry.key)
            except Unreachable as silence:
                settled = self._later(entry, silence.retry_after)
            except Exception as error:
                # A defect in one service's sender must not keep the others' entries; its text may hold what was sent.
                log.error("sender of %s failed: %s", entry.service, type(error).__name__)
                settled = self._later(entry, None)
            else:
                settled = self._outbox.sent(entry.key, answer)
            self._changed(settled)

    def _rest(self, entry: Entry) -> float:
        rest = self._rests.get(entry.service)
        return rest.until if rest else 0.0

    def _later(self, entry: Entry, retry_after: float | None) -> Entry:
        fraction = int.from_bytes(self._random(7)) / 2**56
        delay = fraction * min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(entry.attempts, 16))
        if retry_after is not None:
            # Spread as well: a service that is busy asks every box the same.
            delay = max(delay, min(retry_after, LONGEST_RETRY_AFTER) * (1 + _SPREAD * fraction))
        until = self._clock() + delay
        self._rests[entry.service] = _Rest(until, asked=retry_after is not None)
        return self._outbox.later(entry.key, until)

    async def _pause(self) -> bool:
        """Wait for the next due entry or a wake; tell whether it was a wake."""
        now = self._clock()
        sendable = [entry for entry in self._outbox.waiting() if not entry.waits_for_card(now)]
        woken = asyncio.ensure_future(self._woken.wait())
        tasks: set[asyncio.Future[Any]] = {woken}
        if sendable:
            due = min(max(entry.next_attempt, self._rest(entry)) for entry in sendable)
            tasks.add(asyncio.ensure_future(self._sleep(max(due - now, 0.0))))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        hurry = self._woken.is_set()
        self._woken.clear()
        return hurry

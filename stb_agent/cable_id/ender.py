"""Let the platform know that a session has ended and why: at once if it can be asked, else as soon as it can, also after the power went."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import msgspec
from yarl import URL

from stb_agent.cable_id.asking import Asker, decoded
from stb_agent.cable_id.backing_off import later
from stb_agent.cable_id.dpop import Random
from stb_agent.cable_id.errors import CableIdError, EndUnsupported, PlatformBusy, SessionUnknown
from stb_agent.cable_id.polling import Sleep, until_woken
from stb_agent.cable_id.session import Session
from stb_agent.contract.ending import Cause, Ended
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.transmissions import Kind

FIRST_S = 2.0
LONGEST_S = 300.0
"""Seconds between attempts: doubled from the first to the longest, with full jitter."""

log = logging.getLogger(__name__)


class Kept(Protocol):
    """A session that is remembered."""

    @property
    def sid(self) -> str:
        """Give its name at the platform."""
        ...

    @property
    def person(self) -> str:
        """Give whose it was (the card's handle)."""
        ...

    @property
    def cause(self) -> Cause | None:
        """Give why it ended, None while it has not."""
        ...

    @property
    def ended_at(self) -> float:
        """Give when it ended (seconds since the epoch, UTC, by the box's clock)."""
        ...

    @property
    def told(self) -> bool:
        """Tell whether the platform knows."""
        ...


class Memory(Protocol):
    """What outlives the power."""

    def begin(self, sid: str, person: str, boot: str) -> None:
        """Remember that a session began."""

    def used(self, sid: str, service: str) -> None:
        """Remember that a service gets a token of it."""

    def end(self, sid: str, cause: Cause, *, quiet: bool = False) -> Kept | None:
        """Remember that it has ended; None when that was known."""

    def told(self, sid: str, services: dict[str, Ended]) -> Kept | None:
        """Remember that the platform knows, and what it says of each service."""

    def forget(self, sid: str) -> None:
        """Forget it."""

    def all(self) -> Sequence[Kept]:
        """Give what is remembered."""


class _Service(msgspec.Struct, frozen=True):
    service: str
    state: Ended


class _Answer(msgspec.Struct, frozen=True):
    services: list[_Service]


class Ender:
    """Know this box's sessions by their names, and tell the platform of their ends until it has heard.

    ``boot``: the kernel's name for this start of the machine; a session that another one left open was ended by the power.
    """

    def __init__(
        self,
        asker: Asker,
        memory: Memory,
        *,
        boot: str,
        clock: Callable[[], float],
        random: Random,
        sleep: Sleep = asyncio.sleep,
        about: Callable[[str], AbstractContextManager[None]] = lambda person: nullcontext(),
        owing: Callable[[str], bool] = lambda person: False,
    ) -> None:
        """``about``: what is sent in the block is sent in the name of a person; ``owing``: something that a person confirmed is on its way still.

        That is sent first, with the authority that it was confirmed with: an end that is told takes it away.
        """
        self._asker = asker
        self._memory = memory
        self._boot = boot
        self._clock = clock
        self._random = random
        self._sleep = sleep
        self._woken = asyncio.Event()
        self._about = about
        self._owing = owing
        self._tokens: dict[str, Session] = {}

    def wake(self) -> None:
        """Tell now what could not be told before."""
        self._woken.set()

    def began(self, person: str, session: Session) -> None:
        """Take that a session of ``person`` (the card's handle) began."""
        if session.sid:
            self._memory.begin(session.sid, person, self._boot)

    def used(self, session: Session, service: str) -> None:
        """Take that the service at this base address gets a token of it."""
        if session.sid:
            self._memory.used(session.sid, service)

    def ended(self, session: Session, cause: Cause, *, quiet: bool = False) -> None:
        """Take that a session has ended, and tell the platform soon. ``quiet``: nobody need be shown what became of it."""
        if session.sid and self._memory.end(session.sid, cause, quiet=quiet) is not None:
            known = self._asker.discovery.known
            if known is None or not known.session_end_endpoint:
                self._tokens[session.sid] = session  # its token is all that such a platform can be told with
            self._woken.set()

    def found(self, boots: Mapping[str, str]) -> Sequence[tuple[str, Cause]]:
        """End what was open when the agent went; ``boots``: in which start of the machine each began. Gives what was ended, and why."""
        over = [(sid, Cause.CRASHED if boot == self._boot else Cause.POWER_LOST) for sid, boot in boots.items()]
        for sid, cause in over:
            self._memory.end(sid, cause)
        self._woken.set()
        return over

    async def tell(self, kept: Kept) -> None:
        """Tell the platform of one end, or ask again what became of it. Raises CableIdError."""
        if kept.cause is None or (self._owing(kept.person) and not kept.told):
            return
        with self._about(kept.person):
            await self._tell(kept, kept.cause)

    async def _tell(self, kept: Kept, cause: Cause) -> None:
        metadata = await self._asker.discovery.metadata()
        endpoint = metadata.session_end_endpoint
        try:
            if not endpoint:
                await self._revoke(kept.sid, metadata.revocation_endpoint)
                self._memory.told(kept.sid, {})
                return
            at = self._asker.transport.server_time.now(URL(endpoint)) - (self._clock() - kept.ended_at)
            form = {"sid": kept.sid, "cause": cause.value, "ended_at": str(int(max(at, 0.0)))}
            reply = await self._asker.post(
                endpoint, form, Kind.SESSION_END, meanings={"session_unknown": SessionUnknown}
            )
            answer = decoded(reply, _Answer)
            self._memory.told(kept.sid, {it.service.rstrip("/"): it.state for it in answer.services})
            log.info("the platform knows of an end: %s", cause)
        except SessionUnknown:
            log.info("the platform does not know a session that ended")
            self._memory.forget(kept.sid)
        self._tokens.pop(kept.sid, None)

    async def _revoke(self, sid: str, endpoint: str) -> None:
        """End the session as RFC 7009 has it, where the platform knows nothing better and its token is still there."""
        session = self._tokens.get(sid)
        if not endpoint or session is None or session.expires_at <= self._clock():
            self._tokens.pop(sid, None)
            raise EndUnsupported
        form = {"token": session.refresh_token or session.access_token}
        hint = "refresh_token" if session.refresh_token else "access_token"
        await self._asker.post(endpoint, {**form, "token_type_hint": hint}, Kind.SESSION_END)

    async def tell_all(self) -> bool:
        """Tell everything that the platform does not know yet; tell whether nothing is left. Raises PlatformBusy and what the memory raises."""
        left = False
        for kept in self._memory.all():
            if kept.cause is not None and not kept.told:
                if self._owing(kept.person):
                    left = True
                    continue
                try:
                    await self.tell(kept)
                except EndUnsupported:
                    self._memory.forget(kept.sid)  # it ends there by itself within the hour
                except PlatformBusy:
                    raise
                except CableIdError as error:
                    log.info("the end of a session is not told: %s", error.code)
                    left = True
        return not left

    async def run(self) -> None:
        """Tell until cancelled."""
        failed = 0
        while True:
            self._woken.clear()
            asked: float | None = None
            try:
                failed = 0 if await self.tell_all() else failed + 1
            except PlatformBusy as busy:
                failed += 1
                asked = busy.retry_after
            except ChanomaError as error:
                # What is remembered cannot be read or written, on a full disk, say: the television goes on.
                log.error("ends cannot be told: %s", error.code)
                failed += 1
            if not failed:
                await self._woken.wait()
                continue
            wait = later(failed, first=2 * FIRST_S, longest=LONGEST_S, random=self._random, asked=asked)
            await until_woken(self._woken, wait, self._sleep)

"""Who is signed in, and with what right: at most one person, in memory only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.errors import PlatformBusy, PlatformUnreachable, SessionEnded
from stb_agent.cable_id.session import ServiceToken, Session
from stb_agent.contract.ending import Cause

_MARGIN_S = 10.0
"""Seconds before its end from which a token is exchanged anew."""
_RENEW_S = 300.0
"""Seconds before its end from which a session is renewed when the person does something; who does nothing is not kept signed in."""


class Witness(Protocol):
    """Who is told of every session."""

    def began(self, person: str, session: Session) -> None:
        """Take that a session of ``person`` (the card's handle) began."""

    def used(self, session: Session, service: str) -> None:
        """Take that the service at this base address gets a token of it."""

    def ended(self, session: Session, cause: Cause, *, quiet: bool = False) -> None:
        """Take that it has ended. ``quiet``: nobody need be shown what became of it."""


@dataclass
class _Current:
    person: str
    session: Session
    tokens: dict[str, ServiceToken] = field(default_factory=dict)


class Authority:
    """Hold the session of the person in front of the television and give services their own tokens of it."""

    def __init__(
        self,
        platform: PlatformClient,
        clock: Callable[[], float],
        renewed: Callable[[], None] = lambda: None,
        witness: Witness | None = None,
    ) -> None:
        """Begin with nobody; ``renewed`` is called when the session's end has moved, further off or to now."""
        self._witness = witness
        self._platform = platform
        self._clock = clock
        self._renewed = renewed
        self._current: _Current | None = None
        self._renewing = asyncio.Lock()

    def begin(self, person: str, session: Session) -> bool:
        """Take the session of ``person`` (the card's handle) in any earlier one's place; tell whether that was the same person's."""
        before, self._current = self._current, None
        if self._witness is not None:
            if before is not None:
                self._witness.ended(before.session, Cause.REPLACED, quiet=True)
            self._witness.began(person, session)
        self._current = _Current(person, session)
        return before is not None and before.session.subject == session.subject

    def end(self, cause: Cause = Cause.USER) -> None:
        """Forget the session and every token of it."""
        before, self._current = self._current, None
        if before is not None and self._witness is not None:
            self._witness.ended(before.session, cause)

    @property
    def person(self) -> str:
        """Give the handle of whoever is signed in. Raises SessionEnded."""
        return self._held().person

    def holds(self, person: str) -> bool:
        """Tell whether ``person`` is the one who is signed in."""
        return self._current is not None and self._current.person == person

    @property
    def session(self) -> Session:
        """Give the session. Raises SessionEnded."""
        return self._held().session

    @property
    def expires_at(self) -> float | None:
        """Give when the session ends (seconds since the epoch, UTC), or None if nobody is signed in."""
        return self._current.session.expires_at if self._current else None

    def drop(self, audience: str) -> None:
        """Forget the token of the service at ``audience``, which the person has left."""
        if self._current is not None:
            self._current.tokens.pop(audience, None)

    async def service_token(self, audience: str) -> ServiceToken:
        """Give a token for the service at ``audience``. Raises SessionEnded and what PlatformClient.service_token raises."""
        held = self._held()
        await self._renew(held)
        if self._held() is not held:  # or ended: raises
            raise SessionEnded  # while the platform answered, somebody else took the place
        token = held.tokens.get(audience)
        if token is None or token.expires_at - _MARGIN_S <= self._clock():
            if self._witness is not None:
                self._witness.used(held.session, audience)  # before it is: the answer may get lost
            token = await self._platform.service_token(held.session, audience)
            held.tokens[audience] = token
        return token

    async def _renew(self, held: _Current) -> None:
        """Renew a session that is past half; a platform that cannot be asked leaves it as it is."""
        async with self._renewing:  # a refresh token shown twice ends the session
            session = held.session
            if not session.refresh_token or session.expires_at - self._clock() > _RENEW_S:
                return
            try:
                held.session = await self._platform.renew(session)
            except SessionEnded:
                held.session = replace(session, expires_at=self._clock())  # the platform has ended it
            except (PlatformUnreachable, PlatformBusy):
                return
        if self._current is held:
            self._renewed()

    def _held(self) -> _Current:
        if self._current is None or self._current.session.expires_at <= self._clock():
            raise SessionEnded
        return self._current

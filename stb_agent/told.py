"""What the box does about what the platform tells it: each event once, whatever is repeated, and for the person it concerns."""

from __future__ import annotations

from collections.abc import Callable

from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.errors import SessionEnded
from stb_agent.cable_id.security_event import SecurityEvent, What
from stb_agent.contract.ending import Cause
from stb_agent.contract.text import Text
from stb_agent.core.page import Page
from stb_agent.services.news.pages import EndedPage, SuspendedPage
from stb_agent.store.links import Link
from stb_agent.store.news import Piece
from stb_agent.store.store import Store

_SKEW_S = 2.0
"""Seconds: a session that began with the event began before it."""
_ENDS = {
    What.SESSION_REVOKED: Cause.REVOKED,
    What.CARD_LOST: Cause.CARD_LOST,
    What.LINK_SUSPENDED: Cause.REVOKED,
    What.LINK_ENDED: Cause.REVOKED,
}
"""What ends a session, and how that is called."""


class Told:
    """Let events take effect on this box."""

    def __init__(
        self,
        store: Store,
        authority: Authority,
        operator: Text,
        *,
        end: Callable[[Cause, Page], None],
        changed: Callable[[], None],
        left: Callable[[str], None],
        obey: Callable[[str], object],
    ) -> None:
        """``end`` ends the session before the person's eyes with a page that says so; ``changed`` is called when something that is shown may have;
        ``left`` is given the handle of a card whose link has ended, ``obey`` an operator's order.
        """
        self._store = store
        self._authority = authority
        self._operator = operator
        self._end = end
        self._changed = changed
        self._left = left
        self._obey = obey

    def heard(self, event: SecurityEvent) -> bool:
        """Tell whether an event was taken before."""
        return self._store.news.heard(event.jti, event.issued_at)

    def take(self, event: SecurityEvent) -> None:
        """Let an event take effect, then remember it: broken off between, it comes again and changes nothing more. Raises StoreError."""
        subject = event.subject
        link = self._store.links.named(subject.link_id) if subject.link_id else None
        cause = _ENDS.get(event.what)
        if cause is not None and self._concerns(event, link):
            self._end(cause, self._notice(event))
        if link is not None:
            self._settle(event.what, link)
        self._store.audit.append("platform.told", kind=event.what.value, handle=link.handle if link else None)
        self._store.news.keep(
            Piece(
                jti=event.jti,
                kind=event.what,
                person=link.handle if link and event.what is not What.LINK_ENDED else "",
                at=event.at,
                issued_at=event.issued_at,
                open=event.what is What.ADDRESS_CHANGE and link is not None,
            )
        )
        self._changed()
        if event.what is What.RESET_ORDER:
            self._obey(event.order)

    def _concerns(self, event: SecurityEvent, link: Link | None) -> bool:
        """Tell whether the session that is open here is the one meant, or one of the person's that is older than the event."""
        try:
            session = self._authority.session
        except SessionEnded:
            return False
        subject = event.subject
        if subject.sid:
            return (subject.sid, subject.sub) == (session.sid, session.subject)
        theirs = (
            subject.sub == session.subject if subject.sub else link is not None and self._authority.holds(link.handle)
        )
        return theirs and session.auth_time <= event.at + _SKEW_S

    def _notice(self, event: SecurityEvent) -> Page:
        if event.what in (What.CARD_LOST, What.LINK_SUSPENDED):
            return SuspendedPage(event.what is What.CARD_LOST, self._operator)
        return EndedPage(event.initiator)

    def _settle(self, what: What, link: Link) -> None:
        match what:
            case What.CARD_LOST | What.LINK_SUSPENDED:
                self._store.links.rest(link, suspended=True)
            case What.CARD_REPLACED | What.LINK_ACTIVE:
                self._store.links.rest(link, suspended=False)
            case What.LINK_ENDED:
                self._left(link.handle)

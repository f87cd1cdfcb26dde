"""Why a session ended: the words that box and platform have for it (docs/cable-id-profile.md, The end of a session)."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """What ended a session.

    ``PROGRAMME``: the household went to the programme while something personal was open. ``WARNING``, ``STANDBY``, ``INPUT``: the middleware took the
    screen for an emergency warning, because the television sleeps, or for another input. ``REVOKED``, ``CARD_LOST``: the platform says so.
    ``REPLACED``: another sign-in took its place. ``STOPPED``: the agent was ended in good order; ``CRASHED``: it was not;
    ``POWER_LOST``: nor was the box.
    """

    USER = "user"
    CARD_REMOVED = "card_removed"
    IDLE = "idle"
    EXPIRED = "expired"
    PROGRAMME = "programme"
    WARNING = "warning"
    STANDBY = "standby"
    INPUT = "input"
    REVOKED = "revoked"
    CARD_LOST = "card_lost"
    REPLACED = "replaced"
    STOPPED = "stopped"
    CRASHED = "crashed"
    POWER_LOST = "power_lost"


ALWAYS = frozenset({Cause.STANDBY, Cause.INPUT})
"""Nobody sits before it any more: the session ends though nothing personal is open."""


class Ended(StrEnum):
    """What is known of a service's part of a session: it said that it has ended, or it has not yet."""

    ENDED = "ended"
    PENDING = "pending"

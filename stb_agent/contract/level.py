"""How sure the house is of who sits there."""

from __future__ import annotations

from enum import IntEnum


class Level(IntEnum):
    """The three levels and the absence of any; they are never mixed.

    ``PRESENT``: a card was read, no PIN (a greeting, nothing personal). ``AUTHENTICATED``: the four-digit PIN of the user authentication
    certificate. ``SIGNATURE``: the PIN of the signature certificate.
    """

    NONE = 0
    PRESENT = 1
    AUTHENTICATED = 2
    SIGNATURE = 3

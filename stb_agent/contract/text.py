"""Text on the wire: codes and parameters, not sentences."""

from __future__ import annotations

from msgspec import Struct


class Word(Struct, frozen=True, omit_defaults=True):
    """A text to be looked up in the catalogue under ``code`` and filled with ``args``.

    Dates and times among ``args`` are RFC 3339 strings; the catalogue's placeholder says how they are shown (``{at:day}``).
    """

    code: str
    args: dict[str, str | int | Word] = {}


# A bare string is data to be shown as it is: a facility's name, a booking number.
Text = str | Word


def word(code: str, **args: str | int | Word) -> Word:
    """Make a Word."""
    return Word(code, args)

"""What can be typed with which key, on the screen and on the remote: `keyboards.toml` beside this file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct


class Letters(StrEnum):
    """Which kind of letters is typed, in the order in which one follows the other."""

    HIRAGANA = "hiragana"
    KATAKANA = "katakana"
    LATIN = "latin"
    DIGITS = "digits"
    SIGNS = "signs"

    @property
    def following(self) -> Letters:
        """Give the kind that comes after this one; after the last, the first."""
        all_ = list(Letters)
        return all_[(all_.index(self) + 1) % len(all_)]


class Keyboard(Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of one kind of letters.

    ``rows``: on the screen, a character each, as they are read, ``from_right`` or from the left. ``keys``: of the remote, by the action's name: what
    each gives when it is pressed once, twice, three times.
    """

    rows: tuple[str, ...]
    keys: dict[str, str]
    from_right: bool = False


class Candidate(Struct, frozen=True):
    """A word for the first ``used`` characters of a reading."""

    word: str
    used: int


SPACE = "\u3000"
"""What stands between a family name and a first name: JIS X 0208's space, which is as wide as a kanji."""
_SHIFT = 0x60
"""From a hiragana to its katakana: U+3042 to U+30A2."""


@cache
def keyboard(letters: Letters) -> Keyboard:
    """Give the keys of one kind of letters."""
    return msgspec.convert(_read()[letters], Keyboard)


@cache
def changes() -> Mapping[str, str]:
    """Give what each character is changed into: with 濁点, with 半濁点, small, and back."""
    cycles: list[str] = msgspec.convert(_read()["changes"], list[str])
    kana = [cycle for cycle in cycles if not cycle.isascii()]
    cycles += ["".join(chr(ord(char) + _SHIFT) for char in cycle) for cycle in kana]
    return {one: cycle[(at + 1) % len(cycle)] for cycle in cycles for at, one in enumerate(cycle)}


@cache
def _read() -> dict[str, object]:
    return tomllib.loads(Path(__file__).with_name("keyboards.toml").read_text("utf-8"))

"""How the screen is drawn for a household: the same words in configuration and on the UI's socket."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Profile(StrEnum):
    """A way of drawing everything (docs/look.md): as designed, larger, with the most contrast, or without red against green."""

    STANDARD = "standard"
    LARGE = "large"
    CONTRAST = "contrast"
    COLOUR_BLIND = "colour_blind"


class Appearance(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a household chose: a ``profile``, and ``furigana`` over the words whose reading the catalogue knows."""

    profile: Profile = Profile.STANDARD
    furigana: bool = False

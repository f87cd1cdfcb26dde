"""How the screen is drawn for a household: the same words in configuration and on the UI's socket."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

JAPANESE = "ja"
ENGLISH = "en"
SIMPLE = "ja-simple"

LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"
Language = Annotated[str, Meta(pattern=LANGUAGE)]
"""A language tag (BCP 47). Ours: ``ja``, ``ja-simple`` (やさしい日本語; the registered variant "simplified form") and ``en``."""


class Profile(StrEnum):
    """A way of drawing everything (docs/look.md): as designed, larger, with the most contrast, or without red against green."""

    STANDARD = "standard"
    LARGE = "large"
    CONTRAST = "contrast"
    COLOUR_BLIND = "colour_blind"


class Calendar(StrEnum):
    """How years are counted: 西暦 or 和暦."""

    GREGORIAN = "gregorian"
    JAPANESE = "japanese"


class Appearance(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a household chose: a ``profile``, and ``furigana`` over the words whose reading the catalogue knows; ``language`` and ``calendar``.

    ``languages``: the operator's folder of further translations (docs/operations.md).
    """

    profile: Profile = Profile.STANDARD
    furigana: bool = False
    language: Language = JAPANESE
    calendar: Calendar = Calendar.GREGORIAN
    languages: str = "/etc/chanoma/locale"

    @property
    def reads(self) -> bool:
        """Tell whether words have their readings: やさしい日本語 always has."""
        return self.furigana or self.language == SIMPLE

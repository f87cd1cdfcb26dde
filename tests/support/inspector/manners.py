"""Every manner in which a household can have its screen: language, readings, calendar, profile; and a language that no town speaks."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from stb_agent.contract import words
from stb_agent.contract.appearance import Appearance, Calendar, Profile
from stb_agent.contract.level import Level
from stb_agent.contract.messages import CardState, Status
from stb_agent.contract.speech import Engine, Speech
from stb_agent.contract.text import word
from stb_agent.contract.words.catalogue import LOCALE
from tests.words import place, sources, template, written

FURTHER = "xa"
"""English with accents on its letters and three in ten more of them: the room that a town's further language may want."""
_LONGER = 0.3
_ACCENTED = str.maketrans("aeiounAEIOUN", "áéíóúñÁÉÍÓÚÑ")

LANGUAGES: dict[str, Appearance] = {
    "ja": Appearance(),
    "ja-furigana": Appearance(furigana=True, calendar=Calendar.JAPANESE),
    "ja-simple": Appearance(language="ja-simple"),
    "en": Appearance(language="en", calendar=Calendar.JAPANESE),
    "further": Appearance(language=FURTHER),
}


def status(language: str, profile: Profile, further: Path) -> Status:
    """Give the status with the most to say, in a language (a key of ``LANGUAGES``); ``further`` is where `write_further` wrote."""
    chosen = msgspec.structs.replace(LANGUAGES[language], profile=profile, languages=str(further))
    return Status(
        CardState.NO_READER,
        Level.AUTHENTICATED,
        practice=True,
        notice=word("remote.notice.asleep"),
        appearance=chosen,
        speech=Speech(engine=Engine.ESPEAK),
    )


def write_further(folder: Path) -> None:
    """Write the further language as a town does: every message of the template translated, in a folder of its own."""
    for path in sources():
        catalog = template([path])
        for message in catalog:
            if message.id:
                message.string = longer(words.pattern(str(message.context), "en"))
        ours = place(path, FURTHER)
        there = folder / ours.relative_to(LOCALE)
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(written(catalog))


def longer(text: str) -> str:
    """Give a text with accents on its letters and more of them, spread over its words; what is in braces stays."""
    return "".join(part if part.startswith("{") else _stretched(part) for part in re.split(r"(\{[^}]*\})", text))


def _stretched(text: str) -> str:
    return re.sub(r"[A-Za-z]{3,}", lambda match: _word(match[0]), text)


def _word(text: str) -> str:
    more = round(len(text) * _LONGER)
    return text.translate(_ACCENTED) + ("iterandis" * 3)[:more]

"""What the texts of the catalogue sound like in a language: for who decides by what was spoken alone."""

from __future__ import annotations

import re

from stb_agent.contract import words
from ui.speech.plain import plain

_HOLE = re.compile(r"\{(\w+)(?::\w+)?\}")
_PRIVATE = 0xE000
"""Characters that no text has stand where a text is to be filled."""


class Tongue:
    """A language, by ear."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, code: str, **args: str | int) -> re.Pattern[str]:
        """Give what matches the text of a code as it is said; what it is filled with and is not given matches anything, by its name."""
        assert words.has(code), code
        holes: list[str] = []

        def hole(found: re.Match[str]) -> str:
            if found[1] in args:
                return str(args[found[1]])
            holes.append(found[1])
            return chr(_PRIVATE + len(holes) - 1)

        text = plain(_HOLE.sub(hole, words.pattern(code, self.language)), self._say)
        spoken = re.sub(
            r"(\\ |、)", r"[ 、]*", re.escape(text.rstrip("。."))
        )  # pauses are made otherwise in a sentence of two languages
        for at, name in enumerate(holes):
            spoken = spoken.replace(chr(_PRIVATE + at), f"(?P<{name}>.+?)", 1)
        return re.compile(spoken)

    def _say(self, code: str, **args: str | int) -> str:
        return words.text(code, self.language, **args)

"""Typing a text by keys: pure. What is typed, what of it may still become kanji, and which key is being turned.

Kana go to the end of the text; as long as nothing else is typed they are its *reading*, and a candidate takes the place of the reading's
beginning. So a name is written word by word, from the front, and whoever wants kana leaves them as they are.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from stb_agent.contract.keyboards import SPACE, Candidate, Letters, changes, keyboard

Candidates = Callable[[str], Sequence[Candidate]]
"""Give what a reading in hiragana may become, best first."""


class Words(Protocol):
    """A dictionary: what a reading may become, with ordinary words first, or names."""

    def words(self, reading: str) -> Sequence[Candidate]:
        """Give ordinary words first."""

    def names(self, reading: str) -> Sequence[Candidate]:
        """Give names of people and places first."""


class _NoWords:
    def words(self, reading: str) -> Sequence[Candidate]:
        return ()

    def names(self, reading: str) -> Sequence[Candidate]:
        return ()


NO_WORDS: Words = _NoWords()
"""Where there is no dictionary."""

AGAIN_S = 2.5
"""Seconds within which the same key turns the character before: long, for slow hands; any other key ends it at once."""
CHANGE = "11"
"""The remote's key that changes the character before, where a telephone has its ＊."""


@dataclass(frozen=True)
class Typing:
    """A text on its way. The last ``reading`` characters of it may still become kanji; ``turning`` is the key whose character is the last."""

    text: str = field(default="", repr=False)
    letters: Letters = Letters.HIRAGANA
    reading: int = field(default=0, repr=False)
    turning: str = field(default="", repr=False)

    @property
    def kana(self) -> str:
        """Give the reading."""
        return self.text[len(self.text) - self.reading :]

    def typed(self, added: str, most: int) -> Typing:
        """Add characters at the end; nothing if they do not all find room, or are none that a person can see."""
        if not added or len(self.text) + len(added) > most or not all(map(_typable, added)):
            return self
        reading = self.reading + len(added) if all(map(_hiragana, added)) else 0
        return replace(self, text=self.text + added, reading=reading, turning="")

    def press(self, key: str, most: int, *, again: bool) -> Typing:
        """Take a key of the remote; ``again``: the one before was the same, a moment ago."""
        if key == CHANGE:
            return self.change()
        given = keyboard(self.letters).keys.get(key, "")
        if not given:
            return self
        if again and key == self.turning and self.text:
            following = given[(given.index(self.text[-1]) + 1) % len(given)]
            return replace(self._cut(1).typed(following, most), turning=key)
        after = self.typed(given[0], most)
        return self if after is self else replace(after, turning=key)

    def change(self) -> Typing:
        """Change the last character: か becomes が, は ば and ぱ, つ っ and づ, や ゃ, a A."""
        changed = changes().get(self.text[-1:])
        return self if changed is None else replace(self, text=self.text[:-1] + changed, turning="")

    def erase(self) -> Typing:
        """Take the last character away, all of it: whatever is written over or joined to it goes too."""
        return self._cut(len(_last(self.text)))

    def take(self, candidate: Candidate, most: int) -> Typing:
        """Put a candidate in the place of the reading's beginning; nothing if it finds no room."""
        text = self.text[: len(self.text) - self.reading] + candidate.word + self.kana[candidate.used :]
        if len(text) > most:
            return self
        return replace(self, text=text, reading=self.reading - candidate.used, turning="")

    def write_with(self, letters: Letters) -> Typing:
        """Change to another kind of letters."""
        return replace(self, letters=letters, turning="")

    def _cut(self, by: int) -> Typing:
        kept = self.text[: len(self.text) - by]
        return replace(self, text=kept, reading=max(self.reading - by, 0), turning="")


def fitted(text: str, most: int) -> str:
    """Give a text that came from elsewhere as a line that can be typed: composed (NFC), in one line, cut between characters."""
    line = "".join(" " if char.isspace() and char != SPACE else char for char in unicodedata.normalize("NFC", text))
    line = "".join(char for char in line if _typable(char)).strip()
    while len(line) > most:
        line = line[: -len(_last(line))]
    return line.strip()


def _typable(char: str) -> bool:
    return char.isprintable() or char in (SPACE, "\u200d")


def _hiragana(char: str) -> bool:
    return 0x3041 <= ord(char) <= 0x3096 or ord(char) == 0x30FC


def _last(text: str) -> str:
    """Give the last character as a person sees it (most of the extended grapheme clusters of UAX #29: marks, selectors, joiners, flags)."""
    at = len(text) - 1
    while at > 0 and (_joins(text[at]) or text[at - 1] == "\u200d"):
        at -= 1
    if at > 0 and _flag(text[at]):
        before = len(text[: at + 1]) - len(text[: at + 1].rstrip("".join(map(chr, range(0x1F1E6, 0x1F200)))))
        at -= 1 - before % 2
    return text[max(at, 0) :]


def _joins(char: str) -> bool:
    return char == "\u200d" or unicodedata.category(char).startswith("M") or "\U0001f3fb" <= char <= "\U0001f3ff"


def _flag(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"

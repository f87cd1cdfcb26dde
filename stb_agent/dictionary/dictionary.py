"""What a reading in kana may become: whole words, several words, inflected ones, the word at its beginning, words that begin so."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from stb_agent.contract.keyboards import Candidate
from stb_agent.dictionary.skk import Malformed, Missing, SkkFile

MOST = 40
"""Candidates for one reading."""
_LONGEST = 16
"""Kana of a word that is looked for inside a longer reading."""
_PARTS = 24
"""Kana of a reading that is taken apart."""
_OF_BEGINNING = 4
_FORESEEN = 4
_INFLECTED = 6
_ENDING = 3
"""Kana of an ending."""
_KATAKANA = 0x60
_PARTICLE, _KANA = 0.6, 1.5
"""What it costs to leave a kana as it is, where a word costs 1: the less it costs, the likelier."""
_PARTICLES = frozenset("はがのをにでとへもや")
_NAMES = ("jinmei", "propernoun", "geo", "station")
_LETTERS = tuple(
    row.split()
    for row in (
        "a ぁあ", "i ぃい", "u ぅう", "e ぇえ", "o ぉお", "k かきくけこ", "g がぎぐげご", "s さしすせそ", "z ざじずぜぞ", "j じ",
        "t たちつてとっ", "c ち", "d だぢづでど", "n なにぬねのん", "h はひふへほ", "b ばびぶべぼ", "p ぱぴぷぺぽ", "m まみむめも",
        "y ゃやゅゆょよ", "r らりるれろ", "w わを",
    )
)  # fmt: skip
"""With which Latin letter an ending begins (SKK's rule for okurigana)."""


class Dictionary:
    """Several files, asked in their order. Without any there are no candidates."""

    def __init__(self, files: Sequence[SkkFile] = (), names: Sequence[SkkFile] = ()) -> None:
        """``names``: the same files in the order in which names are looked for."""
        self._files = tuple(files)
        self._names = tuple(names) or self._files

    def words(self, reading: str) -> Sequence[Candidate]:
        """Give what a reading may become, ordinary words first."""
        return _candidates(self._files, reading)

    def names(self, reading: str) -> Sequence[Candidate]:
        """Give what a reading may become, names of people and places first."""
        return _candidates(self._names, reading)


def load(paths: Sequence[str]) -> tuple[Dictionary, list[Missing | Malformed]]:
    """Open the files that are there; give what is wrong with the others."""
    files: list[tuple[str, SkkFile]] = []
    wrong: list[Missing | Malformed] = []
    for path in paths:
        try:
            files.append((path, SkkFile(Path(path))))
        except (Missing, Malformed) as error:
            wrong.append(error)
    named = sorted(files, key=lambda it: not it[0].endswith(_NAMES))
    return Dictionary([file for _, file in files], [file for _, file in named]), wrong


def _candidates(files: Sequence[SkkFile], reading: str) -> Sequence[Candidate]:
    if not files or not reading:
        return ()
    return tuple(itertools.islice(dict.fromkeys(_found(files, reading)), MOST))


def _found(files: Sequence[SkkFile], reading: str) -> Iterator[Candidate]:
    whole = len(reading)
    exact = _words(files, reading)
    yield from (Candidate(word, whole) for word in exact)
    if not exact and (joined := _joined(files, reading)):
        yield Candidate(joined, whole)
    for used in range(min(whole - 1, _LONGEST), 1, -1):
        if parts := _words(files, reading[:used]):
            yield from (Candidate(word, used) for word in parts[:_OF_BEGINNING])
            break
    if whole > 1:
        for file in files:
            yield from (Candidate(word, whole) for word in file.beginning(reading, _FORESEEN))
    yield from (Candidate(word, whole) for word in itertools.islice(_inflected(files, reading), _INFLECTED))
    yield Candidate("".join(chr(ord(char) + _KATAKANA) if char != "ー" else char for char in reading), whole)


def _words(files: Sequence[SkkFile], reading: str) -> list[str]:
    return [word for file in files for word in file.words(reading)]


def _inflected(files: Sequence[SkkFile], reading: str) -> Iterator[str]:
    """Give inflected words: the stem in kanji, the ending in kana."""
    for at in range(len(reading) - 1, max(0, len(reading) - 1 - _ENDING), -1):
        stem, ending = reading[:at], reading[at:]
        for letter in (letter for letter, kana in _LETTERS if ending[0] in kana):
            yield from (word + ending for file in files for word in file.inflected(stem, letter))


def _joined(files: Sequence[SkkFile], reading: str) -> str:
    """Give the reading as several words, the likeliest of each: as few as possible, and as few kana left over; nothing if no word is found."""
    if not 3 < len(reading) <= _PARTS:
        return ""
    best: list[tuple[float, str]] = [(0.0, "")]
    for end in range(1, len(reading) + 1):
        kana = reading[end - 1]
        cost, text = best[end - 1]
        found = [(cost + (_PARTICLE if kana in _PARTICLES else _KANA), text + kana)]
        for start in range(max(0, end - _LONGEST), end - 1):
            word = next((words[0] for file in files if (words := file.words(reading[start:end]))), None)
            if word is not None:
                found.append((best[start][0] + 1, best[start][1] + word))
        best.append(min(found, key=lambda it: it[0]))
    joined = best[-1][1]
    return "" if joined == reading else joined

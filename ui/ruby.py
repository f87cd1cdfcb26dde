"""Furigana: which words of a text have a reading over them, and where (JLREQ 3.3, group ruby)."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import NamedTuple


class Reading(NamedTuple):
    """A word's reading: the word is ``line[start:end]``."""

    line: int
    start: int
    end: int
    kana: str


def found_in(lines: tuple[str, ...], known: Mapping[str, str], read: set[str]) -> list[Reading]:
    """Find the words of ``known`` that stand whole on a line, the longest first; each once: those ``read`` already are left out, and added."""
    if not known:
        return []
    found = []
    for number, line in enumerate(lines):
        for match in _any_of(tuple(known)).finditer(line):
            if match[0] not in read:
                read.add(match[0])
                found.append(Reading(number, match.start(), match.end(), known[match[0]]))
    return found


@functools.lru_cache(maxsize=4)
def _any_of(terms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, terms), key=len, reverse=True)))

"""One dictionary file of the SKK project (skk-dev.github.io/dict), looked up where it lies.

A file has two sections of sorted lines, ``reading /word;note/word/``: *okuri-ari*, descending (the readings of inflected words, ending in the Latin
letter with which the ending begins), and *okuri-nasi*, ascending. It is mapped into memory and searched by halves: a lookup touches a few
pages, and nothing of it counts as ours. Files are in EUC-JP unless their first line says ``coding: utf-8``.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from stb_agent.contract.errors import ChanomaError

_ARI, _NASI = b";; okuri-ari entries.", b";; okuri-nasi entries."
_CODING = re.compile(rb"coding: *([\w-]+)")
_INFLECTED = re.compile(r"\[[^\]]*\]")


class DictionaryError(ChanomaError):
    """Something is wrong with a dictionary."""


class Missing(DictionaryError):
    """There is no such file, or it may not be read."""

    code: ClassVar[str] = "dictionary.missing"


class Malformed(DictionaryError):
    """This is no dictionary of this form."""

    code: ClassVar[str] = "dictionary.malformed"


class SkkFile:
    """A dictionary file. Raises Missing or Malformed where it cannot be used."""

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            raise Missing(path=str(path)) from None
        head = self._map[: max(self._map.find(b"\n"), 0)]
        coding = _CODING.search(head)
        self._coding = "utf-8" if coding and coding[1] == b"utf-8" else "euc_jp"
        ari, nasi = self._map.find(_ARI), self._map.find(_NASI)
        if nasi < 0 or nasi < ari:
            raise Malformed(path=str(path))
        self._nasi = (self._next(nasi), len(self._map))
        self._ari = (self._next(ari), nasi) if ari >= 0 else (nasi, nasi)

    def words(self, reading: str) -> tuple[str, ...]:
        """Give the words of exactly this reading, best first."""
        return self._exact(reading, self._nasi, descending=False)

    def inflected(self, stem: str, letter: str) -> tuple[str, ...]:
        """Give what a stem is written with whose ending begins with this Latin letter."""
        return self._exact(stem + letter, self._ari, descending=True)

    def beginning(self, reading: str, most: int) -> Iterator[str]:
        """Give words whose readings begin with this one and are longer, the first of each, in the order of their readings."""
        wanted = self._encoded(reading)
        at, (_, end) = self._find(wanted, self._nasi, descending=False), self._nasi
        while wanted and at < end and most:
            stop = self._next(at)
            line = self._map[at:stop]
            if not line.startswith(wanted):
                return
            if not line.startswith(wanted + b" ") and (words := self._parsed(line)):
                yield words[0]
                most -= 1
            at = stop

    def _exact(self, reading: str, section: tuple[int, int], *, descending: bool) -> tuple[str, ...]:
        wanted = self._encoded(reading)
        at = self._find(wanted, section, descending=descending)
        line = self._map[at : self._next(at)] if wanted and at < section[1] else b""
        return self._parsed(line) if line.startswith(wanted + b" ") else ()

    def _find(self, wanted: bytes, section: tuple[int, int], *, descending: bool) -> int:
        """Give the start of the first line whose reading does not come before this one."""
        low, high = section
        while low < high:
            start = max(self._map.rfind(b"\n", low, (low + high) // 2) + 1, low)
            stop = self._next(start)
            key = self._map[start:stop].split(b" ", 1)[0]
            if (key > wanted) if descending else (key < wanted):
                low = stop
            else:
                high = start
        return low

    def _next(self, at: int) -> int:
        end = self._map.find(b"\n", at)
        return len(self._map) if end < 0 else end + 1

    def _encoded(self, reading: str) -> bytes:
        try:
            return reading.encode(self._coding)
        except UnicodeEncodeError:
            return b""

    def _parsed(self, line: bytes) -> tuple[str, ...]:
        """Give a line's words: without notes, without what has to be computed (Lisp), without the list by endings."""
        listed = _INFLECTED.sub("", line.decode(self._coding, "replace").partition(" ")[2])
        words = (part.partition(";")[0].strip() for part in listed.strip().split("/"))
        return tuple(
            word for word in words if word and not word.startswith("(") and "\ufffd" not in word and "#" not in word
        )

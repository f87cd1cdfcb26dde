"""Which characters a font has, from its file: the ``cmap`` table of OpenType (ISO/IEC 14496-22, 5.2.1), formats 4 and 12."""

from __future__ import annotations

import functools
import struct
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

MISSING = "〓"
"""Stands for a character that no font here has: the printers' 下駄, never an empty box (U+3013, JIS X 0208 2-14)."""
# Which of several forms of the character before is meant (IVS and others): drawn by fonts that know it, nothing by itself.
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))

_CODES = 0x110000
"""Code points of Unicode."""
_UNSEEN = ("Cc", "Cf")
"""Categories of characters without a shape. One for private use (外字 of a town's own) has a shape, but not here."""


def selector(char: str) -> bool:
    """Tell whether a character only selects a form of the one before it."""
    return any(ord(char) in those for those in _SELECTORS)


class Coverage:
    """A set of code points: a bit for each, since a set of 20,000 numbers takes 2 MB."""

    def __init__(self, codes: Iterable[int]) -> None:
        """Take the code points that are in it."""
        self._bits = bytearray(_CODES // 8)
        for code in codes:
            self._bits[code >> 3] |= 1 << (code & 7)

    def __contains__(self, code: int) -> bool:
        return bool(self._bits[code >> 3] >> (code & 7) & 1)


def covered(path: Path) -> Coverage:
    """Give the code points that a font file (or the first font of a collection) has glyphs for. Raises OSError, ValueError."""
    data = path.read_bytes()
    try:
        start = struct.unpack_from(">I", data, 12)[0] if data[:4] == b"ttcf" else 0
        count = struct.unpack_from(">H", data, start + 4)[0]
        tables = (struct.unpack_from(">4sIII", data, start + 12 + 16 * at) for at in range(count))
        at = next(offset for tag, _, offset, _ in tables if tag == b"cmap")
        records = [
            struct.unpack_from(">HHI", data, at + 4 + 8 * i) for i in range(struct.unpack_from(">H", data, at + 2)[0])
        ]
        return Coverage(
            code
            for platform, encoding, offset in records
            if (platform == 0 and encoding != 5) or (platform == 3 and encoding in (1, 10))  # Unicode
            for code in _subtable(data, at + offset)
        )
    except (struct.error, StopIteration, IndexError) as error:
        raise ValueError(f"{path} is no OpenType font") from error


def _subtable(data: bytes, at: int) -> Iterator[int]:
    match struct.unpack_from(">H", data, at)[0]:
        case 4:
            yield from _segments(data, at)
        case 12:
            for group in range(struct.unpack_from(">I", data, at + 12)[0]):
                first, last, glyph = struct.unpack_from(">III", data, at + 16 + 12 * group)
                yield from range(first + (glyph == 0), last + 1)


def _segments(data: bytes, at: int) -> Iterator[int]:
    twice = struct.unpack_from(">H", data, at + 6)[0]
    ends, starts = at + 14, at + 16 + twice
    for segment in range(0, twice, 2):
        last = struct.unpack_from(">H", data, ends + segment)[0]
        first, delta, offset = (struct.unpack_from(">H", data, starts + part * twice + segment)[0] for part in range(3))
        for code in range(first, last + 1):
            glyph = code
            if offset:
                place = starts + 2 * twice + segment + offset + 2 * (code - first)
                glyph = struct.unpack_from(">H", data, place)[0]
                if glyph == 0:
                    continue
            if (glyph + delta) & 0xFFFF and code != 0xFFFF:
                yield code


class Faces:
    """A first font and further ones; each character is drawn in the first of them that has it."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Name the fonts' files. A further one is read only when a character wants it, and is left out if it cannot be."""
        self._paths = paths
        self._covered = functools.cache(self._load)

    def runs(self, text: str) -> list[tuple[int, str]]:
        """Split a text into parts, each with the number of its font; what none of them has is there as 〓."""
        runs: list[tuple[int, str]] = []
        for char in text:
            if selector(char):
                at, shown = runs[-1][0] if runs else 0, char
            else:
                at, shown = self._find(char)
            if runs and runs[-1][0] == at:
                runs[-1] = (at, runs[-1][1] + shown)
            else:
                runs.append((at, shown))
        return runs

    def _find(self, char: str) -> tuple[int, str]:
        if ord(char) in self._covered(0) or char.isspace() or unicodedata.category(char) in _UNSEEN:
            return 0, char
        found = next((at for at in range(1, len(self._paths)) if ord(char) in self._covered(at)), None)
        return (found, char) if found is not None else (0, MISSING)

    def _load(self, at: int) -> Coverage:
        try:
            return covered(self._paths[at])
        except (OSError, ValueError):
            if at == 0:
                raise
            return Coverage(())

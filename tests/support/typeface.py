"""The screen's font measured by Pillow, for tests that draw nothing."""

from __future__ import annotations

import functools

from PIL import ImageFont

from stb_agent.contract.fonts import MAIN
from ui.glyphs import selector

_NOWHERE = "\U0010ffff"


@functools.lru_cache(maxsize=100_000)
def _advance(char: str, size: int, bold: bool) -> float:
    return _font(size, bold).getlength(char)


def measure(text: str, size: int, bold: bool) -> float:
    """Give the width of a text in px; all figures are as wide as a 0 (the font's own 1 is not)."""
    return sum(_advance("0" if char == "1" else char, size, bold) for char in text if not selector(char))


def lacks(char: str, bold: bool) -> bool:
    """Tell whether the font has no glyph for a character: it would be drawn as the box of an unknown one."""
    font = _font(40, bold)
    return char.strip() != "" and bytes(font.getmask(char)) == bytes(font.getmask(_NOWHERE))


@functools.cache
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(MAIN.bold if bold else MAIN.regular), size)

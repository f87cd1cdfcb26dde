"""Text by SDL_ttf in the one font that the box has, BIZ UDPGothic (Debian: fonts-morisawa-bizud-gothic)."""

from __future__ import annotations

import functools

from kivy.core.text import Label as CoreLabel
from kivy.core.text import LabelBase
from kivy.graphics.texture import Texture

FONT_FOLDER = "/usr/share/fonts/truetype/bizud-gothic"
_NAME = "Chanoma"
LabelBase.register(_NAME, f"{FONT_FOLDER}/BIZUDPGothic-Regular.ttf", fn_bold=f"{FONT_FOLDER}/BIZUDPGothic-Bold.ttf")


def texture(line: str, size: int, bold: bool) -> Texture:
    """Give one line of text in white."""
    label = _label(size, bold, line)
    label.refresh()
    return label.texture


def measure(text: str, size: int, bold: bool) -> float:
    """Give the width of a text in px."""
    return sum(_advance(char, size, bold) for char in text)


@functools.lru_cache(maxsize=4096)
def _advance(char: str, size: int, bold: bool) -> float:
    return float(_label(size, bold).get_extents(char)[0])


def _label(size: int, bold: bool, line: str = "") -> CoreLabel:
    # Plain "light" draws a glyph's first appearance one pixel off its later ones (SDL_ttf 2.22): the same view, two pictures.
    return CoreLabel(text=line, font_name=_NAME, font_size=size, bold=bold, font_hinting="light_subpixel")

"""Text by SDL_ttf in the box's font, and in a further one for the characters of names that it lacks."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from kivy.core.text import Label as CoreLabel
from kivy.graphics.texture import Texture

from stb_agent.contract.fonts import FURTHER, MAIN
from ui.glyphs import Faces, selector

_FACES = (MAIN, *(face for face in FURTHER if face.there))
_faces = Faces([face.regular for face in _FACES])
_NARROW = re.compile("(1)")
"""The one figure of the font that is narrower than the others."""


class _Label(CoreLabel):  # type: ignore[misc] # Kivy has no types
    """One line in one size, drawn run by run on the first font's baseline, with figures that are all as wide."""

    def get_extents(self, text: str) -> tuple[int, int]:
        width = sum(wide for _, _, wide in self._pieces(text))
        self._take(0)
        return width, super().get_extents(text)[1]

    def _render_text(self, text: str, x: int, y: int) -> None:
        self._take(0)
        baseline = self.get_ascent()
        for piece, inset, wide in self._pieces(text):
            self._surface.render(self, piece, x + inset, y + baseline - self.get_ascent())
            x += wide
        self._take(0)

    def _pieces(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Give each part, how far it stands in from where it begins, and its width; its font is taken meanwhile."""
        for at, run in _faces.runs(text):
            self._take(at)
            for piece in _NARROW.split(run):
                if piece:
                    own = super().get_extents(piece)[0]
                    wide = super().get_extents("0")[0] if piece == "1" else own
                    yield piece, (wide - own) // 2, wide

    def _take(self, at: int) -> None:
        face = _FACES[at]
        self.options["font_name_r"] = str(face.bold if self.options["bold"] else face.regular)


def texture(line: str, size: int, bold: bool) -> Texture:
    """Give one line of text in white."""
    label = _label(size, bold, line)
    label.refresh()
    return label.texture


def measure(text: str, size: int, bold: bool) -> float:
    """Give the width of a text in px."""
    return sum(_advance(char, size, bold) for char in text if not selector(char))


@functools.lru_cache(maxsize=4096)
def _advance(char: str, size: int, bold: bool) -> float:
    return float(_label(size, bold).get_extents(char)[0])


def _label(size: int, bold: bool, line: str = "") -> _Label:
    # Plain "light" draws a glyph's first appearance one pixel off its later ones (SDL_ttf 2.22): the same view, two pictures.
    return _Label(text=line, font_name=str(MAIN.regular), font_size=size, bold=bold, font_hinting="light_subpixel")

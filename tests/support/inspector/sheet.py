"""Contact sheets: many pictures on one, each with its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from stb_agent.contract.fonts import MAIN

_GAP, _LINE = 12, 34
_GROUND, _INK, _WRONG = (96, 96, 96), (255, 255, 255), (255, 96, 96)


def write(path: Path, pictures: Sequence[tuple[str, bytes, bool]], size: tuple[int, int], across: int = 6) -> None:
    """Write pictures (a name, RGB of ``size``, and whether something is wrong with it) as one PNG, ``across`` in a row."""
    wide, tall = size[0] + _GAP, size[1] + _LINE + _GAP
    rows = -(-len(pictures) // across)
    sheet = Image.new("RGB", (across * wide + _GAP, rows * tall + _GAP), _GROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.truetype(str(MAIN.regular), 24)
    for at, (name, picture, wrong) in enumerate(pictures):
        x, y = _GAP + at % across * wide, _GAP + at // across * tall
        draw.text((x, y), name, fill=_WRONG if wrong else _INK, font=font)
        sheet.paste(Image.frombytes("RGB", size, picture), (x, y + _LINE))
    sheet.save(path, compress_level=1)

"""Reading a picture of the screen: tesseract with its models of the language."""

from __future__ import annotations

import io
import subprocess
import unicodedata
from collections.abc import Sequence

from PIL import Image

_LIGHT = 110
"""Between our grounds and our text, of 255."""
_BRIGHT = 200
"""Between lines around buttons, which tesseract takes for parts of characters, and text."""
_LONGEST = 12
"""Characters of a phrase that must stand together: it may go on in another line, and lines of two columns are read by turns."""
_MISREAD = 4
"""Of so many characters one may have been misread: tesseract takes 圧 and 茶 for others."""


def missing(phrases: Sequence[str], picture: Image.Image, model: str) -> tuple[list[str], str]:
    """Give which of these phrases are not to be read in a picture, and what is read; looked at once more without lines if need be."""
    left, texts = list(phrases), []
    for light in (_LIGHT, _BRIGHT):
        texts.append(read(picture, model, light))
        left = [it for it in left if not found(it, texts[-1])]
        if not left:
            break
    return left, "\n".join(texts)


def read(picture: Image.Image, model: str, light: int = _LIGHT) -> str:
    """Give the text of a picture, brighter than ``light``, as `plain` does. Raises RuntimeError if tesseract fails."""
    png = io.BytesIO()
    # Our screens are light on dark, and the dark is no even one; tesseract's model was trained on black on white.
    picture.convert("L").point(lambda level: 0 if level > light else 255).save(png, "PNG")
    ran = subprocess.run(
        ["tesseract", "stdin", "stdout", "-l", model, "--psm", "11", "--dpi", "96"],
        input=png.getvalue(),
        capture_output=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "OMP_THREAD_LIMIT": "1"},
    )
    if ran.returncode != 0:
        raise RuntimeError(f"tesseract: {ran.stderr.decode(errors='replace')}")
    return plain(ran.stdout.decode())


def plain(text: str) -> str:
    """Give a text in compatibility form (NFKC), in small letters and without spaces."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def found(phrase: str, text: str) -> bool:
    """Tell whether a part of a phrase stands in what was read, a few misread characters aside."""
    wanted = plain(phrase)
    return any(
        _stands(wanted[at : at + _LONGEST], text) for at in range(0, max(len(wanted) - _LONGEST, 0) + 1, _LONGEST // 2)
    )


def _stands(part: str, text: str) -> bool:
    # The least edits between the part so far and any of the text that ends at each place (Sellers, 1980).
    row = [0] * (len(text) + 1)
    for number, char in enumerate(part, 1):
        before, row = row, [number]
        for at, other in enumerate(text, 1):
            row.append(min(before[at] + 1, row[at - 1] + 1, before[at - 1] + (char != other)))
    return min(row) <= len(part) // _MISREAD

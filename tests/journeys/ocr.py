"""Reading a picture of the screen: tesseract with its Japanese model."""

from __future__ import annotations

import io
import subprocess
import unicodedata

from PIL import Image

_LIGHT = 110
"""Between our grounds and our text, of 255."""


def read(picture: Image.Image) -> str:
    """Give the text of a picture, without spaces and in compatibility form (NFKC). Raises RuntimeError if tesseract fails."""
    png = io.BytesIO()
    # Our screens are light on dark, and the dark is no even one; tesseract's model was trained on black on white.
    picture.convert("L").point(lambda level: 0 if level > _LIGHT else 255).save(png, "PNG")
    ran = subprocess.run(
        ["tesseract", "stdin", "stdout", "-l", "jpn", "--psm", "11", "--dpi", "96"],
        input=png.getvalue(),
        capture_output=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "OMP_THREAD_LIMIT": "1"},
    )
    if ran.returncode != 0:
        raise RuntimeError(f"tesseract: {ran.stderr.decode(errors='replace')}")
    return "".join(unicodedata.normalize("NFKC", ran.stdout.decode()).split())

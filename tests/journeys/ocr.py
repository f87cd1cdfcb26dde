"""Reading a picture of the screen: tesseract with its Japanese model."""

from __future__ import annotations

import io
import subprocess
import unicodedata

from PIL import Image, ImageOps


def read(picture: Image.Image) -> str:
    """Give the text of a picture, without spaces and in compatibility form (NFKC). Raises RuntimeError if tesseract fails."""
    png = io.BytesIO()
    # Our screens are light on dark; tesseract's model was trained on dark on light.
    ImageOps.invert(picture.convert("L")).save(png, "PNG")
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

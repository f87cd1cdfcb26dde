"""An X server of one's own for a test, and what it shows."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from Xlib import X
from Xlib.display import Display

from tests.support.ports import free_port

SIZE = (1920, 1080)
_DEPTH = 24


@contextlib.contextmanager
def x_server() -> Iterator[str]:
    """Run an Xvnc of 1920×1080 until the block ends; give its display's name. It picks a free display number itself."""
    reader, writer = os.pipe()
    command = ["Xvnc", "-displayfd", str(writer), "-localhost", "-SecurityTypes", "None"]
    command += ["-geometry", "x".join(map(str, SIZE)), "-depth", str(_DEPTH), "-rfbport", str(free_port())]
    server = subprocess.Popen(command, pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writer)
    try:
        with os.fdopen(reader) as told:
            number = told.readline().strip()
        if not number:
            raise RuntimeError("Xvnc did not start")
        yield ":" + number
    finally:
        server.terminate()
        server.wait(10)


class Eye:
    """Looks at a display."""

    def __init__(self, name: str) -> None:
        """Connect to the display."""
        self._display = Display(name)
        self._root = self._display.screen().root

    def picture(self) -> Image.Image:
        """Give what the screen shows."""
        raw = self._root.get_image(0, 0, *SIZE, X.ZPixmap, 0xFFFFFFFF)
        return Image.frombytes("RGB", SIZE, raw.data, "raw", "BGRX")

    def still(self, quiet: float = 0.25, timeout: float = 10.0) -> Image.Image:
        """Wait until the picture stopped changing for ``quiet`` seconds; give it. Raises TimeoutError."""
        end, picture, since = time.monotonic() + timeout, self.picture(), time.monotonic()
        while time.monotonic() - since < quiet:
            if time.monotonic() > end:
                raise TimeoutError("the picture keeps changing")
            time.sleep(0.03)
            now = self.picture()
            if now.tobytes() != picture.tobytes():
                picture, since = now, time.monotonic()
        return picture

    def windows(self) -> int:
        """Count the mapped windows."""
        children = self._root.query_tree().children
        return sum(child.get_attributes().map_state == X.IsViewable for child in children)

    def close(self) -> None:
        """Leave the display."""
        self._display.close()


def save(picture: Image.Image, path: Path, shrink: int = 1) -> None:
    """Save a picture, shrunk so many times."""
    picture.resize((picture.width // shrink, picture.height // shrink), Image.Resampling.LANCZOS).save(path)

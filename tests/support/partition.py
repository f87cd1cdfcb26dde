"""A partition of its own for what a box keeps: a real ext4 in a file, where this machine may mount one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_BYTES = 24 << 20


@dataclass
class Partition:
    """Where it is, and what a reader of the bare medium finds. ``real``: an ext4; else every file that was there when it was last looked at,
    by links of its own, so that what is unlinked without being overwritten is still found."""

    path: Path
    look: Callable[[], bytes]
    real: bool


@contextmanager
def partition(folder: Path) -> Iterator[Partition]:
    """Give an empty one until the block ends; every process in it must have ended by then."""
    path, image, links = folder / "partition", folder / "partition.img", folder / "links"
    path.mkdir()
    with image.open("wb") as file:
        file.truncate(_BYTES)
    try:
        subprocess.run(["mkfs.ext4", "-q", image], check=True, capture_output=True, timeout=30)
        subprocess.run(["mount", "-o", "loop", image, path], check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        links.mkdir()
        yield Partition(path, lambda: _linked(path, links), real=False)
        return

    def look() -> bytes:
        os.sync()
        return image.read_bytes()

    try:
        yield Partition(path, look, real=True)
    finally:
        subprocess.run(["umount", path], check=True, capture_output=True, timeout=30)


def _linked(path: Path, links: Path) -> bytes:
    """Give every file that there is or was."""
    for file in path.rglob("*"):
        link = links / str(file.lstat().st_ino)
        if file.is_file() and not link.exists():
            os.link(file, link)
    return b"".join(link.read_bytes() for link in links.iterdir())

"""Make away with files so that what was in them is in no block that the file system can still reach."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

Random = Callable[[int], bytes]

_BLOCK = 4096
"""A file's last block is overwritten whole: what it held before may be longer than what it holds now."""
_CHUNK = 1 << 20


def destroy(path: Path, random: Random) -> None:
    """Overwrite a file in place, have that on the disk, and remove its name; nothing happens if there is none. Raises OSError.

    One pass of random data (NIST SP 800-88 Rev. 1 §2.4, "Clear"). A flash device keeps old blocks out of everybody's reach for a while
    (docs/operations.md): so keys go first, and nothing else is readable without them.
    """
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISREG(kind):
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            found = os.fstat(descriptor)
            left = max(found.st_blocks * 512, -(-found.st_size // _BLOCK) * _BLOCK)
            while left:
                left -= os.write(descriptor, random(min(left, _CHUNK)))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    path.unlink(missing_ok=True)


def erase(folder: Path, first: Iterable[str], keep: Callable[[str], bool], random: Random) -> None:
    """Destroy all that is in ``folder``: the files named ``first`` first and durably, then everything but what ``keep`` says of its name.

    Broken off anywhere, doing it again ends it. Raises OSError.
    """
    for name in first:
        destroy(folder / name, random)
    sync(folder)
    for path in sorted(folder.iterdir()):
        if keep(path.name):
            continue
        if path.is_dir() and not path.is_symlink():
            erase(path, (), lambda name: False, random)
            path.rmdir()
        else:
            destroy(path, random)
    sync(folder)


def sync(folder: Path) -> None:
    """Have the names in ``folder`` on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

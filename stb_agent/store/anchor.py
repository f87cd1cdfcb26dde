"""How far the audit trail had come, kept beside the database: one that was put back from an earlier day is found out."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from stb_agent.store.errors import RolledBack
from stb_agent.store.seal import Seal, forget_draft, sync_folder

_PLACE = b"anchor"
_MOST = 4096


class Anchor:
    """The newest head of the trail in a file of its own. Who puts back both files is not found out: that needs a counter in hardware."""

    def __init__(self, path: Path, seal: Seal) -> None:
        self._path = path
        self._seal = seal

    def keep(self, head: bytes) -> None:
        """Keep a head that the database has on its disk already: a loss of power in between leaves this one behind, which is no harm."""
        with suppress(OSError):  # a full disk leaves it behind as well
            draft = forget_draft(self._path)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(self._seal.close(head, _PLACE))
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self._path)
            sync_folder(self._path.parent)

    def kept(self) -> bytes | None:
        """Give the head that was kept last, or None if there never was one. Raises RolledBack for a file that is none of ours."""
        try:
            with self._path.open("rb") as file:
                return self._seal.open(file.read(_MOST), _PLACE)
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            raise RolledBack from None

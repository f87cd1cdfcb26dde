"""Kodi (Debian's package) beside us: the same X server, the same keys, a home of its own that is gone afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.keyboard import Keyboard
from tests.support.screen import Screen

WINDOW = "Kodi"
_START = 90.0
_READY = 3
"""Keys in a row that must move something before home is taken to be there."""
_END = 10.0


class Kodi:
    """A running Kodi at its home page, with the focus on the first of two buttons that stand side by side."""

    def __init__(self, group: int, pid: int) -> None:
        self._group = group
        self.pid = pid

    def halt(self) -> None:
        """Let it not have the machine."""
        os.killpg(self._group, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it have the machine again."""
        os.killpg(self._group, signal.SIGCONT)


@contextlib.contextmanager
def kodi(screen: Screen, keyboard: Keyboard) -> Iterator[Kodi]:
    """Run Kodi as it comes, until the block ends. Raises RuntimeError if its home page does not come."""
    with tempfile.TemporaryDirectory(prefix="kodi-", ignore_cleanup_errors=True) as home:
        environment = {**os.environ, "DISPLAY": screen.name, "HOME": home, "XDG_RUNTIME_DIR": home}
        process = subprocess.Popen(
            ["kodi"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            _arrive(process, screen, keyboard)
            keyboard.press("Right")  # from the menu to its buttons, of which one alone changes place with the other
            screen.settle()
            yield Kodi(process.pid, _program(process.pid))
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(_END)


def _arrive(process: subprocess.Popen[bytes], screen: Screen, keyboard: Keyboard) -> None:
    """Wait until keys move the focus in its menu, up and down, and end where it began."""
    end, moved = time.monotonic() + _START, 0
    while moved < 2 * _READY:
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError("Kodi's home page does not come")
        with contextlib.suppress(LookupError):
            keyboard.focus(WINDOW)
            screen.settle(0.5)
            screen.forget()
            at = time.monotonic()
            keyboard.press(("Down", "Up")[moved % 2])
            moved = moved + 1 if screen.first_change(at, 1) else 0
        time.sleep(0.1)
    screen.settle(1)


def _program(group: int) -> int:
    """Give the process id of the program itself, which a script starts."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = path.read_text().partition("(")[2].rpartition(")")
            if name == "kodi.bin" and int(rest.split()[2]) == group:
                return int(path.parent.name)
    raise RuntimeError("Kodi's program is not there")

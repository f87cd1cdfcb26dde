"""A television for the UI: a real X server, the real program, an agent that says what the test wants."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from stb_agent.contract.actions import Action
from stb_agent.contract.appearance import Profile
from stb_agent.contract.messages import Status
from stb_agent.contract.views import View
from tests.support.fake_agent import FakeAgent
from tests.support.screen import Screen
from tests.support.xserver import x_server
from ui import theme

_LARGE = 100_000
"""px of a repaint that is a new view."""


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    with x_server() as name:
        yield name


class Television:
    """The UI as a process, its agent and its screen."""

    def __init__(self, display: str, folder: Path, *options: str) -> None:
        self.path = folder / "ui.sock"
        self.agent = FakeAgent(self.path)
        self.screen = Screen(display)
        self._environment = {**os.environ, "DISPLAY": display, "XDG_RUNTIME_DIR": str(folder)}
        self._command = [sys.executable, "-m", "ui", "--socket", str(self.path), *options]
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        """Start the UI and shake hands."""
        self.process = subprocess.Popen(self._command, env=self._environment, stderr=subprocess.DEVNULL)
        self.agent.accept()
        return self.process

    def show(
        self, view: View, *, shown: bool = True, personal: bool = False, status: Status | None = None
    ) -> Image.Image:
        """Send a view; give the picture once it is still."""
        at = time.monotonic()
        self.agent.show(view, shown=shown, personal=personal, status=status)
        self.screen.first_change(at, 2, _LARGE)
        return self.picture()

    def press(self, *actions: Action) -> Image.Image:
        """Press keys; give the picture once it is still."""
        at = time.monotonic()
        self.agent.press(*actions)
        self.screen.first_change(at, 0.5)
        return self.picture()

    def picture(self) -> Image.Image:
        assert self.screen.settle(0.15)
        return self.screen.picture()

    def resident(self) -> int:
        """Give the process's resident memory in kB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])

    def cpu_ticks(self) -> int:
        """Give the processor time used so far, in clock ticks (proc(5), stat: utime and stime)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        self.process.wait(10)
        self.agent.close()
        self.screen.close()


@pytest.fixture
def television(display: str, tmp_path: Path) -> Iterator[Television]:
    television = Television(display, tmp_path)
    yield television
    television.close()


def ring(picture: Image.Image) -> tuple[int, int, int, int] | None:
    """Find the focus: the box around all pixels of the focus's fill."""
    focus = theme.THEMES[Profile.STANDARD].palette[theme.FOCUS]
    wanted = tuple(round(255 * part) for part in focus)
    red, green, blue = (
        band.point([255 * (value == part) for value in range(256)])
        for band, part in zip(picture.split(), wanted, strict=True)
    )
    return Image.composite(
        Image.composite(red, Image.new("L", red.size), green), Image.new("L", red.size), blue
    ).getbbox()

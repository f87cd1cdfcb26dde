"""stb-flash as its users run it: a process, a port, an exit status."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

# Three chunks of the practice board, the last one neither a whole chunk nor a whole block.
IMAGE_SIZE = 600_001


@dataclass(frozen=True)
class Outcome:
    """How a run of stb-flash ended."""

    status: int
    answer: dict[str, Any]
    told: str
    seconds: float


def flash_command(image: Path, port: str, *options: str) -> list[str]:
    """Spell the command line."""
    words = ["write", str(image), "--port", port, "--json", *options]
    if "--board" not in options:
        words += ["--board", "sim"]
    return [sys.executable, "-m", "firmware_bridge.cli", *words]


def flash(image: Path, port: str, *options: str) -> Outcome:
    """Run ``stb-flash write`` to its end."""
    start = time.monotonic()
    done = subprocess.run(
        flash_command(image, port, *options), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout, done.stderr
    return Outcome(done.returncode, json.loads(done.stdout), done.stderr, time.monotonic() - start)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image that does not compress and has no two equal chunks."""
    path = tmp_path / "image.bin"
    path.write_bytes(random.Random(8).randbytes(IMAGE_SIZE))
    return path


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """Where the board keeps its storage."""
    return tmp_path / "storage.img"

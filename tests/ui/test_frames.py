"""Every partial frame is, pixel by pixel, what a whole one is: random walks over every kind of view, in every profile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_STEPS = 100


@pytest.mark.parametrize("seed", [1, 2])
def test_every_partial_frame_is_the_whole_one(display: str, tmp_path: Path, seed: int) -> None:
    walked = subprocess.run(
        [sys.executable, "-m", "tests.support.frames", str(seed), str(_STEPS)],
        env={**os.environ, "DISPLAY": display, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert walked.returncode == 0, walked.stderr
    *wrong, told = [json.loads(line) for line in walked.stdout.splitlines()]
    assert wrong == []
    assert told["swap"] == "copied", "Xvnc's swaps copy; flipped ones are tried in tests/unit/ui/test_swaps.py"
    assert told["partial"] > _STEPS // 4

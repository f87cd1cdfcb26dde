"""A loudspeaker that can be read: a player on PATH that takes as long as a real one and writes down when it heard what."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stb_agent.contract.speech import Speech
from ui.speech.voice import Voice

_PLAYER = """#!{python} -IS
import json, os, sys, time
rate = int(sys.argv[sys.argv.index("-r") + 1])
log = os.open({log!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
due = time.monotonic()
while chunk := os.read(0, rate // 25):
    loud = max(abs(int.from_bytes(chunk[at:at + 2], "little", signed=True)) for at in range(0, len(chunk) - 1, 2))
    os.write(log, json.dumps([os.getpid(), time.monotonic(), len(chunk), loud]).encode() + b"\\n")
    due = max(due, time.monotonic()) + len(chunk) / 2 / rate
    time.sleep(max(due - time.monotonic(), 0))
"""


class Loudspeaker:
    """What was played: (player's pid, time.monotonic(), bytes, the loudest sample) for every 20 ms."""

    def __init__(self, log: Path) -> None:
        self._log = log

    @property
    def played(self) -> list[tuple[int, float, int, int]]:
        """Give all of it so far."""
        whole = self._log.read_text().rpartition("\n")[0] if self._log.exists() else ""
        lines = whole.splitlines()
        return [tuple(json.loads(line)) for line in lines]

    def utterances(self) -> list[int]:
        """Give the players that there were, in order."""
        return list(dict.fromkeys(pid for pid, *_ in self.played))


@pytest.fixture
def loudspeaker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loudspeaker:
    folder = tmp_path / "bin"
    folder.mkdir()
    player = folder / "aplay"
    player.write_text(_PLAYER.format(python=sys.executable, log=str(tmp_path / "played")))
    player.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return Loudspeaker(tmp_path / "played")


@pytest.fixture
def voice() -> Iterator[Voice]:
    voice = Voice(time.monotonic)
    yield voice
    voice.close()


ON = Speech(on=True)


def until(true: Callable[[], object], seconds: float = 10.0) -> float:
    """Wait until something is true; give time.monotonic() then. Raises AssertionError if that does not come."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)
    return time.monotonic()

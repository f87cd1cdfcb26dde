"""A reset that loses its power at every step, one after the other: ``python -m tests.support.resets TEMPLATE FOLDER`` prints what was found.

Each is a process of its own (fork: the rooms are loaded once), killed without a word; then another goes on with what it left.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path

from stb_agent import reset
from tests.support.killed import Steps

ISSUER = "https://platform.example"


def _tried(state: Path, step: int, *, begin: bool) -> int:
    """Do it in another process that is killed at ``step``; give its wait status."""
    if child := os.fork():
        return os.waitpid(child, 0)[1]
    Steps(step, reset.MARKER + ".new").watch()
    if begin:
        reset.begin(state, ISSUER, 1.8e9, os.urandom)
    reset.go_on(state, os.urandom)
    os._exit(0)


def _files(state: Path) -> dict[str, str]:
    return {str(it.relative_to(state)): it.read_bytes().hex() for it in sorted(state.rglob("*")) if it.is_file()}


def main(template: Path, folder: Path) -> None:
    step = 2
    while True:
        state = folder / "state"
        shutil.copytree(template, state)
        killed = os.WIFSIGNALED(status := _tried(state, step, begin=True)) and os.WTERMSIG(status) == signal.SIGKILL
        found = {"killed": killed, "begun": reset.begun(state), "left": _files(state)}
        _tried(state, 0, begin=False)
        print(json.dumps({**found, "after": _files(state)}))
        shutil.rmtree(state)
        if not killed:
            return
        step += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

"""A house that the tests of a file share, and what watches over processes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.house import House, Witness, house


@pytest.fixture(scope="module")
def standing() -> Iterator[House]:
    """A standing house; tests leave it as they found it: programme on, reader empty."""
    with house() as room:
        yield room


@pytest.fixture
def witness(standing: House) -> Iterator[Witness]:
    """Somebody who reads the agent's socket."""
    watching = Witness(standing.socket("ui"))
    yield watching
    watching.close()


def family(pid: int) -> set[int]:
    """Give a process and all its descendants (proc(5))."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def alive(pids: set[int]) -> dict[int, str]:
    """Give those that still run, with their command lines; a zombie does not run."""
    lines = {}
    for pid in pids:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                lines[pid] = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    return lines


def gone(pids: set[int], seconds: float) -> dict[int, str]:
    """Wait until none of them runs; gives those that still do."""
    end = time.monotonic() + seconds
    while (left := alive(pids)) and time.monotonic() < end:
        time.sleep(0.05)
    return left

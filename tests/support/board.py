"""The practice board as a process, and lines in memory."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FIRST_BYTE = 0x800 * 512


@dataclass(frozen=True)
class RunningBoard:
    """A board that runs: where its line is and what its storage holds."""

    port: str
    storage: Path

    def holds(self, size: int) -> bytes:
        """Give the first ``size`` bytes of the place for the image."""
        with self.storage.open("rb") as file:
            file.seek(FIRST_BYTE)
            return file.read(size)


@contextmanager
def running_board(storage: Path, *options: str) -> Iterator[RunningBoard]:
    """Run ``stb-sim board`` with ``options`` until the block ends."""
    command = [sys.executable, "-m", "simulators", "board", "--storage", str(storage), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = process.stdout.readline().removeprefix("port: ").strip()
            assert port, "the board did not start"
            yield RunningBoard(port, storage)
        finally:
            process.terminate()
            assert process.wait(10) == 0


def faults(*names: str) -> list[str]:
    """Spell faults as options of ``stb-sim board``."""
    return [word for name in names for word in ("--fault", name)]


class PipeEnd:
    """One end of a line in memory; it is a Line and a receiver's wire. ``change`` is applied to each write of it."""

    def __init__(self, inbox: queue.Queue[int], outbox: queue.Queue[int], change: Callable[[bytes], bytes]) -> None:
        self._inbox, self._outbox, self._change = inbox, outbox, change
        self.written = bytearray()

    def read(self, size: int, timeout: float | None) -> bytes:
        """Give 1 to ``size`` bytes, or none after ``timeout`` seconds."""
        data = bytearray()
        try:
            data.append(self._inbox.get(timeout=timeout) if timeout else self._inbox.get_nowait())
            while len(data) < size:
                data.append(self._inbox.get_nowait())
        except queue.Empty:
            pass
        return bytes(data)

    def write(self, data: bytes) -> None:
        """Send."""
        self.written += data
        for byte in self._change(data):
            self._outbox.put(byte)


def pipe(
    change: Callable[[bytes], bytes] = bytes, change_back: Callable[[bytes], bytes] = bytes
) -> tuple[PipeEnd, PipeEnd]:
    """Make a line: the host's end and the board's end."""
    there: queue.Queue[int] = queue.Queue()
    back: queue.Queue[int] = queue.Queue()
    return PipeEnd(back, there, change), PipeEnd(there, back, change_back)


@contextmanager
def in_thread(work: Callable[[], None], seconds: float = 30) -> Iterator[None]:
    """Run ``work`` beside the block and wait for it after."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    thread.join(seconds)
    assert not thread.is_alive()


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.02)

"""The house's processes: started in order, restarted where the box would, ended in reverse order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

from simulators.house.errors import HouseError

_START = 40.0
"""Seconds a part may take to be ready; the first start of all makes RSA keys."""
_END = 5.0
"""Seconds a part may take to end."""
_TIMES, _WITHIN = 5, 10.0
"""So many ends within so many seconds are a fault that starting again does not heal."""
_TAIL = 25
"""Lines of a part's log that are shown when it fails."""


class Part:
    """One process with a process group of its own, which gets SIGTERM when the house dies (PR_SET_PDEATHSIG, prctl(2))."""

    def __init__(self, name: str, command: Sequence[str | Path], log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self._command, self._environment = [str(word) for word in command], {**os.environ, **environment}
        self.log = log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Give the process id; the part was started."""
        assert self._process is not None
        return self._process.pid

    async def start(self, output: bool = False, stdin: int = asyncio.subprocess.DEVNULL) -> None:
        """Start it. With ``output`` its standard output can be read by `line`; all else goes to its log."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *("setpriv", "--pdeathsig", "TERM", "--", *self._command),
                stdin=stdin,
                stdout=asyncio.subprocess.PIPE if output else log,
                stderr=log,
                env=self._environment,
                process_group=0,  # Ctrl-C in the terminal is for the house, which then ends its parts in order
            )

    async def line(self) -> str:
        """Read the line that it prints when it is ready. Raises HouseError if it ends or is silent instead."""
        assert self._process is not None
        assert self._process.stdout is not None
        with contextlib.suppress(TimeoutError):
            if line := await asyncio.wait_for(self._process.stdout.readline(), _START):
                return line.decode()
        raise self.failure("is not ready")

    async def until(self, ready: Callable[[], bool]) -> None:
        """Wait until ``ready``. Raises HouseError if the part ends before, or that does not come."""
        end = time.monotonic() + _START
        while not ready():
            if self._process is None or self._process.returncode is not None or time.monotonic() > end:
                raise self.failure("is not ready")
            await asyncio.sleep(0.03)

    def failure(self, what: str) -> HouseError:
        """Make the error that says so, with the end of the part's log."""
        status = None if self._process is None else self._process.returncode
        ended = "" if status is None else f" (it ended with status {status})"
        lines = self.log.read_text(errors="replace").splitlines()[-_TAIL:] if self.log.exists() else []
        return HouseError("\n".join([f"{self.name} {what}{ended}", *(f"  {self.name}: {line}" for line in lines)]))

    async def ended(self) -> int:
        """Wait until it ended; gives its status."""
        assert self._process is not None
        return await self._process.wait()

    async def end(self) -> None:
        """End it, and what it started."""
        if self._process is None:
            return
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                self._process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), _END)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()


class Parts:
    """The parts that stand, and what happens when one falls."""

    def __init__(self, logs: Path, changed: Callable[[], None]) -> None:
        self._logs, self._changed = logs, changed
        self._stack = contextlib.AsyncExitStack()
        self._watches: list[asyncio.Task[None]] = []
        self.standing: dict[str, Part] = {}

    def part(self, name: str, command: Sequence[str | Path], **environment: str) -> Part:
        """Plan a part; its end is seen to from now on."""
        part = self.standing[name] = Part(name, command, self._logs / f"{name}.log", environment)
        self._stack.push_async_callback(part.end)
        return part

    def hold(self, descriptor: int) -> None:
        """Close a descriptor at the end, or when the house dies."""
        self._stack.callback(os.close, descriptor)

    def keep(self, part: Part, again: bool) -> None:
        """Watch a part that is ready: start it ``again`` when it ends, as the box's service manager would, or give up."""
        self._watches.append(asyncio.create_task(self._watch(part, again)))

    async def _watch(self, part: Part, again: bool) -> None:
        ends: deque[float] = deque(maxlen=_TIMES)
        while True:
            status = await part.ended()
            ends.append(time.monotonic())
            if not again:
                raise part.failure("ended by itself")
            if len(ends) == _TIMES and ends[-1] - ends[0] < _WITHIN:
                raise part.failure("does not stay up")
            print(f"house: {part.name} ended (status {status}), started again", file=sys.stderr, flush=True)
            await part.start()
            self._changed()

    async def fall(self) -> None:
        """Wait until a part falls that is not started again. Raises its HouseError."""
        await asyncio.gather(*self._watches)

    async def end(self) -> None:
        """End all, the last one first."""
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        await self._stack.aclose()


@contextlib.asynccontextmanager
async def parts(logs: Path, changed: Callable[[], None]) -> AsyncIterator[Parts]:
    """Hold parts until the block ends."""
    held = Parts(logs, changed)
    try:
        yield held
    finally:
        await held.end()

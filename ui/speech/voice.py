"""The voice's process, seen from the UI: one for as long as voice guidance is on; never waited for."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Sequence

from stb_agent.contract.speech import Speech

_FIRST, _LONGEST = 0.5, 30.0
"""Seconds until a voice that died is started again: the first time, and at the most; twice as long each time."""
_STEADY = 30.0
"""Seconds after which a voice that lives is taken to be well."""

_FAREWELL = 1.0
"""Seconds that it has to end by itself."""

log = logging.getLogger(__name__)

Command = Callable[[Speech, str], Sequence[str]]
"""Gives the command line of a voice for a language."""


def command(speech: Speech, language: str) -> Sequence[str]:
    """Give the command line of our own voice."""
    options = {
        "engine": speech.engine.value,
        "language": language,
        "voice": speech.voice,
        "dictionary": speech.dictionary,
        "rate": str(speech.rate),
        "output": speech.output.value,
    }
    return (sys.executable, "-m", "ui.speech.child", *(f"--{name}={value}" for name, value in options.items()))


class Voice:
    """A process that speaks; when it dies it comes back, later each time, and says what was to be said last."""

    def __init__(self, clock: Callable[[], float], command: Command = command) -> None:
        """Take a monotonic clock in seconds; nothing is started yet."""
        self._clock, self._command = clock, command
        self._process: subprocess.Popen[bytes] | None = None
        self._leaving: list[subprocess.Popen[bytes]] = []
        self._arguments: Sequence[str] = ()
        self._since = 0.0
        self._delay = 0.0
        self._again: float | None = None
        self._pending: bytes = b""
        self._last = False

    @property
    def running(self) -> bool:
        """Tell whether there is a process to wait for."""
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """Give the process's id."""
        return self._process.pid if self._process else None

    @property
    def patience(self) -> float | None:
        """Give the seconds until `look` has something to do, or None."""
        return None if self._again is None else max(self._again - self._clock(), 0.0)

    def fileno(self) -> int:
        """Give the descriptor that becomes readable when the process ends. Raises ValueError without one."""
        if self._process is None or self._process.stdout is None:
            raise ValueError("no voice")
        return self._process.stdout.fileno()

    def say(
        self, sentences: Sequence[str], speech: Speech, language: str, *, follow: bool = False, last: bool = False
    ) -> None:
        """Cut short what is being said, and say this; or let this ``follow`` it. ``last``: then end the process."""
        arguments = self._command(speech, language)
        if arguments != self._arguments:
            self._end()
            self._arguments, self._again, self._delay = arguments, None, 0.0
        self._pending = json.dumps({"say": list(sentences), "follow": follow, "last": last}).encode() + b"\n"
        self._last = last
        if self._process is None and self._again is None:
            self._start()
        self._send()

    def hush(self) -> None:
        """Be silent at once; nothing is started for it."""
        self._pending = b""
        if self._process is not None:
            self._write(b'{"say": []}\n')

    def look(self) -> None:
        """See to a voice that has ended: start it again when it is time."""
        if self._process is not None and self._process.poll() is not None:
            self._ended()
        if self._again is not None and self._clock() >= self._again:
            self._again = None
            self._start()
            self._send()

    def close(self) -> None:
        """End the voice."""
        self._end()
        self._again, self._pending = None, b""
        for process in self._leaving:
            try:
                process.wait(_FAREWELL)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self) -> None:
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(self._arguments, stdin=pipe, stdout=pipe, bufsize=0)
        except OSError as error:
            log.warning("the voice cannot be started: %s", error)
            self._later()
            return
        assert self._process.stdin
        os.set_blocking(self._process.stdin.fileno(), False)
        self._since = self._clock()

    def _send(self) -> None:
        """Hand over what is to be said, if there is a voice to say it; a voice that died is given it when it is back."""
        if self._process is not None and self._pending and self._write(self._pending):
            self._pending = b""

    def _write(self, line: bytes) -> bool:
        assert self._process
        assert self._process.stdin
        try:
            written = self._process.stdin.write(line)
        except OSError:
            return False  # it has died: its end is to be seen soon
        if written != len(line):
            log.warning("the voice does not listen; it is started anew")
            self._process.kill()
            return False
        return True

    def _ended(self) -> None:
        """Take away what has ended. What should have ended is not started again."""
        lived = self._clock() - self._since
        self._end()
        if self._last and not self._pending:
            return
        if lived > _STEADY:
            self._delay = 0.0
        self._later()

    def _later(self) -> None:
        self._delay = min(self._delay * 2 or _FIRST, _LONGEST)
        self._again = self._clock() + self._delay
        log.warning("the voice has ended; again in %g s", self._delay)

    def _end(self) -> None:
        """End the process, without waiting for it: with its standard input it ends by itself, and what it started before it."""
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            self._leaving.append(process)
        self._leaving = [it for it in self._leaving if it.poll() is None]

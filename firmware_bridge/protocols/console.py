"""A boot loader's console: wake it, type a command, read its reply and exit status.

It is made for U-Boot's hush shell (U-Boot documentation, "Hush shell"). A command is sent with ``; echo 'stb''TAG' $?`` behind
it: the two quoted halves join in the reply alone, so the echo of what was typed is never taken for the reply (labgrid's
UBootDriver does the same). Enter is pressed only when the echo came back as typed, so a byte lost or changed on the
way in never becomes a command. An empty line is never sent: U-Boot would repeat the command before.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from firmware_bridge.errors import LineNoisy, LineSilent, PromptMissing, ReplyMissing
from firmware_bridge.protocols.line import Line
from firmware_bridge.protocols.ymodem import CANCEL, LONG

INTERRUPT = b"\x03"
# Fills the block that an abandoned transfer on the board may still wait for, then cancels it; a prompt ignores it.
_PURGE = CANCEL * ((LONG + 64) // len(CANCEL))
_PURGE_FIRST, _PURGE_EVERY = 1.0, 5.0
_KEY_EVERY = 0.2
_HINT_AFTER = 2.0
_QUIET = 0.15
_ECHO_SECONDS = 3.0
_ECHO_TRIES = 4


@dataclass(frozen=True)
class Reply:
    """What a command printed, and its exit status."""

    text: str
    status: int


class Console:
    """A shell at the other end of a line."""

    def __init__(
        self, line: Line, prompt: str, reply_seconds: float, tag: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Talk over ``line``; ``tag`` is where the numbering of commands starts (any 16-bit number not lately used)."""
        self._line, self._prompt, self._reply_seconds = line, prompt.encode(), reply_seconds
        self._tag, self._clock = tag, clock
        self._unread = bytearray()

    def read(self, size: int, timeout: float) -> bytes:
        """Read as a Line, first what a reply left over."""
        if self._unread:
            data = bytes(self._unread[:size])
            del self._unread[:size]
            return data
        return self._line.read(size, timeout)

    def write(self, data: bytes) -> None:
        """Write as a Line."""
        self._line.write(data)

    def wake(self, key: bytes, seconds: float, on_wait: Callable[[], None], purge: bool = False) -> None:
        """Get to the prompt: stop the autoboot with ``key``, or end what a session before left running.

        ``purge``: cancel a transfer at once. ``on_wait`` is called once when it takes longer than a ready board needs.
        Raises LineSilent, PromptMissing and LineLost, after ``seconds`` at the latest.
        """
        start = self._clock()
        purge_at = start if purge else start + _PURGE_FIRST
        heard, hinted = bytearray(), False
        while (now := self._clock()) < start + seconds:
            if now >= purge_at:
                self.write(_PURGE)
                purge_at = now + _PURGE_EVERY
            self.write(key)
            heard += self._quiet(_KEY_EVERY)
            if heard.endswith(self._prompt):
                return
            if not hinted and self._clock() >= start + _HINT_AFTER:
                hinted = True
                on_wait()
        if not heard:
            raise LineSilent(seconds=round(seconds))
        tail = heard[-200:].decode("ascii", "replace").strip().splitlines()
        raise PromptMissing(seconds=round(seconds), heard=_printable(tail[-1]) if tail else "")

    def run(self, command: str, seconds: float | None = None) -> Reply:
        """Run one command. Raises ReplyMissing after ``seconds``, LineNoisy and LineLost."""
        marker = self._type(command)
        return self._finish(command, marker, self._reply_seconds if seconds is None else seconds)

    def transfer(self, command: str, ready: str, send: Callable[[Line], None]) -> Reply:
        """Run a command that receives a file: once it has printed a line with ``ready``, let ``send`` have the line."""
        marker = self._type(command)
        self._until(re.compile(re.escape(ready.encode()) + rb"[^\n]*\n"), command, self._reply_seconds)
        send(self)
        return self._finish(command, marker, self._reply_seconds)

    def _type(self, command: str) -> re.Pattern[bytes]:
        self._tag = (self._tag + 1) & 0xFFFF
        tag = f"{self._tag:04x}"
        typed = f"{command}; echo 'stb''{tag}' $?".encode()
        for _ in range(_ECHO_TRIES):
            self._quiet(0)
            self.write(typed)
            if self._echoed(typed):
                self.write(b"\r")
                return re.compile(rb"stb%s (\d+)\s" % tag.encode())
            self.write(INTERRUPT)
            self._quiet(_QUIET)
        raise LineNoisy(command=command)

    def _echoed(self, typed: bytes) -> bool:
        deadline = self._clock() + _ECHO_SECONDS
        echo = b""
        while len(echo) < len(typed) and (left := deadline - self._clock()) > 0:
            echo += self.read(len(typed) - len(echo), left)
        return echo == typed

    def _finish(self, command: str, marker: re.Pattern[bytes], seconds: float) -> Reply:
        before, found = self._until(marker, command, seconds)
        self._until(re.compile(re.escape(self._prompt)), command, self._reply_seconds)
        return Reply(before.decode("ascii", "replace").replace("\r", ""), int(found[1]))

    def _until(self, pattern: re.Pattern[bytes], command: str, seconds: float) -> tuple[bytes, re.Match[bytes]]:
        deadline = self._clock() + seconds
        text = bytearray()
        while (found := pattern.search(text)) is None:
            left = deadline - self._clock()
            data = self.read(4096, left) if left > 0 else b""
            if not data:
                raise ReplyMissing(command=command, seconds=round(seconds))
            text += data
        self._unread[:0] = text[found.end() :]
        return bytes(text[: found.start()]), found

    def _quiet(self, seconds: float) -> bytes:
        """Read until nothing has come for ``seconds``, but not for ever: a board may chatter."""
        heard = bytearray()
        deadline = self._clock() + max(1.0, 4 * seconds)
        while (data := self.read(4096, seconds)) and self._clock() < deadline:
            heard += data
        return bytes(heard)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "·" for c in text)

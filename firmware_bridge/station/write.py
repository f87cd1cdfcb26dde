"""Write one image onto one board, chunk by chunk.

A chunk goes the same way each time: is it on the storage already (read back and checksummed by the board)? If not, send it to
RAM, compare the checksum of the RAM, write it, read it back to another place and compare again. So nothing is written that
was not received whole; and writing again after any interruption goes on where the storage is right, with no note kept.
"""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from firmware_bridge.boards import Board
from firmware_bridge.errors import (
    BoardWrong,
    FlashError,
    ImageEmpty,
    ImageTooBig,
    ImageUnreadable,
    RamMismatch,
    StorageMismatch,
    StorageRefused,
)
from firmware_bridge.protocols import ymodem
from firmware_bridge.protocols.console import Console, Reply
from firmware_bridge.protocols.line import Line

ATTEMPTS = 5


class Stage(StrEnum):
    """What the person is told is happening."""

    CONNECTING = "connecting"
    WAITING = "waiting"
    RECOGNISED = "recognised"


class Reporter(Protocol):
    """Who tells the person."""

    def stage(self, stage: Stage, **args: str | int) -> None:
        """Tell of a new stage."""

    def retrying(self, error: FlashError, chunk: int, attempt: int) -> None:
        """Tell that a chunk (0: finding the board) is tried again, for which time, and why."""

    def progress(self, done: int, total: int) -> None:
        """Tell how many bytes of the image are right on the board (or have arrived, for the chunk under way)."""


@dataclass(frozen=True)
class Written:
    """What was done. Sizes in bytes; ``sent`` is what boards acknowledged in transfers, padding and repeats included."""

    size: int
    chunks: int
    skipped: int
    retries: int
    sent: int
    seconds: float


@dataclass(frozen=True)
class _Chunk:
    number: int
    start: int
    size: int
    block: int
    data: bytes

    @property
    def crc(self) -> int:
        return zlib.crc32(self.data)


def write_image(
    path: Path,
    board: Board,
    line: Line,
    reporter: Reporter,
    confirm: Callable[[], None],
    tag: int,
    wake_seconds: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Written:
    """Bring the image onto the board's storage and prove it there.

    ``confirm`` is called once, when the board is recognised and before anything is written; it raises to stop. ``tag``: see
    Console. A last block that the image does not fill is filled with zeros. Raises any FlashError.
    """
    started = clock()
    size = image_size(path, board)
    console = Console(line, board.console.prompt, board.console.reply_seconds, tag, clock)
    job = _Job(board, console, reporter, size, wake_seconds or board.console.wake_seconds, clock)
    job.attach()
    confirm()
    for chunk in _chunks(path, size, board):
        job.bring(chunk)
    return Written(size, job.chunks, job.skipped, job.retries, job.sent, round(clock() - started, 3))


def image_size(path: Path, board: Board) -> int:
    """Give the image's size in bytes, if it can be read and fits. Raises ImageUnreadable, ImageEmpty, ImageTooBig."""
    try:
        with path.open("rb") as image:
            size = image.seek(0, 2)
    except OSError as error:
        raise ImageUnreadable(image=str(path), why=error.strerror or str(error)) from error
    room = board.storage.blocks * board.storage.block_size
    if size == 0:
        raise ImageEmpty(image=str(path))
    if size > room:
        raise ImageTooBig(image=str(path), size=size, room=room)
    return size


def _chunks(path: Path, size: int, board: Board) -> Iterator[_Chunk]:
    block_size, start, number = board.storage.block_size, 0, 0
    try:
        with path.open("rb") as image:
            while start < size:
                number += 1
                data = image.read(min(board.transfer.chunk_size, size - start))
                if not data:
                    raise ImageUnreadable(image=str(path), why="it became shorter while it was read")
                padded = data + bytes(-len(data) % block_size)
                yield _Chunk(number, start, len(data), board.storage.first_block + start // block_size, padded)
                start += len(data)
    except OSError as error:
        raise ImageUnreadable(image=str(path), why=error.strerror or str(error)) from error


class _Job:
    def __init__(
        self,
        board: Board,
        console: Console,
        reporter: Reporter,
        size: int,
        wake_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._board, self._console, self._reporter, self._size = board, console, reporter, size
        self._wake_seconds, self._clock = wake_seconds, clock
        self.chunks = self.skipped = self.retries = self.sent = 0

    def attach(self) -> None:
        """Find the board; tell what was found."""
        self._reporter.stage(Stage.CONNECTING)
        self._patiently(0, self._find)
        board = self._board
        self._reporter.stage(Stage.RECOGNISED, board=board.identity.expected, storage=board.storage.name)

    def bring(self, chunk: _Chunk) -> None:
        """Make the storage hold ``chunk``."""

        def attempt(number: int) -> None:
            if number > 1:
                self._find(number)
            self._once(chunk, number)

        self.chunks += 1
        self._patiently(chunk.number, attempt)
        self._reporter.progress(chunk.start + chunk.size, self._size)

    def _patiently(self, chunk: int, attempt: Callable[[int], None]) -> None:
        """Call ``attempt(1)``, ``attempt(2)`` … until one succeeds; only for what can succeed when tried again."""
        for number in range(1, ATTEMPTS + 1):
            try:
                return attempt(number)
            except FlashError as error:
                if not error.retry or number == ATTEMPTS:
                    raise
                self.retries += 1
                self._reporter.retrying(error, chunk, number + 1)

    def _find(self, attempt: int) -> None:
        """Wake the board, make sure it is the right one, choose its storage."""
        key = self._board.console.interrupt.encode()
        self._console.wake(key, self._wake_seconds, lambda: self._reporter.stage(Stage.WAITING), purge=attempt > 1)
        expected = self._board.identity.expected
        # Asked twice before it is called wrong: one byte changed on the way must not say so.
        found = self._name()
        if found != expected and (found := self._name()) != expected:
            raise BoardWrong(expected=expected, found=found or "?")
        self._storage(self._board.storage.select)

    def _once(self, chunk: _Chunk, attempt: int) -> None:
        board, place = self._board, self._board.storage
        count = len(chunk.data) // place.block_size
        if self._stored(chunk, count):
            if attempt == 1:
                self.skipped += 1
            return
        address = board.memory.load_address
        self._console.transfer(
            board.transfer.command.format(address=address), board.transfer.ready, lambda line: self._send(line, chunk)
        )
        if not self._matches(address, chunk):
            raise RamMismatch(chunk=chunk.number)
        self._storage(place.write.format(address=address, block=chunk.block, count=count))
        if not self._stored(chunk, count):
            raise StorageMismatch(chunk=chunk.number, block=chunk.block, storage=place.name)

    def _send(self, line: Line, chunk: _Chunk) -> None:
        last = 0

        def accepted(done: int) -> None:
            nonlocal last
            self.sent, last = self.sent + done - last, done
            self._reporter.progress(chunk.start + min(done, chunk.size), self._size)

        patience = ymodem.Patience(reply=self._board.console.reply_seconds)
        ymodem.send(line, f"chunk{chunk.number}", chunk.data, accepted, patience, self._clock)

    def _stored(self, chunk: _Chunk, count: int) -> bool:
        address = self._board.memory.verify_address
        self._storage(self._board.storage.read.format(address=address, block=chunk.block, count=count))
        return self._matches(address, chunk)

    def _storage(self, command: str) -> Reply:
        # These commands do the same when done twice, and a status changed on the way is told from a refusal by asking again.
        for _ in range(2):
            reply = self._console.run(command, self._board.storage.seconds)
            if reply.status == 0:
                return reply
        raise StorageRefused(command=command, said=_last_line(reply.text))

    def _matches(self, address: int, chunk: _Chunk) -> bool:
        command = self._board.checksum.command.format(address=address, length=len(chunk.data))
        for _ in range(2):
            found = re.search(self._board.checksum.pattern, self._console.run(command).text)
            if found and int(found[1], 16) == chunk.crc:
                return True
        return False

    def _name(self) -> str:
        identity = self._board.identity
        found = re.search(identity.pattern, self._console.run(identity.command).text, re.MULTILINE)
        return found[1] if found else ""


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""

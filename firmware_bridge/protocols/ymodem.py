"""Send a file by YMODEM with 1024-byte blocks and CRC-16.

Source: C. Forsberg, *XMODEM/YMODEM Protocol Reference*, 1988-10-14 (chapters 3 to 5, 7 and 8). Receivers differ, and both kinds
are served: one that asks again with ``C`` where the reference says NAK and says no ``C`` after the header block (U-Boot's
``common/xyzModem.c``), and one that refuses the first EOT (lrzsz).
"""

from __future__ import annotations

import binascii
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from firmware_bridge.errors import FlashError, TransferBroken
from firmware_bridge.protocols.line import Line

SOH, STX, EOT, ACK, NAK, CAN, SUB = 0x01, 0x02, 0x04, 0x06, 0x15, 0x18, 0x1A
CRC_WANTED = ord("C")
SHORT, LONG = 128, 1024
# Forsberg cancels with two CAN, U-Boot wants three in a row, lrzsz sends eight.
CANCEL = bytes([CAN] * 8)
_LAST_TRIES = 3


class Broken(StrEnum):
    """How a transfer broke."""

    NO_START = "no_start"
    SILENT = "silent"
    REFUSED = "refused"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Patience:
    """How long and how often a sender tries. Times in seconds.

    ``reply``: without one byte for so long a block is sent again (receivers themselves ask after 2 to 10 s), ``silences`` of
    these in a row end the transfer. ``settle``: what still comes within it after a refusal belongs to that refusal.
    ``restart``: the quiet after which every receiver waits for a block's first byte again. ``prompt_go``: the time a ``C`` may
    take after the header block was accepted; U-Boot sends none.
    """

    start: float = 20.0
    reply: float = 6.0
    silences: int = 2
    refusals: int = 10
    settle: float = 0.1
    restart: float = 2.5
    prompt_go: float = 0.25


def packet(number: int, payload: bytes) -> bytes:
    """Frame one block: 128 or 1024 bytes, its number modulo 256 and complement, CRC-16 (polynomial 0x1021, start 0)."""
    kind = {SHORT: SOH, LONG: STX}[len(payload)]
    number &= 0xFF
    return bytes([kind, number, number ^ 0xFF]) + payload + binascii.crc_hqx(payload, 0).to_bytes(2, "big")


def header(name: str, size: int) -> bytes:
    """Frame block 0: the file's name, NUL, its length in decimal, padded with NUL."""
    payload = name.encode("ascii") + b"\0" + str(size).encode() + b"\0"
    return packet(0, payload.ljust(SHORT if len(payload) <= SHORT else LONG, b"\0"))


def packets(data: bytes) -> list[tuple[bytes, int]]:
    """Cut ``data`` into framed blocks from number 1; give each with the number of its true bytes.

    Blocks are long, but short where at most 128 bytes are left; the last is padded with SUB (CPMEOF).
    """
    framed: list[tuple[bytes, int]] = []
    at = 0
    while at < len(data):
        size = SHORT if len(data) - at <= SHORT else LONG
        piece = data[at : at + size]
        framed.append((packet(len(framed) + 1, piece.ljust(size, bytes([SUB]))), len(piece)))
        at += len(piece)
    return framed


def send(
    line: Line,
    name: str,
    data: bytes,
    on_progress: Callable[[int], None] = lambda _: None,
    patience: Patience | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Send one file and close the batch; give how often a block had to be sent again.

    ``on_progress`` gets the count of bytes that the receiver has accepted. Raises TransferBroken and LineLost.
    """
    sender = _Sender(line, patience or Patience(), clock)
    try:
        sender.run(name, data, on_progress)
    except BaseException:
        with suppress(FlashError):
            line.write(CANCEL)
        raise
    return sender.resent


class _Sender:
    def __init__(self, line: Line, patience: Patience, clock: Callable[[], float]) -> None:
        self._line, self._patience, self._clock = line, patience, clock
        self._cans = 0
        self.resent = 0

    def run(self, name: str, data: bytes, on_progress: Callable[[int], None]) -> None:
        if self._answer({CRC_WANTED}, self._patience.start) is None:
            raise TransferBroken(how=Broken.NO_START)
        self._deliver(header(name, len(data)), {ACK})
        self._answer({CRC_WANTED}, self._patience.prompt_go)
        done = 0
        for framed, size in packets(data):
            self._deliver(framed, {ACK})
            done += size
            on_progress(done)
        # U-Boot acknowledges EOT twice and then asks for the next header; a C tells that an ACK was lost on the way.
        self._deliver(bytes([EOT]), {ACK, CRC_WANTED}, refusals={NAK})
        # lrzsz empties its line before it asks: what is sent sooner is lost.
        self._answer({CRC_WANTED}, self._patience.reply)
        for _ in range(_LAST_TRIES):
            self._line.write(packet(0, bytes(SHORT)))
            if self._answer({ACK, CRC_WANTED}, self._patience.prompt_go) != CRC_WANTED:
                # Without an ACK too: the file is over, and if only the ACK was lost the receiver has left, so that another
                # block would be typed at its prompt. What was received is for the caller's checksum to say.
                return

    def _deliver(self, framed: bytes, accepted: set[int], refusals: set[int] | None = None) -> None:
        refusals = refusals or {NAK, CRC_WANTED}
        refused = silent = 0
        self._line.write(framed)
        while True:
            reply = self._answer(accepted | refusals, self._patience.reply)
            if reply in accepted:
                if refused or silent:
                    self._settle(self._patience.settle)
                return
            if reply is None:
                silent += 1
                if silent >= self._patience.silences:
                    raise TransferBroken(how=Broken.SILENT)
            else:
                silent = 0
                refused += 1
                if refused > self._patience.refusals:
                    raise TransferBroken(how=Broken.REFUSED)
                # A receiver that lost the frame takes what comes for a block's middle: the third time let it find back.
                self._settle(self._patience.restart if refused % 3 == 0 else self._patience.settle)
            self.resent += 1
            self._line.write(framed)

    def _settle(self, quiet: float) -> None:
        """Drop what comes until nothing has come for ``quiet`` seconds (at most three times as long)."""
        deadline = self._clock() + 3 * quiet
        while self._line.read(LONG, quiet) and self._clock() < deadline:
            pass

    def _answer(self, wanted: set[int], timeout: float) -> int | None:
        """Give the first of the ``wanted`` bytes, or None after ``timeout`` seconds; anything else is noise."""
        deadline = self._clock() + timeout
        while (left := deadline - self._clock()) > 0:
            byte = self._line.read(1, left)
            if not byte:
                break
            # One CAN may be noise; two in a row are meant.
            self._cans = self._cans + 1 if byte[0] == CAN else 0
            if self._cans == 2:
                raise TransferBroken(how=Broken.CANCELLED)
            if byte[0] in wanted:
                return byte[0]
        return None

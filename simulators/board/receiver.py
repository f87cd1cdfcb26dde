"""The receiving side of YMODEM as U-Boot plays it.

Source: C. Forsberg, *XMODEM/YMODEM Protocol Reference*, 1988; the manners of U-Boot's receiver (``common/xyzModem.c``): a
refusal is ``C`` as long as CRC-16 is used, a block is acknowledged when the next one is wanted, no ``C`` follows the header
block, EOT is acknowledged twice, three CAN cancel, 2 s without a byte end a wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

SOH, STX, EOT, ACK, CAN = 0x01, 0x02, 0x04, 0x06, 0x18
_TRIES = 20


class Wire(Protocol):
    """What the receiver is connected to."""

    def read(self, size: int, timeout: float | None) -> bytes:
        """Give 1 to ``size`` bytes, or none after ``timeout`` seconds."""

    def write(self, data: bytes) -> None:
        """Send ``data``."""


class Got(Enum):
    """What came instead of a good block."""

    EOT = auto()
    CANCEL = auto()
    TIMEOUT = auto()
    DAMAGED = auto()


@dataclass(frozen=True)
class Block:
    """A good block."""

    number: int
    payload: bytes


@dataclass
class Counts:
    """What U-Boot sums up when a transfer is over."""

    soh: int = 0
    stx: int = 0
    can: int = 0
    retries: int = 0


def _crc_table() -> list[int]:
    table = []
    for value in range(256):
        crc = value << 8
        for _ in range(8):
            crc = (crc << 1) ^ (0x1021 if crc & 0x8000 else 0)
        table.append(crc & 0xFFFF)
    return table


_TABLE = _crc_table()


def crc16(data: bytes) -> int:
    """Compute CRC-16/XMODEM (polynomial 0x1021, start 0), by table, bit by bit as the reference's appendix does."""
    crc = 0
    for byte in data:
        crc = ((crc << 8) & 0xFFFF) ^ _TABLE[(crc >> 8) ^ byte]
    return crc


class Receiver:
    """Receive one file."""

    def __init__(self, wire: Wire, char_timeout: float = 2.0) -> None:
        """Receive over ``wire``; ``char_timeout`` in seconds."""
        self._wire, self._timeout = wire, char_timeout
        self._acknowledge = False
        self.counts = Counts()

    def receive(self, store: Callable[[int, bytes], None]) -> int:
        """Call ``store(offset, data)`` for what arrives; give the number of bytes, also of a file that broke off."""
        size = self._open()
        if size is None:
            return 0
        offset, wanted = 0, 1
        tries = _TRIES
        while tries:
            tries -= 1
            got = self._block()
            if isinstance(got, Block):
                if got.number == wanted & 0xFF:
                    self._acknowledge = True
                    payload = got.payload[: max(0, size - offset)]
                    store(offset, payload)
                    offset, wanted, tries = offset + len(payload), wanted + 1, _TRIES
                elif got.number == (wanted - 1) & 0xFF:
                    self._wire.write(bytes([ACK]))
                else:
                    return offset
                continue
            if got is Got.CANCEL:
                return offset
            if got is Got.EOT:
                self._wire.write(bytes([ACK]))
                self._ask()
                self._block()
                self._wire.write(bytes([ACK]))
                return offset
            self._ask()
        return offset

    def _open(self) -> int | None:
        self._wire.write(b"C")
        for _ in range(_TRIES):
            got = self._block()
            if isinstance(got, Block):
                self._acknowledge = True
                _, _, rest = got.payload.partition(b"\0")
                digits = rest.split(b"\0")[0].split(b" ")[0]
                return int(digits) if digits.isdigit() else 0
            if got is Got.CANCEL:
                return None
            self._ask()
        return None

    def _ask(self) -> None:
        self.counts.retries += 1
        self._wire.write(b"C")

    def _block(self) -> Block | Got:
        if self._acknowledge:
            self._acknowledge = False
            self._wire.write(bytes([ACK]))
        cans, first = 0, True
        while True:
            byte = self._wire.read(1, self._timeout)
            if not byte:
                self._until_quiet()
                return Got.TIMEOUT
            if byte[0] in (SOH, STX):
                break
            if byte[0] == CAN:
                self.counts.can += 1
                cans += 1
                if cans == 3:
                    return Got.CANCEL
            elif byte[0] == EOT and first:
                self._wire.write(bytes([ACK]))
                return Got.EOT
            first = False
        length = 128 if byte[0] == SOH else 1024
        if length == 128:
            self.counts.soh += 1
        else:
            self.counts.stx += 1
        body = bytearray()
        while len(body) < length + 4:
            piece = self._wire.read(length + 4 - len(body), self._timeout)
            if not piece:
                return Got.TIMEOUT
            body += piece
        number, complement, payload = body[0], body[1], bytes(body[2:-2])
        if number ^ complement != 0xFF:
            self._until_quiet()
            return Got.DAMAGED
        if crc16(payload) != int.from_bytes(body[-2:], "big"):
            return Got.DAMAGED
        return Block(number, payload)

    def _until_quiet(self) -> None:
        while self._wire.read(4096, self._timeout):
            pass

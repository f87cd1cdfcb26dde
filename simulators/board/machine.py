"""The board's memory and storage."""

from __future__ import annotations

from typing import BinaryIO

from simulators.board.faults import Faults

RAM_BASE = 0x4000_0000
RAM_SIZE = 64 << 20
BLOCK = 512
STORAGE_BLOCKS = (64 << 20) // BLOCK


class BusError(Exception):
    """An address that is not RAM was touched."""


class Ram:
    """64 MiB from 0x40000000, empty after a reset."""

    def __init__(self) -> None:
        self._bytes = bytearray(RAM_SIZE)

    def read(self, address: int, size: int) -> bytes:
        """Give ``size`` bytes. Raises BusError."""
        at = self._offset(address, size)
        return bytes(self._bytes[at : at + size])

    def write(self, address: int, data: bytes) -> None:
        """Put ``data``. Raises BusError."""
        at = self._offset(address, len(data))
        self._bytes[at : at + len(data)] = data

    @staticmethod
    def _offset(address: int, size: int) -> int:
        at = address - RAM_BASE
        if at < 0 or at + size > RAM_SIZE:
            raise BusError
        return at


class Storage:
    """64 MiB in blocks of 512 bytes, kept in a file; what was written is in the file when a write returns."""

    def __init__(self, file: BinaryIO, faults: Faults) -> None:
        """Use ``file``, made larger if it is too small."""
        self._file, self._faults = file, faults
        self._flips_left = 1
        if file.seek(0, 2) < STORAGE_BLOCKS * BLOCK:
            file.truncate(STORAGE_BLOCKS * BLOCK)

    def read(self, block: int, count: int) -> bytes | None:
        """Give ``count`` blocks, or None if they cannot be read."""
        if block + count > STORAGE_BLOCKS or _within(self._faults.read_error, block, count):
            return None
        self._file.seek(block * BLOCK)
        return self._file.read(count * BLOCK)

    def write(self, block: int, data: bytes) -> bool:
        """Write whole blocks; False if they cannot be written."""
        count = len(data) // BLOCK
        if block + count > STORAGE_BLOCKS or _within(self._faults.write_error, block, count):
            return False
        stored = bytearray(data)
        if _within(self._faults.bit_flip, block, count):
            stored[((self._faults.bit_flip or 0) - block) * BLOCK] ^= 1
        if _within(self._faults.bit_flip_once, block, count) and self._flips_left:
            self._flips_left -= 1
            stored[((self._faults.bit_flip_once or 0) - block) * BLOCK] ^= 1
        self._file.seek(block * BLOCK)
        self._file.write(stored)
        self._file.flush()
        return True


def _within(fault: int | None, block: int, count: int) -> bool:
    return fault is not None and block <= fault < block + count

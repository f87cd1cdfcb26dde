"""The blocks of T=1 (ISO/IEC 7816-3:2006, 11.3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import reduce
from operator import xor

from stb_agent.card.readers.ccid.faults import Malformed

LONGEST = 254
"""Bytes of the longest information field."""
_PROLOGUE = 3


class Supervision(IntEnum):
    """What an S-block is about; its response has bit 0x20 set."""

    RESYNCH = 0
    IFS = 1
    ABORT = 2
    WTX = 3


class Error(IntEnum):
    """What an R-block says was wrong with the last block."""

    NONE = 0
    CODE = 1
    OTHER = 2


@dataclass(frozen=True)
class Data:
    """An I-block: its number N(S), whether more follow, and its information field."""

    number: int
    more: bool
    field: bytes


@dataclass(frozen=True)
class Receipt:
    """An R-block: the number N(R) that it expects next, and why it is sent."""

    number: int
    error: int


@dataclass(frozen=True)
class Control:
    """An S-block."""

    kind: Supervision
    response: bool
    field: bytes = b""


Block = Data | Receipt | Control


class BadCode(Malformed):
    """A block whose redundancy code is wrong."""


def checksum(data: bytes | bytearray, crc: bool) -> bytes:
    """Give the LRC, one byte, or the CRC of ISO/IEC 13239, two bytes, the low one first as in ISO/IEC 14443-3's CRC_B."""
    if not crc:
        return bytes((reduce(xor, data, 0),))
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
    return (value ^ 0xFFFF).to_bytes(2, "little")


def encode(block: Block, field: bytes | memoryview = b"", crc: bool = False) -> bytearray:
    """Encode with NAD 0; ``field``: a Data's information, which stays out of the object when it is secret."""
    match block:
        case Data(number, more, own):
            pcb, info = number << 6 | more << 5, field or own
        case Receipt(number, error):
            pcb, info = 0x80 | number << 4 | error, b""
        case Control(kind, response, own):
            pcb, info = 0xC0 | response << 5 | kind, own
    raw = bytearray((0, pcb, len(info)))
    raw += info
    raw += checksum(raw, crc)
    return raw


def decode(raw: bytes, crc: bool = False) -> Block:
    """Decode strictly. Raises BadCode, and Malformed for another error."""
    tail = 2 if crc else 1
    if len(raw) < _PROLOGUE + tail:
        raise Malformed("shorter than a block")
    if checksum(raw[:-tail], crc) != raw[-tail:]:
        raise BadCode("wrong redundancy code")
    nad, pcb, length = raw[:_PROLOGUE]
    info = raw[_PROLOGUE:-tail]
    if nad or length != len(info) or length > LONGEST:
        raise Malformed("wrong address or length")
    if not pcb & 0x80:
        if pcb & 0x1F:
            raise Malformed("reserved bits in an I-block")
        return Data(pcb >> 6 & 1, bool(pcb & 0x20), info)
    if not pcb & 0x40:
        if pcb & 0x2C or pcb & 0x03 == 3 or info:
            raise Malformed("no R-block")
        return Receipt(pcb >> 4 & 1, pcb & 0x03)
    kind = pcb & 0x1F
    wanted = 1 if kind in (Supervision.IFS, Supervision.WTX) else 0
    if kind > Supervision.WTX or len(info) != wanted or (kind == Supervision.IFS and not 1 <= info[0] <= LONGEST):
        raise Malformed("no S-block")
    return Control(Supervision(kind), bool(pcb & 0x20), info)

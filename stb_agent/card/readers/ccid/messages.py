"""CCID's bulk messages: a header of ten bytes and data (CCID 1.1, 6.1 and 6.2)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from stb_agent.card.readers.ccid.faults import Malformed

_HEADER = struct.Struct("<BIBB3s")
Buffer = bytes | bytearray | memoryview


class Out(IntEnum):
    """Messages to the reader."""

    SET_PARAMETERS = 0x61
    POWER_ON = 0x62
    POWER_OFF = 0x63
    SLOT_STATUS = 0x65
    GET_PARAMETERS = 0x6C
    XFR_BLOCK = 0x6F
    ABORT = 0x72


class In(IntEnum):
    """Messages from the reader."""

    DATA_BLOCK = 0x80
    SLOT_STATUS = 0x81
    PARAMETERS = 0x82
    ESCAPE = 0x83
    RATE = 0x84


ANSWERS = {
    Out.SET_PARAMETERS: In.PARAMETERS,
    Out.POWER_ON: In.DATA_BLOCK,
    Out.POWER_OFF: In.SLOT_STATUS,
    Out.SLOT_STATUS: In.SLOT_STATUS,
    Out.GET_PARAMETERS: In.PARAMETERS,
    Out.XFR_BLOCK: In.DATA_BLOCK,
    Out.ABORT: In.SLOT_STATUS,
}
"""Which message answers which (table 6.2-1)."""


class Icc(IntEnum):
    """bmICCStatus."""

    ACTIVE = 0
    INACTIVE = 1
    ABSENT = 2


class Chain(IntEnum):
    """Which part of a command or an answer a message holds (wLevelParameter, bChainParameter)."""

    WHOLE = 0x00
    BEGINS = 0x01
    ENDS = 0x02
    CONTINUES = 0x03
    GO_ON = 0x10


@dataclass(frozen=True)
class Answer:
    """A message from the reader. ``parameter``: its last header byte, such as bChainParameter or bProtocolNum."""

    kind: int
    slot: int
    seq: int
    status: int
    error: int
    parameter: int
    data: bytes

    @property
    def icc(self) -> Icc:
        """What the slot holds."""
        return Icc(min(self.status & 0x03, Icc.ABSENT))

    @property
    def failed(self) -> bool:
        """Tell whether the command failed; ``error`` then says why."""
        return self.status & 0xC0 == 0x40

    @property
    def more_time(self) -> bool:
        """Tell whether this only asks for time; ``error`` is then a multiplier of the card's waiting time."""
        return self.status & 0xC0 == 0x80

    def __repr__(self) -> str:
        return f"{self.kind:02X} slot={self.slot} seq={self.seq} status={self.status:02X} error={self.error:02X} +{len(self.data)}"


def encode(kind: Out, slot: int, seq: int, specific: bytes = b"\0\0\0", data: Buffer = b"") -> bytearray:
    """Encode a message to the reader; ``specific``: the header's last three bytes."""
    message = bytearray(_HEADER.pack(kind, len(data), slot, seq, specific))
    message += data
    return message


def decode(message: bytes) -> Answer:
    """Decode a message from the reader; what follows dwLength is dropped. Raises Malformed."""
    if len(message) < _HEADER.size:
        raise Malformed("shorter than a header")
    kind, length, slot, seq, (status, error, parameter) = _HEADER.unpack_from(message)
    data = message[_HEADER.size : _HEADER.size + length]
    if len(data) != length:
        raise Malformed("shorter than it says")
    return Answer(kind, slot, seq, status, error, parameter, bytes(data))


class Notice(IntEnum):
    """Messages of the interrupt endpoint (6.3)."""

    SLOT_CHANGE = 0x50
    HARDWARE_ERROR = 0x51


def decode_notice(message: bytes, slots: int) -> tuple[tuple[bool, bool], ...] | None:
    """Give for each slot whether a card is present, and whether that changed since last told; None for another notice."""
    if len(message) < 1 + (slots + 3) // 4 or message[0] != Notice.SLOT_CHANGE:
        return None
    bits = int.from_bytes(message[1:], "little")
    return tuple((bool(bits >> 2 * slot & 1), bool(bits >> 2 * slot & 2)) for slot in range(slots))

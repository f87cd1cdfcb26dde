"""The words of CCID (USB-IF, Device Class: Smart Card, CCID, revision 1.1)."""

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag

HEADER = 10
"""Octets before abData (chapter 6)."""


class Out(IntEnum):
    """Bulk-out messages (6.1)."""

    SET_PARAMETERS = 0x61
    ICC_POWER_ON = 0x62
    ICC_POWER_OFF = 0x63
    GET_SLOT_STATUS = 0x65
    SECURE = 0x69
    T0_APDU = 0x6A
    ESCAPE = 0x6B
    GET_PARAMETERS = 0x6C
    RESET_PARAMETERS = 0x6D
    ICC_CLOCK = 0x6E
    XFR_BLOCK = 0x6F
    MECHANICAL = 0x71
    ABORT = 0x72
    SET_DATA_RATE = 0x73


class In(IntEnum):
    """Bulk-in messages (6.2)."""

    DATA_BLOCK = 0x80
    SLOT_STATUS = 0x81
    PARAMETERS = 0x82
    ESCAPE = 0x83
    DATA_RATE = 0x84


ANSWER = {
    Out.SET_PARAMETERS: In.PARAMETERS,
    Out.ICC_POWER_ON: In.DATA_BLOCK,
    Out.SECURE: In.DATA_BLOCK,
    Out.ESCAPE: In.ESCAPE,
    Out.GET_PARAMETERS: In.PARAMETERS,
    Out.RESET_PARAMETERS: In.PARAMETERS,
    Out.XFR_BLOCK: In.DATA_BLOCK,
    Out.SET_DATA_RATE: In.DATA_RATE,
}
"""What answers what; a slot status answers the rest."""

NOTIFY_SLOT_CHANGE = 0x50
"""Interrupt-in message (6.3.1)."""


class Error(IntEnum):
    """bError (6.2.6, table 6.2-2); 1 to 127 is the offset of a field that is wrong."""

    ABORTED = 0xFF
    MUTE = 0xFE
    PARITY = 0xFD
    OVERRUN = 0xFC
    HARDWARE = 0xFB
    BAD_ATR = 0xF7
    PROTOCOL = 0xF6
    BUSY = 0xE0
    UNSUPPORTED = 0x00
    BAD_LENGTH = 0x01
    BAD_SLOT = 0x05
    BAD_SPECIFIC = 0x07
    BAD_LEVEL = 0x08


class Icc(IntEnum):
    """bmICCStatus."""

    ACTIVE = 0
    INACTIVE = 1
    ABSENT = 2


FAILED = 0x40
EXTENSION = 0x80


class Feature(IntFlag):
    """dwFeatures (5.1)."""

    PARAMETERS_BY_ATR = 0x02
    AUTO_ACTIVATE = 0x04
    AUTO_VOLTAGE = 0x08
    AUTO_CLOCK = 0x10
    AUTO_BAUD = 0x20
    NEGOTIATION = 0x40
    PPS = 0x80
    AUTO_IFSD = 0x400
    TPDU = 0x10000
    SHORT_APDU = 0x20000
    EXTENDED_APDU = 0x40000


@dataclass(frozen=True)
class Message:
    """A message either way; `specific` are the three octets after bSeq."""

    kind: int
    slot: int
    sequence: int
    specific: bytes
    data: bytes = b""

    def __bytes__(self) -> bytes:
        """Write it out."""
        return struct.pack("<BIBB", self.kind, len(self.data), self.slot, self.sequence) + self.specific + self.data


class Chain(IntEnum):
    """wLevelParameter, and bChainParameter of the answers (6.1.4, 6.2.1)."""

    WHOLE = 0x00
    BEGINS = 0x01
    ENDS = 0x02
    WITHIN = 0x03
    GO_ON = 0x10


class ClassRequest(IntEnum):
    """Control pipe requests (5.3)."""

    ABORT = 0x01
    GET_CLOCK_FREQUENCIES = 0x02
    GET_DATA_RATES = 0x03

"""Command APDUs as a card sees them, and the status words it answers (ISO/IEC 7816-4:2020, 5.2, 5.3, 5.6)."""

from dataclasses import dataclass
from enum import IntEnum


class SW(IntEnum):
    """Status words; `63Cx` and `6Cxx` are built by `tries_left` and `wrong_le`."""

    OK = 0x9000
    WRONG_LENGTH = 0x6700
    INCOMPATIBLE_FILE = 0x6981
    SECURITY_STATUS = 0x6982
    BLOCKED = 0x6984
    CONDITIONS = 0x6985
    NO_CURRENT_EF = 0x6986
    NOT_FOUND = 0x6A82
    WRONG_P1_P2 = 0x6A86
    REFERENCE_NOT_FOUND = 0x6A88
    OUTSIDE_FILE = 0x6B00
    UNKNOWN_INSTRUCTION = 0x6D00
    UNKNOWN_CLASS = 0x6E00
    NO_DIAGNOSIS = 0x6F00


class Refusal(Exception):
    """The card's answer is a status word without data."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04X}")
        self.status = status


def tries_left(count: int) -> int:
    """Build 63Cx."""
    return 0x63C0 | min(count, 0x0F)


def wrong_le(length: int) -> int:
    """Build 6Cxx."""
    return 0x6C00 | length & 0xFF


@dataclass(frozen=True)
class Command:
    """One command: header, data, and Ne (None without Le; 256 or 65536 for an Le of zeros)."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    ne: int | None = None
    extended: bool = False

    @classmethod
    def parse(cls, raw: bytes) -> "Command":
        """Read one of the seven cases of clause 5.2; raise Refusal 6700 for anything else."""
        if len(raw) < 4:
            raise Refusal(SW.WRONG_LENGTH)
        (cla, ins, p1, p2), body = raw[:4], raw[4:]
        if not body:
            return cls(cla, ins, p1, p2)
        if len(body) == 1:
            return cls(cla, ins, p1, p2, ne=body[0] or 256)
        if body[0]:
            data, le = body[1 : 1 + body[0]], body[1 + body[0] :]
            if len(data) < body[0] or len(le) > 1:
                raise Refusal(SW.WRONG_LENGTH)
            return cls(cla, ins, p1, p2, data=data, ne=(le[0] or 256) if le else None)
        length = int.from_bytes(body[1:3])
        if len(body) == 3:
            return cls(cla, ins, p1, p2, ne=length or 65536, extended=True)
        data, le = body[3 : 3 + length], body[3 + length :]
        if len(body) < 3 or not length or len(data) < length or len(le) not in (0, 2):
            raise Refusal(SW.WRONG_LENGTH)
        return cls(cla, ins, p1, p2, data=data, ne=(int.from_bytes(le) or 65536) if le else None, extended=True)

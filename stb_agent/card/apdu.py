"""Commands and responses of ISO/IEC 7816-4, and the one place that knows 61xx and 6Cxx."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from stb_agent.card.errors import ExchangeFailed

Buffer = bytes | bytearray | memoryview


class Ins(IntEnum):
    """Instruction bytes (ISO/IEC 7816-4 table 4; 2A: ISO/IEC 7816-8)."""

    VERIFY = 0x20
    PERFORM_SECURITY_OPERATION = 0x2A
    SELECT = 0xA4
    READ_BINARY = 0xB0
    GET_RESPONSE = 0xC0


class SW(IntEnum):
    """Status words (ISO/IEC 7816-4 tables 5 and 6); ``name_of`` knows the ranges too."""

    OK = 0x9000
    END_OF_FILE = 0x6282
    WRONG_NO_COUNT = 0x6300
    WRONG_LENGTH = 0x6700
    SECURITY_STATUS = 0x6982
    METHOD_BLOCKED = 0x6983
    REFERENCE_BLOCKED = 0x6984
    CONDITIONS = 0x6985
    NO_CURRENT_EF = 0x6986
    WRONG_DATA = 0x6A80
    NOT_SUPPORTED = 0x6A81
    NOT_FOUND = 0x6A82
    WRONG_P1P2 = 0x6A86
    KEY_NOT_FOUND = 0x6A88
    WRONG_OFFSET = 0x6B00
    UNKNOWN_INS = 0x6D00
    UNKNOWN_CLA = 0x6E00
    UNKNOWN = 0x6F00


def tries_in(sw: int) -> int | None:
    """Give x of 63Cx, else None."""
    return sw & 0x0F if sw & 0xFFF0 == 0x63C0 else None


@dataclass(frozen=True)
class Command:
    """A command APDU. ``le``: bytes wanted, 1 to 256 (short) or 65536 (extended); None for none. Its repr shows no body."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: Buffer = b""
    le: int | None = None
    extended: bool = False

    def encode(self) -> bytearray:
        """Encode as short or extended length (ISO/IEC 7816-4, 5.1 and 5.2). Raises ValueError for lengths that do not fit."""
        limit = 0x10000 if self.extended else 0x100
        if len(self.data) >= limit or (self.le is not None and not 1 <= self.le <= limit):
            raise ValueError("length does not fit the form")
        width = 2 if self.extended else 1
        apdu = bytearray((self.cla, self.ins, self.p1, self.p2))
        if self.extended and (self.data or self.le is not None):
            apdu.append(0)
        if self.data:
            apdu += len(self.data).to_bytes(width, "big")
            apdu += self.data
        if self.le is not None:
            apdu += (self.le % limit).to_bytes(width, "big")
        return apdu

    @classmethod
    def decode(cls, apdu: Buffer) -> Command:
        """Read an APDU strictly, as a view that copies no body. Raises ValueError if it is none of the seven forms."""
        if len(apdu) < 4:
            raise ValueError("shorter than a header")
        cla, ins, p1, p2 = apdu[:4]
        body = memoryview(apdu)[4:]
        extended = len(body) > 1 and body[0] == 0
        limit, width = (0x10000, 2) if extended else (0x100, 1)
        if extended:
            body = body[1:]
        if not body:
            return cls(cla, ins, p1, p2)
        if len(body) < width:
            raise ValueError("cut within a length")
        first = int.from_bytes(body[:width], "big")
        if len(body) == width:
            return cls(cla, ins, p1, p2, le=first or limit, extended=extended)
        data, rest = body[width : width + first], body[width + first :]
        if first == 0 or len(data) != first or len(rest) not in (0, width):
            raise ValueError("lengths disagree")
        le = (int.from_bytes(rest, "big") or limit) if rest else None
        return cls(cla, ins, p1, p2, data, le, extended)

    def __repr__(self) -> str:
        header = f"{self.cla:02X} {self.ins:02X} {self.p1:02X} {self.p2:02X}"
        lc = f" Lc={len(self.data)}" if self.data else ""
        return header + lc + (f" Le={self.le}" if self.le is not None else "")


@dataclass(frozen=True)
class Response:
    """A response APDU; its repr shows no data, which may be personal."""

    data: bytes
    sw: int

    @classmethod
    def decode(cls, answer: bytes) -> Response:
        """Split data and status word. Raises ExchangeFailed for an answer that has no status word."""
        if len(answer) < 2 or answer[-2] & 0xF0 not in (0x60, 0x90):
            raise ExchangeFailed
        return cls(answer[:-2], int.from_bytes(answer[-2:], "big"))

    @property
    def ok(self) -> bool:
        return self.sw == SW.OK

    def __repr__(self) -> str:
        return f"{self.sw:04X} with {len(self.data)} bytes"


_MOST_PARTS = 0x101
"""GET RESPONSE commands for one answer: more than an extended answer of 65536 bytes needs; a card that never ends is cut off."""


def exchange(transmit: Callable[[Buffer], bytes], command: Command) -> Response:
    """Send a command, follow 61xx (more data waits) and 6Cxx (wrong Le, only where there is no body), and give the whole answer.

    A command with a body is sent once, whatever comes. Raises ExchangeFailed, and what ``transmit`` raises.
    """
    apdu = command.encode()
    try:
        response = Response.decode(transmit(apdu))
    finally:
        apdu[:] = bytes(len(apdu))
    if response.sw >> 8 == 0x6C and not command.data and command.le is not None:
        exact = Command(command.cla, command.ins, command.p1, command.p2, le=response.sw & 0xFF or 0x100)
        response = Response.decode(transmit(exact.encode()))
    data = response.data
    for _ in range(_MOST_PARTS):
        if response.sw >> 8 != 0x61:
            return Response(data, response.sw)
        more = Command(0x00, Ins.GET_RESPONSE, 0, 0, le=response.sw & 0xFF or 0x100)
        response = Response.decode(transmit(more.encode()))
        data += response.data
    raise ExchangeFailed

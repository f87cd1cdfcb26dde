"""What the card may be asked: the table that the gate keeps. Nothing here runs.

The applications that hold the individual number, the twelve digits that open them (照合番号A is the number itself), the signature
certificate and its PIN, secure messaging, logical channels and command chaining are not in the table.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from enum import Enum, IntEnum

from stb_agent.card.apdu import Buffer, Ins

JPKI = bytes.fromhex("D392F000260100000001")
"""The JPKI application (OpenSC src/libopensc/jpki.h, jpki/myna src/jpki.rs)."""

DIGEST_INFO_SHA256 = bytes.fromhex("3031300D060960864801650304020105000420")
"""DigestInfo of SHA-256 up to the digest (RFC 8017, 9.2 note 1)."""


class File(IntEnum):
    """Elementary files of the JPKI application that sign-in needs (OpenSC src/libopensc/jpki.h, jpki/myna src/jpki.rs)."""

    TOKEN = 0x0006
    AVAILABILITY = 0x0008
    CERTIFICATE = 0x000A
    KEY = 0x0017
    PIN = 0x0018


def short_id(file: File) -> int:
    """Give a file's reference in P1 or P2: bit 8 and the short identifier, the low five bits (ISO/IEC 7816-4, 7.3.1)."""
    return 0x80 | file & 0x1F


class Effect(Enum):
    """What a command does to the card's current file."""

    NONE = 0
    APPLICATION = 1
    FILE = 2
    SHORT_FILE = 3
    UNKNOWN = 4


@dataclass(frozen=True)
class Body:
    """A command's data field: ``head``, then ``tail`` bytes out of ``alphabet``."""

    head: bytes = b""
    tail: int = 0
    alphabet: Container[int] = range(0x100)

    def fits(self, data: Buffer) -> bool:
        """Tell whether the data are such."""
        size = len(self.head)
        return (
            len(data) == size + self.tail
            and data[:size] == self.head
            and all(it in self.alphabet for it in data[size:])
        )


@dataclass(frozen=True)
class Rule:
    """A kind of command that may pass.

    ``bodies``: one of these; ``le``: short lengths, None for no answer wanted; ``whole_file``: also the extended length of everything;
    ``current``: the file that must be selected, None for any state.
    """

    cla: int
    ins: Ins
    p1: Container[int]
    p2: Container[int]
    bodies: tuple[Body, ...]
    le: Container[int | None]
    effect: Effect
    current: File | None = None
    whole_file: bool = False


NOTHING = (Body(),)
"""No data field: for VERIFY the question how many tries are left, which spends none (ISO/IEC 7816-4, 11.5.6)."""
_FOUR_DIGITS = Body(tail=4, alphabet=range(0x30, 0x3A))
_DIGEST_INFO = (Body(DIGEST_INFO_SHA256, tail=32),)
_NO_LE: Container[int | None] = (None,)
_FULL_LE = (0x100,)
_ANY_LE = range(1, 0x101)
_ANY = range(0x100)
_ZERO = (0x00,)
_HERE = (0x80,)
"""P2 of VERIFY and SIGN: what is selected."""

LABEL = 32
"""Bytes of the token file that are its label; the rest is not read."""
AVAILABILITY = 3
"""Bytes of the file that tells which certificates there are."""

# fmt: off
SELECT_APPLICATION = Rule(0x00, Ins.SELECT, (0x04,), (0x0C,), (Body(JPKI),), _NO_LE, Effect.APPLICATION)
GET_RESPONSE = Rule(0x00, Ins.GET_RESPONSE, _ZERO, _ZERO, NOTHING, _ANY_LE, Effect.NONE)
RULES = (
    Rule(0x00, Ins.SELECT, (0x02,), (0x0C,), tuple(Body(it.to_bytes(2, "big")) for it in File), _NO_LE, Effect.FILE),

    Rule(0x00, Ins.READ_BINARY, range(0x80), _ANY, NOTHING, _ANY_LE, Effect.NONE, File.CERTIFICATE, whole_file=True),
    Rule(0x00, Ins.READ_BINARY, (short_id(File.CERTIFICATE),), _ZERO, NOTHING, _ANY_LE, Effect.SHORT_FILE, whole_file=True),
    Rule(0x00, Ins.READ_BINARY, _ZERO, _ZERO, NOTHING, range(1, LABEL + 1), Effect.NONE, File.TOKEN),
    Rule(0x00, Ins.READ_BINARY, (short_id(File.TOKEN),), _ZERO, NOTHING, range(1, LABEL + 1), Effect.SHORT_FILE),
    Rule(0x00, Ins.READ_BINARY, _ZERO, _ZERO, NOTHING, range(1, AVAILABILITY + 1), Effect.NONE, File.AVAILABILITY),
    Rule(0x00, Ins.READ_BINARY, (short_id(File.AVAILABILITY),), _ZERO, NOTHING, range(1, AVAILABILITY + 1), Effect.SHORT_FILE),

    Rule(0x00, Ins.VERIFY, _ZERO, _HERE, (*NOTHING, _FOUR_DIGITS), _NO_LE, Effect.NONE, File.PIN),
    Rule(0x00, Ins.VERIFY, _ZERO, (short_id(File.PIN),), (*NOTHING, _FOUR_DIGITS), _NO_LE, Effect.UNKNOWN),

    Rule(0x80, Ins.PERFORM_SECURITY_OPERATION, _ZERO, _HERE, _DIGEST_INFO, _FULL_LE, Effect.NONE, File.KEY),
    Rule(0x80, Ins.PERFORM_SECURITY_OPERATION, _ZERO, (short_id(File.KEY),), _DIGEST_INFO, _FULL_LE, Effect.UNKNOWN),
)
# fmt: on

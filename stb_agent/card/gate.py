"""What the card may be asked: an allow-list, as data, between the session and the reader.

The applications that hold the individual number, the twelve digits that open them (照合番号A is the number itself), the signature
files, secure messaging, logical channels and command chaining are not in the list, and what is not in the list raises
Forbidden before a byte reaches the reader.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Container
from dataclasses import dataclass
from enum import Enum, IntEnum

from stb_agent.card.apdu import SW, Buffer, Command, Ins, Response
from stb_agent.card.errors import Forbidden
from stb_agent.card.reader import Reader

_log = logging.getLogger(__name__)
TRAFFIC = 5
"""Log level of commands and status words, below DEBUG; never data of an answer, never the body of VERIFY."""
logging.addLevelName(TRAFFIC, "TRAFFIC")

JPKI = bytes.fromhex("D392F000260100000001")
"""The JPKI application (OpenSC src/libopensc/jpki.h, jpki/myna src/jpki.rs)."""

DIGEST_INFO_SHA256 = bytes.fromhex("3031300D060960864801650304020105000420")
"""DigestInfo of SHA-256 up to the digest (RFC 8017, 9.2 note 1)."""
_DIGEST = 32


class File(IntEnum):
    """Elementary files of the JPKI application that sign-in needs (OpenSC src/libopensc/jpki.h, jpki/myna src/jpki.rs)."""

    TOKEN = 0x0006
    AVAILABILITY = 0x0008
    CERTIFICATE = 0x000A
    AUTHORITY = 0x000B
    KEY = 0x0017
    PIN = 0x0018


def short_id(file: File) -> int:
    """Give a file's reference in P1 or P2: bit 8 and the short identifier, the low five bits (ISO/IEC 7816-4, 7.3.1)."""
    return 0x80 | file & 0x1F


READABLE = (File.TOKEN, File.AVAILABILITY, File.CERTIFICATE, File.AUTHORITY)


class _Effect(Enum):
    """What an allowed command does to the card's current file."""

    NONE = 0
    APPLICATION = 1
    FILE = 2
    SHORT_FILE = 3
    UNKNOWN = 4


def _no_body(body: Buffer) -> bool:
    return not body


def _jpki(body: Buffer) -> bool:
    return body == JPKI


def _file(body: Buffer) -> bool:
    return len(body) == 2 and int.from_bytes(body, "big") in set(File)


def _four_digits_or_query(body: Buffer) -> bool:
    return not body or (len(body) == 4 and all(0x30 <= byte <= 0x39 for byte in body))


def _digest_info(body: Buffer) -> bool:
    prefix = len(DIGEST_INFO_SHA256)
    return len(body) == prefix + _DIGEST and body[:prefix] == DIGEST_INFO_SHA256


@dataclass(frozen=True)
class Rule:
    """A kind of command that may pass. ``le``: short lengths; ``current``: files one of which must be selected, None for any state."""

    cla: int
    ins: Ins
    p1: Container[int]
    p2: Container[int]
    body: Callable[[Buffer], bool]
    le: Container[int | None]
    effect: _Effect
    current: tuple[File, ...] | None = None
    whole_file: bool = False

    def allows(self, command: Command) -> bool:
        """Tell whether header, body and lengths fit."""
        whole_file = self.whole_file and command.le == 0x10000
        length_fits = whole_file if command.extended else command.le in self.le
        return (
            (command.cla, command.ins) == (self.cla, self.ins)
            and command.p1 in self.p1
            and command.p2 in self.p2
            and length_fits
            and self.body(command.data)
        )


_NO_LE = (None,)
_ANY_LE = range(1, 0x101)
_FULL_LE = (0x100,)
_ZERO = (0,)
_HERE = (0x80,)
_SIGN = (0x80, Ins.PERFORM_SECURITY_OPERATION, _ZERO)

SELECT_APPLICATION = Rule(0x00, Ins.SELECT, (0x04,), (0x0C,), _jpki, _NO_LE, _Effect.APPLICATION)
# fmt: off
RULES = (
    Rule(0x00, Ins.SELECT, (0x02,), (0x0C,), _file, _NO_LE, _Effect.FILE),
    Rule(0x00, Ins.READ_BINARY, range(0x80), range(0x100), _no_body, _ANY_LE, _Effect.NONE, READABLE, True),
    Rule(0x00, Ins.READ_BINARY, [short_id(f) for f in READABLE], _ZERO, _no_body, _ANY_LE, _Effect.SHORT_FILE, None, True),
    Rule(0x00, Ins.VERIFY, _ZERO, _HERE, _four_digits_or_query, _NO_LE, _Effect.NONE, (File.PIN,)),
    Rule(0x00, Ins.VERIFY, _ZERO, (short_id(File.PIN),), _four_digits_or_query, _NO_LE, _Effect.UNKNOWN),
    Rule(*_SIGN, _HERE, _digest_info, _FULL_LE, _Effect.NONE, (File.KEY,)),
    Rule(*_SIGN, (short_id(File.KEY),), _digest_info, _FULL_LE, _Effect.UNKNOWN),
)
# fmt: on
GET_RESPONSE = Rule(0x00, Ins.GET_RESPONSE, _ZERO, _ZERO, _no_body, _ANY_LE, _Effect.NONE)


class Gate:
    """Let through to a reader what the rules allow; it is the session's only way to the card.

    Besides the form of a command it watches the order: nothing before the JPKI application is selected, no read or use of
    "the current file" unless that is an allowed one, GET RESPONSE only when the card announced more data.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._application = False
        self._current: int | None = None
        self._more = False

    def transmit(self, apdu: Buffer) -> bytes:
        """Exchange an allowed APDU. Raises Forbidden, and what the reader raises."""
        effect = self._effect(apdu)
        short_file = apdu[2]
        file = int.from_bytes(apdu[5:7], "big") if effect is _Effect.FILE else None
        if effect is _Effect.APPLICATION:
            self._application = False
        if effect is not _Effect.NONE:
            self._current = None
        self._more = False
        answer = self._reader.transmit(apdu)
        sw = Response.decode(answer).sw
        if _log.isEnabledFor(TRAFFIC):
            _log.log(TRAFFIC, "%s -> %04X, %d bytes", _shown(apdu), sw, len(answer) - 2)
        self._more = sw >> 8 == 0x61
        if sw in (SW.OK, SW.END_OF_FILE) or self._more:
            if effect is _Effect.APPLICATION:
                self._application = True
            elif effect is _Effect.FILE:
                self._current = file
            elif effect is _Effect.SHORT_FILE:
                self._current = next(f for f in READABLE if short_id(f) == short_file)
        return answer

    def _effect(self, apdu: Buffer) -> _Effect:
        try:
            command = Command.decode(apdu)
        except ValueError:
            raise Forbidden from None
        if SELECT_APPLICATION.allows(command):
            return SELECT_APPLICATION.effect
        if self._more and GET_RESPONSE.allows(command):
            return GET_RESPONSE.effect
        if self._application:
            for rule in RULES:
                if rule.allows(command) and (rule.current is None or self._current in rule.current):
                    return rule.effect
        raise Forbidden


def _shown(apdu: Buffer) -> str:
    """Write a command for the log, the body of VERIFY masked."""
    shown = 5 if apdu[1] == Ins.VERIFY else len(apdu)
    return bytes(apdu[:shown]).hex(" ").upper() + " **" * (len(apdu) - shown)

"""The card's side of T=0 (ISO/IEC 7816-3:2006, 10.3 and 12.2), on top of a card that answers APDUs.

The procedure bytes are the reader's business at TPDU level: a TPDU goes in whole, and data and status word come out.
"""

from collections.abc import Callable

from simulators.card import Outcome
from simulators.reader.t1card import Reply

GET_RESPONSE = 0xC0
OUTGOING = {0xB0, 0xCA, 0x84}
"""Instructions whose P3 is a length expected; in all others it is the length of the data."""
SIGN = 0x2A


class T0Card:
    """A card that has been powered and speaks T=0."""

    def __init__(self, execute: Callable[[bytes], Outcome]) -> None:
        self._execute = execute
        self._kept = b""
        self._status = b"\x90\x00"

    def receive(self, raw: bytes) -> Reply:
        """Take a TPDU: five octets of header, and data; a wrong length is waited out in silence."""
        if len(raw) < 5:
            return Reply(None)
        instruction, p3, data = raw[1], raw[4], raw[5:]
        if instruction == GET_RESPONSE:
            return Reply(None) if data else Reply(self._get_response(p3 or 256), settled=True)
        self._kept = b""
        if instruction in OUTGOING:
            return Reply(None) if data else self._read(raw)
        if len(data) != p3:
            return Reply(None)
        # The APDU that this is a part of has an Le only if there is something to answer.
        outcome = self._execute(raw[:4] + (raw[4:] if p3 else b"") + (b"\x00" if instruction == SIGN else b""))
        if outcome.answer is None:
            return Reply(None, pulled=True)
        answer = outcome.answer
        if len(answer) > 2:
            self._kept, self._status = answer[:-2], answer[-2:]
            answer = self._more()
        return Reply(answer, outcome.work, settled=True, pulled=outcome.pulled)

    def _read(self, raw: bytes) -> Reply:
        outcome = self._execute(raw)
        if outcome.answer is None:
            return Reply(None, pulled=True)
        answer = outcome.answer
        if len(answer) > 2 and len(answer) - 2 != (raw[4] or 256):
            answer = bytes([0x6C, len(answer) - 2 & 0xFF])
        return Reply(answer, outcome.work, settled=True, pulled=outcome.pulled)

    def _get_response(self, length: int) -> bytes:
        if not self._kept:
            return b"\x69\x85"
        if length > len(self._kept):
            return bytes([0x6C, len(self._kept) & 0xFF])
        part, self._kept = self._kept[:length], self._kept[length:]
        return part + (self._more() if self._kept else self._status)

    def _more(self) -> bytes:
        return bytes([0x61, len(self._kept) if len(self._kept) < 256 else 0])

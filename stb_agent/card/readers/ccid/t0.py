"""Commands over T=0: how each case becomes TPDUs (ISO/IEC 7816-3:2006, 12.2)."""

from __future__ import annotations

from collections.abc import Callable

from stb_agent.card.apdu import Buffer, Command, Ins
from stb_agent.card.readers.ccid.faults import Garbled, Unfit

_MOST_PARTS = 0x101


class T0:
    """The host's side of T=0. ``exchange``: sends a TPDU (five bytes of header, and data) and gives data and status."""

    def __init__(self, exchange: Callable[[Buffer], bytes]) -> None:
        self._exchange = exchange

    def transmit(self, apdu: Buffer) -> bytes:
        """Exchange an APDU; one with a body is sent once. Raises Unfit for a body over 255 bytes, Garbled, and what ``exchange`` raises."""
        try:
            command = Command.decode(apdu)
        except ValueError:
            raise Unfit("no command of ISO/IEC 7816-4") from None
        if len(command.data) > 0xFF:
            raise Unfit("a body that only ENVELOPE would carry")
        header = bytes((command.cla, command.ins, command.p1, command.p2))
        if not command.data:
            wanted = min(command.le or 0, 0x100) & 0xFF
            answer = self._send(header + bytes((wanted,)))
            if command.le and answer[-2] == 0x6C:
                answer = self._send(header + answer[-1:])
            return self._collect(answer, command.le)
        tpdu = bytearray(header)
        tpdu.append(len(command.data))
        tpdu += command.data
        try:
            answer = self._send(tpdu)
        finally:
            tpdu[:] = bytes(len(tpdu))
        if command.le and answer == b"\x90\x00":
            return self._more(0, command.le)
        return self._collect(answer, command.le)

    def _collect(self, answer: bytes, le: int | None) -> bytes:
        """Fetch what 61xx says is waiting, if data was asked for."""
        if not le or answer[-2] != 0x61:
            return answer
        return answer[:-2] + self._more(answer[-1], le - len(answer) + 2)

    def _more(self, waiting: int, left: int) -> bytes:
        """Fetch up to ``left`` bytes by GET RESPONSE; ``waiting``: as in 61xx, 0 for 256 or unknown."""
        data = b""
        for _ in range(_MOST_PARTS):
            size = min(waiting or 0x100, left - len(data)) & 0xFF
            part = self._send(bytes((0x00, Ins.GET_RESPONSE, 0, 0, size)))
            if part[-2] == 0x6C:
                part = self._send(bytes((0x00, Ins.GET_RESPONSE, 0, 0)) + part[-1:])
            data += part[:-2]
            if part[-2] != 0x61 or len(data) >= left:
                return data + part[-2:]
            waiting = part[-1]
        raise Garbled("an answer without end")

    def _send(self, tpdu: Buffer) -> bytes:
        answer = self._exchange(tpdu)
        if len(answer) < 2:
            raise Garbled("an answer without a status")
        return answer

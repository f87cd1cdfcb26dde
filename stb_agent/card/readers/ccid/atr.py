"""The answer-to-reset, and the protocol and parameters that follow from it (ISO/IEC 7816-3:2006, clauses 8 and 9)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import reduce
from operator import xor

from stb_agent.card.readers.ccid.descriptor import Descriptor, Feature, Protocol
from stb_agent.card.readers.ccid.faults import Malformed

_LONGEST = 33
_F = (372, 372, 558, 744, 1116, 1488, 1860, 0, 0, 512, 768, 1024, 1536, 2048, 0, 0)
_D = (0, 1, 2, 4, 8, 16, 32, 64, 12, 20, 0, 0, 0, 0, 0, 0)
"""Fi and Di by their codes (tables 7 and 8); 0 is reserved."""
_DEFAULT_FD = 0x11
_DEFAULT_WAITING = 0x4D
"""BWI 4, CWI 13 (11.4.3)."""
_DEFAULT_IFSC = 32
_DEFAULT_WI = 10
_PPSS = 0xFF


class Transmission(IntEnum):
    """The two protocols, by their T."""

    T0 = 0
    T1 = 1

    @property
    def flag(self) -> Protocol:
        """The bit that CCID gives it."""
        return Protocol(1 << self)


@dataclass(frozen=True)
class Atr:
    """What an answer-to-reset says. ``offered``: protocols in the card's order; ``fd``: TA1; ``specific``: TA2, or None if negotiable."""

    raw: bytes
    inverse: bool
    offered: tuple[Transmission, ...]
    fd: int
    guard: int
    wi: int
    specific: int | None
    ifsc: int
    waiting: int
    crc: bool
    historical: bytes

    @classmethod
    def parse(cls, raw: bytes) -> Atr:
        """Read and check. Raises Malformed: another TS, cut short, too long, a wrong TCK, no protocol that we speak."""
        if not 2 <= len(raw) <= _LONGEST or raw[0] not in (0x3B, 0x3F):
            raise Malformed("no answer-to-reset")
        groups, offered, end = _interface_bytes(raw)
        historical = raw[end : end + (raw[1] & 0x0F)]
        end += raw[1] & 0x0F
        # TCK is absent only if T=0 alone is indicated (8.2.5).
        if any(offered):
            end += 1
            if len(raw) >= end and reduce(xor, raw[1:end]):
                raise Malformed("wrong check character")
        if len(raw) < end:
            raise Malformed("answer-to-reset cut short")
        spoken = tuple(dict.fromkeys(Transmission(t) for t in offered or [0] if t in (0, 1)))
        if not spoken:
            raise Malformed("no protocol that we speak")
        first, second = groups[0], groups[1] if len(groups) > 1 else {}
        block = next((group for group in groups[2:] if group["T"] == 1), {})
        ifsc = block.get("A", _DEFAULT_IFSC)
        return cls(
            raw=raw[:end],
            inverse=raw[0] == 0x3F,
            offered=spoken,
            fd=first.get("A", _DEFAULT_FD),
            guard=first.get("C", 0),
            wi=second.get("C", _DEFAULT_WI) or _DEFAULT_WI,
            specific=second.get("A"),
            ifsc=ifsc if 1 <= ifsc <= 254 else _DEFAULT_IFSC,
            waiting=block.get("B", _DEFAULT_WAITING),
            crc=bool(block.get("C", 0) & 1),
            historical=historical,
        )

    def block_waiting(self, clock: int) -> float:
        """Seconds of BWT at a clock in kHz, with the initial F of 372 (11.4.3)."""
        return (1 << min(self.waiting >> 4, 9)) * 960 * 372 / ((clock or 4000) * 1000)


def _interface_bytes(raw: bytes) -> tuple[list[dict[str, int]], list[int], int]:
    """Give the groups TAi to TCi, each with the T it belongs to, the protocols indicated, and where the historical bytes begin."""
    groups: list[dict[str, int]] = []
    offered: list[int] = []
    place, indicator, current = 2, raw[1] >> 4, 0
    while True:
        group = {"T": current}
        for bit, letter in enumerate("ABCD"):
            if indicator >> bit & 1:
                if place >= len(raw):
                    raise Malformed("answer-to-reset cut short")
                group[letter] = raw[place]
                place += 1
        groups.append(group)
        if "D" not in group:
            return groups, offered, place
        indicator, current = group["D"] >> 4, group["D"] & 0x0F
        offered.append(current)


@dataclass(frozen=True)
class Choice:
    """How to talk to a card: the protocol, F and D as in TA1, and whether the card must be asked by PPS first."""

    protocol: Transmission
    fd: int
    ask: bool

    def request(self) -> bytes:
        """Give the PPS request (9.2); PPS1 only for another F and D than the default."""
        pps = bytes((_PPSS, self.protocol)) if self.fd == _DEFAULT_FD else bytes((_PPSS, 0x10 | self.protocol, self.fd))
        return pps + bytes((reduce(xor, pps),))

    def agreed(self, response: bytes) -> Choice:
        """Give what the card's PPS response leaves of the request (9.3). Raises Malformed if it does not agree."""
        request = self.request()
        if response == request:
            return self
        # Without PPS1 in the response the card stays with the default F and D.
        plain = Choice(self.protocol, _DEFAULT_FD, ask=True)
        if response == plain.request():
            return plain
        raise Malformed("the card did not agree")

    def parameters(self, atr: Atr, nad: int = 0) -> bytes:
        """Give abProtocolDataStructure of SetParameters (CCID 1.1, 6.1.7): five bytes for T=0, seven for T=1."""
        check = 0x02 if atr.inverse else 0
        if self.protocol is Transmission.T0:
            return bytes((self.fd, check, atr.guard, atr.wi, 0))
        return bytes((self.fd, 0x10 | check | atr.crc, atr.guard, atr.waiting, 0, atr.ifsc, nad))


def choose(atr: Atr, descriptor: Descriptor, fast: bool = True) -> Choice:
    """Choose protocol and speed. ``fast``: try what the card offers beyond the default. Raises Malformed if reader and card share nothing."""
    if atr.specific is not None:
        # Specific mode: the card already uses these, and takes no PPS (6.3.1).
        protocol = atr.specific & 0x0F
        if protocol not in (0, 1) or Transmission(protocol).flag not in descriptor.protocols:
            raise Malformed("a protocol that reader and card do not share")
        return Choice(Transmission(protocol), _DEFAULT_FD if atr.specific & 0x10 else atr.fd, ask=False)
    shared = [it for it in atr.offered if it.flag in descriptor.protocols]
    if not shared:
        raise Malformed("a protocol that reader and card do not share")
    protocol = shared[0]
    fd = atr.fd if fast and _carries(descriptor, atr.fd) else _DEFAULT_FD
    return Choice(Transmission(protocol), fd, ask=protocol is not atr.offered[0] or fd != _DEFAULT_FD)


def _carries(descriptor: Descriptor, fd: int) -> bool:
    """Tell whether the reader can follow to another speed without being told a data rate of its own."""
    f, d = _F[fd >> 4], _D[fd & 0x0F]
    if not f or not d or Feature.AUTO_BAUD not in descriptor.features:
        return False
    return (descriptor.clock or 4000) * 1000 * d / f <= descriptor.rate_limit

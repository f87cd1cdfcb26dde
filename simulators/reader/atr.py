"""What a contact card says of itself in its answer to reset (ISO/IEC 7816-3:2006, 8.2)."""

from dataclasses import dataclass
from functools import reduce
from operator import xor

F = {0: 372, 1: 372, 2: 558, 3: 744, 4: 1116, 5: 1488, 6: 1860, 9: 512, 10: 768, 11: 1024, 12: 1536, 13: 2048}
"""Clock rate conversion integer by Fi (table 7)."""
D = {1: 1, 2: 2, 3: 4, 4: 8, 5: 16, 6: 32, 7: 64, 8: 12, 9: 20}
"""Baud rate adjustment integer by Di (table 8)."""
DEFAULT_FIDI = 0x11
_GLOBAL = 15
"""T of the bytes that are no protocol's (8.2.3)."""


@dataclass(frozen=True)
class Atr:
    """The interface bytes that matter to a reader, at their defaults if they are absent."""

    raw: bytes
    protocols: tuple[int, ...] = (0,)
    """Those offered, the first being the one that is spoken if nothing is negotiated."""
    fidi: int = DEFAULT_FIDI
    """TA1."""
    specific: bool = False
    """TA2 is present: the card starts at once with TA1's rate, and PPS is not for it."""
    guard: int = 0
    """TC1."""
    wi: int = 10
    """TC2, for T=0."""
    ifsc: int = 32
    """First TA for T=1, octets."""
    bwi_cwi: int = 0x4D
    """First TB for T=1."""
    crc: bool = False
    """First TC for T=1."""
    historical: bytes = b""

    @classmethod
    def parse(cls, raw: bytes) -> "Atr":
        """Read an ATR; ValueError if it is none: no TS, too short, or a wrong TCK."""
        if len(raw) < 2 or raw[0] not in (0x3B, 0x3F):
            raise ValueError(f"no ATR: {raw.hex()}")
        found: dict[str, int] = {}
        protocols: list[int] = []
        at, level, present, protocol = 2, 1, raw[1] >> 4, 0
        try:
            while True:
                for bit, name in enumerate("ABCD"):
                    if present >> bit & 1:
                        kind = f"T{name}{level}" if level < 3 else f"T{name}:{protocol}"
                        found.setdefault(kind, raw[at])
                        at += 1
                        last = raw[at - 1]
                if not present & 8:
                    break
                present, protocol, level = last >> 4, last & 15, level + 1
                if protocol not in protocols:
                    protocols.append(protocol)
        except IndexError:
            raise ValueError(f"the ATR ends early: {raw.hex()}") from None
        historical = raw[at : at + (raw[1] & 15)]
        check = raw[at + len(historical) :]
        if len(historical) != raw[1] & 15 or len(check) != (protocols not in ([], [0])):
            raise ValueError(f"the ATR's length is wrong: {raw.hex()}")
        if check and reduce(xor, raw[1:]):
            raise ValueError(f"TCK is wrong: {raw.hex()}")
        return cls(
            raw, tuple(one for one in protocols if one != _GLOBAL) or (0,), found.get("TA1", DEFAULT_FIDI), "TA2" in found, found.get("TC1", 0),
            found.get("TC2", 10), found.get("TA:1", 32), found.get("TB:1", 0x4D), bool(found.get("TC:1", 0) & 1),
            historical,
        )  # fmt: skip

    def etu(self, fidi: int, clock: float) -> float:
        """Seconds of an elementary time unit at a clock in hertz."""
        return F[fidi >> 4] / D[fidi & 15] / clock

    def bwt(self, fidi: int, clock: float) -> float:
        """Seconds of the block waiting time (clause 11.4.3)."""
        return 11 * self.etu(fidi, clock) + (1 << (self.bwi_cwi >> 4)) * 960 * 372 / clock

    def wt(self, fidi: int, clock: float) -> float:
        """Seconds of T=0's waiting time (clause 10.2)."""
        return self.wi * 960 * F[fidi >> 4] / clock

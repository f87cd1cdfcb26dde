"""The protocol data structure of Get-, Set- and ResetParameters (CCID 1.1, 6.1.7)."""

from dataclasses import dataclass

from simulators.reader.atr import DEFAULT_FIDI, Atr

LENGTHS = {0: 5, 1: 7}
"""Octets by protocol."""


@dataclass(frozen=True)
class Parameters:
    """At what rate and in which protocol the reader talks to the card."""

    protocol: int = 0
    fidi: int = DEFAULT_FIDI
    rest: bytes = bytes.fromhex("00000a00")
    """What follows bmFindexDindex: TCCKS, guard time, waiting integers, clock stop, and for T=1 IFSC and NAD."""

    @classmethod
    def of(cls, atr: Atr) -> "Parameters":
        """Take them from an ATR, the rate apart."""
        of_t0, of_t1 = [0, atr.guard, atr.wi, 0], [0x10 | atr.crc, atr.guard, atr.bwi_cwi, 0, atr.ifsc, 0]
        fidi = atr.fidi if atr.specific else DEFAULT_FIDI
        return cls(atr.protocols[0], fidi, bytes(of_t1 if atr.protocols[0] == 1 else of_t0))

    @classmethod
    def parse(cls, protocol: int, data: bytes) -> "Parameters":
        """Read abProtocolDataStructure; ValueError if it has not the protocol's length."""
        if LENGTHS.get(protocol) != len(data):
            raise ValueError(f"T={protocol}: {data.hex()}")
        return cls(protocol, data[0], data[1:])

    def __bytes__(self) -> bytes:
        """Write it out."""
        return bytes([self.fidi]) + self.rest

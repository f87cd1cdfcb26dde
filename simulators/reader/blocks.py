"""T=1 blocks (ISO/IEC 7816-3:2006, 11.3)."""

from dataclasses import dataclass
from enum import IntEnum
from functools import reduce
from operator import xor

MORE = 0x20
"""M bit of an I-block."""
LONGEST = 254


class Request(IntEnum):
    """PCB of the S-blocks that ask; the answer's is 20 more (table 17)."""

    RESYNCH = 0xC0
    IFS = 0xC1
    ABORT = 0xC2
    WTX = 0xC3

    @property
    def response(self) -> int:
        """PCB of the answer."""
        return self | 0x20


class Complaint(IntEnum):
    """Low bits of an R-block (11.3.2.2)."""

    NONE = 0
    EDC = 1
    OTHER = 2


def edc(octets: bytes) -> int:
    """Compute the longitudinal redundancy code."""
    return reduce(xor, octets, 0)


@dataclass(frozen=True)
class Block:
    """NAD, PCB and information field; LEN and the LRC follow from them."""

    pcb: int
    information: bytes = b""
    nad: int = 0

    def __bytes__(self) -> bytes:
        """Write it out."""
        body = bytes([self.nad, self.pcb, len(self.information)]) + self.information
        return body + bytes([edc(body)])

    @classmethod
    def parse(cls, raw: bytes) -> "Block":
        """Read a block; ValueError if its LRC or its length is wrong."""
        if len(raw) < 4 or raw[2] != len(raw) - 4 or edc(raw):
            raise ValueError(raw.hex())
        return cls(raw[1], raw[3:-1], raw[0])

    @property
    def is_information(self) -> bool:
        """Say whether it is an I-block."""
        return not self.pcb & 0x80

    @property
    def is_receipt(self) -> bool:
        """Say whether it is an R-block."""
        return self.pcb & 0xC0 == 0x80

    @property
    def is_supervision(self) -> bool:
        """Say whether it is an S-block."""
        return self.pcb & 0xC0 == 0xC0

    @property
    def number(self) -> int:
        """N(S) of an I-block, N(R) of an R-block."""
        return self.pcb >> 6 & 1 if self.is_information else self.pcb >> 4 & 1


def information(number: int, octets: bytes, *, more: bool = False) -> Block:
    """Make an I-block."""
    return Block(number << 6 | (MORE if more else 0), octets)


def receipt(number: int, complaint: Complaint = Complaint.NONE) -> Block:
    """Make an R-block."""
    return Block(0x80 | number << 4 | complaint)

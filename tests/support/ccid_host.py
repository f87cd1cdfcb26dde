"""A host written from CCID 1.1 and from nothing of the simulator's: it builds messages octet by octet."""

import struct
from dataclasses import dataclass, field
from functools import reduce
from operator import xor
from typing import Any

import usb.core

POWER_ON, POWER_OFF, STATUS, XFR, GET, RESET, SET, ABORT, ESCAPE = 0x62, 0x63, 0x65, 0x6F, 0x6C, 0x6D, 0x61, 0x72, 0x6B


def block(pcb: int, information: bytes = b"") -> bytes:
    """Build a T=1 block of NAD 0."""
    body = bytes([0, pcb, len(information)]) + information
    return body + bytes([reduce(xor, body)])


@dataclass
class Reply:
    """A bulk-in message."""

    kind: int
    slot: int
    sequence: int
    status: int
    error: int
    last: int
    data: bytes


@dataclass
class Host:
    """One claimed reader."""

    backend: Any
    """Something like a backend of pyusb's, with one reader."""
    timeout: int = 2000
    sequence: int = 0
    device: Any = field(init=False)

    def __post_init__(self) -> None:
        (self.device,) = usb.core.find(find_all=True, backend=self.backend)
        usb.util.claim_interface(self.device, 0)
        self.bulk_in, self.bulk_out = (
            next(
                one.bEndpointAddress
                for one in self.device[0][0, 0]
                if usb.util.endpoint_type(one.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK
                and one.bEndpointAddress & 0x80 == direction
            )
            for direction in (0x80, 0x00)
        )

    def send(self, kind: int, data: bytes = b"", specific: bytes = b"\0\0\0", *, slot: int = 0) -> None:
        self.sequence = self.sequence + 1 & 0xFF
        self.device.write(self.bulk_out, struct.pack("<BIBB", kind, len(data), slot, self.sequence) + specific + data)

    def receive(self, timeout: int | None = None) -> Reply:
        raw = bytes(self.device.read(self.bulk_in, 1024, timeout or self.timeout))
        kind, length, slot, sequence, status, error, last = struct.unpack("<BIBBBBB", raw[:10])
        assert length <= len(raw) - 10  # QEMU sends more than it says after Get- and SetParameters
        return Reply(kind, slot, sequence, status, error, last, raw[10 : 10 + length])

    def ask(self, kind: int, data: bytes = b"", specific: bytes = b"\0\0\0", **how: int) -> Reply:
        self.send(kind, data, specific, **how)
        reply = self.receive()
        assert reply.sequence == self.sequence
        return reply

    def xfr(self, data: bytes, *, bwi: int = 0, level: int = 0) -> Reply:
        return self.ask(XFR, data, struct.pack("<BH", bwi, level))

    def line(self, data: bytes, *, bwi: int = 0) -> bytes:
        """Send to the card over a TPDU level reader; give what comes, which must not be a failure."""
        reply = self.xfr(data, bwi=bwi)
        assert (reply.kind, reply.status, reply.error) == (0x80, 0, 0)
        return reply.data

"""The CCID class descriptor, and what it means for us (CCID 1.1, 5.1)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import Enum, IntFlag, StrEnum

from stb_agent.card.readers.ccid.faults import Malformed

INTERFACE_CLASS = 0x0B
VENDOR_CLASS = 0xFF
HEADER = 10
"""Bytes of a bulk message's header (CCID 1.1, 6.1)."""
_TYPE, _LENGTH = 0x21, 0x36
_OWN_TYPE = 0xFF
"""bDescriptorType of the class descriptor in readers older than the standard (Dell SK-3106)."""
_FIELDS = struct.Struct("<BBHBBIIIBIIBIIIIIBBHBB")
OWN_CLASS: Mapping[int, Set[int] | None] = {
    0x04E6: None,
    0x046A: {0x003E},
    0x413C: {0x2100},
}
"""Readers that speak CCID under the vendor's own class, by idVendor and idProduct; None: whatever the vendor made so. SCM
Microsystems, today Identiv (SCR331-DI, SCR3310-NTTCom, SDI010, SPR532, SCL01x); Cherry SmartTerminal ST-2xxx; Dell SK-3106
(the dumps in LudovicRousseau/CCID ``readers/``). The udev rule names the same. Left out: tokens, which take no card, and
MySMART PAD, whose descriptor is garbled."""
_SHORT_APDU = 261
"""Bytes of the longest short command, which a reader of the short level must carry in one message (ISO/IEC 7816-4, 5.1)."""
_LEAST = 64
"""Bytes below which a message holds neither our longest command nor a useful block."""
_FALLBACK_RATE = 9600


class Feature(IntFlag):
    """dwFeatures."""

    AUTO_PARAMETERS = 0x02
    AUTO_ACTIVATION = 0x04
    AUTO_VOLTAGE = 0x08
    AUTO_CLOCK = 0x10
    AUTO_BAUD = 0x20
    AUTO_NEGOTIATION = 0x40
    AUTO_PPS = 0x80
    CLOCK_STOP = 0x100
    NAD = 0x200
    AUTO_IFSD = 0x400
    TPDU = 0x10000
    SHORT_APDU = 0x20000
    EXTENDED_APDU = 0x40000


class Level(StrEnum):
    """What the host and the reader exchange in one XfrBlock."""

    CHARACTER = "character"
    TPDU = "tpdu"
    SHORT = "short"
    EXTENDED = "extended"


class Protocol(IntFlag):
    """dwProtocols."""

    T0 = 1
    T1 = 2


class Voltage(Enum):
    """Bit of bVoltageSupport, bPowerSelect of IccPowerOn, volts; in the order in which they are tried."""

    V5 = (1, 1, 5.0)
    V3 = (2, 2, 3.0)
    V1_8 = (4, 3, 1.8)


class Reason(StrEnum):
    """Why a reader cannot be used."""

    CLASS = "the interface is not of the CCID class, nor is the reader known here to speak CCID under its maker's own"
    CHARACTER = "it exchanges single characters"
    PROTOCOL = "it speaks neither T=0 nor T=1"
    MESSAGE = "its messages are too short for a command"
    ENDPOINTS = "it has no pair of bulk endpoints"
    DESCRIPTOR = "it has no CCID class descriptor"
    CUT = "the text breaks off before all of it is told"


@dataclass(frozen=True)
class Descriptor:
    """A class descriptor. ``max_slot``: highest slot number; ``clock`` in kHz; ``max_rate`` in bit/s; sizes in bytes."""

    max_slot: int
    voltages: int
    protocols: Protocol
    clock: int
    max_rate: int
    max_ifsd: int
    features: Feature
    max_message: int
    version: int = 0x0110
    class_get_response: int = 0xFF
    busy_slots: int = 1

    @classmethod
    def parse(cls, data: bytes) -> Descriptor:
        """Read the 54 bytes. Raises Malformed."""
        if not _opens(data):
            raise Malformed("no CCID class descriptor")
        field = _FIELDS.unpack_from(data)
        return cls(
            version=field[2],
            max_slot=field[3],
            voltages=field[4],
            protocols=Protocol(field[5] & 0x03),
            clock=field[6],
            max_rate=field[10],
            max_ifsd=field[12],
            features=Feature(field[15]),
            max_message=field[16],
            class_get_response=field[17],
            busy_slots=field[21],
        )

    @property
    def level(self) -> Level:
        """The exchange level; the most able one, should several be claimed."""
        for feature, level in (
            (Feature.EXTENDED_APDU, Level.EXTENDED),
            (Feature.SHORT_APDU, Level.SHORT),
            (Feature.TPDU, Level.TPDU),
        ):
            if feature in self.features:
                return level
        return Level.CHARACTER

    @property
    def slots(self) -> int:
        """How many cards it takes."""
        return self.max_slot + 1

    @property
    def supplies(self) -> tuple[Voltage, ...]:
        """The voltages it can give, in the order to try; all, if it tells none."""
        return tuple(it for it in Voltage if self.voltages & it.value[0]) or tuple(Voltage)

    @property
    def room(self) -> int:
        """Bytes that one message carries behind its header."""
        return self.max_message - HEADER

    @property
    def rate_limit(self) -> int:
        """Bits a second to the card."""
        return self.max_rate or _FALLBACK_RATE

    @property
    def carries_extended(self) -> bool:
        """Tell whether commands and answers of extended length pass: as such, or in T=1 blocks that we chain."""
        return self.level is Level.EXTENDED or (self.level is Level.TPDU and Protocol.T1 in self.protocols)

    def unfit(self) -> tuple[Reason, ...]:
        """Give what of this descriptor keeps the reader from being used; empty if nothing does."""
        found = {
            Reason.CHARACTER: self.level is Level.CHARACTER,
            Reason.PROTOCOL: not self.protocols,
            Reason.MESSAGE: self.room < (_SHORT_APDU if self.level is Level.SHORT else _LEAST),
        }
        return tuple(reason for reason, true in found.items() if true)


def find(*extras: bytes) -> Descriptor | None:
    """Find the class descriptor among bytes that follow an interface's or an endpoint's descriptor (O2Micro hangs it on an endpoint)."""
    for extra in extras:
        rest = bytes(extra)
        while len(rest) >= 2 and rest[0] >= 2:
            if _opens(rest):
                return Descriptor.parse(rest)
            rest = rest[rest[0] :]
    return None


def _opens(data: bytes) -> bool:
    """Tell whether bytes begin with a whole class descriptor; one of the vendor's own type has the standard's length exactly."""
    if len(data) < _LENGTH:
        return False
    return (data[1] == _TYPE and data[0] >= _LENGTH) or (data[1] == _OWN_TYPE and data[0] == _LENGTH)


def speaks_ccid(interface_class: int, vendor: int, product: int) -> bool:
    """Tell whether an interface that has the class descriptor may be taken for a CCID reader."""
    if interface_class != VENDOR_CLASS:
        return interface_class == INTERFACE_CLASS
    products = OWN_CLASS.get(vendor, frozenset())
    return products is None or product in products

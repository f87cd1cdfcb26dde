"""Readers as they can be bought, by what their descriptors say.

Values: LudovicRousseau/CCID, readers/*.txt (dumps of real devices). Where a dump has no entry, the reader's page of
clocks and rates is left empty, and GET_CLOCK_FREQUENCIES and GET_DATA_RATES stall, as the dumps report of many.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from simulators.reader.ccid import HEADER, Feature

SMART_CARD, VENDOR_SPECIFIC = 0x0B, 0xFF
"""bInterfaceClass."""
VOLTS = {0x01: 5.0, 0x02: 3.0, 0x04: 1.8}
"""bVoltageSupport."""


@dataclass(frozen=True)
class Model:
    """One product. Frequencies in kHz, rates in bit/s, lengths in octets."""

    vendor: int
    product: int
    manufacturer: str
    name: str
    features: Feature
    release: int = 0x0100
    ccid: int = 0x0110
    interface_class: int = SMART_CARD
    longest: int = 271
    """dwMaxCCIDMessageLength."""
    ifsd: int = 254
    protocols: int = 0x03
    """dwProtocols: bit 0 T=0, bit 1 T=1."""
    voltages: int = 0x07
    clock: int = 4000
    fastest_clock: int = 4000
    rate: int = 10752
    fastest_rate: int = 344086
    clocks: tuple[int, ...] = ()
    rates: tuple[int, ...] = ()
    echo: int = 0xFF
    """bClassGetResponse and bClassEnvelope."""
    interrupt: bool = True
    packet: int = 64
    """wMaxPacketSize of the bulk endpoints: 64 full speed, 512 high speed."""
    descriptor_at_endpoint: bool = False
    """The class descriptor comes behind the last endpoint's descriptor instead of the interface's, as O2 Micro's do."""
    zero_packet: bool = True
    """An answer whose length is a multiple of `packet` is followed by an empty packet."""

    @property
    def payload(self) -> int:
        """Octets of abData that a message can carry."""
        return self.longest - HEADER

    @property
    def class_descriptor(self) -> bytes:
        """Write the 54 octets of CCID 1.1, table 5.1-1."""
        return struct.pack(
            "<BBHBBIIIBIIBIIIIIBBHBB",
            0x36, 0x21, self.ccid, 0, self.voltages, self.protocols, self.clock, self.fastest_clock, len(self.clocks),
            self.rate, self.fastest_rate, len(self.rates), self.ifsd, 0, 0, self.features, self.longest,
            self.echo, self.echo, 0, 0, 1,
        )  # fmt: skip


MODELS: Mapping[str, Model] = MappingProxyType(
    {
        "scr3310-nttcom": Model(
            0x04E6, 0x511A, "NTT Communications Corp.", "SCR3310-NTTCom USB SmartCard Reader", Feature(0x000101BA),
            release=0x0203, interface_class=VENDOR_SPECIFIC, ifsd=252, clock=4800, fastest_clock=8000, rate=12903,
            fastest_rate=412903,
        ),
        "acr39u": Model(
            0x072F, 0xB100, "ACS", "ACR39U ICC Reader", Feature(0x000100B2), release=0x0216, ifsd=247, clock=4800,
            fastest_clock=16000, rate=12903, fastest_rate=826000,
        ),
        "gempc-twin": Model(
            0x08E6, 0x3437, "Gemplus", "USB SmartCard Reader", Feature(0x00010230), ccid=0x0100, clocks=(4000,),
            rates=(10753, 21505, 43011, 86022, 172043, 344086), echo=0x00,
        ),
        "acr38": Model(
            0x072F, 0x90CC, "ACS", "ACR38 USB Reader", Feature(0x00010030), ccid=0x0100, voltages=0x01,
            fastest_rate=129032, echo=0x00,
        ),
        "idprotect-key": Model(
            0x0DC3, 0x0900, "Athena", "IDProtect Key v2", Feature(0x0001023C), release=0x0200, ifsd=252,
            fastest_rate=10752, echo=0x00, interrupt=False,
        ),
        "au9540": Model(
            0x058F, 0x9540, "Generic", "EMV Smartcard Reader", Feature(0x000404BE), release=0x0120, ccid=0x0100,
            longest=272, clock=3700, fastest_clock=3700, clocks=(3700,), rate=9946, fastest_rate=318280,
            rates=(9946, 19892, 39785, 79570, 159140, 318280),
        ),
        "rc-s300": Model(
            0x054C, 0x0DC8, "SONY", "FeliCa RC-S300/S", Feature(0x0004007E), longest=522, protocols=0x02,
        ),
        "gnuk": Model(
            0x234B, 0x0000, "Free Software Initiative of Japan", "Gnuk Token", Feature(0x0002047A), protocols=0x02,
            voltages=0x01, rate=9600, fastest_rate=9600, echo=0xFF,
        ),
        "character": Model(
            0x1209, 0x0001, "Chanoma", "Character level reader, not for sale", Feature(0x000000B2), longest=271,
        ),
    }
)  # fmt: skip
"""Exchange at TPDU level: the first five, from all automatic to nothing automatic, one of class 0xFF, one of 5 V alone,
one without interrupt endpoint. At extended APDU level: au9540, whose messages are hardly longer than a short APDU, and
rc-s300. At short APDU level: gnuk. `character` is nobody's (pid.codes test product) and does nothing that helps."""

"""Descriptors: the 54 bytes, where they hang, and the two texts in which people send them."""

import json
import re
import struct
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.__main__ import main
from stb_agent.card.readers.ccid import dump
from stb_agent.card.readers.ccid.descriptor import (
    INTERFACE_CLASS,
    OWN_CLASS,
    VENDOR_CLASS,
    Descriptor,
    Feature,
    Level,
    Protocol,
    Reason,
    Voltage,
    find,
    speaks_ccid,
)
from stb_agent.card.readers.ccid.faults import Malformed
from stb_agent.card.readers.ccid.transport import interfaces

SPR532 = bytes.fromhex(
    "36 21 00 01 00 01 03 00 00 00 a0 0f 00 00 40 1f 00 00 00 01 2a 00 00 29 40 05 00 00 fe 00 00 00"
    "00 00 00 00 00 00 00 00 ba 00 01 00 0e 01 00 00 ff ff 00 00 03 01"
)
"""As a user of the reader posted it: gnupg-users, October 2014, message 051202."""


def test_a_real_descriptor_reads():
    it = Descriptor.parse(SPR532)
    assert it.level is Level.TPDU
    assert it.protocols == Protocol.T0 | Protocol.T1
    assert it.supplies == (Voltage.V5,)
    assert (it.clock, it.max_rate, it.max_ifsd, it.max_message, it.slots) == (4000, 344105, 254, 270, 1)
    assert Feature.AUTO_VOLTAGE in it.features
    assert Feature.AUTO_NEGOTIATION not in it.features
    assert it.carries_extended
    assert it.unfit() == ()


@pytest.mark.parametrize("before", [b"", b"\x05\x24\x00\x10\x01", b"\x02\xff\x07\x05\x81\x03\x08\x00\x20"])
def test_it_is_found_behind_the_interface_or_an_endpoint(before: bytes):
    assert find(before + SPR532) == find(b"", before + SPR532) == Descriptor.parse(SPR532)


OWN_TYPE = b"\x36\xff" + SPR532[2:]


def test_one_of_the_makers_own_type_is_found_if_it_has_the_length_of_the_standard():
    assert find(OWN_TYPE) == Descriptor.parse(OWN_TYPE) == Descriptor.parse(SPR532)
    assert find(b"\x40\xff" + SPR532[2:] + bytes(10)) is None


@pytest.mark.parametrize(
    ("interface_class", "vendor", "product", "taken"),
    [
        (INTERFACE_CLASS, 0x1234, 0x5678, True),
        (VENDOR_CLASS, 0x1234, 0x5678, False),
        (VENDOR_CLASS, 0x04E6, 0x511A, True),
        (VENDOR_CLASS, 0x046A, 0x003E, True),
        (VENDOR_CLASS, 0x046A, 0x0023, False),
        (VENDOR_CLASS, 0x413C, 0x2100, True),
        (VENDOR_CLASS, 0x413C, 0x2101, False),
        (0x03, 0x04E6, 0x511A, False),
    ],
)
def test_the_makers_own_class_is_taken_from_known_readers(interface_class: int, vendor: int, product: int, taken: bool):
    assert speaks_ccid(interface_class, vendor, product) is taken
    (told,) = dump.read(libccid(cls=interface_class, vendor=vendor, product=product))
    assert told.reasons == (() if taken else (Reason.CLASS,))
    endpoints = [
        SimpleNamespace(bEndpointAddress=address, bmAttributes=2, wMaxPacketSize=64, extra_descriptors=b"")
        for address in (0x02, 0x81)
    ]

    class Interface(list[SimpleNamespace]):
        bAlternateSetting = 0
        bInterfaceNumber = 1
        bInterfaceClass = interface_class
        extra_descriptors = OWN_TYPE

    class Device(list[list[Interface]]):
        idVendor = vendor
        idProduct = product

    found = interfaces(Device([[Interface(endpoints)]]))
    assert [(it.interface, it.reasons) for it in found] == ([(1, ())] if taken else [])


def test_the_udev_rule_names_the_same_readers():
    rule = Path(dump.__file__).parents[3] / "host" / "rules" / "udev" / "70-chanoma.rules"
    named = re.findall(
        r'^ATTR\{idVendor\}=="(\w+)", (?:ATTR\{idProduct\}=="(\w+)", )?ENV\{ID_USB_INTERFACES\}=="\*:ff\?{4}:\*", ',
        rule.read_text(),
        re.MULTILINE,
    )
    known = {(vendor, product) for vendor, products in OWN_CLASS.items() for product in products or {None}}
    assert {(int(vendor, 16), int(product, 16) if product else None) for vendor, product in named} == known


@pytest.mark.parametrize("data", [b"", SPR532[:53], b"\x36\x22" + SPR532[2:], b"\x09" + SPR532[1:]])
def test_other_bytes_are_none(data: bytes):
    assert find(data) is None
    with pytest.raises(Malformed):
        Descriptor.parse(data)


@given(st.binary(max_size=200))
def test_whatever_the_bytes_only_our_fault_comes_out(data: bytes):
    find(data)
    try:
        it = Descriptor.parse(data)
    except Malformed:
        return
    assert it.level in Level
    it.unfit()


@pytest.mark.parametrize(
    ("features", "level"),
    [(0xB2, Level.CHARACTER), (0x100B2, Level.TPDU), (0x2047A, Level.SHORT), (0x404BE, Level.EXTENDED), (0x70000, Level.EXTENDED)],
)  # fmt: skip
def test_the_level_is_the_most_able(features: int, level: Level):
    data = bytearray(SPR532)
    data[40:44] = struct.pack("<I", features)
    it = Descriptor.parse(bytes(data))
    assert it.level is level
    assert (it.unfit() == (Reason.CHARACTER,)) == (level is Level.CHARACTER)


LSUSB = """\
Bus 002 Device 005: ID 058f:9540 Alcor Micro Corp. AU9540 Smartcard Reader
Device Descriptor:
  bLength                18
  bcdUSB               1.10
  bDeviceClass            0 (Defined at Interface level)
  idVendor           0x058f Alcor Micro Corp.
  idProduct          0x9540 AU9540 Smartcard Reader
  iManufacturer           1 Generic
  iProduct                2 EMV Smartcard Reader
  Configuration Descriptor:
    bNumInterfaces          1
    Interface Descriptor:
      bLength                 9
      bInterfaceNumber        0
      bNumEndpoints           3
      bInterfaceClass        11 Chip/SmartCard
      bInterfaceSubClass      0
      ChipCard Interface Descriptor:
        bLength                54
        bDescriptorType        33
        bcdCCID              1.10  (Warning: Only accurate for version 1.0)
        nMaxSlotIndex           0
        bVoltageSupport         7  5.0V 3.0V 1.8V
        dwProtocols             3  T=0 T=1
        dwDefaultClock       3700
        dwMaxiumumClock      3700
        bNumClockSupported      1
        dwDataRate           9946 bps
        dwMaxDataRate      318280 bps
        bNumDataRatesSupp.     53
        dwMaxIFSD             254
        dwSyncProtocols  00000007  2-wire 3-wire I2C
        dwMechanical     00000000
        dwFeatures       000404BE
          Auto configuration based on ATR
          Short and extended APDU level exchange
        dwMaxCCIDMsgLen       272
        bClassGetResponse    echo
        bPINSupport             0
        bMaxCCIDBusySlots       1
      Endpoint Descriptor:
        bEndpointAddress     0x81  EP 1 IN
        bmAttributes            3
          Transfer Type            Interrupt
      Endpoint Descriptor:
        bEndpointAddress     0x02  EP 2 OUT
        bmAttributes            2
          Transfer Type            Bulk
      Endpoint Descriptor:
        bEndpointAddress     0x83  EP 3 IN
        bmAttributes            2
          Transfer Type            Bulk
"""
UNRECOGNISED = """\
Device Descriptor:
  idVendor           0x{vendor:04x} A maker
  idProduct          0xe003 A product
  iManufacturer           1 SCM Microsystems Inc.
  iProduct                2 SPRx32 USB Smart Card Reader
    Interface Descriptor:
      bInterfaceNumber        0
      bNumEndpoints           2
      bInterfaceClass       255 Vendor Specific Class
      ** UNRECOGNIZED:  36 21 00 01 00 01 03 00 00 00 a0 0f 00 00 40 1f
00 00 00 01 2a 00 00 29 40 05 00 00 fe 00 00 00 00 00 00 00 00 00 00 00
ba 00 01 00 0e 01 00 00 ff ff 00 00 03 01
      Endpoint Descriptor:
        bEndpointAddress     0x01  EP 1 OUT
          Transfer Type            Bulk
      Endpoint Descriptor:
        bEndpointAddress     0x82  EP 2 IN
          Transfer Type            Bulk
"""
LIBCCID = """\
 idVendor: 0x{vendor:04X}
  iManufacturer: A maker
 idProduct: 0x{product:04X}
  iProduct: A reader
 bDescriptorType: 4
 bInterfaceNumber: 0
 bNumEndpoints: {endpoints}
  {kinds}
 bInterfaceClass: 0x{cls:02X} [Chip Card Interface Device Class (CCID)]
 CCID Class Descriptor
  bLength: 0x36
  bcdCCID: 1.10
  bMaxSlotIndex: 0x01
  bVoltageSupport: 0x06
   3.0V
   1.8V
  dwProtocols: 0x0000 0x000{protocols}
   T=1
  dwDefaultClock: 4.800 MHz
  dwMaxDataRate: 826000 bps
  dwMaxIFSD: 247
  dwFeatures: 0x{features:08X}
   ....02 Automatic parameter configuration based on ATR data
  dwMaxCCIDMessageLength: {message} bytes
  bMaxCCIDBusySlots: 1
"""


def libccid(
    vendor: int = 0x072F, endpoints: int = 3, kinds: str = "bulk-IN, bulk-OUT and Interrupt-IN", cls: int = 0x0B, protocols: int = 2,
    features: int = 0x100B2, message: int = 271, product: int = 0x1234,
) -> str:  # fmt: skip
    """Give a dump as libccid's ``parse`` prints it."""
    return LIBCCID.format(**locals())


def test_the_text_of_lsusb_reads():
    (it,) = dump.read(LSUSB)
    assert it.as_json() == {
        "vendor": "058F", "product": "9540", "name": "Generic EMV Smartcard Reader", "interface": 0, "class": "0B", "works": True,
        "why": [], "reasons": [], "presence": "interrupt", "level": "extended", "extended_length": True, "protocols": ["T=0", "T=1"],
        "voltages": [5.0, 3.0, 1.8], "automatic_voltage": True, "slots": 1, "max_message": 272, "max_ifsd": 254, "max_rate": 318280,
        "features": "000404BE",
    }  # fmt: skip


def test_the_text_of_lsusb_without_its_indentation_reads_the_same():
    assert dump.read("\n".join(" ".join(line.split()) for line in LSUSB.splitlines())) == dump.read(LSUSB)


def test_bytes_that_lsusb_did_not_recognise_are_read():
    (it,) = dump.read(UNRECOGNISED.format(vendor=0x04E6))
    assert it.descriptor == Descriptor.parse(SPR532)
    assert it.reasons == ()
    assert it.as_json()["presence"] == "polling"
    (other,) = dump.read(UNRECOGNISED.format(vendor=0x1234))
    assert other.reasons == (Reason.CLASS,)


def test_a_text_that_was_answered_by_mail_reads_the_same():
    for text in (LSUSB, libccid()):
        for mark in (">", "> ", ">> ", "> > "):
            assert dump.read("".join(mark + line for line in text.splitlines(keepends=True))) == dump.read(text)


def test_of_a_text_that_breaks_off_nothing_false_is_told():
    for text in (LSUSB, UNRECOGNISED.format(vendor=0x04E6), libccid(), libccid(vendor=0x04E6, cls=0xFF)):
        (whole,) = dump.read(text)
        lines = text.splitlines(keepends=True)
        seen = set()
        for count in range(len(lines)):
            try:
                (it,) = dump.read("".join(lines[:count]))
            except Malformed:
                continue
            seen.add(it.reasons)
            if it.descriptor:
                assert whole.descriptor
                assert it.descriptor.level is whole.descriptor.level
                assert it.descriptor.max_message == whole.descriptor.max_message
        assert (Reason.CUT,) in seen
        # Until its first line nothing says that a class descriptor follows.
        assert seen <= {(), (Reason.CUT,), (Reason.DESCRIPTOR,)}


def test_the_text_of_libccid_reads():
    (it,) = dump.read(libccid())
    assert it.descriptor
    assert (it.vendor, it.product, it.name, it.interrupt) == (0x072F, 0x1234, "A maker A reader", True)
    assert it.descriptor.slots == 2
    assert it.descriptor.supplies == (Voltage.V3, Voltage.V1_8)
    assert it.descriptor.protocols == Protocol.T1
    assert (it.descriptor.clock, it.descriptor.max_rate, it.descriptor.max_ifsd) == (4800, 826000, 247)
    assert it.descriptor.level is Level.TPDU


def test_a_device_with_two_readers_is_told_as_two():
    first, second = dump.read(
        libccid() + libccid(features=0x204BA, endpoints=2, kinds="bulk-IN and bulk-OUT", message=288)
    )
    assert (first.descriptor.level, first.interrupt) == (Level.TPDU, True)
    assert (second.descriptor.level, second.interrupt) == (Level.SHORT, False)
    assert not second.descriptor.carries_extended


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (libccid(features=0xB2), Reason.CHARACTER),
        (libccid(protocols=0), Reason.PROTOCOL),
        (libccid(features=0x204BA, message=200), Reason.MESSAGE),
        (libccid(endpoints=1, kinds="Interrupt-IN"), Reason.ENDPOINTS),
        (libccid(cls=0xFF), Reason.CLASS),
    ],
)
def test_what_will_not_work_says_why(text: str, reason: Reason):
    (it,) = dump.read(text)
    assert it.reasons == (reason,)
    assert it.as_json()["works"] is False
    assert it.as_json()["why"] == [reason.name.lower()]


@pytest.mark.parametrize("text", ["", "hello", LSUSB.replace("11 Chip/SmartCard", "3 Human").partition("ChipCard")[0]])
def test_a_text_without_a_reader_is_refused(text: str):
    with pytest.raises(Malformed):
        dump.read(text)


@given(st.text(max_size=300), st.integers(0, len(LSUSB)), st.integers(0, len(LSUSB)))
def test_whatever_the_text_only_our_fault_comes_out(noise: str, start: int, length: int):
    for text in (
        noise,
        LSUSB[:start] + noise + LSUSB[start + length :],
        libccid()[:start] + noise + libccid()[start + length :],
    ):
        try:
            for it in dump.read(text):
                it.as_json()
        except Malformed:
            continue


@pytest.mark.parametrize(
    ("text", "status"), [(LSUSB, 0), (libccid(features=0xB2), 1), (libccid() + libccid(features=0xB2), 0), ("hello", 2), (None, 2)]
)  # fmt: skip
def test_the_command_line_says_whether_one_will_work(
    text: str | None, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "dump.txt"
    if text is not None:
        file.write_text(text)
    assert main(["card", "descriptor", str(file), "--json"]) == status
    told = capsys.readouterr()
    if status == 2:
        assert "card.descriptor" in told.err
    else:
        assert any(it["works"] for it in json.loads(told.out)["readers"]) == (status == 0)
        assert main(["card", "descriptor", str(file)]) == status
        assert capsys.readouterr().out.startswith("○×"[status])

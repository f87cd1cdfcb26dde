"""A reader and a card that send anything: descriptors, messages, answers-to-reset, blocks, and the whole way of an APDU over them."""

import contextlib
import struct
from itertools import chain, cycle
from unittest.mock import patch

from hypothesis import strategies as st

from stb_agent.card.readers.ccid import blocks, dump, exchange, messages, t1
from stb_agent.card.readers.ccid.atr import Atr, choose
from stb_agent.card.readers.ccid.blocks import Control, Data, Receipt
from stb_agent.card.readers.ccid.descriptor import Descriptor, Level, find
from stb_agent.card.readers.ccid.driver import Driver
from stb_agent.card.readers.ccid.faults import Fault, Garbled, Gone, Late, Malformed
from stb_agent.card.readers.ccid.t0 import T0
from stb_agent.card.readers.ccid.t1 import T1, NoBlock
from tests.support.fuzz import fuzz, nearly
from tests.support.reader import MODELS

DESCRIPTORS = [it.class_descriptor for it in MODELS.values()]
ATRS = [
    bytes.fromhex(one)
    for one in (
        "3BDA13FF8131FB468012392F31C173C601C03B", "3B6000008073C601", "3BE000FF8131FE4514", "3B9F95801FC78031E073FE211163407163830790009A",
        "3F6525005200006A9000", "3B8180018080", "3BFF9500FFC00A1F438031E073F621135734484835463120",
    )
]  # fmt: skip
APDUS = [
    bytes.fromhex("00B08A00000000"),
    bytes.fromhex("00200098"),
    bytes.fromhex("002000980431323334"),
    b"\0\xa4\4\0\xff" + bytes(256),
]
T0_ANSWERS = st.one_of(
    st.binary(max_size=4),
    st.builds(bytes.__add__, st.binary(max_size=256), st.sampled_from((b"\x90\0", b"\x61\x10", b"\x6c\1"))),
)
IFS = st.integers(1, 254)
BLOCKS = st.one_of(
    st.builds(Data, st.integers(0, 1), st.booleans(), st.binary(max_size=254)),
    st.builds(Receipt, st.integers(0, 1), st.integers(0, 2)),
    st.builds(lambda response: Control(blocks.Supervision.RESYNCH, response), st.booleans()),
    st.builds(lambda response: Control(blocks.Supervision.ABORT, response), st.booleans()),
    st.builds(lambda response, size: Control(blocks.Supervision.IFS, response, bytes((size,))), st.booleans(), IFS),
    st.builds(lambda response, size: Control(blocks.Supervision.WTX, response, bytes((size,))), st.booleans(), st.integers(0, 255)),
)  # fmt: skip
FROM_CARD = st.one_of(
    BLOCKS.map(lambda it: bytes(blocks.encode(it))),
    st.binary(max_size=8),
    st.booleans(),
    st.builds(Data, st.none(), st.booleans(), st.one_of(st.just(b""), st.binary(max_size=254))),
    st.builds(Receipt, st.none(), st.just(0)),
)
"""A block, bytes, silence (True: with wrong parity), or a block whose number is to be the one that is due."""
LONGEST = 500
"""Bytes of an answer over T=1 here, instead of 65538, so that an exchange that only length ends is over soon."""
MOST_BLOCKS = 10_000
"""More than two such exchanges take, of one byte a block, each after every repetition and extension of time that there may be."""


@fuzz(st.one_of(nearly(DESCRIPTORS), st.binary(max_size=60)))
def test_a_descriptor_is_none_or_has_sense(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        it = Descriptor.parse(data)
        assert isinstance(it.level, Level)
        assert it.supplies
        assert it.slots >= 1
        assert it.rate_limit > 0
        assert it.unfit() or it.room >= 64
        for raw in ATRS:
            with contextlib.suppress(Malformed):
                atr = Atr.parse(raw)
                assert atr.block_waiting(it.clock) > 0
                choice = choose(atr, it)
                assert len(choice.parameters(atr)) in (5, 7)
    found = find(b"", data)
    assert found is None or isinstance(found, Descriptor)


LSUSB = """\
Bus 001 Device 002: ID {vendor:04x}:{product:04x} {name}
Device Descriptor:
  idVendor           0x{vendor:04x} {manufacturer}
  idProduct          0x{product:04x}
  iProduct                2 {name}
    Interface Descriptor:
      bInterfaceNumber        0
      bInterfaceClass     {interface_class}
      ChipCard Interface Descriptor:
        nMaxSlotIndex       0
        bVoltageSupport     {voltages}
        dwProtocols         {protocols}
        dwDefaultClock   {clock}
        dwMaxDataRate    {fastest_rate} bps
        dwMaxIFSD           {ifsd}
        dwFeatures       {features:08X}
        dwMaxCCIDMsgLen   {longest}
      Endpoint Descriptor:
        bEndpointAddress     0x82  EP 2 IN
          Transfer Type            Bulk
        ** UNRECOGNIZED:  36 21 10 01
"""
LIBCCID = """\
 idVendor: 0x{vendor:04X}
  iManufacturer: {manufacturer}
 idProduct: 0x{product:04X}
  iProduct: {name}
 bNumEndpoints: 3
   bulk-IN, bulk-OUT and Interrupt-IN
 bInterfaceClass: 0x{interface_class:02X}
  bMaxSlotIndex: 0x00
  bVoltageSupport: 0x{voltages:02X}
  dwProtocols: 0x0000 0x{protocols:04X}
  dwDefaultClock: {clock}.000 MHz
  dwMaxDataRate: {fastest_rate} bps
  dwMaxIFSD: {ifsd}
  dwFeatures: 0x{features:08X}
  dwMaxCCIDMessageLength: {longest} bytes
"""


def dumps() -> list[bytes]:
    """Write the models as people send them."""
    return [form.format(**vars(it)).encode() for form in (LSUSB, LIBCCID) for it in MODELS.values()]


@fuzz(nearly(dumps()))
def test_a_dump_is_read_or_refused(text: bytes) -> None:
    with contextlib.suppress(Malformed):
        for it in dump.read(text.decode("utf-8", "replace")):
            assert it.as_json()["works"] is (not it.reasons)


@fuzz(st.one_of(nearly(ATRS), st.binary(max_size=40)), st.sampled_from(DESCRIPTORS), st.booleans())
def test_an_answer_to_reset_is_none_or_can_be_chosen_from(raw: bytes, descriptor: bytes, fast: bool) -> None:
    with contextlib.suppress(Malformed):
        atr = Atr.parse(raw)
        assert raw.startswith(atr.raw)
        assert 1 <= atr.ifsc <= 254
        choice = choose(atr, Descriptor.parse(descriptor), fast)
        assert len(choice.parameters(atr)) == (5 if choice.protocol == 0 else 7)
        assert choice.agreed(choice.request()) == choice


@fuzz(
    st.one_of(nearly([bytes(messages.encode(messages.Out.XFR_BLOCK, 0, 1, data=b"1234"))]), st.binary(max_size=30)),
    st.integers(1, 16),
)
def test_a_message_is_none_or_as_long_as_it_says(raw: bytes, slots: int) -> None:
    with contextlib.suppress(Malformed):
        answer = messages.decode(raw)
        assert raw[10:].startswith(answer.data)
        assert isinstance(answer.icc, messages.Icc)
        assert not (answer.failed and answer.more_time)
    notice = messages.decode_notice(raw, slots)
    assert notice is None or len(notice) == slots


@fuzz(st.one_of(st.binary(max_size=20), nearly([b"\0\0\4abcd\x60", b"\0\xc3\1\2\xc0"])), st.booleans())
def test_a_block_is_none_or_exactly_itself(raw: bytes, crc: bool) -> None:
    for data in (raw, raw + blocks.checksum(raw, crc)):
        with contextlib.suppress(Malformed):
            assert bytes(blocks.encode(blocks.decode(data, crc), crc=crc)) == data


class AnyCard:
    """The card's side of T=1, in any order, the last part over and over."""

    def __init__(self, first: list[object], then: list[object]) -> None:
        self._coming = chain(first, cycle(then))
        self._number = 0
        self.asked = 0

    def swap(self, block: bytearray, waits: int) -> bytes:
        """Answer a block."""
        self.asked += 1
        assert self.asked < MOST_BLOCKS
        match next(self._coming):
            case bool(parity):
                raise NoBlock(parity=parity)
            case Data(None, more, field):
                self._number ^= 1
                return bytes(blocks.encode(Data(self._number ^ 1, more, field)))
            case Receipt(None, error):
                return bytes(blocks.encode(Receipt(1 - (block[1] >> 6 & 1), error)))
            case bytes(raw):
                return raw
        raise AssertionError


@fuzz(st.lists(FROM_CARD, max_size=12), st.lists(FROM_CARD, min_size=1, max_size=3), st.sampled_from(APDUS), IFS)
def test_t1_with_any_card_ends(first: list[object], then: list[object], apdu: bytes, ifsc: int) -> None:
    card = AnyCard(first, then)
    link = T1(card.swap, ifsc, 254)
    with patch.object(t1, "_MOST_BYTES", LONGEST):
        for _ in range(2):
            with contextlib.suppress(Fault):
                assert isinstance(link.transmit(apdu), bytes)


@fuzz(st.lists(T0_ANSWERS, min_size=1, max_size=6), st.sampled_from(APDUS))
def test_t0_with_any_card_ends(answers: list[bytes], apdu: bytes) -> None:
    endless = cycle(answers)
    sent: list[bytes] = []

    def swap(tpdu: bytes | bytearray | memoryview) -> bytes:
        sent.append(bytes(tpdu))
        return next(endless)

    with contextlib.suppress(Fault):
        assert isinstance(T0(swap).transmit(apdu), bytes)
    assert len(sent) < 0x300
    if apdu[1:2] == b"\x20":
        assert sum(one[1:2] == b"\x20" and one[4] == 4 for one in sent) <= 1


class AnyReader:
    """The bulk pipes of a reader that answers anything, mostly under the right number; its clock is moved by every question."""

    def __init__(self, answers: list[tuple[int, int, int, int, bytes] | bytes | type[Fault]]) -> None:
        self._answers = cycle(answers)
        self._last = bytes(10)
        self.now = 0.0
        self.asked = 0

    def write(self, message: bytearray) -> None:
        """Keep number and slot."""
        self._last = bytes(message)
        self.tick()

    def read(self, limit: float) -> bytes:
        """Answer."""
        self.tick()
        answer = next(self._answers)
        if isinstance(answer, bytes):
            return answer
        if isinstance(answer, type):
            if answer is Late:
                self.now += limit
            raise answer
        kind, status, error, parameter, data = answer
        right = {0x61: 0x82, 0x6C: 0x82, 0x63: 0x81, 0x65: 0x81, 0x72: 0x81}.get(self._last[0], 0x80)
        return struct.pack("<BIBBBBB", kind or right, len(data), *self._last[5:7], status, error, parameter) + data

    def abort(self, slot: int, seq: int) -> None:
        """Hear the control request."""
        self.tick()

    def clear(self) -> None:
        """Clear halts."""
        self.tick()

    def close(self) -> None:
        """Let go."""

    def tick(self) -> None:
        """Let time pass, and tell a loop without end."""
        self.now += 0.001
        self.asked += 1
        assert self.asked < 100 * MOST_BLOCKS


READER_ANSWERS = st.one_of(
    st.tuples(
        st.sampled_from((0, 0, 0, 0, 0x80, 0x81, 0x83)),
        st.sampled_from((0, 0, 0, 0, 0x40, 0x41, 0x42, 0x80, 0xC0, 0xFF)),
        st.sampled_from((0, 0, 1, 0xFE, 0xFD, 0xE0, 0xF2, 0xFF)),
        st.sampled_from((0, 0, 0, 1, 2, 3, 0x10, 0xFF)),
        st.one_of(
            st.sampled_from([*ATRS, b"", b"\x90\0", b"\xff\x11\x13\xfd", b"\x63\xc3", b"\x61\x10"]),
            BLOCKS.map(lambda it: bytes(blocks.encode(it))),
            st.binary(max_size=12),
        ),
    ),
    st.binary(max_size=12),
    st.sampled_from((Late, Garbled, Gone)),
)  # fmt: skip


@fuzz(
    st.sampled_from(DESCRIPTORS),
    st.sampled_from(ATRS),
    st.lists(READER_ANSWERS, min_size=1, max_size=16),
    st.sampled_from(APDUS),
)
def test_an_apdu_over_any_reader_ends(descriptor: bytes, atr: bytes, answers: list[object], apdu: bytes) -> None:
    wire = AnyReader([(0, 0, 0, 0, atr), *answers])  # type: ignore[list-item]
    driver = Driver(wire, Descriptor.parse(descriptor), lambda: wire.now, lambda seconds: wire.tick())
    with (
        contextlib.suppress(Fault),
        patch.object(t1, "_MOST_BYTES", LONGEST),
        patch.object(exchange, "_MOST_BYTES", LONGEST),
    ):
        card = exchange.connect(driver, 0)
        for _ in range(2):
            with contextlib.suppress(Fault):
                assert isinstance(card.transmit(apdu), bytes)
            driver.recover(0)
    exchange.unpower(driver, 0)
    driver.close()

"""Our YMODEM sender against the practice board's receiver, which shares no code with it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.errors import TransferBroken
from firmware_bridge.protocols import ymodem
from simulators.board.receiver import Receiver, crc16
from tests.support.board import in_thread, pipe

QUICK = ymodem.Patience(start=5, reply=0.5, settle=0.01, restart=0.2, prompt_go=0.02)
CHAR_TIMEOUT = 0.1


class Received:
    """What the receiver got, and what it counted."""

    def __init__(self, wire: object) -> None:
        self.data = bytearray()
        self._receiver = Receiver(wire, CHAR_TIMEOUT)  # type: ignore[arg-type]
        self.counts = self._receiver.counts

    def run(self) -> None:
        def store(offset: int, data: bytes) -> None:
            assert offset == len(self.data)
            self.data += data

        self._receiver.receive(store)


# The check value of CRC-16/XMODEM for "123456789" (RevEng catalogue), and values easily worked out by hand.
@pytest.mark.parametrize(
    ("data", "crc"), [(b"123456789", 0x31C3), (b"", 0), (b"\x00", 0), (b"\x01", 0x1021), (b"A", 0x58E5)]
)
def test_both_crcs_give_the_published_values(data: bytes, crc: int) -> None:
    assert crc16(data) == crc
    framed = ymodem.packet(1, data.rjust(128, b"\0"))  # leading zeros do not change a CRC that starts at 0
    assert int.from_bytes(framed[-2:], "big") == crc


def test_a_header_names_file_and_size() -> None:
    framed = ymodem.header("chunk1", 262144)
    assert framed[:3] == bytes([ymodem.SOH, 0x00, 0xFF])
    assert framed[3:-2] == b"chunk1\x00262144\x00".ljust(128, b"\0")
    assert len(framed) == 3 + 128 + 2


def test_block_numbers_wrap_and_padding_is_sub() -> None:
    framed = ymodem.packets(bytes(300 * 1024 + 5))
    assert [f[0][1] for f in framed] == [n % 256 for n in range(1, 302)]
    assert all(block[1] ^ block[2] == 0xFF for block, _ in framed)
    last, size = framed[-1]
    assert (last[0], size) == (ymodem.SOH, 5)
    assert last[3 + 5 : -2] == b"\x1a" * 123


@given(st.binary(max_size=9000))
@settings(max_examples=40, deadline=None)
def test_anything_arrives_as_it_was(data: bytes) -> None:
    host, board = pipe()
    received = Received(board)
    steps: list[int] = []
    with in_thread(received.run):
        assert ymodem.send(host, "f", data, steps.append, QUICK) == 0
    assert bytes(received.data) == data
    assert steps == sorted(steps)
    assert steps[-1:] == ([len(data)] if data else [])


@given(st.integers(0, 2**32), st.sampled_from([0.0002, 0.001]))
@settings(max_examples=8, deadline=None)
def test_noise_is_mended_or_told_never_hidden(seed: int, rate: float) -> None:
    noise = random.Random(seed)

    def noisy(data: bytes) -> bytes:
        return bytes(b ^ (1 << noise.randrange(8)) if noise.random() < rate else b for b in data)

    data = noise.randbytes(6000)
    host, board = pipe(noisy)
    received = Received(board)
    with in_thread(received.run):
        try:
            ymodem.send(host, "f", data, patience=QUICK)
        except TransferBroken:
            return
    assert bytes(received.data) == data


def test_one_damaged_block_is_sent_again() -> None:
    damaged: list[bytes] = []

    def once(data: bytes) -> bytes:
        if len(data) > 1000 and not damaged:
            damaged.append(data)
            return data[:500] + bytes([data[500] ^ 1]) + data[501:]
        return data

    host, board = pipe(once)
    received = Received(board)
    with in_thread(received.run):
        assert ymodem.send(host, "f", bytes(range(256)) * 16, patience=QUICK) == 1
    assert bytes(received.data) == bytes(range(256)) * 16
    assert received.counts.retries == 2  # the damaged block, and the C that asks for the next file's header


def test_a_lost_acknowledgement_does_not_repeat_the_block() -> None:
    lost: list[bytes] = []

    def swallow_third(data: bytes) -> bytes:
        if data == b"\x06":
            lost.append(data)
            if len(lost) == 3:
                return b""
        return data

    host, board = pipe(change_back=swallow_third)
    received = Received(board)
    with in_thread(received.run):
        assert ymodem.send(host, "f", bytes(4096), patience=QUICK) >= 1
    assert bytes(received.data) == bytes(4096)


@pytest.mark.parametrize(
    ("said", "how"),
    [
        (b"", ymodem.Broken.NO_START),
        (b"\x18\x18\x18", ymodem.Broken.CANCELLED),
        (b"C", ymodem.Broken.SILENT),
        (b"C" + b"\x15" * 4000, ymodem.Broken.REFUSED),
    ],
)
def test_a_broken_transfer_says_how_and_cancels_the_other_side(said: bytes, how: ymodem.Broken) -> None:
    host, board = pipe()
    patience = ymodem.Patience(start=0.2, reply=0.1, refusals=3, settle=0.0, restart=0.0, prompt_go=0.01)
    board.write(said)
    with pytest.raises(TransferBroken) as error:
        ymodem.send(host, "f", b"data", patience=patience)
    assert error.value.args_ == {"how": how}
    assert bytes(host.written).endswith(ymodem.CANCEL)


def test_one_can_alone_is_noise() -> None:
    host, board = pipe()
    board.write(b"\x18")
    received = Received(board)
    with in_thread(received.run):
        ymodem.send(host, "f", b"data", patience=QUICK)
    assert bytes(received.data) == b"data"

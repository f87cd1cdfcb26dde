"""The message layer over a wire that does what a test says: numbers, waiting, stray answers, and finding back."""

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.card.readers.ccid.descriptor import Descriptor, Feature, Protocol
from stb_agent.card.readers.ccid.driver import Driver
from stb_agent.card.readers.ccid.faults import Failed, Fault, Garbled, Gone, Late, SlotError
from stb_agent.card.readers.ccid.messages import Out

READER = Descriptor(
    max_slot=0, voltages=7, protocols=Protocol.T1, clock=4000, max_rate=344086, max_ifsd=254,
    features=Feature.EXTENDED_APDU, max_message=271,
)  # fmt: skip


def answer(
    sent: bytes,
    kind: int = 0x80,
    status: int = 0,
    error: int = 0,
    data: bytes = b"\x90\x00",
    *,
    seq: int = 0,
    slot: int = 0,
):
    """Give an answer to a message, its number and slot off by so much."""
    return (
        bytes((kind, *len(data).to_bytes(4, "little"), sent[5] + slot & 0xFF, sent[6] + seq & 0xFF, status, error, 0))
        + data
    )


class Wire:
    """A wire and its time: ``replies`` makes of each message the bytes that come back, each after some seconds."""

    def __init__(self, replies: Callable[[bytes], list[tuple[float, bytes | Fault]]]) -> None:
        self.replies = replies
        self.now = 0.0
        self.sent: list[bytes] = []
        self.coming: list[tuple[float, bytes | Fault]] = []
        self.cleared = self.closed = 0
        self.aborted: list[tuple[int, int]] = []

    def write(self, message: bytearray) -> None:
        self.sent.append(bytes(message))
        self.coming += [(self.now + after, it) for after, it in self.replies(bytes(message))]

    def read(self, limit: float) -> bytes:
        if not self.coming or self.coming[0][0] > self.now + limit:
            self.now += limit
            raise Late
        when, it = self.coming.pop(0)
        self.now = max(self.now, when)
        if isinstance(it, Fault):
            raise it
        return it

    def abort(self, slot: int, seq: int) -> None:
        self.aborted.append((slot, seq))

    def clear(self) -> None:
        self.cleared += 1

    def close(self) -> None:
        self.closed += 1

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def driver(self) -> Driver:
        return Driver(self, READER, lambda: self.now, self.sleep)


def exchange(wire: Wire, driver: Driver | None = None) -> bytes:
    return (driver or wire.driver()).command(Out.XFR_BLOCK, 0, data=b"abc", limit=5.0, waiting=1.5).data


def test_numbers_count_up_and_begin_again():
    wire = Wire(lambda sent: [(0, answer(sent))])
    driver = wire.driver()
    for _ in range(258):
        assert exchange(wire, driver) == b"\x90\x00"
    assert [it[6] for it in wire.sent] == [*range(256), 0, 1]


def test_answers_to_other_messages_are_dropped():
    wire = Wire(
        lambda sent: [
            (0, answer(sent, seq=-1, data=b"late")),
            (0, answer(sent, slot=1, data=b"other slot")),
            (0, answer(sent, kind=0x82, data=b"other kind")),
            (0, b"\x80\x01"),
            (0, answer(sent)),
        ]
    )
    assert exchange(wire) == b"\x90\x00"


def test_more_time_is_waited_for_and_nothing_is_sent_again():
    wire = Wire(
        lambda sent: [
            (4, answer(sent, status=0x80, error=4)),
            (10, answer(sent, status=0x80, error=1)),
            (14, answer(sent)),
        ]
    )
    assert exchange(wire) == b"\x90\x00"
    assert len(wire.sent) == 1
    assert wire.now == 14


def test_without_a_request_for_time_the_limit_holds():
    wire = Wire(lambda sent: [(5.1, answer(sent))])
    with pytest.raises(Late):
        exchange(wire)
    assert wire.now == pytest.approx(5.0)


def test_a_reader_that_asks_for_255_waiting_times_and_dies_is_given_up():
    wire = Wire(lambda sent: [(1, answer(sent, status=0x80, error=255))])
    with pytest.raises(Late):
        exchange(wire)
    assert 30 < wire.now < 70


def test_a_reader_that_asks_for_time_without_end_is_given_up():
    wire = Wire(lambda sent: [(after, answer(sent, status=0x80, error=1)) for after in range(1000)])
    with pytest.raises(Late):
        exchange(wire)
    assert wire.now < 70


def test_a_stream_of_stray_messages_is_given_up():
    wire = Wire(lambda sent: [(0, answer(sent, seq=1))] * 1000)
    with pytest.raises(Garbled):
        exchange(wire)


def test_a_busy_slot_is_tried_again_and_another_failure_is_told():
    errors = [SlotError.SLOT_BUSY, SlotError.BUSY_WITH_AUTO_SEQUENCE]
    wire = Wire(lambda sent: [(0, answer(sent, status=0x40, error=errors.pop(), data=b"") if errors else answer(sent))])
    assert exchange(wire) == b"\x90\x00"
    wire = Wire(lambda sent: [(0, answer(sent, kind=0x81, status=0x42, error=SlotError.MUTE, data=b""))])
    with pytest.raises(Failed) as told:
        exchange(wire)
    assert (told.value.error, told.value.absent) == (SlotError.MUTE, True)
    assert len(wire.sent) == 1


def test_a_slot_that_stays_busy_is_told():
    wire = Wire(lambda sent: [(0, answer(sent, status=0x40, error=SlotError.SLOT_BUSY, data=b""))])
    with pytest.raises(Failed):
        exchange(wire)
    assert wire.now < 2


def test_a_failed_transfer_clears_the_pipes():
    wire = Wire(lambda sent: [(0, Garbled())])
    with pytest.raises(Garbled):
        exchange(wire)
    assert wire.cleared == 1


def test_a_reader_that_left_is_asked_nothing_more():
    wire = Wire(lambda sent: [(0, Gone())])
    driver = wire.driver()
    for _ in range(2):
        with pytest.raises(Gone):
            exchange(wire, driver)
    assert driver.gone
    assert len(wire.sent) == 1


def test_a_lost_message_is_aborted_on_both_pipes_with_one_number():
    wire = Wire(lambda sent: [(0, answer(sent, kind=0x81, data=b""))] if sent[0] == Out.ABORT else [])
    driver = wire.driver()
    with pytest.raises(Late):
        exchange(wire, driver)
    driver.recover(0)
    assert wire.sent[-1][0] == Out.ABORT
    assert wire.aborted == [(0, wire.sent[-1][6])]
    assert not wire.cleared


def test_a_reader_that_knows_no_abort_is_cleared_and_asked():
    wire = Wire(
        lambda sent: (
            [(0, answer(sent, kind=0x81, status=0x40, data=b""))]
            if sent[0] == Out.ABORT
            else [(0, answer(sent, kind=0x81, status=0x01, data=b""))]
        )
    )
    driver = wire.driver()
    driver.recover(0)
    assert wire.cleared == 1
    assert [it[0] for it in wire.sent] == [Out.ABORT, Out.SLOT_STATUS]
    assert not driver.broken


def test_a_reader_that_answers_nothing_is_broken():
    driver = Wire(lambda sent: []).driver()
    with pytest.raises(Garbled):
        driver.recover(0)
    assert driver.broken


def test_what_is_closed_sends_nothing_more():
    wire = Wire(lambda sent: [(0, answer(sent))])
    driver = wire.driver()
    driver.close()
    assert wire.closed == 1
    with pytest.raises(Gone):
        exchange(wire, driver)
    assert not wire.sent


@given(st.lists(st.tuples(st.floats(0, 3), st.binary(max_size=20)), max_size=80))
def test_whatever_comes_back_only_faults_come_out(noise: list[tuple[float, bytes]]):
    def replies(sent: bytes) -> list[tuple[float, bytes | Fault]]:
        # Half of it made to look like answers to this message.
        return [(after, sent[:0] + it[:5] + sent[5:7] + it[7:] if len(it) % 2 else it) for after, it in sorted(noise)]

    wire = Wire(replies)
    driver = wire.driver()
    with contextlib.suppress(Fault):
        exchange(wire, driver)
    assert wire.now < 200

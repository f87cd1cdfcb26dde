"""The bulk messages, and the notices of the interrupt endpoint."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.card.readers.ccid import messages
from stb_agent.card.readers.ccid.faults import Malformed
from stb_agent.card.readers.ccid.messages import Icc, Out


def test_a_command_is_ten_bytes_of_header_and_the_data():
    assert messages.encode(Out.XFR_BLOCK, 1, 0xFE, b"\x02\x10\x00", b"abc").hex() == "6f0300000001fe021000616263"
    assert messages.encode(Out.POWER_OFF, 0, 7).hex() == "63000000000007000000"


def test_an_answer_is_read():
    it = messages.decode(bytes.fromhex("80020000000105 00 00 01 9000"))
    assert (it.kind, it.slot, it.seq, it.parameter, it.data) == (0x80, 1, 5, 1, b"\x90\x00")
    assert not it.failed
    assert not it.more_time
    assert it.icc is Icc.ACTIVE


@pytest.mark.parametrize(
    ("status", "failed", "more_time", "icc"),
    [(0x40, True, False, Icc.ACTIVE), (0x42, True, False, Icc.ABSENT), (0x81, False, True, Icc.INACTIVE), (0x01, False, False, Icc.INACTIVE)],
)  # fmt: skip
def test_the_status_is_told_apart(status: int, failed: bool, more_time: bool, icc: Icc):
    it = messages.decode(bytes((0x81, 0, 0, 0, 0, 0, 0, status, 0xFE, 0)))
    assert (it.failed, it.more_time, it.icc) == (failed, more_time, icc)


@pytest.mark.parametrize("raw", ["", "800200000001050000", "80030000000105000001 9000"])
def test_a_message_cut_short_is_none(raw: str):
    with pytest.raises(Malformed):
        messages.decode(bytes.fromhex(raw))


def test_a_message_shows_no_data():
    assert "1234" not in repr(messages.decode(bytes.fromhex("80040000000105000000") + b"1234"))


@given(st.binary(max_size=40), st.integers(1, 16))
def test_whatever_the_bytes_only_our_fault_comes_out(data: bytes, slots: int):
    messages.decode_notice(data, slots)
    try:
        it = messages.decode(data)
    except Malformed:
        return
    assert it.icc in Icc
    assert not (it.failed and it.more_time)


@pytest.mark.parametrize(
    ("raw", "slots", "told"),
    [
        ("5003", 1, ((True, True),)),
        ("5002", 1, ((False, True),)),
        ("500c", 2, ((False, False), (True, True))),
        ("50000002", 9, (*((False, False),) * 8, (False, True))),
        ("5100000000", 1, None),
        ("50", 1, None),
        ("5000", 5, None),
        ("", 1, None),
    ],
)
def test_a_notice_is_two_bits_a_slot(raw: str, slots: int, told: object):
    assert messages.decode_notice(bytes.fromhex(raw), slots) == told

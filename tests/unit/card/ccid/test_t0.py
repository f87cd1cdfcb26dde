"""T=0: each case of command, as TPDUs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.card.readers.ccid.faults import Fault, Garbled, Unfit
from stb_agent.card.readers.ccid.t0 import T0

DATA = bytes(range(256))


@pytest.mark.parametrize(
    ("apdu", "script", "answer"),
    [
        ("00200080", [("0020008000", "63C3")], "63C3"),
        ("00B0000010", [("00B0000010", "AABB9000")], "AABB9000"),
        ("00B0000000", [("00B0000000", "6C02"), ("00B0000002", "AABB9000")], "AABB9000"),
        ("00B0000000", [("00B0000000", "AA6102"), ("00C0000002", "BBCC9000")], "AABBCC9000"),
        ("00B00000000000", [("00B0000000", DATA.hex() + "9000")], DATA.hex() + "9000"),
        ("00B00000000000", [("00B0000000", DATA.hex() + "6100"), ("00C0000000", "AA9000")], DATA.hex() + "AA9000"),
        ("00200080041234ABCD", [("00200080041234ABCD", "9000")], "9000"),
        ("00200080041234ABCD", [("00200080041234ABCD", "6C04")], "6C04"),
        ("00200080041234ABCD", [("00200080041234ABCD", "6102")], "6102"),
        ("802A008002AABB00", [("802A008002AABB", "6103"), ("00C0000003", "0102039000")], "0102039000"),
        ("802A008002AABB02", [("802A008002AABB", "6103"), ("00C0000002", "01029000")], "01029000"),
        ("802A008002AABB00", [("802A008002AABB", "9000"), ("00C0000000", "6C01"), ("00C0000001", "019000")], "019000"),
        ("802A008002AABB00", [("802A008002AABB", "6103"), ("00C0000003", "016102"), ("00C0000002", "02039000")], "0102039000"),
        ("802A008002AABB00", [("802A008002AABB", "6982")], "6982"),
    ],
)  # fmt: skip
def test_each_case(apdu: str, script: list[tuple[str, str]], answer: str):
    left = list(script)

    def card(tpdu: bytes | bytearray) -> bytes:
        expected, response = left.pop(0)
        assert bytes(tpdu).hex().upper() == expected.upper()
        return bytes.fromhex(response)

    assert T0(card).transmit(bytes.fromhex(apdu)).hex().upper() == answer.upper()
    assert not left


@pytest.mark.parametrize("apdu", [b"", b"\x00\xb0", b"\x00\x2a\x00\x00\x00\x01\x00" + bytes(256)])
def test_what_no_tpdu_carries_is_refused_before_a_byte_is_sent(apdu: bytes):
    with pytest.raises(Unfit):
        T0(lambda tpdu: pytest.fail("sent")).transmit(apdu)


def test_an_answer_without_end_is_given_up():
    with pytest.raises(Garbled):
        T0(lambda tpdu: b"\x61\x10").transmit(bytes.fromhex("00B0000000"))


def test_a_body_is_wiped():
    kept: list[bytearray] = []

    def card(tpdu: bytearray) -> bytes:
        kept.append(tpdu)
        return b"\x90\x00"

    T0(card).transmit(bytes.fromhex("0020008004") + b"1234")
    assert not any(kept[0])


@given(st.binary(max_size=20), st.lists(st.binary(max_size=20), max_size=30))
def test_whatever_the_card_says_only_faults_come_out(apdu: bytes, answers: list[bytes]):
    left = iter(answers)
    try:
        T0(lambda tpdu: next(left, b"")).transmit(apdu)
    except Fault:
        return

"""Answers-to-reset: those of the Individual Number Card and others, and what is chosen from them."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.card.readers.ccid.atr import Atr, Choice, Transmission, choose
from stb_agent.card.readers.ccid.descriptor import Descriptor, Feature, Protocol
from stb_agent.card.readers.ccid.faults import Malformed

T0, T1 = Transmission.T0, Transmission.T1
READER = Descriptor(
    max_slot=0, voltages=7, protocols=Protocol.T0 | Protocol.T1, clock=4000, max_rate=344086, max_ifsd=254,
    features=Feature.TPDU | Feature.AUTO_BAUD | Feature.AUTO_CLOCK, max_message=271,
)  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "offered", "fd", "ifsc", "waiting", "historical"),
    [
        ("3BE000FF8131FE4514", (T1,), 0x11, 254, 0x45, ""),
        ("3BDA13FF8131FB468012392F31C173C601C03B", (T1,), 0x13, 251, 0x46, "8012392F31C173C601C0"),
        ("3BC5FF8131FB45807 3C6010000".replace(" ", ""), (T1,), 0x11, 251, 0x45, "8073C60100"),
        ("3B888001000005E0B381A1007F", (T0, T1), 0x11, 32, 0x4D, "000005E0B381A100"),
        ("3B6000008073C601"[:8], (T0,), 0x11, 32, 0x4D, ""),
    ],
)  # fmt: skip
def test_what_cards_answer(raw: str, offered: object, fd: int, ifsc: int, waiting: int, historical: str):
    it = Atr.parse(bytes.fromhex(raw))
    assert (it.offered, it.fd, it.ifsc, it.waiting, it.historical.hex().upper()) == (
        offered,
        fd,
        ifsc,
        waiting,
        historical,
    )
    assert not it.crc


def made(*head: int, tck: bool = True) -> Atr:
    """Give an answer-to-reset with its check character."""
    raw = bytes((0x3B, *head))
    check = 0
    for byte in raw[1:]:
        check ^= byte
    return Atr.parse(raw + bytes((check,)) if tck else raw)


def test_the_waiting_time_of_a_block():
    # 2^4 * 960 * 372 / f at 4 MHz.
    assert made(0xE0, 0x00, 0xFF, 0x81, 0x31, 0xFE, 0x45).block_waiting(4000) == pytest.approx(1.428, abs=0.001)


def test_a_crc_is_told():
    assert made(0x80, 0x81, 0x71, 0xFE, 0x45, 0x01).crc


@pytest.mark.parametrize(
    "raw",
    [
        "", "3B", "3C00", "3BE000FF8131FE4515", "3BE000FF8131FE45", "3BE000FF", "3B05112233", "3B808E0E",
        "3B" + "FF" * 40, "3B80FFFF" + "FF" * 20,
    ],
)  # fmt: skip
def test_what_is_none(raw: str):
    with pytest.raises(Malformed):
        Atr.parse(bytes.fromhex(raw))


@given(st.binary(max_size=40), st.sampled_from([0x3B, 0x3F]))
def test_whatever_the_bytes_only_our_fault_comes_out(data: bytes, ts: int):
    try:
        it = Atr.parse(bytes((ts,)) + data)
        it.block_waiting(0)
        choice = choose(it, READER)
        assert len(choice.parameters(it)) == (5 if choice.protocol is T0 else 7)
        choice.agreed(choice.request())
    except Malformed:
        return


def test_a_card_that_offers_speed_is_asked():
    atr = Atr.parse(bytes.fromhex("3BDA13FF8131FB468012392F31C173C601C03B"))
    choice = choose(atr, READER)
    assert choice == Choice(T1, 0x13, ask=True)
    assert choice.request().hex() == "ff1113fd"
    assert choice.parameters(atr).hex() == "1310ff4600fb00"
    assert choose(atr, READER, fast=False) == Choice(T1, 0x11, ask=False)


@pytest.mark.parametrize("change", [{"max_rate": 20000}, {"features": Feature.TPDU}])
def test_a_reader_that_cannot_follow_stays_at_the_first_speed(change: dict[str, object]):
    assert choose(made(0x90, 0x13, 0x81, 0x01), dataclasses.replace(READER, **change)) == Choice(T1, 0x11, ask=False)


def test_the_first_protocol_is_taken_unless_the_reader_lacks_it():
    both = made(0x80, 0x80, 0x01)
    assert choose(both, READER) == Choice(T0, 0x11, ask=False)
    choice = choose(both, dataclasses.replace(READER, protocols=Protocol.T1))
    assert choice == Choice(T1, 0x11, ask=True)
    assert choice.request().hex() == "ff01fe"


def test_a_card_in_specific_mode_is_not_asked():
    assert choose(made(0x90, 0x13, 0x91, 0x01, 0x01), READER) == Choice(T1, 0x13, ask=False)
    assert choose(made(0x90, 0x13, 0x91, 0x11, 0x01), READER) == Choice(T1, 0x11, ask=False)


def test_a_reader_and_a_card_that_share_nothing():
    with pytest.raises(Malformed):
        choose(made(0x80, 0x01), dataclasses.replace(READER, protocols=Protocol.T0))


def test_the_card_may_agree_in_part_or_not_at_all():
    choice = Choice(T1, 0x13, ask=True)
    assert choice.agreed(bytes.fromhex("ff1113fd")) == choice
    assert choice.agreed(bytes.fromhex("ff01fe")) == Choice(T1, 0x11, ask=True)
    for other in ("", "ff1112fc", "ff00ff", "ff1113fe"):
        with pytest.raises(Malformed):
            choice.agreed(bytes.fromhex(other))


def test_the_parameters_of_t0():
    atr = made(0x40, 0x05, tck=False)
    assert choose(atr, READER).parameters(atr).hex() == "1100050a00"

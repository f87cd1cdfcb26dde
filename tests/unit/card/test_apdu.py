import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.card import errors
from stb_agent.card.apdu import Command, Response, exchange


@pytest.mark.parametrize(
    ("command", "apdu"),
    [
        (Command(0, 0x20, 0, 0x98), "00200098"),
        (Command(0, 0xB0, 1, 2, le=0x25), "00B0010225"),
        (Command(0, 0xB0, 1, 2, le=256), "00B0010200"),
        (Command(0, 0xA4, 2, 0x0C, b"\x00\x0a"), "00A4020C02000A"),
        (Command(0x80, 0x2A, 0, 0x97, b"\x01", le=256), "802A0097010100"),
        (Command(0, 0xB0, 0x8A, 0, le=65536, extended=True), "00B08A00000000"),
        (Command(0, 0xD6, 0, 0, b"ab", extended=True), "00D600000000026162"),
        (Command(0, 0x2A, 0, 0, b"a", le=256, extended=True), "002A0000000001610100"),
    ],
)
def test_the_seven_forms(command: Command, apdu: str):
    assert command.encode().hex().upper() == apdu
    assert Command.decode(bytes.fromhex(apdu)) == command


@given(st.binary(max_size=300))
def test_what_is_decoded_is_the_same_bytes_again(apdu: bytes):
    try:
        command = Command.decode(apdu)
    except ValueError:
        return
    assert command.encode() == apdu


@pytest.mark.parametrize(
    "command", [Command(0, 0, 0, 0, bytes(256)), Command(0, 0, 0, 0, le=257), Command(0, 0, 0, 0, le=0)]
)
def test_what_does_not_fit_is_refused(command: Command):
    with pytest.raises(ValueError, match="fit"):
        command.encode()


@pytest.mark.parametrize("answer", [b"", b"\x90", b"\x01\x02\x03"])
def test_an_answer_without_status_word_is_none(answer: bytes):
    with pytest.raises(errors.ExchangeFailed):
        Response.decode(answer)


def test_more_data_is_fetched_and_a_wrong_length_corrected(reader):
    card = reader({"00B0000000": "6C04", "00B0000004": "61 02", "00C0000002": "AABB 6103", "00C0000003": "CCDDEE 9000"})
    response = exchange(card.transmit, Command(0, 0xB0, 0, 0, le=256))
    assert (response.data.hex(), response.sw) == ("aabbccddee", 0x9000)


def test_a_command_with_a_body_is_sent_once(reader):
    card = reader({"00": "6C10"})
    assert exchange(card.transmit, Command(0, 0x20, 0, 0x98, b"1234")).sw == 0x6C10
    assert exchange(card.transmit, Command(0, 0x2A, 0, 0, b"1234", le=256)).sw == 0x6C10
    assert len(card.commands) == 2


def test_a_card_that_never_ends_is_cut_off(reader):
    card = reader({"": "AA 6101"})
    with pytest.raises(errors.ExchangeFailed):
        exchange(card.transmit, Command(0, 0xB0, 0, 0, le=256))


def test_bodies_and_data_are_not_shown():
    assert "31" not in repr(Command(0, 0x20, 0, 0x98, b"1111"))
    assert repr(Response(b"secret", 0x9000)) == "9000 with 6 bytes"

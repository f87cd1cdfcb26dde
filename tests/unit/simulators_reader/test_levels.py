from collections.abc import Callable

import pytest
from cryptography import x509

from simulators.card import Quirks
from simulators.reader import Hand
from tests.support.ccid_host import GET, POWER_ON, SET, STATUS, Host, block

Make = Callable[..., Hand]
AP = bytes.fromhex("00A4040C0AD392F000260100000001")
CERTIFICATE = bytes.fromhex("00B08A00000000")
ATR = bytes.fromhex("3BDA13FF8131FB468012392F31C173C601C03B")


def test_a_tpdu_reader_carries_blocks(make_hand: Make) -> None:
    hand = make_hand("scr3310-nttcom")
    hand.insert("linked")
    host = Host(hand.backend)
    assert host.ask(STATUS).status == 1
    assert host.ask(POWER_ON).data == ATR
    # By itself this reader has negotiated TA1 and set T=1 up.
    assert host.ask(GET).data == bytes.fromhex("1310FF46 00FB00")
    assert host.line(block(0xC1, b"\xfc")) == block(0xE1, b"\xfc")
    assert host.line(block(0x00, AP)) == block(0x00, b"\x90\x00")
    whole, number = b"", 1
    answer = host.line(block(0x40, CERTIFICATE))
    while True:
        assert answer == block(answer[1], answer[3:-1])
        assert answer[1] >> 6 & 1 == number
        whole, number = whole + answer[3:-1], number ^ 1
        if not answer[1] & 0x20:
            break
        answer = host.line(block(0x80 | number << 4))
    assert whole[-2:] == b"\x90\x00"
    x509.load_der_x509_certificate(whole[:-2])
    assert hand.recorder.commands == [AP.hex(), CERTIFICATE.hex()]


def test_a_reader_that_does_nothing_by_itself(make_hand: Make) -> None:
    hand = make_hand("gempc-twin")
    hand.insert("linked")
    host = Host(hand.backend)
    assert (host.ask(POWER_ON).status, host.ask(POWER_ON).error) == (0x41, 7)  # no automatic voltage
    assert host.ask(POWER_ON, specific=b"\x01\0\0").data == ATR
    assert (host.xfr(block(0xC1, b"\xfe")).status, host.ask(GET).last) == (0x40, 0)  # it still speaks T=0
    pps = bytes.fromhex("FF1113FD")
    assert host.line(pps) == pps
    assert host.xfr(block(0xC1, b"\xfe")).error == 0xFE  # and at another rate than the card now has
    parameters = bytes.fromhex("1310FF46 00FB00")
    assert host.ask(SET, parameters, b"\x01\0\0").data == parameters
    assert host.line(block(0xC1, b"\xfe")) == block(0xE1, b"\xfe")
    assert host.line(block(0x00, AP)) == block(0x00, b"\x90\x00")


def test_a_voltage_that_the_card_does_not_know(make_hand: Make) -> None:
    hand = make_hand("acr39u")
    hand.insert("linked", voltages=frozenset({1.8}))
    host = Host(hand.backend)
    assert [host.ask(POWER_ON, specific=bytes([select, 0, 0])).error for select in (1, 2)] == [0xFE, 0xFE]
    assert host.ask(POWER_ON, specific=b"\x03\0\0").data == ATR


def test_a_short_apdu_reader(make_hand: Make) -> None:
    hand = make_hand("gnuk")
    hand.insert("linked")
    host = Host(hand.backend)
    assert host.ask(POWER_ON).data == ATR
    assert host.xfr(AP).data == b"\x90\x00"
    assert len(host.xfr(bytes.fromhex("00B08A0000")).data) == 258
    long = host.xfr(CERTIFICATE)
    assert (long.status, long.error) == (0x40, 1)
    assert hand.recorder.commands == [AP.hex(), "00b08a0000"]


@pytest.mark.parametrize("model", ["rc-s300", "au9540"])
def test_an_extended_apdu_reader(make_hand: Make, model: str) -> None:
    hand = make_hand(model)
    hand.insert("linked")
    host = Host(hand.backend)
    assert host.ask(POWER_ON).data == ATR
    assert host.xfr(AP).data == b"\x90\x00"
    reply = host.xfr(CERTIFICATE)
    whole, chain = reply.data, [reply.last]
    while reply.last in (1, 3):
        reply = host.xfr(b"", level=0x10)
        whole += reply.data
        chain.append(reply.last)
    assert chain == [1, *[3] * (len(chain) - 2), 2]
    assert len(chain) == -(-len(whole) // (hand.device.model.longest - 10))
    x509.load_der_x509_certificate(whole[:-2])


def test_a_command_longer_than_a_message_goes_in_parts(make_hand: Make) -> None:
    hand = make_hand("au9540")
    hand.insert("linked")
    host = Host(hand.backend)
    host.ask(POWER_ON)
    host.xfr(AP)
    host.xfr(bytes.fromhex("002000980431323334"))
    command = b"\x80\x2a\x03\x97\x00\x02\x58" + bytes(600) + b"\x00\x00"
    parts = [host.xfr(command[:262], level=1), host.xfr(command[262:524], level=3), host.xfr(command[524:], level=2)]
    assert [(part.data, part.last) for part in parts[:2]] == [(b"", 0x10)] * 2
    assert len(parts[2].data) == 258  # the card hashed and signed it all
    assert hand.recorder.commands[2:] == [command.hex()]
    assert host.xfr(b"\x00", level=3).error == 8


def test_a_character_reader_does_nothing(make_hand: Make) -> None:
    hand = make_hand("character")
    hand.insert("linked")
    host = Host(hand.backend)
    host.ask(POWER_ON, specific=b"\x01\0\0")
    assert (host.xfr(AP).status, host.xfr(AP).error) == (0x40, 0)


T0 = "3b6b00008073c60100900000000000"


@pytest.mark.parametrize("model", ["scr3310-nttcom", "gempc-twin"])
def test_t0_tpdus(make_hand: Make, model: str) -> None:
    hand = make_hand(model)
    hand.quirks(Quirks(atr=T0))
    hand.insert("linked")
    host = Host(hand.backend)
    assert host.ask(POWER_ON, specific=b"\x01\0\0").data == bytes.fromhex(T0)
    assert host.line(AP) == b"\x90\x00"
    assert host.line(bytes.fromhex("0020009800")) == b"\x63\xc3"
    assert host.line(bytes.fromhex("00B0880000")) == b"\x6c\x03"
    assert host.line(bytes.fromhex("00B0880003")) == bytes.fromhex("8F8F009000")
    assert host.line(bytes.fromhex("002000980431323334")) == b"\x90\x00"
    assert host.line(bytes.fromhex("802A00970141")) == b"\x61\x00"
    assert len(host.line(bytes.fromhex("00C0000000"))) == 258


def test_t0_behind_an_apdu_reader(make_hand: Make) -> None:
    hand = make_hand("au9540")
    hand.quirks(Quirks(atr=T0))
    hand.insert("linked")
    host = Host(hand.backend)
    host.ask(POWER_ON)
    for command, answer in (
        (AP, "9000"), (bytes.fromhex("00200098"), "63c3"), (bytes.fromhex("00B0880000"), "8f8f009000"),
        (bytes.fromhex("002000980431323334"), "9000"),
    ):  # fmt: skip
        assert host.xfr(command).data.hex() == answer
    assert len(host.xfr(bytes.fromhex("802A0097014100")).data) == 258


def test_a_reader_without_t0_says_so(make_hand: Make) -> None:
    hand = make_hand("rc-s300")
    hand.quirks(Quirks(atr=T0))
    hand.insert("linked")
    assert Host(hand.backend).ask(POWER_ON).error == 0xF6

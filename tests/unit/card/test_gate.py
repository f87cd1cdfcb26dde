"""No APDU outside the allow-list reaches a recording reader. What is allowed is written here again, as patterns over bytes."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stb_agent.card import errors
from stb_agent.card.gate import TRAFFIC, Gate

SELECT = "00A4040C0AD392F000260100000001"
INFO = "3031300D060960864801650304020105000420"
ALLOWED = re.compile(
    f"{SELECT}|00A4020C02(0006|0008|000A|000B|0017|0018)"
    "|00B0[0-7][0-9A-F]{3}([0-9A-F]{2}|000000)|00B0(86|88|8A|8B)00([0-9A-F]{2}|000000)"
    "|002000(80|98)(04(3[0-9]){4})?"
    f"|802A00(80|97)33{INFO}[0-9A-F]{{64}}00"
)
SAMPLES = [
    SELECT, "00A4020C02000A", "00A4020C020017", "00A4020C020018", "00B0000000", "00B0012325", "00B08A0000", "00B08A00000000",
    "00200080", "00200098", "002000800431323334", "002000980431323334",
    f"802A008033{INFO}{'AB' * 32}00", f"802A009733{INFO}{'AB' * 32}00",
]  # fmt: skip


class Recorder:
    name, atr = "recorder", b"\x3b\x00"

    def __init__(self, answer: bytes = b"\x90\x00") -> None:
        self.reached: list[str] = []
        self.answer = answer

    def transmit(self, apdu) -> bytes:
        self.reached.append(bytes(apdu).hex().upper())
        return self.answer

    def close(self, unpower: bool = True) -> None:
        raise AssertionError("the gate closes nothing")


def gate(*before: str) -> tuple[Gate, Recorder]:
    recorder = Recorder()
    it = Gate(recorder)
    for command in before:
        it.transmit(bytes.fromhex(command))
    recorder.reached.clear()
    return it, recorder


def refused(command: str | bytes, *before: str) -> bool:
    apdu = bytes.fromhex(command) if isinstance(command, str) else command
    it, recorder = gate(*before)
    try:
        it.transmit(apdu)
    except errors.Forbidden:
        assert recorder.reached == []
        return True
    assert recorder.reached == [apdu.hex().upper()]
    return False


near = st.builds(
    lambda sample, at, byte, how: (
        sample[:at] + bytes([byte]) + sample[at + (how != "insert") :] if how != "cut" else sample[:at]
    ),
    st.sampled_from([bytes.fromhex(one) for one in SAMPLES]),
    st.integers(0, 60),
    st.integers(0, 255),
    st.sampled_from(["replace", "insert", "cut"]),
)
headed = st.builds(
    lambda cla, ins, rest: bytes([cla, ins]) + rest,
    st.sampled_from([0x00, 0x80, 0x01, 0x04, 0x0C, 0x10, 0x84]),
    st.sampled_from([0x20, 0x24, 0x2A, 0x2C, 0x32, 0xA2, 0xA4, 0xAE, 0xB0, 0xB1, 0xC0, 0xCA, 0xD6, 0x88]),
    st.binary(min_size=2, max_size=60),
)


@settings(max_examples=1500)
@given(st.one_of(near, headed, st.binary(max_size=80)), st.lists(st.sampled_from(SAMPLES[:4]), max_size=3))
@example(bytes.fromhex("00A4040C0AD3921000310001010408"), [SELECT])
def test_what_passes_is_on_the_list(apdu: bytes, files: list[str]):
    if not refused(apdu, SELECT, *files):
        assert ALLOWED.fullmatch(apdu.hex().upper())


@pytest.mark.parametrize("sample", SAMPLES)
def test_what_sign_in_needs_passes_in_its_place_and_nothing_before_the_application(sample: str):
    file = {"002000": "0018", "802A00": "0017"}.get(sample[:6], "000A")
    assert not refused(sample, SELECT, f"00A4020C02{file}")
    assert refused(sample) == (sample != SELECT)


INDIVIDUAL_NUMBER = [
    "D3921000310001010408", "D3921000310001010402", "D3921000310001010401", "D3921000310001010100", "A0000001510000",
]  # fmt: skip


@pytest.mark.parametrize("aid", INDIVIDUAL_NUMBER)
@pytest.mark.parametrize("p1", range(0x10))
@pytest.mark.parametrize("p2", [0x00, 0x0C, 0x02])
def test_the_applications_of_the_individual_number_are_out_of_reach(aid: str, p1: int, p2: int):
    for part in {aid, aid[:8], aid[:2]}:
        lc = len(part) // 2
        for command in (f"00A4{p1:02X}{p2:02X}{lc:02X}{part}", f"00A4{p1:02X}{p2:02X}0000{lc:02X}{part}"):
            assert refused(command, SELECT)
            assert refused(command + "00", SELECT)


@pytest.mark.parametrize(
    "command",
    [
        "002000980C313233343536373839303132",  # 照合番号A is the individual number
        "002000800C313233343536373839303132",
        "00200098000004 31323334",
        "002000980631323334FFFF",
        "0020009803313233",
        "0020009804313233 41",
        "002000980500",
        "002000980431323334 00",
        "002000 9B 0431323334",
        "0020009B",
        "0024018004 31323334",
        "00A4020C020001",
        "00A4020C02001A",
        "00A4020C02001B",
        "00A4020C020005",
        "00B0810000",
        "00B09A0000",
        "00B0970000",
        "00B18A0000",
        "80A200C100",
        "80AE000000",
        f"802A029733{INFO}{'AB' * 32}00",
        f"802A009A33{INFO}{'AB' * 32}00",
        f"802A009733{INFO}{'AB' * 32}",
        f"802A009733{INFO}{'AB' * 32}01",
        f"802A009734{INFO}{'AB' * 33}00",
        f"802A009720{'AB' * 32}00",
        f"802A0097333031300D060960864801650304020205000420{'AB' * 32}00",
        f"902A009733{INFO}{'AB' * 32}00",
        f"802A0097000033{INFO}{'AB' * 32}0000",
        "00C0000000",
        "00A40000",
        "00CA5F5100",
        "0084000008",
    ],
)
def test_what_is_off_the_list_is_refused_whatever_is_selected(command: str):
    for file in ("000A", "0017", "0018"):
        assert refused(command, SELECT, f"00A4020C02{file}")


def test_the_current_file_must_be_an_allowed_one():
    key, pin, certificate = (f"00A4020C02{file}" for file in ("0017", "0018", "000A"))
    assert refused("00B0000000", SELECT)
    assert refused("00B0000000", SELECT, key)
    assert refused("00200080", SELECT, certificate)
    assert refused(f"802A008033{INFO}{'AB' * 32}00", SELECT, pin)
    assert refused("00B0000000", SELECT, certificate, SELECT)
    assert not refused("00B0010000", SELECT, "00B08A0000")


def test_a_refused_selection_opens_nothing():
    recorder = Recorder(b"\x6a\x82")
    it = Gate(recorder)
    it.transmit(bytes.fromhex(SELECT))
    with pytest.raises(errors.Forbidden):
        it.transmit(bytes.fromhex("00200098"))
    assert len(recorder.reached) == 1


def test_more_data_is_fetched_only_when_it_was_announced():
    recorder = Recorder(b"\x61\x10")
    it = Gate(recorder)
    it.transmit(bytes.fromhex(SELECT))
    it.transmit(bytes.fromhex("00C0000010"))
    recorder.answer = b"\x90\x00"
    it.transmit(bytes.fromhex("00C0000010"))
    with pytest.raises(errors.Forbidden):
        it.transmit(bytes.fromhex("00C0000010"))


def test_the_traffic_log_masks_the_pin_and_holds_no_data(caplog):
    caplog.set_level(TRAFFIC)
    it, recorder = gate(SELECT)
    recorder.answer = b"secret\x90\x00"
    it.transmit(b"\x00\x20\x00\x98\x04" + b"4711")
    it.transmit(bytes.fromhex("00B08A00000000"))
    assert caplog.messages[1:] == [
        "00 20 00 98 04 ** ** ** ** -> 9000, 6 bytes",
        "00 B0 8A 00 00 00 00 -> 9000, 6 bytes",
    ]
    assert all("4711" not in str(vars(record)) for record in caplog.records)

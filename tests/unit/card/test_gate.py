"""No APDU outside the allow-list reaches a recording reader. What is allowed is written here again, as patterns over bytes."""

import contextlib
import re
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulators.card import PROFILES, Card
from simulators.card import Recorder as CardRecorder
from stb_agent.card import errors
from stb_agent.card.gate import TRAFFIC, Gate

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SELECT = "00A4040C0AD392F000260100000001"
INFO = "3031300D060960864801650304020105000420"
ALLOWED = re.compile(
    f"{SELECT}|00A4020C02(0006|0008|000A|0017|0018)"
    "|00B0[0-7][0-9A-F]{3}([0-9A-F]{2}|000000)|00B08A00([0-9A-F]{2}|000000)"
    "|00B08600(0[1-9A-F]|1[0-9A-F]|20)|00B088000[1-3]"
    "|002000(80|98)(04(3[0-9]){4})?"
    f"|802A00(80|97)33{INFO}[0-9A-F]{{64}}00"
)
SAMPLES = [
    SELECT, "00A4020C02000A", "00A4020C020017", "00A4020C020018", "00A4020C020006", "00A4020C020008",
    "00B0000000", "00B0012325", "00B08A0000", "00B08A00000000", "00B0860020", "00B0880003",
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
    st.integers(0, 255),
    st.sampled_from([0x20, 0x24, 0x2A, 0x2C, 0x32, 0xA2, 0xA4, 0xAE, 0xB0, 0xB1, 0xC0, 0xCA, 0xD6, 0x88]),
    st.binary(min_size=2, max_size=60),
)


def in_other_clothes(sample: str, cla: int, form: str) -> bytes:
    """Say a sample again: with another class byte (secure messaging, logical channel, chaining), in extended length, in a chain."""
    apdu = bytes.fromhex(sample)
    body, le = (apdu[5 : 5 + apdu[4]], apdu[5 + apdu[4] :]) if len(apdu) > 5 and apdu[4] else (b"", apdu[4:])
    lengths = {
        "short": apdu[4:],
        "extended": b"\0" + (b"\0" + bytes([len(body)]) + body if body else b"") + (b"\0" + le[-1:] if le else b""),
        "first of a chain": bytes([len(body) // 2]) + body[: len(body) // 2] if body else le,
        "last of a chain": bytes([len(body) - len(body) // 2]) + body[len(body) // 2 :] + le if body else le,
        "with an answer wanted": apdu[4:] + b"\0",
    }  # fmt: skip
    return bytes([cla]) + apdu[1:4] + lengths[form]


disguised = st.builds(
    in_other_clothes,
    st.sampled_from(SAMPLES),
    st.integers(0, 255),
    st.sampled_from(["short", "extended", "first of a chain", "last of a chain", "with an answer wanted"]),
)


@settings(max_examples=2000)
@given(st.one_of(near, headed, disguised, st.binary(max_size=80)), st.lists(st.sampled_from(SAMPLES[:6]), max_size=3))
@example(bytes.fromhex("00A4040C0AD3921000310001010408"), [SELECT])
def test_what_passes_is_on_the_list(apdu: bytes, files: list[str]):
    if not refused(apdu, SELECT, *files):
        assert ALLOWED.fullmatch(apdu.hex().upper())


@pytest.mark.parametrize("sample", SAMPLES)
def test_what_sign_in_needs_passes_in_its_place_and_nothing_before_the_application(sample: str):
    file = {"002000": "0018", "802A00": "0017"}.get(sample[:6], "000A")
    assert not refused(sample, SELECT, f"00A4020C02{file}")
    assert refused(sample) == (sample != SELECT)


@pytest.mark.parametrize("sample", SAMPLES)
def test_no_other_class_byte_passes(sample: str):
    """Secure messaging (04, 08, 0C), logical channels (01 to 03, 40 to 7F), chaining (10), the proprietary ones (ISO/IEC 7816-4, 5.4.1)."""
    passed = [
        cla
        for cla in range(0x100)
        for file in ("000A", "0017", "0018")
        if not refused(in_other_clothes(sample, cla, "short"), SELECT, f"00A4020C02{file}")
    ]
    assert set(passed) == {bytes.fromhex(sample)[0]}


@pytest.mark.parametrize("form", ["extended", "first of a chain", "last of a chain", "with an answer wanted"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_a_command_with_a_body_has_one_form(sample: str, form: str):
    apdu = in_other_clothes(sample, bytes.fromhex(sample)[0], form)
    for file in ("000A", "0017", "0018"):
        if apdu != bytes.fromhex(sample) and not refused(apdu, SELECT, f"00A4020C02{file}"):
            assert apdu[1] == 0xB0
            assert ALLOWED.fullmatch(apdu.hex().upper())


class Recording:
    """A whole card (the simulated one) as a reader, and what reached it."""

    name, atr = "recording", b"\x3b\x00"

    def __init__(self, card: Card) -> None:
        self.card, self.recorder = card, CardRecorder(lambda: NOW)

    def transmit(self, apdu) -> bytes:
        answer = self.card.execute(bytes(apdu))
        self.recorder.add(bytes(apdu), answer)
        return answer

    def close(self, unpower: bool = True) -> None:
        self.card.power_off()


@pytest.fixture(scope="module")
def personalised(tmp_path_factory):
    return PROFILES["new"].applications(tmp_path_factory.mktemp("authority"), NOW, b"1234")


anything = st.one_of(st.sampled_from(SAMPLES).map(bytes.fromhex), near, headed, disguised)


@settings(max_examples=400)
@given(st.lists(anything, max_size=12))
def test_of_any_sequence_a_card_that_answers_everything_gets_what_is_allowed(personalised, sequence: list[bytes]):
    reader = Recording(Card(personalised))
    it = Gate(reader)
    for apdu in sequence:
        with contextlib.suppress(errors.Forbidden):
            it.transmit(apdu)
    assert not reader.recorder.forbidden
    for exchange in reader.recorder.exchanges:
        assert ALLOWED.fullmatch(exchange.command.upper())


def test_the_label_is_read_and_nothing_behind_it():
    token, there = "00A4020C020006", "00A4020C020008"
    assert not refused("00B0000020", SELECT, token)
    assert not refused("00B0000003", SELECT, there)
    for command in ("00B0000021", "00B0000000", "00B00000000000", "00B0000120", "00B0002001"):
        assert refused(command, SELECT, token)
        assert refused(command, SELECT, there)
    assert refused("00B0000004", SELECT, there)
    for command in ("00B0860021", "00B0860000", "00B08600000000", "00B0860120", "00B0880004", "00B08B0000"):
        assert refused(command, SELECT)


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

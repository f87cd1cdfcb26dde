"""Commands and answers of any bytes: the codec, the gate, and a whole session with a card that answers anything."""

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle

from hypothesis import strategies as st

from stb_agent.card import errors
from stb_agent.card.apdu import Command, Response, exchange
from stb_agent.card.certificate import Trust
from stb_agent.card.connection import Connection, Limits, Tools
from stb_agent.card.gate import Gate
from stb_agent.card.pin import Pin
from tests.support.fuzz import fuzz, nearly

INFO = "3031300D060960864801650304020105000420"
COMMANDS = [
    bytes.fromhex(one)
    for one in (
        "00A4040C0AD392F000260100000001", "00A4040C0AD3921000310001010408", "00A4020C02000A", "00A4020C020017",
        "00A4020C020018", "00B0000000", "00B08A0000", "00B08A00000000", "00B0860020", "00200080", "00200098",
        "002000980431323334", f"802A009733{INFO}{'AB' * 32}00", "00C0000000", "0C20009800", "10200098", "01A4040C00",
    )
]  # fmt: skip
ALLOWED = re.compile(
    "00A4040C0AD392F000260100000001|00A4020C02(0006|0008|000A|0017|0018)"
    "|00B0[0-7][0-9A-F]{3}([0-9A-F]{2}|000000)|00B0(86|88|8A)00([0-9A-F]{2}|000000)"
    "|002000(80|98)(04(3[0-9]){4})?|00C00000[0-9A-F]{2}"
    f"|802A00(80|97)33{INFO}[0-9A-F]{{64}}00"
)
"""What a card may ever be asked, written again over bytes."""
VERIFY = re.compile("002000(80|98)04.*")
STATUS = [
    bytes.fromhex(one)
    for one in ("9000", "6282", "6300", "6700", "6982", "6983", "6984", "6986", "6A82", "6A86", "6B00", "6C10", "6D00",
                "6F00", "6110", "6100", "63C0", "63C1", "63C3")
]  # fmt: skip
DER_HEADS = st.sampled_from((b"0\x82\x05\xc0", b"0\x81\x80", b"0\x03", b"0\x84"))
ANSWERS = st.one_of(
    st.sampled_from(STATUS),
    st.builds(bytes.__add__, st.binary(max_size=300), st.sampled_from(STATUS)),
    st.builds(lambda head, body: head + body + b"\x90\x00", DER_HEADS, st.binary(max_size=300)),
    nearly([b"0\x82\x01\x00" + bytes(252) + b"\x90\x00"]),
    st.binary(max_size=4),
)  # fmt: skip
MOST_COMMANDS = 0x12000
"""More than any bounded session sends: a file of 32 kB read byte by byte, each byte announced by 61xx."""


@fuzz(st.one_of(st.binary(max_size=24), nearly(COMMANDS), nearly([b"\0\x20\0\0\0\1\0" + bytes(256) + b"\0\0"])))
def test_a_command_is_none_or_exactly_itself(raw: bytes) -> None:
    try:
        command = Command.decode(raw)
    except ValueError:
        return
    assert bytes(command.encode()) == raw


@fuzz(st.lists(ANSWERS, min_size=1, max_size=6), st.booleans())
def test_an_answer_ends_or_is_refused(answers: list[bytes], body: bool) -> None:
    endless = cycle(answers)
    sent = []

    def transmit(apdu: bytes | bytearray | memoryview) -> bytes:
        sent.append(bytes(apdu))
        return next(endless)

    command = Command(0, 0x20, 0, 0x98, b"1234") if body else Command(0, 0xB0, 0, 0, le=0x100)
    with contextlib.suppress(errors.ExchangeFailed):
        assert isinstance(exchange(transmit, command), Response)
    assert len(sent) < 0x110
    if body:
        assert sent.count(bytes(command.encode())) == 1


class AnyCard:
    """A reader whose card answers what it is told, over and over; keeps what reached it."""

    name, atr, protocol, level = "any", b"\x3b\x00", "T=1", "extended"

    def __init__(self, answers: list[bytes | None]) -> None:
        self._answers = cycle(answers)
        self.reached: list[str] = []

    def transmit(self, apdu: bytes | bytearray | memoryview) -> bytes:
        """Answer; None stands for an exchange that fails."""
        self.reached.append(bytes(apdu).hex().upper())
        assert len(self.reached) < MOST_COMMANDS
        answer = next(self._answers)
        if answer is None:
            raise errors.ExchangeFailed
        return answer

    def close(self, unpower: bool = True) -> None:
        """Nothing to let go."""

    def connect(self, name: str) -> "AnyCard":
        """Be the source, too."""
        return self


@fuzz(st.lists(nearly(COMMANDS), max_size=12), st.lists(st.sampled_from(STATUS), min_size=1, max_size=4))
def test_nothing_but_what_is_allowed_passes_the_gate(commands: list[bytes], answers: list[bytes]) -> None:
    card = AnyCard(list(answers))
    gate = Gate(card)
    for command in commands:
        before = len(card.reached)
        try:
            gate.transmit(command)
        except errors.Forbidden:
            assert len(card.reached) == before
    assert all(ALLOWED.fullmatch(one) for one in card.reached)


class NoClock:
    """Steps without limits."""

    @contextlib.contextmanager
    def step(self, limit: float, last: bool = False) -> Iterator[None]:
        """Run what is inside."""
        yield


@fuzz(st.lists(st.one_of(ANSWERS, st.none()), min_size=1, max_size=20), st.sampled_from(("tries", "inspect", "sign")))
def test_any_card_is_named_and_loses_one_try_at_most(answers: list[bytes | None], verb: str) -> None:
    card = AnyCard(answers)
    tools = Tools(Trust(()), lambda: datetime(2026, 11, 22, tzinfo=UTC), Limits())
    connection = Connection(card, "any", tools, None)
    pin = Pin()
    for digit in (1, 2, 3, 4):
        pin.append(digit)
    with contextlib.suppress(errors.CardError), connection.bounded(NoClock()), pin:  # type: ignore[arg-type]
        match verb:
            case "tries":
                assert 1 <= connection.tries() <= 15
            case "inspect":
                assert connection.inspect().trouble
            case "sign":
                connection.authenticate(pin, b"data", None)
    assert all(ALLOWED.fullmatch(one) for one in card.reached)
    assert sum(VERIFY.fullmatch(one) is not None for one in card.reached) <= (verb == "sign")

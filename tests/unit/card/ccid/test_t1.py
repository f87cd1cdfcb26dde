"""T=1: the host against scripted cards, in the notation of ISO/IEC 7816-3 annex A, and against one behind a bad line.

I(n,m): I-block with N(S) n and more-bit m; R(n): R-block, with a letter for the error (e: code, o: other); S(kind,q|r[,value]);
x: a block with a wrong redundancy code, -: nothing in time, p: a parity error.
"""

import re
from collections.abc import Callable
from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.card.readers.ccid import blocks
from stb_agent.card.readers.ccid.faults import Fault, Incomplete, Lost, Malformed
from stb_agent.card.readers.ccid.t1 import T1, NoBlock

KINDS = {"RESYNCH": 0, "IFS": 1, "ABORT": 2, "WTX": 3}
ERRORS = {"": 0, "e": 1, "o": 2}


def raw(text: str, field: bytes = b"") -> bytes:
    """Encode a block in the notation above, written without the code under test."""
    if match := re.fullmatch(r"I\((\d),(\d)\)", text):
        pcb = int(match[1]) << 6 | int(match[2]) << 5
    elif match := re.fullmatch(r"R\((\d)\)([eo]?)", text):
        pcb = 0x80 | int(match[1]) << 4 | ERRORS[match[2]]
    else:
        match = re.fullmatch(r"S\((\w+),([qr])(?:,(\d+))?\)", text)
        assert match
        pcb = 0xC0 | KINDS[match[1]] | (0x20 if match[2] == "r" else 0)
        field = bytes((int(match[3]),)) if match[3] else b""
    block = bytes((0, pcb, len(field))) + field
    return block + bytes((reduce(xor, block),))


def told(block: bytes) -> str:
    """Give the notation of a block."""
    pcb = block[1]
    if not pcb & 0x80:
        return f"I({pcb >> 6 & 1},{pcb >> 5 & 1})"
    if not pcb & 0x40:
        return f"R({pcb >> 4 & 1})" + "?eo"[pcb & 0x0F].replace("?", "")
    kind = next(name for name, number in KINDS.items() if number == pcb & 0x1F)
    value = f",{block[3]}" if block[2] else ""
    return f"S({kind},{'r' if pcb & 0x20 else 'q'}{value})"


class Script:
    """A card that expects what is on the left and answers what is on the right."""

    def __init__(self, *lines: tuple[str, str], field: bytes = b"\x90\x00") -> None:
        self.lines = list(lines)
        self.field = field
        self.got = bytearray()
        self.waits: list[int] = []

    def __call__(self, block: bytearray, waits: int) -> bytes:
        assert self.lines, f"unexpected {told(block)}"
        expected, answer = self.lines.pop(0)
        assert told(block) == expected
        self.waits.append(waits)
        if expected.startswith("I"):
            self.got += block[3:-1]
        if answer == "-":
            raise NoBlock(parity=False)
        if answer == "p":
            raise NoBlock(parity=True)
        if answer == "x":
            return raw("I(0,0)", self.field)[:-1] + b"\xff"
        return raw(answer, self.field if answer.startswith("I") else b"")

    def run(self, apdu: bytes = b"\x00\xb0\x00\x00\x02", ifsd: int | None = None, ifsc: int = 32) -> bytes:
        """Send one command through the script and check that all of it was used."""
        answer = T1(self, ifsc, ifsd).transmit(apdu)
        assert not self.lines
        return answer


LONG = bytes(range(70))
"""Three blocks at IFSC 32."""

FINE: dict[str, tuple[bytes, list[tuple[str, str]]]] = {
    "1: one block each way": (b"12345", [("I(0,0)", "I(0,0)")]),
    "3: the card asks for time": (b"12345", [("I(0,0)", "S(WTX,q,4)"), ("S(WTX,r,4)", "I(0,0)")]),
    "4: the card announces its size": (b"12345", [("I(0,0)", "S(IFS,q,64)"), ("S(IFS,r,64)", "I(0,0)")]),
    "5: our chain": (LONG, [("I(0,1)", "R(1)"), ("I(1,1)", "R(0)"), ("I(0,0)", "I(0,0)")]),
    "6: the card's chain": (b"12345", [("I(0,0)", "I(0,1)"), ("R(1)", "I(1,1)"), ("R(0)", "I(0,0)")]),
    "chains both ways": (LONG, [("I(0,1)", "R(1)"), ("I(1,1)", "R(0)"), ("I(0,0)", "I(0,1)"), ("R(1)", "I(1,0)")]),
    "7: the card did not read our block": (b"12345", [("I(0,0)", "R(0)e"), ("I(0,0)", "I(0,0)")]),
    "8: we do not read the card's": (b"12345", [("I(0,0)", "x"), ("R(0)e", "I(0,0)")]),
    "9: neither hears the other": (b"12345", [("I(0,0)", "x"), ("R(0)e", "R(0)o"), ("I(0,0)", "I(0,0)")]),
    "10: nothing comes": (b"12345", [("I(0,0)", "-"), ("R(0)o", "I(0,0)")]),
    "parity": (b"12345", [("I(0,0)", "p"), ("R(0)e", "I(0,0)")]),
    "our R-block is lost too": (b"12345", [("I(0,0)", "x"), ("R(0)e", "-"), ("R(0)e", "I(0,0)")]),
    "11: time asked, and our response is not read": (
        b"12345",
        [("I(0,0)", "S(WTX,q,2)"), ("S(WTX,r,2)", "x"), ("R(0)e", "S(WTX,q,2)"), ("S(WTX,r,2)", "I(0,0)")],
    ),
    "a receipt within our chain is lost": (
        LONG,
        [("I(0,1)", "x"), ("R(0)e", "R(1)"), ("I(1,1)", "R(0)"), ("I(0,0)", "I(0,0)")],
    ),
    "a block within our chain is not read": (
        LONG,
        [("I(0,1)", "R(1)"), ("I(1,1)", "R(1)e"), ("I(1,1)", "R(0)"), ("I(0,0)", "I(0,0)")],
    ),
    "our receipt within the card's chain is not read": (
        b"12345",
        [("I(0,0)", "I(0,1)"), ("R(1)", "R(1)e"), ("R(1)", "I(1,0)")],
    ),
    "a block within the card's chain is not read": (
        b"12345",
        [("I(0,0)", "I(0,1)"), ("R(1)", "x"), ("R(1)", "I(1,0)")],
    ),
    "the card asks a new size within our chain": (
        LONG,
        [("I(0,1)", "S(IFS,q,16)"), ("S(IFS,r,16)", "R(1)"), ("I(1,1)", "R(0)"), ("I(0,1)", "R(1)"), ("I(1,0)", "I(0,0)")],
    ),
    "the card breaks off our chain and answers": (
        LONG,
        [("I(0,1)", "R(1)"), ("I(1,1)", "S(ABORT,q)"), ("S(ABORT,r)", "I(0,0)")],
    ),
    "a block that has no place here": (b"12345", [("I(0,0)", "I(1,0)"), ("R(0)o", "I(0,0)")]),
    "resynchronised before the last block": (
        LONG,
        [
            ("I(0,1)", "R(1)"), ("I(1,1)", "-"), ("R(0)o", "-"), ("R(0)o", "-"), ("S(RESYNCH,q)", "-"), ("S(RESYNCH,q)", "S(RESYNCH,r)"),
            ("I(0,1)", "R(1)"), ("I(1,1)", "R(0)"), ("I(0,0)", "I(0,0)"),
        ],
    ),
    "resynchronised, and the card never had the last block": (
        b"12345",
        [("I(0,0)", "R(0)e"), ("I(0,0)", "R(0)e"), ("I(0,0)", "R(0)e"), ("S(RESYNCH,q)", "S(RESYNCH,r)"), ("I(0,0)", "I(0,0)")],
    ),
}  # fmt: skip


FINE["the card kept its count over the reset"] = (
    b"12345",
    [("I(0,0)", "R(1)"), ("S(RESYNCH,q)", "S(RESYNCH,r)"), ("I(0,0)", "I(0,0)")],
)
PIECES = {
    "6: the card's chain": 3,
    "chains both ways": 2,
    "our receipt within the card's chain is not read": 2,
    "a block within the card's chain is not read": 2,
}
"""How many I-blocks make the answer, where it is not one."""


@pytest.mark.parametrize("name", FINE)
def test_a_command_comes_through(name: str):
    apdu, lines = FINE[name]
    script = Script(*lines)
    answer = script.run(apdu)
    assert answer == b"\x90\x00" * PIECES.get(name, 1)


def test_the_command_is_cut_and_put_together_in_order():
    script = Script(("I(0,1)", "R(1)"), ("I(1,1)", "R(0)"), ("I(0,0)", "I(0,0)"))
    script.run(LONG)
    assert bytes(script.got) == LONG


def test_a_chain_of_empty_blocks_is_not_followed_for_ever():
    script = Script(
        ("I(0,0)", "I(0,1)"), ("R(1)", "I(1,1)"), ("R(0)", "I(0,1)"), ("S(RESYNCH,q)", "S(RESYNCH,r)"), field=b""
    )
    with pytest.raises(Incomplete):
        script.run()


def test_numbers_go_on_from_command_to_command():
    script = Script(("I(0,0)", "I(0,0)"), ("I(1,0)", "I(1,0)"), ("I(0,0)", "I(0,0)"))
    link = T1(script, 32, None)
    for _ in range(3):
        assert link.transmit(b"12345") == b"\x90\x00"


def test_time_asked_for_is_granted_for_the_next_block_alone():
    script = Script(("I(0,0)", "S(WTX,q,9)"), ("S(WTX,r,9)", "I(0,1)"), ("R(1)", "I(1,0)"))
    script.run()
    assert script.waits == [1, 9, 1]


def test_our_size_is_announced_first_and_again_after_a_resynchronisation():
    ifs = [("S(IFS,q,254)", "S(IFS,r,254)")]
    script = Script(
        ("S(IFS,q,254)", "-"), *ifs,
        ("I(0,0)", "R(0)e"), ("I(0,0)", "R(0)e"), ("I(0,0)", "R(0)e"), ("S(RESYNCH,q)", "S(RESYNCH,r)"), *ifs, ("I(0,0)", "I(0,0)"),
    )  # fmt: skip
    assert script.run(ifsd=254) == b"\x90\x00"


def test_a_card_that_does_not_take_our_size_goes_on_without():
    script = Script(*[("S(IFS,q,254)", "R(0)o")] * 3, ("I(0,0)", "I(0,0)"))
    assert script.run(ifsd=254) == b"\x90\x00"


def test_a_card_that_repeats_its_response_has_not_had_our_block():
    script = Script(("S(IFS,q,254)", "S(IFS,r,254)"), ("I(0,0)", "-"), ("R(0)o", "S(IFS,r,254)"), ("I(0,0)", "I(0,0)"))
    assert script.run(ifsd=254) == b"\x90\x00"


def test_a_command_that_may_have_been_carried_out_is_not_sent_again():
    script = Script(
        ("I(0,0)", "I(0,0)"), ("I(1,0)", "-"), ("R(1)o", "-"), ("R(1)o", "-"), ("S(RESYNCH,q)", "S(RESYNCH,r)")
    )
    link = T1(script, 32, None)
    link.transmit(b"first")
    with pytest.raises(Incomplete):
        link.transmit(b"VERIFY")
    assert not script.lines
    script.lines = [("I(0,0)", "I(0,0)")]
    assert link.transmit(b"next") == b"\x90\x00"


@pytest.mark.parametrize("first", [None, 254])
def test_a_card_that_never_answers_is_lost(first: int | None):
    silent = [("S(IFS,q,254)", "-")] * 3 if first else [("I(0,0)", "-"), ("R(0)o", "-"), ("R(0)o", "x")]
    with pytest.raises(Lost):
        Script(*silent).run(ifsd=first)


def test_a_card_that_does_not_resynchronise_is_lost():
    script = Script(("I(0,0)", "R(0)e"), ("I(0,0)", "R(0)e"), ("I(0,0)", "R(0)e"), *[("S(RESYNCH,q)", "R(0)")] * 3)
    with pytest.raises(Lost):
        script.run()


def test_a_broken_chain_leaves_the_link_in_step():
    script = Script(("I(0,1)", "S(ABORT,q)"), ("S(ABORT,r)", "R(1)"))
    link = T1(script, 32, None)
    with pytest.raises(Incomplete):
        link.transmit(LONG)
    script.lines = [("I(1,0)", "I(0,0)")]
    assert link.transmit(b"12345") == b"\x90\x00"


def test_a_card_that_asks_for_time_without_end_is_given_up():
    asked = 0

    def greedy(block: bytearray, waits: int) -> bytes:
        nonlocal asked
        asked += 1
        return raw("S(RESYNCH,r)") if told(block) == "S(RESYNCH,q)" else raw("S(WTX,q,1)")

    with pytest.raises(Incomplete):
        T1(greedy, 32, None).transmit(b"12345")
    assert asked < 300


def test_an_answer_without_end_is_given_up():
    number = -1

    def endless(block: bytearray, waits: int) -> bytes:
        nonlocal number
        number += 1
        return raw(f"I({number & 1},1)", bytes(254))

    with pytest.raises(Lost):
        T1(endless, 32, None).transmit(b"12345")


def test_a_chain_of_empty_blocks_is_given_up():
    number, asked = -1, 0

    def empty(block: bytearray, waits: int) -> bytes:
        nonlocal number, asked
        asked += 1
        if told(block) == "S(RESYNCH,q)":
            return raw("S(RESYNCH,r)")
        number += 1
        return raw(f"I({number & 1},1)")

    with pytest.raises(Incomplete):
        T1(empty, 32, None).transmit(b"12345")
    assert asked < 10


def test_the_blocks_of_a_command_are_wiped():
    kept: list[bytearray] = []

    def keep(block: bytearray, waits: int) -> bytes:
        kept.append(block)
        return raw("I(0,0)", b"\x90\x00")

    T1(keep, 32, None).transmit(b"\x00\x20\x00\x80\x041234")
    assert [bytes(it) for it in kept] == [bytes(len(it)) for it in kept]


class Card:
    """A T=1 card, by the rules for cards (11.6.3), that echoes each command and counts what it carried out."""

    def __init__(self, ifsc: int, ifsd: int = 32) -> None:
        self.ifsc, self.size = ifsc, ifsd
        self.done: list[bytes] = []
        self.restart()
        self.last = b""

    def restart(self) -> None:
        self.mine = self.theirs = 0
        self.command = b""
        self.rest: list[bytes] | None = None

    def __call__(self, block: bytes) -> bytes:
        self.last = self.reply(block)
        return self.last

    def reply(self, block: bytes) -> bytes:
        if reduce(xor, block):
            return raw(f"R({self.theirs})e")
        text = told(block)
        if text == "S(RESYNCH,q)":
            self.restart()
            return raw("S(RESYNCH,r)")
        if text.startswith("S(IFS,q"):
            self.size = block[3]
            return raw(text.replace("q", "r"))
        if text.startswith("R"):
            number = int(text[2])
            if self.rest is not None and number != self.mine:
                # The receipt of the block that is out: the next one, or, if that was the last, the command that did not arrive.
                if len(self.rest) == 1:
                    return raw(f"R({self.theirs})o")
                self.mine ^= 1
                self.rest.pop(0)
                return self.piece()
            return self.last if self.last and self.last[1] & 0xC0 != 0xC0 else raw(f"R({self.theirs})o")
        if int(text[2]) != self.theirs:
            return raw(f"R({self.theirs})o")
        if self.rest is not None:
            self.mine ^= 1
            self.rest = None
        self.theirs ^= 1
        self.command += block[3:-1]
        if text.endswith(",1)"):
            return raw(f"R({self.theirs})")
        self.done.append(self.command)
        echo, self.command = self.command + b"\x90\x00", b""
        self.rest = [echo[place : place + self.size] for place in range(0, len(echo), self.size)]
        return self.piece()

    def piece(self) -> bytes:
        assert self.rest
        return raw(f"I({self.mine},{int(len(self.rest) > 1)})", self.rest[0])


def line(card: Card, weather: Callable[[], str]) -> Callable[[bytearray, int], bytes]:
    """A line to a card on which blocks are lost and bent."""

    def exchange(block: bytearray, waits: int) -> bytes:
        today = weather()
        if today == "lost on the way":
            raise NoBlock(parity=False)
        sent = bytearray(block)
        if today == "bent on the way":
            sent[-1] ^= 0x55
        answer = card(bytes(sent))
        if today == "lost on the way back":
            raise NoBlock(parity=False)
        if today == "bent on the way back":
            answer = answer[:-1] + bytes((answer[-1] ^ 0x55,))
        return answer

    return exchange


WEATHER = st.sampled_from(
    ["fine", "fine", "fine", "lost on the way", "bent on the way", "lost on the way back", "bent on the way back"]
)


@given(
    st.lists(WEATHER, max_size=60),
    st.lists(st.binary(min_size=4, max_size=120), min_size=1, max_size=4),
    st.integers(8, 254),
    st.sampled_from([None, 20, 254]),
)
def test_on_a_bad_line_no_command_is_carried_out_twice_and_no_answer_is_wrong(
    days: list[str], commands: list[bytes], ifsc: int, ifsd: int | None
):
    card = Card(ifsc)
    left = iter(days)
    link = T1(line(card, lambda: next(left, "fine")), ifsc, ifsd)
    for number, command in enumerate(commands):
        own = bytes((number,)) + command
        try:
            assert link.transmit(own) == own + b"\x90\x00"
        except Incomplete:
            pass
        except Lost:
            return
        assert card.done.count(own) <= 1
    # When the weather is fine again, so is the link.
    days.clear()
    left = iter(())
    assert link.transmit(b"at last") == b"at last\x90\x00"


@given(st.lists(st.binary(max_size=300), max_size=400))
def test_whatever_the_card_says_only_faults_come_out(answers: list[bytes]):
    left = iter(answers)

    def card(block: bytearray, waits: int) -> bytes:
        for answer in left:
            return answer
        raise NoBlock(parity=False)

    with pytest.raises(Fault):
        T1(card, 32, 254).transmit(b"12345" * 20)


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=40)), max_size=300), st.integers(1, 254))
def test_whatever_well_formed_blocks_come_only_faults_come_out(answers: list[tuple[int, bytes]], ifsc: int):
    left = iter(answers)

    def card(block: bytearray, waits: int) -> bytes:
        for pcb, field in left:
            answer = bytes((0, pcb, len(field))) + field
            return answer + bytes((reduce(xor, answer),))
        raise NoBlock(parity=True)

    try:
        T1(card, ifsc, 254).transmit(b"12345" * 20)
    except Fault:
        return


@given(st.binary(max_size=300), st.booleans())
def test_a_block_reads_as_itself_or_not_at_all(data: bytes, crc: bool):
    try:
        block = blocks.decode(data, crc)
    except Malformed:
        return
    assert bytes(blocks.encode(block, crc=crc)) == data


def test_the_crc_is_that_of_iso_13239():
    # ISO/IEC 14443-3, annex B, gives two examples of the same code (CRC_B).
    assert blocks.checksum(bytes(3), crc=True) == bytes.fromhex("CCC6")
    assert blocks.checksum(bytes.fromhex("0FAAFF"), crc=True) == bytes.fromhex("FCD1")

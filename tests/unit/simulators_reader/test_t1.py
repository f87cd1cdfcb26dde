"""The card's side of T=1 against the scenarios of ISO/IEC 7816-3:2006, annex A, and the rules of 11.6.2 and 11.6.3.

Each line is `to the card | from the card`; I(N(S), M), R(N(R)), S(…) as in the standard. IFSC and IFSD are small here.
"""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.card import Outcome
from simulators.reader.blocks import Block, Complaint, Request, information, receipt
from simulators.reader.faults import BlockAccident, BlockFault, BlockScript
from simulators.reader.t1card import ATTEMPTS, T1Card

BWT = 1.0
WORDS = {"RESYNCH": 0xC0, "IFS": 0xC1, "ABORT": 0xC2, "WTX": 0xC3}


class Rig:
    """A card that answers a command of n octets with octets from n on, as many as its first octet says."""

    def __init__(self, *faults: BlockFault, work: float = 0.0, ifsc: int = 4) -> None:
        self.commands: list[bytes] = []
        self.work = work
        self.card = T1Card(self.execute, ifsc=ifsc, bwt=lambda: BWT, script=BlockScript(faults))
        self.waits: list[float] = []

    def execute(self, command: bytes) -> Outcome:
        self.commands.append(command)
        return Outcome(bytes(range(len(command), len(command) + command[0])), self.work)

    def run(self, scenario: Sequence[str]) -> None:
        for line in scenario:
            sent, expected = line.split("|")
            reply = self.card.receive(written(sent))
            self.waits.append(reply.after)
            answer = "-" if reply.octets is None else read(reply.octets)
            assert answer == expected.strip(), line


def written(text: str) -> bytes:
    """Write `I(0,1) 0102`, `R(1)`, `R(0,E)`, `S(IFS request) 20`; a trailing `!` breaks the LRC."""
    name, arguments, data, broken = re.fullmatch(r"\s*([IRS])\(([^)]*)\)\s*([0-9a-f]*)(!?)\s*", text).groups()  # type: ignore[union-attr]
    octets = bytes.fromhex(data)
    if name == "I":
        number, more = map(int, arguments.split(","))
        block = information(number, octets, more=bool(more))
    elif name == "R":
        number, _, error = arguments.partition(",")
        block = receipt(int(number), {"": Complaint.NONE, "E": Complaint.EDC, "O": Complaint.OTHER}[error])
    else:
        word, kind = arguments.split()
        block = Block(WORDS[word] | (0x20 if kind == "response" else 0), octets)
    raw = bytes(block)
    return raw[:-1] + bytes([raw[-1] ^ 0xFF]) if broken else raw


def read(raw: bytes) -> str:
    block = Block.parse(raw)
    data = f" {block.information.hex()}" if block.information else ""
    if block.is_information:
        return f"I({block.number},{block.pcb >> 5 & 1}){data}"
    if block.is_receipt:
        return f"R({block.number}{('', ',E', ',O')[block.pcb & 3]})"
    kind = "response" if block.pcb & 0x20 else "request"
    return f"S({Request(block.pcb & ~0x20).name} {kind}){data}"


SCENARIOS = {
    "1 exchange of I-blocks": ["I(0,0) 02|I(0,0) 0102", "I(1,0) 01|I(1,0) 01", "I(0,0) 01|I(0,0) 01"],
    "4 the IFD's IFS": ["S(IFS request) 02|S(IFS response) 02", "I(0,0) 03|I(0,1) 0102", "R(1)|I(1,0) 03"],
    "an IFS of nothing, and of 255": ["S(IFS request) 00|R(0,O)", "S(IFS request) ff|R(0,O)"],
    "5 the IFD chains": ["I(0,1) 01020304|R(1)", "I(1,1) 05060708|R(0)", "I(0,0) 09|I(0,0) 09"],
    "6 the card chains": [
        "S(IFS request) 02|S(IFS response) 02", "I(0,0) 05|I(0,1) 0102", "R(1)|I(1,1) 0304", "R(0)|I(0,0) 05",
        "I(1,0) 01|I(1,0) 01",
    ],
    "8 a wrong I-block": ["I(0,0) 01!|R(0,E)", "I(0,0) 01|I(0,0) 01"],
    "9 a wrong answer": ["I(0,0) 01|I(0,0) 01", "R(0,E)|I(0,0) 01", "I(1,0) 01|I(1,0) 01"],
    "10 a wrong I-block, and the R-block lost": ["I(0,0) 01!|R(0,E)", "R(0)|R(0,E)", "I(0,0) 01|I(0,0) 01"],
    "11 both ways wrong": ["I(0,0) 01|I(0,0) 01", "R(0,E)!|R(1,E)", "R(0,E)|I(0,0) 01"],
    "14 a wrong S request": ["S(IFS request) 10!|R(0,E)", "S(IFS request) 10|S(IFS response) 10"],
    "15 a wrong S response": ["S(IFS request) 10|S(IFS response) 10", "R(0,E)|S(IFS response) 10"],
    "18 a receipt lost while the IFD chains": [
        "I(0,1) 01020304|R(1)", "R(0)|R(1)", "I(1,0) 05|I(0,0) 05",
    ],
    "20 a part lost while the IFD chains": ["I(0,1) 01020304|R(1)", "I(1,0) 05!|R(1,E)", "I(1,0) 05|I(0,0) 05"],
    "22 a part of the card's lost": [
        "S(IFS request) 02|S(IFS response) 02", "I(0,0) 03|I(0,1) 0102", "R(0,E)|I(0,1) 0102", "R(1)|I(1,0) 03",
    ],
    "24 a receipt lost while the card chains": [
        "S(IFS request) 02|S(IFS response) 02", "I(0,0) 03|I(0,1) 0102", "R(1)!|R(1,E)", "R(1)|I(1,0) 03",
    ],
    "27 the IFD aborts its chain": [
        "I(0,1) 01020304|R(1)", "S(ABORT request)|S(ABORT response)", "I(1,0) 01|I(0,0) 01",
    ],
    "28 the IFD aborts the card's chain": [
        "S(IFS request) 02|S(IFS response) 02", "I(0,0) 05|I(0,1) 0102", "S(ABORT request)|S(ABORT response)",
        "I(1,0) 01|I(1,0) 01",
    ],
    "30 resynchronisation": [
        "I(0,0) 01|I(0,0) 01", "S(RESYNCH request)|S(RESYNCH response)", "I(0,0) 01|I(0,0) 01",
    ],
    "resynchronisation ends a chain": [
        "S(IFS request) 02|S(IFS response) 02", "I(0,0) 05|I(0,1) 0102", "S(RESYNCH request)|S(RESYNCH response)",
        "I(0,0) 05|I(0,0) 0102030405",
    ],
    "31 the card after silence": ["I(0,0) 01|I(0,0) 01", *["I(1,0) 01!|R(1,E)"] * ATTEMPTS, "I(1,0) 01!|-"],
    "a sequence number out of turn": ["I(1,0) 01|R(0,O)", "I(0,0) 01|I(0,0) 01", "I(0,0) 01|R(1,O)"],
    "longer than IFSC": ["I(0,0) 0102030405|R(0,O)"],
    "an answer that nobody asked for": ["S(WTX response) 01|R(0,O)"],
    "what the card alone may ask": ["S(WTX request) 01|R(0,O)"],
    "an R-block first": ["R(0)|R(0)", "I(0,0) 01|I(0,0) 01"],
    "an I-block while the card chains": [
        "S(IFS request) 02|S(IFS response) 02", "I(0,0) 03|I(0,1) 0102", "I(1,0) 01|R(1,O)", "R(1)|I(1,0) 03",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenarios(name: str) -> None:
    Rig().run(SCENARIOS[name])


def test_a_command_is_done_once_however_often_it_is_answered() -> None:
    rig = Rig()
    rig.run(["I(0,0) 01|I(0,0) 01", *["R(0)|I(0,0) 01"] * 20, "I(1,0) 01|I(1,0) 01"])
    assert rig.commands == [b"\x01", b"\x01"]


def test_work_beyond_the_waiting_time_is_announced() -> None:
    rig = Rig(work=2.0)
    rig.run(["I(0,0) 01|S(WTX request) 01", "S(WTX response) 01|S(WTX request) 01", "S(WTX response) 01|I(0,0) 01"])
    assert rig.waits == pytest.approx([0.8, 0.8, 0.4])


def test_an_extension_that_was_not_heard_is_asked_again() -> None:
    rig = Rig(work=1.5)
    rig.run(["I(0,0) 01|S(WTX request) 01", "R(0,E)|S(WTX request) 01", "S(WTX response) 01!|S(WTX request) 01",
             "S(WTX response) 02|S(WTX request) 01", "S(WTX response) 01|I(0,0) 01"])  # fmt: skip


FAULTS = {
    BlockAccident.DEAF: ["I(0,0) 01|-", "R(0)|R(0)", "I(0,0) 01|I(0,0) 01"],
    BlockAccident.LOST: ["I(0,0) 01|-", "R(0)|I(0,0) 01"],
    BlockAccident.NAK: ["I(0,0) 01|R(0,E)", "I(0,0) 01|I(0,0) 01"],
    BlockAccident.WRONG_NUMBER: ["I(0,0) 01|I(1,0) 01", "R(0,O)|I(0,0) 01"],
    BlockAccident.IFS: ["I(0,0) 01|S(IFS request) 01", "S(IFS response) 01|I(0,0) 01", "I(1,0) 0101|R(1,O)"],
    BlockAccident.WTX: ["I(0,0) 01|S(WTX request) 01", "S(WTX response) 01|I(0,0) 01"],
}


@pytest.mark.parametrize("accident", FAULTS)
def test_accidents(accident: BlockAccident) -> None:
    rig = Rig(BlockFault(accident))
    rig.run(FAULTS[accident])
    assert rig.commands[0] == b"\x01"


def test_a_storm_of_extensions() -> None:
    rig = Rig(BlockFault(BlockAccident.WTX, value=255, times=3))
    rig.run(["I(0,0) 01|S(WTX request) ff", *["S(WTX response) ff|S(WTX request) ff"] * 2,
             "S(WTX response) ff|I(0,0) 01"])  # fmt: skip


def test_the_card_aborts_a_chain() -> None:
    rig = Rig(BlockFault(BlockAccident.ABORT, at=2))
    rig.run(["I(0,1) 01020304|R(1)", "I(1,1) 05|S(ABORT request)", "S(ABORT response)|R(0)", "I(0,0) 01|I(0,0) 01"])
    assert rig.commands == [b"\x01"]


def test_garbled_and_cut_answers_are_no_blocks() -> None:
    rig = Rig(BlockFault(BlockAccident.GARBLED), BlockFault(BlockAccident.CUT, at=2, value=2, times=2))
    for sent in ("I(0,0) 01", "R(0,E)", "R(0,E)"):
        octets = rig.card.receive(written(sent)).octets or b""
        with pytest.raises(ValueError, match=octets.hex()):
            Block.parse(octets)
    rig.run(["R(0,E)|I(0,0) 01"])
    assert rig.commands == [b"\x01"]


@given(st.lists(st.binary(max_size=12), max_size=30))
def test_any_octets_leave_a_card_that_can_be_resynchronised(noise: list[bytes]) -> None:
    rig = Rig()
    for octets in noise:
        reply = rig.card.receive(octets)
        if reply.octets is not None:
            Block.parse(reply.octets)
    rig.run(["S(RESYNCH request)|S(RESYNCH response)", "I(0,0) 01|I(0,0) 01"])


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=8), st.integers(1, 9),
       st.integers(1, 9), st.data())  # fmt: skip
def test_any_command_arrives_whole_over_a_bad_line(
    exchanges: list[tuple[int, int]], ifsc: int, ifsd: int, data: st.DataObject
) -> None:
    """A small host, correct by the rules, and a line that loses and garbles now and then, both ways."""
    rig = Rig(ifsc=ifsc)
    luck = data.draw(st.lists(st.sampled_from(["", "", "", "to", "from"]), max_size=40))

    garbled = 0

    def over(block: bytes) -> Block | None:
        nonlocal garbled
        fate = luck.pop() if luck else ""
        garbled = garbled + 1 if fate == "to" else 0
        if garbled > ATTEMPTS:  # from then on a card is silent until it is resynchronised
            fate, garbled = "", 0
        raw = rig.card.receive(block[:-1] + bytes([block[-1] ^ 1]) if fate == "to" else block).octets
        return None if raw is None or fate == "from" else Block.parse(raw)

    def until_heard(sent: Block | None, expects: int) -> Block:
        """Give the answer to an I-block, or the next part of the card's chain; rules 7.1 to 7.3."""
        now = sent or receipt(expects)
        for _ in range(200):
            answer = over(bytes(now))
            if answer is None:
                now = receipt(expects, Complaint.EDC)
            elif answer.is_information and answer.number == expects:
                return answer
            elif sent is not None and answer.is_receipt and answer.number == sent.number:
                now = sent
            elif sent is not None and answer.is_receipt and sent.pcb & 0x20:
                return answer
            else:
                now = receipt(expects)
        raise AssertionError("no answer")

    while (answer := over(bytes(Block(Request.IFS, bytes([ifsd]))))) is None or not answer.is_supervision:
        pass
    mine = theirs = 0
    for length, wanted in exchanges:
        command = bytes([wanted]) + bytes(length - 1)
        parts = [command[at : at + ifsc] for at in range(0, length, ifsc)]
        for index, part in enumerate(parts):
            answer = until_heard(information(mine, part, more=index < len(parts) - 1), theirs)
            mine ^= 1
        whole = answer.information
        while True:
            assert (answer.is_information, answer.number) == (True, theirs)
            theirs ^= 1
            if not answer.pcb & 0x20:
                break
            answer = until_heard(None, theirs)
            whole += answer.information
        assert whole == bytes(range(length, length + wanted))
    assert [len(command) for command in rig.commands] == [length for length, _ in exchanges]

"""XfrBlock at the three levels of exchange (CCID 1.1, 3.2 and 6.1.4)."""

from dataclasses import dataclass
from typing import Protocol

from simulators.card import Outcome
from simulators.card.apdu import Command, Refusal
from simulators.reader.ccid import Chain, Error, Message
from simulators.reader.contact import Contact
from simulators.reader.models import Model
from simulators.reader.parameters import Parameters
from simulators.reader.t0card import GET_RESPONSE, SIGN, T0Card

SHORT_ANSWER = 258
"""Octets of the longest answer to a short APDU."""
_PPS = 0xFF
_EARLY = 0.8
"""Part of the waiting time after which a reader tells the host that the card needs more."""


@dataclass(frozen=True)
class Answer:
    """A message for the host, ready `after` seconds.

    `settled` says that it carries a card's answer to a command, or its beginning; `pulled` that the card is gone.
    """

    message: Message
    after: float = 0.0
    settled: bool = False
    pulled: bool = False


class Maker(Protocol):
    """Who writes messages to the host."""

    @property
    def model(self) -> Model:
        """What the reader is."""

    def answer(self, message: Message, data: bytes = b"", last: int = 0) -> Message:
        """Make a data block; `last` is bChainParameter."""

    def failure(self, message: Message, error: int) -> Message:
        """Make the answer to a command that failed."""

    def extension(self, message: Message, multiplier: int = 1) -> Message:
        """Make a request for more waiting times."""


class Chained:
    """The parts of a command on their way to the card, and of an answer on its way to the host."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.command = b""
        self.under_way = False
        self._answer = b""
        self._begun = False

    def keep(self, answer: bytes) -> None:
        """Begin to hand out an answer."""
        self._answer, self._begun = answer, False

    @property
    def rest(self) -> int:
        """Octets still to be handed out."""
        return len(self._answer)

    def part(self) -> tuple[bytes, Chain]:
        """Hand out what fits a message."""
        part, self._answer = self._answer[: self._size], self._answer[self._size :]
        chain = {
            (False, False): Chain.WHOLE, (False, True): Chain.BEGINS, (True, True): Chain.WITHIN,
            (True, False): Chain.ENDS,
        }[self._begun, bool(self._answer)]  # fmt: skip
        self._begun = True
        return part, chain


def tpdu(maker: Maker, message: Message, contact: Contact, parameters: Parameters) -> list[Answer]:
    """Carry a TPDU as it is, if the reader is set to what the card speaks, and wait as long as bBWI allows."""
    raw = message.data
    if message.specific[1:] != b"\x00\x00":
        return [Answer(maker.failure(message, Error.BAD_LEVEL))]
    patience = contact.waiting * max(1, message.specific[0])
    mute = Answer(maker.failure(message, Error.MUTE), patience)
    selecting = raw[:1] == bytes([_PPS])
    if parameters.fidi != contact.fidi or (parameters.protocol != contact.protocol and not selecting) or not raw:
        return [mute]
    reply = contact.exchange(raw)
    if reply.octets is None:
        return [Answer(mute.message, mute.after, pulled=reply.pulled)]
    if len(reply.octets) > maker.model.payload:
        return [Answer(maker.failure(message, Error.OVERRUN), reply.after)]
    extensions: list[Answer] = []
    if contact.protocol == 0:  # NULL procedure bytes, which this reader passes on as time extensions
        extensions = _extensions(maker, message, contact.waiting, reply.after)
    elif reply.after - contact.slot.link.exchange(len(raw) + len(reply.octets)) > patience:
        return [mute]
    return [*extensions, Answer(maker.answer(message, reply.octets), reply.after, reply.settled, reply.pulled)]


def apdu(maker: Maker, message: Message, contact: Contact, chained: Chained, *, extended: bool) -> list[Answer]:
    """Carry an APDU, or a part of one at the extended level, the reader speaking the protocol by itself."""
    level = int.from_bytes(message.specific[1:], "little")
    if level and not extended:
        return [Answer(maker.failure(message, Error.BAD_LEVEL))]
    if level == Chain.GO_ON:
        if message.data or not chained.rest:
            return [Answer(maker.failure(message, Error.BAD_LEVEL))]
        return [Answer(maker.answer(message, *chained.part()))]
    if level not in (Chain.WHOLE, Chain.BEGINS, Chain.WITHIN, Chain.ENDS) or (
        chained.under_way != (level in (Chain.WITHIN, Chain.ENDS))
    ):
        chained.command, chained.under_way = b"", False
        return [Answer(maker.failure(message, Error.BAD_LEVEL))]
    chained.command += message.data
    chained.under_way = level in (Chain.BEGINS, Chain.WITHIN)
    if chained.under_way:
        return [Answer(maker.answer(message, b"", Chain.GO_ON))]
    command, chained.command = chained.command, b""
    if not extended and not _is_short(command):
        return [Answer(maker.failure(message, Error.BAD_LENGTH))]
    outcome = contact.slot.begin(command) if contact.protocol == 1 else _over_t0(contact, command)
    if outcome.answer is None:
        return [Answer(maker.failure(message, Error.MUTE), pulled=outcome.pulled)]
    after = contact.slot.link.exchange(len(command) + len(outcome.answer)) + outcome.work
    if not extended and len(outcome.answer) > SHORT_ANSWER:
        return [Answer(maker.failure(message, Error.OVERRUN), after)]
    chained.keep(outcome.answer)
    answer = Answer(maker.answer(message, *chained.part()), after, True, outcome.pulled)
    return [*_extensions(maker, message, contact.waiting, after), answer]


def _extensions(maker: Maker, message: Message, waiting: float, after: float) -> list[Answer]:
    step, times = _EARLY * waiting, int(after / (_EARLY * waiting))
    return [Answer(maker.extension(message), step * number) for number in range(1, times + 1)]


def _is_short(command: bytes) -> bool:
    try:
        return not Command.parse(command).extended
    except Refusal:
        return False


def _over_t0(contact: Contact, command: bytes) -> Outcome:
    """Speak T=0 for the host: no Le in a command with data, 61xx and 6Cxx followed (ISO/IEC 7816-3:2006, 12.2)."""
    try:
        parsed = Command.parse(command)
    except Refusal:
        return Outcome(b"\x67\x00")
    if parsed.extended:
        return Outcome(b"\x67\x00")
    card = T0Card(contact.slot.begin)
    if parsed.data or parsed.ins == SIGN:
        reply = card.receive(command[: 5 + len(parsed.data)])
    else:
        reply = card.receive(command if len(command) == 5 else command + b"\x00")
    collected, work = b"", reply.after
    while reply.octets is not None and not reply.pulled and reply.octets[-2] in (0x61, 0x6C):
        status = reply.octets[-2:]
        if status[0] == 0x61:
            collected += reply.octets[:-2]
            again = bytes([command[0], GET_RESPONSE, 0, 0])
        else:
            again = command[:4]
        reply = card.receive(again + status[1:])
        work += reply.after
    return Outcome(None if reply.octets is None else collected + reply.octets, work, reply.pulled)

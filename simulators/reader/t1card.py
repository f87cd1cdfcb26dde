"""The card's side of T=1 (ISO/IEC 7816-3:2006, 11.6: rules and scenarios), on top of a card that answers APDUs."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from simulators.card import Outcome
from simulators.reader.blocks import LONGEST, Block, Complaint, Request, information, receipt
from simulators.reader.faults import BlockAccident, BlockScript

ATTEMPTS = 3
"""Wrong blocks in a row after which the card stays in reception, silent (rule 7.4)."""
_EARLY = 0.8
"""Part of the block waiting time after which a card at work asks for more."""


@dataclass(frozen=True)
class Reply:
    """What comes from the card, and how many seconds later; no octets at all if `octets` is None.

    `settled` says that a command was answered with it, `pulled` that the card is gone after it.
    """

    octets: bytes | None
    after: float = 0.0
    settled: bool = False
    pulled: bool = False


class T1Card:
    """A card that has been powered and now speaks blocks.

    It executes a command once, however often the answer has to be sent again.
    """

    def __init__(
        self, execute: Callable[[bytes], Outcome], *, ifsc: int, bwt: Callable[[], float], script: BlockScript
    ) -> None:
        self._execute, self._ifsc, self._bwt, self._script = execute, ifsc, bwt, script
        self._wrong = 0
        self._last: Block | None = None
        self._ifsd = 32
        self._start()

    def _start(self) -> None:
        self._mine = self._theirs = 0
        """N(S) of the next I-block to be sent, and to be received."""
        self._command = b""
        self._answer: deque[bytes] = deque()
        self._asking: deque[tuple[Request, bytes]] = deque()
        self._asked: tuple[Request, bytes] | None = None
        self._work = 0.0
        self._aborting = self._pulled = False
        self._sent: Block | None = None
        """The I-block whose receipt is not yet known."""

    def receive(self, raw: bytes) -> Reply:
        """Take what came over the line and answer it."""
        faults = {fault.do: fault for fault in self._script.due()}
        if BlockAccident.DEAF in faults:
            return Reply(None)
        if wtx := faults.get(BlockAccident.WTX):
            self._asking.extend([(Request.WTX, bytes([wtx.value]))] * wtx.times)
        if ifs := faults.get(BlockAccident.IFS):
            self._asking.append((Request.IFS, bytes([ifs.value])))
        self._aborting = BlockAccident.ABORT in faults
        nak = faults.get(BlockAccident.NAK)
        reply = self._refuse(Complaint(nak.value)) if nak else self._hear(raw)
        if reply.octets is None:
            return reply
        octets = reply.octets
        if BlockAccident.LOST in faults:
            return Reply(None)
        if BlockAccident.GARBLED in faults:
            octets = octets[:-1] + bytes([octets[-1] ^ 0x10])
        if cut := faults.get(BlockAccident.CUT):
            octets = octets[: max(0, len(octets) - cut.value)]
        if BlockAccident.WRONG_NUMBER in faults:
            wrong = Block.parse(octets)
            octets = bytes(Block(wrong.pcb ^ (0x40 if wrong.is_information else 0x10), wrong.information, wrong.nad))
        return Reply(octets, reply.after, reply.settled, reply.pulled)

    def _hear(self, raw: bytes) -> Reply:
        try:
            reply = self._take(Block.parse(raw))
        except ValueError:
            return self._refuse(Complaint.EDC)
        except _OtherError:
            return self._refuse(Complaint.OTHER)
        self._wrong = 0
        return reply

    def _take(self, block: Block) -> Reply:
        if block.nad:
            raise _OtherError
        if block.is_information:
            return self._take_information(block)
        if block.is_receipt:
            return self._take_receipt(block)
        return self._take_supervision(block)

    def _take_information(self, block: Block) -> Reply:
        if (
            block.number != self._theirs or len(block.information) > self._ifsc or block.pcb & 0x1F
            or self._answer or self._asked
        ):  # fmt: skip
            raise _OtherError
        self._theirs ^= 1
        self._sent = None
        self._command += block.information
        more = bool(block.pcb & 0x20)
        if self._aborting and (more or len(self._command) > len(block.information)):
            self._command = b""
            self._asking.append((Request.ABORT, b""))
            return self._proceed()
        if more:
            return self._proceed()
        command, self._command = self._command, b""
        outcome = self._execute(command)
        if outcome.answer is None:
            return Reply(None, pulled=True)
        size = self._ifsd
        self._answer.extend(outcome.answer[at : at + size] for at in range(0, len(outcome.answer), size))
        if not outcome.answer:
            self._answer.append(b"")
        self._work, self._pulled = outcome.work, outcome.pulled
        return self._proceed()

    def _take_receipt(self, block: Block) -> Reply:
        if block.information or block.pcb & 0x2C:
            raise _OtherError
        last = self._last
        if last is None:
            return self._say(receipt(self._theirs))
        if last.is_supervision or self._sent is None:
            return Reply(bytes(last))
        if block.number == self._sent.number:
            return self._send(self._sent)
        if self._answer:
            return self._proceed()
        raise _OtherError

    def _take_supervision(self, block: Block) -> Reply:
        match block.pcb, block.information:
            case Request.RESYNCH, b"":
                self._start()
                self._ifsd = 32
                return self._say(Block(Request.RESYNCH.response))
            case Request.IFS, size if len(size) == 1 and 1 <= size[0] <= LONGEST:
                self._ifsd = size[0]
                return self._say(Block(Request.IFS.response, size))
            case Request.ABORT, b"":
                self._command, self._sent = b"", None
                self._answer.clear()
                return self._say(Block(Request.ABORT.response))
        if self._asked is None or (block.pcb, block.information) != (self._asked[0].response, self._asked[1]):
            raise _OtherError
        request, value = self._asked
        self._asked = None
        if request is Request.IFS:
            self._ifsc = value[0]
        if request is Request.ABORT:
            return self._say(receipt(self._theirs))
        return self._proceed()

    def _proceed(self) -> Reply:
        """Say what is next: a request, a receipt, or a part of the answer."""
        if not self._asking and self._answer and self._work > 0.9 * self._bwt():
            self._work -= _EARLY * self._bwt()
            self._asked = (Request.WTX, b"\x01")
            return self._say(Block(Request.WTX, b"\x01"), _EARLY * self._bwt())
        if self._asking:
            self._asked = self._asking.popleft()
            return self._say(Block(self._asked[0], self._asked[1]))
        if not self._answer:
            return self._say(receipt(self._theirs))
        part = self._answer.popleft()
        block = information(self._mine, part, more=bool(self._answer))
        self._mine ^= 1
        work, self._work = self._work, 0.0
        return self._send(block, work)

    def _send(self, block: Block, after: float = 0.0) -> Reply:
        self._sent = self._last = block
        whole = not self._answer
        return Reply(bytes(block), after, settled=whole, pulled=self._pulled and whole)

    def _say(self, block: Block, after: float = 0.0) -> Reply:
        self._last = block
        return Reply(bytes(block), after)

    def _refuse(self, complaint: Complaint) -> Reply:
        self._wrong += 1
        if self._wrong > ATTEMPTS:
            return Reply(None)
        last = self._last
        if last is not None and last.is_supervision and self._asked is not None:
            return Reply(bytes(last))  # rule 7.3: ask again
        return self._say(receipt(self._theirs, complaint))


class _OtherError(Exception):
    """A block that is whole and has no place here."""

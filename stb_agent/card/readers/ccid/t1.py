"""The host's side of T=1 (ISO/IEC 7816-3:2006, clause 11; the rules' numbers are those of 11.6.3)."""

from __future__ import annotations

from collections.abc import Callable

from stb_agent.card.readers.ccid import blocks
from stb_agent.card.readers.ccid.blocks import BadCode, Block, Control, Data, Error, Receipt, Supervision
from stb_agent.card.readers.ccid.faults import Fault, Incomplete, Lost, Malformed

Exchange = Callable[[bytearray, int], bytes]
_RETRIES = 2
"""Further attempts to get a block through before the next measure (rules 7.4.1, 7.4.2)."""
_MOST_REQUESTS = 255
"""S-blocks that a card may ask in one exchange: a card that asks for time without end is given up."""
_MOST_BYTES = 0x10000 + 2
_FIRST_IFSD = 32


class NoBlock(Fault):
    """What came back is no block. ``parity``: characters were wrong, as against none at all (BWT passed)."""

    def __init__(self, parity: bool) -> None:
        super().__init__()
        self.parity = parity


class T1:
    """One card's T=1, from its reset on.

    ``exchange``: sends a block with the number of block waiting times that the card may take, and gives the card's;
    raises NoBlock. ``ifsc``, ``crc``: from the answer-to-reset. ``ifsd``: what to announce, None if the reader does so itself;
    ``longest``: bytes of information that the reader can send in a block.
    """

    def __init__(
        self, exchange: Exchange, ifsc: int, ifsd: int | None, *, crc: bool = False, longest: int = 254
    ) -> None:
        self._exchange = exchange
        self._first_ifsc = self._ifsc = ifsc
        self._ifsd = ifsd
        self._crc = crc
        self._longest = longest
        self._mine = 0  # N(S) of our next I-block
        self._theirs = 0  # N(S) of the card's next I-block
        self._heard = False
        self._in_step = False  # a block of ours was taken, so that both count alike
        self._answered: Control | None = None  # the card's last word, if that was a response to an S-block of ours
        self._announced = ifsd is None or ifsd == _FIRST_IFSD

    def transmit(self, apdu: bytes | bytearray | memoryview) -> bytes:
        """Exchange an APDU.

        A command is begun again after a resynchronisation only if its last block cannot have reached the card, so that none is carried out
        twice. Raises Incomplete (the link is good for the next command), Lost (it is not), and what ``exchange`` raises.
        """
        for _ in range(2):
            if not self._announced:
                self._announce()
            run = _Run(memoryview(apdu).toreadonly())
            try:
                answer = self._carry(run)
            finally:
                run.wipe()
            if answer is not None:
                return answer
            self._resynchronise()
            if run.perhaps_done:
                break
        raise Incomplete("resynchronised")

    def _carry(self, run: _Run) -> bytes | None:
        """Send the command and collect the answer; None if the link has to be resynchronised."""
        block: Block = self._data(run)
        waits = 1
        while run.failures <= _RETRIES and run.requests <= _MOST_REQUESTS:
            try:
                got = self._swap(block, run, waits)
                waits = 1
                block = self._answer_to(got, run)
            except (NoBlock, Malformed) as error:
                # Rules 7.1 to 7.3: after an I- or S-block ask by R-block for what is due; an R-block is sent again.
                waits = 1
                run.failures += 1
                run.troubled = True
                if not isinstance(block, Receipt):
                    coded = isinstance(error, BadCode) or (isinstance(error, NoBlock) and error.parity)
                    block = Receipt(self._theirs, Error.CODE if coded else Error.OTHER)
                continue
            if run.finished:
                return bytes(run.answer)
            if isinstance(got, Control) and got.kind is Supervision.WTX:
                waits = got.field[0] or 1
        if not self._heard:
            raise Lost("the card never answered")
        return None

    def _answer_to(self, got: Block, run: _Run) -> Block:
        """Give our next block. Raises Malformed for a block that has no place here."""
        match got:
            case Data():
                return self._take(got, run)
            case Receipt():
                return self._go_on(got, run)
            case Control(response=False):
                return self._obey(got, run)
            case Control() if got == self._answered and run.sending:
                # Asked by R-block, the card repeats the last it sent: it has not had our I-block.
                return self._repeat(run)
        raise Malformed("a response to nothing")

    def _take(self, got: Data, run: _Run) -> Block:
        if got.number != self._theirs or (run.sending and run.more and not run.aborted):
            raise Malformed("an I-block out of turn")
        if run.sending:
            run.sending = False
            self._mine ^= 1
        self._theirs ^= 1
        self._in_step = True
        # An empty part with more to follow is progress in name only: a chain of them would never end.
        run.failures = run.failures + 1 if got.more and not got.field else 0
        run.answer += got.field
        run.finished = not got.more
        if len(run.answer) > _MOST_BYTES:
            raise Lost("an answer without end")
        return Receipt(self._theirs, Error.NONE)

    def _go_on(self, got: Receipt, run: _Run) -> Block:
        if run.aborted:
            self._mine = got.number
            raise Incomplete("the card broke off the chain")
        if not run.sending:
            if got.number != self._mine:
                raise Malformed("an R-block for a block of ours that is done with")
            run.failures += 1
            return Receipt(self._theirs, Error.NONE)
        if got.number == self._mine:
            return self._repeat(run)
        if not run.more:
            if self._in_step or run.troubled:
                raise Malformed("an R-block for the last block")
            # The first word to our first block: a card that kept its count over our power-on, which the reader did not pass on.
            run.perhaps_done = False
            run.failures = _RETRIES + 1
            return got
        run.failures = 0
        self._in_step = True
        self._mine ^= 1
        return self._data(run)

    def _repeat(self, run: _Run) -> Block:
        run.failures += 1
        run.perhaps_done = False
        return self._data(run, again=True)

    def _obey(self, got: Control, run: _Run) -> Block:
        run.requests += 1
        run.failures = 0
        match got.kind:
            case Supervision.RESYNCH:
                raise Malformed("only the host may resynchronise")
            case Supervision.IFS:
                self._ifsc = got.field[0]
            case Supervision.ABORT:
                run.aborted = True
                run.answer.clear()
            case Supervision.WTX:
                pass
        return Control(got.kind, True, got.field)

    def _data(self, run: _Run, again: bool = False) -> Data:
        if not again:
            run.cut(min(self._ifsc, self._longest))
        return Data(self._mine, run.more, b"")

    def _swap(self, block: Block, run: _Run, waits: int) -> Block:
        raw = blocks.encode(block, run.part if isinstance(block, Data) else b"", self._crc)
        if isinstance(block, Data) and not block.more:
            run.perhaps_done = True
        try:
            answer = self._exchange(raw, waits)
        finally:
            raw[:] = bytes(len(raw))
        got = blocks.decode(answer, self._crc)
        self._heard = True
        if not (isinstance(got, Control) and got.response):
            self._answered = None
        return got

    def _announce(self) -> None:
        """Tell the card our IFSD (11.4.2). A card that answers and does not take it goes on with 32. Raises Lost."""
        assert self._ifsd is not None
        self._announced = True
        self._ask(Control(Supervision.IFS, False, bytes((self._ifsd,))))
        if not self._heard:
            raise Lost("the card never answered")

    def _resynchronise(self) -> None:
        """Begin anew at block 0 (rule 6.4): all is as after the answer-to-reset. Raises Lost."""
        if not self._ask(Control(Supervision.RESYNCH, False)):
            raise Lost("no resynchronisation")
        self._mine = self._theirs = 0
        self._ifsc = self._first_ifsc
        self._announced = self._ifsd is None or self._ifsd == _FIRST_IFSD

    def _ask(self, request: Control) -> bool:
        """Send an S-block until it is answered in kind (rule 7.3), at most three times."""
        wanted = Control(request.kind, True, request.field)
        for _ in range(1 + _RETRIES):
            try:
                got = blocks.decode(self._exchange(blocks.encode(request, crc=self._crc), 1), self._crc)
            except (NoBlock, Malformed):
                continue
            self._heard = True
            if got == wanted:
                self._answered = got
                return True
        return False


class _Run:
    """One command on its way."""

    def __init__(self, apdu: memoryview) -> None:
        self._rest = apdu
        self.part = memoryview(b"")
        self.more = False
        self.sending = True
        self.aborted = False
        self.finished = False
        self.perhaps_done = False
        self.troubled = False
        self.failures = 0
        self.requests = 0
        self.answer = bytearray()

    def cut(self, size: int) -> None:
        """Take the next part."""
        self.part, self._rest = self._rest[:size], self._rest[size:]
        self.more = bool(self._rest)

    def wipe(self) -> None:
        """Let the command's bytes go."""
        self.part = self._rest = memoryview(b"")

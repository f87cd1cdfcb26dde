"""A card in a slot: what it answers, when, and what happens to it meanwhile."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from simulators.card.applet import Card
from simulators.card.faults import Accident, Script
from simulators.card.link import Link
from simulators.card.recorder import Recorder
from simulators.card.vpcd import Pulled

_SIGN = b"\x2a"


@dataclass(frozen=True)
class Outcome:
    """What a command led to.

    `answer` is None when it is lost with the card; `work` is the seconds the card computes; `pulled` says that the
    card is gone afterwards.
    """

    answer: bytes | None
    work: float = 0.0
    pulled: bool = False


class Slot:
    """A card under the recorder's eye, with accidents.

    A reader calls `begin` with a command, lets the time pass, and calls `end`; `transmit` is all of it for a reader
    that exchanges whole APDUs.
    """

    def __init__(
        self, card: Card, script: Script, recorder: Recorder, done: Callable[[], None], link: Link | None = None
    ) -> None:
        self.card, self.link = card, link or Link()
        self._script, self._recorder, self._done = script, recorder, done
        self._open: tuple[bytes, bytes | None] | None = None
        self._answers: dict[bytes, bytes] = {}

    @property
    def atr(self) -> bytes:
        """Return the card's ATR."""
        return bytes.fromhex(self.card.quirks.atr)

    def power_off(self) -> None:
        """Take the card's power."""
        self.card.power_off()

    def reset(self) -> None:
        """Reset the card."""
        self.card.reset()

    def begin(self, command: bytes) -> Outcome:
        """Have the card answer, unless something happens."""
        self.end()
        faults = {fault.do: fault for fault in self._script.due(command)}
        if Accident.PULL_BEFORE in faults:
            return Outcome(None, pulled=True)
        work = 0.0
        if instead := faults.get(Accident.ANSWER):
            answer = bytes.fromhex(instead.answer)
        else:
            answer = self.card.execute(command)
            self._done()
            if command[1:2] == _SIGN and len(answer) > 2:
                work = self.link.rsa
        answer = self._remember(command[1:2], answer, replay=Accident.REPLAY in faults)
        if cut := faults.get(Accident.CUT):
            answer = answer[:-2][: cut.keep] + answer[-2:]
        if cut := faults.get(Accident.TRUNCATE):
            answer = answer[: cut.keep]
        if slow := faults.get(Accident.SLOW):
            work += slow.seconds
        lost = Accident.PULL_INSIDE in faults
        self._open = command, None if lost else answer
        return Outcome(None if lost else answer, work, lost or Accident.PULL_AFTER in faults)

    def _remember(self, instruction: bytes, answer: bytes, *, replay: bool) -> bytes:
        """Keep an answer, and give the one before to such a command instead if it is to be replayed."""
        before = self._answers.get(instruction, answer)
        if answer[-2:] == b"\x90\x00":
            self._answers[instruction] = answer
        return before if replay else answer

    def end(self, *, seen: bool = True) -> None:
        """Record the command that was begun, if there is one; `seen` says that its answer reached the reader."""
        if self._open is not None:
            command, answer = self._open
            self._open = None
            self._recorder.add(command, answer if seen else None)

    async def transmit(self, command: bytes) -> bytes:
        """Exchange an APDU and take the time it takes; raises Pulled."""
        time = asyncio.get_running_loop().time
        begun = time()
        outcome = self.begin(command)
        # What the simulation itself takes, tens of milliseconds for a signature, is a part of it.
        seconds = self.link.exchange(len(command) + len(outcome.answer or b"")) + outcome.work + begun - time()
        if seconds > 0:
            try:
                await asyncio.sleep(seconds)
            except asyncio.CancelledError:  # pulled by hand meanwhile
                self.end(seen=False)
                raise
        self.end()
        if outcome.pulled or outcome.answer is None:
            raise Pulled(outcome.answer)
        return outcome.answer

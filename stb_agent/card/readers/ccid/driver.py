"""A reader's message layer: numbered commands, waiting, and finding back after a message was lost."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Protocol

from stb_agent.card.readers.ccid import messages
from stb_agent.card.readers.ccid.descriptor import Descriptor
from stb_agent.card.readers.ccid.faults import Failed, Fault, Garbled, Gone, Late, Malformed, SlotError
from stb_agent.card.readers.ccid.messages import ANSWERS, Answer, Buffer, Out

ANSWER_LIMIT = 5.0
"""Seconds for a reader to answer what involves the card, or to ask for more time, where the card's own waiting time is shorter."""
PROMPT = 2.0
"""Seconds that a reader may take over what does not involve the card."""
_LONGEST_WAIT = 60.0
"""Seconds that one request for more time may grant, and that all of a command may grant together: a reader that
promises 255 waiting times and dies is given up."""
_MARGIN = 1.0
_BUSY_TRIES = 10
_BUSY_PAUSE = 0.1
_MOST_STRAY = 64
"""Messages that answer nothing, dropped while waiting for one that does."""
_BUSY = (SlotError.SLOT_BUSY, SlotError.BUSY_WITH_AUTO_SEQUENCE)


class Wire(Protocol):
    """The bulk pipes and the control pipe of a claimed interface (``transport.Port``)."""

    def write(self, message: bytearray) -> None: ...
    def read(self, limit: float) -> bytes: ...
    def abort(self, slot: int, seq: int) -> None: ...
    def clear(self) -> None: ...
    def close(self) -> None: ...


class Driver:
    """One interface's commands, one at a time whichever thread they come from.

    ``gone``: the device left the bus; ``broken``: it no longer answers at all, and must be opened anew.
    """

    def __init__(
        self,
        wire: Wire,
        descriptor: Descriptor,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        answer_limit: float = ANSWER_LIMIT,
    ) -> None:
        self.descriptor = descriptor
        self.answer_limit = answer_limit
        self.gone = False
        self.broken = False
        self._wire = wire
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._seq = 0
        self._closing = False

    def command(
        self,
        kind: Out,
        slot: int,
        specific: bytes = b"\0\0\0",
        data: Buffer = b"",
        *,
        limit: float = PROMPT,
        waiting: float = PROMPT,
    ) -> Answer:
        """Send a command and give its answer.

        ``limit``: seconds until the answer or a request for more time; ``waiting``: seconds of the card's waiting time, of which
        such a request asks a multiple. A command that the busy slot refused is sent again. Raises Failed, Late, Garbled, Gone.
        """
        for attempt in range(_BUSY_TRIES):
            try:
                with self._lock:
                    return self._once(kind, slot, specific, data, limit, waiting)
            except Failed as error:
                if error.error not in _BUSY or error.absent or attempt == _BUSY_TRIES - 1:
                    raise
            finally:
                self._end_if_closing()
            self._sleep(_BUSY_PAUSE)
        raise AssertionError

    def status(self, slot: int) -> Answer | None:
        """Ask what the slot holds; None if another thread is amid a command. Raises as ``command``."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            return self._once(Out.SLOT_STATUS, slot, b"\0\0\0", b"", PROMPT, PROMPT)
        finally:
            self._lock.release()
            self._end_if_closing()

    def recover(self, slot: int) -> None:
        """Make host and reader agree again after a message was lost: Abort on both pipes (CCID 1.1, 5.3.1), else clear all and ask.

        Raises Gone, and Garbled if the reader answers nothing any more.
        """
        with self._lock:
            try:
                with contextlib.suppress(Failed, Late, Garbled):
                    self._abort(slot)
                    return
                self._wire.clear()
                self._drain()
                self._once(Out.SLOT_STATUS, slot, b"\0\0\0", b"", PROMPT, PROMPT)
            except Gone:
                self.gone = True
                raise
            except Failed:
                return
            except Fault:
                self.broken = True
                raise Garbled("the reader no longer answers") from None

    def close(self) -> None:
        """Let the interface go, at once or when the command that is under way ends."""
        self._closing = True
        self._end_if_closing()

    def _end_if_closing(self) -> None:
        if self._closing and self._lock.acquire(blocking=False):
            try:
                self._wire.close()
            finally:
                self._lock.release()

    def _once(self, kind: Out, slot: int, specific: bytes, data: Buffer, limit: float, waiting: float) -> Answer:
        if self._closing or self.gone:
            raise Gone
        seq = self._next()
        try:
            self._wire.write(messages.encode(kind, slot, seq, specific, data))
            return self._await(kind, slot, seq, limit, waiting)
        except Gone:
            self.gone = True
            raise
        except Garbled:
            with contextlib.suppress(Gone):
                self._wire.clear()
            raise

    def _next(self) -> int:
        seq, self._seq = self._seq, (self._seq + 1) & 0xFF
        return seq

    def _await(self, kind: Out, slot: int, seq: int, limit: float, waiting: float) -> Answer:
        start = self._clock()
        until, strays = start + limit, 0
        while strays <= _MOST_STRAY:
            left = until - self._clock()
            if left <= 0:
                raise Late
            try:
                answer = messages.decode(self._wire.read(left))
            except Malformed:
                strays += 1
                continue
            if (answer.slot, answer.seq) != (slot, seq):
                strays += 1
            elif answer.more_time:
                granted = min(max(answer.error, 1) * waiting + _MARGIN, _LONGEST_WAIT)
                until = min(self._clock() + max(granted, limit), start + limit + _LONGEST_WAIT)
            elif answer.failed:
                raise Failed(answer.error, answer.icc is messages.Icc.ABSENT)
            elif answer.kind == ANSWERS[kind]:
                return answer
            else:
                strays += 1
        raise Garbled("nothing but stray messages")

    def _abort(self, slot: int) -> None:
        seq = self._next()
        with contextlib.suppress(Garbled, Late):
            self._wire.abort(slot, seq)
        self._wire.write(messages.encode(Out.ABORT, slot, seq))
        self._await(Out.ABORT, slot, seq, PROMPT, PROMPT)

    def _drain(self) -> None:
        with contextlib.suppress(Late, Garbled):
            for _ in range(_MOST_STRAY):
                self._wire.read(0.05)

"""The card slot as the agent sees it: what is in it, who the card says it is, and a signature after a person's PIN."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from stb_agent.card import errors
from stb_agent.card.certificate import AuthenticationCertificate, Trust
from stb_agent.card.connection import Connection, Inspection, Limits, Payload, Tools
from stb_agent.card.pin import LENGTH, Pin
from stb_agent.card.reader import ReaderSource, Sight, SlotState
from stb_agent.card.worker import Steps, Worker

T = TypeVar("T")


class Slot:
    """Watch the readers and work with the card in one of them.

    ``on_change`` is called in the loop with each SlotState, ``clock`` gives the present as an aware datetime. What may block runs in
    threads of the slot's own: one that watches, and one for each reader that is worked with, so that a reader that never answers
    keeps no other from working.
    """

    def __init__(
        self,
        source: ReaderSource,
        trust: Trust,
        clock: Callable[[], datetime],
        on_change: Callable[[SlotState], None],
        limits: Limits | None = None,
    ) -> None:
        self._source = source
        self._on_change = on_change
        self._limits = limits or Limits()
        self._sight = Sight(SlotState.NO_READER)
        self._changed = asyncio.Event()
        self._certificate: AuthenticationCertificate | None = None
        self._tools = Tools(trust, clock, self._limits)
        self._workers: dict[str, Worker] = {}

    @property
    def state(self) -> SlotState:
        """What the slot holds."""
        return self._sight.state

    async def start(self) -> None:
        """Begin to watch; the first state is known, and told, when this returns."""
        self._loop = asyncio.get_running_loop()
        self._first = asyncio.Event()
        self._watch = threading.Thread(target=self._watch_readers, name="card-watch", daemon=True)
        self._watch.start()
        await self._first.wait()

    async def stop(self) -> None:
        """Stop watching and working; a call that is stuck in a reader is left to its thread."""
        for worker in self._workers.values():
            worker.abandon(errors.Removed())
        while self._watch.is_alive():
            self._source.stop()
            await asyncio.to_thread(self._watch.join, 0.05)
        for worker in self._workers.values():
            worker.end()
        await asyncio.gather(
            *(asyncio.to_thread(worker.join, self._limits.command) for worker in self._workers.values())
        )

    async def identify(self) -> AuthenticationCertificate:
        """Read and check the authentication certificate, once for each insertion. No PIN. Raises CardError."""
        if self._certificate is None or self.state is not SlotState.PRESENT:
            return await self._run(lambda connection: connection.certificate())
        return self._certificate

    async def inspect(self) -> Inspection:
        """Look at all of a card that needs no PIN and tells nothing of the person. Raises CardError if there is no card to look at."""
        return await self._run(lambda connection: connection.inspect())

    async def minor(self) -> bool:
        """Ask whether the card has an authentication certificate and no signature certificate, as those of under-15s. Raises CardError."""
        return await self._run(lambda connection: connection.minor())

    async def tries(self) -> int:
        """Ask how many PIN tries are left; this spends none. Raises PinBlocked, PinUnusable and any other CardError."""
        return await self._run(lambda connection: connection.tries())

    async def authenticate(self, pin: Pin, payload: Payload, expected_tries: int | None = None) -> bytes:
        """Verify the PIN once and give the card's signature (RS256) over ``payload``. The PIN is zeroed whatever happens.

        ``payload``: the bytes, or what makes them from the certificate (called in the card's thread, before the PIN is shown).
        ``expected_tries``: what the person was shown; fewer raise PinChanged and the PIN is not sent.
        Raises PinFormat, PinWrong, PinBlocked, PinChanged and any other CardError.
        """
        with pin:
            if len(pin) != LENGTH:
                raise errors.PinFormat
            return await self._run(lambda connection: connection.authenticate(pin, payload, expected_tries))

    async def _run(self, work: Callable[[Connection], T]) -> T:
        sight = self._sight
        if error := sight.error():
            raise error
        connection = Connection(self._source, sight.reader, self._tools, self._certificate)

        def job(steps: Steps) -> T:
            with connection.bounded(steps):
                return work(connection)

        try:
            return await self._worker(sight.reader).run(job)
        except (errors.ExchangeFailed, errors.NoCard, errors.NoReader, errors.Mute):
            # A card on its way out fails first and is missed a moment later.
            if await self._changes(sight):
                raise errors.Removed from None
            raise
        finally:
            if self._sight == sight and connection.known:
                self._certificate = connection.known

    def _worker(self, reader: str) -> Worker:
        """Give the reader's worker; those of other readers end once they are idle."""
        for name in [name for name, worker in self._workers.items() if name != reader and worker.idle]:
            self._workers.pop(name).end()
        if reader not in self._workers:
            self._workers[reader] = Worker()
        return self._workers[reader]

    async def _changes(self, sight: Sight) -> bool:
        if self._sight == sight:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._limits.settle)
        return self._sight != sight

    def _watch_readers(self) -> None:
        for sight in self._source.sights():
            self._loop.call_soon_threadsafe(self._saw, sight)

    def _saw(self, sight: Sight) -> None:
        if self._sight.insertion and sight.insertion != self._sight.insertion:
            error = sight.error()
            lost = isinstance(error, errors.ServiceMissing | errors.Denied)
            for worker in self._workers.values():
                worker.abandon(error if error and lost else errors.Removed())
        self._certificate = None
        self._sight = sight
        self._changed.set()
        self._changed = asyncio.Event()
        self._first.set()
        self._on_change(sight.state)

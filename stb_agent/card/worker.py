"""One thread for calls that block, with a limit for each step, past which the caller is told and the call left to itself."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

from stb_agent.card import errors

T = TypeVar("T")
_CATCH_UP = 1.0
"""Seconds that a new job waits for an abandoned one before it is refused."""


class Abandoned(Exception):
    """The job's caller no longer waits: end it, close what is open, start nothing."""


class Steps:
    """A job's steps, each bounded, as seen by the work in the thread; the caller's waiting, as seen in the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.given_up: asyncio.Future[errors.CardError] = loop.create_future()
        self._loop = loop
        self._abandoned = False
        self._timer: asyncio.TimerHandle | None = None

    @contextlib.contextmanager
    def step(self, limit: float, last: bool = False) -> Iterator[None]:
        """Bound what runs inside to ``limit`` seconds. In the thread. Raises Abandoned, but a ``last`` step runs in any case."""
        self._go_on(last)
        self.in_loop(self._arm, limit)
        try:
            yield
        finally:
            self.in_loop(self._disarm)
        self._go_on(last)

    def abandon(self, error: errors.CardError | None = None) -> None:
        """Stop waiting, with ``error``; the work ends at its next step. In the loop."""
        self._abandoned = True
        if error and not self.given_up.done():
            self.given_up.set_result(error)

    def in_loop(self, function: Callable[..., object], *args: object) -> None:
        """Call in the loop, from the thread; a call that was stuck may return after the loop has closed."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *args)

    def _go_on(self, last: bool) -> None:
        if self._abandoned and not last:
            raise Abandoned

    def _arm(self, limit: float) -> None:
        self._timer = self._loop.call_later(limit, lambda: self.abandon(errors.Timeout()))

    def _disarm(self) -> None:
        if self._timer:
            self._timer.cancel()


class Worker:
    """Runs jobs, one at a time, in one thread; a call that never returns keeps that thread and no other."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._turn = asyncio.Lock()
        self._steps: Steps | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._thread = threading.Thread(target=self._serve, name="card", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[Steps], T]) -> T:
        """Give what ``work`` gives. Raises Timeout past a step's limit, or if an earlier call still has the thread."""
        async with self._turn:
            await self._free()
            loop = asyncio.get_running_loop()
            steps = Steps(loop)
            result: asyncio.Future[T] = loop.create_future()
            self._idle.clear()
            self._steps = steps
            self._jobs.put(lambda: self._do(work, steps, result))
            try:
                await asyncio.wait((result, steps.given_up), return_when=asyncio.FIRST_COMPLETED)
                if result.done():
                    return result.result()
                raise steps.given_up.result()
            finally:
                self._steps = None
                steps.abandon()
                steps.given_up.cancel()

    def abandon(self, error: errors.CardError) -> None:
        """End the waiting for the present job with ``error``, if there is one."""
        if self._steps:
            self._steps.abandon(error)

    @property
    def idle(self) -> bool:
        """Tell whether no job has the thread or waits for it."""
        return self._idle.is_set() and not self._turn.locked()

    def end(self) -> None:
        """End the thread after the job it has."""
        self._jobs.put(None)

    def join(self, patience: float) -> None:
        """Wait ``patience`` seconds for the end; a stuck thread is left, it is a daemon."""
        self._thread.join(patience)

    async def _free(self) -> None:
        try:
            await asyncio.wait_for(self._idle.wait(), _CATCH_UP)
        except TimeoutError:
            raise errors.Timeout from None

    def _serve(self) -> None:
        while job := self._jobs.get():
            job()

    def _do(self, work: Callable[[Steps], T], steps: Steps, result: asyncio.Future[T]) -> None:
        try:
            value = work(steps)
        except Abandoned:
            steps.in_loop(self._idle.set)
        except Exception as error:
            steps.in_loop(self._end, result.set_exception, error)
        else:
            steps.in_loop(self._end, result.set_result, value)

    def _end(self, tell: Callable[[object], None], outcome: object) -> None:
        self._idle.set()
        if self._steps:
            tell(outcome)

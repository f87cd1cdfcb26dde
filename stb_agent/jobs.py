"""What the agent does beside the television: pages' jobs, and work of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping

from stb_agent.contract.errors import ChanomaError
from stb_agent.core.effects import Run
from stb_agent.core.page import Done, Failed, Job, Stopped
from stb_agent.core.service import Service
from stb_agent.core.waiting import LATE_S, STEPS_S, Wait

log = logging.getLogger(__name__)


class Internal(ChanomaError):
    """Something of ours is broken."""

    code = "internal"
    retry = True


class Jobs:
    """Runs them. ``services`` do the jobs; ``ended`` takes how one in a page's slot ended, ``waiting`` that it has not for so long."""

    def __init__(
        self,
        services: Mapping[str, Service],
        *,
        ended: Callable[[int, Done | Failed], None],
        waiting: Callable[[int, Wait], None],
    ) -> None:
        self._services = services
        self._ended = ended
        self._waiting = waiting
        self._tasks: set[asyncio.Task[None]] = set()
        self._seen_only: dict[int, tuple[Job, asyncio.Task[None]]] = {}
        self._slots: dict[int, int] = {}

    def start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Do something beside; its defect is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return task

    def run(self, run: Run) -> None:
        """Do a page's job."""
        task = self.start(self._work(run))
        if run.job.while_seen:
            self._seen_only[run.slot] = run.job, task

    def slot(self, job: Job) -> int:
        """Give the slot of the page whose job this is, which is being done."""
        return self._slots[id(job)]

    def unseen(self, seen: int | None, attended: int | None) -> list[tuple[int, Stopped]]:
        """Stop what is only done while its page is seen, or attended under a warning; give what its page is to be told."""
        stopped = []
        for slot, (job, task) in list(self._seen_only.items()):
            if slot != (attended if job.under_warning else seen):
                del self._seen_only[slot]
                task.cancel()
                stopped.append((slot, Stopped(job)))
        return stopped

    async def stop(self, *more: asyncio.Task[None]) -> None:
        """Stop everything but the task that asks for it, and ``more``; wait until all has written down where it was."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()] + [*more]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (defect := task.exception()) is not None:
            log.error("a task of the agent failed", exc_info=defect)

    async def _work(self, run: Run) -> None:
        call_later = asyncio.get_running_loop().call_later
        timers = [
            call_later(s, self._waiting, run.slot, wait) for s, wait in ((STEPS_S, Wait.SLOW), (LATE_S, Wait.LATE))
        ]
        self._slots[id(run.job)] = run.slot
        try:
            event: Done | Failed = Done(run.job, await self._services[run.job.service].work(run.job))
        except ChanomaError as error:
            log.info("%s: %s", type(run.job).__name__, error.code)
            event = Failed(run.job, error)
        except Exception:
            log.exception("%s failed", type(run.job).__name__)
            event = Failed(run.job, Internal())
        finally:
            for timer in timers:
                timer.cancel()
            del self._slots[id(run.job)]
        if run.job.while_seen:
            del self._seen_only[run.slot]
        self._ended(run.slot, event)

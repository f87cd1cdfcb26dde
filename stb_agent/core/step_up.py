"""Why a page cannot be seen yet, and what it goes on with once it can."""

from __future__ import annotations

from dataclasses import dataclass

from stb_agent.contract.levels import Demand, FallsShort, Lack, Proof
from stb_agent.core.access import Access, level_lack, short_of
from stb_agent.core.page import Done, Failed, FirstProve, Frame, Job, Reached, Shortfall, Stopped
from stb_agent.core.stack import Slot


@dataclass(frozen=True)
class _Owed:
    """A page's job that goes on once ``demand`` is met by another proof than ``than``; ``instead`` is its end if it is not."""

    demand: Demand
    than: Proof | None
    then: Job
    instead: Done | Failed


class StepUps:
    """What stands between the session's proof and each page: its own needs, and jobs that wait for a new proof."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._owed: dict[int, _Owed] = {}
        self._repeated: set[int] = set()

    def short(self, slot: Slot, frame: Frame) -> Shortfall | None:
        """Give why a page cannot be seen yet, or go on with its job; None if it can."""
        needs = slot.page.needs
        lack = level_lack(needs.level, frame.level) or self._access.lack(needs.service, frame.proof)
        owed = self._owed.get(slot.id)
        if lack is not None:
            policy = self._access.policy(needs.service)
            return Shortfall(lack, policy is not None and policy.at_box)
        if owed is not None and (lack := short_of(owed.demand, owed.than, frame.proof)) is not None:
            return Shortfall(lack, owed.demand.at_box)
        return Shortfall(Lack.UNLINKED) if needs.linked and not frame.linked else None

    def heard(
        self, slot: Slot, event: Done | Failed | Reached | Stopped, proof: Proof | None, *, attended: bool
    ) -> Done | Failed | Reached | Stopped | None:
        """Keep an answer back that a new proof mends, if the page is ``attended`` by somebody who can give one; else give what the page hears.

        What falls short right after a new proof is told: nobody proves who they are again and again for the same.
        """
        match event:
            case Failed(job=job, error=FallsShort() as error):
                owed = _Owed(error.demand, proof, job, event)
            case Done(result=FirstProve() as first):
                owed = _Owed(first.demand, proof, first.then, Done(event.job, first.instead))
            case _:
                if not isinstance(event, Reached):
                    self._repeated.discard(slot.id)
                return event
        repeated = slot.id in self._repeated
        self._repeated.discard(slot.id)
        if repeated or not attended or not slot.page.needs.person:
            return owed.instead
        self._owed[slot.id] = owed
        return None

    def resume(self, slot: Slot) -> Job | None:
        """Give the job that waited for the proof which is there now, if one did."""
        owed = self._owed.pop(slot.id, None)
        if owed is None:
            return None
        self._repeated.add(slot.id)
        return owed.then

    def give_up(self, slot: Slot) -> Done | Failed | None:
        """Give how the job ends that waited for a proof which nobody gives, if one did."""
        owed = self._owed.pop(slot.id, None)
        return None if owed is None else owed.instead

    def end(self) -> None:
        """Forget everything: the session is over."""
        self._owed.clear()
        self._repeated.clear()

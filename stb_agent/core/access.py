"""Which services a proof opens, and for how long: decided when one is opened, by the operator's policies. Pure; time is passed in."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from stb_agent.contract.level import Level
from stb_agent.contract.levels import Demand, Lack, Levels, Lifespan, Policy, Proof, Revocation


@dataclass(frozen=True)
class Grant:
    """A service is open by ``proof`` since ``at``."""

    proof: Proof
    at: float


class Access:
    """Keep what the session's proofs have opened.

    A grant holds while one of the service's pages is on the stack, however old the proof gets meanwhile: nobody is thrown out of a form half written.
    It ends when the service is left, when its seconds are over, and with another proof; opening the service again is decided anew.
    """

    def __init__(self, levels: Levels, clock: Callable[[], float]) -> None:
        self._levels = levels
        self._clock = clock
        self._grants: dict[str, Grant] = {}
        self._opened: dict[str, Grant] = {}

    def policy(self, service: str) -> Policy | None:
        """Give a service's policy; None for a page that belongs to no service."""
        return getattr(self._levels, service) if service else None

    def lack(self, service: str, proof: Proof | None) -> Lack | None:
        """Give what a proof falls short of for this service, now; None if nothing."""
        policy = self.policy(service)
        if policy is None:
            return None
        short = _short_of_level(policy.level.level, proof)
        if short is not None or proof is None:
            return short
        now, grant = self._clock(), self._grants.get(service)
        if grant is not None and grant.proof is proof:
            return Lack.LAPSED if _over(policy, grant, now) else None
        if policy.level.level < Level.AUTHENTICATED:
            return None
        if policy.at_box and not proof.at_box:
            return Lack.AT_BOX
        if proof.revocation is not Revocation.GOOD:
            return Lack.REVOCATION_UNKNOWN
        if now - proof.checked_at > policy.revocation:
            return Lack.REVOCATION_OLD
        if now - proof.at > policy.max_age:
            return Lack.AGE
        before = self._opened.get(service)
        if before is not None and before.proof is proof:
            if policy.lifespan is Lifespan.ONCE:
                return Lack.ONCE
            if _over(policy, before, now):
                return Lack.LAPSED
        return None

    def visit(self, services: Collection[str], proof: Proof | None) -> frozenset[str]:
        """Take which services have pages on the stack; give those that were left, whose tokens and data go."""
        now = self._clock()
        over = self.lapsed()
        left = frozenset(
            it for it, grant in self._grants.items() if it not in services or grant.proof is not proof or it in over
        )
        for service in left:
            del self._grants[service]
        for service in services:
            if proof is not None and service not in self._grants and self.lack(service, proof) is None:
                before = self._opened.get(service)
                grant = before if before is not None and before.proof is proof else Grant(proof, now)
                self._grants[service] = self._opened[service] = grant
        return left

    def lapses_at(self) -> float | None:
        """Give when the next service that is open is to be put away (seconds since the epoch), if any is."""
        ends = [_end(self._levels, service, grant) for service, grant in self._grants.items()]
        return min((end for end in ends if end is not None), default=None)

    def lapsed(self) -> frozenset[str]:
        """Give the services whose seconds are over while they are open."""
        now, policies = self._clock(), self._levels
        return frozenset(it for it, grant in self._grants.items() if _over(getattr(policies, it), grant, now))

    def end(self) -> None:
        """Forget everything: the session is over."""
        self._grants.clear()
        self._opened.clear()


def short_of(demand: Demand, than: Proof | None, proof: Proof | None) -> Lack | None:
    """Give what is lacking to meet a demand that was made of the proof ``than``: nothing but a newer one is enough."""
    short = _short_of_level(demand.level, proof)
    if short is not None:
        return short
    if proof is than:
        return demand.why
    return Lack.AT_BOX if demand.at_box and proof is not None and not proof.at_box else None


def level_lack(wanted: Level, have: Level) -> Lack | None:
    """Give what lacks to a level, if anything does."""
    if wanted <= have:
        return None
    return Lack.SIGNATURE if wanted >= Level.SIGNATURE else Lack.LEVEL


def _short_of_level(wanted: Level, proof: Proof | None) -> Lack | None:
    return level_lack(wanted, proof.level if proof is not None else Level.PRESENT)


def _end(levels: Levels, service: str, grant: Grant) -> float | None:
    lifespan = getattr(levels, service).lifespan
    return grant.at + lifespan if isinstance(lifespan, int) else None


def _over(policy: Policy, grant: Grant, now: float) -> bool:
    return isinstance(policy.lifespan, int) and now - grant.at >= policy.lifespan

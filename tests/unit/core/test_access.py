"""What a proof opens and for how long: the operator's policies, decided when a service is opened."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stb_agent.contract.level import Level
from stb_agent.contract.levels import Demand, Lack, LevelName, Levels, Lifespan, Policy, Proof, Revocation
from stb_agent.core.access import Access, short_of

NOW = 10_000.0
PROOF = Proof(Level.AUTHENTICATED, NOW, checked_at=NOW)


class Clock:
    at = NOW

    def __call__(self) -> float:
        return self.at


def access(clock: Clock | None = None, **policy: object) -> Access:
    return Access(Levels(health=Policy(**policy)), clock or Clock())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("policy", "proof", "lack"),
    [
        ({}, None, Lack.LEVEL),
        ({}, PROOF, None),
        ({"level": LevelName.PRESENT}, None, None),
        ({"level": LevelName.SIGNATURE}, None, Lack.SIGNATURE),
        ({"level": LevelName.SIGNATURE}, PROOF, Lack.SIGNATURE),
        ({"max_age": 60}, replace(PROOF, at=NOW - 60), None),
        ({"max_age": 60}, replace(PROOF, at=NOW - 61), Lack.AGE),
        ({"revocation": 60}, replace(PROOF, checked_at=NOW - 60), None),
        ({"revocation": 60}, replace(PROOF, checked_at=NOW - 61), Lack.REVOCATION_OLD),
        ({}, replace(PROOF, revocation=Revocation.UNKNOWN), Lack.REVOCATION_UNKNOWN),
        ({}, replace(PROOF, revocation=Revocation.REVOKED), Lack.REVOCATION_UNKNOWN),
        ({}, replace(PROOF, at_box=False), None),
        ({"at_box": True}, replace(PROOF, at_box=False), Lack.AT_BOX),
        ({"at_box": True, "max_age": 60}, replace(PROOF, at_box=False, at=0.0), Lack.AT_BOX),
    ],
)
def test_a_policy_is_held_against_a_proof(policy: dict[str, object], proof: Proof | None, lack: Lack | None) -> None:
    assert access(**policy).lack("health", proof) is lack
    assert access(**policy).lack("", proof) is None, "a page of no service asks nothing"


def test_what_is_open_stays_open_while_one_is_there_and_is_decided_anew_afterwards() -> None:
    clock = Clock()
    it = access(clock, max_age=60)
    assert it.visit({"health"}, PROOF) == frozenset()
    clock.at += 1000
    assert it.lack("health", PROOF) is None
    assert it.visit({"booking"}, PROOF) == {"health"}, "left: what it was given is forgotten"
    assert it.lack("health", PROOF) is Lack.AGE


def test_once_is_once_for_each_proof() -> None:
    it = access(lifespan=Lifespan.ONCE)
    it.visit({"health"}, PROOF)
    assert it.lack("health", PROOF) is None
    it.visit(set(), PROOF)
    assert it.lack("health", PROOF) is Lack.ONCE
    it.visit({"health"}, PROOF)
    assert it.lack("health", PROOF) is Lack.ONCE, "being on the stack opens nothing"
    assert it.lack("health", replace(PROOF)) is None, "a new proof, even one that looks the same, does"
    it.end()
    assert it.lack("health", PROOF) is None, "another session"


def test_seconds_run_from_the_first_opening_whether_one_stays_or_comes_back() -> None:
    clock = Clock()
    it = access(clock, lifespan=100)
    it.visit({"health"}, PROOF)
    assert it.lapses_at() == NOW + 100
    clock.at += 40
    it.visit(set(), PROOF)
    assert (it.lapses_at(), it.lapsed()) == (None, frozenset())
    clock.at += 40
    it.visit({"health"}, PROOF)
    assert it.lapses_at() == NOW + 100
    clock.at += 20
    assert it.lapsed() == {"health"}
    assert it.lack("health", PROOF) is Lack.LAPSED
    it.visit(set(), PROOF)
    assert it.lack("health", PROOF) is Lack.LAPSED
    newer = replace(PROOF, at=clock.at)
    it.visit({"health"}, newer)
    assert it.lapses_at() == clock.at + 100


def test_trust_does_not_leak_a_phones_proof_closes_what_the_card_opened() -> None:
    it = access(at_box=True)
    it.visit({"health"}, PROOF)
    phone = replace(PROOF, at_box=False)
    assert it.lack("health", phone) is Lack.AT_BOX
    assert it.visit({"health"}, phone) == {"health"}


@pytest.mark.parametrize(
    ("demand", "proof", "lack"),
    [
        (Demand(), PROOF, Lack.ASKED),
        (Demand(Lack.AGE), PROOF, Lack.AGE),
        (Demand(), None, Lack.LEVEL),
        (Demand(), replace(PROOF), None),
        (Demand(level=Level.SIGNATURE), replace(PROOF), Lack.SIGNATURE),
        (Demand(at_box=True), replace(PROOF, at_box=False), Lack.AT_BOX),
    ],
)
def test_a_demand_is_met_by_nothing_but_a_newer_proof(demand: Demand, proof: Proof | None, lack: Lack | None) -> None:
    assert short_of(demand, PROOF, proof) is lack

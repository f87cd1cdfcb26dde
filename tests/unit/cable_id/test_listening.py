"""Hearing what happened elsewhere: one event that cannot be taken keeps no other waiting, and a stream that was not asked is not blamed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import ECKey

from stb_agent.cable_id.discovery import Discovery
from stb_agent.cable_id.errors import PlatformUnreachable
from stb_agent.cable_id.event_stream import EventStream, Polled
from stb_agent.cable_id.listening import Listening
from stb_agent.cable_id.security_event import ADDRESS_CHANGE, SecurityEvent, Wrong
from stb_agent.store.errors import NotWritten

ISSUER, BOX, NOW = "https://platform.example", "urn:box", 1_795_402_800.0
KEY = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))


class Platform:
    """Keys, and a stream whose events wait until they are acknowledged."""

    issuer = ISSUER
    audience = BOX

    def __init__(self, *waiting: str) -> None:
        self.waiting = {jti: self.signed(jti) for jti in waiting}
        self.verified: list[str] = []
        self.forgotten = 0
        self.silent = False
        self.verifies = True

    def signed(self, jti: str, **more: object) -> str:
        claims = {
            "iss": ISSUER, "aud": BOX, "iat": NOW, "jti": jti, "sub_id": {"format": "opaque", "id": "link-1"},
            "events": {ADDRESS_CHANGE: {}},
        }  # fmt: skip
        header = {"typ": "secevent+jwt", "alg": "ES256", "kid": "1", **more}
        return jws.serialize_compact(header, msgspec.json.encode(claims), KEY, algorithms=["ES256"])

    def now(self) -> float:
        return NOW

    async def keys(self, *, fresh: bool = False) -> Any:
        return SimpleNamespace(signing={"1": KEY})

    async def poll(self, ack: Sequence[str], wrong: Mapping[str, Wrong], *, hold: bool) -> Polled:
        for jti in (*ack, *wrong):
            del self.waiting[jti]
        return Polled(dict(self.waiting), False)

    async def verify(self, state: str) -> bool:
        if self.silent:
            raise PlatformUnreachable
        self.verified.append(state)
        return self.verifies

    def forget(self) -> None:
        self.forgotten += 1


class Household:
    """Takes events, but for those that it cannot."""

    def __init__(self, *failing: str) -> None:
        self.failing = set(failing)
        self.taken: list[str] = []

    def heard(self, event: SecurityEvent) -> bool:
        return event.jti in self.taken

    def take(self, event: SecurityEvent) -> None:
        if event.jti in self.failing:
            raise NotWritten
        self.taken.append(event.jti)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def listening(platform: Platform, household: Household, clock: Clock) -> Listening:
    return Listening(
        cast(EventStream, platform),
        cast(Discovery, platform),
        household,
        every=900.0,
        ready=lambda: True,
        attentive=lambda: False,
        clock=clock,
        random=os.urandom,
    )


async def test_an_event_that_cannot_be_taken_comes_again_and_keeps_no_other_waiting() -> None:
    platform, household = Platform("a", "b", "c"), Household("a")
    ear = listening(platform, household, Clock())
    with pytest.raises(NotWritten):
        await ear.once()
    assert household.taken == ["b", "c"]
    household.failing.clear()
    await ear.once()
    await ear.once()
    assert household.taken == ["b", "c", "a"]
    assert platform.waiting == {}


async def test_an_event_with_an_extension_that_must_be_understood_is_refused() -> None:
    platform, household = Platform("a"), Household()
    platform.waiting["b"] = platform.signed("b", crit=["b64"], b64=True)
    ear = listening(platform, household, Clock())
    await ear.once()
    assert household.taken == ["a"]
    await ear.once()
    assert platform.waiting == {}, "both were answered for"


async def test_a_stream_is_looked_up_anew_only_if_what_was_asked_for_did_not_come() -> None:
    platform, clock = Platform(), Clock()
    ear = listening(platform, Household(), clock)
    platform.silent = True
    with pytest.raises(PlatformUnreachable):
        await ear.once()
    platform.silent = False
    await ear.once()
    assert (platform.verified, platform.forgotten) == ([], 0), "it may have heard: what was asked for may come still"
    platform.verifies = False
    clock.now += 86400.0
    await ear.once()
    assert platform.forgotten == 1, "it did not come back"
    clock.now += 86400.0
    await ear.once()
    assert platform.forgotten == 1, "a platform that has none is not asked for what it cannot give"

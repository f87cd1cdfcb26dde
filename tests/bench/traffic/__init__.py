"""What a box costs its household's line: a day at which nobody signs in, and an hour of somebody being signed in.

The box's own client asks a platform for events, by its own rhythm, over TLS 1.3 (`line`); both clocks are moved on instead of waiting. A connection
is used again only within the 15 s that the box keeps it. The second day is the one that counts: the first has the start in it.
While somebody is signed in, something is asked at least every 20 s, events and confirmations, which keeps one connection open.
"""

from __future__ import annotations

import asyncio
import math
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from simulators.authority import Authority
from simulators.world import World
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.client_auth import KeyClient
from stb_agent.cable_id.confirmations import Confirmations
from stb_agent.cable_id.device_key import DEVICE_KEY, DeviceKey
from stb_agent.cable_id.discovery import Discovery
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.event_stream import EventStream
from stb_agent.cable_id.listening import Listening
from stb_agent.cable_id.registration import CLIENT_KEY, Registrar
from stb_agent.cable_id.security_event import SecurityEvent
from stb_agent.cable_id.transport import Transport
from stb_agent.contract.config import Platform
from tests.bench.traffic.line import Count, Line
from tests.support.home import Clock

BUDGETS = {"idle.day.mb": 2.0, "signed_in.hour.mb": 3.0}
"""The project's own."""
_DAY_S, _HOUR_S = 86400.0, 3600.0
_KEPT_S = 15.0
"""How long aiohttp keeps a connection that nothing is sent on (TCPConnector, ``keepalive_timeout``)."""
_HELD_S = 25
"""How long the platform holds a question for events."""
_RENEWED_S = 300.0
"""Before a token's end it is renewed; the session itself ends with the hour."""
_ASKED_S = 20
"""How often the box asks whether somebody wants a confirmation."""


def measure() -> dict[str, Any]:
    """Measure with a world of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


class _Nobody:
    """Who hears of events, and has heard of none."""

    def heard(self, event: SecurityEvent) -> bool:
        return False

    def take(self, event: SecurityEvent) -> None:
        raise AssertionError("nothing happened")


class _Time:
    """The time of the box and of the platform, moved on together."""

    def __init__(self, world: World, line: Line) -> None:
        self.world, self.line, self.clock = world, line, Clock()
        self.until = math.inf
        self.over = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Let it be later at once, but no later than the day's end: then that is told, and nothing more happens."""
        if seconds >= _KEPT_S:
            await self.line.quiet()
        later = self.clock.skew + seconds
        self.clock.skew = min(later, self.until)
        await self.world.control("platform", "POST", "/_sim/clock", {"skew": self.clock.skew})
        if later >= self.until:
            self.over.set()
            await asyncio.Event().wait()


async def _measure(folder: Path) -> dict[str, Any]:
    async with (
        World(state=folder / "world", authority=folder / "authority") as world,
        Line([world.platform], folder) as line,
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(socket_factory=line.socket), cookie_jar=aiohttp.DummyCookieJar()
        ) as http,
    ):
        time = _Time(world, line)
        transport = Transport(
            http, Prover(DeviceKey.open(folder / DEVICE_KEY), clock=time.clock, random=os.urandom), clock=time.clock
        )
        statement = await world.control("platform", "POST", "/_sim/software-statement", {})
        registrar = Registrar(folder, Discovery(world.platform, transport), transport)
        known = await registrar.register(statement["software_statement"])
        who = KeyClient(known.client_id, DeviceKey.open(folder / CLIENT_KEY), os.urandom)

        def started() -> PlatformClient:
            return PlatformClient(world.platform, who, transport, random=os.urandom)

        hour = await _signed_in(started(), time)  # before the days: the certificate's status must be of today
        days = await _idle(started(), time)
        return {
            "idle": {"first_day": _figures(days[0]), "day": _figures(days[1])},
            "signed_in": {"hour": _figures(hour)},
        }


async def _idle(client: PlatformClient, time: _Time) -> list[Count]:
    """Let two days pass at which nobody signs in."""
    days: list[Count] = []
    await time.line.quiet()
    time.line.taken()
    listening = Listening(
        EventStream(client.asker), client.asker.discovery, _Nobody(), every=Platform().events_every,
        ready=lambda: True, attentive=lambda: False, clock=time.clock, random=os.urandom, sleep=time.sleep,
    )  # fmt: skip
    for _ in range(2):
        time.until = time.clock.skew + _DAY_S
        time.over.clear()
        running = asyncio.create_task(listening.run())
        await time.over.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await time.line.quiet()
        days.append(time.line.taken())
    return days


async def _signed_in(client: PlatformClient, time: _Time) -> Count:
    """Let somebody sign in and do nothing for an hour; the sign-in itself is counted."""
    card = Authority.existing(time.world.authority, now=datetime.now(UTC)).identity("linked")

    async def sign(data: bytes) -> bytes:
        return card.key.sign(data, padding.PKCS1v15(), SHA256())

    await time.line.quiet()
    time.line.taken()
    session = await client.sign_in(await client.challenge(), card.der, sign)
    events, confirmations = EventStream(client.asker), Confirmations(client.asker)
    for passed in range(0, int(_HOUR_S), 5):
        if session.expires_at - time.clock() < _RENEWED_S and passed < _HOUR_S - _RENEWED_S:
            session = await client.renew(session)
        if passed % _HELD_S == 0:
            await events.poll([], {}, hold=False)  # a held question has the same bytes
        if passed % _ASKED_S == 0:
            await confirmations.waiting(session)
        await time.sleep(5)
    await time.line.quiet()
    return time.line.taken()


def _figures(count: Count) -> dict[str, float]:
    return {
        "requests": count.requests,
        "connections": count.connections,
        "http_kb_up": round(count.http_up / 1000, 1),
        "http_kb_down": round(count.http_down / 1000, 1),
        "mb_up": round(count.wire_up / 1e6, 3),
        "mb_down": round(count.wire_down / 1e6, 3),
        "mb": round(count.wire / 1e6, 3),
    }

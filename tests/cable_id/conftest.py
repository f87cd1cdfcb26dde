"""A box's platform client before the simulated world, over HTTP."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest_asyncio

from simulators.authority import Authority
from simulators.world import World
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.client_auth import PublicClient
from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.transport import Transport
from tests.support.home import Clock, Home
from tests.support.world import CLIENT, running_world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory) -> AsyncIterator[World]:
    async with running_world(tmp_path_factory.mktemp("authority")) as world:
        yield world


@pytest_asyncio.fixture(loop_scope="module")
async def home(world: World, tmp_path: Path) -> AsyncIterator[Home]:
    clock = Clock()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        prover = Prover(DeviceKey.open(tmp_path / "device.key"), clock=clock, random=os.urandom)
        transport = Transport(session, prover, clock=clock)
        naps: list[float] = []

        async def sleep(seconds: float) -> None:
            naps.append(seconds)
            clock.skew += seconds

        client = PlatformClient(world.platform, PublicClient(CLIENT), transport, random=os.urandom, sleep=sleep)
        authority = Authority.open(world.authority, now=datetime.now(UTC))
        yield Home(world, authority, transport, client, clock, naps)
    for name in ("platform", "booking", "health", "validation"):
        await world.control(name, "DELETE", "/_sim/faults")

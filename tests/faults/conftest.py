"""One world for all that goes wrong in a module."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from simulators.authority import Authority
from tests.faults.box import Town
from tests.support.residents import residents
from tests.support.world import running_world

_CARDS = 400


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """Give the world, and cards for every walk."""
    now = datetime.now(UTC)
    other = Authority.open(tmp_path_factory.mktemp("generation"), now=now, generation=2)
    async with running_world(tmp_path_factory.mktemp("authority"), trust_ca=[other.folder / "ca.pem"]) as world:
        authority = Authority.open(world.authority, now=now)
        cards = await asyncio.to_thread(residents, authority, _CARDS, now)
        yield Town(world, authority.identity("linked"), iter(cards), other)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait for the outbox: a test sends the courier off itself."""
    for service in ("link", "booking"):
        monkeypatch.setattr(f"stb_agent.services.{service}.PATIENCE_S", 0.0)

"""The four simulators served in this process, with a clock that the test owns; real HTTP on loopback all the same."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.web import Application

from simulators import web
from simulators.authority import Authority, Identity, Purpose
from simulators.booking.app import SERVICE as BOOKING
from simulators.health.app import SERVICE as HEALTH
from simulators.platform import app as platform
from simulators.platform.seed import OPERATORS
from simulators.ports import listen, listen_apart
from simulators.validation import app as validation
from tests.support.described import Described
from tests.support.world import Box, Reply, single_attempts

START = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
"""Tuesday morning in Japan."""
DESCRIBED = Described()
NAMES = ("validation", "platform", "booking", "health")


@dataclass
class Town:
    """The simulators' addresses, their clock and a way to restart one."""

    stack: AsyncExitStack
    http: aiohttp.ClientSession
    authority: Authority
    state: Path
    now: datetime = START
    address: dict[str, str] = field(default_factory=dict)
    stacks: dict[str, AsyncExitStack] = field(default_factory=dict)
    builds: dict[str, web.Build] = field(default_factory=dict)
    apps: dict[str, Application] = field(default_factory=dict)

    def clock(self) -> datetime:
        return self.now

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def box(self) -> Box:
        """A new box, with a new device key."""
        return Box(self.http, self.address["platform"], lambda: self.now.timestamp(), described=DESCRIBED)

    def card(self, name: str) -> Identity:
        return self.authority.identity(name)

    async def start(self, name: str, listener: socket.socket | None = None) -> None:
        listener = listener or listen(int(self.address[name].rpartition(":")[2]))
        stack = self.stacks[name] = await self.stack.enter_async_context(AsyncExitStack())

        def build(base: str, state: Path) -> Application:
            self.apps[name] = self.builds[name](base, state)
            return self.apps[name]

        await stack.enter_async_context(web.serving(build, self.state, listener))

    async def stop(self, name: str) -> None:
        await self.stacks[name].aclose()

    async def restart(self, name: str) -> None:
        await self.stop(name)
        await self.start(name)

    async def control(self, name: str, method: str, path: str, body: object = None) -> Reply:
        async with self.http.request(method, f"{self.address[name]}{path}", json=body) as answer:
            is_json = answer.content_type.endswith("json")
            return Reply(
                answer.status, answer.headers.copy(), await answer.json(content_type=None) if is_json else None
            )

    async def fault(self, name: str, kind: str, path: str = "*", **more: object) -> None:
        reply = await self.control(name, "POST", "/_sim/faults", {"kind": kind, "path": path, **more})
        assert reply.status == 201, reply


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.open(tmp_path_factory.mktemp("authority"), now=START)


@pytest.fixture(scope="session")
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.open(tmp_path_factory.mktemp("other"), now=START, generation=2)


@pytest.fixture(scope="session")
def signature_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.open(tmp_path_factory.mktemp("signature"), now=START, purpose=Purpose.SIGNATURE)


@pytest.fixture
def platform_database() -> str | None:
    """Where the platform keeps its state: None for SQLite."""
    return None


@pytest_asyncio.fixture
async def make_town(
    tmp_path: Path, authority: Authority, platform_database: str | None
) -> AsyncIterator[Callable[..., object]]:
    """Make towns with options: `trusted` certificates, `generations` (authorities' folders), `seed`, `dpop_nonce`, `registered_only`."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(single_attempts())

        async def make(
            *,
            trusted: tuple = (),
            generations: tuple = (),
            seed: int | None = None,
            dpop_nonce: bool = False,
            registered_only: bool = False,
            operators: tuple = OPERATORS,
        ) -> Town:
            town = Town(stack, http, authority, tmp_path)
            listeners = {name: listen_apart() for name in NAMES}
            town.address = {name: f"http://127.0.0.1:{found.getsockname()[1]}" for name, found in listeners.items()}
            services = {name: town.address[name] for name in ("booking", "health")}
            guard = {"max_age": timedelta(seconds=900), "dpop_nonce": dpop_nonce}
            town.builds = {
                "validation": validation.build([authority.folder, *generations], trusted, town.clock),
                "platform": platform.build(
                    town.address["validation"],
                    services,
                    town.clock,
                    seed=seed,
                    authority=authority.folder,
                    database=platform_database,
                    others=(*trusted, *(Authority.existing(it, now=START).certificate for it in generations)),
                    registered_only=registered_only,
                    known=operators,
                ),
                "booking": BOOKING.build(town.address["platform"], town.clock, **guard),
                "health": HEALTH.build(town.address["platform"], town.clock, **guard),
            }
            for name, listener in listeners.items():
                await town.start(name, listener)
            return town

        yield make


@pytest_asyncio.fixture
async def town(make_town: Callable[..., object]) -> Town:
    return await make_town()

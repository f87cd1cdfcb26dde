"""A box with the product's own rooms behind a cable, and the people and servers around it that are not."""

from __future__ import annotations

import itertools
import os
import secrets
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from simulators.authority import Authority as CertificateAuthority
from simulators.authority import Identity
from simulators.world import World
from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.client_auth import ClientAuth, PublicClient
from stb_agent.cable_id.device_key import DEVICE_KEY, DeviceKey
from stb_agent.cable_id.discovery import Discovery
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.registration import Registrar
from stb_agent.cable_id.resource import ServiceClient
from stb_agent.cable_id.session import Session
from stb_agent.cable_id.transport import Transport
from stb_agent.core.typing import NO_WORDS
from stb_agent.services.booking import BookingService
from stb_agent.services.health import HealthService
from stb_agent.services.link import LinkService
from stb_agent.store.courier import Courier
from stb_agent.store.outbox import Entry, State
from stb_agent.store.post import Post
from stb_agent.store.store import Store
from tests.faults.cable import Cable
from tests.support.home import Clock
from tests.support.world import CLIENT

_SILENCE = 1.0
"""Seconds until a box takes a silence for one, where there will be one."""


class GrownUp:
    """A card with both certificates."""

    async def minor(self) -> bool:
        return False

    def days_left(self) -> int | None:
        return None


class StillWaiting(Exception):
    """What was to be sent is in the outbox still."""


@dataclass
class Town:
    """The world, and cards that it has not seen."""

    world: World
    linked: Identity
    new: Iterator[Identity]
    generation: CertificateAuthority
    """Another generation of the authority, which the platform trusts as well."""
    turns: Iterator[int] = field(default_factory=itertools.count)
    clock: Clock = field(default_factory=Clock)
    """Of every box; the platform's and the services' go with it."""

    def turn(self) -> int:
        """Give a number that nobody else got."""
        return next(self.turns)

    async def pass_time(self, seconds: float) -> None:
        """Let it be later, for the platform, the services and every box."""
        self.clock.skew += seconds
        for server in ("platform", "booking", "health"):
            await self.world.control(server, "POST", "/_sim/clock", {"skew": self.clock.skew})

    async def platform(self, path: str, body: dict[str, Any]) -> Any:
        """Tell the platform something that no box asked for."""
        return await self.world.control("platform", "POST", f"/_sim/{path}", body)

    def rows(self, server: str, query: str, *values: object) -> list[Any]:
        """Ask a server's database."""
        with closing(sqlite3.connect(f"file:{self.world.state / server}.sqlite?mode=ro", uri=True)) as db:
            return db.execute(query, values).fetchall()

    def count(self, server: str, query: str, *values: object) -> int:
        """Ask for a number."""
        return int(self.rows(server, query, *values)[0][0])


class Line:
    """An HTTP client that knows when it will wait for nothing, and then does not wait long: nowhere else does a slow machine count as a silence."""

    def __init__(self, http: aiohttp.ClientSession, cable: Cable) -> None:
        self._http, self._cable = http, cable

    def request(self, method: str, url: Any, *, timeout: aiohttp.ClientTimeout, **how: Any) -> Any:  # aiohttp's own
        """Send a request."""
        patience = aiohttp.ClientTimeout(total=_SILENCE) if self._cable.silence_next else timeout
        return self._http.request(method, url, timeout=patience, **how)


@dataclass
class Box:
    """One box: its keys and store in ``folder``, everything it sends through ``cable``."""

    town: Town
    cable: Cable
    http: Line
    folder: Path
    naps: int = 0
    signed: int = 0

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once; the second time after a cut somebody mends the cable."""
        await self.town.pass_time(seconds)
        self.naps += 1
        if self.cable.down and self.naps % 2 == 0:
            self.cable.mend()

    @property
    def clock(self) -> Clock:
        """Give the clock."""
        return self.town.clock

    @cached_property
    def transport(self) -> Transport:
        """Give the transport with the device key."""
        prover = Prover(DeviceKey.open(self.folder / DEVICE_KEY), clock=self.clock, random=os.urandom)
        return Transport(self.http, prover, clock=self.clock)

    @property
    def jkt(self) -> str:
        """Give the device key's thumbprint."""
        return self.transport.prover.key.jkt

    def client_as(self, who: ClientAuth) -> PlatformClient:
        """Give a client of the platform that has read nothing yet."""
        return PlatformClient(self.town.world.platform, who, self.transport, random=os.urandom)

    @cached_property
    def client(self) -> PlatformClient:
        """Give the client of the platform."""
        return self.client_as(PublicClient(CLIENT))

    @cached_property
    def registrar(self) -> Registrar:
        """Give what registers this box."""
        return Registrar(self.folder, Discovery(self.town.world.platform, self.transport), self.transport)

    async def sign_in(self, card: Identity, client: PlatformClient | None = None) -> Session:
        """Sign in with a card, as whoever this box is."""

        async def sign(data: bytes) -> bytes:
            self.signed += 1
            return card.key.sign(data, padding.PKCS1v15(), SHA256())

        client = client or self.client
        session = await client.sign_in(await client.challenge(), card.der, sign)
        self.authority.begin(card.name, session)
        return session

    @cached_property
    def authority(self) -> Authority:
        """Give what holds the session."""
        return Authority(self.client, self.clock)

    @cached_property
    def store(self) -> Store:
        """Give the store."""
        return Store.open(self.folder / "store", clock=self.clock, random=os.urandom)

    @cached_property
    def post(self) -> Post:
        """Give the post office; the courier goes when `deliver` sends it."""
        return Post(self.store.outbox, lambda: None)

    @cached_property
    def link(self) -> LinkService:
        """Give the service that links."""
        return LinkService(
            self.client, self.authority, self.store, self.post, "operator", GrownUp(),
            called=lambda handle: None, moved=lambda old, new: None, left=lambda: None, clock=self.clock, random=os.urandom,
        )  # fmt: skip

    @cached_property
    def booking(self) -> BookingService:
        """Give the service that books."""
        service = ServiceClient(self.town.world.booking, self.transport)
        return BookingService(service, self.authority, self.post, NO_WORDS, clock=self.clock, random=os.urandom)

    @cached_property
    def health(self) -> HealthService:
        """Give the service that reads."""
        return HealthService(ServiceClient(self.town.world.health, self.transport), self.authority)

    async def deliver(self) -> Entry:
        """Send the courier off; give the one entry once it is settled. Raises StillWaiting."""
        senders = {"link": self.link, "booking": self.booking}
        courier = Courier(self.store.outbox, senders, clock=self.clock, random=os.urandom, changed=self.post.changed)
        await courier.deliver(hurry=True)
        (entry,) = (it for name in senders for it in self.store.outbox.of(self.authority.person, name))
        if entry.state is State.WAITING:
            raise StillWaiting
        return entry


@asynccontextmanager
async def box_on_a_cable(town: Town, folder: Path) -> AsyncIterator[Box]:
    """Open a box of its own."""
    folder = folder / secrets.token_hex(4)
    folder.mkdir()
    servers = (town.world.platform, town.world.booking, town.world.health)
    async with Cable(servers) as cable:
        connector = aiohttp.TCPConnector(socket_factory=cable.socket)
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:
            box = Box(town, cable, Line(http, cable), folder)
            yield box
            if "store" in vars(box):
                box.store.close()

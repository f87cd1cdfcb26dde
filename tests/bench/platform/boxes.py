"""Boxes, each with its keys, its card and its connection, that sign in as the product does."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp
import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from yarl import URL

from simulators.authority import Authority, Identity
from simulators.world import World
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.client_auth import AuthMethod, KeyClient
from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.errors import CableIdError, PlatformBusy, PlatformUnreachable
from stb_agent.cable_id.session import Session
from stb_agent.cable_id.transport import Transport
from stb_agent.contract.transmissions import Kind
from tests.bench.platform.process import Process
from tests.support.residents import residents

_PATIENCE = 60
"""Times that a box which is told to come back comes back."""


@dataclass
class Street:
    """What all boxes have in common, and what their cards computed, which is not the boxes'."""

    issuer: str
    registration: str
    statement: str
    card_cpu: float = 0.0


@dataclass
class Box:
    """A box; ``client_id`` from its registration on."""

    device: DeviceKey
    key: DeviceKey
    card: Identity
    client_id: str = ""

    @asynccontextmanager
    async def _online(self) -> AsyncIterator[Transport]:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            prover = Prover(self.device, clock=time.time, random=os.urandom)
            yield Transport(http, prover, clock=time.time)

    async def register(self, street: Street) -> None:
        """Register with the operator's statement, as provisioning does (what is kept on the disk left out)."""
        keys = [{**self.key.public_jwk, "kid": self.key.jkt, "use": "sig", "alg": "ES256"}]
        body = {
            "software_statement": street.statement,
            "token_endpoint_auth_method": AuthMethod.PRIVATE_KEY_JWT,
            "dpop_bound_access_tokens": True,
            "jwks": {"keys": keys},
        }
        async with self._online() as transport:
            reply = await transport.prove(
                "POST", URL(street.registration), Kind.REGISTRATION, json=msgspec.json.encode(body)
            )
        if reply.status == 503:
            raise PlatformBusy(reply.retry_after(time.time()))
        self.client_id = str(reply.json(dict[str, object])["client_id"])

    async def sign_in(self, street: Street) -> Session:
        """Sign in, from discovery to tokens."""

        async def sign(data: bytes) -> bytes:
            cpu = time.process_time()
            signature = self.card.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
            street.card_cpu += time.process_time() - cpu
            return signature

        async with self._online() as transport:
            client = KeyClient(self.client_id, self.key, os.urandom)
            platform = PlatformClient(street.issuer, client, transport, random=os.urandom)
            return await platform.sign_in(await platform.challenge(), self.card.der, sign)


@dataclass
class Report:
    """What came of many boxes doing the same; seconds, and kB of the platform's memory on the way."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    """From the first request to the last answer, of each box that got there without being told to come back."""
    memory: list[int] = field(default_factory=list)
    longest: float = 0.0
    """Until an attempt was answered, with tokens or with *not now*."""
    busy: int = 0
    retry_after: float = 0.0
    silences: int = 0
    failed: int = 0
    client_cpu: float = 0.0
    platform_cpu: float = 0.0


@dataclass
class Fleet:
    """The boxes of a street."""

    street: Street
    boxes: list[Box]
    platform: Process

    @classmethod
    async def build(cls, world: World, count: int, now: datetime) -> Fleet:
        """Make so many boxes and cards, none of which the platform has heard of."""
        order = await world.control("platform", "POST", "/_sim/software-statement", {})
        street = Street(world.platform, f"{world.platform}/register", order["software_statement"])
        cards = await asyncio.to_thread(residents, Authority.open(world.authority, now=now), count, now)
        boxes = [Box(_key(), _key(), card) for card in cards]
        return cls(street, boxes, Process(world.process("platform")))

    async def register(self, at_once: int) -> Report:
        """Register all."""
        return await self._all(self.boxes, at_once, lambda box: box.register(self.street))

    async def sign_in(self, boxes: Sequence[Box], at_once: int) -> Report:
        """Let these boxes sign in, each until it has."""
        return await self._all(boxes, at_once, lambda box: box.sign_in(self.street))

    async def _all(self, boxes: Sequence[Box], at_once: int, act: Callable[[Box], Awaitable[object]]) -> Report:
        report = Report(memory=[self.platform.resident()])
        every = max(len(boxes) // 100, 1)
        waiting = iter(boxes)
        done = 0

        async def attempt(box: Box) -> float | None:
            """Give how long it took; None for *come back later*."""
            began = time.perf_counter()
            try:
                await act(box)
                return time.perf_counter() - began
            except PlatformBusy as busy:
                report.busy += 1
                report.retry_after = busy.retry_after or 0.0
            except PlatformUnreachable:
                report.silences += 1
            finally:
                report.longest = max(report.longest, time.perf_counter() - began)
            await asyncio.sleep(report.retry_after)
            return None

        async def hand() -> None:
            nonlocal done
            for box in waiting:
                try:
                    first = took = await attempt(box)
                    for _ in range(_PATIENCE):
                        if took is not None:
                            break
                        took = await attempt(box)
                except CableIdError:
                    first = took = None
                report.failed += took is None
                if first is not None:
                    report.times.append(first)
                done += 1
                if done % every == 0:
                    report.memory.append(self.platform.resident())

        began, cpu, theirs = time.perf_counter(), time.process_time(), self.platform.cpu()
        card = self.street.card_cpu
        await asyncio.gather(*(hand() for _ in range(at_once)))
        report.seconds = time.perf_counter() - began
        report.client_cpu = time.process_time() - cpu - (self.street.card_cpu - card)
        report.platform_cpu = self.platform.cpu() - theirs
        return report


def _key() -> DeviceKey:
    return DeviceKey(ec.generate_private_key(ec.SECP256R1()))

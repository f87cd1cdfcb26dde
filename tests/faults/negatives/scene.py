"""Where attacks take place: a lying platform for the box, and the simulated world for whoever plays a box."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from multidict import CIMultiDict, CIMultiDictProxy

from stb_agent.cable_id import transport
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.client_auth import PublicClient
from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.discovery import Discovery
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.registration import Registrar
from stb_agent.cable_id.resource import ServiceClient
from stb_agent.contract.errors import ChanomaError
from tests.faults.box import Town
from tests.faults.negatives.table import Refusal
from tests.support.liar import Platform, lying_platform
from tests.support.world import Box, Reply

Meanings = Mapping[str, type[Exception]]


@dataclass
class Scene:
    """The world, an HTTP client that sends once, and a folder for keys."""

    town: Town
    http: aiohttp.ClientSession
    folder: Path

    @property
    def platform(self) -> str:
        """Give the platform's address."""
        return self.town.world.platform

    def box(self) -> Box:
        """Give a box, or somebody who plays one, with a device key of its own."""
        return Box(self.http, self.platform, self.town.clock)

    async def validation(self, path: str, body: Mapping[str, object]) -> None:
        """Tell the certification authority's service something."""
        await self.town.world.control("validation", "POST", f"/_sim/{path}", body)

    async def platform_control(self, path: str, **body: object) -> None:
        """Tell the platform something."""
        await self.town.platform(path, body)

    def registration_code(self, reply: Reply) -> str:
        """Give what a box tells whose registration is answered so."""
        registrar = Registrar(self.folder, Discovery(self.platform, self._transport()), self._transport())
        return registrar._error(_answer(reply)).code

    @asynccontextmanager
    async def liar(self) -> AsyncIterator[tuple[Platform, PlatformClient]]:
        """Open a platform that tells the truth until it is told to lie, and a box's client of it."""
        async with lying_platform() as liar, aiohttp.ClientSession() as session:
            ours = transport.Transport(session, self._transport().prover, clock=time.time)
            yield liar, PlatformClient(liar.issuer, PublicClient("box"), ours, random=os.urandom)

    def refused(self, reply: Reply, *, service: bool = False, meanings: Meanings | None = None) -> Refusal | None:
        """Give how an answer refuses, and what a box that got it tells."""
        if reply.status < 300:
            return None
        body = reply.body if isinstance(reply.body, dict) else {}
        error: Any
        if service:
            error = ServiceClient(self.platform, self._transport())._error(_answer(reply))
        else:
            client = PlatformClient(self.platform, PublicClient("box"), self._transport(), random=os.urandom)
            error = client.asker._error(_answer(reply), meanings or {})
        assert isinstance(error, ChanomaError)
        name = body.get("error") or next(it.get("code", "") for it in body.get("issue", [{}]))
        return Refusal(" ".join(filter(None, (str(reply.status), name, body.get("reason", "")))), error.code)

    def _transport(self, clock: Callable[[], float] = time.time) -> transport.Transport:
        prover = Prover(DeviceKey.open(self.folder / "box.key"), clock=clock, random=os.urandom)
        return transport.Transport(self.http, prover, clock=clock)


def _answer(reply: Reply) -> transport.Reply:
    """Give the answer as a box has it."""
    headers = CIMultiDictProxy(CIMultiDict(reply.headers))
    return transport.Reply(reply.status, headers, msgspec.json.encode(reply.body))

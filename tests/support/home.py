"""A box's platform client before the simulated world, with the test authority's cards."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from simulators.authority import Authority, Identity
from simulators.world import World
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.session import Session
from stb_agent.cable_id.transport import Transport


class Clock:
    """The machine's time, moved by ``skew`` seconds."""

    skew = 0.0

    def __call__(self) -> float:
        return time.time() + self.skew


@dataclass
class Home:
    """A box in the world: its client, its transport, its clock and the test authority's cards."""

    world: World
    authority: Authority
    transport: Transport
    client: PlatformClient
    clock: Clock
    naps: list[float] = field(default_factory=list)
    """How long the client waited, each time; its clock went on by so much at once."""
    signed: int = 0

    def card(self, name: str) -> Identity:
        return self.authority.identity(name)

    async def sign_in(self, card: Identity) -> Session:
        async def sign(data: bytes) -> bytes:
            self.signed += 1
            return card.key.sign(data, padding.PKCS1v15(), SHA256())

        return await self.client.sign_in(await self.client.challenge(), card.der, sign)

    async def fault(self, name: str, **fault: object) -> None:
        await self.world.control(name, "POST", "/_sim/faults", fault)

    async def seen(self, name: str) -> list[tuple[str, str, int | None]]:
        found = (await self.world.control(name, "GET", "/_sim/requests"))["requests"]
        return [(entry["method"], entry["path"], entry["status"]) for entry in found]

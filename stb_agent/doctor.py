"""``stb-agent doctor``: look at every part of the box, and say of each what is wrong and what to do."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.discovery import Discovery
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.transport import Transport
from stb_agent.card.errors import NoCard
from stb_agent.card.readers.pcsc import diagnose
from stb_agent.contract import words
from stb_agent.contract.config import Config
from stb_agent.contract.errors import ChanomaError
from stb_agent.host.clock import SystemClock
from stb_agent.remote.sources.evdev import remotes


@dataclass(frozen=True)
class Finding:
    """What was seen of one part; ``code`` names cause and remedy in the catalogue when it is not well."""

    part: str
    ok: bool
    detail: str = ""
    code: str = ""
    args: dict[str, str | int] | None = None

    def line(self) -> str:
        """Give the line (and the remedy's) that a person reads."""
        name = words.text(f"doctor.{self.part}")
        if self.ok:
            return f"○ {name}: {self.detail or words.text('doctor.well')}"
        cause, remedy = words.told(self.code, self.args or {})
        return f"× {name}: {cause}\n    → {remedy}"


async def run_doctor(config: Config, *, as_json: bool) -> int:
    """Check every part and print a line for each; 0 if all is well, else 1."""
    clock = SystemClock()
    findings = [
        *await asyncio.to_thread(_card),
        _remote(config),
        _clock(clock),
        await _socket(Path(config.box.runtime) / "ui.sock"),
        await _platform(config, clock),
    ]
    if as_json:
        print(
            msgspec.json.encode(
                [{"part": it.part, "ok": it.ok, "detail": it.detail, "code": it.code} for it in findings]
            ).decode()
        )
    else:
        for finding in findings:
            print(finding.line())
    return 0 if all(finding.ok for finding in findings) else 1


def _card() -> list[Finding]:
    """Look at pcscd, the reader and the card, each only if the one before is there. No card is not a fault."""
    sight, names = diagnose()
    error = sight.error()
    parts = ("pcscd", "reader", "card")
    if error is None:
        return [
            Finding("pcscd", True),
            Finding("reader", True, ", ".join(names)),
            Finding("card", True, words.text("doctor.card_in")),
        ]
    if isinstance(error, NoCard):
        return [
            Finding("pcscd", True),
            Finding("reader", True, ", ".join(names)),
            Finding("card", True, words.text("doctor.card_out")),
        ]
    bad = {"card.service": 0, "card.denied": 0, "card.reader": 1}.get(error.code, 2)
    return [
        Finding(part, True)
        if place < bad
        else Finding(part, False, code=error.code if place == bad else f"doctor.{part}_unknown")
        for place, part in enumerate(parts)
    ]


def _remote(config: Config) -> Finding:
    if config.remote.evdev and (found := remotes()):
        return Finding("remote", True, ", ".join(found))
    if config.remote.socket:
        return Finding("remote", True, words.text("doctor.remote_socket"))
    return Finding("remote", False, code="doctor.remote_missing")


def _clock(clock: SystemClock) -> Finding:
    return Finding("clock", True) if clock.known() else Finding("clock", False, code="doctor.clock_unset")


async def _socket(path: Path) -> Finding:
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return Finding("socket", False, code="doctor.agent_down", args={"path": str(path)})
    writer.close()
    return Finding("socket", True)


async def _platform(config: Config, clock: SystemClock) -> Finding:
    if not config.platform.issuer:
        return Finding("platform", False, code="doctor.platform_unset")
    async with aiohttp.ClientSession() as http:
        # A key of the moment: nothing that this asks for is bound to the box.
        prover = Prover(DeviceKey(ec.generate_private_key(ec.SECP256R1())), clock=clock.time, random=os.urandom)
        discovery = Discovery(config.platform.issuer, Transport(http, prover, clock=clock.time))
        try:
            await discovery.metadata()
            await discovery.keys()
        except ChanomaError as error:
            return Finding("platform", False, code=error.code)
    return Finding("platform", True, config.platform.issuer)

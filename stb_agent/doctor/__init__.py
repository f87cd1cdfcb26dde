"""``stb-agent doctor``: look at every part of the box, and say of each what is wrong and what to do."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import aiohttp
from cryptography.hazmat.primitives.asymmetric import ec
from yarl import URL

from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.discovery import Discovery
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.registration import read
from stb_agent.cable_id.transport import Transport
from stb_agent.contract import words
from stb_agent.contract.config import Config
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.fonts import FURTHER, MAIN
from stb_agent.doctor import dictionary, language, remote, speech
from stb_agent.doctor.card import look
from stb_agent.doctor.finding import Finding, report
from stb_agent.host.clock import SystemClock

_SKEW_MOST = 60
"""Seconds off the platform's clock from which a box is worth a look; it signs in all the same, but reminders and closing times are wrong."""


async def run_doctor(config: Config, *, as_json: bool) -> int:
    """Check every part and print a line for each; 0 if all is well, else 1."""
    clock = SystemClock()
    platform, skew = await _platform(config, clock)
    findings = [
        *await asyncio.to_thread(look, config),
        *await asyncio.to_thread(remote.look, config),
        *language.look(config.screen),
        *await asyncio.to_thread(speech.look, config.speech),
        *speech.look_sounds(config.sounds, config.speech),
        _fonts(),
        *dictionary.look(config.typing),
        _clock(clock, skew),
        await _socket(Path(config.box.runtime) / "ui.sock"),
        platform,
        *_registration(config),
    ]
    return report(findings, as_json=as_json)


async def run_card_doctor(config: Config, *, as_json: bool) -> int:
    """Check what the card needs and print a line for each part; 0 if all is well, else 1."""
    return report(await asyncio.to_thread(look, config), as_json=as_json)


def _fonts() -> Finding:
    if not MAIN.there:
        return Finding("fonts", False, code="doctor.font_missing", args={"package": MAIN.package})
    further = [face.package for face in FURTHER if face.there]
    if further:
        return Finding("fonts", True, ", ".join((MAIN.package, *further)))
    return Finding(
        "fonts", True, words.text("doctor.fonts_alone", packages=" / ".join(face.package for face in FURTHER))
    )


def _clock(clock: SystemClock, skew: float | None) -> Finding:
    if not clock.known():
        return Finding("clock", False, code="doctor.clock_unset")
    if skew is None:
        return Finding("clock", True)
    seconds = round(skew)
    if abs(seconds) > _SKEW_MOST:
        told: dict[str, str | int] = {"seconds": abs(seconds)}
        code = "doctor.clock_behind" if seconds > 0 else "doctor.clock_ahead"
        return Finding("clock", False, f"{seconds:+d} s", code=code, args=told)
    return Finding("clock", True, words.text("doctor.clock_near", seconds=abs(seconds)))


async def _socket(path: Path) -> Finding:
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return Finding("socket", False, code="doctor.agent_down", args={"path": str(path)})
    writer.close()
    return Finding("socket", True)


def _registration(config: Config) -> list[Finding]:
    """Tell whether the box has registered, where its operator wants that."""
    if not config.platform.software_statement:
        return []
    try:
        kept = read(Path(config.box.state))
    except ChanomaError as error:
        return [Finding("registration", False, code=error.code)]
    if kept is None or kept.issuer != config.platform.issuer:
        return [Finding("registration", False, code="doctor.registration_missing")]
    return [Finding("registration", True, kept.client_id)]


async def _platform(config: Config, clock: SystemClock) -> tuple[Finding, float | None]:
    """Give the finding, and how many seconds the platform's clock is ahead of the box's (None if it said nothing)."""
    if not config.platform.issuer:
        return Finding("platform", False, code="doctor.platform_unset"), None
    async with aiohttp.ClientSession() as http:
        # A key of the moment: nothing that this asks for is bound to the box.
        prover = Prover(DeviceKey(ec.generate_private_key(ec.SECP256R1())), clock=clock.time, random=os.urandom)
        discovery = Discovery(config.platform.issuer, Transport(http, prover, clock=clock.time))
        finding = Finding("platform", True, config.platform.issuer)
        try:
            await discovery.metadata()
            await discovery.keys()
        except ChanomaError as error:
            finding = Finding("platform", False, code=error.code)
    return finding, prover.server_time.skew(URL(config.platform.issuer))

"""``stb-agent provision``: register this box with the common platform, and change its key."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path

import aiohttp

from stb_agent import reset
from stb_agent.cable_id.device_key import DEVICE_KEY, DeviceKey
from stb_agent.cable_id.discovery import Discovery
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.errors import RegistrationDamaged, RegistrationEnded
from stb_agent.cable_id.registration import Registrar, Registration, read, read_statement
from stb_agent.cable_id.transport import Transport
from stb_agent.contract import words
from stb_agent.contract.config import Config
from stb_agent.contract.errors import ChanomaError
from stb_agent.host.clock import SystemClock


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> list[argparse.ArgumentParser]:
    """Add ``provision`` to the command line; gives the parsers that take ``--config``."""
    provision = verbs.add_parser(
        "provision",
        help="register this box with the common platform",
        description="Make this box's keys and register it with the operator's software statement ([platform] software_statement)."
        " Done again it changes nothing, ends what was broken off, and registers a box anew that the platform no longer knows"
        " or whose record is damaged.",
    )
    provision.add_argument("--rotate", action="store_true", help="give the box another client key")
    provision.add_argument("--json", action="store_true", help="JSON instead of a line")
    return [provision]


def run(arguments: argparse.Namespace, config: Config) -> int:
    """Do ``provision``; 0 if the box is registered, 1 if not."""
    try:
        state = Path(config.box.state)
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with reset.holding(state, alone=False):
            reset.go_on(state, os.urandom)
        registration = asyncio.run(_provision(config, rotate=arguments.rotate))
    except ChanomaError as error:
        cause, remedy = words.told(error.code, error.args_)
        if arguments.json:
            print(json.dumps({"error": error.code, "cause": cause, "remedy": remedy}, ensure_ascii=False))
        print(f"{error.code}: {cause}\n  → {remedy}", file=sys.stderr)
        return 1
    told = {"issuer": registration.issuer, "client_id": registration.client_id}
    print(json.dumps(told) if arguments.json else words.text("platform.registered", **told))
    return 0


async def _provision(config: Config, *, rotate: bool) -> Registration:
    clock = SystemClock().time
    state = Path(config.box.state)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        prover = Prover(DeviceKey.open(state / DEVICE_KEY), clock=clock, random=os.urandom)
        transport = Transport(http, prover, clock=clock)
        registrar = Registrar(state, Discovery(config.platform.issuer, transport), transport)
        try:
            kept = read(state)
        except RegistrationDamaged:
            kept = None
        if kept is not None and kept.issuer == config.platform.issuer:
            try:
                return await (registrar.rotate() if rotate else registrar.confirm())
            except RegistrationEnded:
                registrar.forget()
        return await registrar.register(read_statement(config.platform.software_statement))

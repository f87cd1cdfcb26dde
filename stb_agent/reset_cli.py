"""``stb-agent reset``: the factory reset on the bench, with the agent stopped."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections import Counter
from enum import IntEnum
from pathlib import Path

import aiohttp
from cryptography.hazmat.primitives.asymmetric import ec

from stb_agent import reset
from stb_agent.cable_id.device_key import DEVICE_KEY, DeviceKey
from stb_agent.cable_id.discovery import Discovery
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.errors import CableIdError, ResetOrderRefused
from stb_agent.cable_id.registration import FILE as REGISTRATION
from stb_agent.cable_id.registration import Registrar
from stb_agent.cable_id.reset import check_order
from stb_agent.cable_id.transport import Transport
from stb_agent.contract import words
from stb_agent.contract.config import Config
from stb_agent.contract.errors import ChanomaError
from stb_agent.host.clock import SystemClock
from stb_agent.store.errors import StoreError
from stb_agent.store.store import DATABASE, Store


class Exit(IntEnum):
    """The exit statuses of ``stb-agent reset``; 2 is a wrong call or configuration, as everywhere."""

    DONE = 0
    UNFINISHED = 1
    AGENT_RUNNING = 3
    DECLINED = 4
    ORDER_REFUSED = 5


def add_verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add ``reset``."""
    verb = verbs.add_parser(
        "reset",
        help="make the box as it was on its first day",
        description="Destroys the keys, then everything else that the box keeps; the operator's file stays. The agent must be stopped. A reset"
        " that was begun is brought to its end without asking.",
    )
    verb.add_argument("--yes", action="store_true", help="do not ask")
    verb.add_argument("--order", type=Path, metavar="FILE", help="the operator's signed order, instead of asking")
    verb.add_argument("--offline", action="store_true", help="leave telling the platform to the agent's next start")
    verb.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    return verb


def run(arguments: argparse.Namespace, config: Config) -> int:
    """Do ``reset``; the exit status is one of Exit."""
    state = Path(config.box.state)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with reset.holding(state, alone=True):
            told = _reset(arguments, config, state)
    except ChanomaError as error:
        cause, remedy = words.told(error.code, error.args_)
        if arguments.json:
            print(json.dumps({"error": error.code, "cause": cause, "remedy": remedy}, ensure_ascii=False))
        print(f"{error.code}: {cause}\n  → {remedy}", file=sys.stderr)
        match error:
            case reset.AgentRunning():
                return Exit.AGENT_RUNNING
            case ResetOrderRefused():
                return Exit.ORDER_REFUSED
        return Exit.UNFINISHED
    if told is None:
        print(words.text("reset.cli.declined"), file=sys.stderr)
        return Exit.DECLINED
    if arguments.json:
        print(json.dumps({"reset": True, "platform_told": told}))
    else:
        print(words.text("reset.cli.done"))
        print(words.text("reset.cli.told" if told else "reset.cli.waits"))
    return Exit.DONE


def _reset(arguments: argparse.Namespace, config: Config, state: Path) -> bool | None:
    """Do it; tell whether the platform knows, None if nobody wanted it. Raises ChanomaError."""
    clock = SystemClock().time
    if not reset.begun(state):
        if arguments.order is not None:
            _check(arguments.order, config, state, clock())
        elif not arguments.yes and not _wanted(state):
            return None
        reset.begin(state, config.platform.issuer, clock(), os.urandom)
        if config.platform.issuer and not arguments.offline and (state / REGISTRATION).exists():
            asyncio.run(_take_leave(config.platform.issuer, state))
    reset.go_on(state, os.urandom)
    if arguments.offline or not config.platform.issuer:
        return False
    return asyncio.run(_tell(config.platform.issuer, state))


def _check(order: Path, config: Config, state: Path, now: float) -> None:
    try:
        text = order.read_text("ascii").strip()
        jkt = DeviceKey.open(state / DEVICE_KEY).jkt if (state / DEVICE_KEY).exists() else ""
    except (OSError, UnicodeDecodeError):
        raise ResetOrderRefused from None
    check_order(text, Path(config.operator.reset_keys), jkt, now)


def _wanted(state: Path) -> bool:
    """Say what goes, and ask."""
    try:
        if (state / DATABASE).exists():
            store = Store.open(state, clock=SystemClock().time, random=os.urandom)
            try:
                unsent = Counter(entry.service for entry in store.outbox.waiting())
                links = len(store.links.all())
            finally:
                store.close()
            listed = ", ".join(f"{name} {count}" for name, count in sorted(unsent.items())) or "0"
            print(words.text("reset.cli.holds", links=links, unsent=listed), file=sys.stderr)
    except StoreError:
        print(words.text("reset.cli.unknown"), file=sys.stderr)
    print(words.text("reset.cli.ask"), end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() == "reset"


async def _take_leave(issuer: str, state: Path) -> None:
    clock = SystemClock().time
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        try:
            prover = Prover(DeviceKey.open(state / DEVICE_KEY), clock=clock, random=os.urandom)
        except CableIdError:
            return  # a damaged key proves nothing, and must go all the same
        transport = Transport(http, prover, clock=clock)
        discovery = Discovery(issuer, transport)
        await reset.take_leave(Registrar(state, discovery, transport), discovery)


async def _tell(issuer: str, state: Path) -> bool:
    clock = SystemClock().time
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        # Nothing is proven here: a key of the moment, that the box's next one is not made before it is needed.
        prover = Prover(DeviceKey(ec.generate_private_key(ec.SECP256R1())), clock=clock, random=os.urandom)
        transport = Transport(http, prover, clock=clock)
        try:
            return await reset.deliver_all(state, Discovery(issuer, transport), transport, os.urandom)
        except CableIdError:
            return False

"""`stb-sim card`: the card tray as a process."""

import argparse
import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from simulators.card import control, vpcd
from simulators.card.errors import CardError
from simulators.card.link import Link
from simulators.card.profile import PROFILES
from simulators.card.recorder import Recorder
from simulators.card.tray import Reader, Tray


def _now() -> datetime:
    return datetime.now(UTC)


def default_folder() -> Path:
    """Return where the authority lives if nobody says: under XDG_STATE_HOME."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(state) / "chanoma" / "authority"


def parser(prog: str, description: str) -> argparse.ArgumentParser:
    """Make a parser of the options that a card has in any reader."""
    made = argparse.ArgumentParser(prog=prog, description=description)
    add = made.add_argument
    add("--authority", type=Path, default=default_folder(), metavar="DIR", help="made if absent (default: %(default)s)")
    add("--control", type=Path, metavar="SOCKET", help="Unix socket to make for requests, one JSON object a line")
    add("--insert", metavar="PROFILE", choices=sorted(PROFILES), help="one of %(choices)s")
    add("--pin", default="1234", metavar="N", help="the cards' authentication PIN (default: %(default)s)")
    add("--record", type=Path, metavar="FILE", help="append every command that reaches a card, PINs included")
    add("--keep-tries", action="store_true", help="keep the retry counters in DIR/tries.json")
    add("--link", type=float, metavar="BPS", help="bits per second between reader and card (default: no time)")
    add("--turnaround-ms", type=float, default=0, metavar="MS", help="from a command to its answer (default: none)")
    add("--rsa-ms", type=float, default=0, metavar="MS", help="that a private key takes (default: none)")
    return made


def hold(made: argparse.ArgumentParser, options: argparse.Namespace, reader: Reader, place: str) -> int:
    """Hold a tray at a reader until SIGINT or SIGTERM; `place` says to people where that is."""
    try:
        link = Link(options.link, options.turnaround_ms / 1000, options.rsa_ms / 1000)
    except ValueError as error:
        made.error(str(error))
    try:
        asyncio.run(_hold(options, link, reader, f"{made.prog}: {options.insert or 'empty'}, {place}"))
    except (CardError, OSError) as error:
        print(f"{made.prog}: {error}", file=sys.stderr)
        return 1
    return 0


async def _hold(options: argparse.Namespace, link: Link, reader: Reader, greeting: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    options.authority.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        tray = await stack.enter_async_context(
            Tray(
                options.authority, clock=_now, pin=options.pin, recorder=Recorder(_now, options.record),
                keep_tries=options.keep_tries, link=link, reader=reader,
            )
        )  # fmt: skip
        if options.control is not None:
            await stack.enter_async_context(control.serve(tray, options.control))
        if options.insert is not None:
            await tray.insert(options.insert)
        print(greeting, flush=True)
        await stop.wait()


def main(argv: list[str]) -> int:
    """Hold the tray at pcscd's virtual reader until SIGINT or SIGTERM."""
    made = parser("stb-sim card", "A simulated JPKI card in pcscd's virtual reader.")
    made.add_argument("--port", type=int, default=vpcd.PORT, help="where vpcd listens (default: %(default)s)")
    options = made.parse_args(argv)
    return hold(made, options, vpcd.Reader("127.0.0.1", options.port), f"for vpcd at port {options.port}")

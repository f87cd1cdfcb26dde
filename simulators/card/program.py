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
from simulators.card.profile import PROFILES
from simulators.card.recorder import Recorder
from simulators.card.tray import Tray


def _now() -> datetime:
    return datetime.now(UTC)


def default_folder() -> Path:
    """Return where the authority lives if nobody says: under XDG_STATE_HOME."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(state) / "chanoma" / "authority"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stb-sim card", description="A simulated JPKI card in pcscd's virtual reader."
    )
    add = parser.add_argument
    add("--port", type=int, default=vpcd.PORT, help="where vpcd listens (default: %(default)s)")
    add("--authority", type=Path, default=default_folder(), metavar="DIR", help="made if absent (default: %(default)s)")
    add("--control", type=Path, metavar="SOCKET", help="Unix socket to make for requests, one JSON object a line")
    add("--insert", metavar="PROFILE", choices=sorted(PROFILES), help="one of %(choices)s")
    add("--pin", default="1234", metavar="N", help="the cards' authentication PIN (default: %(default)s)")
    add("--record", type=Path, metavar="FILE", help="append every command that reaches a card, PINs included")
    add("--keep-tries", action="store_true", help="keep the retry counters in DIR/tries.json")
    return parser


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    options.authority.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        tray = await stack.enter_async_context(
            Tray(
                options.authority, clock=_now, port=options.port, pin=options.pin,
                recorder=Recorder(_now, options.record), keep_tries=options.keep_tries,
            )
        )  # fmt: skip
        if options.control is not None:
            await stack.enter_async_context(control.serve(tray, options.control))
        if options.insert is not None:
            await tray.insert(options.insert)
        print(f"stb-sim card: {options.insert or 'empty'}, for vpcd at port {options.port}", flush=True)
        await stop.wait()


def main(argv: list[str]) -> int:
    """Hold the tray until SIGINT or SIGTERM."""
    options = _parser().parse_args(argv)
    try:
        asyncio.run(_run(options))
    except (CardError, OSError) as error:
        print(f"stb-sim card: {error}", file=sys.stderr)
        return 1
    return 0

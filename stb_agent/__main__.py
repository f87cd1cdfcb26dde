"""``stb-agent``: run the agent, or say what is wrong with the box."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path

from stb_agent import card_cli, platform_check_cli, platform_cli, remote_cli, reset_cli
from stb_agent.contract import words
from stb_agent.contract.appearance import Appearance
from stb_agent.contract.config import Config, ConfigError, load
from stb_agent.contract.errors import ChanomaError
from stb_agent.host.clock import SystemClock

OPERATOR_FILE = Path("/etc/chanoma/operator.toml")
HOUSEHOLD_FILE = Path("/var/lib/chanoma/household.toml")


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit status is 0, 1 if something is wrong with the box, 2 for a wrong call or configuration.

    Those of ``card``, ``remote`` and ``reset`` are their own (``EXITS`` of ``card_cli`` and ``remote_cli``, ``Exit`` of ``reset_cli``).
    """
    words.use(words.terminal(os.environ, Appearance()))
    parser = argparse.ArgumentParser(prog="stb-agent", description="The agent of a Chanoma box.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="serve until told to stop")
    run.add_argument("--practice", action="store_true", help="say on every view that it is a demonstration")
    run.add_argument("--anew", action="store_true", help="say on the screen that the box has begun anew")
    doctor = verbs.add_parser("doctor", help="check the box, a line for each part")
    doctor.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    verbs.add_parser("schema", help="print the sockets' messages as JSON Schema")
    platform_check_cli.add_verb(verbs)
    for verb in (
        run,
        doctor,
        reset_cli.add_verb(verbs),
        *card_cli.add_verbs(verbs),
        *remote_cli.add_verbs(verbs),
        *platform_cli.add_verbs(verbs),
    ):
        verb.add_argument(
            "--config",
            type=Path,
            action="append",
            metavar="FILE",
            help=f"configuration, later files over earlier ones (default: {OPERATOR_FILE}, {HOUSEHOLD_FILE})",
        )
    try:
        status = _do(parser.parse_args(argv))
        sys.stdout.flush()
    except BrokenPipeError:  # who read us has enough; Python would try again to write the rest when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _do(arguments: argparse.Namespace) -> int:
    if arguments.verb == "schema":
        from stb_agent.contract.schema import schema

        print(json.dumps(schema(), ensure_ascii=False, indent=1))
        return 0
    if arguments.verb == "platform":
        return platform_check_cli.check(arguments)
    try:
        config = load(*(arguments.config or [path for path in (OPERATOR_FILE, HOUSEHOLD_FILE) if path.exists()]))
    except ConfigError as error:
        print(told(error), file=sys.stderr)
        return 2
    words.use(words.terminal(os.environ, config.screen))
    if arguments.verb == "card":
        return card_cli.run(arguments, config)
    if arguments.verb == "remote":
        return remote_cli.run(arguments, config)
    if arguments.verb == "provision":
        return platform_cli.run(arguments, config)
    if arguments.verb == "reset":
        return reset_cli.run(arguments, config)
    if arguments.verb == "doctor":
        from stb_agent.doctor import run_doctor

        return asyncio.run(run_doctor(config, as_json=arguments.json))
    return serve(config, practice=arguments.practice, anew=arguments.anew)


def serve(config: Config, *, practice: bool, anew: bool) -> int:
    """Run the agent until SIGTERM or SIGINT. A box that begins anew does so in this process's place, with nothing of its memory."""
    from stb_agent.agent import Agent, BeganAnew, Surroundings
    from stb_agent.host.process import seal_memory

    seal_memory()
    clock = SystemClock().time
    log_to_stderr(clock)
    status = 0
    agent = Agent(config, Surroundings(clock, os.urandom), practice=practice, anew=anew)
    try:
        asyncio.run(until_stopped(agent.run))
    except* BeganAnew:
        os.execv(sys.executable, [*sys.orig_argv, *([] if anew else ["--anew"])])  # ourselves
    except* ChanomaError as group:
        for error in group.exceptions:
            if isinstance(error, ChanomaError):
                print(told(error), file=sys.stderr)
        status = 1
    return status


async def until_stopped(run: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run a coroutine function until it ends, or until SIGTERM or SIGINT cancels it."""
    task = asyncio.get_running_loop().create_task(run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        logging.getLogger(__name__).info("stopped")


def told(error: ChanomaError) -> str:
    """Give what a person at a terminal reads of an error: code, cause and remedy."""
    cause, remedy = words.told(error.code, error.args_)
    return f"{error.code}: {cause}\n  → {remedy}"


def log_to_stderr(clock: Callable[[], float], level: int = logging.INFO) -> None:
    """Log to standard error, one line an event, times in UTC by ``clock``."""

    class Formatter(logging.Formatter):
        def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
            return datetime.fromtimestamp(clock(), UTC).isoformat(timespec="milliseconds")

    handler = logging.StreamHandler()
    handler.setFormatter(Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)


if __name__ == "__main__":
    raise SystemExit(main())

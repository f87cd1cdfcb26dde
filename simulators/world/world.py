"""Start the simulators that speak HTTP as child processes that know one another, and end them again."""

import argparse
import asyncio
import contextlib
import json
import os
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from simulators.platform.lesser import OMISSIBLE
from simulators.platform.seed import OPERATORS, operators_of
from simulators.ports import listen, listen_apart

NAMES = ("validation", "platform", "booking", "health")
_PATIENCE = 20.0
"""Seconds within which a simulator must answer; the first start makes RSA keys."""


class WorldError(Exception):
    """The root of this package's errors; `code` is stable, `data` says what was wrong."""

    def __init__(self, code: str, **data: object) -> None:
        super().__init__(code, data)
        self.code, self.data = code, data


class World:
    """The four simulators, running while the context is open: `async with World(...) as world`.

    Addresses have no final slash. Each simulator keeps its port when it is stopped and started again, and its state.
    """

    def __init__(
        self,
        *,
        authority: Path | None = None,
        state: Path | None = None,
        trust_ca: Sequence[Path] = (),
        seed: int | None = None,
        now: datetime | None = None,
        database: str | None = None,
        operators: Path | None = None,
        without: Sequence[str] = (),
    ) -> None:
        """Take folders (made if absent; without one, a temporary one), further authorities' PEM files, and for equal
        runs a seed for the platform and an aware time at which all clocks stand still;
        `database`: the platform's, a DSN; `operators`: a TOML file of them; `without`: endpoints
        that the platform has not got (`stb-sim platform --without`)."""
        self._known = [
            word
            for name, value in (("database", database), ("operators", operators))
            if value
            for word in (f"--{name}", str(value))
        ] + [word for name in without for word in ("--without", name)]
        self._first = (operators_of(str(operators)) if operators else OPERATORS)[0]
        self._given, self._given_state, self._trust_ca, self._seed, self._now = authority, state, trust_ca, seed, now
        self._stack = contextlib.AsyncExitStack()
        self._children: dict[str, asyncio.subprocess.Process] = {}
        self._ports: dict[str, int] = {}

    @property
    def platform(self) -> str:
        """Return the platform's address, its issuer identifier."""
        return self.address("platform")

    @property
    def validation(self) -> str:
        """Return the validation service's address."""
        return self.address("validation")

    @property
    def booking(self) -> str:
        """Return the booking service's address."""
        return self.address("booking")

    @property
    def health(self) -> str:
        """Return the record service's address."""
        return self.address("health")

    @property
    def ca(self) -> Path:
        """Return the authority's root certificate (PEM), what the box is to trust."""
        return self.authority / "ca.pem"

    def address(self, name: str) -> str:
        """Return the base address of a simulator."""
        return f"http://127.0.0.1:{self._ports[name]}"

    def process(self, name: str) -> int:
        """Return the process id of a simulator that runs."""
        return self._children[name].pid

    def describe(self) -> dict[str, str]:
        """Describe the world in one flat object of strings."""
        return {
            **{name: self.address(name) for name in NAMES},
            "contract_number": self._first.contracts[0].number,
            "operator": self._first.title,
            "authority": str(self.authority),
            "ca": str(self.ca),
        }

    async def __aenter__(self) -> Self:
        """Start all four; WorldError `world.start` if one does not come up."""
        async with contextlib.AsyncExitStack() as stack:
            if self._given_state is None:
                folder = tempfile.TemporaryDirectory(prefix="stb-sim-world-", ignore_cleanup_errors=True)
                self.state = Path(stack.enter_context(folder))
            else:
                self.state = self._given_state
                self.state.mkdir(parents=True, exist_ok=True)
            self.authority = (self._given or self.state / "authority").absolute()
            stack.push_async_callback(self._end_all)
            # All addresses are known before the first process starts, since they name one another.
            listeners = {name: _listen(self._ports.get(name)) for name in NAMES}
            self._ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
            try:
                await asyncio.gather(*(self._spawn(name, listener) for name, listener in listeners.items()))
            finally:
                for listener in listeners.values():
                    listener.close()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all that run."""
        await self._stack.aclose()

    def _arguments(self, name: str) -> list[str]:
        common = ["--state", str(self.state), "--parent", str(os.getpid())]
        if self._now is not None:
            common += ["--now", self._now.isoformat()]
        authority = ["--authority", str(self.authority)]
        trusted = [word for path in self._trust_ca for word in ("--trust-ca", str(path))]
        match name:
            case "validation":
                return [*common, *authority, *trusted]
            case "platform":
                services = [f"{service}={self.address(service)}" for service in ("booking", "health")]
                seed = [] if self._seed is None else ["--seed", str(self._seed)]
                known = [word for service in services for word in ("--service", service)]
                return [*common, *authority, *trusted, "--validation", self.validation, *known, *seed, *self._known]
        return [*common, "--platform", self.platform]

    async def _spawn(self, name: str, listener: socket.socket) -> None:
        number = listener.fileno()
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "simulators", name, "--listen-fd", str(number), *self._arguments(name),
            pass_fds=[number], stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            # Ctrl-C in a terminal is for us; we end the children ourselves.
            process_group=0,
        )  # fmt: skip
        self._children[name] = child
        if child.stdout is None:
            raise WorldError("world.start", simulator=name)
        try:
            line = await asyncio.wait_for(child.stdout.readline(), _PATIENCE)
        except TimeoutError:
            raise WorldError("world.start", simulator=name, waited=_PATIENCE) from None
        if not line.startswith(f"{name}: ".encode()):
            raise WorldError("world.start", simulator=name, status=await child.wait())

    async def stop(self, name: str) -> None:
        """End one simulator: from now on its port refuses connections."""
        await _end(self._children.pop(name))

    async def start(self, name: str) -> None:
        """Start a stopped simulator again at its old address, with the state it had."""
        with _listen(self._ports[name]) as listener:
            await self._spawn(name, listener)

    async def first_to_end(self) -> tuple[str, int]:
        """Wait until a simulator that nobody stopped has ended; gives its name and exit status."""

        async def ended(name: str, child: asyncio.subprocess.Process) -> tuple[str, int]:
            return name, await child.wait()

        waiting = [asyncio.ensure_future(ended(name, child)) for name, child in self._children.items()]
        try:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for task in waiting:
                task.cancel()

    async def _end_all(self) -> None:
        await asyncio.gather(*(_end(self._children.pop(name)) for name in list(self._children)))

    async def control(self, name: str, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Call a control path of a simulator, e.g. `control("health", "POST", "/_sim/faults", {"kind": "down"})`."""
        from aiohttp import ClientSession

        async with (
            ClientSession(raise_for_status=True) as http,
            http.request(method, f"{self.address(name)}{path}", json=body) as answer,
        ):
            return await answer.json() if answer.content_type == "application/json" else None


def _listen(port: int | None) -> socket.socket:
    try:
        return listen_apart() if port is None else listen(port)
    except OSError as error:
        raise WorldError("world.port", port=port, error=str(error)) from None


async def _end(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        await asyncio.wait_for(child.wait(), 3)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def _operators(path: str) -> Path:
    operators_of(path)
    return Path(path)


def main(argv: list[str]) -> int:
    """Run the world until SIGINT or SIGTERM; exit status 1 if a simulator ends by itself."""
    parser = argparse.ArgumentParser(prog="stb-sim world", description="Start the world around the box.")
    parser.add_argument("--authority", type=Path, metavar="DIR", help="the test authority's folder; made if absent")
    parser.add_argument("--state", type=Path, metavar="DIR", help="keep state in this folder; without it, for this run")
    parser.add_argument(
        "--trust-ca", type=Path, action="append", default=[], metavar="FILE.pem",
        help="accept cards of this authority too; may be repeated",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, metavar="N", help="derive the platform's keys and nonces")
    parser.add_argument("--database", metavar="DSN", help="keep the platform's state in PostgreSQL")
    parser.add_argument("--operators", type=_operators, metavar="FILE.toml", help="the operators with their contracts")
    parser.add_argument(
        "--without", action="append", choices=OMISSIBLE, default=[],
        help="let the platform have no such endpoint; may be repeated",
    )  # fmt: skip
    parser.add_argument("--now", type=datetime.fromisoformat, metavar="ISO", help="let all clocks stand still here")
    parser.add_argument("--parent", type=int, metavar="PID", help="end when this parent process ends")
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead of lines to read")
    return asyncio.run(_run(parser.parse_args(argv)))


async def _run(arguments: argparse.Namespace) -> int:
    from simulators.web import end_with_parent, until_told

    if arguments.parent is not None:
        end_with_parent(arguments.parent)
    told = asyncio.ensure_future(until_told())
    await asyncio.sleep(0)  # so that a signal during the start is heeded
    world = World(
        authority=arguments.authority, state=arguments.state, trust_ca=arguments.trust_ca, seed=arguments.seed,
        now=arguments.now, database=arguments.database, operators=arguments.operators,
        without=arguments.without,
    )  # fmt: skip
    try:
        async with world:
            described = world.describe()
            lines = [json.dumps(described, ensure_ascii=False)] if arguments.json else _lines(described)
            print(*lines, sep="\n", flush=True)
            ended = asyncio.ensure_future(world.first_to_end())
            await asyncio.wait([told, ended], return_when=asyncio.FIRST_COMPLETED)
            if told.done():
                ended.cancel()
                return 0
            name, status = ended.result()
            print(f"stb-sim world: {name} ended by itself with status {status}", file=sys.stderr)
            return 1
    except WorldError as error:
        print(f"stb-sim world: {error.code} {error.data}", file=sys.stderr)
        return 1
    finally:
        told.cancel()


def _lines(described: Mapping[str, str]) -> list[str]:
    return [f"{name + ':':<17}{value}" for name, value in described.items()]

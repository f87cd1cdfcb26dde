"""stb-sim house: put everything up in order, tell what there is to do, keep it standing."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulators.card import PROFILES
from simulators.house import pcscd
from simulators.house.box import configuration
from simulators.house.errors import HouseError
from simulators.house.parts import Part, Parts, parts
from simulators.tv.app import PORT

PIN = "1234"
"""The PIN of every practice card."""
_PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    card: str | None
    trust_ca: tuple[Path, ...]
    desktop: bool
    port: int
    state: Path | None
    private: bool
    seed: int | None
    json: bool
    screen: dict[str, str]


def _options(argv: list[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="stb-sim house", description="A living room with everything in it and around it."
    )
    add = parser.add_argument
    add(
        "--card",
        choices=[*sorted(PROFILES), "none"],
        help="the card in the reader at first; none: cards come from elsewhere",
    )
    add(
        "--trust-ca",
        type=Path,
        action="append",
        default=[],
        metavar="FILE.pem",
        help="accept cards of this authority too",
    )
    add(
        "--desktop",
        action="store_true",
        help="open Chanoma's window on your own desktop, its keyboard being the remote",
    )
    add("--port", type=int, default=PORT, help=f"port of the page, or the next free one ({PORT})")
    add("--state", type=Path, metavar="DIR", help="keep box and world in this folder; without it, for this run")
    add("--pcscd", choices=["system", "private"], default="system", help="private: a daemon that only this house sees")
    add("--seed", type=int, metavar="N", help="derive the platform's keys and nonces")
    add("--language", metavar="TAG", help="what the screen speaks at first: ja, ja-simple, en")
    add("--profile", metavar="NAME", help="how it is drawn at first: standard, large, contrast, colour_blind")
    add("--json", action="store_true", help="print one line of JSON instead of words")
    given = parser.parse_args(argv)
    for file in given.trust_ca:
        if not file.is_file():
            parser.error(f"--trust-ca {file}: no such file")
    return Options(
        given.card,
        tuple(file.absolute() for file in given.trust_ca),
        given.desktop,
        given.port,
        given.state and given.state.absolute(),
        given.pcscd == "private",
        given.seed,
        given.json,
        {name: value for name in ("language", "profile") if (value := getattr(given, name))},
    )


class House:
    """The house while it stands; ``facts`` is what `--json` prints and ``house.json`` in its folder holds."""

    def __init__(self, options: Options, folder: Path) -> None:
        self._options, self._folder = options, folder
        self._state = options.state or folder / "state"
        self._sockets = {name: folder / f"{name}.sock" for name in ("tv", "card")}
        self._runtime = folder / "run"
        self._sockets |= {name: self._runtime / f"{name}.sock" for name in ("ui", "remote")}
        self.facts: dict[str, Any] = {}

    async def build(self, parts: Parts) -> None:
        """Put everything up. Raises HouseError."""
        options = self._options
        for folder in (self._state, self._runtime):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        reader, world = await asyncio.gather(
            pcscd.private(parts, self._folder) if options.private else pcscd.system(parts, free=options.card != "none"),
            self._world(parts),
        )
        config = self._folder / "box.toml"
        config.write_text(
            configuration(
                self._runtime, self._state / "box", self._sockets["tv"], world, options.trust_ca, options.screen
            ),
            "utf-8",
        )
        _, tv = await asyncio.gather(
            self._card(parts, reader, world),
            self._tv(parts, world),
        )
        agent = parts.part(
            "agent", [_PROGRAMS / "stb-agent", "run", "--config", config, "--practice"], **reader.environment
        )
        await agent.start()
        ui = parts.part(
            "ui",
            [_PROGRAMS / "stb-ui", "--socket", self._sockets["ui"]],
            DISPLAY=tv["display"],
            SDL_VIDEODRIVER="x11",
            SDL_VIDEO_X11_WMCLASS="chanoma",
        )
        await ui.start()
        await agent.until(lambda: _accepts(self._sockets["remote"]))
        await ui.until(lambda: b"connected to the agent" in ui.log.read_bytes())
        for part in (agent, ui):
            parts.keep(part, again=True)
        self.facts = {
            "url": tv["url"],
            "display": tv["display"],
            "sockets": {name: str(path) for name, path in self._sockets.items()},
            "world": world,
            "reader": {"port": reader.port, **reader.environment},
            "config": str(config),
            "state": str(self._state),
            "folder": str(self._folder),
            "pin": PIN,
            "xvnc": tv["xvnc"],
        }
        self.note(parts)

    def note(self, parts: Parts) -> None:
        """Write the facts, which change when a part is started again."""
        self.facts["pids"] = {name: part.pid for name, part in parts.standing.items()} | {"house": os.getpid()}
        draft = self._folder / "house.json.new"
        draft.write_text(json.dumps(self.facts, ensure_ascii=False))
        draft.replace(self._folder / "house.json")

    async def _world(self, parts: Parts) -> dict[str, str]:
        options = self._options
        trust: list[str | Path] = [word for file in options.trust_ca for word in ("--trust-ca", file)]
        seed: list[str | Path] = [] if options.seed is None else ["--seed", str(options.seed)]
        command = _sim(
            "world", "--json", "--state", self._state / "world", "--authority", self._state / "authority", *trust, *seed
        )
        return await _told(parts, parts.part("world", command))

    async def _card(self, parts: Parts, reader: pcscd.Reader, world: dict[str, str]) -> None:
        if self._options.card == "none":
            return
        insert = ["--insert", self._options.card] if self._options.card else []
        command = _sim("card", "--port", str(reader.port), "--authority", world["authority"], "--pin", PIN)
        card = parts.part("card", [*command, "--control", self._sockets["card"], "--keep-tries", *insert])
        await card.start()
        await card.until(lambda: _accepts(self._sockets["card"]))
        parts.keep(card, again=False)

    async def _tv(self, parts: Parts, world: dict[str, str]) -> dict[str, Any]:
        sockets, options = self._sockets, self._options
        command = _sim("tv", "--remote", sockets["remote"], "--tv", sockets["tv"], "--port", str(options.port))
        tray: list[str | Path] = [] if options.card == "none" else ["--card", sockets["card"], "--pin", PIN]
        desktop = ["--desktop"] if options.desktop else []
        return await _told(
            parts, parts.part("tv", [*command, *tray, *desktop, "--contract-number", world["contract_number"]])
        )


def _sim(name: str, *words: str | Path) -> list[str | Path]:
    return [sys.executable, "-m", "simulators", name, *words]


async def _told(parts: Parts, part: Part) -> dict[str, Any]:
    """Start a part that says in a line of JSON that it is ready."""
    await part.start(output=True)
    told: dict[str, Any] = json.loads(await part.line())
    parts.keep(part, again=False)
    return told


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _words(options: Options, facts: dict[str, Any]) -> str:
    cards = (
        f"The card's PIN is {PIN}; the contract number is {facts['world']['contract_number']}."
        if options.card != "none"
        else f"The reader is empty: connect your card to the virtual reader at port {facts['reader']['port']}. "
        f"The contract number is {facts['world']['contract_number']}."
    )
    if options.desktop:
        how = (
            "Chanoma's window is on your desktop. Keys: Home or h = 茶の間, arrows, Enter = 決定, Esc = 戻る, digits, F1-F4 = colours.\n"
            "The card tray and a drawn remote:"
        )
    else:
        how = "The living room is ready. Open this page:"
    return (
        f"\n{how}\n\n    {facts['url']}\n\n"
        "Press 茶の間 on the remote, then put a card in.\n"
        f"{cards}\n"
        f"The television is X display {facts['display']}; logs are in {facts['folder']}/log.\n"
        "Ctrl-C ends everything.\n"
    )


async def _run(options: Options) -> None:
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    with tempfile.TemporaryDirectory(prefix="chanoma-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        house = House(options, folder)
        (folder / "log").mkdir()
        if not options.json:
            print("house: putting up world, card, television and box …", flush=True)
        async with parts(folder / "log", lambda: house.note(held)) as held:
            if await _unless(stop, house.build(held)):
                line = json.dumps(house.facts, ensure_ascii=False) if options.json else _words(options, house.facts)
                print(line, flush=True)
                await _unless(stop, held.fall())
            if not options.json:
                print("house: taking everything down …", flush=True)


async def _unless(stop: asyncio.Event, work: Any) -> bool:
    """Do the work, or leave it when told to stop; True if it was done. Raises what it raises."""
    doing, told = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait([doing, told], return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if doing.done():
        doing.result()
        return True
    doing.cancel()
    with contextlib.suppress(asyncio.CancelledError, HouseError):
        await doing
    return False


def main(argv: list[str]) -> int:
    """Keep the house standing until SIGINT, SIGTERM or SIGHUP; exit status 1 if it cannot stand."""
    try:
        asyncio.run(_run(_options(argv)))
    except HouseError as error:
        print(f"house: {error}", file=sys.stderr)
        return 1
    return 0

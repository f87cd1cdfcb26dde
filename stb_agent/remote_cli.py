"""``stb-agent remote``: which remotes are there, what their keys mean, what a keymap is worth, and teaching one."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from stb_agent.contract import words
from stb_agent.contract.config import Config
from stb_agent.contract.errors import ChanomaError
from stb_agent.remote.keymaps import KeymapError, Keymaps, Match, load, read
from stb_agent.remote.keymaps.taught import KeymapUnwritable
from stb_agent.remote.reach import Reach, reach
from stb_agent.remote.sources import DOWN, UP, Bus, Device, KeyEvent, sysfs
from stb_agent.remote.sources.diagnosis import diagnose
from stb_agent.remote.sources.evdev import NODES, EvdevSource

EXITS = (
    (0, "success; list: a remote is there that can do everything; check: every keymap is usable"),
    (1, "list: no such remote; check: a keymap that is not usable; teach: nothing was learnt"),
    (2, "a wrong call or configuration, or a file that cannot be read or written, or is no keymap"),
    (3, "the agent runs, and has the remotes"),
)
"""Exit statuses."""


class AgentRuns(ChanomaError):
    """The agent has the remotes."""

    code = "remote.agent_runs"
    retry = True


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> list[argparse.ArgumentParser]:
    """Add ``remote`` and its verbs to the command line; gives the parsers that take ``--config``."""
    epilog = "exit status:\n" + "\n".join(f"  {status}  {text}" for status, text in EXITS)
    remote = verbs.add_parser(
        "remote",
        help="look at remotes and keymaps, and teach one",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = remote.add_subparsers(dest="remote_verb", required=True)

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        return kinds.add_parser(
            name, help=text, description=text, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
        )

    listing = verb("list", "the remotes that are there: keys, keymaps, what they reach, battery")
    watch = verb("watch", "keys as they go down and up, and what they mean, a line each, until stopped")
    watch.add_argument(
        "--all",
        action="store_true",
        help="also of what has keys and is not known as a remote (marked so): whether it reaches the box at all."
        " It may be a keyboard, and what is typed on it is shown",
    )
    check = verb("check", "what a remote with the keys of a keymap can do")
    check.add_argument("keymap", type=Path, nargs="+", metavar="KEYMAP", help="a file of ours, or of rc_keymaps")
    teach = verb("teach", "learn the keys of a remote, and write a keymap for it")
    teach.add_argument("--out", type=Path, metavar="FILE", help="the file to write (default: among the household's)")
    for parser in (listing, watch, check):
        parser.add_argument("--json", action="store_true", help="JSON, an object a line, instead of text")
    return [listing, watch, check, teach]


def run(arguments: argparse.Namespace, config: Config) -> int:
    """Do a verb of ``remote``; the exit status is that of EXITS."""
    maps = load(config.remote.keymaps, household(config))
    try:
        match arguments.remote_verb:
            case "list":
                return _list(maps, arguments.json)
            case "watch":
                asyncio.run(_watch(config, maps, arguments.json, wide=arguments.all))
                return 0
            case "check":
                return _check(arguments.keymap, arguments.json)
            case _:
                return _teach(config, maps, arguments.out)
    except AgentRuns as error:
        complain(error)
        return 3
    except KeymapError as error:
        complain(error)
        return 2


def household(config: Config) -> Path:
    """Give the folder of the keymaps that the household taught."""
    return Path(config.box.state) / "keymaps"


def agent_runs(config: Config) -> bool:
    """Tell whether the agent serves on this box."""
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(Path(config.box.runtime) / "ui.sock")) == 0


def _list(maps: Keymaps, as_json: bool) -> int:
    for error in maps.errors:
        complain(error)
    found = sysfs.look()
    charges = sysfs.batteries()
    usable = False
    nodes = sysfs.remotes(found) | {node for node, one in found.items() if maps.taught(one.device)}
    for node in (node for node in found if node in nodes):
        seen = found[node]
        device = replace(seen.device, battery=sysfs.charge_of(seen, charges))
        meaning = maps.of(device)
        there = reach(device.keys, meaning)
        usable = usable or there.usable
        tell(
            {
                "id": device.id,
                "name": device.name,
                "bus": device.bus.value,
                "vendor": f"{device.vendor:#06x}",
                "product": f"{device.product:#06x}",
                "readable": os.access(NODES / node, os.R_OK),
                "battery": device.battery,
                "keymaps": [str(one.file) for one in meaning.files],
                "keys": sorted(device.keys),
                **described(there),
            },
            as_json,
        )
    if not usable and not as_json:
        print(words.text("remote.cli.list_none"), file=sys.stderr)
    return 0 if usable else 1


def _check(files: Sequence[Path], as_json: bool) -> int:
    ours, status = load(), 0
    for file in files:
        try:
            keymap = read(file)
        except KeymapError as error:
            complain(error)
            if as_json:
                cause, remedy = words.told(error.code, error.args_)
                tell({"file": str(file), "error": error.code, **error.args_, "cause": cause, "remedy": remedy}, True)
            status = 2
            continue
        # As on a remote that it is for, over ours.
        found = reach(keymap.keys, ours.over(keymap, example(keymap.match)))
        if not found.usable:
            status = max(status, 1)
        tell(
            {
                "file": str(file),
                "name": keymap.name,
                "form": keymap.form.value,
                "keys": sorted(keymap.keys),
                **described(found),
            },
            as_json,
        )
    return status


def example(match: Match) -> Device:
    """Give a remote that a keymap could be for."""
    return Device("", match.name or "", match.bus or Bus.OTHER, match.vendor or 0, match.product or 0)


def described(found: Reach) -> dict[str, object]:
    """Give what a remote reaches, as the command line says it."""
    return {
        "actions": {action.value: list(keys) for action, keys in found.actions.items()},
        "missing": [action.value for action in found.missing],
        "television": list(found.television),
        "unknown": list(found.unknown),
        "comfort": found.comfort,
        "usable": found.usable,
    }


class _Printer:
    """Say what comes, goes and is pressed."""

    def __init__(self, maps: Keymaps, as_json: bool) -> None:
        self._maps = maps
        self._as_json = as_json
        self._devices: dict[str, Device] = {}

    def came(self, device: Device) -> None:
        """Say that a device is there, once."""
        if device.id not in self._devices:
            known = device.id in sysfs.remotes(sysfs.look()) or self._maps.taught(device)
            self._line(device, "came", **({} if known else {"means": "unknown"}))
        self._devices[device.id] = device

    def went(self, device: Device) -> None:
        """Say that a device is gone."""
        self._devices.pop(device.id, None)
        self._line(device, "went")

    def key(self, event: KeyEvent) -> None:
        """Say what a key did and means. The kernel's repeats are left out: they mean nothing."""
        if event.value not in (UP, DOWN):
            return
        device = self._devices[event.device]
        meaning = self._maps.of(device)
        action = meaning.action(event.key)
        means = action.value if action is not None else "television" if meaning.knows(event.key) else "unknown"
        self._line(device, "down" if event.value == DOWN else "up", key=event.key, means=means)

    def _line(self, device: Device, what: str, **more: str) -> None:
        if self._as_json:
            print(
                json.dumps({"device": device.id, "name": device.name, "event": what, **more}, ensure_ascii=False),
                flush=True,
            )
        else:
            print(" ".join((device.id, what, *more.values(), f"({device.name})")), flush=True)


async def _watch(config: Config, maps: Keymaps, as_json: bool, *, wide: bool) -> None:
    for error in maps.errors:
        complain(error)
    if agent_runs(config):
        print(words.text("remote.cli.watch_agent"), file=sys.stderr)
    else:
        for node, programs in diagnose(try_grab=True).held.items():
            who = "、".join(programs) or words.text("doctor.somebody")
            print(words.text("remote.cli.watch_held", remote=node, programs=who), file=sys.stderr)
    source = EvdevSource()
    source.adopt(maps.taught)
    source.listen_wide(wide)
    watching = asyncio.create_task(source.run(_Printer(maps, as_json)))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, watching.cancel)
    with suppress(asyncio.CancelledError):
        await watching


def _teach(config: Config, maps: Keymaps, out: Path | None) -> int:
    from stb_agent.remote_lesson import teach

    if agent_runs(config):
        raise AgentRuns
    if (learnt := asyncio.run(teach([EvdevSource()], maps, household(config), out))) is None:
        print(words.text("remote.teach.nothing"), file=sys.stderr)
        return 1
    path, found = learnt
    tell({"file": str(path), **described(found)}, as_json=False)
    return 0


def tell(found: dict[str, object], as_json: bool) -> None:
    """Say what was found: a JSON object, or a line for each part."""
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for name, value in found.items():
        if isinstance(value, dict):
            told = ", ".join(
                f"{key} ({' '.join(it)})" if isinstance(it, list) else key for key, it in value.items() if it
            )
        else:
            told = " ".join(map(str, value)) if isinstance(value, list) else str(value)
        print(f"{name}: {'-' if value is None or told == '' else told}")
    print()


def complain(error: ChanomaError) -> None:
    """Say what is wrong: code, cause and remedy."""
    cause, remedy = words.told(error.code, error.args_)
    print(f"{error.code}: {cause}\n  → {remedy}", file=sys.stderr)
    if isinstance(error, KeymapUnwritable):  # what a household is not told
        why = words.text("remote.cli.unwritable", file=error.args_["file"], what=error.args_["what"])
        print(f"  {why}", file=sys.stderr)

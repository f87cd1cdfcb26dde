"""A whole living room for tests: `stb-sim house` with a pcscd of its own, its remote, its socket, its card."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

_START, _END = 60.0, 20.0
"""Seconds a house may take to stand, and to be gone."""
_HAND, _HOLD = 0.12, 0.04
"""Seconds before a finger comes to a key, and that it stays on it."""


@dataclass(frozen=True)
class Told:
    """A message of the agent, and time.monotonic() when it came."""

    at: float
    message: dict[str, Any]


class Witness:
    """A second client at the agent's socket for UIs, that only watches: the kind on the screen is read here."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._news = threading.Condition()
        self.told: list[Told] = []
        self.lost_at: list[int] = []
        """After how many messages the agent was gone."""
        self._closing = False
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._watch, name="witness", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._closing:
            with contextlib.suppress(OSError, ValueError), socket.socket(socket.AF_UNIX) as self._socket:
                self._socket.connect(str(self._path))
                self._socket.sendall(b'{"type":"hello","version":1}\n')
                with self._socket.makefile("rb") as lines:
                    for line in lines:
                        with self._news:
                            self.told.append(Told(time.monotonic(), json.loads(line)))
                            self._news.notify_all()
                self.lost_at.append(len(self.told))
            time.sleep(0.05)  # the agent may be away for a moment

    def latest(self) -> dict[str, Any]:
        """Give the last view message. Raises LookupError if there was none yet."""
        with self._news:
            for told in reversed(self.told):
                if told.message["type"] == "view":
                    return told.message
        raise LookupError("no view was sent yet")

    def until(
        self, right: Callable[[dict[str, Any]], bool], seconds: float, since: float = 0.0
    ) -> dict[str, Any] | None:
        """Wait until the last view message is ``right`` and came at ``since`` or later; None if that does not come in time."""
        end = time.monotonic() + seconds
        with self._news:
            while True:
                views = [told for told in self.told if told.message["type"] == "view"]
                if views and views[-1].at >= since and right(views[-1].message):
                    return views[-1].message
                if not self._news.wait(max(end - time.monotonic(), 0)):
                    return None

    def close(self) -> None:
        """Stop watching."""
        self._closing = True
        with contextlib.suppress(OSError):
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(2)


def shows(kind: str, level: int = 0) -> Callable[[dict[str, Any]], bool]:
    """Tell whether a view of this kind is on the screen, with at least this level."""
    return lambda m: bool(m["shown"] and m["view"]["kind"] == kind and m["status"].get("level", 0) >= level)


class House:
    """A standing house; ``facts`` is what it printed."""

    def __init__(self, process: subprocess.Popen[str], facts: dict[str, Any]) -> None:
        self.process, self.facts = process, facts
        self._remote: socket.socket | None = None

    def socket(self, name: str) -> Path:
        """Give the path of a socket: tv, card, ui, remote."""
        return Path(self.facts["sockets"][name])

    def pids(self) -> dict[str, int]:
        """Give the processes as they are now."""
        pids: dict[str, int] = json.loads((Path(self.facts["folder"]) / "house.json").read_text())["pids"]
        return pids

    def key(self, name: str, hold: float = _HOLD) -> float:
        """Press a key (``OK`` for KEY_OK) and let it go; gives time.monotonic() at the byte that says it is down.

        No faster than a quick hand, so that it is neither a bounce nor meant for the view before.
        """
        time.sleep(_HAND)
        for _ in range(40):
            try:
                if self._remote is None:
                    self._remote = socket.socket(socket.AF_UNIX)
                    self._remote.connect(str(self.socket("remote")))
                at = time.monotonic()
                self._remote.sendall(json.dumps({"key": f"KEY_{name}", "value": 1}).encode() + b"\n")
                break
            except OSError:  # the agent is being started again
                self.let_go()
                time.sleep(0.1)
        else:
            raise ConnectionError("nobody listens at remote.sock")
        time.sleep(hold)
        try:
            self._remote.sendall(json.dumps({"key": f"KEY_{name}", "value": 0}).encode() + b"\n")
        except OSError:  # it was this key that made the agent begin anew
            self.let_go()
        return at

    def card(self, **wish: Any) -> dict[str, Any]:
        """Ask the card tray something: ``insert="new"``, ``pull=True``, ``state=True``. Raises RuntimeError if it refuses."""
        with socket.socket(socket.AF_UNIX) as tray:
            tray.connect(str(self.socket("card")))
            tray.sendall(json.dumps(wish).encode() + b"\n")
            answer: dict[str, Any] = json.loads(tray.makefile("rb").readline())
        if not answer["ok"]:
            raise RuntimeError(f"the tray refused {wish}: {answer}")
        return answer

    def yield_now(self, active: bool) -> float:
        """Turn the emergency switch of the page; gives time.monotonic() when that was sent."""

        async def turn() -> float:
            async with aiohttp.ClientSession() as session, session.ws_connect(self.facts["url"] + "control") as page:
                at = time.monotonic()
                await page.send_json({"type": "yield", "active": active})
                while (await page.receive_json(timeout=5))["yield"] is not active:
                    pass
                return at

        return asyncio.run(turn())

    def open_menu(self) -> float:
        """Choose Chanoma in the television's own menu; gives time.monotonic() when that was sent."""

        async def choose() -> float:
            async with aiohttp.ClientSession() as session, session.ws_connect(self.facts["url"] + "control") as page:
                at = time.monotonic()
                await page.send_json({"type": "open"})
                while not (await page.receive_json(timeout=5))["shown"]:
                    pass
                return at

        return asyncio.run(choose())

    def fault(self, service: str, fault: dict[str, Any] | None) -> None:
        """Script a fault of a service of the world, or clear all of it (None)."""
        request = urllib.request.Request(
            f"{self.facts['world'][service]}/_sim/faults",
            method="DELETE" if fault is None else "POST",
            data=None if fault is None else json.dumps(fault).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5):
            pass

    def log(self, name: str) -> str:
        """Give what a part has logged."""
        return (Path(self.facts["folder"]) / "log" / f"{name}.log").read_text(errors="replace")

    def let_go(self) -> None:
        """Put the remote down."""
        if self._remote is not None:
            self._remote.close()
        self._remote = None


@contextlib.contextmanager
def house(*arguments: str, **environment: str) -> Iterator[House]:
    """Put up a house with a pcscd of its own until the block ends; it must then end by itself with status 0."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "simulators", "house", "--json", "--pcscd", "private", *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **environment},
        )
        timer = threading.Timer(_START, process.kill)
        timer.start()
        assert process.stdout is not None
        line = process.stdout.readline()
        timer.cancel()
        try:
            if not line:
                errors.seek(0)
                raise RuntimeError(f"the house does not stand:\n{errors.read()}")
            standing = House(process, json.loads(line))
            yield standing
            standing.let_go()
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(_END)
            finally:
                process.kill()
                process.wait()
                process.stdout.close()

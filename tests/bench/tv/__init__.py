"""From a key to the picture, through agent, socket and UI: beside Kodi, and beside a floor that only copies a picture.

All on one X server, in one run, turn about; what changed on the screen is told by that server (DAMAGE). Kodi and we get the same keys, which
that server makes (XTEST) and gives to the window that has the keyboard: Kodi's own, or ours, whose keys the simulated living room hands to
``remote.sock`` as it does on a person's desktop. So our way is the longer one by a process; nothing of it is left out. Kodi's figure is that
of the least that it does: of two buttons side by side on its home page the other one has the focus.

The floor is a window that on a line from a socket copies a ready-made picture of the size that the UI paints; beside it our keys go straight
to ``remote.sock``. What that ratio leaves is what remote, agent, view, socket, focus and drawing cost.

Who does not have its turn does not have the machine: Kodi is stopped meanwhile; we rest by ourselves.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.tv.kodi import WINDOW, Kodi, kodi
from tests.support.churn import churn
from tests.support.house import House, Witness, house
from tests.support.keyboard import Keyboard
from tests.support.screen import Screen
from tests.support.xserver import x_server
from tests.ui.conftest import Television

BUDGETS = {
    "focus_ms.p50": 12.0,
    "focus_ms.p95": 25.0,
    "focus_ms.max": 100.0,
    "view_ms.p95": 60.0,
    "every_key_ms.max": 100.0,
    "over_kodi.p50": 0.3,
    "over_kodi.p95": 0.4,
    "beside_kodi_ms.chanoma.p99": 50.0,
    "agent_rss_mb": 80.0,
    "ui_rss_mb": 160.0,
    "memory.after_mb": 160.0,
    "memory.growth_mb": 10.0,
    "idle_cpu_percent.both": 2.0,
    "start_to_home_s": 3.0,
}
"""The project's own budgets (docs/architecture.md): two ordinary cores, software rendering, 1080p."""

_ROUNDS, _KEYS, _VIEWS, _PEER = 6, 40, 8, 30
"""Turns of each; keys, whole views, and keys beside Kodi, in a turn."""
_EVERY = ("LEFT", "UP", "5", "RED", "GREEN", "YELLOW", "BLUE", "BLUE", "HELP", "HELP", "OK", "BACK")
"""On home: two that lead nowhere, those that do nothing here, the voice on and off, help, away and back."""
_ALL_SEEN, _CHANGES = 200, 2000
"""View changes until every kind was drawn often; and those over which memory has to stay where it is."""
_REST_S = 4.0
"""Seconds after which the UI has given back what it does not need, as it does whenever nobody presses a key for a moment."""
_STILL = 0.2
"""Seconds without damage after which a key's doings are over: Kodi's focus fades in."""
_WARM_UP = 10
_FRAME = 2.0
_IDLE = 10.0
"""Seconds over which idle processor time is counted (in ticks of 10 ms)."""

Figures = dict[str, float]


def measure() -> dict[str, float | Figures | dict[str, Figures]]:
    """Measure in a living room on a desktop of its own, with Kodi on it."""
    rng = random.Random(1)  # the pauses only: keys must not fall into step with anything periodic
    focus: list[float] = []
    views: list[float] = []
    every: list[float] = []
    floor: list[float] = []
    ours: list[float] = []
    theirs: list[float] = []
    with (
        x_server() as display,
        Screen(display) as screen,
        Keyboard(display) as keyboard,
        house("--desktop", DISPLAY=display) as room,
        _watched(room) as witness,
    ):
        start = _start_to_home(room, screen, witness)
        area = _painted(room, screen)
        idle = _idle({name: room.pids()[name] for name in ("agent", "ui")})
        with _floor(screen.name, area) as (paint, show), kodi(screen, keyboard) as peer:
            peer_idle = _idle({"kodi": peer.pid})["kodi"]
            for _ in range(_ROUNDS):
                peer.halt()
                keyboard.focus("chanoma", above=True)
                screen.settle()
                focus += _presses(screen, rng, _KEYS, lambda n: room.key(("RIGHT", "LEFT")[n % 2], hold=0.0))
                every += _every_key(room, screen, rng)
                views += _whole_views(room, screen, witness, rng)
                show(True)
                floor += _presses(screen, rng, _KEYS, paint)
                show(False)
                screen.settle()
                ours += _beside(screen, keyboard, rng)
                theirs += _kodis(peer, screen, keyboard, rng)
            rss = {name: _rss(pid) for name, pid in (*room.pids().items(), ("kodi", peer.pid))}
    ui, bare = _summary(focus), _summary(floor)
    beside = {"chanoma": _summary(ours), "kodi": _summary(theirs)}
    return {
        "beside_kodi_ms": beside,
        "over_kodi": {name: round(beside["chanoma"][name] / beside["kodi"][name], 3) for name in ("p50", "p95", "p99")},
        "focus_ms": ui,
        "floor_ms": bare,
        "focus_over_floor": {name: round(ui[name] / bare[name], 2) for name in ("p50", "p95")},
        "view_ms": _summary(views),
        "every_key_ms": _summary(every),
        "agent_rss_mb": rss["agent"],
        "ui_rss_mb": rss["ui"],
        "kodi_rss_mb": rss["kodi"],
        "memory": _memory(),
        "idle_cpu_percent": {**idle, "both": round(sum(idle.values()), 2), "kodi": peer_idle},
        "start_to_home_s": round(start, 2),
        "painted_pixels": area,
        "load": {"1min": round(os.getloadavg()[0], 2), "15min": round(os.getloadavg()[2], 2)},
    }


def _beside(screen: Screen, keyboard: Keyboard, rng: random.Random) -> list[float]:
    """Press keys of the X server's keyboard, → and ← in turn; give the milliseconds until the screen changed."""
    times = []
    for number in range(-_WARM_UP, _PEER):
        screen.settle(_STILL)
        time.sleep(rng.uniform(0.0, 0.06))
        screen.forget()
        with keyboard.down(("Right", "Left")[number % 2]) as at:
            change = screen.first_change(at, _FRAME)
        if change is None:
            raise RuntimeError("a key changed nothing")
        if number >= 0:
            times.append((change.at - at) * 1000)
    return times


def _kodis(peer: Kodi, screen: Screen, keyboard: Keyboard, rng: random.Random) -> list[float]:
    """Give Kodi its turn."""
    peer.go_on()
    keyboard.focus(WINDOW, above=True)
    screen.settle(_STILL)
    times = _beside(screen, keyboard, rng)
    peer.halt()
    return times


def _memory() -> Figures:
    """Give the UI's resident memory at rest, before and after so many changes over every kind of view, in one household's profile."""
    with tempfile.TemporaryDirectory() as folder, x_server() as display:
        television = Television(display, Path(folder))
        try:
            churn(television, _ALL_SEEN)
            time.sleep(_REST_S)
            before = _rss(television.process.pid)
            churn(television, _CHANGES)
            time.sleep(_REST_S)
            after = _rss(television.process.pid)
        finally:
            television.close()
    return {"changes": _CHANGES, "before_mb": before, "after_mb": after, "growth_mb": round(abs(after - before), 1)}


def _summary(values: list[float]) -> Figures:
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {
        "p50": round(statistics.median(values), 2),
        "p95": round(cuts[94], 2),
        "p99": round(cuts[98], 2),
        "max": round(max(values), 2),
        "n": len(values),
    }


@contextlib.contextmanager
def _watched(room: House) -> Iterator[Witness]:
    witness = Witness(room.socket("ui"))
    try:
        yield witness
    finally:
        witness.close()


def _home(message: dict[str, object]) -> bool:
    view = message["view"]
    return bool(message["shown"]) and isinstance(view, dict) and view["kind"] == "home"


def _start_to_home(room: House, screen: Screen, witness: Witness) -> float:
    """Kill agent and UI, which are then started afresh at once; give seconds until home is on the screen."""
    pids, connected = room.pids(), room.log("ui").count("connected to the agent")
    start = time.monotonic()
    for name in ("agent", "ui"):
        os.kill(pids[name], signal.SIGKILL)
    if witness.until(lambda message: True, 20, since=start) is None:
        raise RuntimeError(f"the agent does not come back:\n{room.log('agent')}")
    while room.log("ui").count("connected to the agent") == connected:
        if time.monotonic() > start + 20:
            raise RuntimeError(f"the UI does not come back:\n{room.log('ui')}")
        time.sleep(0.01)
    pressed = room.key("HOMEPAGE")
    change = screen.first_change(pressed, 20, area=screen.size[0] * screen.size[1] // 2)
    if change is None or witness.until(_home, 5) is None:
        raise RuntimeError("home does not come")
    screen.settle()
    return change.at - start


def _painted(room: House, screen: Screen) -> int:
    """Give how many pixels the UI paints when the focus moves; the floor paints as many."""
    screen.settle()
    change = screen.first_change(room.key("RIGHT"), _FRAME)
    if change is None:
        raise RuntimeError("the focus does not move")
    room.key("LEFT")
    screen.settle()
    return change.area


def _presses(screen: Screen, rng: random.Random, count: int, press: Callable[[int], float]) -> list[float]:
    """Press, wait for the damage, pause; give the milliseconds between, without the first few. Raises RuntimeError if none comes."""
    times = []
    for number in range(-_WARM_UP, count):
        screen.forget()
        at = press(number)
        change = screen.first_change(at, _FRAME)
        if change is None:
            raise RuntimeError("a key changed nothing")
        if number >= 0:
            times.append((change.at - at) * 1000)
        time.sleep(rng.uniform(0.03, 0.09))
    return times


def _every_key(room: House, screen: Screen, rng: random.Random) -> list[float]:
    """Press what a remote has, also what does nothing here; give the milliseconds until the screen shows that it was heard."""
    times = []
    for name in _EVERY:
        screen.settle(_STILL)
        time.sleep(rng.uniform(0.0, 0.05))
        screen.forget()
        at = room.key(name, hold=0.0)
        change = screen.first_change(at, _FRAME)
        if change is None:
            raise RuntimeError(f"{name} changed nothing")
        times.append((change.at - at) * 1000)
    screen.settle(_STILL)
    return times


def _whole_views(room: House, screen: Screen, witness: Witness, rng: random.Random) -> list[float]:
    """Come back from the list of facilities to home, which is made from memory; give the milliseconds."""
    times = []
    for _ in range(_VIEWS):
        room.key("OK")
        if witness.until(lambda message: bool(message["view"]["kind"] == "list"), 10) is None:
            raise RuntimeError(f"no list: {witness.latest()}")
        screen.settle()
        time.sleep(rng.uniform(0.0, 0.05))
        at = room.key("BACK", hold=0.0)
        change = screen.first_change(at, _FRAME)
        if change is None or witness.until(_home, 5) is None:
            raise RuntimeError("home does not come back")
        times.append((change.at - at) * 1000)
        screen.settle()
    return times


@contextlib.contextmanager
def _floor(display: str, area: int) -> Iterator[tuple[Callable[[int], float], Callable[[bool], None]]]:
    """Run the bare X client; gives what makes it paint, and what puts its window on top or away."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "floor.sock"
        program = Path(__file__).with_name("floor.py")
        process = subprocess.Popen([sys.executable, program, display, path, str(area)], stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            if not process.stdout.readline():
                raise RuntimeError("the floor does not start")
            with socket.socket(socket.AF_UNIX) as line:
                line.connect(str(path))

                def say(what: str) -> float:
                    at = time.monotonic()
                    line.sendall(json.dumps({"key": what, "value": 1}).encode() + b"\n")
                    return at

                def show(shown: bool) -> None:
                    say("show" if shown else "hide")
                    time.sleep(0.3)

                yield lambda _: say("paint"), show
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _idle(pids: dict[str, int]) -> Figures:
    """Count processor time, in percent of a core, while home stands and nothing happens."""
    time.sleep(1)
    before, start = {name: _ticks(pid) for name, pid in pids.items()}, time.monotonic()
    time.sleep(_IDLE)
    seconds = time.monotonic() - start
    used = {name: (_ticks(pids[name]) - before[name]) / os.sysconf("SC_CLK_TCK") / seconds * 100 for name in before}
    return {name: round(value, 2) for name, value in used.items()}


def _ticks(pid: int) -> int:
    """Give utime + stime (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _rss(pid: int) -> float:
    """Give the resident memory in MB (VmRSS, proc(5))."""
    line = next(row for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("VmRSS:"))
    return round(int(line.split()[1]) * 1024 / 1e6, 1)

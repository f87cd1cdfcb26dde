"""From a key to the picture, through agent, socket and UI, beside a floor: a bare X client that only copies a picture.

The floor is a window of the same size on the same X server, in the same run, turn about: on a line from a socket it copies a
ready-made picture of the size that the UI paints. What the ratio leaves is what remote, agent, view, socket, focus and drawing cost.
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

from tests.support.house import House, Witness, house
from tests.support.screen import Screen

BUDGETS = {
    "focus_ms.p50": 12.0,
    "focus_ms.p95": 25.0,
    "focus_ms.max": 100.0,
    "view_ms.p95": 60.0,
    "agent_rss_mb": 80.0,
    "ui_rss_mb": 200.0,
    "idle_cpu_percent.both": 2.0,
    "start_to_home_s": 3.0,
}
"""The project's own budgets (docs/architecture.md): two ordinary cores, software rendering, 1080p."""

_ROUNDS, _KEYS, _VIEWS = 6, 40, 8
"""Turns of UI and floor; keys, and whole views, in a turn of each."""
_WARM_UP = 10
_FRAME = 2.0
_IDLE = 10.0
"""Seconds over which idle processor time is counted (in ticks of 10 ms)."""

Figures = dict[str, float]


def measure() -> dict[str, float | Figures]:
    """Measure in a living room of its own."""
    rng = random.Random(1)  # the pauses only: keys must not fall into step with anything periodic
    focus: list[float] = []
    views: list[float] = []
    floor: list[float] = []
    with house() as room, Screen(room.facts["display"]) as screen, _watched(room) as witness:
        start = _start_to_home(room, screen, witness)
        area = _painted(room, screen)
        with _floor(screen.name, area) as (paint, show):
            for _ in range(_ROUNDS):
                focus += _presses(screen, rng, _KEYS, lambda n: room.key(("RIGHT", "LEFT")[n % 2], hold=0.0))
                views += _whole_views(room, screen, witness, rng)
                show(True)
                floor += _presses(screen, rng, _KEYS, paint)
                show(False)
                screen.settle()
        idle = _idle(room)
        rss = {name: round(_rss(room.pids()[name]) / 1e6, 1) for name in ("agent", "ui")}
    ui, bare = _summary(focus), _summary(floor)
    return {
        "focus_ms": ui,
        "floor_ms": bare,
        "focus_over_floor": {name: round(ui[name] / bare[name], 2) for name in ("p50", "p95")},
        "view_ms": _summary(views),
        "agent_rss_mb": rss["agent"],
        "ui_rss_mb": rss["ui"],
        "idle_cpu_percent": idle,
        "start_to_home_s": round(start, 2),
        "painted_pixels": area,
    }


def _summary(values: list[float]) -> Figures:
    cuts = statistics.quantiles(values, n=20, method="inclusive")
    return {
        "p50": round(statistics.median(values), 2),
        "p95": round(cuts[18], 2),
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


def _idle(room: House) -> Figures:
    """Count processor time, in percent of a core, while home stands and nothing happens."""
    time.sleep(1)
    pids = room.pids()
    before, start = {name: _ticks(pids[name]) for name in ("agent", "ui")}, time.monotonic()
    time.sleep(_IDLE)
    seconds = time.monotonic() - start
    used = {name: (_ticks(pids[name]) - before[name]) / os.sysconf("SC_CLK_TCK") / seconds * 100 for name in before}
    return {**{name: round(value, 2) for name, value in used.items()}, "both": round(sum(used.values()), 2)}


def _ticks(pid: int) -> int:
    """Give utime + stime (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _rss(pid: int) -> int:
    """Give the resident memory in bytes (VmRSS, proc(5))."""
    line = next(row for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024

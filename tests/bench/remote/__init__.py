"""From the kernel's time of a press to the action that it means, beside a floor: a bare loop that waits for a key.

Both read a device of the same making in the same run, turn about: the kernel's own where /dev/uinput lets us make one, else umockdev's,
whose every ``read`` is a question to another process, which either pays. Thirty events a second, as many as a held key of a quick remote.
"""

from __future__ import annotations

import itertools
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from evdev import ecodes as e

from tests.bench.remote import release
from tests.support.input_devices import IR_REMOTE, ROOT, UINPUT, Devices, Kernel, Kind, Simulated

BUDGETS = {"ours_ms.p99": 3.0, "release_ms.max": 200.0, "ours_cpu_percent": 1.0, "descriptors_left": 0.0}
"""The project's own, on two ordinary cores."""

_RATE = 30
"""Events a second: presses and releases, and the kernel's repeats between them."""
_TURNS, _TURN_S, _IDLE_S = 4, 15.0, 5.0
_START_S = 10.0

_KEYS = (e.KEY_OK, e.KEY_LEFT, e.KEY_RIGHT)
# Only a remote is the agent's; the floor's device is one that it leaves alone, so that no two read one FIFO.
_KINDS = {"ours": IR_REMOTE, "bare": Kind("Three Keys", _KEYS)}

Figures = dict[str, float]


def measure() -> dict[str, float | str | Figures]:
    """Measure on devices of its own."""
    real = os.access(UINPUT, os.W_OK)
    devices: Devices = Kernel() if real else Simulated()
    rng = random.Random(1)  # the pauses only: presses must not fall into step with anything periodic
    try:
        with _reading(devices, "ours") as ours, _reading(devices, "bare") as bare:
            _press(devices, ours.node, rng, 2.0)  # warm
            before = ours.descriptors()
            ours.times.clear()
            idle = ours.cpu_s()
            time.sleep(_IDLE_S)
            idle = ours.cpu_s() - idle
            used = 0.0
            for _ in range(_TURNS):
                start = ours.cpu_s()
                _press(devices, ours.node, rng, _TURN_S)
                used += ours.cpu_s() - start
                _press(devices, bare.node, rng, _TURN_S)
            figures: dict[str, float | str | Figures] = {
                "devices": "the kernel's" if real else "umockdev's",
                "ours_ms": _summary(ours.times),
                "floor_ms": _summary(bare.times),
                "ours_over_floor": round(statistics.median(ours.times) / statistics.median(bare.times), 2),
                "ours_cpu_percent": round(used / (_TURNS * _TURN_S) * 100, 2),
                "idle_cpu_percent": round(idle / _IDLE_S * 100, 2),
                "descriptors_left": ours.descriptors() - before,
            }
        figures["release_ms"] = _summary(release.measure(devices))  # with nobody else who would take the remote
        return figures
    finally:
        devices.close()


def _summary(times: list[float]) -> Figures:
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {"p50": round(cuts[49], 3), "p99": round(cuts[98], 3), "max": round(max(times), 3), "n": len(times)}


def _press(devices: Devices, node: str, rng: random.Random, seconds: float) -> None:
    """Press one key after another: down, the kernel's repeats, up, pause; ``_RATE`` events a second on the whole."""
    end = time.monotonic() + seconds
    for key in itertools.cycle(_KEYS):
        for value in (1, 2, 2, 0):
            devices.emit(node, [(e.EV_KEY, key, value)])
            time.sleep(rng.uniform(0.5, 1.5) / _RATE)
        if time.monotonic() > end:
            break
    time.sleep(0.2)


@dataclass
class _Reader:
    """A process that reads a device."""

    process: subprocess.Popen[str]
    node: str
    times: list[float] = field(default_factory=list)

    def listen(self) -> None:
        """Collect what it prints."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.times.append(float(line))

    def cpu_s(self) -> float:
        """Give the processor time used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self) -> int:
        """Count the open descriptors, beside one that a look at sysfs may have open just then."""
        counts = []
        for _ in range(20):
            counts.append(sum(1 for _ in Path(f"/proc/{self.process.pid}/fd").iterdir()))
            time.sleep(0.005)
        return min(counts)


@contextmanager
def _reading(devices: Devices, how: str) -> Iterator[_Reader]:
    node = devices.plug(_KINDS[how])
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.remote.reader", how, f"/dev/input/{node}"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=devices.environment(),
    )
    reader = _Reader(process, node)
    listening = threading.Thread(target=reader.listen)
    listening.start()
    try:
        start = time.monotonic()
        while not reader.times:
            if time.monotonic() - start > _START_S:
                raise RuntimeError(f"{how} hears nothing")
            for value in (1, 0):
                devices.emit(node, [(e.EV_KEY, e.KEY_OK, value)])
                time.sleep(0.1)
        time.sleep(0.5)
        reader.times.clear()
        yield reader
    finally:
        process.kill()
        process.wait()
        listening.join()
        assert process.stdout is not None
        process.stdout.close()

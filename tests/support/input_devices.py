"""Input devices for tests, plugged and pulled at will, and a process that reads them with EvdevSource.

`Kernel` makes real ones through /dev/uinput; `Simulated` has umockdev stand in for the kernel and needs nothing.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import evdev
from evdev import ecodes as e

UINPUT = Path("/dev/uinput")
ROOT = Path(__file__).parents[2]
_PRELOAD = "libumockdev-preload.so.0"
_WAIT = 10.0
"""Seconds anything that will happen may take."""

Events = list[tuple[int, int, int]]


@dataclass(frozen=True)
class Kind:
    """What a device says it can do."""

    name: str
    keys: tuple[int, ...]
    rels: tuple[int, ...] = ()
    axes: tuple[int, ...] = ()
    bus: int = e.BUS_USB
    vendor: int = 1
    product: int = 1
    folder: str = ""
    """Of the hardware, below /sys/devices: only the simulated kernel has any; …/rc/rc0 is a receiver of rc-core."""


ARROWS = (e.KEY_UP, e.KEY_DOWN, e.KEY_LEFT, e.KEY_RIGHT)
NAMELESS = 0x2E8
"""A code that linux/input-event-codes.h gives no name."""
# rc-core gives every receiver two axes of a pointer (drivers/media/rc/rc-main.c, rc_prepare_rx_device).
IR_REMOTE = Kind(
    "gpio_ir_recv",
    (*ARROWS, e.KEY_OK, e.KEY_BACK, e.KEY_MUTE, e.KEY_ZOOM, *range(e.KEY_NUMERIC_0, e.KEY_NUMERIC_9 + 1), NAMELESS),
    rels=(e.REL_X, e.REL_Y),
    bus=e.BUS_HOST,
    folder="platform/ir-receiver/rc/rc0",
)
EMPTY_RECEIVER = replace(IR_REMOTE, keys=())
CEC = Kind("vc4-hdmi-0", (*ARROWS, e.KEY_OK, e.KEY_BACK), bus=e.BUS_CEC, folder="platform/hdmi/rc/rc1")
BLUETOOTH_REMOTE = Kind(
    "BT Remote",
    (*ARROWS, e.KEY_SELECT, e.KEY_HOMEPAGE),
    axes=(e.ABS_VOLUME,),
    bus=e.BUS_BLUETOOTH,
    folder="virtual/misc/uhid/0005:0171:0001.0001",
)
BLUETOOTH_CONSUMER = replace(
    BLUETOOTH_REMOTE, name="BT Remote Consumer Control", keys=(e.KEY_BACK, e.KEY_VOLUMEUP, e.KEY_UNKNOWN)
)
BLUETOOTH_POWER = replace(BLUETOOTH_REMOTE, name="BT Remote System Control", keys=(e.KEY_POWER, e.KEY_SLEEP))
USB_REMOTE = Kind("USB Remote", (*ARROWS, e.KEY_ENTER, e.KEY_ESC), folder="pci0/usb1/1-1/1-1:1.0/0003:0001:0001.0002")
USB_CONSUMER = Kind("USB Remote Consumer Control", (e.KEY_BACK,), folder="pci0/usb1/1-1/1-1:1.1/0003:0001:0001.0003")
UNTAUGHT = Kind("Cheap Remote", (e.KEY_UNKNOWN, e.KEY_NEXTSONG), folder="pci0/usb1/1-2/1-2:1.0/0003:0002:0002.0004")
HEADSET = Kind("Headset", (e.KEY_VOLUMEUP, e.KEY_VOLUMEDOWN, e.KEY_PLAYPAUSE))
# Mice and pads with programmable buttons have a keyboard's keys as well.
MOUSE = Kind("Gaming Mouse", (e.BTN_LEFT, e.BTN_RIGHT, *ARROWS, e.KEY_ENTER), rels=(e.REL_X, e.REL_Y))
TOUCHPAD = Kind("Touchpad", (e.BTN_TOUCH, *ARROWS, e.KEY_ENTER), axes=(e.ABS_X, e.ABS_Y))
GAMEPAD = Kind("Gamepad", (e.BTN_SOUTH, e.BTN_EAST, e.BTN_START, *ARROWS, e.KEY_ENTER), axes=(e.ABS_RX,))
POWER_BUTTON = Kind("Power Button", (e.KEY_POWER,))


class Devices(Protocol):
    """Somewhere devices come from."""

    def environment(self) -> dict[str, str]:
        """Give what a process needs to see them."""

    def plug(self, kind: Kind) -> str:
        """Connect a device, and give its node's name."""

    def path(self, node: str) -> Path:
        """Give the node, to change who may open it."""

    def emit(self, node: str, events: Events) -> None:
        """Send events, then a report."""

    def lose(self, node: str, code: int, reader: Reader) -> None:
        """Let go a key of which `reader` sees nothing, because its queue overflows."""

    def unplug(self, node: str) -> None:
        """Take a device away while it is read."""

    def grabbed(self, node: str) -> bool:
        """Tell whether a reader has the device for itself."""

    def close(self) -> None:
        """Take everything away."""


def _preloaded() -> str:
    return ":".join(filter(None, (_PRELOAD, os.environ.get("LD_PRELOAD"))))


class Simulated:
    """Devices of an umockdev test bed."""

    def __init__(self) -> None:
        self._bed = subprocess.Popen(
            ["/usr/bin/python3", str(Path(__file__).with_name("umockdev_input.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "LD_PRELOAD": _preloaded()},
        )
        self.root = Path(self._answer())
        self._free = iter(range(1000))

    def _answer(self) -> Any:
        assert self._bed.stdout is not None
        line = self._bed.stdout.readline()
        assert line, "the test bed has ended"
        return json.loads(line)

    def _do(self, *command: object) -> Any:
        assert self._bed.stdin is not None
        self._bed.stdin.write(json.dumps(command) + "\n")
        self._bed.stdin.flush()
        return self._answer()

    def environment(self) -> dict[str, str]:
        return {**os.environ, "LD_PRELOAD": _preloaded(), "UMOCKDEV_DIR": str(self.root)}

    def plug(self, kind: Kind, node: str | None = None, *, clock: bool = True, told: bool = True) -> str:
        """`clock`: it can stamp its events with the monotonic clock; `told`: udev tells of it."""
        node = node or f"event{next(self._free)}"
        self._do("plug", node, {**asdict(kind), "clock": clock, "told": told})
        return node

    def path(self, node: str) -> Path:
        return self.root / "dev/input" / node

    def emit(self, node: str, events: Events) -> None:
        self._do("emit", node, [*events, (e.EV_SYN, e.SYN_REPORT, 0)])

    def send(self, node: str, events: Sequence[Sequence[float]]) -> None:
        """Send events as they are, each with its time if it has one."""
        self._do("emit", node, events)

    def lose(self, node: str, code: int, reader: Reader) -> None:
        self._do("lose", node, [code], [])

    def overflow(self, node: str, up: Sequence[int], down: Sequence[int], at: float | None = None) -> None:
        """Let keys go and press others unseen, and wait until the reader has asked what is down."""
        before = self._do("asked", node)
        self._do("lose", node, up, down, at)
        until(lambda: self._do("asked", node) > before)

    def table(self, node: str, keys: Sequence[int]) -> None:
        """Load a receiver's table, as ir-keytable does."""
        self._do("table", node, keys)

    def charge(self, node: str, **attributes: str) -> None:
        """Give a device's battery these attributes."""
        self._do("charge", node, attributes)

    def tell(self, node: str, action: str) -> None:
        """Have udev tell of a device."""
        self._do("tell", node, action)

    def cec(self, node: str, *, physical: int, logical: int) -> None:
        """Have an HDMI-CEC adapter with these addresses: its own, and a mask of logical ones."""
        self._do("cec", node, physical, logical)

    def hold(self, node: str, on: bool) -> None:
        """Let another program have a device for itself, or give it back."""
        self._do("hold", node, on)

    def unplug(self, node: str) -> None:
        self._do("unplug", node)

    def end(self, node: str) -> None:
        """Make every read give nothing: no kernel does, but a loop that took it for an event would never rest."""
        self._do("end", node)

    def grabbed(self, node: str) -> bool:
        return bool(self._do("grabbed", node))

    def close(self) -> None:
        assert self._bed.stdin is not None
        assert self._bed.stdout is not None
        self._bed.stdin.close()
        self._bed.wait(_WAIT)
        self._bed.stdout.close()
        if self.root.exists():  # the bed itself clears what no device of ours refers to
            shutil.rmtree(self.root)


class Kernel:
    """Real devices of this machine's kernel."""

    def __init__(self) -> None:
        self._made: dict[str, evdev.UInput] = {}

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    def plug(self, kind: Kind) -> str:
        events: dict[int, list[Any]] = {
            e.EV_KEY: list(kind.keys),
            e.EV_REL: list(kind.rels),
            e.EV_MSC: [e.MSC_SCAN],
            e.EV_ABS: [(axis, evdev.AbsInfo(0, 0, 255, 0, 0, 0)) for axis in kind.axes],
        }
        made = evdev.UInput(
            {kind: codes for kind, codes in events.items() if codes},
            name=kind.name,
            vendor=kind.vendor,
            product=kind.product,
            bustype=kind.bus,
        )
        if shutil.which("udevadm"):
            subprocess.run(["udevadm", "settle"], check=False)  # or udev would set the node's mode after us
        node = Path(made.device.path).name
        self._made[node] = made
        return node

    def path(self, node: str) -> Path:
        return Path("/dev/input") / node

    def emit(self, node: str, events: Events) -> None:
        for event in events:
            self._made[node].write(*event)
        self._made[node].syn()

    def lose(self, node: str, code: int, reader: Reader) -> None:
        # The queue holds 64 events at least, and grows with the device (drivers/input/evdev.c, EVDEV_MIN_BUFFER_SIZE).
        other = next(key for key in (e.KEY_LEFT, e.KEY_RIGHT) if key != code)
        os.kill(reader.pid, signal.SIGSTOP)
        try:
            self.emit(node, [(e.EV_KEY, code, 0)])
            for _ in range(500):
                self.emit(node, [(e.EV_KEY, other, 1)])
                self.emit(node, [(e.EV_KEY, other, 0)])
        finally:
            os.kill(reader.pid, signal.SIGCONT)

    def unplug(self, node: str) -> None:
        self._made.pop(node).close()

    def grabbed(self, node: str) -> bool:
        device = evdev.InputDevice(str(self.path(node)), readonly=True)
        try:
            device.grab()
        except OSError:
            return True
        finally:
            device.close()
        return False

    def close(self) -> None:
        for node in list(self._made):
            self.unplug(node)


@dataclass(frozen=True)
class Heard:
    """What a reader heard: `came`, `went` or `key`; of a key the time by the kernel and that of hearing it."""

    what: str
    device: str
    name: str = ""
    key: str = ""
    value: int = 0
    at: float = 0.0
    heard: float = 0.0
    bus: str = ""
    keys: int = 0
    battery: int | None = None


class Reader:
    """A process that runs EvdevSource alone."""

    def __init__(self, devices: Devices, look_s: float, as_anyone: bool, udevd: bool) -> None:
        # Root opens what it likes; without these two it obeys a node's mode as everyone does.
        obey = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if as_anyone and os.geteuid() == 0 else []
        running = "/" if udevd else "/nowhere"  # any path that is there, or is not
        self._process = subprocess.Popen(
            [*obey, sys.executable, "-m", "tests.support.key_reader", str(look_s), running],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=devices.environment(),
        )
        self.pid = self._process.pid
        self.told: list[Heard] = []
        """Everything so far, in order."""
        self.log: list[str] = []
        self._keys: queue.Queue[Heard] = queue.Queue()
        self._news: queue.Queue[Heard] = queue.Queue()
        self._listening = [threading.Thread(target=work) for work in (self._listen, self._keep)]
        for thread in self._listening:
            thread.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            heard = Heard(**json.loads(line))
            self.told.append(heard)
            (self._keys if heard.what == "key" else self._news).put(heard)

    def _keep(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.log.append(line.rstrip("\n"))

    def event(self) -> Heard:
        """Wait for the next key event."""
        return self._keys.get(timeout=_WAIT)

    def news(self) -> Heard:
        """Wait for the next device that came or went."""
        return self._news.get(timeout=_WAIT)

    def key(self) -> str:
        """Wait for the next key event, `KEY_NAME value`."""
        heard = self.event()
        return f"{heard.key} {heard.value}"

    def keys(self, count: int) -> list[str]:
        """Wait for the next key events."""
        return [self.key() for _ in range(count)]

    def none(self, seconds: float = 0.2) -> bool:
        """Tell whether no key comes for a while."""
        time.sleep(seconds)
        return self._keys.empty()

    def say(self, word: str) -> None:
        """Tell the source to `grab`, `yield`, listen `wide` or `narrow`, or to take what is called `taught NAME` for a remote."""
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def descriptors(self) -> dict[str, str]:
        """Give the open descriptors and what each is."""
        found = {}
        for entry in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                found[entry.name] = str(entry.readlink())
            except OSError:
                continue
        return found

    def at_rest(self) -> int:
        """Count the descriptors that stay open, not those of a look at sysfs that happens meanwhile.

        Sockets do not count: umockdev keeps one beside each device, and itself loses it when an open is refused.
        """
        counts = []
        for _ in range(20):
            counts.append(sum(not target.startswith("socket:") for target in self.descriptors().values()))
            time.sleep(0.005)
        return min(counts)

    def nodes(self) -> set[str]:
        """Give the names of the event nodes it has open."""
        targets = (target.removesuffix(" (deleted)") for target in self.descriptors().values())
        return {Path(target).name for target in targets if "/dev/input/event" in target}

    def has(self, node: str) -> bool:
        """Tell whether it has said that this device came, and not since that it went: from then on no press is lost."""
        return next((it.what == "came" for it in reversed(self.told) if it.device == node and it.what != "key"), False)

    def cpu_s(self) -> float:
        """Give the processor time used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> int:
        """End it as the agent ends its source, by cancelling; give the exit status."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._process.stdin.close()
        try:
            return self._process.wait(_WAIT)
        finally:
            self._process.kill()
            for thread in self._listening:
                thread.join()
            self._process.stdout.close()
            self._process.stderr.close()


@contextmanager
def reading(
    devices: Devices, *, look_s: float = 0.05, as_anyone: bool = False, udevd: bool = False
) -> Iterator[Reader]:
    """Have a process read the devices meanwhile, and end cleanly. `udevd`: it hears udev's events."""
    reader = Reader(devices, look_s, as_anyone, udevd)
    try:
        yield reader
    finally:
        status = reader.close()
    assert status == 0, reader.log


def until(true: Callable[[], bool]) -> float:
    """Wait until it is so, and give the seconds it took."""
    start = time.monotonic()
    while not true():
        assert time.monotonic() - start < _WAIT, "it never came"
        time.sleep(0.005)
    return time.monotonic() - start

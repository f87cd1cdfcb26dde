"""The kernel's input devices: IR through rc-core, HDMI-CEC, USB and Bluetooth remotes."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import struct
from dataclasses import dataclass, field
from pathlib import Path

import evdev
from evdev import ecodes

from stb_agent.remote.sources import UP, Bus, Device, KeyEvent, Listener

log = logging.getLogger(__name__)

_NODES = Path("/dev/input")
_SYSFS = Path("/sys/class/input")

_ARROWS = frozenset({ecodes.KEY_UP, ecodes.KEY_DOWN, ecodes.KEY_LEFT, ecodes.KEY_RIGHT})
_OK_LIKE = frozenset({ecodes.KEY_OK, ecodes.KEY_SELECT, ecodes.KEY_ENTER, ecodes.KEY_KPENTER})
_POINTER_BUTTONS = frozenset({ecodes.BTN_LEFT, ecodes.BTN_TOUCH})
_GAMEPAD_BUTTONS = frozenset({*range(ecodes.BTN_JOYSTICK, ecodes.BTN_DIGI), ecodes.BTN_DPAD_UP})
_POINTER_AXES = frozenset({ecodes.ABS_X, ecodes.ABS_MT_POSITION_X})
"""Not every axis: a remote with a volume wheel has ABS_VOLUME."""

_WORD = 8 * struct.calcsize("l")
"""Bits in a word of a sysfs bitmap (drivers/input/input.c, input_bits_to_string)."""

# Where the kernel has two names for a code, evdev gives both in order of the alphabet, and the last is the one that
# remotes' keymaps use: KEY_MUTE not KEY_MIN_INTERESTING, KEY_ZOOM not KEY_FULL_SCREEN.
_NAMES = {code: names if isinstance(names, str) else names[-1] for code, names in ecodes.KEY.items()}


def bitmap(text: str) -> frozenset[int]:
    """Give the codes set in a sysfs capability bitmap: hexadecimal words, the highest first."""
    words = enumerate(int(word, 16) for word in reversed(text.split()))
    return frozenset(place * _WORD + bit for place, word in words for bit in range(_WORD) if word >> bit & 1)


def is_remote(keys: frozenset[int], axes: frozenset[int]) -> bool:
    """Tell a remote by its keys: four arrows and an OK-like key, and neither a pointer nor a gamepad."""
    other = keys & _POINTER_BUTTONS or keys & _GAMEPAD_BUTTONS or axes & _POINTER_AXES
    return keys >= _ARROWS and bool(keys & _OK_LIKE) and not other


def _look() -> list[str]:
    """Give the event nodes that are remotes, by what sysfs says: no device is opened, or woken, to be asked.

    Asked anew each time, since an IR receiver's keys change when its keymap is loaded.
    """
    found = []
    for entry in sorted(_SYSFS.glob("event*")):
        capabilities = entry / "device" / "capabilities"
        try:
            if is_remote(bitmap((capabilities / "key").read_text()), bitmap((capabilities / "abs").read_text())):
                found.append(entry.name)
        except (OSError, ValueError):
            continue  # gone while we looked
    return found


def remotes() -> list[str]:
    """Give the names of the remotes that may be read now."""
    names = []
    for node in _look():
        try:
            if os.access(_NODES / node, os.R_OK):
                names.append((_SYSFS / node / "device" / "name").read_text().strip())
        except OSError:
            continue
    return names


_BUSES = {
    ecodes.BUS_CEC: Bus.CEC,
    ecodes.BUS_USB: Bus.USB,
    ecodes.BUS_BLUETOOTH: Bus.BLUETOOTH,
}


def _describe(node: str) -> Device:
    """Give what sysfs says of a device. Raises OSError, ValueError if it goes meanwhile."""
    folder = (_SYSFS / node / "device").resolve()

    def number(name: str) -> int:
        return int((folder / "id" / name).read_text(), 16)

    keys = bitmap((folder / "capabilities" / "key").read_text())
    infrared = folder.parents[1].name == "rc" and number("bustype") != ecodes.BUS_CEC
    return Device(
        id=node,
        name=(folder / "name").read_text().strip(),
        bus=Bus.INFRARED if infrared else _BUSES.get(number("bustype"), Bus.OTHER),
        vendor=number("vendor"),
        product=number("product"),
        keys=frozenset(_NAMES[key] for key in keys if key in _NAMES),
    )


@dataclass(eq=False)
class _Open:
    device: evdev.InputDevice[str]
    about: Device
    held: set[int] = field(default_factory=set)
    """Codes told as down and not yet as up."""
    behind: bool = False
    """Events were lost: nothing counts until the next report."""


class EvdevSource:
    """Read every remote the kernel has, as they come and go; grab them while Chanoma has the screen."""

    def __init__(self, *, look_s: float = 2.0) -> None:
        self._look_s = look_s
        self._open: dict[str, _Open] = {}
        self._grab = False

    async def run(self, listener: Listener) -> None:
        """Serve until cancelled. New devices are found within ``look_s``; one that goes is dropped at once."""
        try:
            while True:
                for node in _look():
                    if node not in self._open:
                        self._connect(node, listener)
                await asyncio.sleep(self._look_s)
        finally:
            for node in list(self._open):
                self._close(node)

    def grab(self, wanted: bool) -> None:
        """Take the remotes' keys for ourselves, or leave them to the television."""
        if wanted == self._grab:
            return
        self._grab = wanted
        for remote in self._open.values():
            self._apply_grab(remote.device)

    def _apply_grab(self, device: evdev.InputDevice[str]) -> None:
        try:
            if self._grab:
                device.grab()
            else:
                device.ungrab()
        except OSError as error:
            log.warning("remote: grab=%s refused (%s)", self._grab, errno.errorcode.get(error.errno or 0))

    def _connect(self, node: str, listener: Listener) -> None:
        try:
            about = _describe(node)
            device = evdev.InputDevice(str(_NODES / node), readonly=True)
        except (OSError, ValueError):
            return  # not permitted yet, or gone again: looked at again next time
        try:
            asyncio.get_running_loop().add_reader(device.fd, self._read, node, listener)
        except OSError:
            device.close()
            return
        self._open[node] = _Open(device, about)
        listener.came(about)
        if self._grab:
            self._apply_grab(device)
        log.info("remote connected")

    def _read(self, node: str, listener: Listener) -> None:
        remote = self._open[node]
        told: list[tuple[int, int]] = []
        try:
            # An empty read is a device that has ended; the loop would call us for ever.
            alive = self._collect(remote, told)
        except BlockingIOError:
            return
        except OSError:
            alive = False
        if not alive:
            self._close(node)
            told += [(code, UP) for code in sorted(remote.held)]
            log.info("remote lost")
        now = asyncio.get_running_loop().time()
        for code, value in told:
            if (name := _NAMES.get(code)) is not None:
                listener.key(KeyEvent(node, name, value, now))
        if not alive:
            listener.went(remote.about)

    def _collect(self, remote: _Open, told: list[tuple[int, int]]) -> bool:
        """Read what is there into ``told`` as (code, value); False if it was nothing. OSError: the device is gone."""
        alive = False
        for event in remote.device.read():
            alive = True
            if event.type == ecodes.EV_SYN and event.code == ecodes.SYN_DROPPED:
                remote.behind = True
            elif event.type == ecodes.EV_SYN and event.code == ecodes.SYN_REPORT and remote.behind:
                # Documentation/input/event-codes.rst, SYN_DROPPED: ignore up to and including the next report, then ask.
                remote.behind = False
                let_go = remote.held - set(remote.device.active_keys())
                told += [(code, UP) for code in sorted(let_go)]
                remote.held -= let_go
            elif event.type == ecodes.EV_KEY and not remote.behind:
                (remote.held.discard if event.value == UP else remote.held.add)(event.code)
                told.append((event.code, event.value))
        return alive

    def _close(self, node: str) -> None:
        device = self._open.pop(node).device
        asyncio.get_running_loop().remove_reader(device.fd)
        device.close()

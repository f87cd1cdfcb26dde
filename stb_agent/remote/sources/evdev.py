"""The kernel's input devices: IR through rc-core, HDMI-CEC, USB and Bluetooth remotes."""

from __future__ import annotations

import asyncio
import errno
import logging
from pathlib import Path

import evdev
from evdev import ecodes

from stb_agent.remote.sources import OnKey

log = logging.getLogger(__name__)

FOLDER = Path("/dev/input")

_ARROWS = {ecodes.KEY_UP, ecodes.KEY_DOWN, ecodes.KEY_LEFT, ecodes.KEY_RIGHT}
_OK_LIKE = {ecodes.KEY_OK, ecodes.KEY_SELECT, ecodes.KEY_ENTER, ecodes.KEY_KPENTER}


def is_remote(device: evdev.InputDevice[str]) -> bool:
    """Tell a remote by its keys: four arrows and an OK-like key, and neither a pointer nor a gamepad."""
    kinds = device.capabilities()
    keys = set(kinds.get(ecodes.EV_KEY, ()))
    pointer = ecodes.BTN_LEFT in keys or ecodes.BTN_GAMEPAD in keys or ecodes.EV_ABS in kinds
    return keys >= _ARROWS and bool(keys & _OK_LIKE) and not pointer


def remotes(folder: Path = FOLDER) -> list[str]:
    """Give the names of the remotes that can be opened now."""
    names = []
    for node in sorted(folder.glob("event*")):
        try:
            device = evdev.InputDevice(str(node))
        except OSError:
            continue
        if is_remote(device):
            names.append(device.name)
        device.close()
    return names


class EvdevSource:
    """Read every remote under ``folder``, as they come and go; grab them while Chanoma has the screen."""

    def __init__(self, folder: Path = FOLDER, *, look_s: float = 2.0) -> None:
        self._folder = folder
        self._look_s = look_s
        self._devices: dict[str, evdev.InputDevice[str]] = {}
        self._grab = False

    async def run(self, on_key: OnKey) -> None:
        """Serve until cancelled; a device that goes is dropped at once."""
        try:
            while True:
                for node in sorted(self._folder.glob("event*")):
                    if str(node) not in self._devices:
                        self._open(str(node), on_key)
                await asyncio.sleep(self._look_s)
        finally:
            for name in list(self._devices):
                self._drop(name)

    def grab(self, wanted: bool) -> None:
        """Take the remotes' keys for ourselves, or leave them to the television."""
        if wanted == self._grab:
            return
        self._grab = wanted
        for device in self._devices.values():
            self._apply_grab(device)

    def _apply_grab(self, device: evdev.InputDevice[str]) -> None:
        try:
            if self._grab:
                device.grab()
            else:
                device.ungrab()
        except OSError as error:
            log.warning(
                "remote %s: grab=%s refused (%s)", device.path, self._grab, errno.errorcode.get(error.errno or 0)
            )

    def _open(self, path: str, on_key: OnKey) -> None:
        try:
            device = evdev.InputDevice(path)
        except OSError:
            return  # not permitted yet, or gone again: looked at again next time
        if not is_remote(device):
            device.close()
            return
        self._devices[path] = device
        if self._grab:
            self._apply_grab(device)
        asyncio.get_running_loop().add_reader(device.fd, self._read, path, on_key)
        log.info("remote connected")

    def _read(self, path: str, on_key: OnKey) -> None:
        try:
            for event in self._devices[path].read():
                if event.type == ecodes.EV_KEY:
                    names = ecodes.KEY.get(event.code, ())
                    for name in (names,) if isinstance(names, str) else names:
                        on_key(name, event.value)
                        break
        except BlockingIOError:
            return
        except OSError:
            self._drop(path)
            log.info("remote lost")

    def _drop(self, path: str) -> None:
        device = self._devices.pop(path)
        asyncio.get_running_loop().remove_reader(device.fd)
        device.close()

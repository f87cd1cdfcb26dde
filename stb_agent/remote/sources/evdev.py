"""The kernel's input devices: IR through rc-core, HDMI-CEC, USB and Bluetooth remotes."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from stb_agent.remote.sources import Device, KeyEvent, Listener, sysfs
from stb_agent.remote.sources.classify import Kind
from stb_agent.remote.sources.frames import LATE_S, Change, Frames
from stb_agent.remote.sources.hotplug import UDEVD, Hotplug
from stb_agent.remote.sources.node import Node
from stb_agent.remote.sources.sysfs import Seen

log = logging.getLogger(__name__)

NODES = Path("/dev/input")

_LOOK_S = 10.0
"""Between looks while udev tells of changes: an event that is lost costs no more than this."""
_BLIND_S = 2.0
"""Between looks while it does not, or while a device is refused to us."""
_CHARGE_S = 300.0
"""Between looks at batteries, which may wake the remote."""

_UNREADABLE = "may not be read"
_HELD = "is another program's"


@dataclass(eq=False)
class _Open:
    device: Node
    seen: Seen
    about: Device
    frames: Frames
    ours: bool = False
    """A remote, not only listened to for teaching."""
    grabbed: bool = False
    timer: asyncio.TimerHandle | None = None


class EvdevSource:
    """Read every remote the kernel has, as they come and go; grab them while Chanoma has the screen."""

    def __init__(self, *, look_s: float = _LOOK_S, blind_s: float = _BLIND_S, udevd: Path = UDEVD) -> None:
        self._look_s = look_s
        self._blind_s = min(blind_s, look_s)
        self._open: dict[str, _Open] = {}
        self._refused: set[tuple[str, str]] = set()
        """Nodes that we may not open or not have alone, and which of the two; each is logged once."""
        self._charges: dict[Path, int] = {}
        self._grab = False
        self._wide = False
        self._taught: Callable[[Device], bool] = lambda _: False
        self._look_now = asyncio.Event()
        self._charge_now = asyncio.Event()
        self._hotplug = Hotplug(self._look_now.set, self._charge_now.set, udevd=udevd)

    async def run(self, listener: Listener) -> None:
        """Serve until cancelled. A new device is found at once if udev tells of it; one that goes is dropped at once."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch_charges(listener))
                while True:
                    self._look_now.clear()
                    heard = self._hotplug.listen()
                    self._look(listener)
                    await _either(self._look_now, self._look_s if heard and not self._refused else self._blind_s)
        finally:
            self._hotplug.close()
            for node in list(self._open):
                self._close(node)

    def grab(self, wanted: bool) -> None:
        """Take the remotes' keys for ourselves, or leave them to the television."""
        self._grab = wanted
        for node, remote in self._open.items():
            if not self._apply_grab(node, remote):
                self._look_now.set()

    def listen_wide(self, on: bool) -> None:
        """Read, never grab, also what is no remote but has keys, so that an unknown remote can be taught."""
        self._wide = on
        self._look_now.set()

    def adopt(self, taught: Callable[[Device], bool]) -> None:
        """Take for a remote also what has keys and of which ``taught`` says that the household has taught it."""
        self._taught = taught
        self._look_now.set()

    def _look(self, listener: Listener) -> None:
        """Compare what there is with what we have open. Does the same however often, and whatever was missed."""
        seen = sysfs.look()
        unknown = {node for node, one in seen.items() if one.kind is Kind.UNKNOWN}
        ours = sysfs.remotes(seen) | {node for node in unknown if self._taught(seen[node].device)}
        wanted = ours | unknown if self._wide else ours
        self._refused = {(node, what) for node, what in self._refused if node in wanted}
        for node, remote in list(self._open.items()):
            if node not in wanted or seen[node].folder != remote.seen.folder:
                self._drop(node, listener)
        for node, one in seen.items():
            if node not in wanted:
                continue
            if node in self._open:
                self._renew(node, one, listener)
            elif not self._connect(node, one, listener):
                continue
            remote = self._open[node]
            remote.ours = node in ours
            if not self._apply_grab(node, remote):
                self._tell(node, remote.frames.let_go(asyncio.get_running_loop().time()), listener)

    def _connect(self, node: str, seen: Seen, listener: Listener) -> bool:
        try:
            device = Node(NODES / node)
        except PermissionError as error:
            self._refuse(node, _UNREADABLE, error)
            return False
        except OSError:
            return False  # gone again, or its node is not there yet
        try:
            late_s = LATE_S.get(seen.device.bus, inf) if seen.rc_core else inf
            frames = Frames(rc_core=seen.rc_core, late_s=late_s, down=device.down())
            asyncio.get_running_loop().add_reader(device.fd, self._read, node, listener)
        except OSError:
            device.close()
            return False
        self._refused.discard((node, _UNREADABLE))
        about = self._about(seen)
        self._open[node] = _Open(device, seen, about, frames)
        self._charge_now.set()
        listener.came(about)
        log.info("remote connected")
        return True

    def _renew(self, node: str, seen: Seen, listener: Listener) -> None:
        remote = self._open[node]
        remote.seen = seen
        about = self._about(seen)
        if about == remote.about:
            return
        if about.keys != remote.about.keys:
            remote.frames.forget()
        remote.about = about
        listener.came(about)

    def _about(self, seen: Seen) -> Device:
        return replace(seen.device, battery=sysfs.charge_of(seen, self._charges))

    async def _watch_charges(self, listener: Listener) -> None:
        while True:
            self._charge_now.clear()
            if self._open:
                # Aside: the kernel may ask the remote, and wait seconds for one that sleeps (hid-input.c, uhid.c).
                self._charges = await asyncio.to_thread(sysfs.batteries)
                for node, remote in list(self._open.items()):
                    self._renew(node, remote.seen, listener)
            await _either(self._charge_now, _CHARGE_S)

    def _apply_grab(self, node: str, remote: _Open) -> bool:
        """Grab or let go as wanted; False if another program has the device: then its keys come to nobody else."""
        wanted = self._grab and remote.ours
        if wanted == remote.grabbed:
            return True
        try:
            remote.device.grab(wanted)
        except OSError as error:
            if wanted and error.errno == errno.EBUSY:
                self._refuse(node, _HELD, error)
                return False  # tried again at each look
            log.debug("remote: %s: %s", node, error)  # gone: its reader hears of it
            return True
        finally:
            if not wanted:
                self._refused.discard((node, _HELD))
        self._refused.discard((node, _HELD))
        remote.grabbed = wanted
        return True

    def _refuse(self, node: str, what: str, error: OSError) -> None:
        if (node, what) not in self._refused:
            self._refused.add((node, what))
            log.warning("remote: %s %s (%s)", node, what, errno.errorcode.get(error.errno or 0))

    def _read(self, node: str, listener: Listener) -> None:
        remote = self._open[node]
        told: list[Change] = []
        try:
            # An empty read is a device that has ended; the loop would call us for ever.
            alive = self._collect(remote, told)
        except BlockingIOError:
            return
        except OSError:
            alive = False
        self._tell(node, told, listener)
        if not alive:
            self._drop(node, listener)
            self._look_now.set()  # another may have come under its name

    def _collect(self, remote: _Open, told: list[Change]) -> bool:
        """Read what is there into ``told``; False if it was nothing. OSError: the device is gone."""
        alive = False
        now = asyncio.get_running_loop().time()
        for kind, code, value, at in remote.device.read():
            alive = True
            told += remote.frames.event(kind, code, value, at if remote.device.stamped else now, remote.device.down)
        return alive

    def _tell(self, node: str, changes: list[Change], listener: Listener) -> None:
        for change in changes:
            listener.key(KeyEvent(node, change.key, change.value, change.at))
        remote = self._open.get(node)
        if remote is None or remote.timer is not None or (due := remote.frames.due) is None:
            return
        remote.timer = asyncio.get_running_loop().call_at(due, self._tick, node, listener)

    def _tick(self, node: str, listener: Listener) -> None:
        remote = self._open[node]
        remote.timer = None
        self._read(node, listener)  # what has been heard meanwhile counts first
        if self._open.get(node) is remote:
            self._tell(node, remote.frames.tick(asyncio.get_running_loop().time()), listener)

    def _drop(self, node: str, listener: Listener) -> None:
        remote = self._open[node]
        self._close(node)
        self._tell(node, remote.frames.let_go(asyncio.get_running_loop().time()), listener)
        listener.went(remote.about)
        log.info("remote lost")

    def _close(self, node: str) -> None:
        remote = self._open.pop(node)
        if remote.timer is not None:
            remote.timer.cancel()
        asyncio.get_running_loop().remove_reader(remote.device.fd)
        remote.device.close()


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, at most so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()

"""What stands between the remotes and us, for whoever repairs it: permissions, other programs, udev, HDMI-CEC."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from stb_agent.remote.sources import hotplug, sysfs
from stb_agent.remote.sources.evdev import NODES
from stb_agent.remote.sources.node import Node

_CEC_ADAP_G_PHYS_ADDR = 0x80026101
_CEC_ADAP_G_LOG_ADDRS = 0x805C6103
_CEC_LOG_ADDRS_SIZE = 92
"""struct cec_log_addrs, linux/cec.h: four addresses, then the mask of those that are ours."""
_NO_PHYSICAL_ADDRESS = 0xFFFF
"""CEC_PHYS_ADDR_INVALID: no television is connected, or none that is on."""


class Adapter(Enum):
    """What a /dev/cecN is good for."""

    READY = "ready"
    UNREGISTERED = "unregistered"
    """It has no logical address: the television sends it no keys."""
    ALONE = "alone"
    DENIED = "denied"


@dataclass(frozen=True)
class Diagnosis:
    """What was seen. Nodes by name; ``held``: those that another program has for itself, and the programs that have it open."""

    remotes: dict[str, str] = field(default_factory=dict)
    denied: tuple[str, ...] = ()
    without_node: tuple[str, ...] = ()
    held: dict[str, tuple[str, ...]] = field(default_factory=dict)
    deaf: str = ""
    """Why udev is not heard."""
    adapters: dict[str, Adapter] = field(default_factory=dict)


def diagnose(*, try_grab: bool, udevd: Path = hotplug.UDEVD) -> Diagnosis:
    """Look once. ``try_grab``: take each remote for an instant, which says whether another program has it; not while the agent runs."""
    seen = sysfs.look()
    nodes = [node for node in seen if node in sysfs.remotes(seen)]
    denied, without_node, held = [], [], dict[str, tuple[str, ...]]()
    for node in nodes:
        try:
            device = Node(NODES / node)
        except PermissionError:
            denied.append(node)
            continue
        except OSError:
            without_node.append(node)
            continue
        try:
            if try_grab:
                device.grab(True)
        except OSError as error:
            if error.errno == errno.EBUSY:
                held[node] = tuple(_programs(NODES / node))
        finally:
            device.close()
    return Diagnosis(
        remotes={node: seen[node].device.name for node in nodes},
        denied=tuple(denied),
        without_node=tuple(without_node),
        held=held,
        deaf=hotplug.deaf(udevd),
        adapters={path.name: _adapter(path) for path in sorted(Path("/dev").glob("cec[0-9]*"))},
    )


def _programs(path: Path) -> Iterable[str]:
    """Name the other programs that have a file open, as far as we may see."""
    names = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.name != str(os.getpid()) and any(it.readlink() == path for it in (process / "fd").iterdir()):
                names.add((process / "comm").read_text().strip())
        except OSError:
            continue  # another user's, or gone
    return sorted(names)


def _adapter(path: Path) -> Adapter:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return Adapter.DENIED
    try:
        physical = fcntl.ioctl(descriptor, _CEC_ADAP_G_PHYS_ADDR, bytes(2))
        logical = fcntl.ioctl(descriptor, _CEC_ADAP_G_LOG_ADDRS, bytes(_CEC_LOG_ADDRS_SIZE))
    except OSError:
        return Adapter.UNREGISTERED
    finally:
        os.close(descriptor)
    if int.from_bytes(physical, sys.byteorder) == _NO_PHYSICAL_ADDRESS:
        return Adapter.ALONE
    return Adapter.READY if any(logical[4:6]) else Adapter.UNREGISTERED

"""What sysfs says of input devices and their batteries: no device is opened, or woken, to be asked what it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stb_agent.remote.sources import Bus, Device
from stb_agent.remote.sources.classify import Facts, Kind, bitmap, bus_of, kind_of, under_rc_core
from stb_agent.remote.sources.frames import NO_KEY
from stb_agent.remote.sources.names import NAMES

_INPUT = Path("/sys/class/input")
_POWER = Path("/sys/class/power_supply")

_LEVELS = {"Critical": 5, "Low": 15, "Normal": 50, "High": 75, "Full": 100}
"""Per cent for a battery that tells words alone (Documentation/ABI/testing/sysfs-class-power, capacity_level)."""


@dataclass(frozen=True)
class Seen:
    """An input device: what it is, and ``hardware``, the folder of the thing in the hand that it is a part of, if there is one."""

    folder: Path
    kind: Kind
    rc_core: bool
    device: Device
    hardware: Path | None


def look() -> dict[str, Seen]:
    """Give every input device with an event node, by the node's name. Asked anew each time: an IR receiver's keys change with its table."""
    found = {}
    for entry in sorted(_INPUT.glob("event*"), key=lambda entry: int(re.sub(r"\D", "", entry.name) or 0)):
        try:
            found[entry.name] = _describe(entry.name, (entry / "device").resolve(strict=True))
        except (OSError, ValueError):
            continue  # gone while we looked
    return found


def remotes(seen: Mapping[str, Seen]) -> set[str]:
    """Give the nodes that are a remote's: those that are remotes themselves, and other keys of the same thing.

    A USB or Bluetooth remote may have several nodes, and its 戻る on one (consumer control) that has no arrows.
    """
    hands = {one.hardware for one in seen.values() if one.kind is Kind.REMOTE} - {None}
    return {
        node
        for node, one in seen.items()
        if one.kind is Kind.REMOTE or (one.kind is Kind.UNKNOWN and one.hardware in hands)
    }


def batteries() -> dict[Path, int]:
    """Give the charge of every battery of a device, in per cent, by the device's folder. May wait for the device to answer."""
    found = {}
    for entry in _POWER.glob("*"):
        try:
            if (entry / "scope").read_text().strip() != "Device":
                continue
            if (charge := _charge(entry)) is not None:
                found[(entry / "device").resolve(strict=True)] = charge
        except (OSError, ValueError):
            continue  # none that we can name, or asleep
    return found


def charge_of(seen: Seen, charges: Mapping[Path, int]) -> int | None:
    """Give the charge of the battery that is nearest above a device, if there is one."""
    return next((charges[folder] for folder in seen.folder.parents if folder in charges), None)


def _charge(entry: Path) -> int | None:
    try:
        return min(max(int((entry / "capacity").read_text()), 0), 100)
    except FileNotFoundError:
        return _LEVELS.get((entry / "capacity_level").read_text().strip())


def _describe(node: str, folder: Path) -> Seen:
    """Raise OSError, ValueError if it goes meanwhile."""

    def number(name: str) -> int:
        return int((folder / "id" / name).read_text(), 16)

    def codes(name: str) -> frozenset[int]:
        return bitmap((folder / "capabilities" / name).read_text())

    keys = codes("key")
    facts = Facts(keys, codes("abs"), codes("rel"), number("bustype"), str(folder))
    device = Device(
        id=node,
        name=(folder / "name").read_text("utf-8", "replace").strip(),
        bus=bus_of(facts),
        vendor=number("vendor"),
        product=number("product"),
        keys=frozenset(NAMES[key] for key in keys - NO_KEY if key in NAMES),
    )
    return Seen(folder, kind_of(facts), under_rc_core(facts), device, _hardware(folder, device.bus))


def _hardware(folder: Path, bus: Bus) -> Path | None:
    """Find the USB device that a node is a part of; with others its parent, since all of Bluetooth may hang on one USB adapter."""
    try:
        parent = (folder / "device").resolve(strict=True)
    except OSError:
        return None
    if bus is not Bus.USB:
        return parent
    return next((above for above in (parent, *parent.parents) if (above / "idVendor").exists()), parent)

"""A keymap file: ours, which gives keys an action, or the kernel's (rc_keymaps of v4l-utils), which gives scancodes a name.

Ours::

    name = "Kernel key names"
    [match]                    # all that is given must fit; without it: every remote
    bus = "cec"                # infrared, cec, usb, bluetooth, socket, other
    name = "Vendor*"           # shell pattern
    vendor = 0x1234
    product = 0x5678
    [actions]
    up = ["KEY_UP"]
    none = ["KEY_VOLUMEUP"]    # left alone, whatever an earlier layer says
    [scancodes]                # names for what the kernel has no key for
    0x800f0400 = "KEY_NUMERIC_0"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, ClassVar

from stb_agent.contract.actions import Action
from stb_agent.contract.config import line_of
from stb_agent.contract.errors import ChanomaError
from stb_agent.remote.sources import Bus, Device
from stb_agent.remote.sources.names import NAMES, canonical


class KeymapError(ChanomaError):
    """A keymap is not of either form, or names what does not exist: file, line and what."""

    code: ClassVar[str] = "remote.keymap.invalid"


class KeymapTwice(KeymapError):
    """A keymap gives one key two actions: file, line (of the second) and key."""

    code: ClassVar[str] = "remote.keymap.twice"


class KeymapMalformed(KeymapError):
    """As KeymapError, where no line can be told: file and what."""

    code: ClassVar[str] = "remote.keymap.malformed"


class KeymapUnreadable(KeymapError):
    """A keymap is not there, may not be read, or is no text: file and reason."""

    code: ClassVar[str] = "remote.keymap.unreadable"


class Form(StrEnum):
    """Whose form a keymap file has."""

    OURS = "ours"
    KERNEL = "kernel"


NONE = "none"
"""What stands among the actions for a key that is left alone."""


@dataclass(frozen=True)
class Match:
    """Which remotes a keymap is for. All that is given must fit."""

    bus: Bus | None = None
    name: str | None = None
    vendor: int | None = None
    product: int | None = None

    def __len__(self) -> int:
        return sum(one is not None for one in (self.bus, self.name, self.vendor, self.product))

    def fits(self, device: Device) -> bool:
        """Tell whether a remote is meant."""
        return (
            self.bus in (None, device.bus)
            and (self.name is None or fnmatchcase(device.name, self.name))
            and self.vendor in (None, device.vendor)
            and self.product in (None, device.product)
        )


@dataclass(frozen=True)
class Keymap:
    """What a file says. ``actions``: of keys, None for one that is left alone; ``scancodes``: a key's name for each.

    ``raw``: keys of the kernel's raw protocols, which have no scancode.
    """

    file: Path
    name: str
    form: Form
    match: Match = Match()
    actions: Mapping[str, Action | None] = field(default_factory=dict)
    scancodes: Mapping[int, str] = field(default_factory=dict)
    raw: frozenset[str] = frozenset()

    @property
    def keys(self) -> frozenset[str]:
        """Give every key that the file names."""
        return frozenset(self.actions) | frozenset(self.scancodes.values()) | self.raw


def read(path: Path) -> Keymap:
    """Read a keymap of either form. Raises KeymapError."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise KeymapUnreadable(file=str(path), what=error.strerror or "unreadable") from error
    except UnicodeDecodeError as error:
        raise KeymapUnreadable(file=str(path), what="not UTF-8") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise KeymapError(file=str(path), line=line_of(error, text), what=str(error)) from error
    except RecursionError as error:
        raise KeymapMalformed(file=str(path), what="nested too deeply") from error
    reader = _Reader(path, text)
    return reader.kernel(table) if "protocols" in table else reader.ours(table)


@dataclass(frozen=True)
class _Reader:
    path: Path
    text: str

    def ours(self, table: Mapping[str, Any]) -> Keymap:
        self._only(table, ("name", "match", "actions", "scancodes"))
        actions: dict[str, Action | None] = {}
        for name, keys in self._table(table, "actions").items():
            if name != NONE and name not in tuple(Action):
                raise self._wrong(name)
            if not isinstance(keys, list):
                raise self._wrong(name, keys)
            for key in keys:
                known = self._key(key)
                if known in actions:
                    raise self._wrong(key, twice=True)
                actions[known] = None if name == NONE else Action(name)
        return Keymap(
            self.path,
            self._text(table, "name", self.path.stem),
            Form.OURS,
            self._match(self._table(table, "match")),
            actions,
            {self._number(code): self._key(key) for code, key in self._table(table, "scancodes").items()},
        )

    def kernel(self, table: Mapping[str, Any]) -> Keymap:
        """Read ir-keytable's form (utils/keytable/keytable.c, parse_toml_keymap): names it does not know are kept as they are."""
        protocols = table["protocols"]
        if not isinstance(protocols, list) or not all(isinstance(one, dict) for one in protocols):
            raise self._wrong("protocols")
        scancodes: dict[int, str] = {}
        raw: set[str] = set()
        for protocol in protocols:
            for code, key in self._table(protocol, "scancodes").items():
                scancodes[self._number(code)] = self._kernel_key(key)
            entries = protocol.get("raw", [])
            if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                raise self._wrong("raw")
            raw |= {self._kernel_key(entry.get("keycode")) for entry in entries}
        cec = bool(protocols) and all(one.get("protocol") == "cec" for one in protocols)
        first = protocols[0] if protocols else {}
        return Keymap(
            self.path,
            self._text(first, "name", self.path.stem),
            Form.KERNEL,
            Match(bus=Bus.CEC if cec else Bus.INFRARED),
            scancodes=scancodes,
            raw=frozenset(raw),
        )

    def _match(self, table: Mapping[str, Any]) -> Match:
        self._only(table, ("bus", "name", "vendor", "product"))
        bus = table.get("bus")
        if bus is not None and bus not in tuple(Bus):
            raise self._wrong("bus", bus)
        for name in ("vendor", "product"):
            if name in table and (not isinstance(table[name], int) or isinstance(table[name], bool)):
                raise self._wrong(name, table[name])
        pattern = self._text(table, "name", "") if "name" in table else None
        return Match(None if bus is None else Bus(bus), pattern, table.get("vendor"), table.get("product"))

    def _key(self, name: object) -> str:
        known = canonical(name) if isinstance(name, str) else None
        if known is None:
            raise self._wrong(str(name))
        return known

    def _kernel_key(self, name: object) -> str:
        if name is None:
            raise self._wrong("keycode")
        if not isinstance(name, str) or not name.isprintable() or len(name) > 64:
            raise self._wrong(str(name)[:64])
        number = re.fullmatch(r"0[xX][0-9A-Fa-f]{1,4}|[0-9]{1,4}", name)
        if number:
            return NAMES.get(int(name, 16 if "x" in name.lower() else 10), name)
        return canonical(name) or name

    def _number(self, code: str) -> int:
        number = re.fullmatch(r"0[xX][0-9A-Fa-f]{1,16}|[0-9]{1,20}", code)
        if number is None:
            raise self._wrong(code)
        return int(code, 16 if "x" in code.lower() else 10)

    def _table(self, table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        found = table.get(name, {})
        if not isinstance(found, dict):
            raise self._wrong(name)
        return found

    def _text(self, table: Mapping[str, Any], name: str, otherwise: str) -> str:
        found = table.get(name, otherwise)
        if not isinstance(found, str) or not found.isprintable():
            raise self._wrong(name)
        return found

    def _only(self, table: Iterable[str], known: tuple[str, ...]) -> None:
        for name in table:
            if name not in known:
                raise self._wrong(name)

    def _wrong(self, what: str, value: object = None, *, twice: bool = False) -> KeymapError:
        """Say what is wrong, and in which line: the one that it stands in, or, where it stands twice, the later of them."""
        lines = [
            n for n, line in enumerate(self.text.splitlines(), 1) if re.search(rf"(?<!\w){re.escape(what)}(?!\w)", line)
        ]
        said = what if value is None else f"{what} = {value}"
        if not lines:
            return KeymapMalformed(file=str(self.path), what=said)
        if twice:
            return KeymapTwice(file=str(self.path), line=lines[-1], what=said)
        return KeymapError(file=str(self.path), line=lines[0], what=said)

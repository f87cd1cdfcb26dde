"""Writing what a household taught: a keymap of ours for one kind of remote."""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from stb_agent.contract.actions import Action
from stb_agent.remote.keymaps.keymap import KeymapError, read
from stb_agent.remote.sources import Device
from stb_agent.remote.sources.names import canonical, scancode


class KeymapUnwritable(KeymapError):
    """What was taught cannot be kept: file and reason."""

    code: ClassVar[str] = "remote.keymap.unwritable"
    retry: ClassVar[bool] = True


def teachable(key: str) -> bool:
    """Tell whether a keymap can speak of a key: one that the kernel knows, or a scancode."""
    return canonical(key) is not None or scancode(key) is not None


def text(device: Device, keys: Mapping[Action, str]) -> str:
    """Give the file that says what these keys mean on remotes of this kind."""
    # A scancode needs a kernel name to stand for it; these are on no remote.
    spare = (f"KEY_MACRO{n}" for n in range(1, 31) if f"KEY_MACRO{n}" not in keys.values())
    codes = {key: next(spare) for key in keys.values() if scancode(key) is not None}
    match = {"bus": device.bus.value, "name": _printable(glob.escape(device.name), "?")}
    numbers = {name: number for name, number in (("vendor", device.vendor), ("product", device.product)) if number}
    lines = [f"name = {_quoted(_printable(device.name) or device.bus.value)}", "", "[match]"]
    lines += [f"{name} = {_quoted(value)}" for name, value in match.items()]
    lines += [f"{name} = {number:#06x}" for name, number in numbers.items()]
    lines += ["", "[actions]"]
    lines += [f"{action.value} = [{_quoted(codes.get(key, key))}]" for action, key in keys.items()]
    if codes:
        lines += ["", "[scancodes]"]
        lines += [f"{scancode(key):#x} = {_quoted(name)}" for key, name in codes.items()]
    return "\n".join(lines) + "\n"


def write(folder: Path, device: Device, keys: Mapping[Action, str]) -> Path:
    """Keep what was taught in place of what was taught of such a remote before; give the file. It is there whole or not at all.

    Raises KeymapError, if what is to be written could not be read again, and KeymapUnwritable.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", device.name.lower()).strip("-")[:40]
    path = folder / f"{device.bus.value}-{device.vendor:04x}-{device.product:04x}{'-' if slug else ''}{slug}.toml"
    draft = path.with_suffix(".new")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with draft.open("w", encoding="utf-8") as file:
            file.write(text(device, keys))
            file.flush()
            os.fsync(file.fileno())
        read(draft)
        draft.replace(path)
        place = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(place)
        finally:
            os.close(place)
    except OSError as error:
        raise KeymapUnwritable(file=str(path), what=error.strerror or "unwritable") from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return path


def _printable(name: str, instead: str = " ") -> str:
    return "".join(char if char.isprintable() else instead for char in name)


def _quoted(value: str) -> str:
    # A JSON string of printable characters is a TOML string.
    return json.dumps(value, ensure_ascii=False)

"""Which key of a remote means which action: data, by the kernel's key names."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import ClassVar

from stb_agent.contract.actions import Action
from stb_agent.contract.errors import ChanomaError


class KeymapError(ChanomaError):
    """A keymap names an action or a key that does not exist, or one key twice."""

    code: ClassVar[str] = "remote.keymap.invalid"


DEFAULT = Path(__file__).with_name("default.toml")


def load(path: Path = DEFAULT) -> dict[str, Action]:
    """Read a keymap: kernel key name → Action. Raises KeymapError."""
    keymap: dict[str, Action] = {}
    for name, keys in tomllib.loads(path.read_text("utf-8")).items():
        if name not in set(Action):
            raise KeymapError(file=path.name, what=name)
        for key in keys:
            if not key.startswith("KEY_") or key in keymap:
                raise KeymapError(file=path.name, what=key)
            keymap[key] = Action(name)
    return keymap

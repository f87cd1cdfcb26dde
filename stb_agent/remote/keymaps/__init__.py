"""Which key of a remote means which action: data, by the kernel's key names, in layers."""

from stb_agent.remote.keymaps.keymap import (
    Form,
    Keymap,
    KeymapError,
    KeymapMalformed,
    KeymapTwice,
    KeymapUnreadable,
    Match,
    read,
)
from stb_agent.remote.keymaps.layers import Keymaps, Meaning, load

__all__ = [
    "Form",
    "Keymap",
    "KeymapError",
    "KeymapMalformed",
    "KeymapTwice",
    "KeymapUnreadable",
    "Keymaps",
    "Match",
    "Meaning",
    "load",
    "read",
]

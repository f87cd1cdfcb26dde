"""The kernel's key names (linux/input-event-codes.h), one for each code, and ours for scancodes that it has no key for."""

from __future__ import annotations

import re

from evdev import ecodes


def _name(names: str | tuple[str, ...] | list[str]) -> str:
    """Choose among the names of a code, which evdev gives in order of the alphabet.

    The last is the one that remotes' keymaps use: KEY_MUTE not KEY_MIN_INTERESTING, KEY_ZOOM not KEY_FULL_SCREEN. Of
    a button's the first is: BTN_LEFT not BTN_MOUSE.
    """
    return names if isinstance(names, str) else names[0 if names[0].startswith("BTN_") else -1]


NAMES = {code: _name(names) for table in (ecodes.BTN, ecodes.KEY) for code, names in table.items()}
for _bound in (ecodes.KEY_MAX, ecodes.KEY_CNT):
    NAMES.pop(_bound, None)

_CODES = {name: code for name, code in ecodes.ecodes.items() if name.startswith(("KEY_", "BTN_")) and code in NAMES}


def canonical(name: str) -> str | None:
    """Give the one name of a key that goes by several (KEY_MUTE for KEY_MIN_INTERESTING); None for what the kernel does not know."""
    code = _CODES.get(name)
    return None if code is None else NAMES[code]


def scan_name(scancode: int) -> str:
    """Give our name of a scancode that the kernel has no key for: ``SCAN_800f0400``."""
    return f"SCAN_{scancode:x}"


def scancode(name: str) -> int | None:
    """Give the scancode that ``scan_name`` named; None for any other name."""
    found = re.fullmatch(r"SCAN_([0-9A-Fa-f]{1,16})", name)
    return int(found[1], 16) if found else None

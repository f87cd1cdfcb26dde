"""What an input device is, by what the kernel says it can send: a remote, something that may be taught, or neither. Pure."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from enum import Enum

from evdev import ecodes

from stb_agent.remote.sources import Bus

_WORD = 8 * struct.calcsize("l")
"""Bits in a word of a sysfs bitmap (drivers/input/input.c, input_bits_to_string)."""

_ARROWS = frozenset({ecodes.KEY_UP, ecodes.KEY_DOWN, ecodes.KEY_LEFT, ecodes.KEY_RIGHT})
_OK_LIKE = frozenset({ecodes.KEY_OK, ecodes.KEY_SELECT, ecodes.KEY_ENTER, ecodes.KEY_KPENTER})
_POINTER_BUTTONS = frozenset({*range(ecodes.BTN_MOUSE, ecodes.BTN_JOYSTICK), *range(ecodes.BTN_DIGI, ecodes.KEY_OK)})
_GAMEPAD_BUTTONS = frozenset({*range(ecodes.BTN_JOYSTICK, ecodes.BTN_DIGI), ecodes.BTN_DPAD_UP})
_POINTER_AXES = frozenset({ecodes.ABS_X, ecodes.ABS_MT_POSITION_X})
"""Not every axis: a remote with a volume wheel has ABS_VOLUME."""
_POINTER_RELS = frozenset({ecodes.REL_X, ecodes.REL_Y})
_NOT_A_REMOTES_ALONE = frozenset(
    getattr(ecodes, f"KEY_{name}")
    for name in (
        *("POWER", "POWER2", "SLEEP", "WAKEUP", "SUSPEND", "RESTART"),
        *("VOLUMEUP", "VOLUMEDOWN", "MUTE", "MICMUTE", "PLAYPAUSE", "MEDIA", "VOICECOMMAND", "PHONE"),
    )
)
"""The box's own buttons, and those of a headset (include/sound/jack.h, SND_JACK_BTN_*)."""

_BUSES = {
    ecodes.BUS_CEC: Bus.CEC,
    ecodes.BUS_USB: Bus.USB,
    ecodes.BUS_BLUETOOTH: Bus.BLUETOOTH,
}


class Kind(Enum):
    """What an input device is to us."""

    REMOTE = "remote"
    UNKNOWN = "unknown"
    """It has keys, and might be a remote whose keys nobody has told us yet."""
    NEVER = "never"


@dataclass(frozen=True)
class Facts:
    """What sysfs says of an input device: the codes of its keys and axes, its bus (BUS_*), and its folder."""

    keys: frozenset[int]
    axes: frozenset[int] = frozenset()
    rels: frozenset[int] = frozenset()
    bus: int = 0
    path: str = ""


def bitmap(text: str) -> frozenset[int]:
    """Give the codes set in a sysfs capability bitmap: hexadecimal words, the highest first."""
    words = enumerate(int(word, 16) for word in reversed(text.split()))
    return frozenset(place * _WORD + bit for place, word in words for bit in range(_WORD) if word >> bit & 1)


def under_rc_core(facts: Facts) -> bool:
    """Tell a receiver of the kernel's rc-core (…/rc/rc0/input3), which infrared and HDMI-CEC have in common."""
    return re.search(r"/rc/rc\d+/input\d+$", facts.path) is not None


def kind_of(facts: Facts) -> Kind:
    """Tell a remote by four arrows and an OK-like key, if it is neither a pointer nor a gamepad; or by its way to the box.

    A receiver of rc-core is a remote whatever keys its table has: the table may be loaded later, or never, and its
    remote be taught by scancode. rc-core gives every receiver a pointer's axes (rc-main.c, rc_prepare_rx_device).
    """
    if under_rc_core(facts):
        return Kind.REMOTE
    if facts.keys & (_POINTER_BUTTONS | _GAMEPAD_BUTTONS) or facts.axes & _POINTER_AXES:
        return Kind.NEVER
    if facts.keys >= _ARROWS and facts.keys & _OK_LIKE:
        return Kind.REMOTE
    if facts.keys <= _NOT_A_REMOTES_ALONE or facts.rels >= _POINTER_RELS:
        return Kind.NEVER
    return Kind.UNKNOWN


def bus_of(facts: Facts) -> Bus:
    """Tell how its keys reach the box."""
    if under_rc_core(facts) and facts.bus != ecodes.BUS_CEC:
        return Bus.INFRARED
    return _BUSES.get(facts.bus, Bus.OTHER)

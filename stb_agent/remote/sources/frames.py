"""From one device's events to its keys going down and up. Pure: time and the state of the keys are passed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf

from evdev import ecodes

from stb_agent.remote.sources import DOWN, REPEAT, STILL, UP, Bus
from stb_agent.remote.sources.names import NAMES, scan_name

NO_KEY = frozenset({ecodes.KEY_RESERVED, ecodes.KEY_UNKNOWN})
"""Codes by which the kernel says that it has no key for a scancode."""

SILENCE_S = 0.25
"""A scancode without a key has no release: it has ended after this. Remotes repeat every 45 to 130 ms, and one may be lost."""

LATE_S = {Bus.INFRARED: 0.0, Bus.CEC: 0.5}
"""A release of rc-core's so long after its remote was last heard is its own: it waits for what does not come any more.

On infrared always, and for 165 ms or more: IR_DEFAULT_TIMEOUT and the protocol's repeat_period (rc-main.c). On CEC for 550 ms, if
the television's own is missing (cec-core.c, the receiver's timeout); a television repeats a held key at least every 500 ms (CEC).
"""


@dataclass(frozen=True)
class Change:
    """A key, by name, that went down, was still down or went up at a time."""

    key: str
    value: int
    at: float


class Frames:
    """The state of one device's keys. Every release has its press and every press its release.

    ``rc_core``: a receiver of rc-core, which sends the scancode with every frame of a remote, and no key where its table has
    none (drivers/media/rc/rc-main.c, ir_do_keydown, rc_repeat). Its releases come late: one ``late_s`` or more after its remote
    was last heard is told as of then, when the hand let go. ``down``: codes that are down when the device is opened; their presses
    are not ours.
    """

    def __init__(self, *, rc_core: bool = False, late_s: float = inf, down: Iterable[int] = ()) -> None:
        self._rc_core = rc_core
        self._late_s = late_s
        self._heard = inf
        """When a scancode came last: not yet."""
        self._held: dict[int, str] = {}
        self._unheard = set(down)
        """Codes that are down, and that nobody was told of."""
        self._behind = False
        """Events were lost: nothing counts until the next report."""
        self._scan: int | None = None
        """The scancode of this frame that no key has claimed."""
        self._keyed: set[int] = set()
        """Scancodes that the kernel has a key for: without one in the frame, they only say that it is still held."""
        self._bare: tuple[int, float] | None = None
        """The scancode without a key that is down, and when it was last heard."""

    def event(self, kind: int, code: int, value: int, at: float, active: Callable[[], Iterable[int]]) -> list[Change]:
        """Take an event, and give what it changes; ``active`` asks the device which codes are down, after a loss."""
        if kind == ecodes.EV_SYN:
            if code == ecodes.SYN_DROPPED:
                self._behind, self._scan = True, None
            elif code == ecodes.SYN_REPORT and self._behind:
                # Documentation/input/event-codes.rst, SYN_DROPPED: ignore up to and including the next report, then ask.
                self._behind = False
                return self._resume(set(active()), at)
            elif code == ecodes.SYN_REPORT and self._scan is not None:
                scan, self._scan = self._scan, None
                return self._alone(scan, at)
        elif self._behind:
            return []
        elif kind == ecodes.EV_MSC and code == ecodes.MSC_SCAN:
            self._scan = value & 0xFFFFFFFF
            self._heard = at
        elif kind == ecodes.EV_KEY:
            return self._key(code, value, at)
        return []

    @property
    def due(self) -> float | None:
        """Give when ``tick`` has something to say unless more is heard, or None."""
        return self._bare[1] + SILENCE_S if self._bare else None

    def tick(self, now: float) -> list[Change]:
        """Let go a scancode that has not been heard for a while."""
        return self._end_bare(now) if self.due is not None and self.due <= now else []

    def let_go(self, at: float) -> list[Change]:
        """Let go everything that is held: the device has gone, or its keys go elsewhere."""
        told = self._end_bare(at) + [Change(self._held[code], UP, at) for code in sorted(self._held)]
        self._unheard |= self._held.keys()
        self._held.clear()
        return told

    def forget(self) -> None:
        """Forget which scancodes have keys: the table has changed."""
        self._keyed.clear()

    def _key(self, code: int, value: int, at: float) -> list[Change]:
        if value == REPEAT:  # it claims no scancode: the kernel repeats of itself, at times amid a frame
            return [Change(self._held[code], REPEAT, at)] if code in self._held else []
        scan, self._scan = self._scan, None
        if value == UP:
            self._unheard.discard(code)
            return [Change(name, UP, self._let_go_at(at))] if (name := self._held.pop(code, None)) else []
        if scan is not None:
            self._keyed.add(scan)
        if code in self._held:
            return []  # told already, when we asked after a loss
        told = self._end_bare(at)
        name = _name(code) or (None if scan is None else scan_name(scan))
        if name is None:
            self._unheard.add(code)
            return told
        self._unheard.discard(code)
        self._held[code] = name
        return [*told, Change(name, DOWN, at)]

    def _let_go_at(self, at: float) -> float:
        """Give when the hand let go, of a release that the kernel told ``at``."""
        return self._heard if at - self._heard >= self._late_s else at

    def _alone(self, scan: int, at: float) -> list[Change]:
        """Take a scancode that came without a key."""
        if not self._rc_core:
            return []
        if self._held or self._unheard:
            self._keyed.add(scan)  # a receiver has one key down at a time: it is this one's
            return [Change(name, STILL, at) for name in self._held.values()]
        if scan in self._keyed:
            return []
        told = self.tick(at)
        if self._bare is None or self._bare[0] != scan:
            told += [*self._end_bare(at), Change(scan_name(scan), DOWN, at)]
        else:
            told.append(Change(scan_name(scan), STILL, at))
        self._bare = (scan, at)
        return told

    def _resume(self, down: set[int], at: float) -> list[Change]:
        """Make good what was lost: what was let go meanwhile, and what was pressed and is still down."""
        self._heard = at  # its scancodes are lost
        told = self.tick(at) + [Change(self._held.pop(code), UP, at) for code in sorted(self._held.keys() - down)]
        self._unheard &= down
        for code in sorted(down - self._held.keys() - self._unheard):
            if (name := _name(code)) is None:
                self._unheard.add(code)  # its scancode is lost
            else:
                self._held[code] = name
                told += [*self._end_bare(at), Change(name, DOWN, at)]
        return told

    def _end_bare(self, at: float) -> list[Change]:
        """Let go the scancode that is down: now, or when it fell silent if that was before."""
        bare, self._bare = self._bare, None
        return [Change(scan_name(bare[0]), UP, min(at, bare[1] + SILENCE_S))] if bare else []


def _name(code: int) -> str | None:
    return None if code in NO_KEY else NAMES.get(code)

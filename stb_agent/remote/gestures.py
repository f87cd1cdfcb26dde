"""What a key's going down, staying down and going up mean. Pure: time is passed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stb_agent.contract.actions import ARROWS, Action
from stb_agent.remote.sources import DOWN, STILL, UP

SAME_PRESS = 0.2
"""Seconds within which one press reaches the box by two paths, such as infrared and HDMI-CEC."""
HELD_PATH = 2.0
"""Seconds for which one that is held keeps the other path silent: what died with a key down shall not take it from all others."""


@dataclass(frozen=True)
class Pace:
    """How hands move: seconds. The kernel's own pace differs by transport and is not used.

    ``delay`` until a held arrow repeats, ``period`` between repeats, ``bounce`` after a release in which the same key does not count,
    ``settle`` after a new view in which no press can be meant for it.
    """

    delay: float = 0.7
    period: float = 0.2
    bounce: float = 0.05
    settle: float = 0.1


DEFAULT = Pace()
SLOW = Pace(delay=0.9, period=0.3, bounce=0.25, settle=0.4)
"""For hands that tremble or let go slowly."""


@dataclass(frozen=True)
class Long:
    """A long press: after ``after`` seconds the key means ``means``, once."""

    after: float
    means: Action


@dataclass(eq=False)
class _Press:
    device: str
    key: str
    at: float
    anew: bool
    down: bool = True
    long_at: float | None = None
    long_means: Action | None = None


class Gestures:
    """Turn key events into actions. Only arrows repeat; OK, 戻る and digits count once a press.

    ``long`` are the long presses that count for presses to come.
    """

    def __init__(self, pace: Pace = DEFAULT, long: Mapping[Action, Long] = MappingProxyType({})) -> None:
        self.pace = pace
        self.long = long
        self._held: dict[tuple[str, str], _Press] = {}
        self._released: dict[tuple[str, str], float] = {}
        self._first: dict[Action, _Press] = {}
        self._repeating: tuple[_Press, Action] | None = None
        self._next = 0.0
        self._view_at = float("-inf")

    def key(self, device: str, key: str, action: Action, value: int, at: float, *, anew: bool = False) -> Action | None:
        """Take a key event of ``device`` that happened at ``at``; give the action that it means, if any.

        ``anew``: while a key is down the device says so again and again (STILL), and its release comes late. What being held
        means is then said only when it does, and never by ``tick``: the hand may have let go.
        """
        if value == UP:
            return self._up(device, key, at)
        if value == STILL:
            return self._still(device, key, at)
        if value != DOWN or (device, key) in self._held:
            return None
        press = _Press(device, key, at, anew)
        self._held[device, key] = press
        if self._bounced(press) or self._came_already(press, action):
            return None
        self._first[action] = press
        if at < self._view_at + self.pace.settle and action is not Action.HOME:
            return None
        self._repeating = (press, action) if action in ARROWS else None
        self._next = at + self.pace.delay
        if (long := self.long.get(action)) is not None:
            press.long_at, press.long_means = at + long.after, long.means
        return action

    @property
    def due(self) -> float | None:
        """Give when ``tick`` has something to say next, or None."""
        times = [press.long_at for press in self._held.values() if press.long_at is not None and not press.anew]
        if self._repeating is not None and not self._repeating[0].anew:
            times.append(self._next)
        return min(times, default=None)

    def tick(self, now: float) -> Action | None:
        """Give what being held means by now, one action a call; a late tick repeats once, not many times."""
        for press in self._held.values():
            if press.long_at is not None and now >= press.long_at and not press.anew:
                return self._long(press)
        if self._repeating is None or self._repeating[0].anew or now < self._next:
            return None
        self._next = now + self.pace.period
        return self._repeating[1]

    def new_view(self, now: float) -> None:
        """Begin another view: what is held means nothing more until it is pressed anew, nor does a press from before ``now``, but HOME."""
        self._view_at = now
        self._repeating = None
        for press in self._held.values():
            press.long_at = None

    def lost(self, device: str) -> None:
        """Let go what a device held, and forget it: its id may be another's later."""
        for place in [place for place in self._held if place[0] == device]:
            self._let_go(place)
        for place in [place for place in self._released if place[0] == device]:
            del self._released[place]

    def _still(self, device: str, key: str, at: float) -> Action | None:
        press = self._held.get((device, key))
        if press is None or not press.anew:
            return None
        if press.long_at is not None and at >= press.long_at:
            return self._long(press)
        if self._repeating is None or self._repeating[0] is not press or at < self._next:
            return None
        # From when it was due, not heard: the pace is the hand's, not the remote's. What went unheard is not made up for.
        self._next += self.pace.period * ((at - self._next) // self.pace.period + 1)
        return self._repeating[1]

    def _up(self, device: str, key: str, at: float) -> Action | None:
        if (press := self._let_go((device, key))) is None:
            return None
        self._released[device, key] = at
        if press.anew or press.long_at is None or at < press.long_at:
            return None
        return self._long(press)  # held long enough, though nobody ticked meanwhile

    def _let_go(self, place: tuple[str, str]) -> _Press | None:
        press = self._held.pop(place, None)
        if press is not None:
            press.down = False
            if self._repeating is not None and self._repeating[0] is press:
                self._repeating = None
        return press

    @staticmethod
    def _long(press: _Press) -> Action | None:
        press.long_at = None
        return press.long_means

    def _bounced(self, press: _Press) -> bool:
        released = self._released.get((press.device, press.key))
        return released is not None and press.at - released < self.pace.bounce

    def _came_already(self, press: _Press, action: Action) -> bool:
        first = self._first.get(action)
        if first is None or first.device == press.device:
            return False
        return press.at - first.at < (HELD_PATH if first.down else SAME_PRESS)

"""What a key's going down, staying down and going up mean. Pure: time is passed in."""

from __future__ import annotations

from dataclasses import dataclass

from stb_agent.contract.actions import ARROWS, Action
from stb_agent.remote.sources import DOWN, UP


@dataclass(frozen=True)
class Pace:
    """When a held arrow begins to repeat, and how often: seconds. Slower than the kernel's, for hands that let go slowly."""

    delay: float = 0.7
    period: float = 0.2


class Gestures:
    """Turn key events into actions. Only arrows repeat; OK, 戻る and digits count once a press."""

    def __init__(self, pace: Pace | None = None) -> None:
        self._pace = pace or Pace()
        self._held: Action | None = None
        self._next = 0.0

    def event(self, action: Action, value: int, now: float) -> Action | None:
        """Take a key event; give the action that it means, if any."""
        if value == DOWN:
            if action is self._held:
                return None
            self._held = action if action in ARROWS else None
            self._next = now + self._pace.delay
            return action
        if value == UP and action is self._held:
            self._held = None
        return None

    @property
    def due(self) -> float | None:
        """Give when the held key repeats next, or None."""
        return self._next if self._held is not None else None

    def tick(self, now: float) -> Action | None:
        """Give the held key's repeat if its time has come; a late tick repeats once, not many times."""
        if self._held is None or now < self._next:
            return None
        self._next = now + self._pace.period
        return self._held

    def release(self) -> None:
        """Forget what is held: a held key never leaks into another view."""
        self._held = None

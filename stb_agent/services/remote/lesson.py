"""Teaching a remote: which key is asked for, what a press means for that, and what is skipped. Pure; time is counted from outside."""

from __future__ import annotations

from dataclasses import dataclass, replace

from stb_agent.contract.actions import COLOURS, NEEDED, Action
from stb_agent.services.remote.known import Press

DIGITS = (*(Action(str(n)) for n in range(1, 10)), Action.DIGIT_0, Action.NUMBER_11, Action.NUMBER_12)
STEPS = (*NEEDED, Action.BACK, Action.HOME, *DIGITS, *COLOURS)
"""What is asked for, in the order of a Japanese remote. A remote that lacks the first of the digits, or of the colours, has none of them."""
PATIENCE_S = 30
"""Seconds for each key."""
SILENT = 3
"""Keys in a row for which nobody pressed anything: then nobody is there any more."""
_BOUNCE_S = 0.4
"""Seconds within which the same key again is the same press of a hand that is not sure."""


@dataclass(frozen=True)
class Lesson:
    """Where a lesson stands. ``device``: the one that is taught, from its first key on; ``used``: what the key just pressed means already."""

    at: int = 0
    device: str = ""
    keys: tuple[tuple[Action, str], ...] = ()
    left: int = PATIENCE_S
    used: Action | None = None
    _silent: int = 0
    _last: Press | None = None

    @property
    def over(self) -> bool:
        """Tell whether nothing is asked for any more."""
        return self.at >= len(STEPS)

    @property
    def wanted(self) -> Action:
        """Give what is asked for."""
        return STEPS[self.at]

    @property
    def missing(self) -> tuple[Action, ...]:
        """Give what the remote lacks, of all that can be taught."""
        learnt = dict(self.keys)
        return tuple(action for action in STEPS if action not in learnt)

    @property
    def usable(self) -> bool:
        """Tell whether everything can be done with what was learnt."""
        return dict(self.keys).keys() >= set(NEEDED)

    def meaning(self, key: str) -> Action | None:
        """Give what a key was learnt to mean."""
        return next((action for action, known in self.keys if known == key), None)

    def bounced(self, press: Press) -> bool:
        """Tell whether a press is the one before once more."""
        last = self._last
        return (
            last is not None and (last.device, last.key) == (press.device, press.key) and press.at < last.at + _BOUNCE_S
        )

    def press(self, press: Press) -> Lesson:
        """Take a key of the remote that is taught; the first key says which that is."""
        if self.over or self.bounced(press):
            return self
        here = replace(self, device=press.device, left=PATIENCE_S, used=None, _silent=0, _last=press)
        known = self.meaning(press.key)
        if known is Action.OK:
            return here._skip()
        if known is not None:
            return replace(here, used=known)
        return replace(here, at=self.at + 1, keys=(*self.keys, (self.wanted, press.key)))

    def wait(self, seconds: int) -> Lesson:
        """Let time go by; a key that is waited for in vain is skipped."""
        if self.over:
            return self
        if self.left > seconds:
            return replace(self, left=self.left - seconds)
        here = replace(self, left=PATIENCE_S, used=None, _silent=self._silent + 1)
        return replace(here, at=len(STEPS)) if here._silent >= SILENT else here._skip()

    def _skip(self) -> Lesson:
        match self.wanted:
            case action if action in NEEDED:
                return replace(self, at=len(STEPS))
            case Action.DIGIT_1:
                return replace(self, at=self.at + len(DIGITS))
            case Action.BLUE:
                return replace(self, at=self.at + len(COLOURS))
            case _:
                return replace(self, at=self.at + 1)

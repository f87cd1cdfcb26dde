"""Entering a PIN by digits or by four arrows, without anything on the screen telling which.

With arrows each digit takes two presses: a direction picks one of four groups of three (↑ 1 2 3, ← 4 5 6, → 7 8 9, ↓ 0 消す やめる), then ← ↑ → picks
the left, middle or right one of the group. 決定 instead of a group leads to help. What is shown after the first press is the same for every
group, so neither the traffic to the UI nor a picture of the screen depends on the PIN. A cursor that moves over a drawn pad would tell it to the
whole room.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Protocol

from stb_agent.contract.actions import ARROWS, Action
from stb_agent.contract.views import PadStage

KEYS = frozenset(ARROWS | {Action.OK, Action.BACK} | {action for action in Action if action.digit})
"""The keys that PIN entry takes."""

_ERASE, _LEAVE = "erase", "leave"
_GROUPS: dict[Action, tuple[str, str, str]] = {
    Action.UP: ("1", "2", "3"),
    Action.LEFT: ("4", "5", "6"),
    Action.RIGHT: ("7", "8", "9"),
    Action.DOWN: ("0", _ERASE, _LEAVE),
}
_MEMBERS = {Action.LEFT: 0, Action.UP: 1, Action.OK: 1, Action.RIGHT: 2}


class Digits(Protocol):
    """The buffer that holds the digits; it zeroes itself and never shows them."""

    def append(self, digit: int) -> None:
        """Add a digit."""

    def pop(self) -> None:
        """Erase the last digit."""

    def clear(self) -> None:
        """Zero the buffer."""

    def __len__(self) -> int:
        """Give how many digits there are."""


class Outcome(Enum):
    """What a key led to."""

    GOING_ON = "going_on"
    SUBMIT = "submit"
    LEAVE = "leave"
    HELP = "help"


@dataclass(frozen=True)
class PinEntry:
    """Where the entry stands. The digits themselves are in ``digits`` alone."""

    digits: Digits = field(repr=False)
    length: int
    _group: Action | None = field(default=None, repr=False)

    @property
    def stage(self) -> PadStage:
        """Give what entry by arrows waits for."""
        if len(self.digits) == self.length:
            return PadStage.CONFIRM
        return PadStage.GROUP if self._group is None else PadStage.MEMBER

    def press(self, action: Action) -> tuple[PinEntry, Outcome]:
        """Take a key of ``KEYS``."""
        if action is Action.BACK:
            return self._erase()
        if self.stage is PadStage.CONFIRM:
            if action is Action.OK:
                return self, Outcome.SUBMIT
            return self._erase() if action is Action.DOWN else (self, Outcome.GOING_ON)
        if action.digit is not None:
            self.digits.append(int(action.digit))
            return replace(self, _group=None), Outcome.GOING_ON
        if self._group is None and action is Action.OK:
            self.digits.clear()
            return self, Outcome.HELP
        if self._group is None:
            return replace(self, _group=action if action in _GROUPS else None), Outcome.GOING_ON
        if action is Action.DOWN:
            return replace(self, _group=None), Outcome.GOING_ON
        return replace(self, _group=None)._take(_GROUPS[self._group][_MEMBERS[action]])

    def _take(self, member: str) -> tuple[PinEntry, Outcome]:
        if member == _ERASE:
            return self._erase() if len(self.digits) else (self, Outcome.GOING_ON)
        if member == _LEAVE:
            self.digits.clear()
            return self, Outcome.LEAVE
        self.digits.append(int(member))
        return self, Outcome.GOING_ON

    def _erase(self) -> tuple[PinEntry, Outcome]:
        if self._group is not None:
            return replace(self, _group=None), Outcome.GOING_ON
        if len(self.digits):
            self.digits.pop()
            return self, Outcome.GOING_ON
        return self, Outcome.LEAVE

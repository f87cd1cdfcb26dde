"""What has to be drawn for the next picture, by what a swap leaves in the buffer that is drawn into.

Where a swap copies, that is the picture just shown, and what changed since is enough. Where buffers are flipped (KMSDRM, a graphics chip) it is
an older one, and what changed in between has to be drawn, too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from enum import StrEnum

from ui.focus import Box

DEEPEST = 3
"""Buffers that are flipped in turn, at the most: more are taken for a system that we do not know."""

Damage = Sequence[Box] | None
"""What changed in the picture; None: all of it."""


class Swap(StrEnum):
    """What the buffer holds after a swap."""

    COPIED = "copied"
    FLIPPED = "flipped"
    UNKNOWN = "unknown"


def judged(ages: Sequence[int]) -> Swap:
    """Tell it from how old the buffer was found after each of several swaps: 1 is the picture just shown, 0 none of those that were drawn."""
    if ages and all(age == 1 for age in ages):
        return Swap.COPIED
    settled = ages[DEEPEST - 1 :]  # until then a chain is not yet full
    return Swap.FLIPPED if settled and all(1 <= age <= DEEPEST for age in settled) else Swap.UNKNOWN


class Due:
    """Keeps what changed lately."""

    def __init__(self, swap: Swap) -> None:
        """Begin with buffers that hold nothing of ours."""
        self.swap = swap
        self._last: deque[Damage] = deque([None] * DEEPEST, maxlen=DEEPEST)

    def draw(self, damage: Damage) -> Damage:
        """Take what changed; give what has to be drawn, so that the picture is whole."""
        self._last.append(damage)
        match self.swap:
            case Swap.COPIED:
                return damage
            case Swap.FLIPPED:
                boxes: list[Box] = []
                for one in self._last:
                    if one is None:
                        return None
                    boxes += one
                return boxes
            case Swap.UNKNOWN:
                return None

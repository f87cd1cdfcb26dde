"""What a key means, whatever remote it came from."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """An action of the person on the sofa.

    ``HOME`` is the one key that opens Chanoma over the programme and returns to it, ``HELP`` lays help over any view and takes it away.
    The digits follow the Japanese remote: 10/0 is ``DIGIT_0``; its 11 and 12 choose among twelve and are no digits.
    """

    UP = "up"
    DOWN = "down"
    LEFT = "left"
    RIGHT = "right"
    OK = "ok"
    BACK = "back"
    HOME = "home"
    HELP = "help"
    BLUE = "blue"
    RED = "red"
    GREEN = "green"
    YELLOW = "yellow"
    DIGIT_0 = "0"
    DIGIT_1 = "1"
    DIGIT_2 = "2"
    DIGIT_3 = "3"
    DIGIT_4 = "4"
    DIGIT_5 = "5"
    DIGIT_6 = "6"
    DIGIT_7 = "7"
    DIGIT_8 = "8"
    DIGIT_9 = "9"
    NUMBER_11 = "11"
    NUMBER_12 = "12"

    @property
    def digit(self) -> str | None:
        """Give the digit this key stands for, or None."""
        return self.value if self.value.isdigit() and len(self.value) == 1 else None


ARROWS = frozenset({Action.UP, Action.DOWN, Action.LEFT, Action.RIGHT})
NEEDED = (Action.OK, Action.UP, Action.DOWN, Action.LEFT, Action.RIGHT)
"""With these everything can be done; all others are shortcuts."""
COLOURS = (Action.BLUE, Action.RED, Action.GREEN, Action.YELLOW)

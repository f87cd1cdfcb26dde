"""What a person can do with the keys that a remote has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stb_agent.contract.actions import COLOURS, NEEDED, Action
from stb_agent.remote.keymaps import Meaning

DIGITS = frozenset(action for action in Action if action.digit is not None)


@dataclass(frozen=True)
class Reach:
    """``actions`` with the keys that mean them; ``television``: keys that are left to it; ``unknown``: those nobody speaks of."""

    actions: dict[Action, tuple[str, ...]]
    television: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def missing(self) -> tuple[Action, ...]:
        """Give the actions that no key means."""
        return tuple(action for action in Action if action not in self.actions)

    @property
    def usable(self) -> bool:
        """Tell whether everything can be done: four arrows and an OK."""
        return self.actions.keys() >= set(NEEDED)

    @property
    def comfort(self) -> dict[str, bool]:
        """Tell which shortcuts there are: back, home, digits (all ten), colours (all four)."""
        return {
            "back": Action.BACK in self.actions,
            "home": Action.HOME in self.actions,
            "digits": self.actions.keys() >= DIGITS,
            "colours": self.actions.keys() >= set(COLOURS),
        }


def reach(keys: Iterable[str], meaning: Meaning) -> Reach:
    """Tell what a remote with these keys reaches."""
    actions: dict[Action, list[str]] = {}
    television, unknown = [], []
    for key in sorted({meaning.key(key) for key in keys}):
        action = meaning.action(key)
        if action is not None:
            actions.setdefault(action, []).append(key)
        elif meaning.knows(key):
            television.append(key)
        else:
            unknown.append(key)
    return Reach(
        {action: tuple(actions[action]) for action in Action if action in actions}, tuple(television), tuple(unknown)
    )

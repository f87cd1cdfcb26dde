"""What the house's remotes are to a person: names, batteries, and what can be done with them. It knows nothing of devices and keymaps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

from stb_agent.contract.actions import NEEDED, Action
from stb_agent.contract.text import Word, word

WEAK = 15
"""Per cent at and below which a battery is told of."""
_LOW = 40


@dataclass(frozen=True)
class Known:
    """A remote that is there. ``how``: its bus, a code of ``remote.how``; ``battery``: per cent, where it is told.

    ``reaches``: what its keys can mean by the keymaps in use; None where it does not tell which keys it has.
    """

    id: str
    name: str
    how: str
    battery: int | None = None
    reaches: frozenset[Action] | None = None

    @property
    def usable(self) -> bool:
        """Tell whether everything can be done with it, as far as is known."""
        return self.reaches is None or self.reaches.issuperset(NEEDED)

    @property
    def label(self) -> Word:
        """Give what the person calls it."""
        return word(f"remote.label.{self.how}", name=self.name)

    @property
    def connection(self) -> Word:
        """Give how its keys reach the box."""
        return word(f"remote.how.{self.how}")

    @property
    def charge(self) -> Word:
        """Give the battery's state in words."""
        if self.battery is None:
            return word("remote.battery.unknown")
        level = "weak" if self.battery <= WEAK else "low" if self.battery <= _LOW else "good"
        return word(f"remote.battery.{level}", percent=self.battery)

    @property
    def can(self) -> Word:
        """Give what can be done with it."""
        if self.reaches is None:
            return word("remote.can.unknown")
        if self.usable:
            return word("remote.can.all")
        return word("remote.can.lacks", keys=named(action for action in NEEDED if action not in self.reaches))


@dataclass(frozen=True)
class Press:
    """A key that went down while a remote is taught: which device's, its name there, and what it means so far, if anything."""

    device: str
    key: str
    action: Action | None
    at: float


class Remotes(Protocol):
    """The house's remotes, and how one more is taught."""

    def known(self) -> tuple[Known, ...]:
        """Give those that are there."""

    async def press(self, seconds: float) -> Press | None:
        """Give the next key that goes down, or None if none does; while this waits no key does what it otherwise would."""

    async def save(self, device: str, keys: Mapping[Action, str]) -> None:
        """Keep what the keys of that device mean, from now on. Raises ChanomaError."""


def named(actions: Iterable[Action]) -> Word:
    """Give the names of actions, one after the other."""
    return joined([word(f"remote.action.{action.value}") for action in actions])


def joined(names: Sequence[Word]) -> Word:
    """Give names one after the other, or that there are none."""
    if not names:
        return word("remote.none")
    return reduce(lambda before, after: word("remote.and", before=before, after=after), names)

"""Accidents that a test can arrange for a command to come."""

from enum import Enum

import msgspec


class Accident(Enum):
    """What happens."""

    PULL_BEFORE = "pull_before"
    """The card is gone before the command reaches it."""
    PULL_INSIDE = "pull_inside"
    """The card has done it, and is gone before it answers."""
    PULL_AFTER = "pull_after"
    """The answer arrives, then the card is gone."""
    SLOW = "slow"
    """The card takes `seconds` more."""
    CUT = "cut"
    """Only `keep` octets of the data arrive, with the status word as it was."""
    TRUNCATE = "truncate"
    """Only the first `keep` octets of the whole answer arrive, the status word being the last to come."""
    REPLAY = "replay"
    """The card does it, and what it answered before to this instruction arrives again."""
    ANSWER = "answer"
    """The card does nothing and `answer` (hex, data and status word) arrives."""


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One accident, once, at the `at`th command from now, counting only those with instruction `ins` if given."""

    do: Accident
    at: int = 1
    ins: str | None = None
    """Two hex digits, as "2a"."""
    seconds: float = 0.0
    keep: int = 0
    answer: str = "6f00"

    def __post_init__(self) -> None:
        """Refuse what could never happen or never be sent."""
        if self.at < 1 or self.seconds < 0 or self.keep < 0:
            raise ValueError("at counts from 1; seconds and keep are not negative")
        if self.ins is not None and len(bytes.fromhex(self.ins)) != 1:
            raise ValueError("ins is one octet")
        bytes.fromhex(self.answer)

    def counts(self, command: bytes) -> bool:
        """Say whether a command is one of those counted."""
        return self.ins is None or command[1:2] == bytes.fromhex(self.ins)


class Script:
    """The faults still to come."""

    def __init__(self) -> None:
        self._coming: list[tuple[int, Fault]] = []

    def add(self, fault: Fault) -> None:
        """Arrange a fault."""
        self._coming.append((fault.at, fault))

    def due(self, command: bytes) -> list[Fault]:
        """Count a command and take out the faults that happen to it."""
        counted = [(left - fault.counts(command), fault) for left, fault in self._coming]
        self._coming = [entry for entry in counted if entry[0] > 0]
        return [fault for left, fault in counted if left == 0]

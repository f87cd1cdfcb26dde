"""The form of the negative table: what is tried, who refuses it, by what name on the wire, and by what code a person is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Who(Enum):
    """Who refuses."""

    BOX = "box"
    PLATFORM = "platform"
    SERVICE = "service"


class Group(Enum):
    """What is tried, by kind."""

    REPLAY = "Replay"
    SUBSTITUTION = "Substitution: another's device, card, client or token"
    DOWNGRADE = "Downgrade: to bearer tokens, to plain HTTP, to weaker ways of proof"
    MIX_UP = "Mix-up and misdirection"
    JOSE = "Forged and malformed JOSE"
    CERTIFICATE = "Certificates"
    REVOCATION = "Revocation, under each policy"
    TIME = "Time"
    RIGHTS = "Rights, levels and consent"
    RESOURCES = "Endless, huge and nonsensical answers"
    REGISTRATION = "Registration"
    STORE = "What the box keeps"
    SOCKETS = "Sockets and commands of the box"


@dataclass(frozen=True)
class Refusal:
    """How something was refused: by status and names on the wire ("" where nothing was sent), and the box's code."""

    wire: str
    code: str


Attack = Callable[[Any], Awaitable[Refusal | None]]
"""Try it; None when it went through."""


@dataclass(frozen=True)
class Negative:
    """One row. Either it is tried here, or ``proof`` names the test that tries it, which must speak of the error's class."""

    name: str
    group: Group
    what: str
    by: Who
    code: str
    wire: str = ""
    attack: Attack | None = None
    proof: str = ""


TABLE: list[Negative] = []


def enter(row: Negative) -> None:
    """Enter a row."""
    assert row.name not in {it.name for it in TABLE}, row.name
    TABLE.append(row)


def negative(
    name: str, group: Group, what: str, code: str, *, by: Who = Who.PLATFORM, wire: str = ""
) -> Callable[[Attack], Attack]:
    """Enter what is tried by the decorated function."""

    def entered(attack: Attack) -> Attack:
        enter(Negative(name, group, what, by, code, wire, attack))
        return attack

    return entered

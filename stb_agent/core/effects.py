"""What the core asks of the house: effects, done in their order."""

from __future__ import annotations

from dataclasses import dataclass

from stb_agent.contract.actions import Action
from stb_agent.contract.choices import Choices
from stb_agent.contract.ending import Cause
from stb_agent.contract.messages import ViewMessage
from stb_agent.core.page import Job


@dataclass(frozen=True)
class Run:
    """Effect: do the job, and bring the answer back to the page in slot ``slot``."""

    slot: int
    job: Job


@dataclass(frozen=True)
class Key:
    """Effect: a key for the UI's focus; ``None``: one that does nothing here, which the UI shows."""

    action: Action | None


@dataclass(frozen=True)
class Screen:
    """Effect: the television's screen is ours, or the programme's."""

    shown: bool


@dataclass(frozen=True)
class SessionEnded:
    """Effect: forget every token and everything personal that is held in memory, and say why."""

    cause: Cause


@dataclass(frozen=True)
class Left:
    """Effect: the person has left a service, or what opened it is over: what it was given is to be forgotten."""

    service: str


@dataclass(frozen=True)
class Chose:
    """Effect: the household has it so now; ``kept``: and wants it so from now on, None where nothing new is to be remembered."""

    choices: Choices
    kept: Choices | None = None


@dataclass(frozen=True)
class Defect:
    """Effect: a page of ours failed; it was taken off the stack, and the person told."""

    error: Exception


Effect = Run | Key | Screen | SessionEnded | Left | Chose | Defect | ViewMessage

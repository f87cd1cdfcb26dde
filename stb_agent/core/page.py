"""A place on the navigation stack, and what it may answer to an event."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from stb_agent.contract.actions import Action
from stb_agent.contract.choices import Choices
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.levels import Demand, Lack, Proof
from stb_agent.contract.messages import CardState
from stb_agent.contract.text import Text
from stb_agent.contract.views import View


@dataclass(frozen=True)
class Requirement:
    """What a page needs before it may be seen; falling short is answered with a step-up, not an error.

    ``service``: what the page opens, by its name in the operator's policies (`Levels`); ``level``: where the page itself is about signing in.
    """

    level: Level = Level.NONE
    linked: bool = False
    service: str = ""

    @property
    def person(self) -> bool:
        """Tell whether somebody must be known for it."""
        return self.level > Level.PRESENT or bool(self.service)


@dataclass(frozen=True)
class Shortfall:
    """Why the person cannot go on yet; ``at_box``: only a card read here will do."""

    lack: Lack
    at_box: bool = False


NOBODY = Shortfall(Lack.LEVEL)
"""Nobody is signed in."""


@dataclass(frozen=True)
class Frame:
    """What every page may know of its surroundings.

    ``known``: a link is kept here for the card in the reader; ``nickname``: what the household calls whose card it is; ``trouble``: why that
    card cannot be used. ``choices``: how the household has it now; ``kept``: how it has it when what is only being tried is over. ``proof``: how
    the session's person proved who they are, None without a session.
    """

    card: CardState = CardState.ABSENT
    level: Level = Level.NONE
    linked: bool = False
    known: bool = False
    nickname: Text | None = None
    trouble: ChanomaError | None = None
    choices: Choices = Choices()
    kept: Choices = Choices()
    proof: Proof | None = None

    @property
    def by_phone(self) -> bool:
        """Tell whether a phone read the card: then the session does not hang on what lies in the reader."""
        return self.proof is not None and not self.proof.at_box

    @property
    def card_in(self) -> bool:
        """Tell whether something lies in the reader, which whoever has finished takes out."""
        return self.card not in (CardState.ABSENT, CardState.NO_READER)


@dataclass(frozen=True)
class Job:
    """Something slow that a page asks its service to do; the answer comes back to that page as Done or Failed.

    ``while_seen``: it is for the person in front of the page alone; when they see anything else it is stopped, and the page told so by Stopped.
    ``under_warning``: not by the warning before the lock, for the person may be busy with something else than the remote.
    """

    service: ClassVar[str]
    while_seen: ClassVar[bool] = False
    under_warning: ClassVar[bool] = False


@dataclass(frozen=True)
class Shown:
    """The page came to the top of the stack, or back to it."""


@dataclass(frozen=True)
class Covered:
    """The programme or help takes the screen while the page is on top: what is half done may be found by somebody else."""


@dataclass(frozen=True)
class Chosen:
    """The person chose an item of the page's view."""

    id: str
    value: str = ""


@dataclass(frozen=True)
class Pressed:
    """A key, for a page that takes keys itself; ``again``: the one before was the same, a moment ago."""

    action: Action
    again: bool = False


@dataclass(frozen=True)
class Done:
    """The job ended well."""

    job: Job
    result: object


@dataclass(frozen=True)
class Failed:
    """The job ended with an error."""

    job: Job
    error: ChanomaError


@dataclass(frozen=True)
class Reached:
    """The job is at ``step``, counted from 0; ``note``: what else it has to say."""

    job: Job
    step: int
    note: object = None


@dataclass(frozen=True)
class Stopped:
    """The job was stopped, because the person saw something else."""

    job: Job


@dataclass(frozen=True)
class Surroundings:
    """The card, the session or a remote changed while the page was on top."""


@dataclass(frozen=True)
class Delivered:
    """The outbox's entry ``key`` changed its state."""

    key: str


@dataclass(frozen=True)
class Given:
    """The page that lay on this one has done its work, and this is what it was for."""

    result: object = field(repr=False)


PageEvent = Given | Shown | Covered | Chosen | Pressed | Done | Failed | Reached | Stopped | Surroundings | Delivered


class Topic(StrEnum):
    """What help opens at."""

    OVERVIEW = "overview"
    PIN = "pin"


@dataclass(frozen=True)
class Opened:
    """How help was opened: at which topic, and with which failure's ``code`` to be read under it."""

    topic: Topic = Topic.OVERVIEW
    code: str | None = None


@dataclass(frozen=True)
class SignIn:
    """The person was recognised; ``linked`` tells whether a Cable ID is linked to the card, ``same`` whether it is who was signed in until now."""

    proof: Proof
    linked: bool
    same: bool = False


@dataclass(frozen=True)
class FirstProve:
    """What a job may answer: a new proof is asked for; then ``then`` goes on with it. ``instead`` is the answer if the person gives that up."""

    demand: Demand
    then: Job
    instead: object


@dataclass(frozen=True)
class Move:
    """What a page answers: its own next state, and where to go.

    At most one of ``push``, ``replace``, ``leave`` (this page has done its work; what is ``given`` goes to the page under it), ``back`` (the person
    gives up here), ``home`` and ``help`` (which lies over this page) is given; without any the page stays, as ``stay`` if that is given. ``keys`` go
    to the UI's focus, as if they had been pressed; ``tv``: the programme gets the screen. ``trial``: the household has it so for as long as it sees
    this page; ``keep``: from now on.
    """

    stay: Page | None = None
    push: Page | None = None
    replace: Page | None = None
    leave: bool = False
    given: object = field(default=None, repr=False)
    back: bool = False
    home: bool = False
    jobs: tuple[Job, ...] = field(default=())
    sign_in: SignIn | None = None
    linked: bool = False
    sign_out: bool = False
    keys: tuple[Action, ...] = ()
    tv: bool = False
    help: Topic | None = None
    trial: Choices | None = None
    keep: Choices | None = None


class Page(ABC):
    """A place on the stack. Implementations are frozen dataclasses: an event gives a new page."""

    needs: ClassVar[Requirement] = Requirement()
    personal: ClassVar[bool] = False

    @abstractmethod
    def view(self, frame: Frame) -> View:
        """Give what the person sees."""

    @abstractmethod
    def on(self, event: PageEvent, frame: Frame) -> Move:
        """Answer an event."""

    def own_keys(self) -> frozenset[Action]:
        """Give the keys that go to the page instead of the UI's focus; BACK among them overrides leaving."""
        return frozenset()

    def half_typed(self) -> bool:
        """Tell whether something secret is typed in part: what `Covered` makes away with."""
        return False

    def blank(self) -> Page:
        """Give the same place without anything personal; it loads again when it is shown."""
        return self


class CardNotice(Page):
    """A page that says something of the card in the reader, and goes when that changes."""


class IdleNotice(Page):
    """The warning before the lock. Any key takes it away and does nothing else, but for the one that leads to the programme."""

    def own_keys(self) -> frozenset[Action]:
        return frozenset(Action) - {Action.HOME}

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move(leave=isinstance(event, Pressed | Chosen))


class LockNotice(Page):
    """A page that says that what is personal was put away because no key came."""

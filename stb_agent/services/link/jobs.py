"""What the pages of this service ask of it, and what they are answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.text import Text
from stb_agent.contract.views import Delivery
from stb_agent.core.page import Job


@dataclass(frozen=True)
class LinkJob(Job):
    """A job of this service."""

    service: ClassVar[str] = "link"


@dataclass(frozen=True)
class MakeLink(LinkJob):
    """Send the contract number, "" for none; answers Outcome. ``guardian``: it is an under-15's card, and a parent or guardian agrees."""

    contract_number: str = field(repr=False)
    guardian: bool = False


@dataclass(frozen=True)
class CheckLink(LinkJob):
    """Ask what became of the outbox's entry ``key``; answers Outcome."""

    key: str


@dataclass(frozen=True)
class LookAtCard(LinkJob):
    """Look whether the card has no signature certificate, as those of under-15s; answers a bool."""


@dataclass(frozen=True)
class TakeLink(LinkJob):
    """Take the link that the card has already; answers None."""


@dataclass(frozen=True)
class ReplaceCard(LinkJob):
    """Let this card take the old one's place; answers Outcome."""


@dataclass(frozen=True)
class ResumeCard(LinkJob):
    """Take the suspension of this card back, by the contract number, "" for a link under none; answers None."""

    contract_number: str = field(repr=False)


@dataclass(frozen=True)
class LoadBoxes(LinkJob):
    """Read at which televisions the person is known; answers a tuple of KnownBox."""


@dataclass(frozen=True)
class EndBox(LinkJob):
    """End one of them; answers a tuple of those that are left."""

    box: str


@dataclass(frozen=True)
class LoadMine(LinkJob):
    """Read how the person is linked; answers Mine."""


@dataclass(frozen=True)
class LoadHousehold(LinkJob):
    """Find whose cards could be lost: of a contract, or "" for those linked on this box besides one's own; answers a tuple of Lost."""

    contract_number: str = field(default="", repr=False)


@dataclass(frozen=True)
class SuspendCard(LinkJob):
    """Suspend a link by its contract number, or "" as another person of the household; answers Outcome."""

    link_id: str = field(repr=False)
    contract_number: str = field(default="", repr=False)


@dataclass(frozen=True)
class LoadWithoutContract(LinkJob):
    """Find the links of this box that are under no contract, for somebody without a card; answers a tuple of Lost, and nobody's name."""


@dataclass(frozen=True)
class SuspendWithoutContract(LinkJob):
    """Suspend one of them; answers Outcome."""

    link_id: str = field(repr=False)


@dataclass(frozen=True)
class Leave(LinkJob):
    """End the signed-in person's link everywhere, and forget it here at once; answers Outcome."""


@dataclass(frozen=True)
class LoadEnds(LinkJob):
    """Read what ended here; answers a tuple of End, the newest first."""


@dataclass(frozen=True)
class Outcome:
    """What became of an act: sent, waiting or refused (then ``error`` says why). ``receipt``: of an end, the digits to read out."""

    key: str
    delivery: Delivery
    error: ChanomaError | None = None
    receipt: str = ""


@dataclass(frozen=True)
class Mine:
    """How the person is linked: by whom, since when (RFC 3339), under a contract or not, and the certificate's whole days (None: unknown)."""

    operator: str
    since: str
    contract: bool
    days_left: int | None


@dataclass(frozen=True)
class Lost:
    """A card that may be the lost one: the link, what its person is called here (None for nothing), and since when (RFC 3339)."""

    link_id: str = field(repr=False)
    called: Text | None
    since: str
    suspended: bool = False


@dataclass(frozen=True)
class End:
    """A link that ended here: when it was asked for (RFC 3339), what became of that, and the receipt."""

    at: str
    outcome: Outcome

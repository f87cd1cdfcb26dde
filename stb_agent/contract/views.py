"""The view kinds: what the person sees, as data.

A view is a whole snapshot. Every kind has a ``title`` and ``items`` (what can be chosen, in order); the UI adds 戻る (intent
id ``back``) and テレビに戻る (intent id ``tv``) to every view by itself. Where the focus stands is the UI's own, except in ``pin``.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from stb_agent.contract.text import Text


class Item(Struct, frozen=True, omit_defaults=True):
    """Something to choose: its ``id`` comes back as an intent. ``first`` takes the focus when the view appears."""

    id: str
    label: Text
    detail: Text | None = None
    first: bool = False


class Tone(StrEnum):
    """What a message is about; shown by a sign and a word, never by colour alone."""

    INFO = "info"
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Delivery(StrEnum):
    """Which is true of a change that the person made."""

    SENT = "sent"
    WAITING = "waiting"
    REFUSED = "refused"


class Row(Struct, frozen=True):
    """A line of a detail view."""

    label: Text
    value: Text


class Base(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """What all kinds have. ``lead`` is the sentence under the title: what to do here."""

    title: Text
    lead: Text | None = None
    items: tuple[Item, ...] = ()


class Home(Base, frozen=True, kw_only=True, tag="home"):
    """The first screen: what can be done here, and what to do now."""


class List(Base, frozen=True, kw_only=True, tag="list"):
    """Things to choose from, one a line."""


class Choice(Base, frozen=True, kw_only=True, tag="choice"):
    """A question with few answers, shown as large buttons under ``rows`` (what is being decided)."""

    rows: tuple[Row, ...] = ()


class Detail(Base, frozen=True, kw_only=True, tag="detail"):
    """One thing in full; ``delivery`` where it is a change that the person made."""

    rows: tuple[Row, ...] = ()
    delivery: Delivery | None = None


class CellState(StrEnum):
    """Of a time in a calendar; shown by ○, × and ー."""

    FREE = "free"
    TAKEN = "taken"
    CLOSED = "closed"


class Cell(Struct, frozen=True):
    """A time on a day: ``day`` and ``time`` index the calendar's columns and rows. Only a free one can be chosen, by its ``id``."""

    id: str
    day: int
    time: int
    state: CellState


class Calendar(Base, frozen=True, kw_only=True, tag="calendar"):
    """Days across, times down; ``items`` are the buttons under it (next week …)."""

    days: tuple[Text, ...]
    times: tuple[Text, ...]
    cells: tuple[Cell, ...]


class Point(Struct, frozen=True):
    """A measured value: ``at`` is an RFC 3339 time."""

    at: str
    value: float


class Series(Struct, frozen=True):
    """One line of a chart, oldest point first."""

    label: Text
    points: tuple[Point, ...]


class Chart(Base, frozen=True, kw_only=True, tag="chart"):
    """Lines over time in one ``unit``; ``rows`` say the latest values in words."""

    unit: Text
    series: tuple[Series, ...]
    rows: tuple[Row, ...] = ()


class Form(Base, frozen=True, kw_only=True, tag="form"):
    """One number typed digit by digit.

    The agent keeps ``value`` and answers to the remote's digits; the UI's own digit pad sends intents ``digit`` (value one digit) and ``erase``.
    ``submit`` sends it. ``error`` says what is wrong with what was typed. ``groups`` are the lengths of the printed groups, e.g. (4, 4, 2).
    """

    label: Text
    value: str
    groups: tuple[int, ...]
    error: Text | None = None


class PadStage(StrEnum):
    """Where entry by arrows stands: no key yet; pick one of four groups of three; pick one of that group; or confirm."""

    GROUP = "group"
    MEMBER = "member"
    CONFIRM = "confirm"


class Pin(Base, frozen=True, kw_only=True, tag="pin"):
    """The PIN of the card; the agent consumes the keys and nothing here says which were pressed.

    ``dots`` of ``length`` are entered. ``pad`` is the stage of entry by arrows: the same for every digit, so that neither this traffic nor
    the picture on a large screen tells the PIN. ``tries`` is how many the card still allows; ``error`` says what went wrong last time.
    """

    length: int
    dots: int
    pad: PadStage
    tries: int
    error: Text | None = None


class Statement(Struct, frozen=True):
    """One thing that will be sent: what, to whom, what for."""

    what: Text
    to: Text
    why: Text


class Consent(Base, frozen=True, kw_only=True, tag="consent"):
    """What will be sent to whom, before it is; ``withheld`` says what is never sent."""

    statements: tuple[Statement, ...]
    withheld: Text | None = None


class StepState(StrEnum):
    """Of a step of something slow."""

    DONE = "done"
    NOW = "now"
    TODO = "todo"


class Step(Struct, frozen=True):
    """A step of something slow."""

    label: Text
    state: StepState


class Progress(Base, frozen=True, kw_only=True, tag="progress"):
    """Something is going on; ``steps`` show how far."""

    steps: tuple[Step, ...] = ()


class Message(Base, frozen=True, kw_only=True, tag="message"):
    """Something to know: ``lead`` says what happened, ``remedy`` what to do now, ``code`` what to tell the call centre."""

    tone: Tone
    remedy: Text | None = None
    code: str | None = None


View = Home | List | Choice | Detail | Calendar | Chart | Form | Pin | Consent | Progress | Message

"""The view kinds: what the person sees, as data.

A view is a whole snapshot. Every kind has a ``title`` and ``items`` (what can be chosen, in order); the UI adds 戻る (intent
id ``back``), 困ったとき (``help``) and テレビに戻る (``tv``) to every view by itself. Where the focus stands, which page of a view is
open and whether a chart is shown as a table is the UI's own, except in ``pin``, where nothing is.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from stb_agent.contract.keyboards import Letters
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


class Row(Struct, frozen=True, omit_defaults=True):
    """A line of a view. ``private``: a detail, a choice or a chart has a curtain over its value; it is empty while that is drawn."""

    label: Text
    value: Text
    private: bool = False


class Curtain(StrEnum):
    """Over what is private in a view: nothing is, or nobody wants it covered; drawn, or open because the person asked.

    Pages say what is private; the core draws the curtain, adds the button that opens or shuts it, and keeps what is under it to itself.
    """

    NONE = "none"
    DRAWN = "drawn"
    OPEN = "open"


class Base(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """What all kinds have. ``lead`` is the sentence under the title: what to do here."""

    title: Text
    lead: Text | None = None
    items: tuple[Item, ...] = ()
    curtain: Curtain = Curtain.NONE


class Home(Base, frozen=True, kw_only=True, tag="home"):
    """The first screen: what can be done here, and what to do now."""


class List(Base, frozen=True, kw_only=True, tag="list"):
    """Things to choose from, one a line.

    A long list comes as a window: ``items`` are those from number ``start`` on, of ``total``; without ``total`` they are all. Intent ``rows``
    (value: the number of an item) asks for the window around it.
    """

    start: int = 0
    total: int = 0


class Choice(Base, frozen=True, kw_only=True, tag="choice"):
    """A question with few answers, shown as large buttons under ``rows`` (what is being decided)."""

    rows: tuple[Row, ...] = ()


class Detail(Base, frozen=True, kw_only=True, tag="detail"):
    """One thing in full; ``delivery`` where it is a change that the person made.

    ``code``: an address to be shown as a QR code (ISO/IEC 18004), for a phone to follow.
    """

    rows: tuple[Row, ...] = ()
    delivery: Delivery | None = None
    code: str | None = None


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


class Range(Struct, frozen=True):
    """The least and the greatest value of a time: ``at`` is an RFC 3339 time."""

    at: str
    low: float
    high: float


class Spread(Struct, frozen=True):
    """Ranges over time (a day's lowest and highest, say), oldest first; each is a bar."""

    label: Text
    ranges: tuple[Range, ...]


class Band(Struct, frozen=True):
    """What values are usual (a reference range): from ``low`` to ``high``, or without a limit on that side."""

    label: Text
    low: float | None = None
    high: float | None = None


class Chart(Base, frozen=True, kw_only=True, tag="chart"):
    """Lines and ranges over time in one ``unit``; ``rows`` say the latest values in words. The UI shows the same values as a table, too.

    ``private``: all of it is under the curtain.
    """

    unit: Text
    series: tuple[Series, ...] = ()
    spreads: tuple[Spread, ...] = ()
    band: Band | None = None
    rows: tuple[Row, ...] = ()
    private: bool = False


class NumberField(Struct, frozen=True, tag="number", omit_defaults=True):
    """A number typed digit by digit: intents ``digit`` (value one digit), ``erase``, ``submit``.

    ``groups`` are the lengths of the printed groups, e.g. (4, 4, 2); their sum is the most that can be typed. ``least``: fewer do, down to so many.
    """

    label: Text
    value: str
    groups: tuple[int, ...]
    least: int | None = None


class TextField(Struct, frozen=True, tag="text", omit_defaults=True):
    """A text: intents ``key`` (value what is added), ``change`` (the last character: 濁点, 半濁点, small), ``letters`` (value: which kind is typed
    from now on), ``take`` (value the id of a candidate), ``erase``, ``submit``; the remote's digits, 11 and 12 as `keyboards` has them.

    ``reading``: the end of the text that may still become kanji; ``candidates`` for it, best first, each for its beginning or for all of it.
    """

    label: Text
    value: str
    letters: Letters = Letters.HIRAGANA
    reading: str = ""
    candidates: tuple[Item, ...] = ()
    most: int = 40


class DatePart(StrEnum):
    """Of a date that is set."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"


class DateField(Struct, frozen=True, tag="date"):
    """A date (RFC 3339 full-date) from ``first`` to ``last``: intents ``next`` and ``previous`` (value a DatePart), ``submit``."""

    label: Text
    value: str
    first: str
    last: str


class ChoiceField(Struct, frozen=True, tag="choice"):
    """One of a few or many: intent ``choose`` (value the id of an option), which is also the field's end. ``value`` is the id chosen so far."""

    label: Text
    options: tuple[Item, ...]
    value: str = ""


Field = NumberField | TextField | DateField | ChoiceField


class Form(Base, frozen=True, kw_only=True, tag="form"):
    """Something to fill in, one ``field`` at a time: it is number ``at`` of ``count``, counted from 0.

    The agent keeps every value and answers to the remote's digits; whatever types (the UI's pad, a keyboard) sends the field's intents and is
    answered with a view. From the second field on, intent ``earlier`` leads to the one before. ``error`` says what is wrong with what was given.
    ``rows`` are the fields that are filled in already.
    """

    field: Field
    at: int = 0
    count: int = 1
    rows: tuple[Row, ...] = ()
    error: Text | None = None


class PadStage(StrEnum):
    """Where entry by arrows stands: pick one of four groups of three (or 決定: help); pick one of that group; or confirm."""

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


class Skeleton(StrEnum):
    """What kind of view is on its way: what it stands on is drawn already, nothing of what it says."""

    LIST = "list"
    DETAIL = "detail"
    CALENDAR = "calendar"
    CHART = "chart"


class Progress(Base, frozen=True, kw_only=True, tag="progress"):
    """Something is going on; ``steps`` show how far, and without any the skeleton of what it is ``like``.

    ``late``: it takes longer than it should. The core sets that, and steps where a page has none, when time has passed.
    """

    steps: tuple[Step, ...] = ()
    like: Skeleton | None = None
    late: bool = False


class Message(Base, frozen=True, kw_only=True, tag="message"):
    """Something to know: ``lead`` says what happened, ``remedy`` what to do now, ``code`` what to tell the call centre.

    ``left``: seconds until what it warns of; the agent counts them down.
    """

    tone: Tone
    left: int | None = None
    remedy: Text | None = None
    code: str | None = None


class Contact(Struct, frozen=True, omit_defaults=True):
    """Whom the household calls: the operator, its telephone number and its hours."""

    name: Text
    phone: str = ""
    hours: str = ""


class SupportCode(Struct, frozen=True):
    """What a call centre knows this box by (docs/cable-id-profile.md): six digits, good for ``minutes`` more."""

    digits: str
    minutes: int


class Help(Base, frozen=True, kw_only=True, tag="help"):
    """Whom to call and what to say: ``support`` and the failure's ``code``; what the call centre ``sees`` then, and what it never does (``hidden``).

    ``support`` is missing where none can be made; ``unsupported`` says why.
    """

    contact: Contact
    sees: tuple[Text, ...] = ()
    hidden: tuple[Text, ...] = ()
    support: SupportCode | None = None
    unsupported: Text | None = None
    code: str | None = None


View = Home | List | Choice | Detail | Calendar | Chart | Form | Pin | Consent | Progress | Message | Help

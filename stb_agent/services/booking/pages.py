"""The pages of booking a public facility: facilities, free times, confirmation, slip, and the bookings made."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import ClassVar

from msgspec import Struct

from stb_agent.contract.actions import Action
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.text import Text, Word, word
from stb_agent.contract.views import (
    Calendar,
    Cell,
    CellState,
    Choice,
    Delivery,
    Detail,
    Item,
    List,
    Message,
    Progress,
    Row,
    Skeleton,
    Tone,
    View,
)
from stb_agent.contract.words import JST
from stb_agent.core.form import Ending, Filling, Phone
from stb_agent.core.page import (
    Chosen,
    Delivered,
    Done,
    Failed,
    Frame,
    Given,
    Job,
    Move,
    Page,
    PageEvent,
    Pressed,
    Requirement,
    Shown,
)
from stb_agent.core.service import retry, trouble
from stb_agent.core.typing import NO_WORDS, Words
from stb_agent.services.booking import usage
from stb_agent.services.booking.facility import Facility, Usage

DAYS = 7
"""Days on one calendar page."""


class Slot(Struct, frozen=True):
    """A time that can be booked; ``start`` and ``end`` are RFC 3339."""

    id: str
    start: str
    end: str
    free: bool
    price_yen: int

    def __post_init__(self) -> None:
        """Refuse a time without an offset while it is decoded: nothing that cannot be shown reaches a page."""
        check_times(self.start, self.end)


class Order(Struct, frozen=True):
    """What the person booked: known in full even before the service answered, but for ``number``."""

    facility: str
    slot: str
    start: str
    end: str
    price_yen: int
    number: str = ""
    usage: Usage = Usage()


@dataclass(frozen=True)
class Placed:
    """What became of an order; ``key`` is its entry in the outbox. ``needs_card``: it waits until the person signs in again."""

    key: str
    order: Order
    delivery: Delivery
    error: ChanomaError | None = None
    needs_card: bool = False


@dataclass(frozen=True)
class LoadFacilities(Job):
    """Answers a list of Facility."""

    service: ClassVar[str] = "booking"


@dataclass(frozen=True)
class LoadSlots(Job):
    """Answers the list of Slot of DAYS days from ``start``, or from today if that is None."""

    service: ClassVar[str] = "booking"
    facility: Facility
    start: date | None


@dataclass(frozen=True)
class PlaceOrder(Job):
    """Book; answers Placed."""

    service: ClassVar[str] = "booking"
    order: Order


@dataclass(frozen=True)
class CheckOrder(Job):
    """Ask what became of the order ``key``; answers Placed."""

    service: ClassVar[str] = "booking"
    key: str


@dataclass(frozen=True)
class ResumeOrder(Job):
    """Wait for what becomes of the order ``key``, which goes on its way with a new proof of the person; answers Placed."""

    service: ClassVar[str] = "booking"
    key: str


@dataclass(frozen=True)
class Orders:
    """A person's bookings; not ``complete`` when the service could not be asked and only what is kept here is among them."""

    placed: tuple[Placed, ...]
    complete: bool = True


@dataclass(frozen=True)
class LoadOrders(Job):
    """Answers Orders."""

    service: ClassVar[str] = "booking"


@dataclass(frozen=True)
class FacilitiesPage(Page):
    """Choose a facility. Public: no card is needed to look."""

    facilities: tuple[Facility, ...] | None = None
    error: ChanomaError | None = None
    words: Words = field(default=NO_WORDS, repr=False)
    phone: Phone | None = None

    def view(self, frame: Frame) -> View:
        if self.error is not None:
            return trouble(word("booking.title"), self.error, *retry(self.error))
        if self.facilities is None:
            return Progress(title=word("booking.title"), lead=word("booking.loading"), like=Skeleton.LIST)
        return List(
            title=word("booking.title"),
            lead=word("booking.which"),
            items=tuple(Item(it.id, it.name, it.address, first=not n) for n, it in enumerate(self.facilities)),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() if self.facilities is None:
                return Move(jobs=(LoadFacilities(),))
            case Chosen(id="again"):
                return Move(stay=FacilitiesPage(words=self.words, phone=self.phone), jobs=(LoadFacilities(),))
            case Done(result=list() as facilities):
                return Move(stay=FacilitiesPage(tuple(facilities), words=self.words, phone=self.phone))
            case Failed(error=error):
                return Move(stay=FacilitiesPage(error=error, words=self.words, phone=self.phone))
            case Chosen(id=id_) if self.facilities:
                for facility in self.facilities:
                    if facility.id == id_:
                        return Move(push=CalendarPage(facility, words=self.words, phone=self.phone))
        return Move()


@dataclass(frozen=True)
class CalendarPage(Page):
    """Choose a free time of one facility, a week at a time. ``first`` is today, as the service's worker knew it."""

    facility: Facility
    start: date | None = None
    first: date | None = None
    slots: tuple[Slot, ...] | None = None
    error: ChanomaError | None = None
    taken: bool = False
    words: Words = field(default=NO_WORDS, repr=False)
    phone: Phone | None = None

    def view(self, frame: Frame) -> View:
        if self.error is not None:
            return trouble(self.facility.name, self.error, *retry(self.error))
        if self.slots is None or self.start is None:
            return Progress(title=self.facility.name, lead=word("booking.loading_times"), like=Skeleton.CALENDAR)
        days = tuple(self.start + timedelta(days=n) for n in range(DAYS))
        bands = sorted({_band(slot) for slot in self.slots})
        slots = {(_local(slot.start).date(), _band(slot)): slot for slot in self.slots}
        cells = tuple(
            _cell(slots.get((date_, band)), day, row)
            for row, band in enumerate(bands)
            for day, date_ in enumerate(days)
        )
        weeks = [Item("next", word("booking.next_week"))]
        if self.first is not None and self.start > self.first:
            weeks.insert(0, Item("previous", word("booking.previous_week")))
        return Calendar(
            title=self.facility.name,
            lead=word("booking.taken_meanwhile" if self.taken else "booking.when"),
            days=tuple(word("booking.day", at=day.isoformat()) for day in days),
            times=tuple(word("booking.band", start=f"{start:%-H:%M}", end=f"{end:%-H:%M}") for start, end in bands),
            cells=cells,
            items=tuple(weeks),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() | Chosen(id="again"):
                return Move(stay=replace(self, error=None), jobs=(LoadSlots(self.facility, self.start),))
            case Done(job=LoadSlots(), result=(date() as start, list() as slots)):
                return Move(stay=replace(self, start=start, first=self.first or start, slots=tuple(slots)))
            case Failed(error=error):
                return Move(stay=replace(self, error=error))
            case Chosen(id="next" | "previous" as way) if self.start is not None:
                start = self.start + timedelta(days=DAYS if way == "next" else -DAYS)
                return Move(
                    stay=replace(self, start=start, slots=None, taken=False), jobs=(LoadSlots(self.facility, start),)
                )
            case Chosen(id=id_):
                for slot in self.slots or ():
                    if slot.id == id_ and slot.free:
                        return Move(
                            stay=replace(self, taken=False),
                            push=UsagePage(self.facility, slot, words=self.words, phone=self.phone),
                        )
        return Move()


@dataclass(frozen=True)
class UsagePage(Page):
    """Ask what the town asks: what for, how many, who."""

    needs: ClassVar[Requirement] = Requirement(service="booking", linked=True)
    personal: ClassVar[bool] = True

    facility: Facility
    slot: Slot
    filling: Filling | None = field(default=None, repr=False)
    words: Words = field(default=NO_WORDS, repr=False)
    phone: Phone | None = None

    def blank(self) -> UsagePage:
        """Give the form without what was written."""
        return UsagePage(self.facility, self.slot, words=self.words, phone=self.phone)

    def own_keys(self) -> frozenset[Action]:
        return self._filling.own_keys()

    def view(self, frame: Frame) -> View:
        return self._filling.view(word("booking.usage_title"), phone=self.phone is not None)

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="phone") if self.phone and (line := self._filling.line):
                return Move(push=self.phone(line.label, line.most))
            case Chosen() | Pressed() | Given():
                filling, ending = self._filling.on(event)
                if ending is Ending.COMPLETE:
                    used = usage.usage(self.facility, filling)
                    return Move(
                        replace=ConfirmPage(self.facility, self.slot, used, filling, words=self.words, phone=self.phone)
                    )
                return Move(stay=replace(self, filling=filling))
        return Move()

    @property
    def _filling(self) -> Filling:
        return self.filling or usage.asked(self.facility, self.words)


@dataclass(frozen=True)
class ConfirmPage(Page):
    """Say what will be booked, and ask once."""

    needs: ClassVar[Requirement] = Requirement(service="booking", linked=True)
    personal: ClassVar[bool] = True

    facility: Facility
    slot: Slot
    used: Usage = field(default=Usage(), repr=False)
    filling: Filling | None = field(default=None, repr=False)
    placing: bool = False
    error: ChanomaError | None = None
    words: Words = field(default=NO_WORDS, repr=False)
    phone: Phone | None = None

    def blank(self) -> Page:
        """Give the form anew, or the bookings if the question was already answered: whoever comes back must not book twice."""
        return OrdersPage() if self.placing else UsagePage(self.facility, self.slot, words=self.words, phone=self.phone)

    def view(self, frame: Frame) -> View:
        if self.error is not None:
            if self.error.code == "booking.taken":
                return trouble(
                    word("booking.confirm"), self.error, Item("calendar", word("booking.other_time"), first=True)
                )
            return trouble(word("booking.confirm"), self.error, *retry(self.error))
        if self.placing:
            return Progress(title=word("booking.confirm"), lead=word("booking.placing"))
        return Choice(
            title=word("booking.confirm"),
            lead=word("booking.confirm_lead"),
            rows=_rows(self._order()),
            items=(
                Item("book", word("booking.book"), first=True),
                Item("change", word("booking.change")),
                Item("stop", word("booking.stop")),
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="book" | "again") if not self.placing:
                return Move(stay=replace(self, placing=True, error=None), jobs=(PlaceOrder(self._order()),))
            case Chosen(id="change") if not self.placing:
                return Move(replace=UsagePage(self.facility, self.slot, self._again(), self.words, self.phone))
            case Chosen(id="stop" | "calendar"):
                return Move(back=True)
            case Done(result=Placed() as placed):
                if placed.delivery is Delivery.REFUSED and placed.error is not None:
                    return Move(stay=replace(self, placing=False, error=placed.error))
                return Move(replace=SlipPage(placed))
            case Failed(error=error):
                return Move(stay=replace(self, placing=False, error=error))
        return Move()

    def _order(self) -> Order:
        slot = self.slot
        return Order(self.facility.name, slot.id, slot.start, slot.end, slot.price_yen, usage=self.used)

    def _again(self) -> Filling | None:
        """Give the form at its first field, with what was filled in."""
        return self.filling.again() if self.filling else None


@dataclass(frozen=True)
class SlipPage(Page):
    """The booking slip: what was booked, and whether it reached the town."""

    needs: ClassVar[Requirement] = Requirement(service="booking")
    personal: ClassVar[bool] = True

    placed: Placed

    def view(self, frame: Frame) -> View:
        placed = self.placed
        number: Text = placed.order.number or word("booking.no_number")
        refused = placed.error if placed.delivery is Delivery.REFUSED else None
        return Detail(
            title=word("booking.slip"),
            lead=Word(f"{refused.code}.cause", dict(refused.args_)) if refused else _told(placed),
            rows=(Row(word("booking.number"), number), *_rows(placed.order)),
            delivery=placed.delivery,
            items=(Item("done", word("booking.to_home"), first=True),),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="done"):
                return Move(home=True)
            case Delivered(key=key) if key == self.placed.key:
                return Move(jobs=(CheckOrder(key),))
            case Shown() if self.placed.delivery is Delivery.WAITING:
                return Move(jobs=(CheckOrder(self.placed.key),))
            case Done(result=Placed() as placed):
                return Move(stay=SlipPage(placed))
        return Move()


@dataclass(frozen=True)
class OrdersPage(Page):
    """The bookings that this person made."""

    needs: ClassVar[Requirement] = Requirement(service="booking", linked=True)
    personal: ClassVar[bool] = True

    orders: Orders | None = None
    error: ChanomaError | None = None

    def blank(self) -> OrdersPage:
        return OrdersPage()

    def view(self, frame: Frame) -> View:
        if self.error is not None:
            return trouble(word("booking.orders"), self.error, *retry(self.error))
        if self.orders is None:
            return Progress(title=word("booking.orders"), lead=word("booking.loading_orders"), like=Skeleton.LIST)
        if not self.orders.placed:
            return Message(title=word("booking.orders"), tone=Tone.INFO, lead=word("booking.no_orders"))
        return List(
            title=word("booking.orders"),
            lead=word("booking.orders_lead" if self.orders.complete else "booking.orders_partial"),
            items=tuple(
                Item(
                    it.key,
                    word("booking.order_line", at=it.order.start, facility=it.order.facility),
                    word(f"frame.delivery.{it.delivery}"),
                    first=not n,
                )
                for n, it in enumerate(self.orders.placed)
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() | Chosen(id="again"):
                return Move(stay=OrdersPage(self.orders), jobs=(LoadOrders(),))
            case Delivered():
                return Move(jobs=(LoadOrders(),))
            case Done(result=Orders() as orders):
                return Move(stay=OrdersPage(orders))
            case Failed(error=error):
                return Move(stay=OrdersPage(error=error))
            case Chosen(id=id_):
                for placed in self.orders.placed if self.orders else ():
                    if placed.key == id_:
                        return Move(push=SlipPage(placed))
        return Move()


def _rows(order: Order) -> tuple[Row, ...]:
    price = word("booking.price", yen=order.price_yen) if order.price_yen else word("booking.no_price")
    return (
        Row(word("booking.facility"), order.facility),
        Row(word("booking.time"), word("booking.time_value", start=order.start, end=order.end)),
        *usage.rows(order.usage),
        Row(word("booking.price_label"), price),
    )


def _told(placed: Placed) -> Word:
    return word("booking.slip_needs_card") if placed.needs_card else word(f"booking.slip_{placed.delivery}")


def _cell(slot: Slot | None, day: int, row: int) -> Cell:
    if slot is None:
        return Cell(f"closed {day} {row}", day, row, CellState.CLOSED)
    return Cell(slot.id, day, row, CellState.FREE if slot.free else CellState.TAKEN)


def check_times(*moments: str) -> None:
    """Raise ValueError unless each is an RFC 3339 time."""
    for moment in moments:
        if datetime.fromisoformat(moment).tzinfo is None:
            raise ValueError("a time needs an offset")


def _local(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(JST)


def _band(slot: Slot) -> tuple[time, time]:
    """Give the hours of the day that a slot takes: its row in the calendar."""
    return _local(slot.start).time(), _local(slot.end).time()

"""Booking a public facility (docs/service-contracts.md)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar

import msgspec
from msgspec import Struct

from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.errors import ServiceBusy, ServiceRefused, SessionEnded, StepUpRequired
from stb_agent.cable_id.resource import ServiceClient
from stb_agent.cable_id.session import ServiceToken
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.levels import Demand
from stb_agent.contract.text import word
from stb_agent.contract.views import Delivery
from stb_agent.contract.words import JST
from stb_agent.core.form import Phone
from stb_agent.core.page import FirstProve, Frame, Job
from stb_agent.core.service import Tile
from stb_agent.core.typing import Words
from stb_agent.services.booking import pages
from stb_agent.services.booking.facility import Facility, Usage
from stb_agent.services.booking.pages import (
    CheckOrder,
    FacilitiesPage,
    LoadFacilities,
    LoadOrders,
    LoadSlots,
    Order,
    Orders,
    OrdersPage,
    Placed,
    PlaceOrder,
    ResumeOrder,
    Slot,
)
from stb_agent.store.courier import NeedsCard, Refused, Unreachable
from stb_agent.store.outbox import Entry, State
from stb_agent.store.post import Post

PATIENCE_S = 5.0
"""Seconds that a person waits for the town's answer before being told that the booking is on its way."""


class Taken(ChanomaError):
    """Another person booked that time first."""

    code: ClassVar[str] = "booking.taken"


class Gone(ChanomaError):
    """The time cannot be booked any more."""

    code: ClassVar[str] = "booking.gone"


class NotTaken(ChanomaError):
    """The service will not take the order, for a reason of its own."""

    code: ClassVar[str] = "booking.refused"


_REFUSALS: dict[str, type[ChanomaError]] = {
    "OpportunityHasInsufficientCapacityError": Taken,
    "UnknownOpportunityError": Gone,
}


class _Facilities(Struct, frozen=True):
    facilities: list[Facility]


class _Slots(Struct, frozen=True):
    slots: list[Slot]


class _Order(Struct, frozen=True):
    id: str
    number: str
    status: str
    facility: str
    slot: str
    start: str
    end: str
    price_yen: int
    purpose: str = ""
    people: int = 0
    group: str = ""

    def __post_init__(self) -> None:
        """Refuse a time without an offset while it is decoded."""
        pages.check_times(self.start, self.end)


class _Orders(Struct, frozen=True):
    orders: list[_Order]


class BookingService:
    """Look up facilities and free times, and book one of them."""

    name: ClassVar[str] = "booking"

    def __init__(
        self,
        client: ServiceClient,
        authority: Authority,
        post: Post,
        words: Words,
        *,
        clock: Callable[[], float],
        random: Callable[[int], bytes],
        phone: Phone | None = None,
    ) -> None:
        self._client = client
        self._authority = authority
        self._post = post
        self._words = words
        self._clock = clock
        self._random = random
        self._phone = phone
        self._asked: dict[str, Demand] = {}

    def tiles(self, frame: Frame) -> tuple[Tile, ...]:
        return (
            Tile(
                "booking",
                word("booking.tile"),
                word("booking.tile_detail"),
                partial(FacilitiesPage, words=self._words, phone=self._phone),
            ),
            Tile("orders", word("booking.orders_tile"), word("booking.orders_tile_detail"), OrdersPage),
        )

    async def work(self, job: Job) -> object:
        match job:
            case LoadFacilities():
                return await self._facilities()
            case LoadSlots(facility=facility, start=start):
                start = start or datetime.fromtimestamp(self._clock(), JST).date()
                query = {"from": start.isoformat(), "days": str(pages.DAYS)}
                found = await self._client.get(f"/facilities/{facility.id}/slots", _Slots, query=query)
                return start, found.slots
            case PlaceOrder(order=order):
                return await self._place(order)
            case CheckOrder(key=key):
                return _placed(self._post.outbox.get(key))
            case ResumeOrder(key=key):
                return _placed(await self._post.wait(key, PATIENCE_S))
            case LoadOrders():
                return await self._orders()
        raise TypeError(type(job).__name__)

    async def token(self) -> ServiceToken:
        """Give the authority that entries of this service carry."""
        return await self._authority.service_token(self._client.base_url)

    async def send(self, entry: Entry) -> bytes:
        """Bring an order to the town under its own identifier."""
        order = msgspec.json.decode(entry.payload, type=Order)
        token = (entry.authority or b"").decode()
        try:
            wanted = {"slot": order.slot, **msgspec.structs.asdict(order.usage)}
            answer = await self._client.put(f"/orders/{entry.key}", wanted, _Order, token=token)
        except (SessionEnded, StepUpRequired) as error:
            self._asked[entry.key] = error.demand
            raise NeedsCard from None
        except ServiceBusy as error:
            raise Unreachable(error.retry_after) from None
        except ServiceRefused as error:
            raise Refused(_REFUSALS.get(error.name, NotTaken).code) from None
        except ChanomaError:
            raise Unreachable from None
        return msgspec.json.encode(answer)

    async def _facilities(self) -> list[Facility]:
        return (await self._client.get("/facilities", _Facilities)).facilities

    async def _place(self, order: Order) -> Placed | FirstProve:
        """Hand an order in. If the town wants to be surer of the person first, the same entry goes on its way afterwards, under the same key."""
        person = self._authority.person
        token = await self.token()
        entry = Entry(
            key=str(uuid.UUID(bytes=self._random(16), version=4)),
            service=self.name,
            kind="order",
            payload=msgspec.json.encode(order),
            person=person,
            created_at=self._clock(),
            authority=token.token.encode(),
            authority_expires=token.expires_at,
        )
        placed = _placed(await self._post.send(entry, PATIENCE_S))
        demand = self._asked.pop(entry.key, None)
        if demand is not None and placed.needs_card:
            return FirstProve(demand, ResumeOrder(entry.key), placed)
        return placed

    async def _orders(self) -> Orders:
        """Give what the town holds, and before that what is still on its way, or was refused and its time has not passed.

        What this box holds itself is also told while the town cannot be asked.
        """
        person = self._authority.person
        now = datetime.fromtimestamp(self._clock(), UTC)
        here = tuple(
            placed
            for placed in map(_placed, self._post.outbox.of(person, self.name))
            if placed.delivery is Delivery.WAITING
            or (placed.delivery is Delivery.REFUSED and datetime.fromisoformat(placed.order.start) > now)
        )
        try:
            token = await self.token()
            held = (await self._client.get("/orders", _Orders, token=token.token)).orders
            names = {facility.id: facility.name for facility in await self._facilities()}
        except ChanomaError as error:
            if not (here and error.retry):
                raise
            return Orders(here, complete=False)
        there = (
            Placed(order.id, _known(order, names.get(order.facility, order.facility)), Delivery.SENT) for order in held
        )
        return Orders((*here, *there))


def _known(order: _Order, facility: str) -> Order:
    used = Usage(order.purpose, order.people, order.group)
    return Order(facility, order.slot, order.start, order.end, order.price_yen, order.number, used)


def _placed(entry: Entry) -> Placed:
    order = msgspec.json.decode(entry.payload, type=Order)
    match entry.state:
        case State.SENT if entry.answer is not None:
            answered = _known(msgspec.json.decode(entry.answer, type=_Order), order.facility)
            return Placed(entry.key, answered, Delivery.SENT)
        case State.REFUSED:
            kind = next((kind for kind in (Taken, Gone) if kind.code == entry.error_code), NotTaken)
            return Placed(entry.key, order, Delivery.REFUSED, kind())
        case _:
            return Placed(entry.key, order, Delivery.WAITING, needs_card=entry.authority is None)

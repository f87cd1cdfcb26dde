"""Bookings as the person is told of them: waiting, refused later, and a town that talks nonsense."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.errors import ServiceUnreachable
from stb_agent.cable_id.resource import ServiceClient
from stb_agent.cable_id.session import ServiceToken
from stb_agent.contract.views import Delivery
from stb_agent.core.typing import NO_WORDS
from stb_agent.services.booking import BookingService
from stb_agent.services.booking.pages import LoadOrders, Order, Orders, Slot
from stb_agent.store.outbox import Entry
from stb_agent.store.post import Post
from stb_agent.store.store import Store

NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z


@dataclass
class Town:
    """A booking service that holds one order, or cannot be reached."""

    down: bool = False
    base_url: str = "https://town.example"

    async def get(self, path: str, answer: Any, *, token: str | None = None, query: object = None) -> Any:
        if self.down:
            raise ServiceUnreachable
        return msgspec.convert(
            {
                "facilities": [{"id": "F", "name": "公民館", "address": ""}],
                "orders": [
                    {
                        "id": "held",
                        "number": "R8-0001",
                        "status": "confirmed",
                        "facility": "F",
                        "slot": "s",
                        "price_yen": 0,
                    }
                    | {"start": "2027-01-20T09:00:00Z", "end": "2027-01-20T10:00:00Z"}
                ],
            },
            answer,
        )


@dataclass
class Signed:
    """Somebody who is signed in."""

    person: str = "me"
    asked: list[str] = field(default_factory=list)

    async def service_token(self, audience: str) -> ServiceToken:
        return ServiceToken("token", NOW + 600)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path, clock=lambda: NOW, random=os.urandom)
    yield store
    store.close()


def service(store: Store, town: Town) -> BookingService:
    return BookingService(
        cast(ServiceClient, town),
        cast(Authority, Signed()),
        Post(store.outbox, lambda: None),
        NO_WORDS,
        clock=lambda: NOW,
        random=os.urandom,
    )


def put(store: Store, key: str, start: str, person: str = "me") -> None:
    order = Order("公民館", "slot", start, start, 0)
    store.outbox.put(
        Entry(
            key=key,
            service="booking",
            kind="order",
            payload=msgspec.json.encode(order),
            person=person,
            created_at=NOW,
        )
    )


async def test_what_waits_and_what_was_refused_while_nobody_looked_is_told(store: Store) -> None:
    for key, start in (
        ("waits", "2027-01-10T00:00:00Z"),
        ("refused", "2027-01-18T00:00:00Z"),
        ("refused, over", "2027-01-10T00:00:00Z"),
    ):
        put(store, key, start)
    put(store, "another's", "2027-01-18T00:00:00Z", person="you")
    for key in ("refused", "refused, over"):
        store.outbox.refused(key, "booking.taken")
    orders = await service(store, Town()).work(LoadOrders())
    assert isinstance(orders, Orders)
    assert orders.complete
    assert {it.key: it.delivery for it in orders.placed} == {
        "waits": Delivery.WAITING,
        "refused": Delivery.REFUSED,
        "held": Delivery.SENT,
    }


async def test_a_town_that_is_down_does_not_hide_what_waits_here(store: Store) -> None:
    with pytest.raises(ServiceUnreachable):
        await service(store, Town(down=True)).work(LoadOrders())
    put(store, "waits", "2027-01-18T00:00:00Z")
    orders = await service(store, Town(down=True)).work(LoadOrders())
    assert isinstance(orders, Orders)
    assert [it.key for it in orders.placed] == ["waits"]
    assert not orders.complete


@pytest.mark.parametrize("start", ["", "tomorrow", "2027-01-18T00:00:00"])
def test_a_time_that_cannot_be_shown_is_refused_while_it_is_decoded(start: str) -> None:
    slot = {"id": "s", "start": start, "end": "2027-01-18T00:00:00Z", "free": True, "price_yen": 0}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(slot, Slot)

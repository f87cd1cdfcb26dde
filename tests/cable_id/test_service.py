"""A service's client with the simulated town's booking and record services."""

from __future__ import annotations

import asyncio
import os
import uuid
from typing import Any

import msgspec
import pytest

from stb_agent.cable_id import errors
from stb_agent.cable_id.resource import ServiceClient
from stb_agent.store import Courier, Entry, NeedsCard, State, Store, Unreachable
from tests.support.home import Home

pytestmark = pytest.mark.asyncio(loop_scope="module")


def wanted(slot: str) -> dict[str, Any]:
    """The body of an order for a slot."""
    return {"slot": slot, "purpose": "会議", "people": 8, "group": ""}


async def a_free_slot(service: ServiceClient, skip: int = 0) -> str:
    facility = (await service.get("/facilities", dict))["facilities"][0]["id"]
    slots = (await service.get(f"/facilities/{facility}/slots", dict, query={"days": "14"}))["slots"]
    return str([slot["id"] for slot in slots if slot["free"]][skip])


async def test_a_booking_is_made_once_whatever_is_lost_on_the_way(home: Home) -> None:
    service = ServiceClient(home.world.booking, home.transport)
    session = await home.sign_in(home.card("linked"))
    token = (await home.client.service_token(session, home.world.booking)).token
    order = f"/orders/{uuid.uuid4()}"
    slot = await a_free_slot(service)
    await home.fault("booking", kind="drop_after", method="PUT", path="/orders/*", times=2)
    with pytest.raises(errors.ServiceUnreachable):
        await service.put(order, wanted(slot), dict, token=token)
    first = await service.put(order, wanted(slot), dict, token=token)
    assert await service.put(order, wanted(slot), dict, token=token) == first
    assert first["status"] == "confirmed"
    sendings = [status for method, path, status in await home.seen("booking") if (method, path) == ("PUT", order)]
    assert sendings == [None, None, 200, 200], "each sending had a proof of its own: none was refused as a repeat"
    with pytest.raises(errors.ServiceRefused) as taken:
        await service.put(f"/orders/{uuid.uuid4()}", wanted(slot), dict, token=token)
    assert (taken.value.status, taken.value.name) == (409, "OpportunityHasInsufficientCapacityError")
    with pytest.raises(errors.ServiceNotFound) as unknown:
        await service.put(f"/orders/{uuid.uuid4()}", wanted("no-such-time"), dict, token=token)
    assert unknown.value.name == "UnknownOpportunityError"
    orders = (await service.get("/orders", dict, token=token))["orders"]
    assert [entry["id"] for entry in orders].count(first["id"]) == 1


async def test_a_token_of_another_service_needs_the_card(home: Home) -> None:
    session = await home.sign_in(home.card("linked"))
    other = (await home.client.service_token(session, home.world.health)).token
    with pytest.raises(errors.SessionEnded):
        await ServiceClient(home.world.booking, home.transport).get("/orders", dict, token=other)


async def test_public_answers_carry_nothing_of_the_box(home: Home) -> None:
    service = ServiceClient(home.world.booking, home.transport)
    assert (await service.get("/facilities", dict))["facilities"]
    with pytest.raises(errors.ServiceNotFound):
        await service.get("/facilities/none/slots", dict)
    await home.fault("booking", kind="status", status=503, seconds=9)
    with pytest.raises(errors.ServiceBusy) as busy:
        await service.get("/facilities", dict)
    assert busy.value.retry_after == 9


class Slots(msgspec.Struct):
    """Not what /facilities answers."""

    slots: list[str]


async def test_an_answer_that_was_not_promised(home: Home) -> None:
    with pytest.raises(errors.ServiceAnswerInvalid):
        await ServiceClient(home.world.booking, home.transport).get("/facilities", Slots)


async def test_records_are_read_page_by_page_within_the_service(home: Home) -> None:
    service = ServiceClient(home.world.health, home.transport)
    session = await home.sign_in(home.card("linked"))
    token = (await home.client.service_token(session, home.world.health)).token
    query = {"code": "http://loinc.org|85354-9", "_sort": "-date", "_count": "3"}
    bundle = await service.get("/Observation", dict, token=token, query=query)
    assert len(bundle["entry"]) == 3
    following = next(link["url"] for link in bundle["link"] if link["relation"] == "next")
    more = await service.get(following, dict, token=token)
    seen = {entry["resource"]["id"] for entry in bundle["entry"]}
    assert not seen & {entry["resource"]["id"] for entry in more["entry"]}
    before = await home.seen("booking")
    for foreign in (
        home.world.booking + "/orders",
        "https://evil.example/",
        "http://a:b@127.0.0.1/",
    ):
        with pytest.raises(errors.UnsafeAddress):
            await service.get(foreign, dict, token=token)
    assert await home.seen("booking") == before


async def test_the_outbox_outlives_a_service_that_is_away(home: Home, tmp_path) -> None:
    """The rooms together as the agent joins them: an entry, a courier, a service that comes back."""
    service = ServiceClient(home.world.booking, home.transport)
    session = await home.sign_in(home.card("linked"))
    token = await home.client.service_token(session, home.world.booking)
    slot = await a_free_slot(service, skip=1)
    store = Store.open(tmp_path / "store", clock=home.clock, random=os.urandom)

    class Sender:
        async def send(self, entry: Entry) -> bytes:
            try:
                answer: dict[str, Any] = await service.put(
                    f"/orders/{entry.key}", entry.payload, dict, token=(entry.authority or b"").decode()
                )
            except (errors.ServiceUnreachable, errors.ServiceBusy):
                raise Unreachable from None
            except errors.SessionEnded:
                raise NeedsCard from None
            return msgspec.json.encode(answer)

    settled: asyncio.Queue[Entry] = asyncio.Queue()
    courier = Courier(
        store.outbox, {"booking": Sender()}, clock=home.clock, random=os.urandom, changed=settled.put_nowait
    )
    await home.world.stop("booking")
    store.outbox.put(
        Entry(
            key=str(uuid.uuid4()),
            service="booking",
            kind="order",
            payload=msgspec.json.encode(wanted(slot)),
            person="handle",
            created_at=home.clock(),
            authority=token.token.encode(),
            authority_expires=token.expires_at,
        )
    )
    running = asyncio.create_task(courier.run())
    try:
        assert (await asyncio.wait_for(settled.get(), 5)).state is State.WAITING
        await home.world.start("booking")
        while True:
            courier.wake()
            entry = await asyncio.wait_for(settled.get(), 5)
            if entry.state is not State.WAITING:
                break
    finally:
        running.cancel()
        store.close()
    assert entry.state is State.SENT
    assert entry.answer is not None
    assert msgspec.json.decode(entry.answer)["status"] == "confirmed"
    orders = (await service.get("/orders", dict, token=token.token))["orders"]
    assert [order["id"] for order in orders].count(entry.key) == 1

"""What happened elsewhere reaches the living room: once, for the person whom it concerns, whatever is lost on the way."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Callable
from typing import Any

import pytest

from stb_agent.contract.transmissions import Kind
from stb_agent.store.store import Store
from tests.support.box import Box, code, running_box
from tests.support.walk import card_pulled, sign_in

OFTEN = "events_every = 1"
"""The box asks every second while nobody is signed in."""


async def happens(box: Box, happening: str, **claims: object) -> list[str]:
    told: list[str] = (
        await box.world.control("platform", "POST", "/_sim/events", {"happening": happening, "claims": claims})
    )["jti"]
    assert told, "no stream was there yet"
    return told


async def told(box: Box) -> dict[str, dict[str, Any]]:
    found = (await box.world.control("platform", "GET", "/_sim/events"))["events"]
    return {it["jti"]: it for it in found}


async def taken(box: Box, jti: str, state: str = "taken") -> None:
    """Wait until the platform knows that the box has heard."""
    async with asyncio.timeout(30):
        while (await told(box))[jti]["state"] != state:
            await asyncio.sleep(0.1)


async def listening(box: Box) -> None:
    """Wait until the box's stream is there and verified."""
    async with asyncio.timeout(30):
        while not any(
            "verification" in next(iter(it["claims"]["events"])) and it["state"] == "taken"
            for it in (await told(box)).values()
        ):
            await asyncio.sleep(0.1)


def kept(box: Box, read: Callable[[Store], Any]) -> Any:
    """Read the store of a stopped box."""
    store = Store.open(box.folder / "state", clock=lambda: 0.0, random=random.randbytes)
    try:
        return read(store)
    finally:
        store.close()


def offers(message: dict[str, Any], id_: str) -> bool:
    return any(item["id"] == id_ for item in message["view"].get("items", ()))


async def test_a_session_ended_elsewhere_is_blank_at_once_and_says_who_did_it() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        ui.choose("health")
        await ui.kind("detail", "health.title")
        await listening(box)
        assert ui.message["personal"]
        (jti,) = await happens(box, "session_revoked")
        notice = await ui.kind("message", "news.revoked.title")
        assert code(notice["lead"]) == "news.revoked.by_admin"
        assert not ui.message["personal"]
        assert ui.message["status"]["level"] == 1
        await taken(box, jti)
        ui.choose("ok")
        home = await ui.kind("home")
        assert not any(item["id"] == "sign_out" for item in home["items"])
        await sign_in(box, ui)
        await box.stop()
        ends = kept(box, lambda store: [it.data for it in store.audit.events() if it.event == "session"])
        assert [it["reason"] for it in ends] == ["revoked", "stopped"]


async def test_a_lost_card_ends_the_session_and_its_link_rests_until_another_card_takes_its_place() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        await listening(box)
        (jti,) = await happens(box, "card_lost")
        notice = await ui.kind("message", "news.suspended.title")
        assert code(notice["lead"]) == "news.suspended.lost"
        assert ui.message["status"]["level"] == 1
        await taken(box, jti)
        await box.stop()
        assert [it.suspended for it in kept(box, lambda store: store.links.all())] == [True]


async def test_a_link_that_the_operator_ends_leaves_nothing_of_its_person_here() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        ui.choose("health")
        await ui.kind("detail", "health.title")
        await listening(box)
        number = box.world.describe()["contract_number"]
        assert await box.world.control(
            "platform", "POST", "/_sim/call-centre", {"act": "end", "contract_number": number}
        )
        notice = await ui.kind("message", "news.revoked.title")
        assert notice["items"]
        assert ui.message["status"]["level"] == 1
        async with asyncio.timeout(30):
            while [it["state"] for it in (await told(box)).values()].count("taken") != 2:
                await asyncio.sleep(0.1)
        await box.stop()
        assert kept(box, lambda store: store.links.all()) == []
        (handle,) = kept(
            box, lambda store: [it.data["handle"] for it in store.audit.events() if it.event == "platform.told"]
        )
        sent = kept(box, lambda store: store.transmissions.of(handle))
        assert {it.kind for it in sent} <= {Kind.SESSION_END}, "what was sent before is nobody's list any more"


async def test_nobody_is_signed_in_and_the_box_hears_all_the_same() -> None:
    async with running_box(platform=OFTEN) as box, box.ui() as ui:
        await sign_in(box, ui)
        await card_pulled(box, ui)
        (lost,) = await happens(box, "card_lost")
        await taken(box, lost)
        (replaced,) = await happens(box, "certificate_replaced")
        await taken(box, replaced)
        await box.stop()
        assert [it.suspended for it in kept(box, lambda store: store.links.all())] == [False]
        kinds = kept(box, lambda store: [it.data["kind"] for it in store.audit.events() if it.event == "platform.told"])
        assert kinds == ["card_lost", "card_replaced"]


async def test_news_of_an_address_waits_for_its_person_and_is_said_once() -> None:
    async with running_box(platform=OFTEN) as box, box.ui() as ui:
        await sign_in(box, ui)
        await card_pulled(box, ui)
        first = await happens(box, "address_changed", event_timestamp=1_700_000_000)
        again = await happens(box, "address_changed", event_timestamp=1_700_000_000)
        for jti in (*first, *again):
            await taken(box, jti)
        assert not offers(ui.message, "address"), "nobody sees it who is not this person"
        await sign_in(box, ui, "new")
        await ui.kind("consent", "link.title")
        ui.choose("back")
        home = await ui.kind("home")
        assert ui.message["status"]["level"] == 2
        assert not any(item["id"] == "address" for item in home["items"]), "another member of the household"
        await card_pulled(box, ui)
        await sign_in(box, ui)
        await ui.until(lambda message: offers(message, "address"))
        ui.choose("address")
        page = await ui.kind("detail", "news.address.title")
        assert sum(code(row["label"]) == "news.address.when" for row in page["rows"]) == 1
        assert ui.message["personal"]
        ui.choose("ok")
        home = await ui.kind("home")
        assert not any(item["id"] == "address" for item in home["items"])
        later = await happens(box, "address_changed", event_timestamp=1_700_000_500)
        await taken(box, later[0])
        await ui.until(lambda message: offers(message, "address"))


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_after", "path": "/ssf/poll/*", "times": 3},
        {"kind": "half", "path": "/ssf/poll/*", "times": 2},
        {"kind": "status", "status": 503, "seconds": 1, "path": "/ssf/poll/*", "times": 2},
        {"kind": "status", "status": 401, "path": "/ssf/poll/*", "times": 1},
        {"kind": "status", "status": 500, "path": "/ssf/*", "times": 2},
    ],
    ids=["lost", "half", "busy", "token", "error"],
)
async def test_an_answer_that_is_lost_is_no_event_that_is_lost(fault: dict[str, object]) -> None:
    async with running_box(platform=OFTEN) as box, box.ui() as ui:
        await sign_in(box, ui)
        await card_pulled(box, ui)
        await box.world.control("platform", "POST", "/_sim/faults", fault)
        (jti,) = await happens(box, "card_lost")
        await taken(box, jti)
        await box.stop()
        told_of = kept(box, lambda store: [it for it in store.audit.events() if it.event == "platform.told"])
        assert len(told_of) == 1, "what comes twice takes effect once"


async def test_killed_between_hearing_and_saying_so() -> None:
    async with running_box(platform=OFTEN) as box, box.ui() as ui:
        await sign_in(box, ui)
        await card_pulled(box, ui)
        (jti,) = await happens(box, "address_changed")
        async with asyncio.timeout(30):
            while not any(b"event address_change" in line for line in box.log):
                await asyncio.sleep(0.005)
        await box.stop(signal.SIGKILL)
        await box.start()
        await taken(box, jti)
        await box.stop()
        pieces = kept(box, lambda store: [it.kind for it in store.news.all()])
        assert pieces == ["address_change"]


async def test_a_box_that_knows_nobody_asks_seldom() -> None:
    async with running_box(platform="events_every = 30") as box, box.ui() as ui:
        await sign_in(box, ui)
        await listening(box)
        await card_pulled(box, ui)
        seen = (await box.world.control("platform", "GET", "/_sim/requests"))["requests"]
        polls = sum(it["path"].startswith("/ssf/poll") for it in seen)
        assert polls <= 6, "a poll that finds nothing is held back while somebody is signed in"

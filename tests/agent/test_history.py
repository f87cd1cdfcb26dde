"""What was sent, against what was received: nothing leaves the box that the list does not have."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from stb_agent.contract.transmissions import Kind, Result
from stb_agent.store import Store
from stb_agent.store.transmissions import BOX
from tests.support.box import Box, Ui, code, running_box
from tests.support.walk import confirm_booking, sign_in

Told = tuple[str, str, int, str]
"""Host, kind, bytes, result."""

_PATHS = {
    ("platform", "GET", "/.well-known/openid-configuration"): {"discovery"},
    ("platform", "GET", "/jwks"): {"keys"},
    ("platform", "POST", "/register"): {"registration"},
    ("platform", "POST", "/card-nonce"): {"challenge"},
    ("platform", "POST", "/token"): {"card_sign_in", "service_token", "news"},
    ("platform", "POST", "/session/end"): {"session_end"},
    ("platform", "GET", "/.well-known/ssf-configuration"): {"news"},
    ("platform", "GET", "/ssf/stream"): {"news"},
    ("platform", "POST", "/ssf/stream"): {"news"},
    ("platform", "POST", "/ssf/verify"): {"news"},
    ("platform", "POST", "/ssf/poll/…"): {"news"},
    ("platform", "POST", "/link"): {"link"},
    ("platform", "GET", "/link"): {"link_state"},
    ("platform", "GET", "/confirmations"): {"confirmations"},
    ("platform", "POST", "/handoff"): {"handoff_offer"},
    ("platform", "GET", "/handoff/…"): {"handoff_ask"},
    ("platform", "DELETE", "/handoff/…"): {"handoff_end"},
    ("booking", "GET", "/facilities"): {"booking_look"},
    ("booking", "GET", "/facilities/…"): {"booking_look"},
    ("booking", "GET", "/orders"): {"booking_read"},
    ("booking", "PUT", "/orders/…"): {"booking_change"},
    ("health", "GET", "/fhir/Observation"): {"health_read"},
    ("health", "GET", "/Observation"): {"health_read"},
}
"""What the profile and the services' page say is at each address."""


async def _received(box: Box) -> Counter[tuple[str, str, int, int | None]]:
    """Give what the simulators were sent: host, the kinds it may be, bytes, status."""
    came: Counter[tuple[str, str, int, int | None]] = Counter()
    for name, address in (
        ("platform", box.world.platform),
        ("booking", box.world.booking),
        ("health", box.world.health),
    ):
        for it in (await box.world.control(name, "GET", "/_sim/requests"))["requests"]:
            if it["inside"]:
                continue  # a service that looks whose tokens it was shown
            path = re.sub(r"^(/handoff|/facilities|/orders|/ssf/poll)/.+", r"\1/…", it["path"])
            kinds = _PATHS[name, it["method"], path]
            came[urlsplit(address).netloc, "|".join(sorted(kinds)), it["size"], it["status"]] += 1
    return came


def _listed(folder: Any, handle: str | None = None) -> list[Told]:
    store = Store.open(folder, clock=time.time, random=os.urandom)
    try:
        people = {link.handle for link in store.links.all()}
        own = [
            (it.host, it.kind.value, it.size, it.result.value) for who in people for it in store.transmissions.of(who)
        ]
        for day in store.transmissions.days(BOX):
            for it in day.sums:
                assert not it.kind.personal
                own += [(it.host, it.kind.value, it.size // it.count, it.result.value)] * it.count
        return own
    finally:
        store.close()


def _agrees(status: int | None, result: str) -> bool:
    if status is None:
        return result == Result.NO_ANSWER
    if status < 400:
        return result == Result.SENT
    return result in ((Result.BUSY,) if status >= 500 else (Result.AGAIN, Result.REFUSED))


_ASKED = ("news", "confirmations")
"""What the box asks again and again, so that its end may fall into such a question."""


def _compare(came: Counter[tuple[str, str, int, int | None]], told: list[Told]) -> None:
    """Take each thing received from the list: it has to be there, and nothing is left over."""
    left = Counter(told)
    for (host, kinds, size, status), count in came.items():
        for _ in range(count):
            fits = [
                it
                for it in left
                if left[it] > 0
                and it[0] == host
                and it[1] in kinds.split("|")
                # A question asked again and again may be cut off by the box's end, after the platform answered and before that came.
                and (_agrees(status, it[3]) or (it[1] in _ASKED and it[3] == Result.NO_ANSWER))
            ]
            # What is the box's own is listed by its sum of a day: where such requests differ in size, their mean stands for each.
            fits.sort(key=lambda it: (not _agrees(status, it[3]), it[2] != size))
            found = next((it for it in fits if it[2] == size or it[1] == "news"), None)
            assert found, f"in no list: {host} {kinds} {size} bytes, {status}; {+left}"
            left[found] -= 1
    # One that the box's end cut off may not have arrived: what is listed is what began to leave.
    over = [it for it in +left if it[1] not in _ASKED or it[3] != Result.NO_ANSWER]
    assert not over, "listed and received by nobody"


async def _history(box: Box, ui: Ui) -> None:
    """From home to the page of what was sent."""
    ui.choose("settings")
    await ui.kind("list", "settings.title")
    ui.choose("more:history")
    await ui.kind("list", "history.title")


async def test_the_list_is_what_the_world_received() -> None:
    async with running_box() as box:
        async with box.ui() as ui:
            await sign_in(box, ui, "new")
            await ui.kind("consent", "link.title")
            ui.choose("agree")
            await ui.kind("form")
            # The first answer is lost on the way: the outbox sends again, and both leave the box.
            await box.world.control("platform", "POST", "/_sim/faults", {"kind": "drop_after", "path": "/link"})
            await box.press(*box.world.describe()["contract_number"])
            await ui.until(lambda message: len(message["view"].get("field", {}).get("value", "")) == 10)
            ui.choose("submit")
            await ui.kind("message", "link.done.title")
            ui.choose("ok")
            await ui.kind("home")
            await box.world.control("booking", "POST", "/_sim/faults", {"kind": "status", "path": "/orders/*"})
            await confirm_booking(ui)
            ui.choose("book")
            await ui.kind("detail", "booking.slip")
            await ui.until(lambda message: message["view"].get("delivery") == "sent")
            ui.choose("done")
            await ui.kind("home")
            ui.choose("orders")
            await ui.kind("list", "booking.orders")
            await box.press("BACK")
            await ui.kind("home")
            ui.choose("health")
            await ui.kind("detail", "health.title")
            await box.press("BACK")
            await ui.kind("home")
            await _history(box, ui)
            ui.choose("own")
            shown = await ui.kind("list", "history.own.title")
            told = [code(item["label"]) for item in shown["items"]]
            for kind in (Kind.CARD_SIGN_IN, Kind.LINK, Kind.BOOKING_CHANGE, Kind.HEALTH_READ, Kind.SERVICE_TOKEN):
                assert f"history.what.{kind}" in told
            ui.choose("sent:0")
            await ui.kind("detail", "history.one")
            await box.press("BACK", "BACK")
            await ui.kind("list", "history.title")
            ui.choose("box")
            days = await ui.kind("list", "history.box.title")
            assert days["items"][0]["detail"]["code"] == "history.times"
            await box.tray.pull()
            await ui.kind("message", "home.card_gone.title")
            traffic = b"".join(line for line in ui.lines if b'"code":"history.' in line)
        async with asyncio.timeout(20):
            while not any(b"knows of an end" in line for line in box.log):
                await asyncio.sleep(0.05)
        await box.stop()
        came, listed = await _received(box), _listed(box.folder / "state")
        _compare(came, listed)
        assert sum(it[3] == Result.NO_ANSWER and Kind(it[1]).personal for it in listed) == 1
        later = sum(it[1] == Kind.SESSION_END for it in listed)
        assert later
        assert len(told) == sum(Kind(it[1]).personal for it in listed) - later, "the person sees each of them"
        assert traffic
        for value in (box.world.describe()["contract_number"].encode(), b"eyJ", b"F01"):
            assert value not in traffic, "kinds, never values"


async def test_another_person_sees_nothing_of_it_and_nobody_without_a_card() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        await _history(box, ui)
        ui.choose("own")
        await ui.kind("list", "history.own.title")
        await box.tray.pull()
        await ui.kind("message", "home.card_gone.title")
        ui.choose("ok")
        await ui.kind("home")
        await _history(box, ui)
        ui.choose("own")
        gate = await ui.until(lambda message: message["view"]["kind"] != "list")
        assert "history" not in str(gate["title"])


async def test_help_leads_there_from_anywhere_and_back() -> None:
    async with running_box() as box, box.ui() as ui:
        await box.press("HOMEPAGE")
        await ui.kind("home")
        ui.choose("booking")
        await ui.kind("list", "booking.title")
        ui.choose("help")
        await ui.until(lambda message: message["view"].get("support"))
        ui.choose("history")
        view = await ui.kind("list", "history.title")
        assert not ui.message.get("overlay")
        assert [item["id"] for item in view["items"]] == ["own", "box"]
        await box.press("BACK")
        await ui.kind("list", "booking.title")


async def test_what_is_not_written_yet_is_written_when_the_box_is_told_to_end() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        await box.stop()
        assert any(b"knows of an end" in line for line in box.log)
        _compare(await _received(box), _listed(box.folder / "state"))

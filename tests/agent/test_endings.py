"""Every end of a session is a defined one: blank here, told to the platform and the services with its cause, at once or next time."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from stb_agent.contract.ending import Ended
from stb_agent.store.store import Store
from tests.support.box import Box, Ui, code, running_box
from tests.support.walk import card_pulled, sign_in


async def ends(box: Box, count: int) -> list[tuple[str, dict[str, str]]]:
    """Wait until the platform was told of so many ends; give cause and services by their names."""
    names = {box.world.booking: "booking", box.world.health: "health"}
    async with asyncio.timeout(30):
        while True:
            found = (await box.world.control("platform", "GET", "/_sim/ends"))["ends"]
            if len(found) >= count:
                return [(it["cause"], {names[s["service"]]: s["state"] for s in it["services"]}) for it in found]
            await asyncio.sleep(0.1)


async def use_both(box: Box, ui: Ui) -> None:
    """From home of a signed-in person: look at what needs a token of each service."""
    for tile, title in (("orders", "booking.orders"), ("health", "health.title")):
        await ui.until(lambda message, tile=tile: any(it["id"] == tile for it in message["view"].get("items", ())))  # type: ignore[misc]
        ui.choose(tile)
        await ui.until(lambda message, title=title: code(message["view"]["title"]) == title and message["view"]["kind"] != "progress")  # type: ignore[misc]  # fmt: skip
        ui.choose("back")
        await ui.kind("home")


def states(view: dict[str, Any]) -> dict[str, str]:
    """Give what the page says of each service."""
    return {code(row["label"]): code(row["value"]) for row in view.get("rows", ())}


def kept(box: Box) -> Store:
    return Store.open(box.folder / "state", clock=lambda: 0.0, random=random.randbytes)


def reasons(box: Box) -> list[str]:
    """Give the causes in the audit trail of a stopped box."""
    store = kept(box)
    try:
        return [str(it.data["reason"]) for it in store.audit.events() if it.event == "session"]
    finally:
        store.close()


ENDED, PENDING = "ending.state.ended", "ending.state.pending"
BOTH = {"booking.tile", "health.tile"}


async def test_the_end_ends_everything_everywhere_and_says_so() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        await use_both(box, ui)
        ui.choose("sign_out")
        page = await ui.until(lambda message: set(states(message["view"]).values()) == {ENDED})
        assert set(states(page)) == BOTH
        assert code(page["lead"]) == "ending.lead.ended"
        assert await ends(box, 1) == [("user", {"booking": "ended", "health": "ended"})]
        ui.choose("ok")
        await ui.kind("home")
        await sign_in(box, ui)
        assert not any(item["id"] == "last_end" for item in ui.message["view"]["items"]), "nothing is left to say"
        await box.stop()
        assert reasons(box) == ["user", "stopped"]


async def test_nothing_used_is_nothing_to_wait_for() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        ui.choose("sign_out")
        assert (await ui.kind("message", "sign_in.ended.title"))["tone"] == "ok"
        assert await ends(box, 1) == [("user", {})]


async def test_a_service_that_is_down_is_not_yet_confirmed_and_shown_next_time() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        await use_both(box, ui)
        await box.world.stop("health")
        ui.choose("sign_out")
        page = await ui.until(lambda message: states(message["view"]).get("booking.tile") == ENDED)
        assert states(page)["health.tile"] == PENDING
        assert code(page["lead"]) == "ending.lead.pending"
        ui.choose("ok")
        await ui.kind("home")
        await sign_in(box, ui)
        await ui.until(lambda message: any(it["id"] == "last_end" for it in message["view"].get("items", ())))
        ui.choose("last_end")
        page = await ui.kind("detail", "ending.last.title")
        assert states(page) == {"booking.tile": ENDED, "health.tile": PENDING}
        ui.choose("ok")
        await box.world.start("health")
        async with asyncio.timeout(30):
            while (await ends(box, 1))[0][1]["health"] != "ended":
                await asyncio.sleep(0.1)
        ui.choose("last_end")
        page = await ui.kind("detail", "ending.last.title")
        assert set(states(page).values()) == {ENDED}
        ui.choose("ok")
        home = await ui.kind("home")
        assert not any(item["id"] == "last_end" for item in home["items"])


async def test_a_platform_that_cannot_be_asked_is_told_later() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        await use_both(box, ui)
        await box.world.control(
            "platform", "POST", "/_sim/faults", {"kind": "drop_before", "path": "/session/end", "times": 2}
        )
        ui.choose("sign_out")
        page = await ui.until(lambda message: PENDING in states(message["view"]).values())
        assert set(states(page)) == BOTH, "the box knows which services it used"
        await ui.until(lambda message: set(states(message["view"]).values()) == {ENDED})


async def test_an_answer_that_was_lost_is_no_second_end() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        await use_both(box, ui)
        await box.world.control("platform", "POST", "/_sim/faults", {"kind": "drop_after", "path": "/session/end"})
        await card_pulled(box, ui)
        async with asyncio.timeout(30):
            while await ends(box, 1) != [("card_removed", {"booking": "ended", "health": "ended"})]:
                await asyncio.sleep(0.1)


async def test_no_key_for_a_while_is_an_end_too() -> None:
    async with running_box(more="\n[privacy]\nlock_after = 10\nwarning = 3\n") as box, box.ui() as ui:
        await sign_in(box, ui)
        ui.choose("health")
        await ui.kind("detail", "health.title")
        await ui.kind("message", "home.locked.title")
        assert [(cause, set(services)) for cause, services in await ends(box, 1)] == [("idle", {"health"})]


async def test_killed_and_started_again_it_ended_by_a_crash() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        await use_both(box, ui)
        await box.stop(signal.SIGKILL)
        await box.start()
        assert [cause for cause, _ in await ends(box, 1)] == ["crashed"]
        await box.stop()
        assert reasons(box) == ["crashed"]


async def test_when_the_power_was_lost_the_platform_hears_of_it_next_time() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        await use_both(box, ui)
        await box.stop(signal.SIGKILL)
        another_boot(box)
        await box.world.stop("platform")
        await box.start()
        await box.stop()
        assert reasons(box) == ["power_lost"]
        await box.world.start("platform")
        await box.start()
        assert [cause for cause, _ in await ends(box, 1)] == ["power_lost"]
        async with asyncio.timeout(30):
            while (await ends(box, 1))[0][1] != {"booking": "ended", "health": "ended"}:
                await asyncio.sleep(0.1)


def another_boot(box: Box) -> None:
    """Let what the box wrote down have been written before the machine started."""
    store = kept(box)
    try:
        (open_one,) = [it for it in store.endings.all() if it.cause is None]
        assert set(open_one.services.values()) == {Ended.PENDING}
        store.endings._write(msgspec.structs.replace(open_one, boot="another"))
    finally:
        store.close()


async def test_a_box_that_is_switched_off_in_good_order_says_so() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        await box.stop()
        assert [cause for cause, _ in await ends(box, 1)] == ["stopped"]


@asynccontextmanager
async def middleware(box: Box) -> AsyncIterator[asyncio.StreamWriter]:
    """Stand in the place of the television's middleware and give the agent's connection."""
    came: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set_result(writer)
        while await reader.read(1 << 12):
            pass

    server = await asyncio.start_unix_server(serve, box.folder / "tv.sock")
    try:
        yield await asyncio.wait_for(came, 15)
    finally:
        server.close()
        if came.done():
            came.result().close()


@pytest.mark.parametrize("why", ["standby", "input"])
async def test_nobody_sits_before_a_television_that_sleeps_or_shows_another_input(why: str) -> None:
    async with running_box() as box:
        await box.stop()
        text = (box.folder / "box.toml").read_text("utf-8")
        (box.folder / "box.toml").write_text(f'{text}\n[tv]\nsocket = "{box.folder}/tv.sock"\n', "utf-8")
        await box.start()
        async with middleware(box) as writer, box.ui() as ui:
            await sign_in(box, ui)
            assert ui.message["view"]["kind"] == "home", "nothing personal is open"
            writer.write(json.dumps({"type": "yield", "active": True, "why": why}).encode() + b"\n")
            await ui.until(lambda message: not message["shown"] and message["status"].get("level", 0) == 1)
            assert [cause for cause, _ in await ends(box, 1)] == [why]

"""A confirmed booking is neither lost nor made twice, whenever the agent is killed."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
from pathlib import Path

import pytest

from stb_agent.store.outbox import State
from stb_agent.store.store import Store
from tests.support.box import Box, running_box
from tests.support.walk import confirm_booking, sign_in


def orders(box: Box) -> list[str]:
    """Give the times that the town has booked, as its own database says."""
    path = next(it for it in (box.folder / "world").glob("**/booking.*") if it.suffix in (".db", ".sqlite", ".sqlite3"))
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return [row[0] for row in db.execute("SELECT slot FROM orders ORDER BY slot")]


def kept(folder: Path) -> list[tuple[str, State]]:
    """Give what the outbox of a stopped box holds."""
    store = Store.open(folder / "state", clock=lambda: 0.0, random=random.randbytes)
    try:
        return [(entry.key, entry.state) for entry in store.outbox._select("1 = ?", 1)]
    finally:
        store.close()


async def settled(box: Box, slot: str) -> None:
    async with asyncio.timeout(20):
        while slot not in orders(box):
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("fault", "pause"),
    [
        ({"kind": "down", "times": None}, 0.6),  # kept, but not a byte of it sent
        ({"kind": "delay_before", "seconds": 30.0}, 0.6),  # sent, and not yet taken
        ({"kind": "delay_after", "seconds": 30.0}, 0.6),  # taken, and the answer still to come
        ({"kind": "drop_after"}, 0.3),  # taken, and the answer lost
    ],
    ids=["before", "sent", "taken", "answer-lost"],
)
async def test_killed_while_the_town_is_slow(fault: dict[str, object], pause: float) -> None:
    async with running_box() as box:
        async with box.ui() as ui:
            await sign_in(box, ui)
            slot = await confirm_booking(ui)
            await box.world.control("booking", "POST", "/_sim/faults", {"path": "/orders/*", "method": "PUT", **fault})
            ui.choose("book")
            await asyncio.sleep(pause)
            await box.stop(signal.SIGKILL)
        await box.world.control("booking", "DELETE", "/_sim/faults")
        await box.start()
        await settled(box, slot)
        async with box.ui() as ui:
            await sign_in(box, ui)
            ui.choose("orders")
            listed = await ui.until(
                lambda message: any(
                    it["detail"]["code"] == "frame.delivery.sent"
                    for it in message["view"].get("items", ())
                    if "detail" in it
                )
            )
            assert len(listed["items"]) == 1
        assert orders(box) == [slot]
        await box.stop()
        assert [state for _, state in kept(box.folder)] == [State.SENT]


async def test_killed_at_twenty_moments_of_the_sending() -> None:
    """Kill at moments spread over the whole act, from the press to well after the slip is shown."""
    async with running_box() as box:
        for n in range(20):
            async with box.ui() as ui:
                await sign_in(box, ui)
                slot = await confirm_booking(ui, n % 7)
                ui.choose("book")
                await asyncio.sleep(0.004 * n)
                shown = ui.message["view"]["kind"] == "detail"
                await box.stop(signal.SIGKILL)
            put = [key for key, _ in kept(box.folder)]
            await box.start()
            if shown or len(put) > len(orders(box)):
                await settled(box, slot)
            booked = orders(box)
            assert len(booked) == len(set(booked)) == len(put)


async def test_an_authority_that_ran_out_waits_for_the_card() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        slot = await confirm_booking(ui)
        # The town no longer takes this sign-in, as if the person had confirmed and then been away for an hour.
        fault = {"path": "/orders/*", "method": "PUT", "kind": "status", "status": 401}
        await box.world.control("booking", "POST", "/_sim/faults", fault)
        ui.choose("book")
        await ui.kind("message", "sign_in.why.title")
        ui.choose("stop")
        slip = await ui.kind("detail", "booking.slip")
        assert slip["delivery"] == "waiting"
        assert slip["lead"]["code"] == "booking.slip_needs_card"
        assert orders(box) == []
        await box.tray.pull()
        await ui.kind("message")
        ui.choose("ok")
        await sign_in(box, ui)
        await settled(box, slot)

"""Services that take two seconds and more: every press is answered at once, and what is slow says so before it answers."""

from __future__ import annotations

import json
from typing import Any

from tests.support.box import Box, Ui, running_box
from tests.support.walk import confirm_booking, sign_in


async def _slow(box: Box, *services: str, seconds: float) -> None:
    for service in services:
        fault = {"kind": "delay_before", "seconds": seconds, "times": None}
        await box.world.control(service, "POST", "/_sim/faults", fault)


def _views(ui: Ui, since: int) -> list[dict[str, Any]]:
    """Give the views that came since a line, without those that say the same again."""
    found: list[dict[str, Any]] = []
    for line in ui.lines[since:]:
        message = json.loads(line)
        if message["type"] == "view" and (not found or message["view"] != found[-1]):
            found.append(message["view"])
    return found


async def test_every_step_of_a_slow_evening_answers_before_the_service_does() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        await _slow(box, "booking", "health", seconds=2.0)
        for chosen, like, kind in (
            ("booking", "list", "list"),
            (None, "calendar", "calendar"),
            ("next", "calendar", "calendar"),
        ):
            id_ = chosen or ui.message["view"]["items"][0]["id"]
            begun = len(ui.lines)
            ui.choose(id_)
            await ui.until(lambda message: message["view"]["kind"] == "progress")
            await ui.kind(kind)
            skeleton, steps, *_, answer = _views(ui, begun)
            assert (skeleton["kind"], skeleton["like"], skeleton.get("steps")) == ("progress", like, None)
            assert [step["state"] for step in steps["steps"]] == ["now", "todo"]
            assert answer["kind"] == kind
        for _ in range(2):
            await box.press("BACK")
        await ui.kind("home")
        begun = len(ui.lines)
        ui.choose("health")
        await ui.kind("detail", "health.title")
        skeleton, steps, *_, answer = _views(ui, begun)
        assert (skeleton["kind"], skeleton["like"]) == ("progress", "detail")
        assert steps["steps"]


async def test_what_takes_longer_than_three_seconds_says_so_and_can_be_left() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        await confirm_booking(ui)
        await _slow(box, "booking", seconds=6.0)
        begun = len(ui.lines)
        ui.choose("book")
        late = await ui.until(lambda message: message["view"].get("late"))
        assert late["kind"] == "progress"
        first, *_ = _views(ui, begun)
        assert (first["kind"], first.get("late")) == ("progress", None)
        await box.press("BACK")
        await ui.kind("calendar")
        assert not any(view["kind"] == "detail" for view in _views(ui, begun)), "it was left before the answer"


async def test_signing_in_tells_each_of_its_steps() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        steps = [
            [step["state"] for step in view["steps"]]
            for view in _views(ui, 0)
            if view["kind"] == "progress" and view.get("steps")
        ]
        assert steps == [["now", "todo", "todo"], ["done", "now", "todo"], ["done", "done", "now"]]

"""A purpose written in a browser as the phone, into the booking form of the running agent."""

from __future__ import annotations

from pathlib import Path

from tests.support.box import code, running_box
from tests.support.browser import chromium
from tests.support.phone import write
from tests.support.walk import sign_in, write_what_for

WRITTEN = "ひ孫のお食い初めの集まり"


async def test_a_text_from_the_phone_is_shown_asked_about_and_taken(tmp_path: Path) -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        await write_what_for(ui)
        assert [item["id"] for item in ui.message["view"]["items"]] == ["phone"]
        ui.choose("phone")
        shown = await ui.kind("detail", "handoff.title")
        async with chromium(tmp_path / "browser") as browser:
            await browser.open(shown["code"], 390, 844)
            await browser.until("!document.getElementById('form').hidden")
            assert await browser.evaluate("document.getElementById('number').textContent") == shown["rows"][0]["value"]
            await browser.evaluate("document.getElementById('text').focus()")
            await browser.call("Input.insertText", text=WRITTEN)
            await browser.until("!document.getElementById('send').disabled")
            await browser.click("#send")
            await browser.until("!document.getElementById('sent').hidden")
        asked = await ui.kind("choice", "handoff.came")
        assert asked["rows"][0]["value"] == WRITTEN
        ui.choose("take")
        form = await ui.kind("form")
        assert form["field"]["value"] == WRITTEN
        ui.choose("submit")
        await ui.until(lambda message: message["view"].get("field", {}).get("type") == "number")
        kept = b"".join(file.read_bytes() for file in box.world.state.rglob("platform*") if file.is_file())
        log = b"".join(box.log)
    key = shown["code"].rpartition(".")[2]
    for secret in (WRITTEN.encode(), key.encode()):
        assert secret not in log
        assert secret not in kept


async def test_leaving_ends_it_and_without_a_platform_the_keyboard_is_named() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        await write_what_for(ui)
        ui.choose("phone")
        shown = await ui.kind("detail", "handoff.title")
        id_ = shown["code"].partition("#")[2].partition(".")[0]
        await box.press("BACK")
        await ui.kind("form")
        ended = ("DELETE", f"/handoff/{id_}", 204)
        while ended not in [
            (it["method"], it["path"], it["status"])
            for it in (await box.world.control("platform", "GET", "/_sim/requests"))["requests"]
        ]:
            pass
        ui.choose("phone")
        await ui.kind("detail", "handoff.title")
        await box.press("HELP")
        await ui.kind("help")
        await box.press("BACK")
        over = await ui.kind("message", "handoff.title")
        assert code(over["lead"]) == "cable_id.handoff.over.cause", (
            "help covered the code: nobody waits for it any more"
        )
        await box.world.control("platform", "POST", "/_sim/faults", {"kind": "down"})
        ui.choose("again")
        trouble = await ui.until(lambda message: message["view"].get("code") == "cable_id.handoff.unreachable")
        assert code(trouble["remedy"]) == "cable_id.handoff.unreachable.remedy"
        await box.press("BACK")
        await ui.kind("form")


async def test_who_writes_on_the_phone_presses_no_key_meanwhile() -> None:
    async with running_box(more="[privacy]\nlock_after = 9\nwarning = 4\n") as box, box.ui() as ui:
        await sign_in(box, ui)
        await write_what_for(ui)
        ui.choose("phone")
        address = (await ui.kind("detail", "handoff.title"))["code"]
        await ui.kind("message", "home.idle.title")
        await box.press("OK")
        assert (await ui.kind("detail", "handoff.title"))["code"] == address, "the warning ended nothing"
        await ui.kind("message", "home.idle.title")
        assert await write(address, WRITTEN, 40) == 204
        await box.press("OK")
        assert (await ui.kind("choice", "handoff.came"))["rows"][0]["value"] == WRITTEN
        await ui.kind("message", "home.locked.title")
        seen = len(ui.lines)
        ui.choose(ui.message["view"]["items"][0]["id"])
        await ui.until(lambda message: code(message["view"]["title"]) != "home.locked.title")
        assert WRITTEN.encode() in b"".join(ui.lines[:seen])
        assert WRITTEN.encode() not in b"".join(ui.lines[seen:])

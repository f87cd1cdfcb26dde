"""The evening without a screen: every step over the agent's sockets, against the real card stack and the simulated world."""

from __future__ import annotations

import asyncio
import json

from tests.support.box import code, running_box
from tests.support.walk import agree, card_pulled, confirm_booking, sign_in, write_what_for


async def test_from_a_new_card_to_a_booking_slip_and_the_records() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui, "new")
        consent = await ui.kind("consent", "link.title")
        assert len(consent["statements"]) == 2
        ui.choose("agree")
        await ui.kind("form")
        number = box.world.describe()["contract_number"]
        await box.press(*number[:-1], str((int(number[-1]) + 1) % 10))
        await ui.until(lambda message: len(message["view"].get("field", {}).get("value", "")) == 10)
        ui.choose("submit")
        await ui.until(lambda message: code(message["view"].get("error")) == "link.number.check")
        await box.press("BACK", number[-1])
        await ui.until(lambda message: message["view"].get("field", {}).get("value") == number)
        ui.choose("submit")
        await ui.kind("message", "link.done.title")
        ui.choose("ok")
        await ui.kind("home")
        await confirm_booking(ui)
        ui.choose("book")
        slip = await ui.kind("detail", "booking.slip")
        assert slip["delivery"] == "sent"
        assert slip["rows"][0]["value"] == "R8-0001"
        ui.choose("done")
        await ui.kind("home")
        ui.choose("orders")
        orders = await ui.kind("list", "booking.orders")
        assert len(orders["items"]) == 1
        await box.press("BACK")
        await ui.kind("home")
        ui.choose("health")
        covered = await ui.kind("detail", "health.title")
        assert [row["value"] for row in covered["rows"]] == ["", ""]
        assert b"health.value" not in b"".join(ui.lines), "nothing of it leaves the agent before it is asked for"
        ui.choose("uncover")
        latest = await ui.until(lambda message: message["view"].get("curtain") == "open")
        assert all(code(row["value"]) == "health.value" for row in latest["rows"])
        ui.choose("chart")
        chart = await ui.kind("chart")
        assert chart["rows"] == latest["rows"], "more of what was asked for"
        assert len(chart["series"][0]["points"]) > 1
        await box.press("BACK")
        back = await ui.kind("detail", "health.title")
        assert back == covered
        async with box.ui() as another:
            await another.kind("detail")
            ui.choose("uncover")
            await ui.until(lambda message: message["view"].get("curtain") == "open")
            await another.until(lambda message: message["view"].get("curtain") == "open")
        async with box.ui() as another:
            assert await another.kind("detail") == covered, "a UI that begins shows nothing that nobody asked it for"
        await ui.until(lambda message: message["view"] == covered)
        await card_pulled(box, ui)
        traffic = b"".join(ui.lines)
        log = b"".join(box.log)
    for secret in (b"0020009804", b"eyJ", b"BEGIN"):
        assert secret not in traffic
        assert secret not in log
    assert box.tray.recorder.forbidden == []


async def test_a_wrong_pin_tells_the_tries_and_the_last_one_is_asked_for_knowingly() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui, "new", pin="9999")
        again = await ui.until(lambda message: message["view"].get("tries") == 2)
        assert code(again["error"]) == "card.pin.wrong.cause"
        await box.press(*"9998", "OK")
        warning = await ui.kind("choice", "sign_in.last_try.title")
        assert warning["items"][0] == {"id": "stop", "label": {"code": "sign_in.last_try.stop"}, "first": True}
        ui.choose("go")
        await ui.until(lambda message: message["view"].get("tries") == 1)
        await box.press(*"1234", "OK")
        await ui.kind("consent", "link.title")
        verified = [it for it in box.tray.recorder.commands if it.startswith("00200098") and len(it) > 8]
        assert len(verified) == 3, "one VERIFY for each entry"


async def test_a_blocked_an_expired_and_a_foreign_card_are_told_apart() -> None:
    async with running_box() as box, box.ui() as ui:
        await box.press("HOMEPAGE")
        await ui.kind("home")
        await box.tray.insert("expired")
        assert (await ui.kind("message"))["code"] == "card.certificate.expired"
        await box.tray.insert("blocked")
        await ui.kind("home")
        await ui.until(lambda message: any(it["id"] == "sign_in" for it in message["view"].get("items", ())))
        ui.choose("sign_in")
        await agree(ui)
        blocked = await ui.kind("message")
        assert blocked["code"] == "card.pin.blocked"
        ui.choose("stop")
        await ui.kind("home")


async def test_what_is_written_reaches_the_town_and_no_log() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        await write_what_for(ui)
        for keys, written in (
            (("2",), "か"),
            (("1", "1"), "かい"),
            (("2", "2"), "かいき"),
            (("NUMERIC_11",), "かいぎ"),
        ):
            await box.press(*keys)
            await ui.until(lambda message, written=written: message["view"]["field"]["value"] == written)  # type: ignore[misc]
        found = next(it["id"] for it in ui.message["view"]["field"]["candidates"] if it["label"] == "懐疑")
        ui.choose("take", found)
        await ui.until(lambda message: message["view"]["field"]["value"] == "懐疑")
        ui.choose("submit")
        await ui.until(lambda message: message["view"].get("field", {}).get("type") == "number")
        await box.press("8")
        await ui.until(lambda message: message["view"]["field"]["value"] == "8")
        ui.choose("submit")
        await ui.until(lambda message: message["view"].get("field", {}).get("type") == "choice")
        ui.choose("choose", "self")
        await ui.kind("choice", "booking.confirm")
        ui.choose("book")
        slip = await ui.kind("detail", "booking.slip")
        assert slip["delivery"] == "sent"
        said = next(row["value"] for row in slip["rows"] if code(row["label"]) == "booking.usage")
        assert said["args"] == {"purpose": "懐疑", "people": 8}
        log = b"".join(box.log)
    kept = b"".join(path.read_bytes() for path in (box.folder / "state").rglob("*") if path.is_file())
    for secret in ("懐疑".encode(), "かいぎ".encode()):
        assert secret not in log
        assert secret not in kept


async def test_the_record_service_down_and_back() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        await box.world.stop("health")
        ui.choose("health")
        told = await ui.kind("message")
        assert told["code"] == "cable_id.service.unreachable"
        await box.world.start("health")
        ui.choose("again")
        await ui.kind("detail", "health.title")


async def test_the_platform_down_costs_no_try() -> None:
    async with running_box() as box, box.ui() as ui:
        await box.world.stop("platform")
        await sign_in(box, ui, "new")
        told = await ui.kind("message")
        assert told["code"] == "cable_id.platform.unreachable"
        assert not [it for it in box.tray.recorder.commands if it.startswith("0020") and len(it) > 8]
        await box.world.start("platform")
        ui.choose("again")
        await ui.kind("pin")
        await box.press(*"1234", "OK")
        await ui.kind("consent", "link.title")


async def test_somebody_else_takes_the_time_first() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        slot = await confirm_booking(ui)
        async with box.ui() as other:
            await other.until(lambda message: message["view"]["kind"] == "choice")
            # The same press arrives from two screens: one of them is on an older view.
            rev = ui.message["rev"]
            ui.choose("book", rev=rev)
            other.choose("book", rev=rev)
            await ui.kind("detail", "booking.slip")
        ui.choose("done")
        await ui.kind("home")
        requests = await box.world.control("booking", "GET", "/_sim/requests")
        assert sum(it["method"] == "PUT" for it in requests["requests"]) == 1, json.dumps(requests)
        assert slot


async def test_one_key_returns_to_the_programme_and_coming_back_is_locked() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        ui.choose("health")
        await ui.kind("detail", "health.title")
        await box.press("HOMEPAGE")
        await ui.until(lambda message: not message["shown"])
        assert "131" not in json.dumps(ui.message["view"])
        await box.press("HOMEPAGE")
        await ui.kind("pin")
        await box.press(*"1234", "OK")
        await ui.kind("detail", "health.title")


async def test_whoever_leaves_before_the_platform_answers_is_not_signed_in() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        await card_pulled(box, ui)
        fault = {"path": "/token", "kind": "delay_before", "seconds": 1.0, "times": 1}
        await box.world.control("platform", "POST", "/_sim/faults", fault)
        await box.tray.insert("linked")
        await ui.until(lambda message: any(it["id"] == "sign_in" for it in message["view"].get("items", ())))
        ui.choose("sign_in")
        await ui.kind("pin")
        await box.press(*"1234", "OK")
        await ui.kind("progress")
        await box.press("BACK")
        await ui.kind("home")
        await asyncio.sleep(1.5)
        assert ui.message["status"]["level"] == 1
        ui.choose("orders")
        await ui.kind("pin")


async def test_a_link_that_is_made_late_is_known_wherever_the_person_is() -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui, "new")
        await ui.kind("consent", "link.title")
        ui.choose("agree")
        await ui.kind("form")
        await box.press(*box.world.describe()["contract_number"])
        await ui.until(lambda message: len(message["view"].get("field", {}).get("value", "")) == 10)
        await box.world.stop("platform")
        ui.choose("submit")
        waiting = await ui.kind("message")
        assert code(waiting["lead"]) == "link.waiting.cause"
        ui.choose("stop")
        await ui.kind("home")
        await box.world.start("platform")
        async with asyncio.timeout(20):
            while True:
                ui.choose("orders")
                view = await ui.until(lambda message: message["view"]["kind"] in ("consent", "message", "list"))
                if code(view["title"]) == "booking.orders":
                    break
                await box.press("BACK")
                # The link may come while the question is up: then the bookings are what is under it.
                await ui.until(lambda message: code(message["view"]["title"]) in ("home.title", "booking.orders"))
                if code(ui.message["view"]["title"]) == "booking.orders":
                    break

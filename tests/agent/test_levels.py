"""Levels on the running agent: a phone as the reader, what it may not open, challenges of services and platform, and what a call centre asks."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.support.box import PIN, Box, Ui, code, running_box
from tests.support.walk import confirm_booking, sign_in
from tests.support.world import Box as Client
from tests.support.world import single_attempts


async def decide(box: Box, shown: dict[str, Any], **more: str) -> None:
    """Do what a person does on the phone's page."""
    rows = {code(row["label"]): row["value"] for row in shown["rows"]}
    order = {"user_code": rows["sign_in.phone.code"], "number": shown["title"]["args"]["number"], **more}
    await box.world.control("platform", "POST", "/_sim/decide", order)


async def by_phone(box: Box, ui: Ui) -> dict[str, Any]:
    """From the page that asks for a card to the code for the phone."""
    asked = await ui.kind("message", "sign_in.title")
    assert [it["id"] for it in asked["items"]] == ["phone"]
    ui.choose("phone")
    return await ui.kind("detail", "sign_in.phone.number")


async def prove(box: Box, ui: Ui, why: str) -> None:
    """Answer a step-up with the PIN, after reading why."""
    asked = await ui.kind("message", "sign_in.why.title")
    assert code(asked["lead"]) == f"sign_in.why.{why}"
    ui.choose("on")
    await ui.kind("pin")
    await box.press(*PIN, "OK")


async def sent(box: Box, service: str, method: str) -> list[str]:
    found = (await box.world.control(service, "GET", "/_sim/requests"))["requests"]
    return [f"{it['path']} {it['status']}" for it in found if it["method"] == method]


async def test_a_phone_reads_the_card_and_the_records_want_it_at_the_box() -> None:
    async with running_box() as box, box.ui() as ui:
        await box.world.control("platform", "POST", "/_sim/policy", {"expires_in": 300, "interval": 1})
        await box.press("HOMEPAGE")
        await ui.kind("home")
        ui.choose("orders")
        shown = await by_phone(box, ui)
        assert shown["code"].startswith(f"{box.world.platform}/device?user_code=")
        values = {code(row["label"]): row["value"] for row in shown["rows"]}
        assert values["sign_in.phone.operator"] == "しおみケーブルテレビ"
        assert values["sign_in.phone.place"] == "しおみ市", (
            "what the operator calls its service area: nobody linked here yet"
        )
        await ui.until(lambda message: '"minutes": 5' in json.dumps(message["view"]))
        await decide(box, shown)
        await ui.kind("message", "booking.orders")
        assert ui.message["status"].get("card", "absent") == "absent"
        assert ui.message["status"]["level"] == 2
        await box.press("BACK")
        await ui.kind("home")
        ui.choose("health")
        why = await ui.kind("message", "sign_in.why.title")
        assert code(why["lead"]) == "sign_in.why.at_box"
        assert code(why["remedy"]) == "sign_in.why.how_at_box"
        ui.choose("on")
        asked = await ui.kind("message", "sign_in.title")
        assert "items" not in asked, "a phone is no help here"
        assert not [it for it in await sent(box, "health", "GET") if it.startswith("/Observation")]
        await box.tray.insert("linked")
        await ui.kind("consent", "sign_in.title")
        ui.choose("agree")
        await ui.kind("pin")
        await box.press(*PIN, "OK")
        await ui.kind("detail", "health.title")
        await box.tray.pull()
        await ui.kind("message", "home.card_gone.title")
        log, traffic = b"".join(box.log), b"".join(ui.lines)
    assert b"eyJ" not in log + traffic


async def test_no_expiry_and_back_on_the_phone_page_are_told_apart() -> None:
    async with running_box() as box, box.ui() as ui:
        await box.world.control("platform", "POST", "/_sim/policy", {"expires_in": 300, "interval": 1})
        await box.press("HOMEPAGE")
        await ui.kind("home")
        ui.choose("orders")
        await decide(box, await by_phone(box, ui), decision="deny")
        denied = await ui.kind("message", "sign_in.phone.title")
        assert denied["code"] == "cable_id.request.denied"
        fault = {"kind": "status", "status": 503, "path": "/token", "method": "POST", "seconds": 1}
        ui.choose("again")
        await ui.kind("detail", "sign_in.phone.number")
        await box.world.control("platform", "POST", "/_sim/faults", fault)
        await ui.until(lambda message: "sign_in.phone.state.busy" in json.dumps(message["view"]))
        await ui.until(lambda message: "sign_in.phone.state.pending" in json.dumps(message["view"]))
        await box.press("BACK")
        await ui.kind("message", "sign_in.title")
        await box.world.control("platform", "POST", "/_sim/policy", {"expires_in": 2, "interval": 1})
        ui.choose("phone")
        over = await ui.until(lambda message: message["view"].get("code") == "cable_id.request.expired")
        assert [it["id"] for it in over["items"]] == ["again", "stop"]
        await box.world.control("platform", "POST", "/_sim/policy", {"expires_in": 300, "interval": 1})
        ui.choose("again")
        await ui.kind("detail", "sign_in.phone.number")
        await box.tray.insert("linked")
        await ui.kind("consent", "sign_in.title")


@pytest.mark.parametrize("give_up", [False, True])
async def test_a_town_that_wants_to_be_surer_gets_the_same_order_once(give_up: bool) -> None:
    async with running_box() as box, box.ui() as ui:
        await sign_in(box, ui)
        await confirm_booking(ui)
        await box.world.control("booking", "POST", "/_sim/levels", {"times": 1})
        ui.choose("book")
        if give_up:
            await ui.kind("message", "sign_in.why.title")
            ui.choose("stop")
            slip = await ui.kind("detail", "booking.slip")
            assert slip["delivery"] == "waiting"
            assert code(slip["lead"]) == "booking.slip_needs_card"
            return
        await prove(box, ui, "age")
        slip = await ui.kind("detail", "booking.slip")
        assert slip["delivery"] == "sent"
        said = next(row["value"] for row in slip["rows"] if code(row["label"]) == "booking.usage")
        assert said["args"]["people"] == 8
        first, second = await sent(box, "booking", "PUT")
        assert (first.split()[1], second.split()[1]) == ("401", "201")
        assert first.split()[0] == second.split()[0], "under the same identifier"


async def test_records_and_platform_challenge_and_the_operator_puts_away() -> None:
    more = "[levels.health]\nlifespan = 60\n"
    async with running_box(more=more) as box, box.ui() as ui:
        await sign_in(box, ui)
        await box.world.control("health", "POST", "/_sim/levels", {"times": 1})
        ui.choose("health")
        await prove(box, ui, "age")
        await ui.kind("detail", "health.title")
        await box.press("BACK")
        await ui.kind("home")
        for wanted, why in (({"max_age": 0}, "asked"), ({"max_age": 900, "revocation": -1}, "revocation_old")):
            await box.world.control("platform", "POST", "/_sim/levels", {"service": "health", **wanted})
            ui.choose("health")
            asked = await ui.kind("message", "sign_in.why.title")
            assert code(asked["lead"]) == f"sign_in.why.{why}"
            await box.world.control(
                "platform", "POST", "/_sim/levels", {"service": "health", "max_age": 900, "revocation": 900}
            )
            await prove(box, ui, why)
            await ui.kind("detail", "health.title")
            await box.press("BACK")
            await ui.kind("home")
        await box.world.control("platform", "POST", "/_sim/levels", {"service": "health", "acr": "signature"})
        ui.choose("health")
        refused = await ui.kind("message", "sign_in.signature.title")
        assert refused["code"] == "sign_in.signature"
        ui.choose("stop")
        await ui.kind("home")


async def test_once_is_once() -> None:
    more = '[levels.health]\nlifespan = "once"\n[levels.booking]\nlevel = "signature"\n'
    async with running_box(more=more) as box, box.ui() as ui:
        await sign_in(box, ui)
        ui.choose("health")
        await ui.kind("detail", "health.title")
        await box.press("BACK")
        await ui.kind("home")
        ui.choose("health")
        await prove(box, ui, "once")
        await ui.kind("detail", "health.title")
        await box.press("BACK")
        await ui.kind("home")
        ui.choose("orders")
        refused = await ui.kind("message", "sign_in.signature.title")
        assert code(refused["lead"]) == "sign_in.signature.cause"
        ui.choose("stop")
        await ui.kind("home")
        assert not await sent(box, "booking", "GET")


async def test_the_call_centre_asks_and_a_stale_proof_is_made_fresh_before_the_yes() -> None:
    async with running_box() as box, box.ui() as ui, single_attempts() as http:
        centre = Client(http, box.world.platform)
        skew = 0.0
        centre.now = lambda: time.time() + skew
        form = {
            "client_id": "call-centre", "scope": "openid", "binding_message": "解約の受付 4821",
            "login_hint": box.world.describe()["contract_number"],
        }  # fmt: skip
        asked = await centre.send("POST", f"{centre.platform}/backchannel_authentication", data=form)
        await sign_in(box, ui)
        await ui.until(lambda message: any(it["id"] == "confirmations" for it in message["view"].get("items", ())))
        assert code(ui.message["status"]["notice"]) == "confirmations.notice"
        ui.choose("confirmations")
        question = await ui.kind("choice", "confirmations.title")
        assert question["rows"][0]["value"] == "解約の受付 4821"
        assert [it["id"] for it in question["items"] if it.get("first")] == ["later"]
        # For the platform, which counts, more than 300 s have gone by since the card; the box's own clock does not know it yet.
        await box.world.control("platform", "POST", "/_sim/policy", {"expires_in": 3000})
        again = await centre.send(
            "POST", f"{centre.platform}/backchannel_authentication", data=form | {"binding_message": "2"}
        )
        assert again.status == 200
        skew = 280.0
        await box.world.control("platform", "POST", "/_sim/clock", {"skew": skew})
        ui.choose("approve")
        await ui.kind("message", "confirmations.title")
        assert code(ui.message["view"]["lead"]) == "confirmations.approved"
        token = {"client_id": "call-centre", "grant_type": "urn:openid:params:grant-type:ciba"}
        answer = await centre.send(
            "POST", f"{centre.platform}/token", data=token | {"auth_req_id": asked.body["auth_req_id"]}
        )
        assert answer.status == 200
        ui.choose("ok")
        await ui.until(
            lambda message: any(it["id"] == "confirmations" for it in message["view"].get("items", ())), patience=40
        )
        skew = 320.0
        for name in ("platform", "validation"):
            await box.world.control(name, "POST", "/_sim/clock", {"skew": skew})
        ui.choose("confirmations")
        await ui.kind("choice", "confirmations.title")
        ui.choose("approve")
        await prove(box, ui, "age")
        await ui.until(lambda message: code(message["view"].get("lead")) == "confirmations.approved")
        assert b"4821" not in b"".join(box.log)

"""Help on a real box: over any view, with everything else down, and without spoiling what lies under it."""

from __future__ import annotations

import os
import signal

import aiohttp

from stb_agent.cable_id.device_key import DeviceKey
from tests.support.box import PIN, Box, code, running_box
from tests.support.walk import agree


async def _accepts(box: Box, digits: str) -> bool:
    """Ask the call centre, which has the box's public key from provisioning."""
    device = DeviceKey.open(box.folder / "state" / "device.key")
    question = {"code": digits, "jwk": device.public_jwk}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{box.world.platform}/support/check", json=question) as answer,
    ):
        return bool((await answer.json())["valid"])


async def test_with_network_card_reader_and_platform_down_there_is_help_with_a_code_that_holds() -> None:
    async with running_box() as box:
        async with box.ui() as ui:
            await box.press("HOMEPAGE")
            await ui.kind("home")
            ui.choose("help")  # once with a connection: the platform's key is kept from then on
            await ui.until(lambda message: "support" in message["view"])
        await box.stop()
        for name in ("platform", "booking", "health", "validation"):
            await box.world.control(name, "POST", "/_sim/faults", {"kind": "down"})
        os.kill(box.pcscd.pid, signal.SIGKILL)
        await box.start()
        async with box.ui() as ui:
            await box.press("HOMEPAGE")
            home = await ui.kind("home")
            await box.press("HELP")
            view = await ui.until(lambda message: "support" in message["view"])
            assert ui.message["overlay"]
            assert view["contact"]["name"]
            assert 1 <= view["support"]["minutes"] <= 10
            ui.choose("pin")
            assert code((await ui.kind("detail"))["title"]) == "help.pin.title"
            await box.press("BACK", "BACK")
            assert (await ui.kind("home"))["title"] == home["title"]
        await box.world.control("platform", "DELETE", "/_sim/faults")
        assert await _accepts(box, view["support"]["digits"])
        assert not await _accepts(box, view["support"]["digits"]), "each is good once"


async def test_over_trouble_help_names_the_failure_and_over_the_pin_the_digits_are_gone() -> None:
    async with running_box() as box, box.ui() as ui:
        await box.press("HOMEPAGE")
        await box.tray.insert("linked")
        await ui.until(lambda message: any(item["id"] == "sign_in" for item in message["view"].get("items", ())))
        ui.choose("sign_in")
        await agree(ui)
        await ui.kind("pin")
        await box.press(*PIN[:3])
        await ui.until(lambda message: message["view"].get("dots") == 3)
        await box.press("HELP")
        await ui.kind("help")
        await box.press(PIN[3], "OK")  # what is typed on help is not typed into what lies under it
        await box.press("HELP")
        await ui.until(lambda message: message["view"]["kind"] == "pin" and message["view"]["dots"] == 0)
        await box.press("OK")
        await ui.kind("help")
        await box.press("BACK")
        await ui.until(lambda message: message["view"]["kind"] == "pin" and message["view"]["tries"] == 3)
        await box.world.control("platform", "POST", "/_sim/faults", {"kind": "down"})
        await box.press(*PIN, "OK")
        trouble = await ui.kind("message")
        ui.choose("help")
        assert (await ui.kind("help"))["code"] == trouble["code"]
        await box.press("BACK")
        assert (await ui.kind("message"))["code"] == trouble["code"]

"""A box out of an operator's image: it registers itself, and is that client at once and after a restart."""

from __future__ import annotations

import asyncio
import json

from stb_agent.cable_id.registration import FILE
from tests.support.box import Box, running_box
from tests.support.world import unverified


async def registered(box: Box) -> dict[str, str]:
    """Wait for the box's record of its registration."""
    kept = box.folder / "state" / FILE
    async with asyncio.timeout(60):
        while not kept.exists():
            await asyncio.sleep(0.1)
    found: dict[str, str] = json.loads(kept.read_bytes())
    return found


async def test_a_new_box_registers_itself() -> None:
    async with running_box() as box:
        await box.stop()
        statement = box.folder / "statement.jwt"
        made = await box.world.control("platform", "POST", "/_sim/software-statement", {})
        statement.write_text(made["software_statement"])
        configured = box.folder / "box.toml"
        text = configured.read_text("utf-8")
        configured.write_text(text.replace('client_id = "test-box"', f'software_statement = "{statement}"'), "utf-8")
        await box.start()
        first = await registered(box)
        assert unverified(made["software_statement"])["software_id"] == "chanoma-shiomi"
        await box.stop()
        (box.folder / "state" / FILE).write_text("{")
        await box.start()
        async with asyncio.timeout(60):
            while (box.folder / "state" / FILE).read_text() == "{":
                await asyncio.sleep(0.1)
        again = await registered(box)
        assert again["client_id"] == first["client_id"]
        assert again["registration_access_token"] != first["registration_access_token"]
        statuses = [
            entry["status"]
            for entry in (await box.world.control("platform", "GET", "/_sim/requests"))["requests"]
            if entry["path"] == "/register"
        ]
        assert statuses.count(201) == 2

"""The idle lock of the real agent: warned in time, a key that only extends, and nothing personal afterwards."""

from __future__ import annotations

from tests.support.box import running_box
from tests.support.walk import sign_in

_SOON = """
[privacy]
lock_after = 9
warning = 4
"""


async def test_a_key_extends_and_none_locks_and_the_place_is_kept() -> None:
    async with running_box(more=_SOON) as box, box.ui() as ui:
        await sign_in(box, ui)
        ui.choose("health")
        await ui.kind("detail", "health.title")
        ui.choose("uncover")
        latest = await ui.until(lambda message: message["view"].get("curtain") == "open")
        warning = await ui.kind("message", "home.idle.title")
        assert 1 <= warning["left"] <= 4
        assert ui.message["overlay"]
        keys = sum(b'"type":"action"' in line for line in ui.lines)
        await box.press("OK")
        assert await ui.kind("detail", "health.title") == latest, "what was asked for is still there"
        assert sum(b'"type":"action"' in line for line in ui.lines) == keys, "the key that extends presses nothing"
        await ui.kind("message", "home.idle.title")
        seen = len(ui.lines)
        locked = await ui.kind("message", "home.locked.title")
        assert ui.message["status"]["level"] == 1
        assert not ui.message["personal"]
        values = [f'"value":"{row["value"]["args"]["value"]}"'.encode() for row in latest["rows"]]
        assert all(value in b"".join(ui.lines[:seen]) and value not in b"".join(ui.lines[seen:]) for value in values)
        ui.choose(locked["items"][0]["id"])
        await ui.kind("pin")
        await box.press(*"1234", "OK")
        covered = await ui.kind("detail", "health.title")
        assert covered["curtain"] == "drawn"
        assert {row["value"] for row in covered["rows"]} == {""}

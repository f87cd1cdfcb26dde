"""The remote in a whole agent: whose a key is, what the television's menu does, what is said of remotes, and a lesson from end to end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from evdev import ecodes as e

from stb_agent.store.store import Store
from tests.support.box import Box, Ui, code
from tests.support.input_devices import BLUETOOTH_REMOTE, IR_REMOTE, USB_REMOTE, Simulated
from tests.support.middleware import box_and_tv, until

KEYS = {name: f"KEY_F{n}" for n, name in enumerate(("ok", "up", "down", "left", "right", "back", "home"), 13)}
"""A remote whose keys mean nothing to anybody."""


class Second:
    """Another remote, which stays connected."""

    def __init__(self, box: Box) -> None:
        self._path = box.runtime / "remote.sock"

    async def __aenter__(self) -> Second:
        _, self._writer = await asyncio.open_unix_connection(self._path)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def hold(self, key: str, seconds: float) -> None:
        """Press a key and let it go later."""
        for value in (1, 0):
            self._writer.write(json.dumps({"key": key, "value": value}).encode() + b"\n")
            await self._writer.drain()
            await asyncio.sleep(seconds)

    async def press(self, key: str) -> None:
        """Press a key and let it go, a moment after what was before: no bounce, and the hand has left the lesson's last key."""
        await asyncio.sleep(0.6)
        for value in (1, 0):
            self._writer.write(json.dumps({"key": key, "value": value}).encode() + b"\n")
        await self._writer.drain()


def lead(ui: Ui) -> str:
    return code(ui.message["view"].get("lead"))


def asked(ui: Ui) -> str:
    """Give which key the lesson asks for."""
    view = ui.message["view"]
    return code(view["lead"]["args"]["key"]).rpartition(".")[2] if lead(ui) == "remote.lesson.press" else ""


async def test_the_televisions_keys_are_handed_on_while_we_hold_the_remote_and_only_then(tmp_path: Path) -> None:
    async with box_and_tv(tmp_path) as (box, ui, tv):
        await box.press("VOLUMEUP")
        await box.press("HOMEPAGE")
        await ui.kind("home")
        assert tv.keys == [], "the programme's own eye has seen it"
        await box.press("VOLUMEUP", "MUTE")
        await until(lambda: len(tv.keys) == 4)
        assert tv.keys == [("KEY_VOLUMEUP", 1), ("KEY_VOLUMEUP", 0), ("KEY_MUTE", 1), ("KEY_MUTE", 0)]
        await box.press("UP", "1", "BLUE")
        await box.press("HOMEPAGE")
        await ui.until(lambda message: not message["shown"])
        await box.press("CHANNELUP")
        await asyncio.sleep(0.3)
        assert len(tv.keys) == 4


@pytest.mark.parametrize("wanted", [True, False])
async def test_ok_held_over_the_programme_opens_us_if_the_operator_wants_it(tmp_path: Path, wanted: bool) -> None:
    async with box_and_tv(tmp_path, long_ok=wanted) as (box, ui, _), Second(box) as remote:
        await remote.hold("KEY_OK", 1.3)
        assert ui.message["shown"] is wanted
        await remote.press("KEY_HOMEPAGE")
        await ui.until(lambda message: message["shown"] is not wanted)


async def test_the_televisions_menu_opens_us_and_a_warning_closes_us(tmp_path: Path) -> None:
    async with box_and_tv(tmp_path) as (box, ui, tv):
        tv.say(type="open")
        await ui.kind("home")
        rev = ui.message["rev"]
        tv.say(type="open")
        await box.press("DOWN")
        await asyncio.sleep(0.2)
        assert ui.message["rev"] == rev, "it is open already"
        tv.say(type="yield", active=True)
        await ui.until(lambda message: not message["shown"])
        tv.say(type="open")
        await asyncio.sleep(0.2)
        assert not ui.message["shown"]
        assert tv.heard[-1] == {"type": "screen", "shown": False}
        tv.say(type="yield", active=False)
        await ui.kind("home")


async def begin_lesson(box: Box, ui: Ui) -> None:
    await box.press("HOMEPAGE")
    home = await ui.kind("home")
    assert home["items"][-1]["id"] == "remote"
    ui.choose("remote")
    remotes = await ui.kind("list", "remote.title")
    assert remotes["items"][-1]["id"] == "teach"
    ui.choose("teach")
    await ui.until(lambda _: asked(ui) == "ok")


async def teach(new: Second, ui: Ui) -> None:
    for name, key in KEYS.items():
        await ui.until(lambda _, name=name: asked(ui) == name)
        await new.press(key)
    for skipped in ("1", "blue"):
        await ui.until(lambda _, skipped=skipped: asked(ui) == skipped)
        await new.press(KEYS["ok"])
    await ui.kind("choice", "remote.summary.title")


async def test_a_remote_that_nobody_knows_is_taught_and_kept(tmp_path: Path) -> None:
    async with box_and_tv(tmp_path) as (box, ui, tv), Second(box) as new:
        await new.press(KEYS["home"])
        await begin_lesson(box, ui)
        assert not ui.message["view"].get("items")
        await teach(new, ui)
        told = len(ui.lines)
        await new.press(KEYS["left"])
        await new.press(KEYS["ok"])
        await until(lambda: len(ui.lines) >= told + 2)
        assert [json.loads(line)["action"] for line in ui.lines[told : told + 2]] == ["left", "ok"]
        assert not (box.folder / "state/keymaps").exists(), "not before it is confirmed"
        ui.choose("use")
        await ui.until(lambda _: lead(ui) == "remote.end.saved.lead")
        (file,) = (box.folder / "state/keymaps").iterdir()
        written = tomllib.loads(file.read_text())["actions"]
        assert written == {name: [key] for name, key in KEYS.items()}
        await new.press(KEYS["home"])
        await ui.until(lambda message: not message["shown"])
        await new.press(KEYS["home"])
        await ui.until(lambda message: message["shown"])
        await asyncio.sleep(0.3)  # within 0.2 s it would be the same press by another path
        await box.press("HOMEPAGE")
        await ui.until(lambda message: not message["shown"])
        assert tv.keys == [], "a lesson's keys are nobody's"
        await box.stop()
        store = Store.open(box.folder / "state", clock=time.time, random=lambda n: b"0" * n)
        taught = [entry.data for entry in store.audit.events() if entry.event == "remote.taught"]
        store.close()
        assert taught == [{"kind": "socket", "count": len(KEYS)}]
        await box.start()
        async with box.ui() as again, Second(box) as restarted:
            await restarted.press(KEYS["home"])
            await again.until(lambda message: message["shown"])


@pytest.mark.parametrize("how", ["card", "yield", "home", "back", "tv"])
async def test_a_lesson_that_is_interrupted_ends_and_the_remote_lives(how: str, tmp_path: Path) -> None:
    async with box_and_tv(tmp_path) as (box, ui, tv), Second(box) as new:
        await begin_lesson(box, ui)
        await new.press(KEYS["ok"])
        await ui.until(lambda _: asked(ui) == "up")
        match how:
            case "card":
                await box.tray.insert("expired")
                await ui.until(lambda message: message["view"].get("code") == "card.certificate.expired")
            case "yield":
                tv.say(type="yield", active=True)
                await ui.until(lambda message: not message["shown"])
                tv.say(type="yield", active=False)
            case "home":
                await box.press("HOMEPAGE")
                await ui.until(lambda message: not message["shown"])
            case "back":
                await box.press("BACK")
                await ui.kind("list", "remote.title")
            case "tv":
                ui.choose("tv")
                await ui.until(lambda message: not message["shown"])
        start = time.monotonic()
        await asyncio.sleep(0.6)  # the hand that taught is still on the remote
        if how in ("home", "tv"):
            await box.press("HOMEPAGE")
        elif how == "card":
            ui.choose("ok")
        if how != "back":
            await ui.until(lambda _: lead(ui) == "remote.end.stopped.lead")
            told = len(ui.lines)
            await box.press("DOWN")
            await until(lambda: any(b'"action":"down"' in line for line in ui.lines[told:]), 2)
        await asyncio.sleep(0.3)
        await box.press("HOMEPAGE")
        await ui.until(lambda message: not message["shown"], 2)
        assert time.monotonic() - start < 4, "sooner than a wait for a key would have ended by itself"
        assert not (box.folder / "state/keymaps").exists()


@pytest.fixture
def devices() -> Any:
    made = Simulated()
    try:
        yield made
    finally:
        made.close()


def notice(ui: Ui) -> str:
    return code(ui.message["status"].get("notice") or "").removeprefix("remote.notice.")


async def test_the_person_is_told_of_remotes_and_the_grab_is_given_back(devices: Simulated, tmp_path: Path) -> None:
    environment = devices.environment()
    launcher = ("env", *(f"{name}={environment[name]}" for name in ("LD_PRELOAD", "UMOCKDEV_DIR")))

    def press(node: str, key: int) -> None:
        devices.emit(node, [(e.EV_KEY, key, 1)])
        devices.emit(node, [(e.EV_KEY, key, 0)])

    async with box_and_tv(tmp_path, *launcher, evdev=True) as (_, ui, tv):
        sofa = devices.plug(BLUETOOTH_REMOTE)
        await asyncio.sleep(2.5)
        assert notice(ui) == "", "behind the programme nobody reads it"
        press(sofa, e.KEY_HOMEPAGE)
        await ui.until(lambda message: message["shown"])
        assert notice(ui) == ""
        await until(lambda: devices.grabbed(sofa))
        usb = devices.plug(USB_REMOTE)
        devices.charge(usb, capacity="12")
        await ui.until(lambda _: notice(ui) == "connected")
        rev = ui.message["rev"]
        start = time.monotonic()
        await ui.until(lambda _: notice(ui) == "battery_of")
        assert 7 < time.monotonic() - start < 9.5
        assert ui.message["status"]["notice"]["args"]["name"]["args"] == {"name": "USB Remote"}
        assert ui.message["rev"] == rev, "what was being pressed meanwhile is good"
        devices.unplug(usb)
        await ui.until(lambda _: notice(ui) == "")
        tv.say(type="yield", active=True)
        await until(lambda: not devices.grabbed(sofa))
        tv.say(type="yield", active=False)
        await until(lambda: devices.grabbed(sofa))
        devices.unplug(sofa)
        await ui.until(lambda _: notice(ui) == "asleep")
        sofa = devices.plug(BLUETOOTH_REMOTE)
        await ui.until(lambda _: notice(ui) == "awake")
        infrared = devices.plug(IR_REMOTE)
        await until(lambda: devices.grabbed(infrared))
        press(infrared, e.KEY_BACK)
        await ui.until(lambda message: not message["shown"], 2)

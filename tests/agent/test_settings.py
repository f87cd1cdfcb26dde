"""Settings on a running box: seen at once by every UI, undone by whatever leads away, kept through a restart."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import Any

from stb_agent.store.store import Store
from tests.support.box import Box, Ui, code, running_box
from tests.support.walk import card_pulled, sign_in

_SETTLE = 0.5
"""Seconds after a new view from which on a press counts in the slow pace, too."""


async def _open(box: Box, ui: Ui, name: str) -> dict[str, Any]:
    """From home: open one thing to set."""
    await box.press("HOMEPAGE")
    await ui.kind("home", "home.title")
    ui.choose("settings")
    await ui.kind("list", "settings.title")
    ui.choose(f"set:{name}")
    return await ui.kind("form", f"settings.{name}.title")


async def _try(ui: Ui, id_: str, name: str = "look") -> dict[str, Any]:
    ui.choose("choose", id_)
    return await ui.kind("choice", f"settings.{name}.title")


async def _looks(ui: Ui, profile: str | None) -> None:
    """Wait until the screen is drawn so; None is the standard profile, which goes without saying."""
    await ui.until(lambda message: message["status"].get("appearance", {}).get("profile") == profile)


async def test_what_is_tried_is_seen_at_once_by_every_ui_and_gone_on_every_way_out() -> None:
    async with running_box() as box, box.ui() as ui, box.ui() as other:
        await _open(box, ui, "look")
        for way, comes in (
            (("BACK",), "settings.look.title"),
            (("HELP", "HELP"), "settings.look.title"),
            (("HOMEPAGE", "HOMEPAGE"), "settings.look.title"),
        ):
            await _try(ui, "large")
            await asyncio.gather(_looks(ui, "large"), _looks(other, "large"))
            for key in way:
                await box.press(key)
                await asyncio.gather(_looks(ui, None), _looks(other, None))
            form = await ui.kind("form", comes)
            assert form["field"]["value"] == "standard", way
        await _try(ui, "large")
        await _looks(ui, "large")
        ui.choose("undo")
        await _looks(ui, None)
        assert not _kept(await _stopped(box))


async def test_what_is_kept_is_there_after_a_restart_and_the_rest_is_the_operator_s() -> None:
    async with running_box() as box:
        async with box.ui() as ui:
            await _open(box, ui, "look")
            await _try(ui, "contrast")
            ui.choose("keep")
            form = await ui.kind("form", "settings.look.title")
            assert form["field"]["value"] == "contrast"
            await box.press("BACK")
            await ui.kind("list", "settings.title")
            ui.choose("set:language")
            await ui.kind("form", "settings.language.title")
            view = await _try(ui, "en", "language")
            assert next(it for it in view["items"] if it.get("first"))["label"] == "もとにもどす"
            ui.choose("keep")
            await ui.until(lambda message: message["status"]["appearance"].get("language") == "en")
            await ui.kind("form", "settings.language.title")
            await box.press("BLUE")
            await ui.until(lambda message: message["status"].get("speech", {}).get("on"))
            await box.press("BACK", "BACK", "HOMEPAGE")
            await _open(box, ui, "pace")
            await _try(ui, "slow", "pace")  # not kept: the power goes away under it
        await box.stop(signal.SIGKILL)
        configured = box.folder / "box.toml"
        configured.write_text(configured.read_text("utf-8") + '[screen]\nprofile = "large"\nfurigana = true\n', "utf-8")
        await box.start()
        async with box.ui() as ui:
            await ui.until(lambda message: "appearance" in message["status"])
            looks, speech = ui.message["status"]["appearance"], ui.message["status"]["speech"]
            assert (looks["profile"], looks["language"], looks["furigana"]) == ("contrast", "en", True)
            assert speech["on"]
            form = await _open(box, ui, "pace")
            assert form["field"]["value"] == "default"
            await box.press("BACK")
            await ui.kind("list", "settings.title")
            ui.choose("reset")
            await ui.kind("choice", "settings.reset.title")
            ui.choose("reset")
            await _looks(ui, "large")
            assert "language" not in ui.message["status"]["appearance"]
            assert not ui.message["status"].get("speech", {}).get("on")
        assert not _kept(await _stopped(box))


async def test_a_box_starts_whatever_was_written_for_it() -> None:
    async with running_box() as box:
        await box.stop()
        store = await _stopped(box)
        store.settings.set("household", {"profile": "gigantic", "language": "tlh", "furigana": True, "colour": 7})
        store.settings.set("nicknames", ["nobody"])
        store.close()
        await box.start()
        async with box.ui() as ui:
            form = await _open(box, ui, "furigana")
            assert form["field"]["value"] == "on"
            assert "profile" not in ui.message["status"]["appearance"]
        log = b"".join(box.log).decode()
        for name in ("profile", "language", "colour"):
            assert name in log


async def test_the_remote_feels_as_it_is_tried_while_it_is_tried() -> None:
    """A hand that trembles presses twice at once: one press in the slow pace. One that presses twice as a quick hand does: two in the other."""
    async with running_box() as box, box.ui() as ui:
        await _open(box, ui, "pace")
        view = await _try(ui, "slow", "pace")
        assert code(view["rows"][0]["value"]) == "settings.try.nothing"
        await asyncio.sleep(_SETTLE)
        await _twice_at_once(box, "LEFT")
        await box.press("UP")
        await ui.until(lambda message: _felt(message["view"]) == ("up", 1))
        assert ("left", 1) in _all_felt(ui)
        assert ("left", 2) not in _all_felt(ui)
        ui.choose("keep")
        await ui.kind("form", "settings.pace.title")
        await _try(ui, "default", "pace")
        await asyncio.sleep(_SETTLE)
        await box.press("LEFT", "LEFT")
        await ui.until(lambda message: _felt(message["view"]) == ("left", 2))


async def _twice_at_once(box: Box, key: str) -> None:
    _, remote = await asyncio.open_unix_connection(box.runtime / "remote.sock")
    for value in (1, 0, 1, 0):
        remote.write(b'{"key": "KEY_%s", "value": %d}\n' % (key.encode(), value))
    await remote.drain()
    remote.close()
    await remote.wait_closed()


def _felt(view: dict[str, Any]) -> tuple[str, int] | None:
    """Give which key was understood how often, as the page that tries it says."""
    value = view["rows"][0]["value"] if view["kind"] == "choice" else ""
    if "args" not in value:
        return None
    return code(value["args"]["key"]).removeprefix("remote.action."), value["args"]["times"]


def _all_felt(ui: Ui) -> list[tuple[str, int] | None]:
    return [_felt(json.loads(line)["view"]) for line in ui.lines if b'"type":"view"' in line]


async def test_a_nickname_is_given_by_who_is_signed_in_and_greets_whose_card_is_put_in() -> None:
    async with running_box() as box:
        async with box.ui() as ui:
            await box.press("HOMEPAGE")
            await ui.kind("home")
            ui.choose("settings")
            await ui.kind("list", "settings.title")
            ui.choose("people")
            view = await ui.kind("message", "sign_in.title")
            assert code(view["lead"]) == "sign_in.insert", "without a card nobody learns who lives here"
            await box.press("BACK", "BACK")
            await sign_in(box, ui)
            ui.choose("settings")
            await ui.kind("list", "settings.title")
            ui.choose("people")
            people = await ui.kind("list", "settings.people.title")
            assert [code(it["label"]) for it in people["items"]] == ["settings.people.unnamed"]
            ui.choose("person:0")
            await ui.kind("detail", "settings.people.unnamed")
            ui.choose("name")
            await ui.kind("form", "settings.people.name_title")
            ui.choose("choose", "grandma")
            await ui.until(lambda message: _first_label(message) == "settings.nickname.grandma")
            ui.choose("person:0")
            await ui.kind("detail", "settings.nickname.grandma")
            ui.choose("name")
            await ui.kind("form", "settings.people.name_title")
            ui.choose("choose", "own")
            await ui.until(lambda message: message["view"].get("field", {}).get("type") == "text")
            await box.press("6", "5", "5")  # は; な, and に by the same key again
            await ui.until(lambda message: message["view"].get("field", {}).get("value") == "はに")
            ui.choose("submit")
            await ui.until(lambda message: _first_label(message) == "はに")
            ui.choose("person:0")
            await ui.kind("detail")
            ui.choose("name")
            await ui.kind("form", "settings.people.name_title")
            ui.choose("choose", "grandma")
            await ui.until(lambda message: _first_label(message) == "settings.nickname.grandma")
            await card_pulled(box, ui)
            assert code(ui.message["view"]["lead"]) == "home.guide.insert"
            await box.tray.insert("linked")
            await ui.until(_greets)
        await box.stop()
        await box.start()
        async with box.ui() as ui:
            await box.press("HOMEPAGE")
            await ui.until(_greets)
            await box.tray.pull()
            await ui.until(lambda message: "card" not in message["status"] or message["status"]["card"] == "absent")
            await box.tray.insert("new")
            await ui.until(lambda message: code(message["view"].get("lead")) == "home.guide.new")


def _greets(message: dict[str, Any]) -> bool:
    lead = message["view"].get("lead", "")
    return code(lead) == "home.guide.called" and code(lead["args"]["name"]) == "settings.nickname.grandma"


def _first_label(message: dict[str, Any]) -> str:
    items = message["view"].get("items", ())
    return code(items[0]["label"]) if items and message["view"]["kind"] == "list" else ""


async def test_the_lock_comes_when_the_household_wants_it() -> None:
    async with running_box(more="[privacy]\nlock_after = 3600\nwarning = 1\n") as box:
        store = await _stopped(box)
        store.settings.set("household", {"lock_after": 6})
        store.close()
        await box.start()
        async with box.ui() as ui:
            await sign_in(box, ui)
            await ui.kind("message", "home.locked.title")


async def _stopped(box: Box) -> Store:
    """End the agent, and open its store."""
    if box.process is not None:
        await box.stop()
    return Store.open(box.folder / "state", clock=lambda: 0.0, random=os.urandom)


def _kept(store: Store) -> object:
    try:
        return store.settings.get("household")
    finally:
        store.close()

"""Ways through the house that many tests walk."""

from __future__ import annotations

from typing import Any

from tests.support.box import PIN, Box, Ui, code


async def sign_in(box: Box, ui: Ui, profile: str = "linked", pin: str = PIN) -> None:
    """From anywhere on the programme or home: put a card in and sign in; a linked card is home again afterwards."""
    if not ui.message.get("shown"):
        await box.press("HOMEPAGE")
    await ui.kind("home")
    if box.tray.state().inserted is None:
        await box.tray.insert(profile)
    await ui.until(lambda message: message["status"].get("card") == "present" and _offers(message, "sign_in"))
    ui.choose("sign_in")
    await agree(ui)
    await ui.kind("pin")
    await box.press(*pin, "OK")
    if profile == "linked":
        await ui.until(lambda message: message["status"].get("level") == 2 and message["view"]["kind"] == "home")


async def agree(ui: Ui) -> None:
    """Say yes to what signing in sends, if this box asks: it does so for a card it does not know."""
    view = await ui.until(lambda message: message["view"]["kind"] in ("pin", "choice", "consent", "message"))
    while view["kind"] == "consent":
        ui.choose("agree")  # again, as a person does, where the view changed under the press
        before = ui.message["rev"]
        view = await ui.until(lambda message, rev=before: message["rev"] != rev)  # type: ignore[misc]
    await ui.until(lambda message: message["view"]["kind"] in ("pin", "choice", "message"))


async def confirm_booking(ui: Ui, facility: int = 0) -> str:
    """From home of a signed-in person to the question whether to book a facility's first free time; give that time's id."""
    free = await choose_time(ui, facility)
    await say_what_for(ui)
    await ui.kind("choice", "booking.confirm")
    return free


async def choose_time(ui: Ui, facility: int = 0) -> str:
    """From home of a signed-in person to what the town asks about the booking of a facility's first free time; give that time's id."""
    ui.choose("booking")
    facilities = await ui.kind("list")
    ui.choose(facilities["items"][facility]["id"])
    calendar = await ui.kind("calendar")
    free = next(str(cell["id"]) for cell in calendar["cells"] if cell["state"] == "free")
    ui.choose(free)
    return free


async def write_what_for(ui: Ui) -> None:
    """From home of a signed-in person to the keyboard on which one writes what the room is for."""
    await choose_time(ui)
    await ui.until(lambda message: message["view"].get("field", {}).get("type") == "choice")
    ui.choose("choose", "own")
    await ui.until(lambda message: message["view"].get("field", {}).get("type") == "text")


async def say_what_for(ui: Ui) -> None:
    """Fill in what the town asks: its first common purpose, eight people, for oneself."""
    for kind, answer in (("choice", ("choose", "0")), ("number", ("digit", "8")), ("choice", ("choose", "self"))):
        await ui.until(lambda message, kind=kind: message["view"].get("field", {}).get("type") == kind)  # type: ignore[misc]
        ui.choose(*answer)
        if kind == "number":
            await ui.until(lambda message: message["view"].get("field", {}).get("value") == "8")
            ui.choose("submit")
            await ui.until(lambda message: message["view"].get("field", {}).get("type") != "number")


async def card_pulled(box: Box, ui: Ui) -> None:
    """Take the card out and go back home."""
    await box.tray.pull()
    await ui.until(lambda message: code(message["view"]["title"]) == "home.card_gone.title")
    ui.choose("ok")
    await ui.kind("home")


def _offers(message: dict[str, Any], id_: str) -> bool:
    return any(item["id"] == id_ for item in message["view"].get("items", ()))

"""Nothing but the remote's own input and the VERIFY command depends on the PIN.

The same evening is lived again with another PIN: same clock, same random numbers, same card and platform. What the agent writes to the UI, to its log
and to its store, what the screen shows after each key, and every other command to the card, must be the same to the byte; by digits and by arrows.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest

from stb_agent.store.store import Store
from tests.support.box import Box, code, running_box
from tests.support.fixed_agent import NOW
from tests.support.screen import Screen
from tests.support.xserver import x_server

PINS = [f"{random.Random(n).randrange(10000):04}" for n in range(20)]
_GROUP = {**dict.fromkeys("123", "UP"), **dict.fromkeys("456", "LEFT"), **dict.fromkeys("789", "RIGHT"), "0": "DOWN"}
_MEMBER = {**dict.fromkeys("1470", "LEFT"), **dict.fromkeys("258", "UP"), **dict.fromkeys("369", "RIGHT")}


def by_digits(pin: str) -> list[str]:
    return [*pin, "OK"]


def by_arrows(pin: str) -> list[str]:
    return [*(key for digit in pin for key in (_GROUP[digit], _MEMBER[digit])), "OK"]


@dataclass(frozen=True)
class Evening:
    """All that an evening leaves behind, the card's commands apart from VERIFY, and the VERIFY."""

    views: tuple[bytes, ...]
    pictures: tuple[str, ...]
    log: tuple[bytes, ...]
    outbox: tuple[object, ...]
    audit: tuple[object, ...]
    ledger: tuple[object, ...]
    commands: tuple[str, ...]


@contextlib.contextmanager
def television(box: Box) -> Iterator[Screen]:
    """Run the real UI on a screen of its own; it finds the agent whenever one is there."""
    with x_server() as display:
        environment = {**os.environ, "DISPLAY": display, "XDG_RUNTIME_DIR": str(box.folder)}
        command = [sys.executable, "-m", "ui", "--socket", str(box.runtime / "ui.sock"), "--patience", "1000"]
        ui = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        try:
            with Screen(display) as screen:
                yield screen
        finally:
            ui.terminate()
            ui.wait(10)


def look(screen: Screen, expected: str | None) -> str:
    """Give the hash of the picture once it is the expected one, or what it still is after ten seconds.

    Without an expectation: of the picture that stayed for a second.
    """
    assert screen.settle(1.0 if expected is None else 0.05)
    end = time.monotonic() + 10
    while True:
        seen = hashlib.sha256(screen.picture().tobytes()).hexdigest()
        if expected in (None, seen) or time.monotonic() > end:
            return seen
        time.sleep(0.05)


async def live(
    box: Box, screen: Screen, keys: list[str], pin: str, expected: tuple[str, ...] | None
) -> tuple[Evening, list[str]]:
    """Sign in with a card of this PIN, link it and take it out, on a box as it came from the bench; ``expected`` pictures."""
    await box.world.stop("platform")
    for kept in (box.folder / "world").glob("platform*"):
        shutil.rmtree(kept) if kept.is_dir() else kept.unlink()
    await box.world.start("platform")
    shutil.rmtree(box.folder / "state", ignore_errors=True)
    (box.folder / "state").mkdir(mode=0o700)
    shutil.copy(box.folder / "device.key", box.folder / "state")
    box.log.clear()
    before = len(box.tray.recorder.commands)
    await box.start()
    async with box.ui() as ui:
        await box.press("HOMEPAGE")
        await ui.kind("home")
        await box.tray.insert("new", pin=pin)
        await ui.until(lambda message: any(it["id"] == "sign_in" for it in message["view"].get("items", ())))
        ui.choose("sign_in")
        await ui.kind("consent", "sign_in.title")
        ui.choose("agree")
        await ui.kind("pin")
        pictures = []
        for n, key in enumerate(keys):
            seen = len(ui.lines)
            await box.press(key)
            await ui.until(lambda _, seen=seen: len(ui.lines) > seen)
            if key == "OK":
                await ui.kind("consent", "link.title")
            pictures.append(await asyncio.to_thread(look, screen, expected[n] if expected else None))
        await ui.kind("consent", "link.title")
        ui.choose("agree")
        await ui.kind("form")
        number = box.world.describe()["contract_number"]
        for n, digit in enumerate(number, 1):
            await box.press(digit)
            await ui.until(lambda message, n=n: message["view"].get("field", {}).get("value") == number[:n])
        ui.choose("submit")
        await ui.kind("message", "link.done.title")
        ui.choose("ok")
        await ui.kind("home")
        await box.tray.pull()
        await ui.until(lambda message: code(message["view"]["title"]) == "home.card_gone.title")
        views = tuple(ui.lines)
    await box.stop()
    store = Store.open(box.folder / "state", clock=lambda: 0.0, random=random.Random(0).randbytes)
    commands = box.tray.recorder.commands[before:]
    verify = [it for it in commands if it.startswith("0020") and len(it) > 8]
    evening = Evening(
        views,
        tuple(pictures),
        tuple(box.log),
        tuple(store.outbox._select("1 = ?", 1)),
        tuple(store.audit.events()),
        tuple(store.ledger.rows()),
        tuple(it for it in commands if it not in verify),
    )
    store.close()
    return evening, verify


@pytest.mark.parametrize("way", [by_digits, by_arrows])
async def test_no_pin_leaves_a_trace(way: Callable[[str], list[str]]) -> None:
    launcher = (sys.executable, "-m", "tests.support.fixed_agent")
    async with running_box(launcher=launcher, now=datetime.fromisoformat(NOW), seed=1) as box:
        await box.stop()
        shutil.copy(box.folder / "state" / "device.key", box.folder)
        with television(box) as screen:
            first: Evening | None = None
            for pin in PINS:
                evening, verify = await live(box, screen, way(pin), pin, first.pictures if first else None)
                assert verify == ["0020009804" + pin.encode().hex()]
                assert pin.encode() not in b"".join(evening.log)
                assert len(evening.views) > 15
                assert len(set(evening.pictures)) >= 5, "each dot is seen"
                assert evening.outbox
                assert evening.audit
                first = first or evening
                assert evening == first

"""The second evening: a house put up again in the same folder knows the household, and is soon there."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from tests.house.conftest import family, gone
from tests.support.browser import chromium
from tests.support.house import House, Witness, house

_SOON = 15.0
"""Seconds from the start to home on the page, the second time."""


def is_of(kind: str, message: dict[str, Any]) -> bool:
    return bool(message["shown"] and message["view"]["kind"] == kind)


def press(room: House, *keys: str) -> None:
    for key in keys:
        room.key(key)


def sign_in(room: House, witness: Witness, *ways: str) -> None:
    """From home with a card greeted: sign in, seeing views of these kinds on the way."""
    for kind in (*ways, "pin"):
        press(room, "OK")
        assert witness.until(partial(is_of, kind), 5), witness.latest()
    press(room, *room.facts["pin"], "OK")
    assert witness.until(lambda m: m["status"].get("level") == 2, 10), witness.latest()


def link(state: Path) -> None:
    """The first evening: link the new card."""
    with house("--state", str(state), "--card", "new") as room:
        witness = Witness(room.socket("ui"))
        press(room, "HOMEPAGE")
        assert witness.until(lambda m: m["shown"] and m["status"].get("level") == 1, 10)
        sign_in(room, witness, "consent")
        assert witness.until(lambda m: m["view"]["title"] == {"code": "link.title"}, 5)
        press(room, "OK")
        assert witness.until(lambda m: m["view"]["kind"] == "form", 5)
        press(room, *room.facts["world"]["contract_number"], "OK")
        assert witness.until(lambda m: m["view"]["title"] == {"code": "link.done.title"}, 10)
        witness.close()


def start(state: Path) -> subprocess.Popen[str]:
    """Put the house up as a person does, in words."""
    command = [
        sys.executable,
        "-m",
        "simulators",
        "house",
        "--pcscd",
        "private",
        "--card",
        "new",
        "--state",
        str(state),
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


async def test_the_link_is_kept_and_home_is_soon_there(tmp_path: Path) -> None:
    state = tmp_path / "state"
    await asyncio.to_thread(link, state)
    async with chromium(tmp_path / "chromium") as page:
        started = time.monotonic()
        process = start(state)
        try:
            words = await asyncio.wait_for(asyncio.to_thread(told, process), 30)
            address = re.search(r"^ +(http://127\.0\.0\.1:\d+/[\w-]+/)$", words, re.MULTILINE)
            logs = re.search(r"logs are in (.+)/log", words)
            assert address, words
            assert logs, words
            await page.open(address[1])
            await page.until("document.querySelector('#screen').dataset.live === 'yes'")
            await page.click('[data-key="KEY_HOMEPAGE"]')
            await page.until("document.body.dataset.shown === 'chanoma'")
            took = time.monotonic() - started
            assert took < _SOON, f"{took:.1f} s"
            room = House(process, json.loads((Path(logs[1]) / "house.json").read_text()))
            assert room.facts["url"] == address[1]
            assert (
                f"PIN is {room.facts['pin']}; the contract number is {room.facts['world']['contract_number']}" in words
            )
            await asyncio.to_thread(knows, room)
            room.let_go()
            pids = family(process.pid)
            process.terminate()
            rest, _ = await asyncio.to_thread(process.communicate, timeout=20)
            assert process.returncode == 0
            assert gone(pids, 0) == {}
            assert rest.strip() == "house: taking everything down …"
        finally:
            process.kill()
            process.communicate()


def told(process: subprocess.Popen[str]) -> str:
    """Give what a person reads until the house stands."""
    assert process.stdout is not None
    words = ""
    while "Ctrl-C" not in words:
        line = process.stdout.readline()
        assert line, f"the house ended:\n{words}"
        words += line
    return words


def knows(room: House) -> None:
    """The linked person signs in: no consent, no contract number; home with what is theirs."""
    witness = Witness(room.socket("ui"))
    assert witness.until(lambda m: m["shown"] and m["view"]["lead"] == {"code": "home.guide.known"}, 10), (
        witness.latest()
    )
    sign_in(room, witness)
    home = witness.until(lambda m: m["status"].get("level") == 2 and m["view"]["kind"] == "home", 10)
    assert home is not None, witness.latest()
    kinds = {told.message["view"]["kind"] for told in witness.told if told.message["type"] == "view"}
    assert not kinds & {"consent", "form"}
    witness.close()

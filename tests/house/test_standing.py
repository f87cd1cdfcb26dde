"""A house that stands: what dies comes back, and a person does not lose the place."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image, ImageChops

from tests.journeys.ocr import read
from tests.support.house import House, Witness
from tests.support.screen import Screen

_BACK = 3.0
"""Seconds within which a killed UI is back on the same view."""


def shows(kind: str, level: int = 0) -> Callable[[dict[str, Any]], bool]:
    """Tell whether a view of this kind is on the screen, with at least this level."""
    return lambda m: bool(m["shown"] and m["view"]["kind"] == kind and m["status"].get("level", 0) >= level)


def same(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(one, other).getbbox() is None


@pytest.fixture
def health(standing: House, witness: Witness) -> Iterator[Screen]:
    """The screen with somebody's blood pressure on it; the card is in the reader."""
    standing.key("HOMEPAGE")
    assert witness.until(shows("home"), 5)
    standing.card(insert="linked")
    assert witness.until(shows("home", 1), 10)
    standing.key("OK")
    asked = witness.until(lambda m: m["view"]["kind"] in ("consent", "pin"), 5)
    assert asked is not None
    if asked["view"]["kind"] == "consent":  # the first time that this box sees the card
        standing.key("OK")
        assert witness.until(shows("pin"), 5)
    for digit in standing.facts["pin"]:
        standing.key(digit)
    standing.key("OK")
    assert witness.until(shows("home", 2), 10), witness.latest()
    standing.key("RIGHT")
    standing.key("RIGHT")
    standing.key("OK")
    assert witness.until(lambda m: m["personal"] and m["view"]["kind"] == "detail", 10)
    standing.key("OK")
    assert witness.until(lambda m: m["view"].get("curtain") == "open", 5)
    with Screen(standing.facts["display"]) as screen:
        assert screen.settle()
        assert "mmHg" in read(screen.picture())
        yield screen
        standing.card(pull=True)
        assert witness.until(lambda m: m["status"].get("card", "absent") == "absent", 10)
        if witness.latest()["view"]["kind"] == "message":  # that the card is gone
            standing.key("OK")
        assert witness.until(shows("home"), 5)
        standing.key("HOMEPAGE")
        assert witness.until(lambda m: not m["shown"], 5)


def test_the_box_is_the_one_of_this_house(standing: House, witness: Witness) -> None:
    message = witness.until(lambda m: m["status"].get("card", "absent") == "absent", 5)
    assert message is not None
    assert message["shown"] is False
    assert message["status"]["practice"] is True
    assert set(standing.pids()) == {"house", "pcscd", "world", "card", "tv", "agent", "ui"}


def kill_ui(house: House, screen: Screen) -> None:
    """Kill the UI; the same picture must be back in time, from another process."""
    assert screen.settle()
    before, pid = screen.picture(), house.pids()["ui"]
    killed = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    while same(screen.picture(), before):
        assert time.monotonic() < killed + _BACK, "it never went"
    while not same(screen.picture(), before):
        assert time.monotonic() < killed + _BACK, "it is not back"
    assert house.pids()["ui"] != pid


def test_a_killed_ui_is_back_on_the_same_picture(standing: House, witness: Witness) -> None:
    with Screen(standing.facts["display"]) as screen:
        standing.key("HOMEPAGE")
        assert witness.until(shows("home"), 5)
        standing.key("OK")
        assert witness.until(shows("list"), 5)
        kill_ui(standing, screen)
        standing.key("BACK")
        assert witness.until(shows("home"), 5)
        standing.key("HOMEPAGE")
        assert witness.until(lambda m: not m["shown"], 5)


def test_a_killed_ui_is_back_on_a_personal_picture(standing: House, witness: Witness, health: Screen) -> None:
    rev = witness.latest()["rev"]
    kill_ui(standing, health)
    assert witness.latest()["rev"] == rev  # the agent did nothing: the person is where they were
    standing.key("OK")
    assert witness.until(shows("chart", 2), 5)


def test_a_killed_agent_takes_everything_personal_with_it(standing: House, witness: Witness, health: Screen) -> None:
    pid = standing.pids()["agent"]
    killed = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    change = health.first_change(killed, 1, area=1920 * 1080 // 2)
    assert change is not None
    assert change.at - killed < 0.5
    blank = health.picture()
    assert "mmHg" not in read(blank)
    again = witness.until(lambda m: m["status"].get("card") == "present", 10, since=killed)
    assert again is not None
    assert standing.pids()["agent"] != pid
    assert (again["shown"], again["personal"], again["status"]["level"]) == (False, False, 1)
    while "テスト放送" not in read(health.picture().crop((960, 0, 1920, 300))):
        assert time.monotonic() < killed + 5, "the programme is not back"
    at = standing.key("HOMEPAGE")
    home = witness.until(shows("home", 1), 5, since=at)
    assert home is not None
    assert not home["personal"]
    assert health.first_change(at, 5, area=1920 * 1080 // 2)
    assert health.settle()
    assert "mmHg" not in read(health.picture())
    ours = [told.message for told in witness.told if told.at > killed and told.message["type"] == "view"]
    assert not any(message["personal"] for message in ours)
    assert standing.process.poll() is None


def test_the_card_reaches_the_box_through_the_real_reader(standing: House, witness: Witness) -> None:
    standing.card(insert="blocked")
    assert witness.until(lambda m: m["status"].get("card") == "present", 10)
    standing.card(pull=True)
    assert witness.until(lambda m: m["status"].get("card", "absent") == "absent", 10)

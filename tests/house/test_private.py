"""Nothing personal on the screen after a crash, a lost card or a return from the programme: by what the pixels say, frame by frame."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from PIL import Image

from tests.journeys.ocr import plain, read
from tests.support.house import House, Witness, shows
from tests.support.screen import Screen, same

_VALUES = (60, 200, 1800, 260)
"""Where the values stand: x, y, width and height."""
_PATIENCE = 20.0
_STILL = 0.3
_FIRST = ("UP", "LEFT", "LEFT")
"""To the first tile of home, wherever the last one was left."""


@dataclass
class Record:
    """A screen with somebody's blood pressure on it, and how it looked while that was covered."""

    house: House
    witness: Witness
    screen: Screen
    covered: Image.Image
    opened: Image.Image
    values: tuple[str, ...]

    def look(self) -> Image.Image:
        """Fetch the part where the values stand."""
        return self.screen.moment(*_VALUES)

    def told(self, picture: Image.Image) -> bool:
        """Tell whether a picture shows a value."""
        text = read(picture, "jpn")
        return any(value in text for value in self.values)

    def frames(self, arrived: Callable[[Image.Image], bool]) -> list[bool]:
        """Tell of each different picture from now on, until one stays that has ``arrived``, whether it shows a value."""
        pictures: list[Image.Image] = []
        end = time.monotonic() + _PATIENCE
        since = 0.0
        while time.monotonic() < end:
            picture = self.look()
            if not pictures or not same(pictures[-1], picture):
                pictures.append(picture)
                since = time.monotonic()
            elif time.monotonic() > since + _STILL and arrived(picture):
                return [self.told(it) for it in pictures]
        raise AssertionError(f"it never arrived; last: {self.witness.latest()}")

    def shown(self, right: Callable[[dict[str, Any]], bool]) -> Callable[[Image.Image], bool]:
        """Tell that the agent has sent such a view, and the screen shows another one than the record."""
        before = self.look()
        others = (before, self.covered, self.opened)
        return lambda picture: right(self.witness.latest()) and not any(same(picture, it) for it in others)


@pytest.fixture
def record(standing: House, witness: Witness) -> Iterator[Record]:
    """The screen with somebody's blood pressure on it; the card is in the reader."""
    standing.key("HOMEPAGE")
    assert witness.until(shows("home"), _PATIENCE)
    standing.card(insert="linked")
    assert witness.until(shows("home", 1), _PATIENCE)
    _press(standing, *_FIRST, "OK")
    asked = witness.until(lambda m: m["view"]["kind"] in ("consent", "pin"), _PATIENCE)
    assert asked is not None
    if asked["view"]["kind"] == "consent":  # the first time that this box sees the card
        standing.key("OK")
        assert witness.until(shows("pin"), _PATIENCE)
    _press(standing, *standing.facts["pin"], "OK")
    assert witness.until(shows("home", 2), _PATIENCE), witness.latest()
    _press(standing, *_FIRST, "RIGHT", "RIGHT", "OK")
    assert witness.until(lambda m: m["view"].get("curtain") == "drawn", _PATIENCE)
    with Screen(standing.facts["display"]) as screen:
        assert screen.settle()
        covered = screen.moment(*_VALUES)
        at = standing.key("OK")
        opened = witness.until(lambda m: m["view"].get("curtain") == "open", _PATIENCE)
        assert opened is not None
        assert screen.first_change(at, _PATIENCE, 10_000)
        assert screen.settle()
        values = tuple(plain(row["value"]["args"]["value"] + "mmHg") for row in opened["view"]["rows"])
        record = Record(standing, witness, screen, covered, screen.moment(*_VALUES), values)
        assert record.told(record.opened), "what follows would find nothing"
        assert not record.told(covered)
        yield record
        standing.card(pull=True)
        assert witness.until(lambda m: m["status"].get("card", "absent") == "absent", _PATIENCE)
        if witness.latest()["view"]["kind"] == "message":  # that the card is gone
            standing.key("OK")
        assert witness.until(lambda m: not m["shown"] or m["view"]["kind"] == "home", _PATIENCE)
        if witness.latest()["shown"]:
            standing.key("HOMEPAGE")
        assert witness.until(lambda m: not m["shown"], _PATIENCE)


def _press(house: House, *keys: str) -> None:
    for key in keys:
        house.key(key)


def gone_for_good(told: list[bool]) -> bool:
    """Tell whether values were at most in the first pictures, before what happened came to the screen."""
    return not told[-1] and told == sorted(told, reverse=True)


def test_a_killed_ui_is_back_on_the_same_page_and_what_was_asked_for_is_covered(record: Record) -> None:
    pid = record.house.pids()["ui"]
    os.kill(pid, signal.SIGKILL)
    assert gone_for_good(record.frames(lambda picture: same(picture, record.covered)))
    assert record.house.pids()["ui"] != pid
    record.house.key("OK")
    assert record.witness.until(lambda m: m["view"].get("curtain") == "open", _PATIENCE), "one press, as before"


def test_a_killed_agent_takes_everything_personal_with_it(record: Record) -> None:
    house, witness = record.house, record.witness
    pid = house.pids()["agent"]
    killed = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    assert gone_for_good(record.frames(lambda _: house.pids()["agent"] != pid and not witness.latest()["shown"]))
    again = witness.until(lambda m: m["status"].get("card") == "present", _PATIENCE, since=killed)
    assert again is not None
    assert (again["shown"], again["personal"], again["status"]["level"]) == (False, False, 1)
    while "テスト放送" not in read(record.screen.picture().crop((960, 0, 1920, 300)), "jpn"):
        assert time.monotonic() < killed + _PATIENCE, "the programme is not back"
    arrived = record.shown(shows("home", 1))
    house.key("HOMEPAGE")
    assert not any(record.frames(arrived))
    ours = [told.message for told in witness.told if told.at > killed and told.message["type"] == "view"]
    assert not any(message["personal"] for message in ours)
    assert house.process.poll() is None


def test_the_programme_covers_it_and_coming_back_is_behind_the_lock(record: Record) -> None:
    arrived = record.shown(lambda m: not m["shown"])
    record.house.key("HOMEPAGE")
    assert gone_for_good(record.frames(arrived))
    arrived = record.shown(shows("pin"))
    record.house.key("HOMEPAGE")
    assert not any(record.frames(arrived))


def test_a_warning_of_the_television_covers_it_and_its_end_shows_nothing(record: Record) -> None:
    arrived = record.shown(lambda m: not m["shown"])
    record.house.yield_now(True)
    assert gone_for_good(record.frames(arrived))
    arrived = record.shown(shows("pin"))
    record.house.yield_now(False)
    assert not any(record.frames(arrived))


def test_a_card_that_is_pulled_takes_it_away(record: Record) -> None:
    arrived = record.shown(shows("message"))
    record.house.card(pull=True)
    assert gone_for_good(record.frames(arrived))


def test_a_card_that_is_pulled_while_it_is_being_drawn_takes_it_away(record: Record) -> None:
    """The same with a press that asks for it at the very moment."""
    record.house.key("RIGHT")
    record.house.key("OK")  # 隠す
    while not same(record.look(), record.covered):
        assert record.witness.latest()["view"]["curtain"] == "drawn"
    assert record.screen.settle()
    record.house.key("OK", hold=0.0)
    record.house.card(pull=True)
    told = record.frames(record.shown(shows("message")))
    assert gone_for_good(told[1:]), "covered, perhaps seen for a moment, and gone"

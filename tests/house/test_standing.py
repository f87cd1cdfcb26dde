"""A house that stands: what dies comes back, and a person does not lose the place."""

from __future__ import annotations

import os
import signal
import time

from PIL import ImageChops

from tests.support.house import House, Witness
from tests.support.screen import Screen


def shows(kind: str) -> object:
    return lambda message: message["shown"] and message["view"]["kind"] == kind


def test_the_box_is_the_one_of_this_house(standing: House, witness: Witness) -> None:
    message = witness.until(lambda m: m["status"].get("card", "absent") == "absent", 5)
    assert message is not None
    assert message["shown"] is False
    assert message["status"]["practice"] is True
    assert set(standing.pids()) == {"house", "pcscd", "world", "card", "tv", "agent", "ui"}


def test_a_killed_ui_is_back_on_the_same_picture_within_three_seconds(standing: House, witness: Witness) -> None:
    with Screen(standing.facts["display"]) as screen:
        standing.key("HOMEPAGE")
        assert witness.until(shows("home"), 5)
        standing.key("OK")
        assert witness.until(shows("list"), 5)
        assert screen.settle()
        before, pid = screen.picture(), standing.pids()["ui"]
        killed = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        while ImageChops.difference(screen.picture(), before).getbbox() is None:
            assert time.monotonic() < killed + 3
        while ImageChops.difference(screen.picture(), before).getbbox() is not None:
            assert time.monotonic() < killed + 3
        assert standing.pids()["ui"] != pid
        standing.key("HOMEPAGE")
        assert witness.until(lambda m: not m["shown"], 5)


def test_a_killed_agent_is_back_and_answers_the_remote(standing: House, witness: Witness) -> None:
    pid = standing.pids()["agent"]
    killed = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    assert witness.until(lambda m: True, 5, since=killed)  # the new one's first view
    assert standing.pids()["agent"] != pid
    with Screen(standing.facts["display"]) as screen:
        at = standing.key("HOMEPAGE")
        assert witness.until(shows("home"), 5, since=at)
        assert screen.first_change(at, 5, area=1920 * 1080 // 2)
        standing.key("HOMEPAGE")
        assert witness.until(lambda m: not m["shown"], 5)
    assert standing.process.poll() is None


def test_the_card_reaches_the_box_through_the_real_reader(standing: House, witness: Witness) -> None:
    standing.card(insert="blocked")
    assert witness.until(lambda m: m["status"].get("card") == "present", 10)
    standing.card(pull=True)
    assert witness.until(lambda m: m["status"].get("card", "absent") == "absent", 10)

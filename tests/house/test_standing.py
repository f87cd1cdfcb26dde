"""A house that stands: what dies comes back, and a person does not lose the place."""

from __future__ import annotations

import os
import signal
import time

from tests.support.house import House, Witness, shows
from tests.support.screen import Screen, same

_BACK = 3.0
"""Seconds within which a killed UI is back on the same view."""


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


def test_the_card_reaches_the_box_through_the_real_reader(standing: House, witness: Witness) -> None:
    standing.card(insert="blocked")
    assert witness.until(lambda m: m["status"].get("card") == "present", 10)
    standing.card(pull=True)
    assert witness.until(lambda m: m["status"].get("card", "absent") == "absent", 10)

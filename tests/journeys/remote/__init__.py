"""Remotes: the television's menu and its own keys, the page of the remotes, and a remote that nobody knows taught on screen."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

from stb_agent.contract.text import Word
from tests.journeys.tour import PROGRAMME, Tour

_WHOLE = 1920 * 1080 // 2
"""Pixels of a change that is more than a part of the programme moving."""
_LESSON = {
    "ok": "KEY_F13",
    "up": "KEY_F14",
    "down": "SCAN_800f041f",
    "left": "KEY_F16",
    "right": "KEY_F17",
    "back": "KEY_F18",
    "home": "SCAN_800f040d",
}
_STILL = 0.6
"""Seconds for which a hand rests between two keys of a lesson."""


class Unknown:
    """A second remote, whose keys mean nothing to the box."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))

    def press(self, name: str) -> float:
        """Press what stands for an action on it; gives time.monotonic() at the byte that says it is down."""
        time.sleep(_STILL)
        at = time.monotonic()
        for value in (1, 0):
            self._socket.sendall(json.dumps({"key": _LESSON[name], "value": value}).encode() + b"\n")
        return at

    def close(self) -> None:
        """Put it down."""
        self._socket.close()


def _asks(action: str, *, used: bool = False) -> Any:
    """Tell whether the lesson asks for the key of an action, and says that the last one was used already."""

    def right(message: dict[str, Any]) -> bool:
        view = message["view"]
        asked = view["lead"].get("args", {}).get("key") == {"code": f"remote.action.{action}"}
        return asked and (view["remedy"]["code"] == "remote.lesson.used") is used

    return right


def _lead(code: str) -> Any:
    """Tell whether the view's lead is this."""
    return lambda message: message["view"].get("lead", {}).get("code") == code


def _title(code: str) -> Any:
    """Tell whether the view has this title."""
    return lambda message: message["view"]["title"].get("code") == code


def walk(tour: Tour) -> None:
    """Walk it."""
    unknown = Unknown(tour.house.socket("remote"))
    try:
        _open(tour)
        _list(tour)
        _teach(tour, unknown)
        _use(tour, unknown)
        _interrupt(tour, unknown)
    finally:
        unknown.close()


def _open(tour: Tour) -> None:
    tour.step("programme", kind=PROGRAMME, literal=["テスト放送"])
    tour.step(
        "menu-of-the-television",
        kind="home",
        act=tour.house.open_menu,
        area=_WHOLE,
        words=["booking.tile"],
    )
    tour.step("volume-over-chanoma", "VOLUMEUP", kind="home", words=["booking.tile"])
    tour.step("mute-over-chanoma", "MUTE", kind="home", words=["booking.tile"])
    tour.step("channel-over-chanoma", "CHANNELUP", kind="home", literal=["番組は同じです"])


def _list(tour: Tour) -> None:
    tour.step("tile", to="remote", kind="home")
    tour.step("remotes", "OK", kind="list", right=_title("remote.title"), words=["remote.label.socket", "remote.teach"])
    tour.step("one-remote", "OK", kind="detail", words=["remote.how.socket", "remote.row.can"])
    tour.step("back-to-the-remotes", "BACK", kind="list", right=_title("remote.title"))


def _teach(tour: Tour, unknown: Unknown) -> None:
    tour.step(
        "lesson",
        choose="teach",
        kind="message",
        right=_asks("ok"),
        words=[Word("remote.lesson.press", {"key": Word("remote.action.ok")}), "remote.lesson.begin"],
    )
    names = list(_LESSON)
    for name, following in zip(names, [*names[1:], "1"], strict=True):
        tour.step(
            f"lesson-{following}", kind="message", act=lambda name=name: unknown.press(name), right=_asks(following)
        )
        if following == "down":
            tour.step(
                "lesson-used-already", kind="message", act=lambda: unknown.press("up"), right=_asks("down", used=True),
                words=["remote.lesson.used"],
            )  # fmt: skip
    tour.step("lesson-no-digits", kind="message", act=lambda: unknown.press("ok"), right=_asks("blue"))
    tour.step(
        "summary", kind="choice", act=lambda: unknown.press("ok"), right=_title("remote.summary.title"),
        words=["remote.group.needed", "remote.row.lacks", "remote.summary.stop"],
    )  # fmt: skip
    tour.step("summary-right", kind="choice", act=lambda: unknown.press("right"))
    tour.step("summary-left", kind="choice", act=lambda: unknown.press("left"))
    tour.step(
        "saved", kind="message", act=lambda: unknown.press("ok"), right=_lead("remote.end.saved.lead"),
        words=["remote.end.saved.lead"],
    )  # fmt: skip


def _use(tour: Tour, unknown: Unknown) -> None:
    tour.step("remotes-again", kind="list", act=lambda: unknown.press("ok"), right=_title("remote.title"))
    tour.step("home-by-the-new-one", kind="home", act=lambda: unknown.press("back"))
    tour.step("programme-by-the-new-one", kind=PROGRAMME, act=lambda: unknown.press("home"), area=_WHOLE)
    tour.step("back-by-the-new-one", kind="home", act=lambda: unknown.press("home"), area=_WHOLE)


def _interrupt(tour: Tour, unknown: Unknown) -> None:
    tour.step("remotes-by-the-new-one", kind="list", act=lambda: unknown.press("ok"), right=_title("remote.title"))
    tour.step("lesson-again", kind="message", act=lambda: unknown.press("ok"), right=_asks("ok"))
    tour.step(
        "warning", kind=PROGRAMME, act=lambda: tour.house.yield_now(True), within_ms=200, area=_WHOLE,
        literal=["これは訓練です"],
    )  # fmt: skip
    tour.step(
        "lesson-stopped", kind="message", act=lambda: tour.house.yield_now(False), right=_lead("remote.end.stopped.lead"),
        words=["remote.end.stopped.lead"],
    )  # fmt: skip
    tour.step("remotes-at-last", "OK", kind="list", right=_title("remote.title"))
    tour.step("programme-at-last", "HOMEPAGE", kind=PROGRAMME, area=_WHOLE, literal=["テスト放送"])

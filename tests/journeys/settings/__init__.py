"""Settings: every profile on the real screen, a language that goes back by itself, the feel of the remote, the voice, and all of it undone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.journeys.tour import PROGRAMME, Tour

CHOOSES = True
"""It begins in Japanese, in the standard profile, and goes through the others itself."""
_WHOLE = 1920 * 1080 // 2
"""Pixels of a change that is more than a part of the programme moving."""
_BY_ITSELF = 60.0
"""Seconds within which what nobody answers must have gone back; it takes 30."""
_REST = 0.6
"""Seconds that a slow hand rests between two presses."""
_PROFILES = ("large", "contrast", "colour_blind")
_USUAL = {"profile": "standard", "language": "ja"}
"""What goes without saying."""

Message = dict[str, Any]


def _looks(title: str, **wanted: object) -> Callable[[Message], bool]:
    """Tell whether a view of this title is drawn so."""

    def right(message: Message) -> bool:
        appearance = message["status"].get("appearance", {})
        return message["view"]["title"].get("code") == title and all(
            appearance.get(name, _USUAL[name]) == value for name, value in wanted.items()
        )

    return right


def _felt(action: str, times: int) -> Callable[[Message], bool]:
    """Tell whether the page says that it has understood a key so often."""

    def right(message: Message) -> bool:
        value = message["view"]["rows"][0]["value"]
        return value.get("args") == {"key": {"code": f"remote.action.{action}"}, "times": times}

    return right


def _speaks(title: str, *, on: bool) -> Callable[[Message], bool]:
    """Tell whether a view of this title is spoken, too."""
    return lambda message: (
        message["view"]["title"].get("code") == title and message["status"].get("speech", {}).get("on", False) is on
    )


def _to(tour: Tour, id_: str) -> tuple[str, ...]:
    """Give the keys from the first tile of home to another."""
    ids = [item["id"] for item in tour.witness.latest()["view"]["items"]]
    row, column = divmod(ids.index(id_), 2 if len(ids) in (1, 2, 4) else 3)
    return ("RIGHT",) * column + ("DOWN",) * row


def walk(tour: Tour) -> None:
    """Walk it."""
    tour.step("home", "HOMEPAGE", kind="home", area=_WHOLE, literal=["文字の大きさ"])
    tour.step("tile", *_to(tour, "settings"), kind="home")
    tour.step("settings", "OK", kind="list", literal=["文字の大きさと色", "声の案内", "ことば"])
    _look(tour)
    _voice(tour)
    _language(tour)
    _pace(tour)
    _reset(tour)
    tour.step("programme", "HOMEPAGE", kind=PROGRAMME, area=_WHOLE, literal=["テスト放送"])


def _look(tour: Tour) -> None:
    title = "settings.look.title"
    tour.step("look", "OK", kind="form", right=_looks(title), literal=["大きな文字", "見分けやす"])
    for at, profile in enumerate(_PROFILES, 1):
        tour.step(
            f"look-{profile}", *("DOWN",) * at, "OK", kind="choice", right=_looks(title, profile=profile),
            literal=["これにする", "もとにもどす"],
        )  # fmt: skip
        # By the key, by the button, and by way of help.
        ways = (("BACK",), ("RIGHT", "OK"), ("HELP", "HELP"))
        tour.step(f"not-{profile}", *ways[at - 1], kind="form", right=_looks(title, profile="standard"))
    tour.step("look-large-again", "DOWN", "OK", kind="choice", right=_looks(title, profile="large"))
    tour.step("large-kept", "OK", kind="form", right=_looks(title, profile="large"))
    tour.step("settings-large", "BACK", kind="list", right=_looks("settings.title", profile="large"))


def _voice(tour: Tour) -> None:
    title = "settings.voice.title"
    tour.step("voice", "DOWN", "OK", kind="form", right=_speaks(title, on=False), literal=["ゆっくり"])
    tour.step("voice-slow", "DOWN", "OK", kind="choice", right=_speaks(title, on=True), literal=["公民館"])
    tour.step("voice-left", "BACK", kind="form", right=_speaks(title, on=False))
    tour.step("settings-after-voice", "BACK", kind="list", right=_looks("settings.title"))


def _language(tour: Tour) -> None:
    title = "settings.language.title"
    tour.step("languages", "DOWN", "OK", kind="form", right=_looks(title), literal=["画面と声のことば"])
    tour.step(
        "english", "DOWN", "DOWN", "OK", kind="choice", right=_looks(title, language="en"),
        literal=["Use this", "もとにもどります"],
    )  # fmt: skip
    japanese = _looks(title, language="ja")
    tour.step(
        "japanese-by-itself", kind="form", right=japanese, literal=["ことば"],
        act=lambda: tour.witness.until(lambda message: japanese(message) and _is_form(message), _BY_ITSELF),
    )  # fmt: skip
    tour.step("english-again", "DOWN", "DOWN", "OK", kind="choice", right=_looks(title, language="en"))
    tour.step("english-kept", "LEFT", "OK", kind="form", right=_looks(title, language="en"), literal=["Choose the"])
    tour.step("settings-english", "BACK", kind="list", right=_looks("settings.title", language="en"), literal=["Voice"])
    tour.step("languages-again", "OK", kind="form", right=_looks(title, language="en"))
    tour.step(
        "japanese", "UP", "UP", "OK", kind="choice", right=_looks(title, language="ja"), literal=["It goes back", "これにする"],
    )  # fmt: skip
    tour.step("japanese-kept", "LEFT", "OK", kind="form", right=_looks(title, language="ja"))
    tour.step("settings-japanese", "BACK", kind="list", right=_looks("settings.title", language="ja"))


def _is_form(message: Message) -> bool:
    return bool(message["view"]["kind"] == "form")


def _pace(tour: Tour) -> None:
    title = "settings.pace.title"
    tour.step("pace", "DOWN", "OK", kind="form", right=_looks(title), literal=["ゆっくり"])
    tour.step("pace-slow", "DOWN", "OK", kind="choice", right=_looks(title), literal=["決定を試す"])

    def slowly(key: str) -> Callable[[], float]:
        def press() -> float:
            time.sleep(_REST)
            return tour.house.key(key)

        return press

    for name, key, felt in (
        ("right-once", "RIGHT", _felt("right", 1)),
        ("right-twice", "RIGHT", _felt("right", 2)),
        ("ok-once", "OK", _felt("ok", 1)),
        ("left-once", "LEFT", _felt("left", 1)),
        ("left-twice", "LEFT", _felt("left", 2)),
    ):
        tour.step(f"felt-{name}", kind="choice", right=felt, act=slowly(key))
    tour.step("pace-kept", kind="form", right=_looks(title), act=slowly("OK"))
    tour.step("settings-slow", kind="list", right=_looks("settings.title"), act=slowly("BACK"))


def _reset(tour: Tour) -> None:
    ids = [item["id"] for item in tour.witness.latest()["view"]["items"]]
    for _ in ids[ids.index("set:pace") : -1]:
        time.sleep(_REST)
        tour.house.key("DOWN")
    time.sleep(_REST)
    tour.step(
        "reset",
        "OK",
        kind="choice",
        right=_looks("settings.reset.title", profile="large"),
        literal=["そのまま残るもの"],
    )
    time.sleep(_REST)
    tour.step("reset-focus", "RIGHT", kind="choice")
    time.sleep(_REST)
    tour.step("reset-done", "OK", kind="list", right=_looks("settings.title", profile="standard"))
    tour.step("settings-left", "BACK", kind="home")

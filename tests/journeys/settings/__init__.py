"""Settings: every profile on the real screen, a language that goes back by itself, the feel of the remote, the voice, and all of it undone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.journeys.tour import PROGRAMME, Tour

CHOOSES = True
"""This journey chooses language and profile by itself."""

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


def _looks(title: str, **wanted: str) -> Callable[[Message], bool]:
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


def walk(tour: Tour) -> None:
    """Walk it."""
    tour.step("home", "HOMEPAGE", kind="home", area=_WHOLE, words=["settings.tile_detail"])
    tour.step("tile", to="settings", kind="home")
    tour.step("settings", "OK", kind="list", words=["settings.look.title", "settings.voice.title"])
    _look(tour)
    _voice(tour)
    _language(tour)
    _pace(tour)
    _reset(tour)
    tour.step("programme", "HOMEPAGE", kind=PROGRAMME, area=_WHOLE, literal=["テスト放送"])


def _look(tour: Tour) -> None:
    title = "settings.look.title"
    tour.step("look", choose="set:look", kind="form", right=_looks(title), words=["settings.look.large"])
    ways: tuple[dict[str, Any], ...] = ({"keys": ("BACK",)}, {"choose": "undo"}, {"keys": ("HELP", "HELP")})
    for profile, way in zip(_PROFILES, ways, strict=True):
        tour.step(
            f"look-{profile}",
            choose=f"choose:{profile}",
            kind="choice",
            right=_looks(title, profile=profile),
            words=["settings.try.keep", "settings.sample.text"],
        )
        usual = _looks(title, profile="standard")
        tour.step(f"not-{profile}", *way.get("keys", ()), choose=way.get("choose"), kind="form", right=usual)
    large = _looks(title, profile="large")
    tour.step("look-large-again", choose="choose:large", kind="choice", right=large)
    tour.step("large-kept", choose="keep", kind="form", right=large)
    tour.step("settings-large", "BACK", kind="list", right=_looks("settings.title", profile="large"))


def _voice(tour: Tour) -> None:
    title = "settings.voice.title"
    tour.step("voice", choose="set:voice", kind="form", right=_speaks(title, on=False), words=["settings.voice.slow"])
    tour.step(
        "voice-slow",
        choose="choose:slow",
        kind="choice",
        right=_speaks(title, on=True),
        words=["settings.sample.text"],
    )
    tour.step("voice-left", "BACK", kind="form", right=_speaks(title, on=False))
    tour.step("settings-after-voice", "BACK", kind="list", right=_looks("settings.title"))


def _language(tour: Tour) -> None:
    title = "settings.language.title"
    english, japanese = _looks(title, language="en"), _looks(title, language="ja")
    tour.step("languages", choose="set:language", kind="form", right=japanese, words=["settings.language.lead"])
    tour.step("english", choose="choose:en", kind="choice", right=english, words=["settings.try.keep"])

    def wait() -> None:
        tour.witness.until(lambda message: japanese(message) and bool(message["view"]["kind"] == "form"), _BY_ITSELF)

    tour.step("japanese-by-itself", act=wait, kind="form", right=japanese, words=["settings.language.lead"])
    tour.step("english-again", choose="choose:en", kind="choice", right=english)
    tour.step("english-kept", choose="keep", kind="form", right=english, words=["settings.language.lead"])
    tour.step("settings-english", "BACK", kind="list", right=_looks("settings.title", language="en"))
    tour.step("languages-again", choose="set:language", kind="form", right=english)
    tour.step("japanese", choose="choose:ja", kind="choice", right=japanese, words=["settings.try.keep"])
    tour.step("japanese-kept", choose="keep", kind="form", right=japanese)
    tour.step("settings-japanese", "BACK", kind="list", right=_looks("settings.title", language="ja"))


def _pace(tour: Tour) -> None:
    title = "settings.pace.title"
    tour.step("pace", choose="set:pace", kind="form", right=_looks(title), words=["settings.pace.slow"])
    tour.step("pace-slow", choose="choose:slow", kind="choice", right=_looks(title), words=["settings.try.feel"])
    for name, key, felt in (
        ("right-once", "RIGHT", _felt("right", 1)),
        ("right-twice", "RIGHT", _felt("right", 2)),
        ("ok-once", "OK", _felt("ok", 1)),
        ("left-once", "LEFT", _felt("left", 1)),
        ("left-twice", "LEFT", _felt("left", 2)),
    ):
        tour.step(f"felt-{name}", kind="choice", right=felt, act=_slowly(tour, key))
    tour.step("pace-kept", kind="form", right=_looks(title), act=_slowly(tour, "OK"))
    tour.step("settings-slow", kind="list", right=_looks("settings.title"), act=_slowly(tour, "BACK"))


def _slowly(tour: Tour, key: str) -> Callable[[], float]:
    """Give what presses a key after a rest."""

    def press() -> float:
        time.sleep(_REST)
        return tour.house.key(key)

    return press


def _reset(tour: Tour) -> None:
    ids = [item["id"] for item in tour.witness.latest()["view"]["items"]]
    for _ in ids[ids.index("set:pace") : -1]:
        _slowly(tour, "DOWN")()
    asks = _looks("settings.reset.title", profile="large")
    tour.step("reset", kind="choice", right=asks, words=["settings.reset.stays_label"], act=_slowly(tour, "OK"))
    tour.step("reset-focus", kind="choice", act=_slowly(tour, "RIGHT"))
    usual = _looks("settings.title", profile="standard")
    tour.step("reset-done", kind="list", right=usual, act=_slowly(tour, "OK"))
    tour.step("settings-left", "BACK", kind="home")

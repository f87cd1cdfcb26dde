"""Every page that the services have, in every language: it fits, nothing is cut short, and nothing is said in another language."""

from __future__ import annotations

import itertools
import re

import pytest

from stb_agent.contract import words
from stb_agent.contract.appearance import Appearance, Calendar, Profile
from stb_agent.contract.level import Level
from stb_agent.contract.messages import CardState, Status
from stb_agent.contract.speech import Engine, Speech
from stb_agent.contract.text import word
from stb_agent.contract.views import Base, View
from tests.support.pages import REAL
from tests.support.screens import SAFE
from tests.support.typeface import measure
from ui import theme
from ui.scene import Label
from ui.screens.kinds import drawer
from ui.sketch import Place, Sketch

LANGUAGES = ("ja", "ja-simple", "en")
each = [
    pytest.mark.parametrize("profile", [Profile.STANDARD, Profile.LARGE]),
    pytest.mark.parametrize("language", LANGUAGES),
]


def _all(language: str, profile: Profile, calendar: Calendar = Calendar.GREGORIAN) -> list[tuple[str, Sketch]]:
    """Lay out every view, all its pages and its table."""
    status = Status(
        CardState.NO_READER,
        Level.AUTHENTICATED,
        practice=True,
        notice=word("remote.notice.asleep"),
        appearance=Appearance(profile=profile, language=language, calendar=calendar),
        speech=Speech(engine=Engine.ESPEAK),
    )
    draw = drawer(measure)
    found = []
    for name, view in REAL.items():
        for table in (False, True):
            first = draw(view, status, Place(table=table))
            if table and first.table is False:
                continue
            found += [(f"{name} {page}", draw(view, status, Place(page, table))) for page in range(first.pages)]
    return found


_WORDS = frozenset(word for code in words.codes() for word in re.findall("[A-Za-z]+", words.pattern(code, "en")))


def _parts(one: str, other: str) -> bool:
    """Tell whether a word of English stands half in one line and half in the other."""
    end, start = re.findall("[A-Za-z]+$", one), re.findall("^[A-Za-z]+", other)
    return bool(end and start) and end[0] + start[0] in _WORDS and not {end[0], start[0]} <= _WORDS


def _least(label: Label) -> int:
    """Give the smallest size of a text; a reading is smaller than the word that it stands over."""
    return theme.RUBY if all("\u3041" <= char <= "\u3096" for char in "".join(label.lines)) else theme.SMALL


def _fits(name: str, sketch: Sketch) -> list[str]:
    wrong = []
    labels = sketch.scene().labels
    wrong += [f"{name}: cut: {label.lines}" for label in labels if label.lines[-1][1:].endswith("…")]
    wrong += [
        f"{name}: parted: {label.lines}"
        for label in labels
        for one, other in itertools.pairwise(label.lines)
        if _parts(one, other)
    ]
    wrong += [f"{name}: outside: {label.lines}" for label in labels if label.box.union(SAFE) != SAFE]
    wrong += [f"{name}: small: {label.lines}" for label in labels if label.size < _least(label)]
    wrong += [
        f"{name}: {one.lines} on {other.lines}"
        for one, other in itertools.combinations(labels, 2)
        if one.box.grown(-2).overlaps(other.box.grown(-2))
    ]
    for button in sketch.buttons:
        wrong += [
            f"{name}: out of its button: {label.lines}"
            for label in button.labels
            if label.box.union(button.node.box) != button.node.box
        ]
    return wrong


@each[0]
@each[1]
def test_every_page_fits_in_every_language(language: str, profile: Profile) -> None:
    assert [line for name, sketch in _all(language, profile) for line in _fits(name, sketch)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_fits_with_years_by_era(language: str) -> None:
    found = _all(language, Profile.LARGE, Calendar.JAPANESE)
    assert [line for name, sketch in found for line in _fits(name, sketch)] == []


def test_a_page_in_english_has_nothing_else_but_names() -> None:
    """What is Japanese there is data (a facility's name, an address), what ``test_words`` lets pass, languages, or the way back to Japanese."""
    japanese = re.compile("[\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff]+")
    said = {
        found
        for _, sketch in _all("en", Profile.STANDARD)
        for label in sketch.scene().labels
        for found in japanese.findall(" ".join(label.lines))
        if len(found) > 1  # a key of the keyboard, say
    }
    back = " ".join(words.text(f"settings.try.{name}", "ja", left=30) for name in ("undo", "else", "left"))
    known = {
        "港町コミュニティセンタ",
        "和室",
        "港町",
        "暗証番号リセット",
        "日本語",
        "やさしい日本語",
        "会議",
        "打ち合わせ",
        "講座",
        "学習",
        "将棋の会",
        "港町将棋会",
    }
    assert said <= {*known, *japanese.findall(back)}


def test_every_kind_is_among_them() -> None:
    assert {type(view) for view in REAL.values()} == set(Base.__subclasses__())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_of_the_household_is_among_them(language: str) -> None:
    shown = {name.removeprefix("error-") for name in REAL if name.startswith("error-")}
    assert {"card.pin.blocked", "cable_id.platform.unreachable", "store.damaged", "booking.taken", "internal"} <= shown
    for code in shown:
        assert all(words.told(code, {"left": 2, "sw": "6A82", "position": 3}, language))


def test_the_check_notices_what_does_not_fit() -> None:
    def cut(view: View) -> Sketch:
        return drawer(measure)(view, Status(), Place())

    long = "たいへん長い名前の市民総合福祉保健スポーツ文化交流センター" * 9
    home = REAL["home-known"]
    assert _fits("home", cut(type(home)(title=long, lead=long, items=home.items)))

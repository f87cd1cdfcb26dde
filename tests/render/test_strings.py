"""Every text on a screen: it is in the catalogue, it is translated, and there is a page among ours that shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from stb_agent.contract import words
from stb_agent.contract.appearance import Profile
from stb_agent.contract.views import View
from tests.render.conftest import ALL, Household
from tests.support.inspector import layout
from tests.support.inspector.layout import Page
from tests.support.pages import LONG_MESSAGE, REAL
from tests.support.typeface import measure
from ui.screens.kinds import drawer

_CODES = re.compile(r"[a-z_]+(\.[a-z_]+)+|[a-z]+_[a-z_]+")
"""Of failures, which are told as they are."""
_SERVICES = ("booking", "form", "health", "help", "home", "link", "settings", "sign_in")
_JAPANESE = re.compile("[\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff]+")


class Seen:
    """The codes of the texts that were filled while something was drawn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.codes: set[str] = set()
        real = words._translated

        def watched(code: str, japanese: str, shown: object) -> str:
            self.codes.add(code)
            return real(code, japanese, shown)  # type: ignore[arg-type]

        monkeypatch.setattr(words, "_translated", watched)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    return Seen(monkeypatch)


def _drawn(views: dict[str, View], language: str, household: Household) -> Iterator[Page]:
    for profile in (Profile.STANDARD, Profile.LARGE):
        status = household(language, profile)
        draw = drawer(measure)
        for name, view in views.items():
            for page in layout.pages(name, view, status, draw):
                page.sketch.scene()
                yield page


def _said(page: Page) -> Iterator[str]:
    return (" ".join(label.lines) for label in page.sketch.scene().labels)


@pytest.mark.parametrize("language", ["en", "further"])
def test_every_text_on_a_screen_is_in_the_language_that_was_asked_for(
    language: str, household: Household, seen: Seen
) -> None:
    list(_drawn(ALL, language, household))
    assert seen.codes & words.missing(household(language, Profile.STANDARD).appearance) == set()


def test_in_english_what_is_japanese_is_data(household: Household) -> None:
    """A facility's name, an address; what ``test_words`` lets pass; languages; keys of the keyboard; the way back to Japanese."""
    said = {
        found
        for page in _drawn(REAL, "en", household)
        for text in _said(page)
        for found in _JAPANESE.findall(text)
        if len(found) > 1  # else a key
    }
    back = " ".join(words.text(f"settings.try.{name}", "ja", left=30) for name in ("undo", "else", "left"))
    known = {"港町コミュニティセンタ", "和室", "港町", "暗証番号リセット", "日本語", "やさしい日本語"}
    known |= {"ばあば"}  # what somebody is called
    places = ("港町二丁目", "しおみ市")
    for name in ("しおみケーブルネットワーク", "しおみケーブルテレビ", *places):
        known |= set(_JAPANESE.findall(name))
    known |= {"講座", "学習", "会議", "打ち合わせ", "港町将棋会", "将棋の会"}  # what a group is, and does
    known |= {
        "解約の受付",
        *_JAPANESE.findall(LONG_MESSAGE),
        *_JAPANESE.findall(LONG_MESSAGE[:20]),
    }  # what a call centre writes
    said = {it for it in said if it not in LONG_MESSAGE}  # in lines
    assert said <= {*known, *_JAPANESE.findall(back)}


def test_in_a_further_language_no_word_is_english(household: Household) -> None:
    """Its words are longer than English ones: one that is not was written into the code, or is data."""
    english = {it for code in words.codes() for it in re.findall("[A-Za-z]{4,}", words.pattern(code, "en"))}
    found = {
        word
        for page in _drawn(REAL, "further", household)
        for said in _said(page)
        for word in re.findall(r"[^\W\d_]{4,}", _CODES.sub("", said))
    }
    data = {"English", "card"} | {word for name in ("Voice Remote II", "other remote") for word in name.split()}
    assert {word for word in found if word.endswith("it")}, "it is the further language"
    assert (found & english) - data == set()


def test_every_text_of_a_service_is_on_one_of_the_pages(household: Household, seen: Seen) -> None:
    """Else: add the page that shows it to ``tests/support/pages.py``; only so is it looked at in every language and size."""
    list(_drawn(ALL, "ja", household))
    assert {code for code in words.codes() - seen.codes if code.split(".")[0] in _SERVICES} == set()

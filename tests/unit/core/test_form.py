"""Filling in a form: what is kept, what is refused, and that nothing typed leads outside its limits."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from stb_agent.contract import words
from stb_agent.contract.actions import Action
from stb_agent.contract.keyboards import Candidate
from stb_agent.contract.text import word
from stb_agent.contract.views import ChoiceField, DateField, DatePart, Item, NumberField, TextField
from stb_agent.core.form import Day, Ending, Filling, Line, Number, OneOf
from stb_agent.core.page import Chosen, PageEvent, Pressed

TOWNS = ("緑が丘", "緑町", "緑")


def _towns(reading: str) -> tuple[Candidate, ...]:
    return tuple(Candidate(name, len("みどり")) for name in TOWNS) if reading.startswith("みどり") else ()


FIRST, LAST = date(2024, 2, 29), date(2026, 11, 22)
NUMBER = Number(
    "number", "番号", (4, 2), wrong=lambda number: word("link.number.check") if number == "000000" else None
)
TOWN = Line("town", "町", _towns, most=5)
PEOPLE = Number("people", "人数", (3,), least=1)
DAY = Day("day", "日", FIRST, LAST, date(2025, 1, 31))
ROOM = OneOf("room", "部屋", (Item("a", "和室"), Item("b", "洋室")))
ALL = (NUMBER, TOWN, DAY, ROOM)


def fill(filling: Filling, *events: PageEvent) -> tuple[Filling, Ending]:
    ending = Ending.GOING_ON
    for event in events:
        assert ending is Ending.GOING_ON
        filling, ending = filling.on(event)
    return filling, ending


def digits(number: str) -> list[PageEvent]:
    return [Pressed(Action(digit)) for digit in number]


def test_one_field_after_another_to_the_end() -> None:
    here, ending = fill(Filling(ALL), *digits("123456"), Chosen("submit"))
    assert (here.at, ending) == (1, Ending.GOING_ON)
    here, _ = fill(here, Chosen("key", "みどり"), Chosen("take", "1"), Chosen("submit"))
    here, _ = fill(here, Chosen("next", "year"), Chosen("next", "month"), Chosen("submit"))
    view = here.view("登録")
    assert (view.at, view.count) == (3, 4)
    assert [words.render(row.value) for row in view.rows] == ["123456", "緑町", "2026年2月28日（令和8年）"]
    here, ending = fill(here, Chosen("choose", "b"))
    assert ending is Ending.COMPLETE
    assert here.values == {"number": "123456", "town": "緑町", "day": "2026-02-28", "room": "b"}


def test_each_kind_of_field_has_its_view() -> None:
    kinds = [type(Filling(ALL, at).view("x").field) for at in range(4)]
    assert kinds == [NumberField, TextField, DateField, ChoiceField]


def test_what_is_missing_or_wrong_is_said_and_kept() -> None:
    here, _ = fill(Filling(ALL), *digits("123"), Chosen("submit"))
    assert (here.at, here.value) == (0, "123")
    assert here.error == word("form.short", length=6)
    here, _ = fill(here, Pressed(Action.BACK), Chosen("erase"), Chosen("digit", "9"))
    assert (here.value, here.error) == ("19", None)
    here, _ = fill(Filling(ALL), *digits("000000"), Chosen("submit"))
    assert here.error == word("link.number.check")
    for at, event, said in (
        (1, Chosen("key", "　"), "empty"),
        (1, Chosen("erase"), "empty"),
        (3, Chosen("choose", "?"), "pick"),
    ):
        here, ending = fill(Filling(ALL, at), event, Chosen("submit"))
        assert (here.at, here.error, ending) == (at, word(f"form.{said}"), Ending.GOING_ON)


def test_a_number_may_be_shorter_where_it_says_so() -> None:
    assert fill(Filling((PEOPLE,)), Chosen("submit"))[0].error == word("form.empty")
    assert fill(Filling((PEOPLE,)), *digits("8"), Chosen("submit"))[1] is Ending.COMPLETE


def test_a_field_is_asked_only_where_it_is_wanted() -> None:
    other = Line("other", "ほか", _towns, only_if=("room", "b"))
    form = Filling((ROOM, other, PEOPLE))
    plain, _ = fill(form, Chosen("choose", "a"))
    assert (plain.view("x").at, plain.view("x").count, plain.value) == (1, 2, "")
    assert fill(plain, Chosen("earlier"))[0].at == 0
    asked, _ = fill(form, Chosen("choose", "b"), Pressed(Action.DIGIT_2), Pressed(Action.DIGIT_2, again=True))
    assert (asked.view("x").at, asked.view("x").count, asked.value) == (1, 3, "き")
    back, _ = fill(asked, Chosen("submit"), *digits("12"), Chosen("earlier"))
    assert isinstance(back.view("x").field, TextField)
    assert (back.value, back.view("x").field.reading) == ("き", ""), "what was written there is no reading any more"


def test_a_text_from_elsewhere_is_written_into_the_field() -> None:
    here = Filling((TOWN, PEOPLE)).written("緑が丘\n四丁目")
    assert here.value == "緑が丘 四"
    assert Filling((PEOPLE,)).written("12").value == ""


def test_back_goes_through_the_fields_and_takes_digits_away_while_there_are_any() -> None:
    here, _ = fill(Filling(ALL), *digits("123456"), Chosen("submit"), Chosen("earlier"))
    assert (here.at, here.value) == (0, "123456")
    assert Action.BACK in here.own_keys()
    here, _ = fill(here, *[Chosen("erase")] * 9)
    assert Action.BACK not in here.own_keys(), "then it leaves"
    assert Action.NUMBER_11 in Filling(ALL, 1).own_keys()
    assert Action.BACK not in Filling(ALL, 1).own_keys()
    assert Filling(ALL, 3).own_keys() == frozenset()


values = st.one_of(st.text(max_size=3), st.sampled_from(["1", "a", "緑", "year", "month", "day", "٣", ""]))
events = st.one_of(
    st.builds(Pressed, st.sampled_from(list(Action))),
    st.builds(
        Chosen,
        st.sampled_from(
            [
                "digit",
                "key",
                "take",
                "next",
                "previous",
                "choose",
                "change",
                "letters",
                "erase",
                "submit",
                "earlier",
                "?",
            ]
        ),
        values,
    ),
)


@given(st.lists(events, max_size=60))
def test_whatever_comes_every_value_stays_within_its_field(happenings: list[PageEvent]) -> None:
    here = Filling(ALL)
    for event in happenings:
        here, ending = here.on(event)
        assert set(here.values.get("number", "")) <= set("0123456789")
        assert len(here.values.get("number", "")) <= 6
        assert len(here.values.get("town", "")) <= 5
        assert FIRST <= date.fromisoformat(here.values.get("day", "2025-01-31")) <= LAST
        assert here.values.get("room", "") in ("", "a", "b")
        here.view("x", "y")
        if ending is Ending.COMPLETE:
            assert here.at == 3


@given(st.dates(FIRST, LAST))
def test_every_date_within_the_limits_can_be_set(wanted: date) -> None:
    here = Filling((DAY,))
    for part in (DatePart.YEAR, DatePart.MONTH, DatePart.DAY, DatePart.YEAR, DatePart.MONTH, DatePart.DAY):
        for _ in range(31):
            at = date.fromisoformat(here.value)
            now, goal = (getattr(it, part.value) for it in (at, wanted))
            if now == goal:
                break
            here, _ = here.on(Chosen("next" if now < goal else "previous", part.value))
    assert here.value == wanted.isoformat()

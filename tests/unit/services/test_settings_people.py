"""The people of the household: who sees and changes nicknames, where they are kept, and what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from stb_agent.contract.actions import Action
from stb_agent.contract.appearance import Appearance
from stb_agent.contract.choices import Choices
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.keyboards import Candidate
from stb_agent.contract.level import Level
from stb_agent.contract.messages import CardState, encode
from stb_agent.contract.privacy import Privacy
from stb_agent.contract.speech import Speech
from stb_agent.contract.text import Text, word
from stb_agent.contract.views import Choice, ChoiceField, Detail, Form, List, Message, Progress, TextField
from stb_agent.core.page import Chosen, Done, Failed, Frame, Job, Move, Page, Pressed, Requirement, Shown
from stb_agent.services.home import HomePage
from stb_agent.services.settings import SettingsService
from stb_agent.services.settings.household import (
    CallPerson,
    HouseholdPage,
    LoadPeople,
    NamePage,
    PersonPage,
    RemovePage,
)
from stb_agent.services.settings.people import NICKNAMES, Nickname, People, Person
from stb_agent.store.errors import Damaged, NotWritten
from stb_agent.store.links import Link
from stb_agent.store.store import Store


def no_kanji(reading: str) -> tuple[Candidate, ...]:
    return ()


GRANDMA, FATHER = NICKNAMES[0], NICKNAMES[3]
PEOPLE = (
    Person("a" * 64, "2026-11-01T00:00:00+00:00", Nickname(GRANDMA), here=True),
    Person("b" * 64, "2026-11-02T00:00:00+00:00"),
)
FRAME = Frame(card=CardState.PRESENT, level=Level.AUTHENTICATED, linked=True, known=True)
EACH = [HouseholdPage(no_kanji), PersonPage("a" * 64, no_kanji), NamePage("a" * 64, no_kanji), RemovePage("a" * 64)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path, clock=lambda: 1_795_000_000.0, random=lambda count: bytes(range(count)))
    for at, handle in enumerate(("a" * 64, "b" * 64)):
        store.links.add(Link(f"l{at}", handle, "港ケーブル", 1_790_000_000.0 + at))
    yield store
    store.close()


def people(store: Store, here: str = "a" * 64) -> People:
    return People(store, lambda handle: handle == here)


def loaded(page: Page) -> Page:
    assert page.on(Shown(), FRAME).jobs == (LoadPeople(),)
    move = page.on(Done(LoadPeople(), PEOPLE), FRAME)
    assert move.stay is not None
    return move.stay


@pytest.mark.parametrize("page", EACH)
def test_only_who_is_signed_in_with_a_linked_card_sees_them_and_nothing_of_them_outlives_the_lock(page: Page) -> None:
    assert page.needs == Requirement(service="people", linked=True)
    assert page.personal
    assert isinstance(page.view(FRAME), Progress)
    full = loaded(page)
    assert not isinstance(full.view(FRAME), Progress)
    assert full.blank() == page
    again = full.on(Failed(LoadPeople(), NotWritten()), FRAME).stay
    assert again is not None
    assert isinstance(again.view(FRAME), Message)
    assert again.on(Chosen("again"), FRAME).jobs == (LoadPeople(),)


def test_no_card_s_handle_leaves_the_agent() -> None:
    for page in EACH:
        line = encode(loaded(page).view(FRAME))
        assert b"a" * 64 not in line
        assert b"b" * 64 not in line


def test_everybody_whose_card_is_linked_is_listed_and_each_can_be_named() -> None:
    view = loaded(HouseholdPage(no_kanji)).view(FRAME)
    assert isinstance(view, List)
    assert [it.label for it in view.items] == [word(f"settings.nickname.{GRANDMA}"), word("settings.people.unnamed")]
    second = loaded(HouseholdPage(no_kanji)).on(Chosen("person:1"), FRAME).push
    assert second == PersonPage("b" * 64, no_kanji)
    assert loaded(HouseholdPage(no_kanji)).on(Chosen("person:2"), FRAME) == Move()
    detail = loaded(PersonPage("b" * 64, no_kanji)).view(FRAME)
    assert isinstance(detail, Detail)
    assert [it.id for it in detail.items] == ["name"], "there is no name to take away"
    assert loaded(PersonPage("b" * 64, no_kanji)).on(Chosen("name"), FRAME) == Move(
        replace=NamePage("b" * 64, no_kanji)
    )
    form = loaded(NamePage("a" * 64, no_kanji)).view(FRAME)
    assert isinstance(form, Form)
    assert isinstance(form.field, ChoiceField)
    assert form.field.value == GRANDMA
    naming = loaded(NamePage("b" * 64, no_kanji))
    assert naming.on(Chosen("choose", FATHER), FRAME).jobs == (CallPerson("b" * 64, Nickname(FATHER)),)
    assert not naming.on(Chosen("choose", "<b>"), FRAME).jobs
    assert naming.on(Done(CallPerson("b" * 64, Nickname(FATHER)), None), FRAME) == Move(leave=True)


def test_a_name_can_be_written_with_kanji_offered_for_it() -> None:
    page: Page = loaded(NamePage("b" * 64, lambda reading: (Candidate("花子", len(reading)),)))
    for event in (Chosen("choose", "own"), *(Chosen("key", kana) for kana in "はなこ"), Chosen("take", "0")):
        page = page.on(event, FRAME).stay or page
    assert Action.DIGIT_1 in page.own_keys()
    view = page.view(FRAME)
    assert isinstance(view, Form)
    assert isinstance(view.field, TextField)
    assert (view.field.value, view.at, view.count) == ("花子", 1, 2)
    page = page.on(Pressed(Action.BACK), FRAME).stay or page
    page = page.on(Chosen("key", "ち"), FRAME).stay or page
    move = page.on(Chosen("submit"), FRAME)
    assert move.jobs == (CallPerson("b" * 64, Nickname(own="花ち")),)
    assert isinstance(page, NamePage)
    assert page.blank() == NamePage("b" * 64, page.candidates)
    assert "花" not in repr(move)


def test_a_name_that_was_written_can_be_changed_letter_by_letter() -> None:
    own = (Person("a" * 64, "2026-11-01T00:00:00+00:00", Nickname(own="はなちゃん")),)
    page = NamePage("a" * 64, no_kanji, people=own)
    form = page.view(FRAME)
    assert isinstance(form, Form)
    assert isinstance(form.field, ChoiceField)
    assert form.field.value == "own"
    writing = page.on(Chosen("choose", "own"), FRAME).stay
    assert writing is not None
    view = writing.view(FRAME)
    assert isinstance(view, Form)
    assert isinstance(view.field, TextField)
    assert view.field.value == "はなちゃん"
    assert view.field.most == 10


def test_a_name_goes_after_a_question_and_nothing_else_does() -> None:
    assert loaded(PersonPage("a" * 64, no_kanji)).on(Chosen("remove"), FRAME) == Move(replace=RemovePage("a" * 64))
    asking = loaded(RemovePage("a" * 64))
    view = asking.view(FRAME)
    assert isinstance(view, Choice)
    assert next(it.id for it in view.items if it.first) == "stop"
    assert asking.on(Chosen("stop"), FRAME) == Move(leave=True)
    assert asking.on(Chosen("remove"), FRAME).jobs == (CallPerson("a" * 64, None),)


@pytest.mark.parametrize("page", EACH[1:])
def test_who_is_not_linked_any_more_is_nobody(page: Page) -> None:
    assert page.on(Done(LoadPeople(), PEOPLE[1:]), FRAME) == Move(leave=True)


def work(store: Store, job: Job, called: list[Text | None] | None = None) -> object:
    told: list[Text | None] = called if called is not None else []

    async def sleep(seconds: float) -> None:
        raise AssertionError(seconds)

    service = SettingsService(
        Appearance(),
        Speech(),
        Privacy(),
        Choices(),
        people(store),
        candidates=no_kanji,
        called=told.append,
        home_key=lambda: True,
        sleep=sleep,
    )
    return asyncio.run(service.work(job))


def test_a_name_is_kept_encrypted_and_told_at_once_of_who_is_here(store: Store, tmp_path: Path) -> None:
    told: list[Text | None] = []
    work(store, CallPerson("a" * 64, Nickname(GRANDMA)), told)
    work(store, CallPerson("b" * 64, Nickname(FATHER)), told)
    assert told == [word(f"settings.nickname.{GRANDMA}")]
    found = work(store, LoadPeople())
    assert isinstance(found, tuple)
    named = [(it.handle[0], it.nickname, it.here) for it in found]
    assert named == [("a", Nickname(GRANDMA), True), ("b", Nickname(FATHER), False)]
    assert people(store).called("b" * 64) == word(f"settings.nickname.{FATHER}")
    for file in tmp_path.iterdir():
        assert GRANDMA.encode() not in file.read_bytes()
    work(store, CallPerson("a" * 64, Nickname(own="はなちゃん")), told)
    assert told[-1] == people(store).called("a" * 64) == "はなちゃん"
    for file in tmp_path.iterdir():
        assert "はなちゃん".encode() not in file.read_bytes()
    work(store, CallPerson("a" * 64, None), told)
    assert told[-1] is None
    assert people(store).called("a" * 64) is None
    assert store.links.find("a" * 64) is not None, "the link stays"


def test_the_trail_says_that_not_what(store: Store) -> None:
    work(store, CallPerson("a" * 64, Nickname(GRANDMA)))
    work(store, CallPerson("a" * 64, None))
    said = [(it.event, it.data) for it in store.audit.events() if it.event == "person.named"]
    assert said == [
        ("person.named", {"handle": "a" * 64, "state": "named"}),
        ("person.named", {"handle": "a" * 64, "state": "unnamed"}),
    ]


def test_the_name_of_a_link_that_is_gone_goes_with_the_next_change(store: Store) -> None:
    work(store, CallPerson("a" * 64, Nickname(GRANDMA)))
    store.links.remove("a" * 64)
    work(store, CallPerson("b" * 64, Nickname(FATHER)))
    assert store.settings.get("nicknames") == {"b" * 64: FATHER}


def test_what_is_not_understood_greets_nobody(store: Store) -> None:
    strange = ("<script>", 7, {"own": "長" * 11}, {"own": ""}, {"own": "a\n"}, {"own": 7}, {"other": "x"}, [])
    for kept in (["x"], None, *({"a" * 64: value} for value in strange)):
        store.settings.set("nicknames", kept)  # type: ignore[arg-type]
        assert people(store).called("a" * 64) is None
        assert [it.nickname for it in people(store).all()] == [None, None]


def test_a_store_that_cannot_be_read_greets_nobody(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(name: str, default: object = None) -> object:
        raise Damaged(table="settings")

    monkeypatch.setattr(store.settings, "get", damaged)
    assert people(store).called("a" * 64) is None
    with pytest.raises(ChanomaError):
        work(store, LoadPeople())


def test_home_greets_by_name_only_who_is_known() -> None:
    home = HomePage(lambda _: ())
    called = Frame(card=CardState.PRESENT, known=True, nickname=word(f"settings.nickname.{GRANDMA}"))
    assert home.view(called).lead == word("home.guide.called", name=word(f"settings.nickname.{GRANDMA}"))
    assert home.view(Frame(card=CardState.PRESENT, known=True)).lead == word("home.guide.known")
    assert home.view(FRAME).lead == word("home.guide.signed_in")

"""The pages of the settings: what they try, what they keep, and that every way back is there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from unittest.mock import Mock

import msgspec
import pytest

from stb_agent.contract import words
from stb_agent.contract.actions import ARROWS, Action
from stb_agent.contract.appearance import Appearance, Calendar, Profile
from stb_agent.contract.choices import Choices, Tempo
from stb_agent.contract.config import PaceChoice
from stb_agent.contract.keyboards import Candidate
from stb_agent.contract.privacy import Privacy
from stb_agent.contract.speech import Engine, Speech
from stb_agent.contract.text import word
from stb_agent.contract.views import Choice, ChoiceField, Form, Item, List
from stb_agent.core.page import Chosen, Done, Frame, Move, Pressed, Shown, Stopped
from stb_agent.services.settings import SettingsService
from stb_agent.services.settings.aspects import Aspect, settable
from stb_agent.services.settings.pages import PATIENCE_S, TICK_S, AspectPage, ResetPage, SettingsPage, TryPage, Wait

ASPECTS = {it.name: it for it in settable(Appearance(), Speech(), Privacy(), lambda: True)}
JAPANESE = Frame()
ENGLISH = Frame(choices=Choices(language="en"), kept=Choices(language="en"))

CHANGES = [
    ("look", "large", Choices(profile=Profile.LARGE)),
    ("look", "contrast", Choices(profile=Profile.CONTRAST)),
    ("look", "colour_blind", Choices(profile=Profile.COLOUR_BLIND)),
    ("furigana", "on", Choices(furigana=True)),
    ("language", "en", Choices(language="en")),
    ("language", "ja-simple", Choices(language="ja-simple")),
    ("calendar", "japanese", Choices(calendar=Calendar.JAPANESE)),
    ("voice", "slow", Choices(voice=True, tempo=Tempo.SLOW)),
    ("voice", "normal", Choices(voice=True)),
    ("pace", "slow", Choices(pace=PaceChoice.SLOW)),
    ("long", "off", Choices(long_ok=False)),
    ("curtain", "off", Choices(curtain=False)),
    ("sounds", "on", Choices(sounds=True)),
    ("lock", "120", Choices(lock_after=120)),
    ("lock", "600", Choices(lock_after=600)),
]


def no_kanji(reading: str) -> tuple[Candidate, ...]:
    return ()


def tried(name: str, id_: str, frame: Frame = JAPANESE) -> TryPage:
    """Choose an option; give the page that tries it."""
    move = AspectPage(ASPECTS[name], Appearance()).on(Chosen("choose", id_), frame)
    assert isinstance(move.push, TryPage)
    return move.push


def stayed(move: Move) -> TryPage:
    assert isinstance(move.stay, TryPage)
    return move.stay


def asked(page: TryPage, frame: Frame = JAPANESE) -> Choice:
    view = page.view(frame)
    assert isinstance(view, Choice)
    return view


def first(view: Choice) -> Item:
    return next(it for it in view.items if it.first)


@pytest.mark.parametrize(("name", "id_", "changed"), CHANGES)
def test_an_option_is_in_force_while_it_is_asked_about_and_kept_by_one_answer(
    name: str, id_: str, changed: Choices
) -> None:
    page = tried(name, id_)
    assert page.on(Shown(), Frame()) == Move(trial=changed, jobs=(Wait(),))
    assert page.on(Chosen("keep"), Frame(choices=changed)) == Move(keep=changed, leave=True)
    assert page.on(Chosen("undo"), Frame(choices=changed)) == Move(leave=True)
    assert page.on(Stopped(Wait()), Frame()) == Move(leave=True), "what was seen besides ended it"
    kept = Frame(choices=changed, kept=changed)
    form = AspectPage(ASPECTS[name], Appearance()).view(kept)
    assert isinstance(form, Form)
    assert isinstance(form.field, ChoiceField)
    assert form.field.value == id_, "it bears the sign now"


def test_every_option_of_every_aspect_is_among_them() -> None:
    there = {(name, option.id) for name, aspect in ASPECTS.items() for option in aspect.options}
    now = {(name, aspect.read(Choices())) for name, aspect in ASPECTS.items()}
    assert there == now | {(name, id_) for name, id_, _ in CHANGES} | {("voice", "fast")}
    assert {name for name in Choices.__struct_fields__ if name not in ("voice", "tempo")} == {
        name for _, _, changed in CHANGES for name in Choices.__struct_fields__
        if getattr(changed, name) != getattr(Choices(), name) and name not in ("voice", "tempo")
    }  # fmt: skip


def test_what_is_chosen_already_needs_no_question() -> None:
    assert AspectPage(ASPECTS["look"], Appearance()).on(Chosen("choose", "standard"), Frame()) == Move(leave=True)


def test_what_there_is_not_changes_nothing() -> None:
    assert AspectPage(ASPECTS["look"], Appearance()).on(Chosen("choose", "gigantic"), Frame()) == Move()
    assert settings().on(Chosen("nothing"), Frame()) == Move()


def test_without_an_answer_it_goes_back_by_itself_and_the_seconds_are_told() -> None:
    page = tried("look", "large")
    for left in range(PATIENCE_S - TICK_S, 0, -TICK_S):
        move = page.on(Done(Wait(), None), Frame())
        assert move.jobs == (Wait(),)
        page = stayed(move)
        assert str(left) in words.render(asked(page).rows[-1].value)
    assert page.on(Done(Wait(), None), Frame()) == Move(leave=True)


def test_the_way_back_from_a_language_stands_in_the_one_that_was_left_and_has_the_focus() -> None:
    view = asked(tried("language", "ja", ENGLISH), ENGLISH)
    assert first(view) == Item("undo", "Go back", first=True)
    assert "It goes back in 30 seconds" in [row.value for row in view.rows]
    assert not isinstance(next(it for it in view.items if it.id == "keep").label, str), "said in the new language"


def test_languages_have_their_own_names_the_operator_s_among_them(tmp_path: Path) -> None:
    for name, own in (("pt", "Português"), ("xx", "")):
        folder = tmp_path / name / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "chanoma.po").write_text(f'msgctxt "format.own_name"\nmsgid "日本語"\nmsgstr "{own}"\n', "utf-8")
    (tmp_path / "vi").mkdir()  # nothing in it
    (tmp_path / "no tag" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "no tag" / "LC_MESSAGES" / "x.po").write_text("", "utf-8")
    aspects = {it.name: it for it in settable(Appearance(languages=str(tmp_path)), Speech(), Privacy(), lambda: True)}
    found = {it.id: it.label for it in aspects["language"].options}
    assert found == {"ja": "日本語", "ja-simple": "やさしい日本語", "en": "English", "pt": "Português", "xx": "xx"}
    assert next(iter(found)) == "ja"


def test_arrows_are_felt_and_go_on_to_the_focus() -> None:
    page = tried("pace", "slow")
    assert page.own_keys() == ARROWS
    for times in (1, 2, 3):
        move = page.on(Pressed(Action.RIGHT), Frame())
        assert move.keys == (Action.RIGHT,)
        page = stayed(move)
        assert f"{times}回" in words.render(asked(page).rows[0].value)
    page = stayed(page.on(Pressed(Action.LEFT), Frame()))
    assert "左" in words.render(asked(page).rows[0].value)
    page = stayed(page.on(Chosen("feel"), Frame()))
    assert "決定" in words.render(asked(page).rows[0].value)
    assert tried("look", "large").own_keys() == frozenset()


def test_who_tries_keys_is_there_so_the_time_begins_anew() -> None:
    page = stayed(tried("pace", "slow").on(Done(Wait(), None), Frame()))
    assert page.left < PATIENCE_S
    assert stayed(page.on(Pressed(Action.UP), Frame())).left == PATIENCE_S


@pytest.mark.parametrize("there", [True, False])
def test_the_last_way_in_is_not_closed_by_a_slip(there: bool) -> None:
    aspect = next(it for it in settable(Appearance(), Speech(), Privacy(), lambda: there) if it.name == "long")
    view = asked(TryPage(aspect, "off", Appearance()))
    assert first(view).id == ("keep" if there else "undo")
    assert (view.lead == word("settings.long.no_home")) is not there
    assert first(asked(TryPage(aspect, "on", Appearance()))).id == "keep"


def test_the_operator_s_time_is_among_the_times_and_the_warning_finds_room_in_each() -> None:
    privacy = Privacy(lock_after=450, warning=120)
    aspect = next(it for it in settable(Appearance(), Speech(), privacy, lambda: True) if it.name == "lock")
    assert [it.id for it in aspect.options] == ["300", "450", "600"]
    assert [words.render(it.label) for it in aspect.options] == ["5分", "450秒", "10分"]


def test_a_box_without_a_voice_offers_none() -> None:
    assert "voice" not in {
        it.name for it in settable(Appearance(), Speech(engine=Engine.NONE), Privacy(), lambda: True)
    }


def settings(operator: Choices = Choices()) -> SettingsPage:
    return SettingsPage(tuple(ASPECTS.values()), operator, Appearance(), no_kanji)


def test_the_list_says_how_everything_is_now() -> None:
    kept = Choices(profile=Profile.CONTRAST, voice=True, tempo=Tempo.FAST, language="tlh")
    view = settings().view(Frame(kept=kept))
    assert isinstance(view, List)
    said = {it.id: words.render(it.detail) for it in view.items if it.detail}
    assert "白と黒" in said["set:look"]
    assert "速く" in said["set:voice"]
    assert "tlh" in said["set:language"], "a language that the operator took away has its tag at least"
    for name in ASPECTS:
        assert isinstance(settings().on(Chosen(f"set:{name}"), Frame()).push, AspectPage)


def test_everything_goes_back_to_the_operator_s_values_after_a_question() -> None:
    operator = Choices(profile=Profile.LARGE, voice=True)
    page = settings(operator).on(Chosen("reset"), Frame()).push
    assert isinstance(page, ResetPage)
    view = page.view(Frame())
    assert isinstance(view, Choice)
    assert first(view).id == "stop"
    assert page.on(Chosen("stop"), Frame()) == Move(leave=True)
    assert page.on(Chosen("reset"), Frame()) == Move(keep=operator, leave=True)


def test_time_passes_in_the_service() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    service = SettingsService(
        Appearance(),
        Speech(),
        Privacy(),
        Choices(),
        Mock(),
        candidates=no_kanji,
        called=lambda _: None,
        home_key=lambda: True,
        sleep=sleep,
    )
    assert asyncio.run(service.work(Wait())) is None
    assert slept == [TICK_S]
    (tile,) = service.tiles(Frame())
    assert isinstance(tile.open(), SettingsPage)


def test_an_aspect_writes_what_it_reads() -> None:
    for aspect in ASPECTS.values():
        for option in aspect.options:
            assert aspect.read(aspect.write(Choices(), option.id)) == option.id
            assert isinstance(aspect, Aspect)
            other = msgspec.structs.replace(Choices(), language="en", furigana=True)
            written = aspect.write(other, option.id)
            changed = {it for it in Choices.__struct_fields__ if getattr(written, it) != getattr(other, it)}
            assert len(changed - {"tempo"}) <= 1

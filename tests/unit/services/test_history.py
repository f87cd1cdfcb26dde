"""The pages of what was sent: a person's own behind the card, the box's by day, thousands as a window."""

from __future__ import annotations

import msgspec
import pytest

from stb_agent.cable_id.errors import SessionEnded
from stb_agent.contract import words
from stb_agent.contract.level import Level
from stb_agent.contract.text import Word
from stb_agent.contract.transmissions import Kind, Recipient, Result, Transmission
from stb_agent.contract.views import Contact, Detail, Item, List, Message, Progress
from stb_agent.core.page import Chosen, Done, Failed, Frame, Opened, Shown
from stb_agent.core.window import WINDOW, windowed
from stb_agent.services.help.pages import HelpPage
from stb_agent.services.history.pages import (
    BoxPage,
    DayPage,
    HistoryPage,
    LoadBox,
    LoadOwn,
    Own,
    OwnDayPage,
    OwnPage,
    SentPage,
    Unsent,
)
from stb_agent.store.transmissions import Day, Sum

FRAME = Frame()
SENT = Transmission(1_795_402_800.0, Kind.CARD_SIGN_IN, "platform.example", 3812, Result.SENT)
DAY = Day("2026-11-22", (Sum(Kind.KEYS, "platform.example", Result.SENT, 3, 0),))


def loaded(own: Own) -> OwnPage:
    page = OwnPage().on(Done(LoadOwn(), own), FRAME).stay
    assert isinstance(page, OwnPage)
    return page


def test_the_way_is_two_keys_and_what_is_personal_asks_for_the_card() -> None:
    view = HistoryPage().view(FRAME)
    assert [item.id for item in view.items] == ["own", "box"]
    own = HistoryPage().on(Chosen("own"), FRAME).push
    box = HistoryPage().on(Chosen("box"), FRAME).push
    assert isinstance(own, OwnPage)
    assert isinstance(box, BoxPage)
    for page in (OwnPage, SentPage, OwnDayPage):
        assert page.needs.level is Level.AUTHENTICATED
        assert page.personal
    assert box.needs.level is Level.NONE
    assert loaded(Own.of((), (SENT,), ())).blank() == OwnPage()


def test_what_waits_comes_first_and_each_is_told_in_full() -> None:
    waiting = Unsent("2026-11-23T03:00:00+00:00", Kind.BOOKING_CHANGE)
    page = loaded(Own.of((waiting,), (SENT,), (DAY,)))
    view = page.view(FRAME)
    assert isinstance(view, List)
    assert [item.id for item in view.items] == ["wait:0", "sent:0", "day:0"]
    assert [item.first for item in view.items] == [True, False, False]
    assert "まだ送っていません" in words.render(view.items[0].detail or "")
    assert words.render(view.items[1].label) == "カードの電子証明書と、カードの署名"
    assert words.render(view.items[1].detail or "") == "11月23日（月）12:00　センター　届きました"
    one = page.on(Chosen("sent:0"), FRAME).push
    assert isinstance(one, SentPage)
    detail = one.view(FRAME)
    assert isinstance(detail, Detail)
    told = [words.render(row.value) for row in detail.rows]
    assert told[1:4] == ["ご本人だと確かめるため", "ケーブルテレビのセンター（platform.example）", "届きました"]
    assert "暗証番号" in words.render(detail.lead or "")
    assert isinstance(page.on(Chosen("day:0"), FRAME).push, OwnDayPage)
    for strange in ("sent:1", "sent:-1", "day:x", "wait:0", "sent:²"):
        assert page.on(Chosen(strange), FRAME).push is None


def test_the_boxs_own_is_by_day() -> None:
    page = BoxPage().on(Done(LoadBox(), (DAY,)), FRAME).stay
    assert page is not None
    assert [words.render(item.detail or "") for item in page.view(FRAME).items] == ["3回"]
    day = page.on(Chosen("day:0"), FRAME).push
    assert isinstance(day, DayPage)
    view = day.view(FRAME)
    assert isinstance(view, Detail)
    assert words.render(view.rows[0].value) == "ケーブルテレビのセンター（platform.example）　届きました　3回"


@pytest.mark.parametrize(("page", "job"), [(OwnPage(), LoadOwn()), (BoxPage(), LoadBox())])
def test_loading_nothing_and_failing_have_a_view(page: OwnPage | BoxPage, job: LoadOwn | LoadBox) -> None:
    assert isinstance(page.view(FRAME), Progress)
    assert page.on(Shown(), FRAME).jobs == (job,)
    failed = page.on(Failed(job, SessionEnded()), FRAME).stay
    assert failed is not None
    assert isinstance(failed.view(FRAME), Message)
    nothing = page.on(Done(job, Own.of((), (), ()) if isinstance(job, LoadOwn) else ()), FRAME).stay
    assert nothing is not None
    assert isinstance(nothing.view(FRAME), Message)


def test_ten_thousand_are_a_window() -> None:
    view = windowed(loaded(Own.of((), (SENT,) * 10_000, ())).view(FRAME), None)
    assert isinstance(view, List)
    assert len(view.items) == WINDOW
    assert view.total == 10_000


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_words(kind: Kind) -> None:
    for code in (f"what.{kind}", f"why.{kind}", f"to.{kind.recipient}", f"near.{kind.recipient}"):
        assert words.text(f"history.{code}")


def test_what_a_service_is_to_be_used_for_is_told_to_the_platform_and_not_to_the_service() -> None:
    assert Kind.SERVICE_TOKEN.recipient is Recipient.PLATFORM
    assert {it.recipient for it in (Kind.SERVICE_LOOK, Kind.SERVICE_READ, Kind.SERVICE_CHANGE)} == {Recipient.SERVICE}


def test_a_question_without_content_is_no_number_of_bytes() -> None:
    for size, said in ((0, "empty"), (7, "bytes")):
        page = SentPage(msgspec.structs.replace(SENT, size=size)).view(FRAME)
        assert isinstance(page, Detail)
        value = page.rows[-1].value
        assert isinstance(value, Word)
        assert value.code == f"history.{said}"


@pytest.mark.parametrize("result", Result)
def test_every_result_has_its_words(result: Result) -> None:
    assert words.text(f"history.result.{result}")


def test_help_leads_there_and_gives_its_place_away() -> None:
    page = HelpPage(Contact("○○ケーブルテレビ"), Opened(), history=HistoryPage)
    assert Item("history", page.view(FRAME).items[1].label) == page.view(FRAME).items[1]
    assert isinstance(page.on(Chosen("history"), FRAME).replace, HistoryPage)

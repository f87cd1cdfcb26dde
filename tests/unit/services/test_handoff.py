"""The page of a hand-off: what it shows in which state, what it begins, and what it gives to the form under it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.cable_id.errors import HandoffDamaged, HandoffOver, HandoffUnreachable
from stb_agent.cable_id.handoff import Offer
from stb_agent.contract.level import Level
from stb_agent.contract.messages import CardState
from stb_agent.contract.text import Word, word
from stb_agent.contract.views import Choice, Detail, Form, Message, Progress, TextField
from stb_agent.core.page import Chosen, Done, Failed, Frame, Given, Page, Shown, Stopped
from stb_agent.services.booking.facility import Facility
from stb_agent.services.booking.pages import Slot, UsagePage
from stb_agent.services.handoff import HandoffService
from stb_agent.services.handoff.pages import AwaitText, BeginHandoff, HandoffPage

HERE = Frame(card=CardState.PRESENT, level=Level.AUTHENTICATED, linked=True)
ASKED = word("booking.purpose_written")
OFFER = Offer("https://p.example/write#id.key", "482", "id", bytes(32), 40, 300.0, 2.0)
SLOT = Slot("s", "2026-11-25T00:00:00Z", "2026-11-25T03:00:00Z", True, 600)


def offered() -> Page:
    move = HandoffPage(ASKED, 40).on(Done(BeginHandoff(ASKED, 40), OFFER), HERE)
    assert move.jobs == (AwaitText(OFFER),)
    assert move.stay
    return move.stay


def came(text: str = "孫の会") -> Page:
    page = offered().on(Done(AwaitText(OFFER), text), HERE).stay
    assert page
    return page


def test_it_begins_when_it_is_shown_and_shows_the_code_and_the_number() -> None:
    page = HandoffPage(ASKED, 40)
    assert isinstance(page.view(HERE), Progress)
    assert page.on(Shown(), HERE).jobs == (BeginHandoff(ASKED, 40),)
    view = offered().view(HERE)
    assert isinstance(view, Detail)
    assert view.code == OFFER.url
    assert "482" in [row.value for row in view.rows]
    assert offered().on(Shown(), HERE).jobs == (), "one is enough"


def test_what_came_is_asked_about_and_given_only_when_taken() -> None:
    page = came(" 孫の\u3000会 ")
    view = page.view(HERE)
    assert isinstance(view, Choice)
    assert view.rows[0].value == "孫の\u3000会"
    taken, stopped, again = (page.on(Chosen(id_), HERE) for id_ in ("take", "stop", "again"))
    assert (taken.leave, taken.given) == (True, "孫の\u3000会")
    assert (stopped.leave, stopped.given) == (True, None)
    assert again.jobs == (BeginHandoff(ASKED, 40),)
    assert again.stay == HandoffPage(ASKED, 40), "nothing of what came is kept"


@pytest.mark.parametrize("page", [HandoffPage(ASKED, 40), offered()], ids=["begun", "offered"])
def test_nothing_is_taken_that_nobody_has_seen(page: Page) -> None:
    move = page.on(Chosen("take"), HERE)
    assert (move.leave, move.given) == (False, None)


def test_the_answer_to_an_earlier_code_is_not_taken_for_this_one() -> None:
    other = Offer("https://p.example/write#other.key", "111", "other", bytes(32), 40, 300.0, 2.0)
    assert offered().on(Done(AwaitText(other), "text"), HERE).stay is None


@pytest.mark.parametrize("page", [offered(), came()], ids=["offered", "came"])
def test_a_code_that_was_covered_and_a_text_that_was_locked_away_are_gone(page: Page) -> None:
    for gone in (page.on(Stopped(AwaitText(OFFER)), HERE).stay, page.blank()):
        assert gone
        view = gone.view(HERE)
        assert isinstance(view, Message)
        assert view.code == HandoffOver.code
        assert "孫" not in str(view)
        assert gone.on(Shown(), HERE).jobs == (), "nothing begins before the person asks"
        assert gone.on(Chosen("again"), HERE).jobs == (BeginHandoff(ASKED, 40),)


def test_a_failure_is_told_and_what_cannot_be_seen_is_one() -> None:
    for page in (
        HandoffPage(ASKED, 40).on(Failed(BeginHandoff(ASKED, 40), HandoffUnreachable()), HERE).stay,
        offered().on(Failed(AwaitText(OFFER), HandoffDamaged()), HERE).stay,
        came("\u200b"),
    ):
        assert page
        view = page.view(HERE)
        assert isinstance(view, Message)
        assert view.items[0].id == "again"


def test_what_is_personal_is_in_no_repr() -> None:
    for secret in ("孫", "key", repr(bytes(32))):
        assert secret not in repr(came()) + repr(offered()).replace("key=", "")


@given(st.text(max_size=60))
def test_whatever_comes_fits_the_line_and_is_what_was_asked_about(text: str) -> None:
    page = came(text)
    view = page.view(HERE)
    if isinstance(view, Choice):
        given_ = page.on(Chosen("take"), HERE).given
        assert given_ == view.rows[0].value
        assert 0 < len(str(given_)) <= 40
        assert str(given_).isprintable() or "\u3000" in str(given_) or "\u200d" in str(given_)


def form(*, phone: bool = True) -> Page:
    facility = Facility("F", "公民館", "", capacity=24)
    return UsagePage(facility, SLOT, phone=HandoffService.page if phone else None)


def test_the_form_offers_the_phone_for_texts_alone_and_takes_what_it_gives() -> None:
    page = form()
    view = page.view(HERE)
    assert isinstance(view, Form)
    assert [item.id for item in view.items] == ["phone"]
    assert page.on(Chosen("phone"), HERE).push == HandoffPage(Word("booking.purpose_written", {}), 40)
    page = page.on(Given("孫の会"), HERE).stay or page
    view = page.view(HERE)
    assert isinstance(view, Form)
    assert isinstance(view.field, TextField)
    assert view.field.value == "孫の会"
    page = page.on(Chosen("submit"), HERE).stay or page
    assert page.view(HERE).items == ()
    assert page.on(Chosen("phone"), HERE).push is None
    assert form(phone=False).view(HERE).items == ()

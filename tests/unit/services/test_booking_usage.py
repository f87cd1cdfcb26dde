"""What a town asks before it lends a room: common purposes or words of one's own, how many, who; and what is sent of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from stb_agent.contract.keyboards import Candidate
from stb_agent.contract.level import Level
from stb_agent.contract.messages import CardState
from stb_agent.contract.text import word
from stb_agent.contract.views import Choice, ChoiceField, Form, NumberField, TextField
from stb_agent.core.page import Chosen, Frame, Page
from stb_agent.services.booking.facility import Facility, Usage
from stb_agent.services.booking.pages import ConfirmPage, Order, PlaceOrder, Slot, UsagePage

HERE = Frame(card=CardState.PRESENT, level=Level.AUTHENTICATED, linked=True)
HALL = Facility("F", "公民館", "", capacity=24, purposes=("会議", "講座"))
SLOT = Slot("s", "2026-11-25T00:00:00Z", "2026-11-25T03:00:00Z", True, 600)


class Known:
    """A dictionary of one word."""

    def words(self, reading: str) -> Sequence[Candidate]:
        return (Candidate("将棋", 4),) if reading == "しょうぎ" else ()

    def names(self, reading: str) -> Sequence[Candidate]:
        return (Candidate("田中会", 5),) if reading == "たなかかい" else ()


def walk(page: Page, *choices: tuple[str, str]) -> Page:
    for id_, value in choices:
        move = page.on(Chosen(id_, value), HERE)
        page = move.replace or move.stay or page
    return page


def field(page: Page) -> object:
    view = page.view(HERE)
    assert isinstance(view, Form)
    return view.field


def begin(facility: Facility = HALL) -> Page:
    return UsagePage(facility, SLOT, words=Known())


def order(page: Page) -> Order:
    assert isinstance(page, ConfirmPage)
    (job,) = page.on(Chosen("book"), HERE).jobs
    assert isinstance(job, PlaceOrder)
    return job.order


def test_the_short_way_is_a_choice_a_number_and_a_choice() -> None:
    page = walk(begin(), ("choose", "1"), ("digit", "8"), ("submit", ""), ("choose", "self"))
    assert order(page).usage == Usage("講座", 8)
    view = page.view(HERE)
    assert isinstance(view, Choice)
    assert word("booking.usage_value", purpose="講座", people=8) in [row.value for row in view.rows]


def test_whoever_means_something_else_writes_it_and_a_group_has_a_name() -> None:
    page = walk(begin(), ("choose", "own"), ("key", "しょうぎ"))
    assert isinstance(found := field(page), TextField)
    assert [item.label for item in found.candidates] == ["将棋"]
    page = walk(page, ("take", "0"), ("submit", ""), ("digit", "2"), ("digit", "4"), ("submit", ""))
    page = walk(page, ("choose", "group"), ("key", "たなかかい"))
    assert isinstance(found := field(page), TextField)
    assert [item.label for item in found.candidates] == ["田中会"], "names first"
    page = walk(page, ("take", "0"), ("submit", ""))
    assert order(page).usage == Usage("将棋", 24, "田中会")


@pytest.mark.parametrize(
    ("people", "said"), [("", "form.empty"), ("0", "booking.people_none"), ("25", "booking.people_many")]
)
def test_a_number_that_the_room_does_not_hold_is_told_before_it_is_sent(people: str, said: str) -> None:
    page = walk(begin(), ("choose", "0"), *(("digit", digit) for digit in people), ("submit", ""))
    view = page.view(HERE)
    assert isinstance(view, Form)
    assert isinstance(view.field, NumberField)
    assert getattr(view.error, "code", None) == said


def test_a_town_without_common_purposes_has_it_written() -> None:
    page = walk(begin(Facility("F", "公民館", "")), ("key", "しょうぎ"), ("submit", ""), ("digit", "9"), ("digit", "9"))
    page = walk(page, ("submit", ""), ("choose", "self"))
    assert order(page).usage == Usage("しょうぎ", 99)


def test_what_was_filled_in_can_be_put_right_and_is_not_asked_twice() -> None:
    page = walk(begin(), ("choose", "1"), ("digit", "8"), ("submit", ""), ("choose", "self"), ("change", ""))
    assert isinstance(found := field(page), ChoiceField)
    assert found.value == "1"
    page = walk(page, ("choose", "0"), ("submit", ""), ("choose", "self"))
    assert order(page).usage == Usage("会議", 8)


def test_behind_the_lock_nothing_written_is_left() -> None:
    written = walk(begin(), ("choose", "own"), ("key", "しょうぎ"))
    assert "しょうぎ" not in repr(written)
    assert field(written.blank()) == field(begin())
    confirmed = walk(written, ("submit", ""), ("digit", "8"), ("submit", ""), ("choose", "self"))
    assert isinstance(confirmed, ConfirmPage)
    assert "しょうぎ" not in repr(confirmed)
    assert field(confirmed.blank()) == field(begin())


def test_an_order_that_an_older_box_wrote_down_can_still_be_sent() -> None:
    old = {"facility": "公民館", "slot": "s", "start": SLOT.start, "end": SLOT.end, "price_yen": 0}
    assert msgspec.json.decode(msgspec.json.encode(old), type=Order).usage == Usage()

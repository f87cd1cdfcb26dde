"""The pages of a link's life: what they ask, what they send, and that what they say is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from stb_agent.cable_id import errors
from stb_agent.cable_id.life import KnownBox
from stb_agent.contract.level import Level
from stb_agent.contract.levels import Proof
from stb_agent.contract.messages import CardState
from stb_agent.contract.text import Word
from stb_agent.contract.views import Choice, Delivery, Form, List, Message, Tone
from stb_agent.core.page import Chosen, Covered, Delivered, Done, Failed, Frame, Move, Page, Shown
from stb_agent.services.link import reminder
from stb_agent.services.link.boxes import BoxesPage
from stb_agent.services.link.hub import EndsPage, HubPage, LeavePage, LeftPage, MinePage
from stb_agent.services.link.jobs import (
    CheckLink,
    End,
    EndBox,
    Leave,
    LoadBoxes,
    LoadHousehold,
    LoadMine,
    LoadWithoutContract,
    LookAtCard,
    Lost,
    MakeLink,
    Mine,
    Outcome,
    ReplaceCard,
    ResumeCard,
    SuspendCard,
    SuspendWithoutContract,
    TakeLink,
)
from stb_agent.services.link.lost import HOTLINE, By, LostPage, Stage
from stb_agent.services.link.pages import LinkPage
from stb_agent.services.link.standing import ReplacePage, SuspendedPage, TooManyBoxesPage
from stb_agent.store.store import Store

HERE = Frame(card=CardState.PRESENT, level=Level.AUTHENTICATED, linked=True)
NEW = Frame(card=CardState.PRESENT, level=Level.AUTHENTICATED)
NOBODY = Frame()
NUMBER = "3100041723"


def right(number: str) -> bool:
    return True


def stay(move: Move) -> Page:
    assert move.stay is not None
    return move.stay


def typed(page: Page, frame: Frame) -> Move:
    """Type the contract number and send it."""
    for digit in NUMBER:
        page = stay(page.on(Chosen("digit", digit), frame))
    return page.on(Chosen("submit"), frame)


def ids(page: Page, frame: Frame) -> list[str]:
    return [item.id for item in page.view(frame).items]


def sent(move: Move) -> tuple[object, ...]:
    return move.jobs


# -- registering


def test_a_household_without_a_contract_is_told_what_that_means_and_asked() -> None:
    page: Page = LinkPage("operator", right)
    assert "none" in ids(page, NEW)
    page = stay(page.on(Chosen("none"), NEW))
    assert isinstance(page.view(NEW), Choice)
    assert sent(page.on(Chosen("without"), NEW)) == (MakeLink("", guardian=False),)
    assert isinstance(stay(page.on(Chosen("number"), NEW)).view(NEW), Form)


@pytest.mark.parametrize(("answer", "guardian"), [("guardian", True), ("adult", False)])
def test_a_card_without_a_signature_certificate_asks_for_a_guardian(answer: str, guardian: bool) -> None:
    page: Page = LinkPage("operator", right)
    assert sent(page.on(Shown(), NEW)) == (LookAtCard(),)
    page = stay(page.on(Done(LookAtCard(), True), NEW))
    page = stay(page.on(Chosen("agree"), NEW))
    assert {"guardian", "adult", "stop"} <= set(ids(page, NEW))
    page = stay(page.on(Chosen(answer), NEW))
    assert sent(typed(page, NEW)) == (MakeLink(NUMBER, guardian=guardian),)


def test_a_card_that_does_not_say_is_a_card_like_any_other() -> None:
    page: Page = LinkPage("operator", right)
    assert page.on(Failed(LookAtCard(), errors.SessionEnded()), NEW) == Move()
    page = stay(page.on(Chosen("agree"), NEW))
    assert isinstance(page.view(NEW), Form)


def test_who_is_linked_under_another_contract_may_go_on_with_it() -> None:
    refused = Outcome("k", Delivery.REFUSED, errors.LinkedElsewhere())
    page = stay(LinkPage("operator", right).on(Done(MakeLink(NUMBER), refused), NEW))
    assert ids(page, NEW) == ["take", "stop"]
    moved = page.on(Chosen("take"), NEW)
    assert sent(moved) == (TakeLink(),)
    assert stay(moved).on(Done(TakeLink(), None), NEW).linked


# -- a renewed card


def test_a_new_card_is_asked_about_once_and_takes_over() -> None:
    page: Page = ReplacePage()
    assert ids(page, NEW) == ["go", "stop"]
    assert page.on(Chosen("stop"), NEW).back
    moved = page.on(Chosen("go"), NEW)
    assert sent(moved) == (ReplaceCard(),)
    waiting = stay(stay(moved).on(Done(ReplaceCard(), Outcome("k", Delivery.WAITING)), NEW))
    view = waiting.view(NEW)
    assert isinstance(view, Message)
    assert (view.tone, view.lead) == (Tone.WARNING, Word("link.replace.waiting"))
    assert sent(waiting.on(Delivered("other"), NEW)) == ()
    assert sent(waiting.on(Delivered("k"), NEW)) == (CheckLink("k"),)
    done = waiting.on(Done(CheckLink("k"), Outcome("k", Delivery.SENT)), NEW)
    assert done.linked
    assert stay(done).on(Chosen("ok"), HERE).leave


def test_a_card_that_replaces_nothing_is_told_so() -> None:
    page = stay(ReplacePage().on(Done(ReplaceCard(), Outcome("k", Delivery.REFUSED, errors.NothingToReplace())), NEW))
    assert page.view(NEW).lead == Word("cable_id.link.nothing_to_replace.cause")


# -- a lost card


def test_nobody_sees_a_name_before_the_contract_number() -> None:
    page: Page = LostPage(right)
    view = page.view(NOBODY)
    assert isinstance(view, Choice)
    assert Word("link.lost.card", {"phone": HOTLINE}) in [row.value for row in view.rows]
    moved = page.on(Chosen("begin"), NOBODY)
    assert sent(moved) == ()
    moved = typed(stay(moved), NOBODY)
    assert sent(moved) == (LoadHousehold(NUMBER),)
    page = stay(stay(moved).on(Done(LoadHousehold(NUMBER), (Lost("a", "じいじ", "2026-04-01T00:00:00Z"),)), NOBODY))
    assert isinstance(page.view(NOBODY), List)
    page = stay(page.on(Chosen("who:0"), NOBODY))
    assert ids(page, NOBODY) == ["stop", "suspend"], "asked once, and not the first button"
    assert sent(page.on(Chosen("suspend"), NOBODY)) == (SuspendCard("a", NUMBER),)
    covered = stay(page.on(Covered(), NOBODY))
    assert covered == LostPage(right), "whoever comes back begins anew"


def test_a_member_needs_no_number() -> None:
    moved = LostPage(right).on(Chosen("begin"), HERE)
    assert sent(moved) == (LoadHousehold(),)
    page = stay(stay(moved).on(Done(LoadHousehold(), (Lost("a", None, "2026-04-01T00:00:00Z"),)), HERE))
    sure = stay(page.on(Chosen("who:0"), HERE))
    assert sent(sure.on(Chosen("suspend"), HERE)) == (SuspendCard("a", ""),)


def test_a_household_without_a_contract_stops_a_card_of_its_television_and_sees_no_name() -> None:
    page: Page = LostPage(right)
    assert ids(page, NOBODY) == ["begin", "none", "back_home"]
    assert ids(page, HERE) == ["begin", "back_home"], "who is signed in needs no number anyway"
    moved = page.on(Chosen("none"), NOBODY)
    assert sent(moved) == (LoadWithoutContract(),)
    found = (Lost("a", None, "2026-04-01T00:00:00Z"), Lost("b", None, "2026-05-01T00:00:00Z", suspended=True))
    page = stay(stay(moved).on(Done(LoadWithoutContract(), found), NOBODY))
    view = page.view(NOBODY)
    assert isinstance(view, List)
    assert view.lead == Word("link.lost.which")
    assert [item.detail for item in view.items] == [None, Word("link.lost.stopped")]
    assert page.on(Chosen("who:1"), NOBODY) == Move()
    sure = stay(page.on(Chosen("who:0"), NOBODY))
    assert ids(sure, NOBODY) == ["stop", "suspend"]
    moved = sure.on(Chosen("suspend"), NOBODY)
    assert sent(moved) == (SuspendWithoutContract("a"),)
    again = stay(stay(moved).on(Failed(SuspendWithoutContract("a"), errors.PlatformUnreachable()), NOBODY))
    assert ids(again, NOBODY) == ["again"], "there is no number to type anew"
    assert sent(again.on(Chosen("again"), NOBODY)) == (SuspendWithoutContract("a"),)
    assert stay(sure.on(Covered(), NOBODY)) == LostPage(right)


def test_where_no_card_is_without_a_contract_it_is_said_whom_to_call() -> None:
    page = stay(LostPage(right, Stage.LOOKING, by=By.TELEVISION).on(Done(LoadWithoutContract(), ()), NOBODY))
    assert page.view(NOBODY).remedy == Word("link.lost.no_other.remedy", {"phone": HOTLINE})  # type: ignore[union-attr]


def test_where_nobody_else_is_registered_it_is_said_whom_to_call() -> None:
    page = stay(LostPage(right, Stage.LOOKING, by=By.MEMBER).on(Done(LoadHousehold(), ()), HERE))
    view = page.view(HERE)
    assert isinstance(view, Message)
    assert view.remedy == Word("link.lost.nobody.remedy", {"phone": HOTLINE})
    assert page.on(Chosen("ok"), HERE).leave


def test_it_is_said_how_long_the_card_lasts_only_where_that_is_soon() -> None:
    rows = {
        days: MinePage(LeavePage, Mine("operator", "2026-04-01T00:00:00Z", contract=True, days_left=days))
        .view(HERE)
        .rows[-1]
        .value  # type: ignore[union-attr]
        for days in (40, 1441)
    }
    assert rows == {40: Word("link.ending.days", {"days": 40}), 1441: Word("link.mine.long")}


@pytest.mark.parametrize(
    ("delivery", "lead"),
    [(Delivery.SENT, "link.lost.done.lead"), (Delivery.WAITING, "link.lost.waiting.lead")],
)
def test_what_became_of_stopping_it_is_said_truly(delivery: Delivery, lead: str) -> None:
    page = stay(LostPage(right, Stage.SENDING).on(Done(SuspendCard("a"), Outcome("k", delivery)), NOBODY))
    assert page.view(NOBODY).lead == Word(lead)


def test_a_stopped_card_cannot_be_stopped_again() -> None:
    page = LostPage(right, Stage.WHOSE, found=(Lost("a", None, "2026-04-01T00:00:00Z", suspended=True),))
    assert page.on(Chosen("who:0"), NOBODY) == Move()


def test_a_found_card_is_taken_back_with_the_number() -> None:
    page = stay(SuspendedPage(right).on(Chosen("number"), NEW))
    moved = typed(page, NEW)
    assert sent(moved) == (ResumeCard(NUMBER),)
    wrong = stay(stay(moved).on(Failed(ResumeCard(NUMBER), errors.ContractNotFound()), NEW))
    assert wrong.view(NEW).lead == Word("cable_id.link.contract_not_found.cause")
    assert stay(moved).on(Done(ResumeCard(NUMBER), None), NEW).linked


def test_a_found_card_without_a_contract_is_taken_back_without_a_number() -> None:
    page: Page = SuspendedPage(right)
    assert sent(page.on(Shown(), NEW)) == (LoadMine(),)
    assert page.on(Failed(LoadMine(), errors.SessionEnded()), NEW) == Move(), "then the number is asked for"
    mine = Mine("operator", "2026-04-01T00:00:00Z", contract=False, days_left=None)
    page = stay(page.on(Done(LoadMine(), mine), NEW))
    view = page.view(NEW)
    assert isinstance(view, Choice)
    assert Word("link.suspended.found_here") in [row.value for row in view.rows]
    moved = page.on(Chosen("number"), NEW)
    assert sent(moved) == (ResumeCard(""),)
    wrong = stay(stay(moved).on(Failed(ResumeCard(""), errors.PlatformUnreachable()), NEW))
    assert ids(wrong, NEW) == ["again", "stop"]
    assert stay(moved).on(Done(ResumeCard(""), None), NEW).linked


# -- boxes


def box(id_: str, *, here: bool = False) -> KnownBox:
    return KnownBox(id_, here, "operator", "港町", 0.0, 0.0)


def test_another_television_is_ended_after_a_question() -> None:
    moved = BoxesPage().on(Shown(), HERE)
    assert sent(moved) == (LoadBoxes(),)
    page = stay(stay(moved).on(Done(LoadBoxes(), (box("me", here=True), box("other"))), HERE))
    assert ids(page, HERE) == ["box:0"], "this one is none of them"
    page = stay(page.on(Chosen("box:0"), HERE))
    assert ids(page, HERE) == ["stop", "end"]
    assert sent(page.on(Chosen("end"), HERE)) == (EndBox("other"),)
    assert isinstance(stay(page.on(Done(EndBox("other"), (box("me", here=True),)), HERE)).view(HERE), Message)


def test_one_television_too_many_leads_on_when_another_ends_which_is_asked_first() -> None:
    page = stay(TooManyBoxesPage().on(Done(LoadBoxes(), (box("a"), box("b"))), NEW))
    moved = page.on(Chosen("box:1"), NEW)
    assert not sent(moved), "one press ends nothing"
    asked = stay(moved)
    assert ids(asked, NEW) == ["stop", "end"]
    assert ids(stay(asked.on(Chosen("stop"), NEW)), NEW) == ["box:0", "box:1"]
    moved = asked.on(Chosen("end"), NEW)
    assert sent(moved) == (EndBox("b"),)
    done = stay(moved).on(Done(EndBox("b"), (box("a"),)), NEW)
    assert done.linked
    said = stay(done).view(HERE)
    assert isinstance(said, Message)
    assert said.tone is Tone.OK
    assert not sent(stay(done).on(Shown(), HERE)), "what is done is not begun again by coming back"
    assert stay(done).on(Chosen("ok"), HERE).leave


# -- the end


def test_leaving_is_asked_once_and_gives_a_receipt() -> None:
    page: Page = LeavePage()
    assert ids(page, HERE) == ["stop", "leave"]
    moved = page.on(Chosen("leave"), HERE)
    assert sent(moved) == (Leave(),)
    left = stay(moved).on(Done(Leave(), Outcome("k", Delivery.WAITING)), HERE).replace
    assert isinstance(left, LeftPage)
    assert left.on(Shown(), HERE).sign_out
    view = left.view(NOBODY)
    assert isinstance(view, Message)
    assert (view.tone, view.lead) == (Tone.WARNING, Word("link.left.waiting"))
    assert sent(left.on(Delivered("k"), NOBODY)) == (CheckLink("k"),)
    arrived = stay(left.on(Done(CheckLink("k"), Outcome("k", Delivery.SENT, receipt="48210973")), NOBODY))
    assert arrived.view(NOBODY).lead == Word("link.left.sent", {"receipt": "4821 0973"})


def test_who_ended_it_elsewhere_before_is_told_kindly_that_it_is_so() -> None:
    view = LeftPage(Outcome("k", Delivery.REFUSED, errors.LinkGone())).view(NOBODY)
    assert isinstance(view, Message)
    assert (view.tone, view.lead) == (Tone.OK, Word("link.left.before"))
    other = LeftPage(Outcome("k", Delivery.REFUSED, errors.LinkSuspended())).view(NOBODY)
    assert other.lead == Word("cable_id.link.suspended.cause")


def test_whose_card_a_phone_read_is_not_told_to_leave_it_in() -> None:
    phone = Frame(level=Level.AUTHENTICATED, proof=Proof(Level.AUTHENTICATED, 0.0, at_box=False))
    for page in (ReplacePage(), LinkPage("operator", right)):
        sending = stay(page.on(Chosen("go" if isinstance(page, ReplacePage) else "without"), phone))
        assert sending.view(phone).lead == Word("link.sending_by_phone")
        assert sending.view(NEW).lead == Word("link.sending")
        waiting = stay(sending.on(Done(ReplaceCard(), Outcome("k", Delivery.WAITING)), phone)).view(phone)
        assert isinstance(waiting, Message)
        assert waiting.remedy == Word("link.waiting.remedy_by_phone")


def test_the_receipts_are_kept_without_names() -> None:
    end = End("2026-11-22T03:00:00Z", Outcome("k", Delivery.SENT, receipt="48210973"))
    page = stay(EndsPage().on(Done(Leave(), (end,)), NOBODY))
    (row,) = page.view(NOBODY).rows  # type: ignore[union-attr]
    assert row.value == Word("link.ends.receipt", {"at": "2026-11-22T03:00:00Z", "receipt": "4821 0973"})


def test_the_hub_leads_everywhere_and_what_is_personal_asks_for_the_person() -> None:
    assert ids(HubPage(right, LeavePage), NOBODY) == ["mine", "lost", "boxes", "leave"]
    hub = HubPage(right, LeavePage, ended=True)
    needs = {}
    for id_ in ids(hub, NOBODY):
        page = hub.on(Chosen(id_), NOBODY).push
        assert page is not None
        needs[id_] = page.needs.linked
    assert needs == {"mine": True, "boxes": True, "lost": False, "leave": True, "ends": False}


def test_a_contract_is_added_later() -> None:
    page = MinePage(LeavePage, Mine("operator", "2026-04-01T00:00:00Z", contract=False, days_left=None))
    assert ids(page, HERE) == ["contract", "ok"]
    assert isinstance(page.on(Chosen("contract"), HERE).push, LeavePage)


# -- a certificate that ends


def test_it_is_spoken_of_now_and_then_and_more_often_near_the_end(tmp_path: Path) -> None:
    store = Store.open(tmp_path, clock=lambda: 0.0, random=lambda size: bytes(size))
    told = []
    try:
        for day in range(120):
            left = 100 - day
            for hour in (9, 19):  # two sign-ins a day
                if left >= 0 and reminder.due(store.settings, "me", left, 1e9 + day * 86400.0 + hour * 3600):
                    told.append(left)
        assert reminder.due(store.settings, "another", 40, 1e9)
    finally:
        store.close()
    assert told[0] == 91
    assert [it for it in told if it > 30] == [91, 61, 47, 33]
    assert [it for it in told if it <= 7] == [7, 6, 5, 4, 3, 2, 1, 0], "never twice a day"

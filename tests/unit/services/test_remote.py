"""The remotes' pages: a lesson as tables, how it ends, and what is said of remotes in the frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.contract import words
from stb_agent.contract.actions import COLOURS, NEEDED, Action
from stb_agent.contract.text import Word
from stb_agent.contract.views import Choice, Detail, List, Message
from stb_agent.core.page import Chosen, Done, Frame, Move, Page, Shown, Stopped
from stb_agent.services.remote import RemoteService
from stb_agent.services.remote.known import Known, Press, named
from stb_agent.services.remote.lesson import DIGITS, PATIENCE_S, SILENT, STEPS, Lesson
from stb_agent.services.remote.notices import FLEETING_S, Notices
from stb_agent.services.remote.pages import (
    TICK_S,
    AwaitKey,
    End,
    EndPage,
    LessonPage,
    RemotePage,
    RemotesPage,
    SaveKeys,
    SavingPage,
    SummaryPage,
    in_groups,
)

FRAME = Frame()
ALL = {action: f"KEY_F{n}" for n, action in enumerate(STEPS)}
"""A remote that has everything, each key with a name that nobody knows."""


class Hand:
    """A hand that presses keys, a second apart."""

    def __init__(self) -> None:
        self.at = 0.0

    def press(self, key: str, device: str = "new", action: Action | None = None, after: float = 1.0) -> Press:
        self.at += after
        return Press(device, key, action, self.at)


def taught(*given: str | int) -> Lesson:
    """Give the lesson after keys (or seconds of waiting)."""
    hand, lesson = Hand(), Lesson()
    for it in given:
        lesson = lesson.wait(it) if isinstance(it, int) else lesson.press(hand.press(it))
    return lesson


FIVE = [ALL[action] for action in NEEDED]
OK = ALL[Action.OK]


def test_a_remote_with_every_key_is_learnt_in_order() -> None:
    lesson = Lesson()
    hand = Hand()
    for action in STEPS:
        assert lesson.wanted is action
        lesson = lesson.press(hand.press(ALL[action]))
    assert lesson.over
    assert lesson.usable
    assert dict(lesson.keys) == ALL
    assert lesson.missing == ()


@pytest.mark.parametrize(
    ("given", "wanted", "used"),
    [
        ([], Action.OK, None),
        ([OK], Action.UP, None),
        ([OK, "a", "a"], Action.DOWN, Action.UP),  # a key that has a meaning already: say so, ask again
        ([OK, "a", "a", "b"], Action.LEFT, None),
        ([*FIVE, OK], Action.HOME, None),  # no 戻る
        ([*FIVE, PATIENCE_S], Action.HOME, None),
        ([*FIVE, OK, OK], Action.DIGIT_1, None),
        ([*FIVE, OK, OK, OK], Action.BLUE, None),  # no 1: then it has no digits
        ([*FIVE, "back", "home", "1", OK], Action.DIGIT_3, None),  # no 2, but others
        ([*FIVE, TICK_S, "back"], Action.HOME, None),
        ([*FIVE, PATIENCE_S - TICK_S], Action.BACK, None),
        ([*FIVE, PATIENCE_S, PATIENCE_S, "1"], Action.DIGIT_2, None),
    ],
)
def test_what_is_asked_for_next(given: Sequence[str | int], wanted: Action, used: Action | None) -> None:
    lesson = taught(*given)
    assert not lesson.over
    assert (lesson.wanted, lesson.used) == (wanted, used)


@pytest.mark.parametrize(
    ("given", "usable", "device"),
    [
        ([PATIENCE_S], False, ""),  # nobody pressed anything
        ([OK, OK], False, "new"),  # no ↑
        ([*FIVE[:4], PATIENCE_S], False, "new"),  # no →
        ([*FIVE, OK, OK, OK, OK], True, "new"),  # no shortcuts: all can be done
        ([*FIVE, *[PATIENCE_S] * SILENT], True, "new"),  # the person has gone
    ],
)
def test_how_it_is_over(given: Sequence[str | int], usable: bool, device: str) -> None:
    lesson = taught(*given)
    assert lesson.over
    assert (lesson.usable, lesson.device) == (usable, device)


def test_a_trembling_hand_presses_once() -> None:
    hand = Hand()
    lesson = Lesson().press(hand.press("ok")).press(hand.press("ok", after=0.1))
    assert lesson.wanted is Action.UP
    assert not lesson.over, "the second was no sign that there is no ↑"
    assert lesson.press(hand.press("ok", after=1.0)).over


@given(st.lists(st.one_of(st.sampled_from(["a", "b", "c", "d", "e", "f", "g"]), st.sampled_from([TICK_S, PATIENCE_S]))))
def test_whatever_is_pressed_no_key_means_two_things_and_it_ends(given: list[str | int]) -> None:
    lesson = taught(*given, *[PATIENCE_S] * (SILENT + 1))
    assert lesson.over
    keys = [key for _, key in lesson.keys]
    assert len(keys) == len(set(keys))
    assert len(dict(lesson.keys)) == len(lesson.keys)
    assert lesson.usable == (set(NEEDED) <= set(dict(lesson.keys)))


# -- pages --------------------------------------------------------------------------------------------------------


def after(page: Page, *results: Press | None) -> tuple[Page, Move]:
    """Give the page and its last move after keys, or after ticks without one."""
    move = page.on(Shown(), FRAME)
    assert move.jobs == (AwaitKey(),)
    for result in results:
        move = page.on(Done(AwaitKey(), result), FRAME)
        page = move.replace or move.stay or page
    return page, move


def learnt() -> list[Press | None]:
    hand = Hand()
    return [hand.press(ALL[action]) for action in STEPS]


def test_the_lesson_leads_to_a_summary_and_asks_for_every_key_by_its_name() -> None:
    page: Page = LessonPage()
    for press, action in zip(learnt(), STEPS, strict=True):
        view = page.view(FRAME)
        assert isinstance(view, Message)
        assert isinstance(view.lead, Word)
        assert f"「{words.render(named([action]))}」" in words.render(view.lead)
        page, move = after(page, press)
        assert move.jobs == ((AwaitKey(),) if move.replace is None else ())
    assert isinstance(page, SummaryPage)
    view = page.view(FRAME)
    assert isinstance(view, Choice)
    assert words.render(view.rows[0].value) == "決定と矢印・戻る・茶の間・数字（1から12）・4つの色"
    assert words.render(view.rows[1].value) == "ありません"


def test_the_time_that_is_left_is_told() -> None:
    page, move = after(LessonPage(), None, None)
    assert move.jobs == (AwaitKey(),)
    view = page.view(FRAME)
    assert isinstance(view, Message)
    assert isinstance(view.remedy, Word)
    assert view.remedy.args["left"] == PATIENCE_S - 2 * TICK_S


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("action", "leave", "tv", "keys"),
    [
        (Action.BACK, True, False, ()),
        (Action.HOME, False, True, ()),
        (Action.OK, False, False, (Action.OK,)),
        (Action.LEFT, False, False, (Action.LEFT,)),
        (Action.RED, False, False, ()),
        (None, False, False, ()),
    ],
)
def test_a_remote_that_works_leads_out(
    first: bool, action: Action | None, leave: bool, tv: bool, keys: tuple[Action, ...]
) -> None:
    """Before the first key only 戻る and 茶の間 do: any other key says that this is the remote to be taught."""
    hand = Hand()
    before = [] if first else [hand.press("x")]
    page, move = after(LessonPage(), *before, hand.press("KEY_Y", device="old", action=action))
    if first and action not in (Action.BACK, Action.HOME):
        assert isinstance(page, LessonPage)
        assert page.lesson.device == "old"
        return
    assert (move.leave, move.tv, move.keys) == (leave, tv, keys)
    if tv:
        assert page == EndPage(End.STOPPED)
    elif not leave:
        assert move.jobs == (AwaitKey(),), "it goes on listening"
        assert page == after(LessonPage(), *before)[0], "and the lesson stands where it stood"


def summary() -> SummaryPage:
    page, _ = after(LessonPage(), *learnt())
    assert isinstance(page, SummaryPage)
    return page


def test_the_summary_is_worked_by_what_was_learnt_alone() -> None:
    hand = Hand()
    hand.at = 100
    for action in (Action.UP, Action.DOWN, Action.LEFT, Action.RIGHT, Action.OK):
        page, move = after(summary(), hand.press(ALL[action]))
        assert (move.keys, move.jobs, page) == ((action,), (AwaitKey(),), summary())
        _, move = after(summary(), hand.press(ALL[action], device="old", action=action))
        assert (move.keys, move.jobs) == ((), (AwaitKey(),)), "another remote proves nothing"
    assert after(summary(), hand.press(ALL[Action.BACK]))[1].leave
    assert after(summary(), hand.press(ALL[Action.HOME]))[1].tv
    assert after(summary(), hand.press("KEY_BACK", device="old", action=Action.BACK))[1].leave


def test_the_key_that_ended_the_lesson_chooses_nothing_when_it_bounces() -> None:
    hand = Hand()
    presses = [hand.press(key) for key in (*FIVE, OK, OK, OK, OK)]
    page, _ = after(LessonPage(), *presses)
    assert isinstance(page, SummaryPage)
    assert after(page, hand.press(OK, after=0.1))[1].keys == ()
    assert after(page, hand.press(OK, after=1.0))[1].keys == (Action.OK,)


def test_what_is_chosen_is_another_place_where_nothing_waits_for_keys() -> None:
    assert summary().on(Chosen("use"), FRAME).replace == SavingPage(summary().lesson)
    assert summary().on(Chosen("again"), FRAME).replace == LessonPage()
    assert summary().on(Chosen("stop"), FRAME).leave
    saving = SavingPage(summary().lesson)
    (job,) = saving.on(Shown(), FRAME).jobs
    assert isinstance(job, SaveKeys)
    assert (job.device, dict(job.keys)) == ("new", ALL)
    assert saving.on(Done(job, None), FRAME).stay == EndPage(End.SAVED)


def test_thirty_seconds_without_a_key_keep_nothing() -> None:
    page, move = after(summary(), *[None] * (PATIENCE_S // TICK_S))
    assert page == EndPage(End.UNCONFIRMED)
    assert move.jobs == ()
    page, move = after(LessonPage(), *[None] * (PATIENCE_S // TICK_S))
    assert isinstance(page, EndPage)
    assert page.end is End.NOTHING
    hand = Hand()
    hand.at = 100
    ticks: list[Press | None] = [None] * (PATIENCE_S // TICK_S - 1)
    page, _ = after(summary(), *ticks, hand.press(ALL[Action.UP]), *ticks)
    assert isinstance(page, SummaryPage), "a key gives thirty seconds more"


@pytest.mark.parametrize("page", [LessonPage(), summary()])
def test_a_lesson_that_is_stopped_says_so(page: Page) -> None:
    assert page.on(Stopped(AwaitKey()), FRAME).stay == EndPage(End.STOPPED)


def test_a_remote_that_lacks_an_arrow_is_told_honestly() -> None:
    hand = Hand()
    page, _ = after(LessonPage(), hand.press("ok"), hand.press("up"), hand.press("ok"))
    view = page.view(FRAME)
    assert isinstance(view, Message)
    assert isinstance(view.remedy, Word)
    assert "下 ↓・左 ←・右 →" in words.render(view.remedy)
    again = page.on(Chosen("again"), FRAME)
    assert again.replace == LessonPage()


BEDROOM = Known("1", "Bedroom RC", "bluetooth", 12, frozenset(STEPS))
POOR = Known("2", "rc0", "infrared", None, frozenset({Action.OK, Action.UP}))
PHONE = Known("3", "remote.sock", "socket")
TELEVISION = Known("4", "vc4-hdmi-0", "cec")


def test_the_list_says_of_each_remote_how_it_is() -> None:
    page = RemotesPage(lambda: (BEDROOM, POOR, PHONE))
    view = page.view(FRAME)
    assert isinstance(view, List)
    told = [(words.render(it.label), words.render(it.detail or "")) for it in view.items]
    assert told[:3] == [
        ("Bedroom RC", "Bluetooth　電池は残りわずか（12％）　全部の操作ができます"),
        ("赤外線のリモコン", "赤外線　足りないボタン：下 ↓・左 ←・右 →"),
        ("電話などのリモコン", "家の中の通信　使えるボタンは、押すとわかります"),
    ]
    assert view.items[3].id == "teach"
    assert page.on(Chosen("teach"), FRAME).push == LessonPage()
    one = page.on(Chosen("remote:1"), FRAME).push
    assert isinstance(one, RemotePage)
    assert isinstance(one.view(FRAME), Detail)
    for remote, told in (
        (BEDROOM, "Bedroom RC"),
        (POOR, "赤外線のリモコン"),
        (TELEVISION, "テレビのリモコン（HDMI）"),
        (PHONE, "電話などのリモコン"),
    ):
        detail = RemotePage(remote, lambda: ()).view(FRAME)
        assert isinstance(detail, Detail)
        assert words.render(detail.rows[0].value) == told, "the kernel's name only where it says something to a person"
    assert page.on(Chosen("remote:9"), FRAME) == Move(), "one that has just gone"
    assert RemotePage(POOR, lambda: ()).view(FRAME).lead == Word("remote.gone")


def test_the_tile_is_the_last_on_the_home_screen() -> None:
    class Nothing:
        def known(self) -> tuple[Known, ...]:
            return ()

    (tile,) = RemoteService(Nothing()).tiles(FRAME)  # type: ignore[arg-type]
    assert tile.order > 10
    assert isinstance(tile.open(), RemotesPage)


@pytest.mark.parametrize(
    ("actions", "text"),
    [
        (STEPS, "決定と矢印・戻る・茶の間・数字（1から12）・4つの色"),
        (NEEDED, "決定と矢印"),
        ((*NEEDED, *DIGITS[:3]), "決定と矢印・1・2・3"),
        ((*DIGITS, *COLOURS), "数字（1から12）・4つの色"),
        ((), "ありません"),
    ],
)
def test_long_rows_of_keys_are_said_in_groups(actions: tuple[Action, ...], text: str) -> None:
    assert words.render(in_groups(actions)) == text


# -- notices ------------------------------------------------------------------------------------------------------

FULL = replace(BEDROOM, battery=80)
USB = Known("5", "USB RC", "usb", None, frozenset(STEPS))


class Said:
    """Notices, and a hand on the clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.notices = Notices()

    def here(self, remote: Known, *, shown: bool = True) -> str | None:
        self.notices.here(remote, self.now, shown=shown)
        return self.word

    def gone(self, remote: Known, *, shown: bool = True) -> str | None:
        self.notices.gone(remote.id, self.now, shown=shown)
        return self.word

    def later(self, seconds: float = FLEETING_S) -> str | None:
        self.now += seconds
        return self.word

    @property
    def word(self) -> str | None:
        told = self.notices.word(self.now)
        assert (self.notices.until(self.now) is not None) == (self.now < self.notices._until)
        return None if told is None else told.code.removeprefix("remote.notice.")


def test_news_passes_and_what_is_wrong_stays() -> None:
    said = Said()
    assert said.here(USB) == "connected"
    assert said.later() is None
    assert said.gone(USB) == "lost"
    assert said.later(3600) == "lost"
    assert said.here(USB) == "connected"
    assert said.later() is None


def test_a_bluetooth_remote_sleeps_and_wakes() -> None:
    said = Said()
    said.here(FULL)
    said.later()
    assert said.gone(FULL) == "asleep"
    assert said.later(3600) == "asleep", "nothing else is there: it must be woken"
    assert said.here(replace(FULL, id="9")) == "awake"
    assert said.later() is None
    said.here(USB)
    said.later()
    assert said.gone(replace(FULL, id="9")) == "resting"
    assert said.later() is None, "another one is at hand"


def test_a_battery_is_told_until_it_is_changed_and_of_which_remote() -> None:
    said = Said()
    said.here(BEDROOM)
    assert said.later() == "battery"
    assert said.here(FULL) is None
    assert said.here(BEDROOM) == "battery"
    said.here(USB)
    assert said.later() == "battery_of"
    told = said.notices.word(said.now)
    assert told is not None
    assert "Bedroom RC" in words.render(told)


def test_what_happened_behind_the_programme_is_not_told_later() -> None:
    said = Said()
    assert said.here(FULL, shown=False) is None
    assert said.gone(FULL, shown=False) == "asleep"


def test_a_remote_that_lacks_keys_is_no_news_and_not_missed_until_it_is_taught() -> None:
    said = Said()
    assert said.here(POOR) is None
    assert said.gone(POOR) is None
    said.here(POOR)
    assert said.here(replace(POOR, reaches=frozenset(STEPS))) is None, "whoever taught it knows"
    assert said.gone(POOR) == "lost"


def test_programs_come_and_go_without_a_word() -> None:
    said = Said()
    assert said.here(PHONE) is None
    assert said.gone(PHONE) is None
    said.here(USB)
    said.here(PHONE)
    said.later()
    assert said.gone(USB) is None, "the phone is still there"
    assert said.gone(PHONE) == "lost"

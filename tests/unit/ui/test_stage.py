"""What the UI knows: the focus, the press, the loss of the agent."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.contract import words
from stb_agent.contract.actions import Action
from stb_agent.contract.messages import ActionMessage, Intent, Status, ViewMessage
from stb_agent.contract.text import word
from stb_agent.contract.views import Form, Item, List, View
from tests.support import views
from tests.support.typeface import measure
from ui.screens.kinds import drawer
from ui.stage import Stage


class Desk:
    """A stage, and the agent's side of the talk."""

    def __init__(self) -> None:
        self.stage = Stage(drawer(measure, "ja"))
        self.rev = 0

    def show(self, view: View, *, shown: bool = True, personal: bool = False) -> None:
        self.rev += 1
        assert self.stage.receive(ViewMessage(self.rev, shown, personal, Status(), view)) is None

    def press(self, *actions: Action) -> list[Intent]:
        intents = [self.stage.receive(ActionMessage(action)) for action in actions]
        return [intent for intent in intents if intent]

    @property
    def focused(self) -> str | None:
        return self.stage.focused


@pytest.fixture
def desk() -> Desk:
    return Desk()


@given(
    st.lists(
        st.one_of(st.sampled_from(list(Action)), st.sampled_from(sorted(views.ALL))),
        max_size=30,
    )
)
def test_exactly_one_node_has_the_focus_whatever_happens(script: list[Action | str]) -> None:
    desk = Desk()
    for line in script:
        if isinstance(line, Action):
            desk.press(line)
        else:
            desk.show(views.ALL[line])
        nodes = [node.id for node in desk.stage.nodes]
        assert (desk.focused in nodes) if nodes else (desk.focused is None)


def test_the_focus_begins_where_the_view_says(desk: Desk) -> None:
    desk.show(views.HOME)
    assert desk.focused == "booking"
    desk.show(views.MESSAGE)
    assert desk.focused == "retry"


def test_a_view_that_begins_elsewhere_takes_along_only_who_has_not_set_out(desk: Desk) -> None:
    card = Item("sign_in", "暗証番号を入れる", first=True)
    with_card = msgspec.structs.replace(views.HOME, items=(*views.HOME.items, card))
    desk.show(views.HOME)
    desk.show(with_card)
    assert desk.focused == "sign_in"
    desk.show(views.MESSAGE)
    walker = Desk()
    walker.show(views.HOME)
    walker.press(Action.RIGHT)
    walker.show(with_card)
    assert walker.focused == "health"


def test_ok_is_one_intent_until_the_agent_answers(desk: Desk) -> None:
    desk.show(views.HOME)
    assert desk.press(Action.RIGHT, Action.OK, Action.OK, Action.LEFT, Action.OK) == [Intent(1, "health")]
    assert desk.stage.pressed
    assert desk.focused == "health"
    desk.show(views.HOME)
    assert desk.press(Action.OK) == [Intent(2, "health")]


def test_back_and_tv_are_on_every_view_but_the_pin(desk: Desk) -> None:
    for name, view in views.ALL.items():
        desk.show(view)
        ids = {node.id for node in desk.stage.nodes}
        assert ids == set() if name.startswith("pin") else {"back", "tv"} <= ids


def test_the_pin_view_answers_to_no_key(desk: Desk) -> None:
    desk.show(views.PIN)
    before = desk.stage.scene()
    assert desk.press(*Action) == []
    assert desk.stage.scene() == before


def test_the_focus_is_remembered_where_one_walks_about_and_not_where_one_is_asked(desk: Desk) -> None:
    desk.show(views.LIST)
    desk.press(Action.DOWN, Action.DOWN)
    desk.show(views.CHOICE)
    desk.press(Action.RIGHT)
    assert desk.focused == "no"
    desk.show(views.LIST)
    assert desk.focused == "f2"
    desk.show(views.CHOICE)
    assert desk.focused == "yes"


def test_a_page_turned_is_no_intent_and_is_remembered(desk: Desk) -> None:
    desk.show(views.LIST)
    while desk.focused != "page.next":
        before = desk.focused
        desk.press(Action.DOWN)
        if desk.focused == before:
            desk.press(Action.RIGHT)
    assert desk.press(Action.OK) == []
    desk.press(Action.UP)
    assert desk.focused in {"f4", "f5", "f6"}
    remembered = desk.focused
    desk.show(views.HOME)
    desk.show(views.LIST)
    assert desk.focused == remembered


def test_when_the_focused_one_vanishes_its_neighbour_has_the_focus(desk: Desk) -> None:
    desk.show(views.LIST)
    desk.press(Action.DOWN, Action.DOWN)
    short = msgspec.structs.replace(views.LIST, items=views.LIST.items[:2])
    desk.show(short)
    assert desk.focused == "f1"


def test_ten_thousand_rows_lay_out_one_page(desk: Desk) -> None:
    desk.show(List(title="長い一覧", items=tuple(Item(str(at), f"{at}番") for at in range(10_000))))
    assert len(desk.stage.nodes) < 12


def test_the_form_keeps_the_focus_and_gives_it_to_submit_when_the_number_is_whole(desk: Desk) -> None:
    def form(value: str) -> Form:
        return Form(title="契約番号", label="番号", value=value, groups=(4, 4, 2))

    desk.show(form("12345678"))
    desk.press(Action.DOWN)
    assert desk.press(Action.OK) == [Intent(1, "digit", "4")]
    desk.show(form("123456784"))
    assert desk.focused == "digit:4"
    desk.show(form("1234567849"))
    assert desk.focused == "submit"
    assert desk.press(Action.OK) == [Intent(3, "submit")]
    desk.show(form("123456784"))
    assert desk.focused == "submit"


def test_only_free_times_can_be_chosen(desk: Desk) -> None:
    desk.show(views.CALENDAR)
    free = {cell.id for cell in views.CALENDAR.cells if cell.state == "free"}
    assert {node.id for node in desk.stage.nodes if node.id.startswith("s")} == free
    assert desk.focused in free


def test_when_the_agent_is_lost_nothing_it_said_stays(desk: Desk) -> None:
    desk.show(views.DETAIL, personal=True)
    desk.stage.lose()
    said = "".join(line for label in desk.stage.scene().labels for line in label.lines)
    assert "R8-0001" not in said
    assert words.text("frame.card.absent") not in said  # who would know?
    assert said
    assert desk.stage.shown
    assert desk.press(Action.OK) == []
    desk.stage.hide()
    assert not desk.stage.shown


def test_an_agent_lost_behind_the_programme_stays_behind_it(desk: Desk) -> None:
    desk.show(views.HOME, shown=False)
    desk.stage.lose()
    assert not desk.stage.shown


@given(name=st.sampled_from(sorted(views.ALL)), keys=st.lists(st.sampled_from(list(Action)), max_size=8))
def test_a_notice_leaves_focus_page_and_press_as_they_are(name: str, keys: list[Action]) -> None:
    desk = Desk()
    desk.show(views.ALL[name])
    desk.press(*keys)
    before = (desk.focused, desk.stage.pressed, desk.stage.nodes)
    status = Status(notice=word("remote.notice.battery"))
    desk.stage.receive(ViewMessage(desk.rev, True, False, status, views.ALL[name]))
    assert (desk.focused, desk.stage.pressed, desk.stage.nodes) == before

"""What the UI knows: the focus, the press, the loss of the agent."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.contract import words
from stb_agent.contract.actions import Action
from stb_agent.contract.appearance import Appearance, Profile
from stb_agent.contract.messages import ActionMessage, Intent, Status, ViewMessage
from stb_agent.contract.text import word
from stb_agent.contract.views import (
    Chart,
    Choice,
    ChoiceField,
    Consent,
    Contact,
    Form,
    Item,
    List,
    NumberField,
    Point,
    Series,
    TextField,
    View,
)
from tests.support import views
from tests.support.pages import REAL
from tests.support.typeface import measure
from ui.screens.kinds import drawer
from ui.stage import Stage


class Desk:
    """A stage, and the agent's side of the talk."""

    def __init__(self) -> None:
        self.stage = Stage(drawer(measure))
        self.rev = 0
        self.status = Status()

    def show(self, view: View, *, shown: bool = True, personal: bool = False, overlay: bool = False) -> None:
        self.rev += 1
        assert self.stage.receive(ViewMessage(self.rev, shown, personal, self.status, view, overlay)) is None

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
            desk.show(views.ALL[line], overlay=line.startswith("help"))
        nodes = [node.id for node in desk.stage.nodes]
        assert (desk.focused in nodes) if nodes else (desk.focused is None)


def test_the_focus_begins_where_the_view_says(desk: Desk) -> None:
    desk.show(views.HOME)
    assert desk.focused == "booking"
    desk.show(views.MESSAGE)
    assert desk.focused == "retry"


@pytest.mark.parametrize("profile", Profile)
def test_a_choice_opens_at_the_page_of_what_is_chosen(desk: Desk, profile: Profile) -> None:
    options = tuple(Item(f"o{at}", f"{at}番") for at in range(11))
    desk.status = Status(appearance=Appearance(profile=profile))
    for chosen in options:
        desk.show(Form(title=f"{chosen.id}", field=ChoiceField("どれ", options, chosen.id)))
        assert desk.focused == f"choose:{chosen.id}"


@pytest.mark.parametrize(
    "long",
    [
        msgspec.structs.replace(views.CONSENT, statements=views.CONSENT.statements * 6),
        msgspec.structs.replace(views.CHOICE, rows=views.CHOICE.rows * 6),
    ],
    ids=lambda view: type(view).__name__,
)
def test_a_hand_that_presses_twice_agrees_to_nothing_it_has_not_seen(desk: Desk, long: Consent | Choice) -> None:
    desk.show(long)
    agree, decline = (item.id for item in long.items)
    while desk.focused == "page.on":
        assert desk.press(Action.OK) == []
    assert agree in [node.id for node in desk.stage.nodes]
    assert [intent.id for intent in desk.press(Action.OK)] == [decline]


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
        assert ("help" in ids) is not name.startswith(("pin", "help"))


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
    desk.press(Action.RIGHT)
    assert desk.focused == "page.next"
    assert desk.press(Action.OK) == []
    assert desk.focused == "page.previous", "on the last page the neighbour has the focus"
    desk.press(Action.LEFT)
    remembered = desk.focused
    assert remembered in {"f4", "f5", "f6"}
    desk.show(views.HOME)
    desk.show(views.LIST)
    assert desk.focused == remembered


def test_going_past_the_edge_of_a_page_turns_it_and_the_end_leads_to_the_bar(desk: Desk) -> None:
    desk.show(views.LIST)
    walked = [desk.focused]
    for _ in range(7):
        desk.press(Action.DOWN)
        walked.append(desk.focused)
    assert walked[:7] == [f"f{at}" for at in range(7)]
    assert walked[7] == "help"
    back = []
    for _ in range(8):
        desk.press(Action.UP)
        back.append(desk.focused)
    assert back == [f"f{at}" for at in (6, 5, 4, 3, 2, 1, 0, 0)]


def test_a_group_that_is_entered_again_gives_the_focus_to_the_row_that_had_it(desk: Desk) -> None:
    desk.show(views.LIST)
    desk.press(Action.DOWN, Action.DOWN, Action.RIGHT)
    assert desk.focused == "page.next"
    desk.press(Action.LEFT)
    assert desk.focused == "f2"


@pytest.mark.parametrize("key", [Action.LEFT, Action.UP, None])
def test_a_key_that_leads_nowhere_is_seen_to_have_been_heard(desk: Desk, key: Action | None) -> None:
    desk.show(views.HOME)
    before, focus = desk.stage.scene(), desk.focused
    desk.stage.receive(ActionMessage(key))
    assert desk.stage.stopped
    assert desk.stage.scene() != before
    assert desk.focused == focus
    desk.stage.rest()
    assert desk.stage.scene() == before
    desk.stage.receive(ActionMessage(key))
    desk.press(Action.RIGHT)
    assert not desk.stage.stopped


def test_beside_a_pin_no_key_is_shown(desk: Desk) -> None:
    desk.show(views.PIN)
    before = desk.stage.scene()
    desk.stage.receive(ActionMessage(Action.LEFT))
    assert desk.stage.scene() == before


def test_an_overlay_restores_what_was_under_it_whatever_its_kind(desk: Desk) -> None:
    for name, view in views.ALL.items():
        if name.startswith(("pin", "help")):
            continue
        desk.show(view)
        desk.press(Action.RIGHT, Action.DOWN, Action.RIGHT)
        if desk.stage.pressed:
            desk.show(view)
        desk.stage.rest()
        before, scene = desk.focused, desk.stage.scene()
        desk.show(views.HELP, overlay=True)
        assert desk.focused == "pin"
        desk.press(Action.DOWN)
        desk.show(views.DETAIL, overlay=True)
        desk.show(views.HELP, overlay=True)
        desk.show(view)
        assert desk.focused == before, name
        assert desk.stage.scene() == scene, name


def test_a_chart_is_a_table_too_with_every_point_on_one_of_its_pages(desk: Desk) -> None:
    days = [f"2026-{month:02}-{day:02}T08:00:00+09:00" for month in range(1, 12) for day in range(1, 29)]
    points = tuple(Point(day, 100.5 + at) for at, day in enumerate(days))
    desk.show(Chart(title="血圧", unit="mmHg", series=(Series("上", points),)))
    graph = desk.stage.scene()
    desk.stage._focus.go("chart.table")
    assert desk.press(Action.OK) == []
    assert desk.focused == "chart.table"
    said: set[str] = set()
    for _ in range(200):
        said |= {line for label in desk.stage.scene().labels for line in label.lines}
        if not any(node.id == "page.next" for node in desk.stage.nodes):
            break
        desk.stage._focus.go("page.next")
        assert desk.press(Action.OK) == []
    assert {f"{point.value:g}" for point in points} <= said
    desk.stage._focus.go("chart.table")
    desk.press(Action.OK)
    assert desk.stage.scene() == graph


def test_a_date_is_set_by_turning_and_ends_with_ok(desk: Desk) -> None:
    desk.show(views.FORM_DATE)
    assert desk.focused == "year"
    assert desk.press(Action.UP) == [Intent(1, "next", "year")]
    desk.show(views.FORM_DATE)
    assert desk.press(Action.RIGHT, Action.DOWN) == [Intent(2, "previous", "month")]
    desk.show(views.FORM_DATE)
    assert desk.press(Action.OK) == []
    assert desk.focused == "day"
    assert desk.press(Action.OK, Action.OK) == [Intent(3, "submit")]


def test_a_text_is_taken_from_candidates(desk: Desk) -> None:
    desk.show(views.FORM_TEXT)
    desk.stage._focus.go("take:1")
    assert desk.press(Action.OK) == [Intent(1, "take", "1")]
    desk.show(msgspec.structs.replace(views.FORM_TEXT, field=TextField("団体の名前", "緑が丘床几")))
    assert desk.focused == "submit"


def test_the_sounds_stand_as_on_a_schoolroom_s_wall_and_arrows_lead_from_each_to_what_ends_the_text(desk: Desk) -> None:
    desk.show(views.FORM_TEXT)
    assert desk.focused == "key:あ"
    desk.press(Action.DOWN, Action.LEFT)
    assert desk.focused == "key:き"
    assert desk.press(Action.OK) == [Intent(1, "key", "き")]
    desk.show(views.FORM_TEXT)
    desk.press(Action.RIGHT, Action.RIGHT, Action.DOWN, Action.DOWN, Action.DOWN)
    assert desk.focused == "submit"
    desk.press(Action.RIGHT)
    assert desk.focused is not None
    assert desk.focused.startswith(("take:", "more"))


def test_candidates_have_pages_that_come_round_and_begin_anew_with_another_reading(desk: Desk) -> None:
    field = TextField("名", "か", reading="か", candidates=tuple(Item(str(at), f"字{at}") for at in range(9)))
    desk.show(msgspec.structs.replace(views.FORM_TEXT, field=field))
    first = [node.id for node in desk.stage.nodes if node.id.startswith("take:")]
    desk.stage._focus.go("more")
    seen = list(first)
    while True:
        assert desk.press(Action.OK) == []
        assert desk.focused == "more"
        now = [node.id for node in desk.stage.nodes if node.id.startswith("take:")]
        if now == first:
            break
        seen += now
    assert seen == [f"take:{at}" for at in range(9)]
    desk.press(Action.OK)
    desk.show(
        msgspec.structs.replace(views.FORM_TEXT, field=msgspec.structs.replace(field, value="かく", reading="かく"))
    )
    assert [node.id for node in desk.stage.nodes if node.id.startswith("take:")] == first


def test_one_of_several_is_chosen_by_its_own_intent(desk: Desk) -> None:
    desk.show(views.FORM_CHOICE)
    assert desk.focused == "choose:f1", "what was chosen before"
    assert desk.press(Action.DOWN, Action.OK) == [Intent(1, "choose", "f2")]
    fresh = msgspec.structs.replace(views.FORM_CHOICE.field, value="")
    following = msgspec.structs.replace(views.FORM_CHOICE, field=fresh, at=2)
    desk.show(following)
    assert desk.focused == "choose:f0", "the next field begins anew"


def test_a_window_on_a_long_list_is_asked_for_where_it_ends() -> None:
    desk = Desk()
    total, window = 10_000, 400

    def show(start: int) -> None:
        items = tuple(Item(str(at), f"{at}番") for at in range(start, start + window))
        desk.show(List(title="長い一覧", items=items, start=start, total=total))

    show(0)
    seen = [desk.focused]
    while len(seen) < 900:
        for intent in desk.press(Action.DOWN):
            assert intent.id == "rows"
            show(min(max(int(intent.value) - window // 2, 0), total - window))
        seen.append(desk.focused)
    assert seen == [str(at) for at in range(900)]
    said = "".join(line for label in desk.stage.scene().labels for line in label.lines)
    assert f"{899 // desk.stage._sketched.fit + 1}／{-(-total // desk.stage._sketched.fit)}ページ" in said
    while len(seen) > 1:
        for intent in desk.press(Action.UP):
            show(min(max(int(intent.value) - window // 2, 0), total - window))
        seen.pop()
        assert desk.focused == seen[-1]


def test_a_long_list_begins_at_the_page_of_what_has_the_focus_first(desk: Desk) -> None:
    items = tuple(Item(str(at), f"{at}番", first=at == 5003) for at in range(4800, 5200))
    desk.show(List(title="長い一覧", items=items, start=4800, total=10_000))
    assert desk.focused == "5003"


def test_without_the_agent_the_telephone_number_is_there_and_nothing_else_it_said(desk: Desk) -> None:
    desk.status = Status(contact=Contact("みどりケーブル", "0120-000-000", "9時から18時"))
    desk.show(views.DETAIL, personal=True)
    desk.stage.lose()
    said = "".join(line for label in desk.stage.scene().labels for line in label.lines)
    assert "0120-000-000" in said
    assert "R8-0001" not in said
    assert desk.stage.nodes == ()


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
        return Form(title="契約番号", field=NumberField("番号", value, (4, 4, 2)))

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


def test_a_digit_of_the_remote_that_may_be_the_last_leads_to_submit_and_one_of_the_pad_does_not(desk: Desk) -> None:
    def form(value: str) -> Form:
        return Form(title="使いみち", field=NumberField("人数", value, (3,), 1))

    desk.show(form(""))
    desk.show(form("8"))
    assert desk.focused == "submit"
    desk.show(form(""))
    desk.stage._focus.go("digit:1")
    assert desk.press(Action.OK) == [Intent(3, "digit", "1")]
    desk.show(form("1"))
    assert desk.focused == "digit:1"


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


@pytest.mark.parametrize(("name", "then"), [("health", "chart"), ("chart", "chart.table")])
def test_what_opens_the_curtain_has_the_focus_and_a_second_press_does_not_shut_it(
    desk: Desk, name: str, then: str
) -> None:
    drawn, opened = REAL[f"{name}-drawn"], REAL[f"{name}-open"]
    values = {"128 mmHg", "80 mmHg"}
    desk.show(drawn, personal=True)
    assert desk.focused == "uncover"
    assert not values & _written(desk)
    assert desk.press(Action.OK) == [Intent(desk.rev, "uncover")]
    desk.show(opened, personal=True)
    assert values <= _written(desk)
    assert desk.focused == then
    desk.press(Action.LEFT, Action.LEFT)
    desk.show(views.HOME)
    desk.show(drawn, personal=True)
    assert desk.focused == "uncover", "wherever one was when it was open"
    assert not values & _written(desk)


def test_a_table_is_covered_too(desk: Desk) -> None:
    desk.show(REAL["chart-open"], personal=True)
    desk.press(Action.OK)
    assert {"128", "80"} <= _written(desk)
    desk.show(REAL["chart-drawn"], personal=True)
    assert not {"128", "80"} & _written(desk)
    assert desk.focused == "uncover"


def _written(desk: Desk) -> set[str]:
    return {"".join(label.lines) for label in desk.stage.scene().labels}

"""The way of the focus over any layout of the kind that our screens have."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stb_agent.contract.actions import ARROWS, Action
from stb_agent.contract.messages import Status
from tests.support.inspector.reach import reached
from tests.support.screens import CASES, SAFE
from tests.support.typeface import measure
from ui.focus import Box, Focus, Node, move, nearest
from ui.screens.kinds import drawer
from ui.sketch import Place

_GAP = 16.0


@st.composite
def _rows(draw: st.DrawFn, x: float, y: float, width: float, pane: str) -> list[Node]:
    """Rows of one to five buttons of any widths, each row of its own height."""
    nodes: list[Node] = []
    for row in range(draw(st.integers(1, 4))):
        height = draw(st.sampled_from((96.0, 120.0, 300.0)))
        shares = draw(st.lists(st.floats(0.2, 1), min_size=1, max_size=5))
        whole = draw(st.sampled_from((width, width / 2)))
        left = x + draw(st.sampled_from((0.0, width - whole)))
        for at, share in enumerate(shares):
            wide = (whole - _GAP * len(shares)) * share / sum(shares)
            nodes.append(Node(f"{pane}-{row}-{at}", Box(left, y, wide, height), pane))
            left += wide + _GAP
        y += height + _GAP
    return nodes


@st.composite
def _layouts(draw: st.DrawFn) -> list[Node]:
    """One or two panes of rows side by side, over the bar."""
    if draw(st.booleans()):
        nodes = draw(_rows(100, 200, 1700, "content"))
    else:
        nodes = draw(_rows(100, 200, 800, "content")) + draw(_rows(1000, 200, 800, "side"))
    bottom = max(node.box.bottom for node in nodes) + _GAP
    bar = [Node("back", Box(108, bottom, 330, 96), "bar"), Node("tv", Box(1482, bottom, 330, 96), "bar")]
    return nodes + bar


@settings(deadline=None, max_examples=40)
@given(_layouts(), st.data())
def test_every_node_is_reached_from_every_other_whatever_the_groups_remember(
    nodes: list[Node], data: st.DataObject
) -> None:
    start = data.draw(st.sampled_from(nodes))
    assert reached(nodes, start.id) == {node.id for node in nodes}


@given(_layouts(), st.sampled_from(sorted(ARROWS)))
def test_an_arrow_never_leads_the_other_way(nodes: list[Node], arrow: Action) -> None:
    places = {node.id: node.box for node in nodes}
    for node in nodes:
        there = places[move(nodes, node.id, arrow)]
        assert (
            there == node.box
            or {
                Action.UP: there.bottom <= node.box.y,
                Action.DOWN: there.y >= node.box.bottom,
                Action.LEFT: there.right <= node.box.x,
                Action.RIGHT: there.x >= node.box.right,
            }[arrow]
        )


@given(_layouts(), st.data())
def test_what_has_gone_leaves_the_focus_to_a_neighbour(nodes: list[Node], data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from(nodes))
    left = [node for node in nodes if node is not gone]
    place = next(node for node in left if node.id == nearest(left, gone.box))
    assert not any(_inside(other.box, gone.box, place.box) for other in left if other is not place)


def _inside(other: Box, gone: Box, chosen: Box) -> bool:
    """Tell whether ``other`` lies wholly between the place and the chosen one on a straight way."""
    strip = gone.union(chosen)
    return strip.w == gone.w == other.w and gone.bottom <= other.y and other.bottom <= chosen.y


def test_an_arrow_at_the_end_of_a_row_does_not_leave_the_row() -> None:
    nodes = [Node("a", Box(0, 0, 400, 100)), Node("b", Box(500, 0, 400, 100)), Node("c", Box(0, 200, 400, 100))]
    assert move(nodes, "c", Action.RIGHT) == "c"


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("pin")])
@pytest.mark.parametrize("table", [False, True])
def test_on_every_screen_every_node_is_reached_and_none_is_off_the_safe_area(name: str, table: bool) -> None:
    sketch = drawer(measure)(CASES[name], Status(), Place(table=table))
    for page in {0, sketch.pages // 2, sketch.pages - 1}:
        nodes = drawer(measure)(CASES[name], Status(), Place(page, table)).nodes
        ids = [node.id for node in nodes]
        assert len(ids) == len(set(ids))
        assert {"back", "tv"} <= set(ids)
        assert all(node.box.union(SAFE) == SAFE for node in nodes)
        for start in (ids[0], ids[-1]):
            assert reached(nodes, start) == set(ids)
        assert all(_leads_somewhere(nodes, id_) for id_ in ids)


def _leads_somewhere(nodes: Sequence[Node], id_: str) -> bool:
    return len(nodes) == 1 or any(move(nodes, id_, arrow) != id_ for arrow in ARROWS)


@given(_layouts(), st.data())
def test_what_has_gone_gives_its_focus_to_the_nearest_of_its_group(nodes: list[Node], data: st.DataObject) -> None:
    engine = Focus()
    gone = data.draw(st.sampled_from(nodes))
    engine.begin(nodes, gone.id)
    left = [node for node in nodes if node is not gone]
    engine.keep(left)
    heir = next(node for node in left if node.id == engine.current)
    mates = [node for node in left if node.group == gone.group]
    assert heir.id == nearest(mates or left, gone.box)
    engine.keep([])
    assert engine.current is None
    engine.keep(nodes)
    assert engine.current in {node.id for node in nodes}


@given(_layouts(), _layouts(), st.lists(st.sampled_from(sorted(ARROWS)), max_size=12))
def test_an_overlay_restores_node_and_memory(under: list[Node], over: list[Node], walk: list[Action]) -> None:
    engine = Focus()
    engine.begin(under)
    for arrow in walk:
        engine.move(arrow)
    standing = engine.standing
    engine.begin(over)
    for arrow in walk:
        engine.move(arrow)
    engine.resume(under, standing)
    assert engine.standing == standing


@given(_layouts(), st.lists(st.sampled_from(sorted(ARROWS)), max_size=20), st.data())
def test_exactly_one_has_the_focus_after_any_walk_and_any_change(
    nodes: list[Node], walk: list[Action], data: st.DataObject
) -> None:
    engine = Focus()
    engine.begin(nodes)
    for arrow in walk:
        engine.move(arrow)
        if data.draw(st.booleans()):
            engine.keep(data.draw(st.lists(st.sampled_from(nodes), unique=True, min_size=1)))
        assert [node.id for node in engine.nodes].count(str(engine.current)) == 1

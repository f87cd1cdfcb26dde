"""The way of the focus over any layout of the kind that our screens have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.contract.actions import ARROWS, Action
from stb_agent.contract.messages import Status
from tests.support import views
from tests.support.typeface import measure
from ui.focus import Box, Node, move, nearest
from ui.screens.kinds import drawer

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


def _reached(nodes: list[Node], start: str) -> set[str]:
    reached, todo = {start}, [start]
    while todo:
        here = todo.pop()
        for arrow in ARROWS:
            there = move(nodes, here, arrow)
            if there not in reached:
                reached.add(there)
                todo.append(there)
    return reached


@given(_layouts())
def test_every_node_is_reached_from_every_other(nodes: list[Node]) -> None:
    everything = {node.id for node in nodes}
    assert all(_reached(nodes, node.id) == everything for node in nodes)


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


@pytest.mark.parametrize("name", [name for name, view in views.ALL.items() if not name.startswith("pin")])
def test_on_every_screen_every_node_is_reached(name: str) -> None:
    nodes = list(drawer(measure, "ja")(views.ALL[name], Status(), 0).nodes)
    ids = [node.id for node in nodes]
    assert len(ids) == len(set(ids))
    assert {"back", "tv"} <= set(ids)
    assert all(_reached(nodes, id_) == set(ids) for id_ in ids)

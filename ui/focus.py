"""Where the focus goes: geometry alone.

A node belongs to a group. In a group nodes stand in rows; ↑ and ↓ go to the nearest row, ← and → along the row and, where
it ends, into a group that stands wholly on that side. A group that is entered again gives the focus to the node that had it
last, if that one lies in the arrow's direction. So every node can be reached from every other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stb_agent.contract.actions import Action


class Box(NamedTuple):
    """A rectangle in px, ``y`` from the top."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """Give the right edge."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """Give the bottom edge."""
        return self.y + self.h

    def union(self, other: Box) -> Box:
        """Give the smallest box around both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Box(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)

    def grown(self, by: float) -> Box:
        """Give this box with a margin."""
        return Box(self.x - by, self.y - by, self.w + 2 * by, self.h + 2 * by)

    def inset(self, by: float) -> Box:
        """Give this box less a margin at its top and bottom."""
        return self._replace(y=self.y + by, h=self.h - 2 * by)

    def overlaps(self, other: Box) -> bool:
        """Tell whether the two have an area in common."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom


class Node(NamedTuple):
    """Something that can have the focus."""

    id: str
    box: Box
    group: str = "content"


class Standing(NamedTuple):
    """Where the focus stood, to be taken up again: the node, and of each group the one that had it last."""

    node: str | None = None
    last: Mapping[str, str] = {}


class Focus:
    """One node of those that are there, or none when there are none; whatever happens to them."""

    def __init__(self) -> None:
        """Begin without nodes."""
        self.nodes: tuple[Node, ...] = ()
        self.current: str | None = None
        self._last: dict[str, str] = {}

    @property
    def standing(self) -> Standing:
        """Give where the focus stands."""
        return Standing(self.current, dict(self._last))

    def begin(self, nodes: Sequence[Node], wanted: str | None = None) -> None:
        """Take the nodes of another view: the focus is at ``wanted``, or else at the first of them."""
        self.nodes, self._last, self.current = tuple(nodes), {}, None
        ids = [node.id for node in self.nodes]
        self._go(wanted if wanted in ids else next(iter(ids), None))

    def resume(self, nodes: Sequence[Node], standing: Standing, otherwise: str | None = None) -> None:
        """Take the nodes of a view that is seen again: the focus is where it stood, or if that has gone at ``otherwise``."""
        self.begin(nodes, standing.node if any(node.id == standing.node for node in nodes) else otherwise)
        self._last = {**standing.last, **self._last}

    def keep(self, nodes: Sequence[Node]) -> None:
        """Take what has become of the same view: the focus stays, or goes to the nearest neighbour of its group, or of all."""
        gone = next((node for node in self.nodes if node.id == self.current), None)
        self.nodes = tuple(nodes)
        if any(node.id == self.current for node in self.nodes):
            return
        if gone is None or not self.nodes:
            self._go(next((node.id for node in self.nodes), None))
            return
        self._go(nearest([node for node in self.nodes if node.group == gone.group] or self.nodes, gone.box))

    def go(self, id_: str) -> None:
        """Put the focus on a node, if it is there."""
        if any(node.id == id_ for node in self.nodes):
            self._go(id_)

    def move(self, arrow: Action) -> bool:
        """Follow an arrow; tell whether the focus went anywhere."""
        if self.current is None:
            return False
        places = {node.id: node for node in self.nodes}
        here = places[self.current]
        there = places[move(self.nodes, self.current, arrow)]
        if there.group != here.group:
            last = places.get(self._last.get(there.group, ""))
            if last is not None and last.group == there.group and _gap(here.box, last.box, arrow) >= 0:
                there = last
        self._go(there.id)
        return there.id != here.id

    def _go(self, id_: str | None) -> None:
        self.current = id_
        if id_ is not None:
            self._last[next(node.group for node in self.nodes if node.id == id_)] = id_


def move(nodes: Sequence[Node], current: str, arrow: Action) -> str:
    """Give the id that has the focus after an arrow; the current one where the way ends."""
    here = next(node for node in nodes if node.id == current)
    beyond = [node for node in nodes if node.id != current and _gap(here.box, node.box, arrow) >= 0]
    straight = [node for node in beyond if _aside(here.box, node.box, arrow) < 0]
    inside = [node for node in beyond if node.group == here.group]
    if arrow in (Action.LEFT, Action.RIGHT):
        whole = _group(nodes, here.group)
        found = straight or [
            node for node in beyond if node.group != here.group and _gap(whole, _group(nodes, node.group), arrow) >= 0
        ]
    elif inside:
        closest = min(inside, key=lambda node: _gap(here.box, node.box, arrow)).box
        row = [node for node in inside if node.box.y < closest.bottom and closest.y < node.box.bottom]
        return min(
            row, key=lambda node: (_aside(here.box, node.box, arrow) >= 0, _off(here.box, node.box, arrow), node.box.x)
        ).id
    else:
        found = straight or beyond

    def cost(node: Node) -> tuple[float, float, float, float]:
        return (_gap(here.box, node.box, arrow), _off(here.box, node.box, arrow), node.box.y, node.box.x)

    return min(found, key=cost, default=here).id


def nearest(nodes: Sequence[Node], box: Box) -> str:
    """Give the id nearest to where something was that has gone. Raises ValueError without nodes."""
    return min(nodes, key=lambda node: (_distance(node.box, box), node.box.y, node.box.x)).id


def _gap(here: Box, there: Box, arrow: Action) -> float:
    """Give the way from ``here``'s edge to ``there`` in the arrow's direction; negative when it is not beyond that edge."""
    match arrow:
        case Action.UP:
            return here.y - there.bottom
        case Action.DOWN:
            return there.y - here.bottom
        case Action.LEFT:
            return here.x - there.right
        case _:
            return there.x - here.right


def _aside(here: Box, there: Box, arrow: Action) -> float:
    """Give how far ``there`` stands beside the arrow's beam; negative inside it."""
    if arrow in (Action.UP, Action.DOWN):
        return max(there.x - here.right, here.x - there.right)
    return max(there.y - here.bottom, here.y - there.bottom)


def _off(here: Box, there: Box, arrow: Action) -> float:
    if arrow in (Action.UP, Action.DOWN):
        return abs(here.x + here.w / 2 - there.x - there.w / 2)
    return abs(here.y + here.h / 2 - there.y - there.h / 2)


def _distance(one: Box, other: Box) -> float:
    dx = max(one.x - other.right, other.x - one.right, 0)
    dy = max(one.y - other.bottom, other.y - one.bottom, 0)
    return float(dx * dx + dy * dy)


def _group(nodes: Sequence[Node], name: str) -> Box:
    boxes = [node.box for node in nodes if node.group == name]
    whole = boxes[0]
    for box in boxes[1:]:
        whole = whole.union(box)
    return whole

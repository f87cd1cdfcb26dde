"""Where the arrows lead."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from stb_agent.contract.actions import ARROWS
from ui.focus import Focus, Node, move

_MANY = 24
_State = tuple[str | None, tuple[tuple[str, str], ...]]


def reached(nodes: Sequence[Node], start: str) -> set[str]:
    """Give what the arrows lead to, with the memory of every group that they make on the way."""
    engine = Focus()
    engine.begin(nodes, start)
    found, todo, known = {start}, [engine.standing], set[_State]()
    while todo:
        here = todo.pop()
        for arrow in ARROWS:
            engine.resume(nodes, here)
            engine._last = dict(here.last)
            engine.move(arrow)
            there = engine.standing
            state = (there.node, tuple(sorted(there.last.items())))
            if state not in known:
                known.add(state)
                todo.append(there)
                found.add(str(there.node))
    return found


def _leading_to(nodes: Sequence[Node], end: str) -> set[str]:
    """Give from where the arrows lead to a node, where no group has been entered before."""
    into: dict[str, set[str]] = {node.id: set() for node in nodes}
    for node in nodes:
        for arrow in ARROWS:
            into[move(nodes, node.id, arrow)].add(node.id)
    found, todo = {end}, [end]
    while todo:
        new = into[todo.pop()] - found
        found |= new
        todo += new
    return found


@functools.lru_cache(maxsize=4096)  # the same geometry comes in many languages
def unreachable(nodes: tuple[Node, ...]) -> list[str]:
    """Complain of what no arrow leads to, from anywhere, and of what none leads away from."""
    ids = [node.id for node in nodes]
    wrong = [f"twice the id {id_}" for id_ in ids if ids.count(id_) > 1]
    # A keyboard's keys have too many memories to walk them all from each: from the first one, and for the others without memory.
    for start in dict.fromkeys((ids[0], ids[-1]) if len(ids) <= _MANY else ids[:1]) if ids else ():
        wrong += [f"unreachable from {start}: {id_}" for id_ in sorted(set(ids) - reached(nodes, start))]
    wrong += [f"no way back from {id_}" for id_ in sorted(set(ids) - _leading_to(nodes, ids[0]))] if ids else []
    if len(ids) > 1:
        wrong += [f"stuck: {id_}" for id_ in ids if all(move(nodes, id_, arrow) == id_ for arrow in ARROWS)]
    return wrong

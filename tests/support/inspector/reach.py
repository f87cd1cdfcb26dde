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


@functools.lru_cache(maxsize=4096)  # the same geometry comes in many languages
def unreachable(nodes: tuple[Node, ...]) -> list[str]:
    """Complain of what no arrow leads to, from the first or from the last node, and of what none leads away from."""
    ids = [node.id for node in nodes]
    wrong = [f"twice the id {id_}" for id_ in ids if ids.count(id_) > 1]
    # Of a keyboard one start will do: the way back from its last key is the same geometry turned round.
    for start in dict.fromkeys((ids[0], ids[-1]) if len(ids) <= _MANY else ids[:1]) if ids else ():
        wrong += [f"unreachable from {start}: {id_}" for id_ in sorted(set(ids) - reached(nodes, start))]
    if len(ids) > 1:
        wrong += [f"stuck: {id_}" for id_ in ids if all(move(nodes, id_, arrow) == id_ for arrow in ARROWS)]
    return wrong

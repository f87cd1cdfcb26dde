"""Who knows the way: where the focus stands, from what the agent tells every UI, and the keys that take it elsewhere."""

from __future__ import annotations

import copy
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from stb_agent.contract.actions import ARROWS, Action
from stb_agent.contract.messages import ActionMessage, decode_from_agent
from tests.support.house import Witness
from tests.support.typeface import measure
from ui.screens.kinds import drawer
from ui.stage import Stage

Where = str | Callable[[Mapping[str, Any]], str]
"""What is to have the focus: its id, or what gives that from the view."""


class Guide:
    """A stage of its own, without pixels, which hears what the UI hears."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._stage = Stage(drawer(measure))
        self._heard = 0

    def way(self, where: Where, press: bool) -> list[str]:
        """Give the fewest keys to there, and with ``press`` 決定 at the end. Raises LookupError if there is no way."""
        while self._heard < len(self._witness.told):
            if self._heard in self._witness.lost_at:
                self._stage.lose()
            self._stage.receive(decode_from_agent(json.dumps(self._witness.told[self._heard].message).encode()))
            self._heard += 1
        id_ = where if isinstance(where, str) else where(self._witness.latest()["view"])
        begin = _as_it_is(self._stage)
        ways, been = deque([(self._stage, list[str]())]), {begin}
        while ways:
            stage, keys = ways.popleft()
            if stage.focused == id_:
                return [*keys, "OK"] if press else keys
            for key, further in _steps(stage):
                if (there := _as_it_is(further)) not in been:
                    been.add(there)
                    ways.append((further, [*keys, key]))
        raise LookupError(f"no way to {id_}; there are {[node.id for node in self._stage.nodes]}")


def _steps(stage: Stage) -> Iterator[tuple[str, Stage]]:
    """Give what each key leads to that stays on this view: an arrow, or 決定 where it leafs."""
    heard = stage.heard()
    focused = heard and next((it for it in heard.sketch.buttons if it.node.id == stage.focused), None)
    leafs = focused is not None and bool(focused.turn)
    for action in (*sorted(ARROWS), *((Action.OK,) if leafs else ())):
        further = copy.copy(stage)
        further._focus = copy.copy(stage._focus)  # what a key changes in place
        further._focus._last = dict(stage._focus._last)
        if further.receive(ActionMessage(action)) is None:
            yield action.upper(), further


def _as_it_is(stage: Stage) -> tuple[str | None, int]:
    """Give what tells one standing on a view from another."""
    heard = stage.heard()
    return stage.focused, heard.sketch.page if heard else 0

"""What the UI knows: the view it was given, where the focus stands, and whether a press is on its way. No drawing, no socket."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import msgspec

from stb_agent.contract.actions import ARROWS, Action
from stb_agent.contract.messages import ActionMessage, FromAgent, Intent, Status, ViewMessage
from stb_agent.contract.text import Word
from stb_agent.contract.views import Calendar, Chart, Detail, Form, Home, List, Message, Pin, Tone, View
from ui import focus
from ui.scene import Scene
from ui.sketch import FRAME_IDS, Button, Sketch

Draw = Callable[[View, Status | None, int], Sketch]
"""Lays out a view's page; without a status when there is no agent to know it."""

_REMEMBERED = (Home, List, Calendar, Detail, Chart)
"""Kinds that one walks about in; the others ask anew each time."""
_MOST_REMEMBERED = 32


class Stage:
    """The state of the screen."""

    def __init__(self, draw: Draw) -> None:
        """Begin without a view: nothing is shown until the agent says so."""
        self._draw = draw
        self._message: ViewMessage | None = None
        self._lost = False
        self._identity = b""
        self._focus: str | None = None
        self._page = 0
        self._walked = False
        self._answered: int | None = None
        self._memory: OrderedDict[bytes, tuple[str, int]] = OrderedDict()
        self._sketch: Sketch | None = None

    @property
    def shown(self) -> bool:
        """Tell whether Chanoma has the screen."""
        return self._message is not None and self._message.shown

    @property
    def focused(self) -> str | None:
        """Give the id that has the focus."""
        return self._focus

    @property
    def pressed(self) -> bool:
        """Tell whether a press awaits the agent's answer."""
        return self._answered is not None

    @property
    def nodes(self) -> tuple[focus.Node, ...]:
        """Give what can have the focus."""
        return self._sketch.nodes if self._sketch else ()

    def scene(self) -> Scene:
        """Give the picture as it is now."""
        return self._sketch.scene(self._focus, self.pressed) if self._sketch else Scene()

    def receive(self, message: FromAgent) -> Intent | None:
        """Take a message; give the intent that it leads to."""
        if isinstance(message, ActionMessage):
            return self._act(message.action)
        self._show(message)
        return None

    def lose(self) -> None:
        """The agent is gone: nothing of what it said stays on the screen, or in memory."""
        shown = self.shown
        self._lost, self._answered, self._focus, self._identity = True, None, None, b""
        view = Message(title=Word("frame.lost"), lead=Word("frame.lost_remedy"), tone=Tone.INFO)
        self._message = ViewMessage(rev=-1, shown=shown, personal=False, status=Status(), view=view)
        self._sketch = self._draw(view, None, 0)
        self._memory.clear()

    def hide(self) -> None:
        """Give the screen back to the programme without the agent."""
        if self._message:
            self._message = msgspec.structs.replace(self._message, shown=False)

    def _show(self, message: ViewMessage) -> None:
        before, old_nodes, old_focus = self._message, self.nodes, self._focus
        identity = msgspec.json.encode((type(message.view).__name__, message.view.title))
        same = identity == self._identity and not self._lost
        if not same:
            self._remember()
            self._page, self._walked = 0, False
        if self._answered is not None and message.rev != self._answered:
            self._answered = None
        self._message, self._identity, self._lost = message, identity, False
        if same:
            old_first = self._sketch.first if self._sketch else None
            self._lay_out()
            self._keep(old_nodes, old_focus)
            # The card has just been read, say: the view begins elsewhere now, and so does one who has not set out.
            if not self._walked and self._sketch and self._sketch.first not in (None, old_first):
                self._focus = self._first()
            if isinstance(message.view, Form) and before and _completed(before.view, message.view):
                self._focus = "submit"
            return
        known = self._memory.get(identity) if isinstance(message.view, _REMEMBERED) else None
        if known:
            self._page = known[1]
        self._lay_out()
        if known and any(node.id == known[0] for node in self.nodes):
            self._focus = known[0]
        else:
            self._focus = self._first()

    def _act(self, action: Action) -> Intent | None:
        if self._message is None or self._lost or isinstance(self._message.view, Pin) or self._focus is None:
            return None
        if action in ARROWS:
            if not self.pressed:
                self._focus = focus.move(self.nodes, self._focus, action)
                self._walked = True
            return None
        if action is not Action.OK or self.pressed:
            return None
        button = self._button(self._focus)
        if button.turn:
            self._turn(button)
            return None
        self._answered = self._message.rev
        if isinstance(self._message.view, Form):  # its digit pad's own ids; what a service names may hold a colon
            id_, _, value = button.node.id.partition(":")
            return Intent(self._message.rev, id_, value)
        return Intent(self._message.rev, button.node.id)

    def _turn(self, button: Button) -> None:
        self._page += button.turn
        self._lay_out()
        self._keep((button.node,), button.node.id)

    def _lay_out(self) -> None:
        assert self._message
        self._sketch = self._draw(self._message.view, self._message.status, self._page)
        self._page = self._sketch.page

    def _first(self) -> str | None:
        """Give where the focus begins: where the view says, else at its first thing to choose, else at the bar."""
        wanted = self._sketch.first if self._sketch else None
        ids = [node.id for node in sorted(self.nodes, key=lambda node: (node.id in FRAME_IDS, node.pane == "bar"))]
        return wanted if wanted in ids else next(iter(ids), None)

    def _keep(self, old_nodes: tuple[focus.Node, ...], old: str | None) -> None:
        """Leave the focus where it was, or give it to the neighbour of what has gone."""
        if any(node.id == old for node in self.nodes):
            self._focus = old
            return
        place = next((node for node in old_nodes if node.id == old), None)
        near = [node for node in self.nodes if place is None or node.pane == place.pane] or list(self.nodes)
        self._focus = focus.nearest(near, place.box) if place and near else self._first()

    def _remember(self) -> None:
        if self._focus and self._identity:
            self._memory[self._identity] = (self._focus, self._page)
            self._memory.move_to_end(self._identity)
            while len(self._memory) > _MOST_REMEMBERED:
                self._memory.popitem(last=False)

    def _button(self, id_: str) -> Button:
        assert self._sketch
        return next(button for button in self._sketch.buttons if button.node.id == id_)


def _completed(before: View, now: Form) -> bool:
    """Tell whether the last digit has just been typed: what comes next is これでよい."""
    whole = sum(now.groups)
    return isinstance(before, Form) and len(before.value) < whole <= len(now.value)

"""What the UI knows: the view it was given, where the focus stands, and whether a press is on its way. No drawing, no socket."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from stb_agent.contract.actions import ARROWS, Action
from stb_agent.contract.messages import ActionMessage, FromAgent, Intent, Status, ViewMessage
from stb_agent.contract.speech import Speech
from stb_agent.contract.text import Word
from stb_agent.contract.views import (
    Calendar,
    Chart,
    ChoiceField,
    Contact,
    Curtain,
    Detail,
    Form,
    Help,
    Home,
    List,
    Message,
    NumberField,
    Pin,
    TextField,
    Tone,
    View,
)
from ui import focus
from ui.scene import Scene
from ui.sketch import FRAME_IDS, Button, Place, Sketch
from ui.speech.spoken import Heard, withholds

Draw = Callable[[View, Status | None, Place], Sketch]
"""Lays out a view; without a status when there is no agent to know it."""

_REMEMBERED = (Home, List, Calendar, Detail, Chart, Help)
"""Kinds that one walks about in; the others ask anew each time."""
_MOST_REMEMBERED = 32


class _Left(NamedTuple):
    """How a view was left: to be taken up there when it is seen again."""

    identity: bytes
    standing: focus.Standing
    place: Place
    walked: bool


class Stage:
    """The state of the screen."""

    def __init__(self, draw: Draw) -> None:
        """Begin without a view: nothing is shown until the agent says so."""
        self._draw = draw
        self._message: ViewMessage | None = None
        self._contact: Contact | None = None
        self._lost = False
        self._identity = b""
        self._focus = focus.Focus()
        self._place = Place()
        self._walked = False
        self._answered: int | None = None
        self._leafing: tuple[int, Action | None] | None = None
        self._memory: OrderedDict[bytes, _Left] = OrderedDict()
        self._under: _Left | None = None
        self._asked = 0
        self._stopped = False
        self._sketch: Sketch | None = None

    @property
    def shown(self) -> bool:
        """Tell whether Chanoma has the screen."""
        return self._message is not None and self._message.shown

    @property
    def focused(self) -> str | None:
        """Give the id that has the focus."""
        return self._focus.current

    @property
    def pressed(self) -> bool:
        """Tell whether a press awaits the agent's answer."""
        return self._answered is not None

    @property
    def stopped(self) -> bool:
        """Tell whether the last key led nowhere, and is shown to have been heard until `rest`."""
        return self._stopped

    @property
    def nodes(self) -> tuple[focus.Node, ...]:
        """Give what can have the focus."""
        return self._focus.nodes

    @property
    def sounds(self) -> Status | None:
        """Give the status that says how keys are heard, while they are: not over the programme."""
        status = self._message.status if self._message and self._message.shown and not self._lost else None
        return status if status is not None and status.sounds.on else None

    @property
    def answers(self) -> bool:
        """Tell whether keys are the UI's now: no press awaits its answer, and something has the focus."""
        return not self.pressed and self.focused is not None

    @property
    def state(self) -> tuple[object, ...]:
        """Give what a key can change: equal before and after one that did nothing."""
        return self.focused, self._place, self._asked

    def scene(self) -> Scene:
        """Give the picture as it is now."""
        return self._sketch.scene(self.focused, self.pressed, self._stopped) if self._sketch else Scene()

    def heard(self) -> Heard | None:
        """Give what there is to be spoken of, or None while the programme has the screen."""
        if self._message is None or not self._message.shown or self._sketch is None:
            return None
        return Heard(self._message, self._lost, self._identity, self._sketch, self.focused, self.pressed, self._asked)

    def receive(self, message: FromAgent) -> Intent | None:
        """Take a message; give the intent that it leads to."""
        if isinstance(message, ActionMessage):
            before = self.state
            intent = self._act(message.action)
            self._stopped = intent is None and self.state == before and message.action is not Action.BACK
            return intent
        self._stopped = False
        self._show(message)
        return None

    def rest(self) -> None:
        """Show no longer that a key led nowhere."""
        self._stopped = False

    def lose(self) -> None:
        """The agent is gone: nothing of what it said stays on the screen, or in memory, but the telephone number to call."""
        shown = self.shown
        self._lost, self._answered, self._leafing, self._identity, self._under = True, None, None, b"", None
        self._stopped = False
        title, lead = Word("frame.lost"), Word("frame.lost_remedy")
        speech = self._message.status.speech if self._message else Speech()
        view: View = Message(title=title, lead=lead, tone=Tone.INFO)
        if self._contact is not None:
            view = Help(title=title, lead=lead, contact=self._contact)
        self._message = ViewMessage(rev=-1, shown=shown, personal=False, status=Status(speech=speech), view=view)
        self._place, self._asked = Place(), 0
        self._sketch = self._draw(view, None, Place())
        self._focus.begin(())
        self._memory.clear()

    def hide(self) -> None:
        """Give the screen back to the programme without the agent."""
        if self._message:
            self._message = msgspec.structs.replace(self._message, shown=False)

    # -- views ------------------------------------------------------------------------------------------------------

    def _show(self, message: ViewMessage) -> None:
        before = self._message
        identity = _identify(message)
        same = identity == self._identity and not self._lost
        if not same:
            self._leave(message, before)
        pressed = self._answered is not None
        if self._answered is not None and message.rev != self._answered:
            self._answered = None
        self._message, self._identity, self._lost = message, identity, False
        self._contact = message.status.contact or self._contact
        if same and before is not None:
            self._update(before, pressed=pressed)
            return
        self._leafing, self._asked = None, 0
        left = self._known(message, before)
        self._place, self._walked = (left.place, left.walked) if left else (Place(), False)
        self._lay_out()
        if left and message.view.curtain is not Curtain.DRAWN:  # else what opens it comes first
            self._focus.resume(self._sketched.nodes, left.standing, self._first())
        else:
            self._focus.begin(self._sketched.nodes, self._first())

    def _update(self, before: ViewMessage, *, pressed: bool) -> None:
        """Take the same view with other contents; ``pressed``: they answer a press on the screen."""
        assert self._message
        first = self._sketched.first
        leafing = None
        if self._message.rev != before.rev:  # else a notice alone: the window that was asked for is still on its way
            leafing, self._leafing = self._leafing, None
        if leafing is not None:
            self._place = self._place._replace(page=leafing[0])
        elif _reads(before.view) != _reads(self._message.view):
            self._place = self._place._replace(page=0)
        self._lay_out()
        self._focus.keep(self._sketched.nodes)
        if self._message.view.curtain is not before.view.curtain:
            self._focus.go(self._first() or "")
        if leafing is not None:
            self._enter(leafing[1])
        # The card has just been read, say: the view begins elsewhere now, and so does one who has not set out.
        if not self._walked and self._sketched.first not in (None, first):
            self._focus.go(self._first() or "")
        if isinstance(self._message.view, Form) and _completed(before.view, self._message.view, pressed=pressed):
            self._focus.go("submit")

    def _leave(self, message: ViewMessage, before: ViewMessage | None) -> None:
        """Remember how the view that goes was left: always under an overlay, and where one walks about."""
        if before is None or self._lost:
            return
        left = _Left(self._identity, self._focus.standing, self._place, self._walked)
        if message.overlay and not before.overlay:
            self._under = left
        self._memory[self._identity] = left
        self._memory.move_to_end(self._identity)
        while len(self._memory) > _MOST_REMEMBERED:
            self._memory.popitem(last=False)

    def _known(self, message: ViewMessage, before: ViewMessage | None) -> _Left | None:
        """Give how this view was left, if it is to be taken up there; what is laid over a view begins anew."""
        under = self._under
        if not message.overlay:
            self._under = None
            if under is not None and under.identity == self._identity:
                return under
        elif before is None or not before.overlay:
            return None
        return self._memory.get(self._identity) if isinstance(message.view, _REMEMBERED) else None

    @property
    def _sketched(self) -> Sketch:
        assert self._sketch
        return self._sketch

    def _lay_out(self) -> None:
        """Draw the page; if the agent's window on a long list is elsewhere, the first whole page in it."""
        assert self._message
        view, status = self._message.view, self._message.status
        self._place = self._place._replace(listen=withholds(self._message))
        self._sketch = self._draw(view, status, self._place)
        if self._sketch.missing is not None and isinstance(view, List):
            at = next((at for at, item in enumerate(view.items) if item.first), 0) if not self._walked else 0
            inside = -(-view.start // self._sketch.fit)
            page = max((view.start + at) // self._sketch.fit, inside)
            self._sketch = self._draw(view, status, self._place._replace(page=page))
        elif self._sketch.fit and not self._walked and (page := _begins(view) // self._sketch.fit):
            self._sketch = self._draw(view, status, self._place._replace(page=page))
        self._place = self._place._replace(page=self._sketch.page, table=self._sketch.table)

    def _first(self) -> str | None:
        """Give where the focus begins: where the view says, else at its first thing to choose, else at the bar."""
        nodes, wanted = self._sketched.nodes, self._sketched.first
        ids = [node.id for node in sorted(nodes, key=lambda node: (node.id in FRAME_IDS, node.group != "content"))]
        return wanted if wanted in ids else next(iter(ids), None)

    # -- keys -------------------------------------------------------------------------------------------------------

    def _act(self, action: Action | None) -> Intent | None:
        if self._message is None or self._lost or isinstance(self._message.view, Pin) or self.focused is None:
            return None
        if self.pressed or action is None or action not in ARROWS | {Action.OK}:
            return None
        button = next(button for button in self._sketched.buttons if button.node.id == self.focused)
        if action is Action.OK:
            return self._press(button)
        self._walked = True
        if button.spin is not None and action in (Action.UP, Action.DOWN):
            return self._send("next" if action is Action.UP else "previous", button.spin)
        if self._at_edge(button.node, action):
            return self._turn(1 if action is Action.DOWN else -1, action)
        self._focus.move(action)
        return None

    def _press(self, button: Button) -> Intent | None:
        if button.turn:
            return self._turn(button.turn, None)
        if button.toggle:
            self._place = self._place._replace(page=0, table=not self._place.table)
            self._lay_out()
            self._focus.keep(self._sketched.nodes)
            return None
        if button.listen:
            self._asked += 1
            return None
        if button.spin is not None:
            self._focus.move(Action.RIGHT)
            return None
        return self._send(*(button.sends or (button.node.id, "")))

    def _send(self, id_: str, value: str) -> Intent:
        assert self._message
        self._answered = self._message.rev
        return Intent(self._message.rev, id_, value)

    def _at_edge(self, here: focus.Node, arrow: Action) -> bool:
        """Tell whether an arrow goes past the first or the last row of a list that has a page there."""
        sketch = self._sketched
        if not sketch.leafs or here.group != "content" or arrow not in (Action.UP, Action.DOWN):
            return False
        rows = [node.id for node in sketch.nodes if node.group == "content"]
        if arrow is Action.DOWN:
            return here.id == rows[-1] and sketch.page + 1 < sketch.pages
        return here.id == rows[0] and sketch.page > 0

    def _turn(self, by: int, arrow: Action | None) -> Intent | None:
        """Leaf; where the agent's window on a long list ends it is asked for what comes next."""
        assert self._message
        self._walked = True
        place = self._place._replace(page=self._place.page + by)
        turned = self._draw(self._message.view, self._message.status, place)
        if turned.missing is not None:
            self._leafing = (place.page, arrow)
            return self._send("rows", str(turned.missing))
        self._place, self._sketch = place, turned
        self._focus.keep(turned.nodes)
        self._enter(arrow)
        return None

    def _enter(self, arrow: Action | None) -> None:
        """Put the focus on the first or the last row, where one went on or back past an edge."""
        rows = [node.id for node in self.nodes if node.group == "content"]
        if arrow is not None and rows:
            self._focus.go(rows[0] if arrow is Action.DOWN else rows[-1])


def _identify(message: ViewMessage) -> bytes:
    """Give what makes a view the same place as the one before it, whatever it contains."""
    view = message.view
    at = view.at if isinstance(view, Form) else 0
    return msgspec.json.encode((message.overlay, type(view).__name__, view.title, at))


def _begins(view: View) -> int:
    """Give the number of the item that a list begins at: the one that takes the focus, or the option that is chosen so far."""
    match view:
        case List(items=items, start=start):
            return start + next((at for at, item in enumerate(items) if item.first), -start)
        case Form(field=ChoiceField(options=options, value=value)):
            return next((at for at, option in enumerate(options) if option.id == value), 0)
    return 0


def _completed(before: View, now: Form, *, pressed: bool) -> bool:
    """Tell whether the last digit was typed or a candidate taken just now: what comes next is これでよい.

    Where fewer digits do, any that the remote typed may be the last; whoever presses the pad's keys goes on there.
    """
    if not isinstance(before, Form):
        return False
    match before.field, now.field:
        case NumberField(value=old), NumberField(value=new, groups=groups, least=least):
            enough = sum(groups) if least is None or pressed else max(least, len(old) + 1)
            return len(old) < enough <= len(new)
        case TextField(reading=old, candidates=candidates), TextField(value=new, reading=""):
            return bool(old) and any(new.endswith(str(item.label)) for item in candidates)
    return False


def _reads(view: View) -> str:
    """Give what the candidates of a text are for."""
    return view.field.reading if isinstance(view, Form) and isinstance(view.field, TextField) else ""

"""A person who only hears: the stage without its pixels, and what would be spoken."""

from __future__ import annotations

from collections.abc import Sequence

from stb_agent.contract.actions import Action
from stb_agent.contract.messages import ActionMessage, FromAgent, Intent, Status, ViewMessage
from stb_agent.contract.speech import Speech
from stb_agent.contract.views import View
from tests.support.typeface import measure
from ui.screens.kinds import drawer
from ui.speech.announcer import Announcer
from ui.speech.spoken import Heard, name, place
from ui.stage import Stage


class Paper:
    """A voice that writes down what it would say: a list of sentences each time, an empty one for being cut short."""

    def __init__(self) -> None:
        self.said: list[list[str]] = []

    def say(
        self, sentences: Sequence[str], speech: Speech, language: str, *, follow: bool = False, last: bool = False
    ) -> None:
        """Write down; what follows is said in the same breath."""
        if follow and self.said:
            self.said[-1] += sentences
        else:
            self.said.append(list(sentences))

    def hush(self) -> None:
        """Write down that it fell silent."""
        self.said.append([])

    def close(self) -> None:
        """Nothing to end."""


class Ear:
    """A stage with voice guidance, the agent's side of the talk, and what was heard last."""

    def __init__(self, *, aloud: bool = False, on: bool = True) -> None:
        self.stage = Stage(drawer(measure))
        self.paper = Paper()
        self.announcer = Announcer(self.paper)
        self.status = Status(speech=Speech(on=on, aloud=aloud))
        self._rev = 0

    def take(self, message: FromAgent) -> Intent | None:
        """Take a message of the agent."""
        intent = self.stage.receive(message)
        self.announcer.hear(self.stage.heard(), key=isinstance(message, ActionMessage))
        return intent

    def show(
        self,
        view: View,
        *,
        personal: bool = False,
        shown: bool = True,
        overlay: bool = False,
        status: Status | None = None,
    ) -> list[str]:
        """Show a view; give what is said then."""
        self._rev += 1
        self.paper.said.clear()
        self.take(ViewMessage(self._rev, shown, personal, status or self.status, view, overlay))
        return self.heard

    def press(self, *actions: Action) -> list[str]:
        """Press keys; give what is said after the last of them."""
        for action in actions:
            self.paper.said.clear()
            self.take(ActionMessage(action))
        return self.heard

    @property
    def heard(self) -> list[str]:
        """Give what was said last."""
        return self.paper.said[-1] if self.paper.said else []

    def buttons(self) -> dict[str, str]:
        """Give what every button of the page says when it has the focus."""
        now = self.stage.heard()
        assert isinstance(now, Heard)
        return {it.node.id: f"{it.node.group} {name(now, it)} {place(now, it)}" for it in now.sketch.buttons}

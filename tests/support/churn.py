"""Many view changes, one after another, as fast as they are drawn."""

from __future__ import annotations

import time
from collections.abc import Sequence

from stb_agent.contract.actions import Action
from stb_agent.contract.appearance import Appearance, Profile
from stb_agent.contract.messages import CardState, Status
from tests.support import views
from tests.ui.conftest import Television

_FRAME = 5.0


def churn(television: Television, changes: int, profiles: Sequence[Profile] = (Profile.STANDARD,)) -> None:
    """Show every kind of view in turn, each time round in the next of the profiles, with a key in each.

    Raises RuntimeError if one is not drawn.
    """
    shown = list(views.ALL.values())
    for number in range(changes):
        profile = profiles[number // len(shown) % len(profiles)]
        status = Status(CardState.ABSENT, practice=True, appearance=Appearance(profile))
        at = time.monotonic()
        television.agent.show(shown[number % len(shown)], status=status)
        if television.screen.first_change(at, _FRAME) is None:
            raise RuntimeError(f"change {number} was not drawn")
        television.agent.press(Action.DOWN)
        television.screen.forget()

"""What a person sees while something takes its time: after a second its steps, after three an honest word. Pure; the agent looks at the clock."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from stb_agent.contract.text import word
from stb_agent.contract.views import Progress, Step, StepState, View

STEPS_S, LATE_S = 1.0, 3.0
"""Seconds after which a job is slow, and after which it is late: what comes from the network is to be there by then."""


class Wait(IntEnum):
    """How long it has been."""

    SLOW = 1
    LATE = 2


def waited(view: View, wait: Wait) -> View:
    """Give the view of progress after such a wait; other views as they are, for they say something already."""
    if not isinstance(view, Progress):
        return view
    steps = view.steps or (
        Step(word("frame.wait.answer"), StepState.NOW),
        Step(word("frame.wait.show"), StepState.TODO),
    )
    return msgspec.structs.replace(view, steps=steps, late=wait is Wait.LATE)

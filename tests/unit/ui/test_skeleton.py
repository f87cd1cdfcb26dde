"""What is on its way stands where it will stand, says nothing, and cannot be pressed."""

from __future__ import annotations

import pytest

from stb_agent.contract.appearance import Appearance, Profile
from stb_agent.contract.messages import CardState, Status
from stb_agent.contract.views import Progress, Skeleton, View
from tests.support import views
from tests.support.typeface import measure
from ui import theme
from ui.screens.kinds import drawer
from ui.sketch import FRAME_IDS, Place, Sketch

_DRAW = drawer(measure)
_REAL = {
    Skeleton.LIST: views.LIST,
    Skeleton.DETAIL: views.DETAIL,
    Skeleton.CALENDAR: views.CALENDAR,
    Skeleton.CHART: views.CHART,
}


def _drawn(view: View, profile: Profile) -> Sketch:
    return _DRAW(view, Status(CardState.PRESENT, appearance=Appearance(profile=profile)), Place())


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("like", Skeleton)
def test_a_skeleton_stands_where_the_view_will(like: Skeleton, profile: Profile) -> None:
    real = _REAL[like]
    sketch = _drawn(Progress(title=real.title, lead=real.lead, like=like), profile)
    bare = _drawn(Progress(title=real.title, lead=real.lead), profile)
    assert {node.id for node in sketch.nodes} == FRAME_IDS
    assert sketch.scene().labels == bare.scene().labels, "not a word of what is to come"
    panels = set(sketch.scene().panels) - set(bare.scene().panels)
    assert panels
    theirs = _drawn(real, profile)
    tops = {panel.box.y for panel in theirs.scene().panels if panel.box.h > theme.GAP}
    assert min(panel.box.y for panel in panels if panel.box.h > theme.GAP) in tops


@pytest.mark.parametrize("like", Skeleton)
def test_what_has_steps_to_tell_tells_them_instead(like: Skeleton) -> None:
    told = views.PROGRESS
    with_steps = Progress(title=told.title, lead=told.lead, steps=told.steps, like=like)
    assert _drawn(with_steps, Profile.STANDARD).scene() == _drawn(told, Profile.STANDARD).scene()

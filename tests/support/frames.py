"""Walk the UI's own window at random; a line of JSON for each frame that is not, pixel by pixel, what a whole one is.

usage: frames.py SEED STEPS
"""

from __future__ import annotations

import json
import random
import sys

from ui import boot, lean

boot.prepare()
lean.prepare()

from kivy.graphics import opengl as gl  # noqa: E402

from stb_agent.contract.actions import ARROWS, Action  # noqa: E402
from stb_agent.contract.appearance import Appearance, Profile  # noqa: E402
from stb_agent.contract.messages import ActionMessage, CardState, Status, ViewMessage  # noqa: E402
from tests.support.screens import CASES  # noqa: E402
from ui import theme  # noqa: E402
from ui.screens.kinds import drawer  # noqa: E402
from ui.stage import Stage  # noqa: E402
from ui.widgets.painter import Painter  # noqa: E402
from ui.widgets.text import measure  # noqa: E402
from ui.widgets.window import Surface  # noqa: E402

_KEYS = [*sorted(ARROWS), *sorted(ARROWS), Action.OK]
_CHANGE = 0.2
"""Of the steps that are another view; of those, that are another profile."""


def _picture() -> bytes:
    return bytes(gl.glReadPixels(0, 0, theme.WIDTH, theme.HEIGHT, gl.GL_RGB, gl.GL_UNSIGNED_BYTE))


def main(seed: int, steps: int) -> None:
    """Walk."""
    rng = random.Random(seed)
    surface, stage = Surface(), Stage(drawer(measure))
    painter = Painter(surface.canvas)
    profile, partial = Profile.STANDARD, 0
    for rev in range(steps):
        name, key = None, rng.choice(_KEYS)
        if rev == 0 or rng.random() < _CHANGE:
            name = rng.choice(sorted(CASES))
            if rng.random() < _CHANGE:
                profile = rng.choice(list(Profile))
            status = Status(CardState.ABSENT, practice=True, appearance=Appearance(profile))
            stage.receive(ViewMessage(rev, True, False, status, CASES[name]))
        else:
            stage.receive(ActionMessage(key))
        damage = painter.paint(stage.scene())
        if not surface.shown:
            surface.show()
            continue
        surface.draw(damage)
        shown = _picture()
        partial += 0 < max((box.w for box in damage), default=0) < theme.WIDTH
        surface.draw(None)
        if shown != _picture():
            print(json.dumps({"step": rev, "view": name, "key": key, "profile": profile}), flush=True)
    print(json.dumps({"partial": partial, "swap": surface.swap}), flush=True)
    surface.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

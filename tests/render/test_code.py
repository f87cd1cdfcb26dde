"""The QR code on the screen, read by another's decoder (zbar) from the real drawing."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from stb_agent.contract.appearance import Appearance, Profile
from stb_agent.contract.messages import Status, ViewMessage
from stb_agent.contract.speech import Speech
from stb_agent.contract.views import Detail
from tests.support.inspector import studio
from tests.support.pages import REAL
from tests.support.typeface import measure
from ui import theme
from ui.qr import QUIET
from ui.screens.kinds import drawer
from ui.sketch import Place
from ui.speech.spoken import withholds
from ui.speech.standing import standing


@pytest.mark.parametrize("profile", Profile)
def test_a_phone_reads_the_address_in_every_profile(
    profile: Profile, studios: ProcessPoolExecutor, tmp_path: Path
) -> None:
    view, status = REAL["handoff"], Status(appearance=Appearance(profile=profile))
    assert isinstance(view, Detail)
    (pattern,) = drawer(measure)(view, status, Place()).scene().patterns
    module = pattern.box.w / len(pattern.rows)
    assert module >= 6, "px of the screen"
    assert module == int(module)
    assert not any(any(row) for row in (*pattern.rows[:QUIET], *pattern.rows[-QUIET:]))
    assert not any(any((*row[:QUIET], *row[-QUIET:])) for row in pattern.rows)
    pixels = studios.submit(studio.whole, studio.Order("handoff", view, status)).result()
    picture = Image.frombytes("RGB", (theme.WIDTH, theme.HEIGHT), pixels)
    file = Path(os.environ.get("HANDOFF_PICTURES", tmp_path)) / f"tv-{profile}.png"
    picture.save(file)
    read = subprocess.run(["zbarimg", "--raw", "-q", file], capture_output=True, text=True, check=True).stdout
    assert read.splitlines() == [view.code]


def test_by_ear_one_hears_where_it_is_what_to_do_and_the_number() -> None:
    view = REAL["handoff"]
    assert isinstance(view, Detail)
    status = Status(speech=Speech(on=True))
    assert not withholds(ViewMessage(rev=1, shown=True, personal=True, status=status, view=view)), "a number for now"
    sketch = drawer(measure)(view, status, Place())
    said = "".join(standing(view, sketch, aloud=True, quiet=False))
    assert sketch.say("speech.code") in said
    assert str(view.rows[0].value) in said
    assert view.code not in said

"""Sounds for what a key did: which, how they are made, and that they hold nobody up."""

from __future__ import annotations

import math
import os
import struct
import time
from pathlib import Path

import pytest

from stb_agent.contract.actions import Action
from stb_agent.contract.messages import ActionMessage, Status, ViewMessage
from stb_agent.contract.sounds import Sounds
from stb_agent.contract.speech import Output
from stb_agent.contract.views import Message, Tone, View
from tests.support import views
from tests.support.typeface import measure
from ui.earcons import RATE, Earcon, Earcons, earcon, samples
from ui.screens.kinds import drawer
from ui.stage import Stage

_PATIENCE = 20.0


def _values(sound: Earcon, level: int) -> list[int]:
    made = samples(sound, level)
    return list(struct.unpack(f"<{len(made) // 2}h", made))


def _power(values: list[int], hertz: float) -> float:
    """Give how much of a frequency is in the samples (Goertzel's sum)."""
    turn = 2 * math.pi * hertz / RATE
    return math.hypot(
        sum(it * math.cos(turn * at) for at, it in enumerate(values)),
        sum(it * math.sin(turn * at) for at, it in enumerate(values)),
    )


@pytest.mark.parametrize("sound", Earcon)
def test_a_sound_is_short_soft_and_low(sound: Earcon) -> None:
    values = _values(sound, 30)
    assert len(values) / RATE <= 0.15
    assert max(map(abs, values)) <= 32767 * 0.3
    assert abs(values[0]) < 50 > abs(values[-1]), "nothing clicks"
    loudest = max(range(100, 6000, 20), key=lambda hertz: _power(values, hertz))
    assert 500 <= loudest <= 1000
    assert max(map(abs, _values(sound, 60))) == pytest.approx(2 * max(map(abs, values)), rel=0.01)


def test_no_two_sound_alike() -> None:
    assert len({samples(sound, 30) for sound in Earcon}) == len(Earcon)


def _after(view: View, *actions: Action) -> Earcon | None:
    """Give the sound for the last of these keys on a view."""
    stage = Stage(drawer(measure))
    stage.receive(ViewMessage(1, True, False, Status(sounds=Sounds(on=True)), view))
    sound = None
    for action in actions:
        before = stage.state
        intent = stage.receive(ActionMessage(action))
        sound = earcon(action, intent, changed=stage.state != before)
    return sound


def test_a_move_a_press_the_way_back_and_the_border() -> None:
    assert _after(views.HOME, Action.RIGHT) is Earcon.MOVE
    assert _after(views.HOME, Action.LEFT) is Earcon.REFUSED
    assert _after(views.HOME, Action.OK) is Earcon.PRESS
    assert _after(Message(title="t", tone=Tone.INFO), Action.OK) is Earcon.BACK, "the bar's"
    assert _after(views.HOME, Action.BACK) is Earcon.BACK
    assert _after(views.CHART, Action.RIGHT, Action.OK) is Earcon.PRESS, "what the UI answers by itself"


@pytest.mark.parametrize(("shown", "on"), [(False, True), (True, False)])
def test_over_the_programme_and_where_nobody_wants_it_it_is_quiet(shown: bool, on: bool) -> None:
    stage = Stage(drawer(measure))
    assert stage.sounds is None
    stage.receive(ViewMessage(1, shown, False, Status(sounds=Sounds(on=on)), views.HOME))
    assert stage.sounds is None


def test_a_pin_makes_no_sound() -> None:
    stage = Stage(drawer(measure))
    stage.receive(ViewMessage(1, True, False, Status(sounds=Sounds(on=True)), views.PIN))
    assert not stage.answers


def test_the_player_gets_the_whole_sound_and_ends_with_it(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    earcons = Earcons(lambda output, rate: ("sh", "-c", f"cat > {heard}.part && mv {heard}.part {heard}"))
    earcons.play(Earcon.PRESS, 30, Output.ALSA)
    end = time.monotonic() + _PATIENCE
    while not heard.exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    assert heard.read_bytes() == samples(Earcon.PRESS, 30)
    earcons.close()


def test_sounds_do_not_pile_up_and_closing_ends_them(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    earcons = Earcons(lambda output, rate: ("sh", "-c", f"echo $$ >> {begun}; exec sleep 600"))
    for _ in range(20):
        earcons.play(Earcon.MOVE, 30, Output.ALSA)
    end = time.monotonic() + _PATIENCE
    while not begun.exists() or len(begun.read_text().split()) < 3:
        assert time.monotonic() < end
        time.sleep(0.01)
    earcons.close()
    players = begun.read_text().split()
    assert len(players) == 3
    for player in players:
        with pytest.raises(ProcessLookupError):
            os.kill(int(player), 0)


def test_without_a_player_it_is_silent_and_the_log_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    earcons = Earcons(lambda output, rate: ("/nowhere/aplay",))
    for _ in range(3):
        earcons.play(Earcon.MOVE, 30, Output.PULSE)
    assert len(caplog.records) == 1
    earcons.close()

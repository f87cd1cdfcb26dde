"""The UI speaks: the real program with the real espeak-ng, and a loudspeaker that can be read."""

from __future__ import annotations

import os
import signal
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stb_agent.contract.actions import Action
from stb_agent.contract.messages import CardState, Status
from stb_agent.contract.speech import Speech
from tests.speech.conftest import Loudspeaker, loudspeaker, until
from tests.support import views
from tests.ui.conftest import Television

__all__ = ["loudspeaker"]

_OFF = Status(CardState.ABSENT, practice=True)
_ON = Status(CardState.ABSENT, practice=True, speech=Speech(on=True))


@pytest.fixture
def television(display: str, tmp_path: Path, loudspeaker: Loudspeaker) -> Iterator[Television]:
    television = Television(display, tmp_path)
    yield television
    television.close()


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _seconds(loudspeaker: Loudspeaker) -> float:
    return sum(size for *_, size, _ in loudspeaker.played) / 2 / 22050


def test_it_speaks_when_it_is_switched_on_and_the_voice_goes_when_it_is_switched_off(
    television: Television, loudspeaker: Loudspeaker
) -> None:
    television.show(views.HOME, status=_OFF)
    time.sleep(0.5)
    assert _children(television.process.pid) == []
    television.show(views.HOME, status=_ON)
    until(lambda: _seconds(loudspeaker) > 3)
    (voice,) = _children(television.process.pid)
    before = len(loudspeaker.utterances())
    television.press(Action.RIGHT)
    until(lambda: len(loudspeaker.utterances()) > before)
    assert _children(television.process.pid) == [voice]
    before = len(loudspeaker.utterances())
    television.show(views.HOME, status=_OFF)
    until(lambda: len(loudspeaker.utterances()) > before)
    until(lambda: not _children(television.process.pid))


def test_a_voice_that_is_killed_comes_back_by_itself_and_the_picture_does_not_wait(
    television: Television, loudspeaker: Loudspeaker
) -> None:
    television.show(views.HOME, status=_ON)
    until(lambda: loudspeaker.played)
    (voice,) = _children(television.process.pid)
    os.kill(voice, signal.SIGKILL)
    at = time.monotonic()
    television.agent.press(Action.RIGHT)
    change = television.screen.first_change(at, 2)
    assert change
    assert change.at - at < 0.3
    until(lambda: [it for it in _children(television.process.pid) if it != voice])
    before = len(loudspeaker.utterances())
    television.press(Action.LEFT)
    until(lambda: len(loudspeaker.utterances()) > before)


def test_it_is_silent_over_the_programme(television: Television, loudspeaker: Loudspeaker) -> None:
    television.show(views.MESSAGE, status=_ON)
    until(lambda: _seconds(loudspeaker) > 0.5)
    hidden = time.monotonic()
    television.agent.show(views.MESSAGE, status=_ON, shown=False)
    time.sleep(0.6)
    assert max(when for _, when, *_ in loudspeaker.played) + 0.02 - hidden < 0.1


def test_it_costs_the_picture_nothing_and_rests_when_nothing_is_said(
    television: Television, loudspeaker: Loudspeaker
) -> None:
    took: dict[bool, list[float]] = {True: [], False: []}
    for on in (False, True, False, True):
        television.show(views.HOME_MANY, status=_ON if on else _OFF)
        for at in range(16):
            pressed = time.monotonic()
            television.agent.press((Action.RIGHT, Action.LEFT)[at % 2])
            change = television.screen.first_change(pressed, 2)
            assert change
            took[on].append(change.at - pressed)
            time.sleep(0.12)
    silent, spoken = (1000 * statistics.median(took[on]) for on in (False, True))
    print(f"key to picture: {silent:.1f} ms without the voice, {spoken:.1f} ms with it")
    assert spoken < silent + 15
    last = [0.0]

    def quiet() -> bool:
        last[0] = loudspeaker.played[-1][1]
        return time.monotonic() - last[0] > 1

    until(quiet, 30)
    (voice,) = _children(television.process.pid)
    before, used = television.cpu_ticks(), _ticks(voice)
    time.sleep(2)
    assert television.cpu_ticks() - before <= 4
    assert _ticks(voice) - used <= 2
    assert television.resident() < 200_000


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])

"""The UI makes its sounds: the real program, and a loudspeaker that can be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stb_agent.contract.actions import Action
from stb_agent.contract.messages import CardState, Status
from stb_agent.contract.sounds import Sounds
from tests.speech.conftest import Loudspeaker, loudspeaker, until
from tests.support import views
from tests.ui.conftest import Television
from ui.earcons import Earcon, samples

__all__ = ["loudspeaker"]

_LEVEL = 40


@pytest.fixture
def television(display: str, tmp_path: Path, loudspeaker: Loudspeaker) -> Iterator[Television]:
    television = Television(display, tmp_path)
    yield television
    television.close()


def test_a_move_and_the_border_are_heard_where_it_is_wanted_and_nothing_else(
    television: Television, loudspeaker: Loudspeaker
) -> None:
    heard = [len(samples(sound, _LEVEL)) for sound in (Earcon.MOVE, Earcon.REFUSED, Earcon.BACK)]
    television.show(views.HOME, status=Status(CardState.ABSENT))
    television.press(Action.RIGHT, Action.LEFT)
    television.show(views.HOME, status=Status(CardState.ABSENT, sounds=Sounds(on=True, level=_LEVEL)))
    for count, action in enumerate((Action.RIGHT, Action.UP, Action.BACK), 1):
        television.press(action)
        until(lambda count=count: _heard(loudspeaker) == heard[:count])  # type: ignore[misc]


def _heard(loudspeaker: Loudspeaker) -> list[int]:
    """Give how many bytes each player has played, in order."""
    played = loudspeaker.played
    return [sum(size for pid, _, size, _ in played if pid == player) for player in loudspeaker.utterances()]

"""The page of beginning anew: who is told whose cards go."""

from __future__ import annotations

import pytest

from stb_agent.contract import words
from stb_agent.contract.level import Level
from stb_agent.contract.text import word
from stb_agent.contract.views import Choice
from stb_agent.core.page import Frame
from stb_agent.services.reset.pages import Contents, ResetPage

NAMES = ("ばあば", word("settings.nickname.grandpa"))


@pytest.mark.parametrize(
    ("level", "contents", "said"),
    [
        (Level.AUTHENTICATED, Contents(2, NAMES, ()), "ばあば、おじいちゃん"),
        (Level.AUTHENTICATED, Contents(5, NAMES, ()), "ばあば、おじいちゃん、ほか3人"),
        (Level.AUTHENTICATED, Contents(2, (), ()), "2人分"),
        (Level.PRESENT, Contents(2, NAMES, ()), "2人分"),
    ],
)
def test_nicknames_are_for_who_is_signed_in_and_the_others_are_counted(
    level: Level, contents: Contents, said: str
) -> None:
    view = ResetPage(contents).view(Frame(level=level))
    assert isinstance(view, Choice)
    value = view.rows[0].value
    assert not isinstance(value, str)
    assert words.render(value) == said

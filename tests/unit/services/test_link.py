"""The pages of linking, while an earlier link is on its way."""

from __future__ import annotations

import pytest

from stb_agent.contract.level import Level
from stb_agent.contract.messages import CardState
from stb_agent.core.page import Chosen, Frame, Surroundings
from stb_agent.services.link.pages import LinkPage


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("agreed", [True, False])
def test_a_link_that_arrives_while_it_is_asked_for_ends_the_asking(linked: bool, agreed: bool) -> None:
    frame = Frame(card=CardState.PRESENT, level=Level.AUTHENTICATED, linked=linked)
    page = LinkPage("operator", lambda number: True)
    if agreed:
        moved = page.on(Chosen("agree"), frame)
        assert isinstance(moved.stay, LinkPage)
        page = moved.stay
    assert page.on(Surroundings(), frame).leave is linked

"""What became of the end before this session: the page is as true as it looks, for as long as somebody looks at it."""

from __future__ import annotations

from stb_agent.contract.ending import Ended
from stb_agent.contract.level import Level
from stb_agent.contract.text import word
from stb_agent.contract.views import Detail
from stb_agent.core.page import Chosen, Done, Frame, Move, Shown
from stb_agent.services.ending.pages import AGAIN_S, LastEndPage, LoadLast, Part

HERE = Frame(level=Level.AUTHENTICATED)
PARTS = (Part("https://a.example", word("booking.tile")), Part("https://b.example", word("health.tile")))


def came(page: LastEndPage, *states: Ended) -> Move:
    """Let the page hear of its two services."""
    return page.on(Done(LoadLast(), (PARTS, {part.address: it for part, it in zip(PARTS, states, strict=True)})), HERE)


def lead(moved: Move) -> object:
    assert moved.stay is not None
    view = moved.stay.view(HERE)
    assert isinstance(view, Detail)
    return view.lead


def test_it_is_asked_again_until_every_service_has_answered() -> None:
    page = LastEndPage()
    assert page.on(Shown(), HERE).jobs == (LoadLast(),)
    moved = came(page, Ended.ENDED, Ended.PENDING)
    assert lead(moved) == word("ending.last.pending")
    assert moved.jobs == (LoadLast(AGAIN_S),)
    assert isinstance(moved.stay, LastEndPage)
    moved = came(moved.stay, Ended.ENDED, Ended.ENDED)
    assert lead(moved) == word("ending.last.ended")
    assert not moved.jobs
    assert moved.stay is not None
    assert moved.stay.on(Chosen("ok"), HERE).home
    assert LoadLast.while_seen, "nobody who looks elsewhere is asked for"

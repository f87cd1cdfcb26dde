"""What signing in says when no PIN can help."""

import pytest

from stb_agent.card.errors import KeyUnsupported, PinBlocked, PinUnusable
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.messages import CardState
from stb_agent.contract.views import Message, Tone
from stb_agent.core.page import Failed
from stb_agent.services.sign_in.pages import CountTries, SignInPage


@pytest.mark.parametrize(
    ("error", "title"),
    [(PinBlocked(), "sign_in.blocked"), (PinUnusable(), "sign_in.blocked"), (KeyUnsupported(), "sign_in.title")],
)
def test_each_reason_has_its_own_words_and_no_way_to_a_pin(error: ChanomaError, title: str):
    page = SignInPage(make_digits=lambda: pytest.fail("a PIN was asked for"), card=CardState.PRESENT)
    move = page.on(Failed(CountTries(), error), None)  # type: ignore[arg-type]  # the frame plays no part
    assert isinstance(move.stay, SignInPage)
    view = move.stay.view(None)  # type: ignore[arg-type]
    assert isinstance(view, Message)
    assert (view.code, view.tone, view.title.code) == (error.code, Tone.ERROR, title)
    assert (view.lead.code, view.remedy.code) == (f"{error.code}.cause", f"{error.code}.remedy")
    assert "again" not in [item.id for item in view.items]

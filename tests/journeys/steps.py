"""What several journeys do: a card put in and taken out, signing in with it, a contract number, something that happens in the world."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

from stb_agent.contract.text import Word
from tests.journeys.tour import PROGRAMME, Tour

WHOLE = 1920 * 1080 // 2
"""Pixels of a change that is more than a part of the programme moving."""

Message = dict[str, Any]


def level(wanted: int) -> Callable[[Message], bool]:
    """Tell whether a view message is of this level."""
    return lambda message: message["status"].get("level", 0) == wanted


def titled(code: str) -> Callable[[Message], bool]:
    """Tell whether the view has this title."""
    return lambda message: message["view"]["title"].get("code") == code


def offers(id_: str) -> Callable[[Message], bool]:
    """Tell whether the view has something of this id to choose."""
    return lambda message: any(item["id"] == id_ for item in message["view"].get("items", ()))


def order(tour: Tour, simulator: str, path: str, body: Message) -> None:
    """Let something happen in the world."""
    request = urllib.request.Request(
        tour.house.facts["world"][simulator] + path,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10):
        pass


def arrive(tour: Tour) -> None:
    """From the programme to the first screen."""
    tour.step("home", "HOMEPAGE", kind="home", area=WHOLE, words=["home.guide.insert"])


def leave(tour: Tour) -> None:
    """Back to the programme."""
    tour.step("programme", "HOMEPAGE", kind=PROGRAMME, area=WHOLE, literal=["テスト放送"])


def card(tour: Tour, profile: str, reached: int = 1) -> None:
    """Put a card in, on the first screen."""
    tour.step(f"card-{profile}", kind="home", act=lambda: tour.house.card(insert=profile), right=level(reached))


def taken(tour: Tour, name: str) -> None:
    """Take the card out, and the word about it away."""
    tour.step(
        f"{name}-pulled", kind="message", act=lambda: tour.house.card(pull=True), right=titled("home.card_gone.title")
    )
    tour.step(f"{name}-gone", choose="ok", kind="home", right=level(0))


def typed_pin(
    tour: Tour, name: str, kind: str, right: Callable[[Message], bool], words: Sequence[str | Word] = ()
) -> None:
    """Type the PIN that is asked for, and come to a view."""
    tour.step(f"{name}-dots", *tour.house.facts["pin"], kind="pin", right=lambda m: m["view"]["dots"] == 4)
    tour.step(f"{name}-signed-in", "OK", kind=kind, right=right, words=words)


def signed_in(
    tour: Tour, name: str, kind: str = "home", title: str = "", *, known: bool = True, words: Sequence[str | Word] = ()
) -> None:
    """Sign in with the card that is there, and come to a view; without a title, to the first screen."""
    if known:
        tour.step(f"{name}-pin", choose="sign_in", kind="pin")
    else:
        tour.step(f"{name}-consent", choose="sign_in", kind="consent")
        tour.step(f"{name}-pin", choose="agree", kind="pin")
    typed_pin(tour, name, kind, titled(title) if title else level(2), words)


def contract(tour: Tour, name: str, then: str, kind: str = "message", *, words: Sequence[str | Word] = ()) -> None:
    """Type the contract number of the house, and come to a view."""
    number = tour.house.facts["world"]["contract_number"]
    tour.step(f"{name}-typed", *number, kind="form", right=lambda m: m["view"]["field"]["value"] == number)
    tour.step(f"{name}-sent", choose="submit", kind=kind, right=titled(then), words=words or [then])

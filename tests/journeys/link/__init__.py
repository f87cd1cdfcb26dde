"""The life of a link: registered, lost, found, renewed, ended without a network; a certificate that ends, a child's card, two that no PIN opens."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

from tests.journeys.tour import PROGRAMME, Tour

_WHOLE = 1920 * 1080 // 2
"""Pixels of a change that is more than a part of the programme moving."""
_COURIER = 60.0
"""Seconds within which what waits is sent once the network is back."""

Message = dict[str, Any]


def _level(level: int) -> Callable[[Message], bool]:
    return lambda message: message["status"].get("level", 0) == level


def _title(code: str) -> Callable[[Message], bool]:
    return lambda message: message["view"]["title"].get("code") == code


def _order(tour: Tour, simulator: str, path: str, body: Message) -> None:
    """Let something happen in the world."""
    request = urllib.request.Request(
        tour.house.facts["world"][simulator] + path,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10):
        pass


def walk(tour: Tour) -> None:
    """Walk it."""
    tour.step("home", "HOMEPAGE", kind="home", area=_WHOLE, words=["home.guide.insert"])
    _register(tour)
    _look(tour)
    _lose(tour)
    _find(tour)
    _renew(tour)
    _leave(tour)
    _ending(tour)
    _minor(tour)
    _no_pin(tour)
    tour.step("programme", "HOMEPAGE", kind=PROGRAMME, area=_WHOLE, literal=["テスト放送"])


def _card(tour: Tour, card: str, level: int = 1) -> None:
    tour.step(f"card-{card}", kind="home", act=lambda: tour.house.card(insert=card), right=_level(level))


def _take(tour: Tour, name: str) -> None:
    """Take the card out, and the word about it away."""
    tour.step(
        f"{name}-pulled", kind="message", act=lambda: tour.house.card(pull=True), right=_title("home.card_gone.title")
    )
    tour.step(f"{name}-gone", choose="ok", kind="home", right=_level(0))


def _pin(tour: Tour, name: str, kind: str, title: str, *, known: bool = True, words: tuple[str, ...] = ()) -> None:
    """Sign in with the card that is there, and come to a view."""
    if known:
        tour.step(f"{name}-pin", choose="sign_in", kind="pin")
    else:
        tour.step(f"{name}-consent", choose="sign_in", kind="consent")
        tour.step(f"{name}-pin", choose="agree", kind="pin")
    tour.step(f"{name}-dots", *tour.house.facts["pin"], kind="pin", right=lambda m: m["view"]["dots"] == 4)
    tour.step(f"{name}-signed-in", "OK", kind=kind, right=_title(title), words=words)


def _number(tour: Tour, name: str, then: str, kind: str = "message") -> None:
    """Type the contract number, and come to a view."""
    number = tour.house.facts["world"]["contract_number"]
    tour.step(f"{name}-typed", *number, kind="form", right=lambda m: m["view"]["field"]["value"] == number)
    tour.step(f"{name}-sent", choose="submit", kind=kind, right=_title(then), words=[then])


def _register(tour: Tour) -> None:
    _card(tour, "new")
    _pin(tour, "new", "consent", "link.title", known=False)
    tour.step(
        "no-contract", choose="none", kind="choice", right=_title("link.no_contract.title"),
        words=["link.no_contract.title"],
    )  # fmt: skip
    tour.step("number", choose="number", kind="form")
    _number(tour, "number", "link.done.title")
    tour.step("registered", choose="ok", kind="home", right=_level(2))


def _look(tour: Tour) -> None:
    tour.step("hub", choose="link", kind="list", words=["link.hub.mine", "link.hub.lost", "link.hub.leave"])
    tour.step("mine", choose="mine", kind="detail", words=["link.mine.contract_label", "link.mine.contract"])
    tour.step("hub-again", "BACK", kind="list", right=_title("link.hub.tile"))
    tour.step("boxes", choose="boxes", kind="message", words=["link.boxes.none"])
    tour.step("hub-third", choose="ok", kind="list", right=_title("link.hub.tile"))
    tour.step("home-again", "BACK", kind="home", right=_level(2))


def _lose(tour: Tour) -> None:
    _take(tour, "lost")
    tour.step("lost-hub", choose="link", kind="list")
    tour.step("lost", choose="lost", kind="choice", words=["link.lost.title"], literal=["0120-95-0178"])
    tour.step("lost-number", choose="begin", kind="form", words=["link.lost.number"])
    _number(tour, "lost-number", "link.lost.title", kind="list")
    tour.step("lost-sure", choose="who:0", kind="choice", words=["link.lost.sure"])
    tour.step("lost-stopped", choose="suspend", kind="message", words=["link.lost.done.lead"])
    tour.step("lost-hub-again", choose="ok", kind="list", right=_title("link.hub.tile"))
    tour.step("lost-home", "BACK", kind="home")


def _find(tour: Tour) -> None:
    _card(tour, "new")
    _pin(tour, "found", "choice", "link.suspended.title", words=("link.suspended.title",))
    tour.step("found-number", choose="number", kind="form")
    _number(tour, "found-number", "link.suspended.done")
    tour.step("found-home", choose="ok", kind="home", right=_level(2))


def _renew(tour: Tour) -> None:
    _take(tour, "old")
    _order(tour, "validation", "/_sim/renew", {"identity": "new", "successor": "renewed"})
    _card(tour, "renewed")
    _pin(tour, "renewed", "choice", "link.replace.title", known=False, words=("link.replace.title",))
    tour.step("replaced", choose="go", kind="message", right=_title("link.replace.done"), words=["link.replace.done"])
    tour.step("replaced-home", choose="ok", kind="home", right=_level(2))


def _leave(tour: Tour) -> None:
    tour.step("leave-hub", choose="link", kind="list")
    tour.step("leave", choose="leave", kind="choice", words=["link.leave.title"])
    tour.house.fault("platform", {"kind": "status", "status": 503, "path": "/link/end", "seconds": 1, "times": None})

    def warned(message: Message) -> bool:
        return bool(message["view"]["kind"] == "message" and message["view"]["tone"] == "warning")

    tour.step("left-waiting", choose="leave", kind="message", right=warned, words=["link.left.waiting"])

    def back() -> None:
        tour.house.fault("platform", None)
        tour.witness.until(lambda message: not warned(message), _COURIER)

    tour.step(
        "left", act=back, kind="message", right=lambda m: bool(m["view"]["tone"] == "ok"), words=["link.left.title"]
    )
    tour.step("left-home", choose="ok", kind="home", right=_level(1))
    tour.step("ends-hub", choose="link", kind="list")
    tour.step("ends", choose="ends", kind="detail", words=["link.ends.lead"])
    tour.step("ends-left", choose="ok", kind="list")
    tour.step("ends-home", "BACK", kind="home")


def _ending(tour: Tour) -> None:
    tour.step("before-ending", kind="home", act=lambda: tour.house.card(pull=True), right=_level(0))
    _card(tour, "ending")
    _pin(tour, "ending", "consent", "link.title", known=False)
    tour.step("ending-number", choose="agree", kind="form")
    _number(tour, "ending-number", "link.done.title")
    tour.step("ending-home", choose="ok", kind="home", right=_level(2))
    tour.step("ending-tile", choose="ending", kind="choice", words=["link.ending.where"])
    tour.step("ending-read", choose="ok", kind="home", right=_level(2))
    _take(tour, "ending")
    _card(tour, "ending")
    _pin(tour, "ending-again", "choice", "link.ending.title", words=("link.ending.title", "link.ending.where"))
    tour.step("ending-told", choose="ok", kind="home", right=_level(2))
    _take(tour, "ending-again")


def _minor(tour: Tour) -> None:
    _card(tour, "minor")
    _pin(tour, "minor", "consent", "link.title", known=False)
    tour.step("guardian", choose="agree", kind="choice", words=["link.guardian.title"])
    tour.step("guardian-number", choose="guardian", kind="form")
    _number(tour, "guardian-number", "link.done.title")
    tour.step("minor-home", choose="ok", kind="home", right=_level(2))
    _take(tour, "minor")


def _no_pin(tour: Tour) -> None:
    for card, code in (("blocked", "card.pin.blocked"), ("face", "card.pin.unusable")):
        _card(tour, card)
        tour.step(f"{card}-consent", choose="sign_in", kind="consent")
        tour.step(
            f"{card}-told", choose="agree", kind="message", right=lambda m, code=code: m["view"].get("code") == code,
            words=["sign_in.blocked"],
        )  # fmt: skip
        tour.step(f"{card}-home", choose="stop", kind="home")
        tour.step(f"{card}-pulled", kind="home", act=lambda: tour.house.card(pull=True), right=_level(0))

"""The life of a link: registered, lost, found, renewed, ended without a network; without a contract; certificates that end; a child's card.

And two cards that no PIN opens.
"""

from __future__ import annotations

from typing import Any

from tests.journeys.steps import arrive, card, contract, leave, level, order, signed_in, taken, titled
from tests.journeys.tour import Tour

_COURIER = 60.0
"""Seconds within which what waits is sent once the network is back."""


def walk(tour: Tour) -> None:
    """Walk it."""
    arrive(tour)
    _register(tour)
    _look(tour)
    _lose(tour)
    _find(tour)
    _renew(tour)
    _leave(tour)
    _ending(tour)
    _minor(tour)
    _without_contract(tour)
    _expired(tour)
    _no_pin(tour)
    leave(tour)


def _register(tour: Tour) -> None:
    card(tour, "new")
    signed_in(tour, "new", "consent", "link.title", known=False)
    tour.step(
        "no-contract", choose="none", kind="choice", right=titled("link.no_contract.title"),
        words=["link.no_contract.title"],
    )  # fmt: skip
    tour.step("number", choose="number", kind="form")
    contract(tour, "number", "link.done.title")
    tour.step("registered", choose="ok", kind="home", right=level(2))


def _look(tour: Tour) -> None:
    tour.step("hub", choose="link", kind="list", words=["link.hub.mine", "link.hub.lost", "link.hub.leave"])
    tour.step("mine", choose="mine", kind="detail", words=["link.mine.contract_label", "link.mine.contract"])
    tour.step("hub-again", "BACK", kind="list", right=titled("link.hub.tile"))
    tour.step("boxes", choose="boxes", kind="message", words=["link.boxes.none"])
    tour.step("hub-third", choose="ok", kind="list", right=titled("link.hub.tile"))
    tour.step("home-again", "BACK", kind="home", right=level(2))


def _lose(tour: Tour) -> None:
    taken(tour, "lost")
    tour.step("lost-hub", choose="link", kind="list")
    tour.step("lost", choose="lost", kind="choice", words=["link.lost.title"], literal=["0120-95-0178"])
    tour.step("lost-number", choose="begin", kind="form", words=["link.lost.number"])
    contract(tour, "lost-number", "link.lost.title", kind="list")
    tour.step("lost-sure", choose="who:0", kind="choice", words=["link.lost.sure"])
    tour.step("lost-stopped", choose="suspend", kind="message", words=["link.lost.done.lead"])
    tour.step("lost-hub-again", choose="ok", kind="list", right=titled("link.hub.tile"))
    tour.step("lost-home", "BACK", kind="home")


def _find(tour: Tour) -> None:
    card(tour, "new")
    signed_in(tour, "found", "choice", "link.suspended.title", words=("link.suspended.title",))
    tour.step("found-number", choose="number", kind="form")
    contract(tour, "found-number", "link.suspended.done")
    tour.step("found-home", choose="ok", kind="home", right=level(2))


def _renew(tour: Tour) -> None:
    taken(tour, "old")
    order(tour, "validation", "/_sim/renew", {"identity": "new", "successor": "renewed"})
    card(tour, "renewed")
    signed_in(tour, "renewed", "choice", "link.replace.title", known=False, words=("link.replace.title",))
    tour.step("replaced", choose="go", kind="message", right=titled("link.replace.done"), words=["link.replace.done"])
    tour.step("replaced-home", choose="ok", kind="home", right=level(2))


def _leave(tour: Tour) -> None:
    tour.step("leave-hub", choose="link", kind="list")
    tour.step("leave", choose="leave", kind="choice", words=["link.leave.title"])
    tour.house.fault("platform", {"kind": "status", "status": 503, "path": "/link/end", "seconds": 1, "times": None})

    def warned(message: dict[str, Any]) -> bool:
        return bool(message["view"]["kind"] == "message" and message["view"]["tone"] == "warning")

    tour.step("left-waiting", choose="leave", kind="message", right=warned, words=["link.left.waiting"])

    def back() -> None:
        tour.house.fault("platform", None)
        tour.witness.until(lambda message: not warned(message), _COURIER)

    tour.step(
        "left", act=back, kind="message", right=lambda m: bool(m["view"]["tone"] == "ok"), words=["link.left.title"]
    )
    tour.step("left-home", choose="ok", kind="home", right=level(1))
    tour.step("ends-hub", choose="link", kind="list")
    tour.step("ends", choose="ends", kind="detail", words=["link.ends.lead"])
    tour.step("ends-left", choose="ok", kind="list")
    tour.step("ends-home", "BACK", kind="home")


def _ending(tour: Tour) -> None:
    tour.step("before-ending", kind="home", act=lambda: tour.house.card(pull=True), right=level(0))
    card(tour, "ending")
    signed_in(tour, "ending", "consent", "link.title", known=False)
    tour.step("ending-number", choose="agree", kind="form")
    contract(tour, "ending-number", "link.done.title")
    tour.step("ending-home", choose="ok", kind="home", right=level(2))
    tour.step("ending-tile", choose="ending", kind="choice", words=["link.ending.where"])
    tour.step("ending-read", choose="ok", kind="home", right=level(2))
    taken(tour, "ending")
    card(tour, "ending")
    signed_in(tour, "ending-again", "choice", "link.ending.title", words=("link.ending.title", "link.ending.where"))
    tour.step("ending-told", choose="ok", kind="home", right=level(2))
    taken(tour, "ending-again")


def _minor(tour: Tour) -> None:
    card(tour, "minor")
    signed_in(tour, "minor", "consent", "link.title", known=False)
    tour.step("guardian", choose="agree", kind="choice", words=["link.guardian.title"])
    tour.step("guardian-number", choose="guardian", kind="form")
    contract(tour, "guardian-number", "link.done.title")
    tour.step("minor-home", choose="ok", kind="home", right=level(2))
    taken(tour, "minor")


def _without_contract(tour: Tour) -> None:
    card(tour, "renewed")
    signed_in(tour, "guest", "consent", "link.title", known=False)
    tour.step("guest-none", choose="none", kind="choice", words=["link.no_contract.lead"])
    tour.step("guest-registered", choose="without", kind="message", words=["link.done.title"])
    tour.step("guest-home", choose="ok", kind="home", right=level(2))
    taken(tour, "guest-lost")
    tour.step("guest-hub", choose="link", kind="list")
    tour.step("guest-lost", choose="lost", kind="choice", words=["link.lost.title"])
    tour.step("guest-which", choose="none", kind="list", words=["link.lost.which"])
    tour.step("guest-sure", choose="who:0", kind="choice", words=["link.lost.sure"])
    tour.step("guest-stopped", choose="suspend", kind="message", words=["link.lost.done.lead"])
    tour.step("guest-hub-again", choose="ok", kind="list", right=titled("link.hub.tile"))
    tour.step("guest-gone", "BACK", kind="home")
    card(tour, "renewed")
    signed_in(tour, "guest-found", "choice", "link.suspended.title", words=("link.suspended.found_here",))
    tour.step("guest-back", choose="number", kind="message", right=titled("link.suspended.done"))
    tour.step("guest-back-home", choose="ok", kind="home", right=level(2))
    taken(tour, "guest")


def _expired(tour: Tour) -> None:
    tour.step(
        "expired",
        kind="message",
        act=lambda: tour.house.card(insert="expired"),
        words=["home.card_trouble", "card.certificate.expired.cause"],
    )
    tour.step("expired-home", choose="ok", kind="home")
    tour.step("expired-pulled", kind="home", act=lambda: tour.house.card(pull=True), right=level(0))


def _no_pin(tour: Tour) -> None:
    for profile, code in (("blocked", "card.pin.blocked"), ("face", "card.pin.unusable")):
        card(tour, profile)
        tour.step(f"{profile}-consent", choose="sign_in", kind="consent")
        tour.step(
            f"{profile}-told", choose="agree", kind="message", right=lambda m, code=code: m["view"].get("code") == code,
            words=["sign_in.blocked"],
        )  # fmt: skip
        tour.step(f"{profile}-home", choose="stop", kind="home")
        tour.step(f"{profile}-pulled", kind="home", act=lambda: tour.house.card(pull=True), right=level(0))

"""A phone as the card reader: its camera reads the code off the screen; approved, denied, a wrong number, expired; and what it may not open."""

from __future__ import annotations

from pathlib import Path

from tests.journeys.steps import Message, arrive, leave, level, order, taken, titled, typed_pin
from tests.journeys.tour import Tour
from tests.support.outside import Phone

_LIFE, _SHORT = 300, 6
"""Seconds that a code is good, and that one which nobody uses is good here."""
_OVER = 30.0
"""Seconds within which it is said that it is over."""


def walk(tour: Tour) -> None:
    """Walk it."""
    order(tour, "platform", "/_sim/policy", {"expires_in": _LIFE, "interval": 1})
    arrive(tour)
    _denied(tour)
    _expired(tour)
    _approved(tour)
    _not_enough(tour)
    _at_the_box(tour)
    leave(tour)


def _offered(tour: Tour, name: str) -> None:
    """From the first screen to the code for the phone."""
    tour.step(f"{name}-asked", choose="orders", kind="message", right=titled("sign_in.title"), words=["sign_in.insert"])
    tour.step(
        name, choose="phone", kind="detail", right=_waits, words=["sign_in.phone.lead", "sign_in.phone.place"],
        literal=[tour.house.facts["world"]["operator"]],
    )  # fmt: skip


def _waits(message: Message) -> bool:
    """Tell whether there is a code, and it is said that the phone is waited for and how long."""
    view = message["view"]
    state = view["rows"][-1] if view.get("rows") else {}
    return bool(view.get("code") and state["label"].get("code") == "sign_in.phone.state.pending" and _minutes(state))


def _minutes(row: Message) -> int:
    return int(row["value"]["args"]["minutes"])


def _phone(tour: Tour) -> tuple[Phone, str]:
    """Give a phone that has read the screen, and the number on it."""
    number = tour.witness.latest()["view"]["title"]["args"]["number"]
    return Phone(tour.screen.picture(), Path(tour.house.facts["folder"])), str(number)


def _denied(tour: Tour) -> None:
    _offered(tour, "deny")

    def deny() -> None:
        phone, number = _phone(tour)
        phone.decides(number, "deny")

    tour.step("denied", act=deny, kind="message", right=titled("sign_in.phone.title"), words=["cable_id.request.denied.cause"])  # fmt: skip


def _expired(tour: Tour) -> None:
    order(tour, "platform", "/_sim/policy", {"expires_in": _SHORT, "interval": 1})
    tour.step("short", choose="again", kind="detail", right=lambda m: bool(m["view"].get("code")))

    def over(message: Message) -> bool:
        return bool(message["view"].get("code") == "cable_id.request.expired")

    tour.step(
        "expired", act=lambda: tour.witness.until(over, _OVER), kind="message", right=over,
        words=["cable_id.request.expired.cause"],
    )  # fmt: skip
    order(tour, "platform", "/_sim/policy", {"expires_in": _LIFE, "interval": 1})
    tour.step("stopped", choose="stop", kind="message", right=titled("sign_in.title"))
    tour.step("home-unsigned", "BACK", kind="home", right=level(0))


def _approved(tour: Tour) -> None:
    _offered(tour, "read")

    def approve() -> None:
        phone, number = _phone(tour)
        phone.decides(number)

    tour.step("approved", act=approve, kind="message", right=lambda m: titled("booking.orders")(m) and level(2)(m))
    tour.step("home-by-phone", "BACK", kind="home", right=level(2), words=["home.guide.by_phone"])


def _not_enough(tour: Tour) -> None:
    """Records of somebody's health want the card at the box (RFC 10027): it is said why, and a phone is not offered."""
    at_box = ["sign_in.why.at_box", "sign_in.why.how_at_box"]
    tour.step("why-at-box", choose="health", kind="message", right=titled("sign_in.why.title"), words=at_box)
    tour.step("why-stopped", choose="stop", kind="home", right=level(2))
    tour.step("why-again", choose="health", kind="message", right=titled("sign_in.why.title"))

    def no_phone(message: Message) -> bool:
        return titled("sign_in.title")(message) and not message["view"].get("items")

    tour.step("insert", choose="on", kind="message", right=no_phone, words=["sign_in.insert"])


def _at_the_box(tour: Tour) -> None:
    tour.step("inserted", act=lambda: tour.house.card(insert="linked"), kind="consent", right=titled("sign_in.title"))
    tour.step("pin", choose="agree", kind="pin")
    typed_pin(tour, "box", "detail", titled("health.title"), ["health.latest"])
    taken(tour, "box")

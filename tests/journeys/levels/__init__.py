"""Falling short: the town, the records and the platform want to be surer, and the same errand goes on; what a phone's reading does not open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stb_agent.contract.text import Word
from tests.journeys.steps import (
    Message,
    arrive,
    card,
    leave,
    level,
    order,
    signed_in,
    taken,
    titled,
    typed_pin,
)
from tests.journeys.tour import Tour
from tests.support.outside import Phone

_WHY, _SLIP, _RECORDS = titled("sign_in.why.title"), "booking.slip", titled("health.title")


def walk(tour: Tour) -> None:
    """Walk it."""
    arrive(tour)
    card(tour, "linked")
    signed_in(tour, "first", known=False)
    _same_booking_goes_on(tour)
    _not_now(tour)
    _records(tour)
    _signature(tour)
    taken(tour, "before-phone")
    _by_phone(tour)
    leave(tour)


def _told_why(tour: Tour, name: str, choose: str, why: str) -> None:
    """Open what falls short: why it is asked again is said before anything is asked."""
    code = f"sign_in.why.{why}"
    tour.step(
        name, choose=choose, kind="message", words=["sign_in.why.title", code, "sign_in.why.how"],
        right=lambda m: _WHY(m) and m["view"]["lead"]["code"] == code,
    )  # fmt: skip


def _booking(tour: Tour, name: str) -> None:
    """From the first screen to the question whether to book the first free time of the first facility."""
    steps: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("facilities", "list", {"choose": "booking"}),
        ("days", "calendar", {"choose": lambda view: view["items"][0]["id"]}),
        ("purpose", "form", {"choose": lambda view: next(it["id"] for it in view["cells"] if it["state"] == "free")}),
        ("people", "form", {"choose": "choose:0"}),
    )
    for step, kind, how in steps:
        tour.step(f"{name}-{step}", kind=kind, **how)
    tour.step(f"{name}-typed", "8", kind="form", right=lambda m: m["view"]["field"]["value"] == "8")
    tour.step(f"{name}-user", choose="submit", kind="form", right=lambda m: m["view"]["field"]["type"] == "choice")
    tour.step(f"{name}-confirm", choose="choose:self", kind="choice", right=titled("booking.confirm"))
    order(tour, "booking", "/_sim/levels", {"times": 1})
    _told_why(tour, f"{name}-why", "book", "age")


def _slip(delivery: str) -> Any:
    return lambda m: titled(_SLIP)(m) and m["view"]["delivery"] == delivery


def _same_booking_goes_on(tour: Tour) -> None:
    _booking(tour, "surer")
    tour.step("surer-pin", choose="on", kind="pin", words=[Word("frame.pin.tries", {"tries": 3})])
    typed_pin(tour, "surer", "detail", _slip("sent"), ["booking.slip_sent", "frame.delivery.sent", "booking.number"])
    tour.step("surer-home", choose="done", kind="home", right=level(2))


def _not_now(tour: Tour) -> None:
    _booking(tour, "later")
    tour.step("later-waits", choose="stop", kind="detail", right=_slip("waiting"), words=["booking.slip_needs_card"])
    tour.step("later-home", choose="done", kind="home", right=level(2))
    tour.step("later-orders", choose="orders", kind="list", right=_one_waits,
              words=["frame.delivery.sent"])  # fmt: skip
    tour.step("later-left", "BACK", kind="home", right=level(2))
    taken(tour, "later")
    card(tour, "linked")
    signed_in(tour, "later-again")
    tour.step("later-arrived", choose="orders", kind="list", words=["frame.delivery.sent"],
              not_words=["frame.delivery.waiting"], right=_all_sent)  # fmt: skip
    tour.step("later-done", "BACK", kind="home", right=level(2))


def _one_waits(message: Message) -> bool:
    details = [item["detail"]["code"] for item in message["view"]["items"]]
    return details == ["frame.delivery.waiting", "frame.delivery.sent"]


def _all_sent(message: Message) -> bool:
    details = [item["detail"]["code"] for item in message["view"]["items"]]
    return len(details) > 1 and set(details) == {"frame.delivery.sent"}


def _records(tour: Tour) -> None:
    order(tour, "health", "/_sim/levels", {"times": 1})
    _told_why(tour, "records-why", "health", "age")
    tour.step("records-not-now", choose="stop", kind="home", right=level(2))
    order(tour, "health", "/_sim/levels", {"times": 1})
    _told_why(tour, "records-why-again", "health", "age")
    tour.step("records-pin", choose="on", kind="pin")
    typed_pin(tour, "records", "detail", _RECORDS, ["health.latest"])
    tour.step("records-home", "BACK", kind="home", right=level(2))
    order(tour, "platform", "/_sim/levels", {"service": "health", "revocation": -1})
    _told_why(tour, "revocation-why", "health", "revocation_old")
    order(tour, "platform", "/_sim/levels", {"service": "health", "revocation": 900})
    tour.step("revocation-pin", choose="on", kind="pin")
    typed_pin(tour, "revocation", "detail", _RECORDS, ["health.latest"])
    tour.step("revocation-home", "BACK", kind="home", right=level(2))


def _signature(tour: Tour) -> None:
    order(tour, "platform", "/_sim/levels", {"service": "health", "acr": "signature"})
    tour.step(
        "signature", choose="health", kind="message", right=titled("sign_in.signature.title"),
        words=["sign_in.signature.cause", "sign_in.signature.remedy"],
    )  # fmt: skip
    tour.step("signature-home", choose="stop", kind="home", right=level(2))
    order(tour, "platform", "/_sim/levels", {"service": "health", "acr": "authenticated"})


def _by_phone(tour: Tour) -> None:
    order(tour, "platform", "/_sim/policy", {"expires_in": 300, "interval": 1})
    tour.step("phone-insert", choose="orders", kind="message", right=titled("sign_in.title"), words=["sign_in.insert"])
    tour.step("phone-code", choose="phone", kind="detail", right=titled("sign_in.phone.number"))

    def decide() -> None:
        number = str(tour.witness.latest()["view"]["title"]["args"]["number"])
        Phone(tour.screen.picture(), Path(tour.house.facts["folder"])).decides(number)

    tour.step("phone-read", act=decide, kind="list", right=titled("booking.orders"), words=["frame.delivery.sent"])
    tour.step("phone-home", "BACK", kind="home", right=level(2), words=["home.guide.by_phone"])
    tour.step(
        "at-box-why", choose="health", kind="message",
        words=["sign_in.why.title", "sign_in.why.at_box", "sign_in.why.how_at_box"],
        right=lambda m: _WHY(m) and m["view"]["lead"]["code"] == "sign_in.why.at_box",
    )  # fmt: skip
    tour.step(
        "at-box-insert", choose="on", kind="message", words=["sign_in.insert", "sign_in.insert_how"],
        not_words=["sign_in.phone.offer"], right=lambda m: titled("sign_in.title")(m) and "items" not in m["view"],
    )  # fmt: skip
    tour.step("at-box-pin", act=lambda: tour.house.card(insert="linked"), kind="pin")
    typed_pin(tour, "at-box", "detail", _RECORDS, ["health.latest"])
    tour.step("at-box-home", "BACK", kind="home", right=level(2), words=["home.guide.signed_in"])

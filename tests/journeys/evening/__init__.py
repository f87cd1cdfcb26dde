"""The first evening: a card is linked, a room booked, the blood pressure read; and what can go wrong on the way."""

from __future__ import annotations

from typing import Any

from stb_agent.contract.text import Word
from tests.journeys.tour import PROGRAMME, Tour

_WHOLE = 1920 * 1080 // 2
"""Pixels of a change that is more than a part of the programme moving."""
_ARROWS = {"1": ("UP", "LEFT"), "2": ("UP", "UP"), "3": ("UP", "RIGHT"), "4": ("LEFT", "LEFT")}
"""The presses that enter a digit on a remote without digits: the group, then its left, middle or right one."""


def _level(level: int) -> Any:
    """Tell whether a view message is of this level, and, without a PIN, shows nothing personal."""
    return lambda message: message["status"].get("level", 0) == level and (level > 1 or not message["personal"])


def _title(code: str) -> Any:
    """Tell whether the view has this title."""
    return lambda message: message["view"]["title"] == {"code": code}


def _tries(left: int) -> Word:
    return Word("frame.pin.tries", {"tries": left})


def walk(tour: Tour) -> None:
    """Walk the evening."""
    pin, contract = tour.house.facts["pin"], tour.house.facts["world"]["contract_number"]
    _arrive(tour)
    _sign_in_and_link(tour, pin, contract)
    _book(tour)
    _read_health_and_pull(tour)
    _come_back(tour, pin)
    _record_service_down(tour)
    _yield_and_leave(tour)


def _arrive(tour: Tour) -> None:
    tour.step("programme", kind=PROGRAMME, literal=["テスト放送"])
    tour.step(
        "home",
        "HOMEPAGE",
        kind="home",
        right=_level(0),
        area=_WHOLE,
        words=["home.guide.insert", "booking.tile"],
    )
    tour.step(
        "card-in",
        kind="home",
        act=lambda: tour.house.card(insert="new"),
        right=_level(1),
        words=["home.guide.new"],
    )
    tour.step("focus", "RIGHT", kind="home")
    tour.step("focus-back", "LEFT", kind="home")


def _sign_in_and_link(tour: Tour, pin: str, contract: str) -> None:
    wrong = "".join(str((int(digit) + 5) % 10) for digit in pin)
    tour.step(
        "sign-in-consent",
        choose="sign_in",
        kind="consent",
        right=_level(1),
        words=["sign_in.consent.lead", "frame.consent.what"],
    )
    tour.step("pin", choose="agree", kind="pin", right=lambda m: m["view"]["tries"] == 3, words=[_tries(3)])
    tour.step("pin-wrong-dots", *wrong, kind="pin", right=lambda m: m["view"]["dots"] == 4)
    tour.step(
        "pin-wrong", "OK", kind="pin", words=[Word("card.pin.wrong.cause", {"left": 2}), _tries(2)],
        right=lambda m: m["view"]["tries"] == 2 and m["view"]["dots"] == 0 and "error" in m["view"],
    )  # fmt: skip
    tour.step("pin-right-dots", *pin, kind="pin", right=lambda m: m["view"]["dots"] == 4)
    tour.step("link-consent", "OK", kind="consent", right=_level(2), words=["link.consent.lead", "frame.consent.what"])
    tour.step("contract-number", choose="agree", kind="form", right=lambda m: m["view"]["field"]["value"] == "")
    tour.step("contract-typed", *contract, kind="form", right=lambda m: m["view"]["field"]["value"] == contract)
    tour.step("linked", choose="submit", kind="message", right=_title("link.done.title"), words=["link.done.title"])
    tour.step("home-signed-in", choose="ok", kind="home", right=_level(2), words=["home.guide.signed_in"])


def _book(tour: Tour) -> None:
    tour.step("facilities", choose="booking", kind="list", words=["booking.which"], literal=["公民館"])
    tour.step("facility-focus", "DOWN", kind="list")
    tour.step(
        "days", "OK", kind="calendar", right=lambda m: any(cell["state"] == "free" for cell in m["view"]["cells"])
    )
    tour.step(
        "purpose", "OK", kind="form", right=_title("booking.usage_title"), words=["booking.purpose"], literal=["会議"]
    )
    tour.step("people", "OK", kind="form", right=lambda m: m["view"]["field"]["type"] == "number")
    tour.step("people-typed", "8", kind="form", right=lambda m: m["view"]["field"]["value"] == "8")
    tour.step(
        "user", "OK", kind="form", right=lambda m: m["view"]["field"]["type"] == "choice", words=["booking.user_group"]
    )
    tour.step(
        "confirm", "OK", kind="choice", right=_title("booking.confirm"), words=["booking.confirm", "booking.book"]
    )
    tour.step(
        "slip", choose="book", kind="detail", words=["booking.slip_sent", "frame.delivery.sent", "booking.number"],
        right=lambda m: m["view"].get("delivery") == "sent",
    )  # fmt: skip
    tour.step("home-after-booking", choose="done", kind="home", right=_level(2))


def _read_health_and_pull(tour: Tour) -> None:
    tour.step("health-focus", to="health", kind="home")
    tour.step(
        "health-covered", "OK", kind="detail", right=_title("health.title"), words=["health.latest", "frame.curtain.covered"],
        not_words=["health.unit"],
    )  # fmt: skip
    tour.step(
        "health", choose="uncover", kind="detail", right=_title("health.title"), words=["health.latest", "health.unit"]
    )
    tour.step("chart", choose="chart", kind="chart", words=["health.chart", "health.unit"])
    tour.step(
        "card-pulled", kind="message", act=lambda: tour.house.card(pull=True), right=_level(0), within_ms=1500,
        words=["home.card_gone.title"], not_words=["health.unit", "health.chart"],
    )  # fmt: skip
    tour.step("home-without-card", choose="ok", kind="home", right=_level(0))


def _come_back(tour: Tour, pin: str) -> None:
    tour.step("card-again", kind="home", act=lambda: tour.house.card(insert="new"), right=_level(1))
    tour.step("sign-in-focus", to="sign_in", kind="home")
    tour.step("pin-again", "OK", kind="pin", right=lambda m: m["view"]["tries"] == 3)
    tour.step(
        "pin-by-arrows", *(arrow for digit in pin for arrow in _ARROWS[digit]),
        kind="pin", right=lambda m: m["view"]["dots"] == 4,
    )  # fmt: skip
    tour.step("home-known-card", "OK", kind="home", right=_level(2), words=["home.guide.signed_in"])


def _record_service_down(tour: Tour) -> None:
    tour.house.fault("health", {"kind": "down"})
    tour.step("records-focus", to="health", kind="home")
    tour.step("records-down", "OK", kind="message", words=["frame.tone.error", "cable_id.service.unreachable.cause"])
    tour.house.fault("health", None)
    tour.step(
        "records-back", choose="again", kind="detail", right=_title("health.title"), words=["frame.curtain.covered"]
    )
    tour.step("records-seen", choose="uncover", kind="detail", right=_title("health.title"), words=["health.unit"])


def _yield_and_leave(tour: Tour) -> None:
    tour.step(
        "yield-now", kind=PROGRAMME, act=lambda: tour.house.yield_now(True), within_ms=200, area=_WHOLE,
        literal=["地震速報", "これは訓練です"], not_words=["health.unit"],
    )  # fmt: skip
    tour.step("after-yield", kind="pin", act=lambda: tour.house.yield_now(False), not_words=["health.unit"])
    tour.step("back-to-programme", "HOMEPAGE", kind=PROGRAMME, area=_WHOLE, literal=["テスト放送"])

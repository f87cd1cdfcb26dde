"""終了: every service that was used has ended; one that cannot answer; the platform away at that moment; and an evening that used none."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable

from tests.journeys.steps import Message, arrive, card, leave, level, signed_in, titled
from tests.journeys.tour import Tour

_ENDED, _PENDING = "ending.state.ended", "ending.state.pending"
_TOLD = 60.0
"""Seconds within which a service that answers again has been told of an end that it did not hear."""


def _says(title: str, **services: str) -> Callable[[Message], bool]:
    """Tell whether the page of this title says these states, of no service but these."""
    wanted = {f"{name}.tile": state for name, state in services.items()}

    def right(message: Message) -> bool:
        view = message["view"]
        found = {row["label"]["code"]: row["value"]["code"] for row in view.get("rows", ())}
        return bool(view["title"].get("code") == title and found == wanted)

    return right


def walk(tour: Tour) -> None:
    """Walk it."""
    arrive(tour)
    card(tour, "linked")
    _all_ended(tour)
    _one_is_silent(tour)
    _last_time(tour)
    _platform_away(tour)
    _nothing_used(tour)
    leave(tour)


def _use_both(tour: Tour, name: str) -> None:
    """Look at what needs a token of each service."""
    tour.step(f"{name}-orders", choose="orders", kind="message", right=titled("booking.orders"))
    tour.step(f"{name}-between", "BACK", kind="home", right=level(2))
    tour.step(f"{name}-health", choose="health", kind="detail", right=titled("health.title"))
    tour.step(f"{name}-before", "BACK", kind="home", right=level(2), words=["sign_in.end"])


def _all_ended(tour: Tour) -> None:
    signed_in(tour, "first", known=False)
    _use_both(tour, "first")
    tour.step(
        "all-ended", choose="sign_out", kind="detail",
        right=_says("sign_in.ended.title", booking=_ENDED, health=_ENDED),
        words=["sign_in.ended.title", "ending.lead.ended", _ENDED, "booking.tile", "health.tile"],
        not_words=["ending.state.pending"],
    )  # fmt: skip
    tour.step("all-ended-home", choose="ok", kind="home", right=level(1))


def _one_is_silent(tour: Tour) -> None:
    signed_in(tour, "second")
    _use_both(tour, "second")
    tour.house.fault("health", {"kind": "down"})
    tour.step(
        "one-pending", choose="sign_out", kind="detail",
        right=_says("sign_in.ended.title", booking=_ENDED, health=_PENDING),
        words=["ending.lead.pending", _ENDED, _PENDING],
    )  # fmt: skip
    tour.step("one-pending-home", choose="ok", kind="home", right=level(1))


def _last_time(tour: Tour) -> None:
    signed_in(tour, "third")
    tour.step(
        "last-pending", choose="last_end", kind="detail",
        right=_says("ending.last.title", booking=_ENDED, health=_PENDING), words=["ending.last.pending", _PENDING],
    )  # fmt: skip
    tour.step("last-left", choose="ok", kind="home", right=level(2))

    tour.house.fault("health", None)
    _until_the_platform_has_heard(tour)
    tour.step(
        "last-ended", choose="last_end", kind="detail",
        right=_says("ending.last.title", booking=_ENDED, health=_ENDED), words=["ending.last.ended", _ENDED],
    )  # fmt: skip
    tour.step("last-over", choose="ok", kind="home", right=_over)


def _over(message: Message) -> bool:
    """Tell whether nothing is left to say of the end before this session."""
    return all(item["id"] != "last_end" for item in message["view"]["items"])


def _until_the_platform_has_heard(tour: Tour) -> None:
    """Wait until every service has told the platform that its part of every session so far has ended."""
    end = time.monotonic() + _TOLD
    while time.monotonic() < end:
        with urllib.request.urlopen(f"{tour.house.facts['world']['platform']}/_sim/ends", timeout=10) as answer:
            ends = json.load(answer)["ends"]
        if all(service["state"] == "ended" for it in ends for service in it["services"]):
            return
        time.sleep(0.2)


def _platform_away(tour: Tour) -> None:
    _use_both(tour, "third")
    tour.house.fault("platform", {"kind": "down"})
    tour.step(
        "platform-away", choose="sign_out", kind="detail",
        right=_says("sign_in.ended.title", booking=_PENDING, health=_PENDING),
        words=["ending.lead.pending", _PENDING], not_words=["ending.lead.ended"],
    )  # fmt: skip

    def back() -> None:
        tour.house.fault("platform", None)
        tour.witness.until(_says("sign_in.ended.title", booking=_ENDED, health=_ENDED), _TOLD)

    tour.step(
        "platform-back", act=back, kind="detail", right=_says("sign_in.ended.title", booking=_ENDED, health=_ENDED),
        words=["ending.lead.ended", _ENDED], not_words=[_PENDING],
    )  # fmt: skip
    tour.step("platform-home", choose="ok", kind="home", right=level(1))


def _nothing_used(tour: Tour) -> None:
    signed_in(tour, "fourth")
    tour.step(
        "nothing-used", choose="sign_out", kind="message", right=titled("sign_in.ended.title"),
        words=["sign_in.ended.lead", "sign_in.ended.remedy"],
    )  # fmt: skip
    tour.step("put-away", kind="message", act=lambda: tour.house.card(pull=True), right=_card_is_out,
              not_words=["sign_in.ended.remedy"])  # fmt: skip
    tour.step("nothing-home", choose="ok", kind="home", right=level(0))


def _card_is_out(message: Message) -> bool:
    return bool(message["status"].get("card", "absent") == "absent")

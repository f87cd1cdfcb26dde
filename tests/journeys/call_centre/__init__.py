"""The call centre asks while both are on the telephone, and the television answers: not yet, no, yes with the card read anew, and too late."""

from __future__ import annotations

from collections.abc import Callable

from tests.journeys.steps import Message, arrive, card, leave, level, offers, order, signed_in, titled, typed_pin
from tests.journeys.tour import Tour
from tests.support.outside import CallCentre

_LIFE, _SHORT = 3000, 60
"""Seconds that a request waits for its answer, and that one waits whose answer comes too late."""
_LOOK = 100.0
"""Seconds within which the box has looked for requests again, and that one is over; it looks every 20."""
_LATER = 320
"""Seconds by which the world's clocks go on, so that the proof by the card is older than the 300 that a yes may have."""
_WORK, _PLAN, _LEAVE = "工事は12月3日 4821", "料金プランの変更 5067", "解約の受付 6130"


def walk(tour: Tour) -> None:
    """Walk it."""
    centre = CallCentre(tour.house.facts["world"])
    order(tour, "platform", "/_sim/policy", {"expires_in": _LIFE, "interval": 1})
    arrive(tour)
    work, plan = centre.asks(_WORK), centre.asks(_PLAN)
    _not_yet(tour)
    assert centre.hears(plan) == "authorization_pending"
    _no(tour)
    assert centre.hears(plan) == "access_denied"
    _yes(tour, centre)
    assert centre.hears(work) == "yes"
    _too_late(tour, centre)
    leave(tour)


def _asks(message: str) -> Callable[[Message], bool]:
    """Tell whether it is this question, and what has the focus decides nothing."""

    def right(told: Message) -> bool:
        view = told["view"]
        first = [item["id"] for item in view["items"] if item.get("first")]
        return bool(view["rows"][0]["value"] == message and first == ["later"])

    return right


def _line(message: str) -> Callable[[Message], str]:
    """Give the line of a list that begins with this."""
    return lambda view: next(str(item["id"]) for item in view["items"] if item["label"] == message)


def _not_yet(tour: Tour) -> None:
    card(tour, "linked")
    signed_in(tour, "linked", known=False)
    tour.step(
        "told", "DOWN", kind="home", words=["confirmations.notice"],
        right=lambda m: offers("confirmations")(m) and m["status"]["notice"]["code"] == "confirmations.notice",
    )  # fmt: skip
    tour.step("all", choose="confirmations", kind="list", words=["confirmations.which"], literal=[_PLAN])
    tour.step(
        "plan", choose=_line(_PLAN), kind="choice", right=_asks(_PLAN), literal=[_PLAN],
        words=["confirmations.lead", "confirmations.from", "confirmations.approve"],
    )  # fmt: skip
    tour.step("not-yet", choose="later", kind="list", right=titled("confirmations.title"), literal=[_WORK])


def _no(tour: Tour) -> None:
    tour.step("plan-again", choose=_line(_PLAN), kind="choice", right=_asks(_PLAN))
    tour.step("no", choose="deny", kind="message", words=["confirmations.denied", "confirmations.denied_how"])
    tour.step("no-home", choose="ok", kind="home", right=level(2))


def _yes(tour: Tour, centre: CallCentre) -> None:
    tour.step("work", choose="confirmations", kind="choice", right=_asks(_WORK), literal=[_WORK])
    centre.skew = _LATER
    for name in ("platform", "validation"):
        order(tour, name, "/_sim/clock", {"skew": _LATER})
    why = ["sign_in.why.title", "sign_in.why.age", "sign_in.why.how"]
    tour.step("yes-why", choose="approve", kind="message", right=titled("sign_in.why.title"), words=why)
    tour.step("yes-pin", choose="on", kind="pin")
    typed_pin(tour, "yes", "message", _approved, ["confirmations.approved", "confirmations.approved_how"])
    tour.step("yes-home", choose="ok", kind="home", right=level(2))


def _approved(message: Message) -> bool:
    return bool(message["view"].get("lead", {}).get("code") == "confirmations.approved")


def _too_late(tour: Tour, centre: CallCentre) -> None:
    order(tour, "platform", "/_sim/policy", {"expires_in": _SHORT, "interval": 1})

    def ask() -> None:
        centre.asks(_LEAVE)
        tour.witness.until(offers("confirmations"), _LOOK)

    tour.step("asked-again", act=ask, kind="home", right=offers("confirmations"), words=["confirmations.notice"])
    tour.step("leave", choose="confirmations", kind="choice", right=_asks(_LEAVE), literal=[_LEAVE])

    def over(message: Message) -> bool:
        return bool(message["view"].get("lead", {}).get("code") == "confirmations.gone")

    tour.step(
        "too-late", act=lambda: tour.witness.until(over, _LOOK), kind="message", right=over,
        words=["confirmations.gone", "confirmations.gone_how"],
    )  # fmt: skip
    tour.step("too-late-home", choose="ok", kind="home", right=lambda m: level(2)(m) and not offers("confirmations")(m))

"""What was sent: after an evening each transmission is listed to the person it was about, and the box's own by day, to anybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from stb_agent.contract.text import Word
from tests.journeys.steps import Message, arrive, card, contract, leave, level, signed_in, taken, titled
from tests.journeys.tour import Tour


def walk(tour: Tour) -> None:
    """Walk it."""
    arrive(tour)
    _evening(tour)
    _own(tour)
    _box(tour)
    _nobody(tour)
    leave(tour)


def _evening(tour: Tour) -> None:
    card(tour, "new")
    signed_in(tour, "new", "consent", "link.title", known=False)
    tour.step("number", choose="agree", kind="form")
    # The first answer is lost on the way: it is sent again, and both are in the list.
    tour.house.fault("platform", {"kind": "drop_after", "path": "/link"})
    contract(tour, "number", "link.done.title")
    tour.step("registered", choose="ok", kind="home", right=level(2))
    tour.step("orders", choose="orders", kind="message", right=titled("booking.orders"))
    tour.step("orders-left", "BACK", kind="home")
    tour.step("health", choose="health", kind="detail", right=titled("health.title"))
    tour.step("health-left", "BACK", kind="home")


def _lists(*kinds: str) -> Callable[[Message], bool]:
    """Tell whether each of these kinds of transmission stands in a list or on a page."""

    def right(message: Message) -> bool:
        view = message["view"]
        codes = {it["label"].get("code") for it in (*view.get("items", ()), *view.get("rows", ())) if "label" in it}
        return {f"history.what.{kind}" for kind in kinds} <= codes

    return right


def _own(tour: Tour) -> None:
    tour.step("settings", choose="settings", kind="list", right=titled("settings.title"))
    tour.step("history", choose="more:history", kind="list", words=["history.lead", "history.box.title"])
    tour.step(
        "own", choose="own", kind="list", words=["history.own.lead"],
        right=_lists("card_sign_in", "link", "service_token", "booking_read", "health_read"),
    )  # fmt: skip
    tour.step(
        "own-newest", choose="sent:0", kind="detail", right=titled("history.one"),
        words=["history.never", "history.label.why", "history.why.health_read", "history.to.health", "history.result.sent"],
    )  # fmt: skip
    tour.step("own-again", "BACK", kind="list", right=titled("history.own.title"))
    tour.step("own-lost", to=_lost, kind="list", right=titled("history.own.title"))
    tour.step("lost", "OK", kind="detail", words=["history.why.link", "history.result.no_answer"])
    tour.step("own-third", "BACK", kind="list", right=titled("history.own.title"))
    tour.step("history-again", "BACK", kind="list", right=titled("history.title"))


def _lost(view: Message) -> str:
    """Give the line whose answer was lost."""
    lost = {"code": "history.result.no_answer"}
    return str(next(it["id"] for it in view["items"] if it["detail"]["args"].get("result") == lost))


def _box(tour: Tour) -> None:
    tour.step("box", choose="box", kind="list", words=["history.box.lead"], right=titled("history.box.title"))
    tour.step(
        "box-today", choose="day:0", kind="detail", words=["history.never", Word("history.day", {"at": _today()})],
        right=_lists("discovery", "keys"),
    )  # fmt: skip
    tour.step("box-again", "BACK", kind="list", right=titled("history.box.title"))
    tour.step("history-third", "BACK", kind="list", right=titled("history.title"))


def _today() -> str:
    return date.today().isoformat()


def _nobody(tour: Tour) -> None:
    """Without the card nobody reads the person's list; the box's own is anybody's."""
    taken(tour, "nobody")
    tour.step("nobody-settings", choose="settings", kind="list")
    tour.step("nobody-history", choose="more:history", kind="list", right=titled("history.title"))
    tour.step(
        "nobody-own", choose="own", kind="message", right=titled("sign_in.title"),
        words=["sign_in.insert"], not_words=["history.own.lead"],
    )  # fmt: skip
    tour.step("nobody-back", "BACK", kind="list", right=titled("history.title"))
    tour.step("nobody-box", choose="box", kind="list", words=["history.box.lead"])

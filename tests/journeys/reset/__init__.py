"""Begin anew from the television: asked once, with what goes and what stays; and the first screen of the first day."""

from __future__ import annotations

from stb_agent.contract.text import Word
from tests.journeys.steps import Message, arrive, card, contract, leave, level, signed_in, taken, titled
from tests.journeys.tour import Tour

_WITHIN = 60.0
"""Seconds within which another process has taken the place of the one that erased everything."""


def walk(tour: Tour) -> None:
    """Walk it."""
    arrive(tour)
    _live(tour)
    _ask_signed_in(tour)
    _ask_nobody(tour)
    _begin_anew(tour)
    _first_day(tour)
    leave(tour)


def _live(tour: Tour) -> None:
    """Register a card, and book something that cannot be sent yet."""
    card(tour, "new")
    signed_in(tour, "new", "consent", "link.title", known=False)
    tour.step("number", choose="agree", kind="form")
    contract(tour, "number", "link.done.title")
    tour.step("registered", choose="ok", kind="home", right=level(2))
    _call(tour)
    tour.step("facilities", choose="booking", kind="list")
    tour.step("days", "OK", kind="calendar")
    tour.step("purpose", "OK", kind="form", right=titled("booking.usage_title"))
    tour.step("people", "OK", kind="form", right=lambda m: m["view"]["field"]["type"] == "number")
    tour.step("people-typed", "8", kind="form", right=lambda m: m["view"]["field"]["value"] == "8")
    tour.step("user", "OK", kind="form", right=lambda m: m["view"]["field"]["type"] == "choice")
    tour.step("confirm", "OK", kind="choice", right=titled("booking.confirm"))
    tour.house.fault("booking", {"kind": "status", "status": 503, "path": "/orders/*", "times": None})
    tour.step("waiting", choose="book", kind="detail", right=lambda m: m["view"].get("delivery") == "waiting")
    tour.step("home-after-booking", choose="done", kind="home", right=level(2))


def _call(tour: Tour) -> None:
    """Give the person a nickname, so that there is one to be read."""
    tour.step("settings-names", choose="settings", kind="list", right=titled("settings.title"))
    tour.step("people", choose="people", kind="list", right=titled("settings.people.title"))
    tour.step("person", choose="person:0", kind="detail")
    tour.step("names", choose="name", kind="form")
    tour.step("grandma", choose="choose:grandma", kind="list", right=_called)
    tour.step("settings-named", "BACK", kind="list", right=titled("settings.title"))
    tour.step("home-named", "BACK", kind="home")


def _called(message: Message) -> bool:
    return bool(message["view"].get("items", [{}])[0].get("label") == {"code": "settings.nickname.grandma"})


def _row(message: Message, label: str) -> Message:
    value: Message = next(
        it["value"] for it in message["view"]["rows"] if it["label"]["code"] == f"reset.label.{label}"
    )
    return value


def _ask_signed_in(tour: Tour) -> None:
    tour.step("settings", choose="settings", kind="list", right=titled("settings.title"))
    tour.step("tile", to="more:reset", kind="list", right=titled("settings.title"))
    asked = [Word("reset.unsent.booking", {"count": 1}), "reset.lead"]  # the rest may be on the next page
    named = {"code": "reset.names", "args": {"names": {"code": "settings.nickname.grandma"}}}

    def right(message: Message) -> bool:
        return _row(message, "links") == named and bool(_row(message, "unsent")["code"] == "reset.unsent.lost")

    tour.step("asked", "OK", kind="choice", words=[*asked, "settings.nickname.grandma"], right=right)
    tour.step("not-erased", choose="stop", kind="list", right=titled("settings.title"))
    tour.step("home-again", "BACK", kind="home", right=level(2))


def _ask_nobody(tour: Tour) -> None:
    """Without a card it is said how many are registered, and not who."""
    taken(tour, "nobody")
    tour.step("nobody-settings", choose="settings", kind="list")
    tour.step(
        "nobody-asked", choose="more:reset", kind="choice", words=["reset.lead", Word("reset.links", {"count": 1})],
        right=lambda m: _row(m, "links") == {"code": "reset.links", "args": {"count": 1}},
    )  # fmt: skip
    tour.step("sure", to="go", kind="choice", right=titled("reset.title"))


def _begin_anew(tour: Tour) -> None:
    def erase() -> float:
        pressed = tour.house.key("OK")
        tour.witness.until(titled("reset.anew.title"), _WITHIN, since=pressed)
        return pressed

    tour.step("anew", act=erase, kind="message", right=titled("reset.anew.title"), words=["reset.anew.title", "reset.anew.lead"])  # fmt: skip


def _first_day(tour: Tour) -> None:
    """Nothing is known any more: no tile of what was registered, and the card is a stranger."""

    def stranger(message: Message) -> bool:
        ids = {item["id"] for item in message["view"]["items"]}
        return level(0)(message) and "link" not in ids

    tour.step("first-day", choose="ok", kind="home", right=stranger, words=["home.guide.insert"])
    tour.house.fault("booking", None)
    card(tour, "new")
    tour.step("asked-anew", choose="sign_in", kind="consent", words=["sign_in.consent.lead"])
    tour.step("asked-pin", choose="agree", kind="pin")
    tour.step("asked-dots", *tour.house.facts["pin"], kind="pin", right=lambda m: m["view"]["dots"] == 4)
    tour.step("asked-home", "OK", kind="home", right=level(2), words=["home.guide.signed_in"])
    tour.step("no-history", choose="settings", kind="list", right=titled("settings.title"))

"""A card that is used at several televisions: one too many, an end from afar, a link under another contract, a contract that is full."""

from __future__ import annotations

from simulators.platform.seed import CONTRACTS
from tests.journeys.steps import Message, arrive, card, contract, leave, level, order, signed_in, taken, titled
from tests.journeys.tour import Tour
from tests.support.outside import Television

_DAUGHTERS = CONTRACTS[1]
"""The contract of another household, where the same card is used."""


def walk(tour: Tour) -> None:
    """Walk it."""
    away = Television(tour.house.facts["world"])
    arrive(tour)
    _one_too_many(tour, away)
    _end_from_here(tour, away)
    _elsewhere(tour, away)
    _full(tour)
    leave(tour)


def _one_too_many(tour: Tour, away: Television) -> None:
    away.uses("new", _DAUGHTERS.number)
    order(tour, "platform", "/_sim/link-policy", {"boxes_per_person": 1})
    card(tour, "new")
    signed_in(tour, "full", "list", "link.boxes.full", known=False, words=["link.boxes.full", "link.boxes.full_lead"])
    tour.step(
        "full-which", choose="box:0", kind="choice", words=["link.boxes.end", "link.boxes.end_lead"], right=_there
    )
    tour.step("full-not-yet", choose="stop", kind="list", right=titled("link.boxes.full"))
    tour.step("full-again", choose="box:0", kind="choice", right=_there)
    tour.step("full-ended", choose="end", kind="message", right=titled("link.boxes.here"), words=["link.boxes.here"])
    tour.step("full-home", choose="ok", kind="home", right=level(2), words=["home.guide.signed_in"])


def _there(message: Message) -> bool:
    """Tell whether it is asked about the television that stands elsewhere."""
    value = message["view"]["rows"][0]["value"]
    return bool(value["code"] == "link.boxes.place" and value["args"]["place"] == _DAUGHTERS.area)


def _end_from_here(tour: Tour, away: Television) -> None:
    order(tour, "platform", "/_sim/link-policy", {"boxes_per_person": 2})
    away.uses("new")
    tour.step("hub", choose="link", kind="list", words=["link.hub.boxes"])
    tour.step("boxes", choose="boxes", kind="list", words=["link.boxes.lead"])
    tour.step("boxes-which", choose="box:0", kind="choice", right=_there, words=["link.boxes.end", "link.boxes.end_go"])
    tour.step("boxes-ended", choose="end", kind="message", words=["link.boxes.none"])
    tour.step("boxes-hub", choose="ok", kind="list", right=titled("link.hub.tile"))
    tour.step("boxes-home", "BACK", kind="home", right=level(2))
    taken(tour, "boxes")


def _elsewhere(tour: Tour, away: Television) -> None:
    card(tour, "renewed")
    signed_in(tour, "elsewhere", "consent", "link.title", known=False)
    tour.step("elsewhere-number", choose="agree", kind="form")
    away.uses("renewed", _DAUGHTERS.number)  # meanwhile, at the daughter's
    contract(tour, "elsewhere", "link.title", words=["cable_id.link.elsewhere.cause"])
    tour.step("elsewhere-taken", choose="take", kind="message", right=titled("link.done.title"))
    tour.step("elsewhere-home", choose="ok", kind="home", right=level(2))
    taken(tour, "elsewhere")


def _full(tour: Tour) -> None:
    order(tour, "platform", "/_sim/link-policy", {"people_per_contract": 1, "without_contract": False})
    card(tour, "ending")
    signed_in(tour, "crowded", "consent", "link.title", known=False)
    tour.step("without", choose="none", kind="choice", right=titled("link.no_contract.title"))
    tour.step("without-refused", choose="without", kind="message", words=["cable_id.link.contract_needed.cause"])
    tour.step("crowded-number", choose="number", kind="form")
    contract(tour, "crowded", "link.title", words=["cable_id.link.contract_full.cause"])
    tour.step("crowded-help", choose="help", kind="help", literal=["0120-000-000"])
    tour.step("crowded-back", "BACK", kind="message", right=titled("link.title"))
    order(tour, "platform", "/_sim/link-policy", {})
    taken(tour, "crowded")

"""Cards that this project did not write, in the house's reader: accepted where their authority is trusted, refused with their own code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.foreign_card import MODERN, OLD, Authority, Card, Chip, ForeignCard, card
from tests.support.house import House, Witness, house

_SELECT, _READ, _VERIFY, _SIGN, _GET_RESPONSE = 0xA4, 0xB0, 0x20, 0x2A, 0xC0
_PIN = "4321"


@dataclass(frozen=True)
class Room:
    """A house without a card of its own, and the authority that it was told to trust."""

    house: House
    trusted: Authority

    async def until(self, what: str, right: Callable[[dict[str, Any]], bool], seconds: float = 20) -> dict[str, Any]:
        """Wait for a view message that is right."""
        witness = Witness(self.house.socket("ui"))
        try:
            message = await asyncio.to_thread(witness.until, right, seconds)
            assert message is not None, (what, witness.latest())
            return message
        finally:
            witness.close()

    async def press(self, *keys: str) -> None:
        """Press keys on the remote."""
        for key in keys:
            await asyncio.to_thread(self.house.key, key)


@pytest.fixture(scope="module", params=[False, True], ids=["authority", "bare authority"])
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A house that trusts one foreign authority; one whose certificate says little is an authority too."""
    trusted = Authority(datetime.now(UTC), bare=request.param)
    file = trusted.write(tmp_path_factory.mktemp("authority") / "ca.pem")
    with house("--card", "none", "--trust-ca", str(file)) as standing:
        yield Room(standing, trusted)


def of_kind(kind: str, **wanted: Any) -> Callable[[dict[str, Any]], bool]:
    """Tell whether a view is on the screen, of this kind and with these values."""

    def right(message: dict[str, Any]) -> bool:
        view = message["view"]
        return (
            message["shown"] and view["kind"] == kind and all(view.get(name) == value for name, value in wanted.items())
        )

    return right


async def to_link_consent(room: Room, one: Card) -> None:
    """Put a card in, sign in, be asked about the link, take the card out and go back to the programme."""
    await room.press("HOMEPAGE")
    await room.until("home", of_kind("home"))
    async with ForeignCard(one, room.house.facts["reader"]["port"]).inserted():
        await room.until("the card is greeted", lambda m: m["status"].get("level") == 1)
        await room.press("OK")
        await room.until("what signing in sends", of_kind("consent"))
        await room.press("OK")
        await room.until("PIN", of_kind("pin", tries=3))
        await room.press(*_PIN)
        await room.until("four dots", of_kind("pin", dots=4))
        await room.press("OK")
        await room.until("what linking sends", of_kind("consent", title={"code": "link.title"}))
    gone = await room.until("the card is gone", of_kind("message", title={"code": "home.card_gone.title"}))
    assert gone["personal"] is False
    await room.press("OK")
    await room.until("home again", of_kind("home"))
    await room.press("HOMEPAGE")
    await room.until("programme", lambda m: not m["shown"])


@pytest.mark.parametrize(
    ("chip", "bare"),
    [(OLD, True), (OLD, False), (MODERN, False)],
    ids=["old, certificate without extensions", "old, full profile", "short identifiers, extended length in parts"],
)
async def test_a_card_of_a_trusted_authority_signs_in_up_to_the_link(room: Room, chip: Chip, bare: bool) -> None:
    one = card(room.trusted, chip, bare=bare, pin=_PIN)
    await to_link_consent(room, one)
    assert len([sent for sent in one.sent(_VERIFY) if len(sent) == 5]) == 1  # one entry, one VERIFY
    assert one.tries == 3
    assert one.signatures == 1
    chosen = {sent[5:].hex() for sent in one.sent(_SELECT) if sent[2] == 0x02}
    if chip.modern:
        assert one.sent(_GET_RESPONSE)
        assert not chosen  # all by short identifier
    else:
        assert not one.sent(_GET_RESPONSE)
        assert chosen == {"000a", "0017", "0018"}
        assert any(sent[2] & 0x80 == 0 and sent[2:4] != b"\0\0" for sent in one.sent(_READ))  # in parts


async def refused(room: Room, one: Card, code: str) -> None:
    """Put a card in: why it cannot be used stands there, and it was asked for no PIN."""
    await room.press("HOMEPAGE")
    await room.until("home", of_kind("home"))
    async with ForeignCard(one, room.house.facts["reader"]["port"]).inserted():
        message = await room.until("refused", of_kind("message", code=code))
        assert message["status"].get("level", 0) == 0
        assert message["personal"] is False
    await room.until("home again", of_kind("home"))
    await room.press("HOMEPAGE")
    await room.until("programme", lambda m: not m["shown"])
    assert one.sent(_READ)
    assert one.sent(_VERIFY) == []
    assert one.sent(_SIGN) == []


async def test_an_expired_card_is_refused_as_expired(room: Room) -> None:
    await refused(room, card(room.trusted, days=(-700, -1)), "card.certificate.expired")


async def test_a_card_of_next_week_is_refused_as_such(room: Room) -> None:
    await refused(room, card(room.trusted, days=(7, 700)), "card.certificate.not_yet")


async def test_a_card_of_an_authority_that_nobody_vouched_for_is_refused(room: Room) -> None:
    """It has the trusted authority's name and its card's policy, but another key signed it."""
    other = Authority(datetime.now(UTC))
    assert other.name == room.trusted.name
    await refused(room, card(other), "card.certificate.untrusted")

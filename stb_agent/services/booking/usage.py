"""What a room is used for, by how many and by whom: what a town asks before it lends one."""

from __future__ import annotations

from stb_agent.contract.text import Text, Word, word
from stb_agent.contract.views import Item, Row
from stb_agent.core.form import Ask, Filling, Line, Number, OneOf
from stb_agent.core.typing import Words
from stb_agent.services.booking.facility import Facility, Usage

PURPOSE_MOST = 40
GROUP_MOST = 30
"""Characters that the town's form has room for (docs/service-contracts.md)."""
_DIGITS = 3
_OWN, _SELF, _GROUP = "own", "self", "group"


def asked(facility: Facility, words: Words) -> Filling:
    """Begin the form. Common purposes are the town's own words; whoever means another writes it."""
    purposes = tuple(Item(str(at), name, first=not at) for at, name in enumerate(facility.purposes))
    asks: list[Ask] = []
    if purposes:
        own = Item(_OWN, word("booking.purpose_own"))
        asks.append(OneOf("purpose", word("booking.purpose"), (*purposes, own)))
    only = ("purpose", _OWN) if purposes else None
    asks += [
        Line("written", word("booking.purpose_written"), words.words, PURPOSE_MOST, only),
        Number("people", word("booking.people"), (_DIGITS,), least=1, wrong=lambda people: _wrong(facility, people)),
        OneOf(
            "user",
            word("booking.user"),
            (Item(_SELF, word("booking.user_self")), Item(_GROUP, word("booking.user_group"))),
        ),
        Line("group", word("booking.group"), words.names, GROUP_MOST, ("user", _GROUP)),
    ]
    return Filling(tuple(asks))


def usage(facility: Facility, filling: Filling) -> Usage:
    """Give what was filled in."""
    values = filling.values
    at = values.get("purpose", _OWN)
    purpose = values["written"] if at == _OWN else facility.purposes[int(at)]
    group = values["group"] if values["user"] == _GROUP else ""
    return Usage(purpose.strip(), int(values["people"]), group.strip())


def rows(used: Usage) -> tuple[Row, ...]:
    """Give what is shown of it; nothing of an order that was made before towns were told."""
    if not used.people:
        return ()
    said = word("booking.usage_value", purpose=used.purpose, people=used.people)
    if used.group:
        said = word("booking.usage_group", purpose=used.purpose, people=used.people, group=used.group)
    return (Row(word("booking.usage"), said),)


def _wrong(facility: Facility, people: str) -> Text | None:
    if int(people) == 0:
        return word("booking.people_none")
    if facility.capacity and int(people) > facility.capacity:
        return Word("booking.people_many", {"capacity": facility.capacity})
    return None

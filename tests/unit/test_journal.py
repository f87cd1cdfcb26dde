"""The journal: whose a transmission is, when it is written, and that a full disk loses none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from stb_agent.contract.transmissions import Kind, Result, Transmission
from stb_agent.journal import MOST, UNWRITTEN, InTheirName, Journal
from stb_agent.store import Entry
from stb_agent.store.errors import NotWritten


class Kept:
    """What the store would be given; full for as long as it is said to be."""

    def __init__(self) -> None:
        self.batches: list[list[tuple[str, Transmission]]] = []
        self.full = False

    def add(self, batch: Sequence[tuple[str, Transmission]]) -> None:
        if self.full:
            raise NotWritten
        self.batches.append(list(batch))


def journal(kept: Kept, whose: str | None = "hana") -> Journal:
    return Journal(kept, lambda: 5.0, lambda: whose)  # type: ignore[arg-type]


async def test_it_is_whose_card_was_there_when_the_request_began() -> None:
    kept, people = Kept(), ["hana"]
    written = Journal(kept, lambda: 5.0, lambda: people[-1])  # type: ignore[arg-type]
    ended = written.begins(Kind.LINK, "platform.example", 40)
    people.append("taro")
    ended(Result.NO_ANSWER)
    written.begins(Kind.KEYS, "platform.example", 0)(Result.SENT)
    written.write()
    assert kept.batches == [
        [
            ("hana", Transmission(5.0, Kind.LINK, "platform.example", 40, Result.NO_ANSWER)),
            ("", Transmission(5.0, Kind.KEYS, "platform.example", 0, Result.SENT)),
        ]
    ]


async def test_what_waited_is_sent_in_the_name_of_who_made_it() -> None:
    kept = Kept()
    written = journal(kept, "whoever sits there")

    class Service:
        async def send(self, entry: Entry) -> bytes:
            written.begins(Kind.BOOKING_CHANGE, "town.example", 9)(Result.SENT)
            return b"{}"

    entry = Entry(key="k", service="booking", kind="order", payload=b"{}", person="hana", created_at=1.0)
    assert await InTheirName(Service()).send(entry) == b"{}"
    written.begins(Kind.LINK, "platform.example", 9)(Result.SENT)
    written.write()
    assert [person for person, _ in kept.batches[0]] == ["hana", "whoever sits there"]


async def test_many_are_written_without_waiting_and_together() -> None:
    kept = Kept()
    written = journal(kept)
    for _ in range(MOST):
        written.begins(Kind.LINK, "platform.example", 1)(Result.SENT)
    while not kept.batches:
        await asyncio.sleep(0)
    assert [len(batch) for batch in kept.batches] == [MOST]


async def test_a_full_disk_loses_none_until_it_is_too_much() -> None:
    kept = Kept()
    written = journal(kept)
    kept.full = True
    for _ in range(3):
        written.begins(Kind.LINK, "platform.example", 1)(Result.SENT)
    written.write()
    kept.full = False
    written.begins(Kind.LINK, "platform.example", 2)(Result.SENT)
    written.write()
    assert [sent.size for _, sent in kept.batches[0]] == [1, 1, 1, 2]
    kept.full = True
    for _ in range(UNWRITTEN + 10):
        written.begins(Kind.LINK, "platform.example", 1)(Result.SENT)
    written.write()
    kept.full = False
    written.write()
    assert len(kept.batches[-1]) == UNWRITTEN


async def test_without_a_card_nobody_is_named() -> None:
    kept = Kept()
    written = journal(kept, None)
    written.begins(Kind.HANDOFF_ASK, "platform.example", 0)(Result.SENT)
    written.write()
    assert [person for person, _ in kept.batches[0]] == [""]

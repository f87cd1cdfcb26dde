"""Handing a change in: it is kept at once, and what became of it is told while the person waits."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from stb_agent.store import Courier, Entry, NeedsCard, Refused, State, Store, Unreachable
from stb_agent.store.post import Post


class Script:
    """A sender that answers as told."""

    def __init__(self, behaviour: Exception | None = None) -> None:
        self.behaviour = behaviour
        self.sent: list[str] = []

    async def send(self, entry: Entry) -> bytes:
        self.sent.append(entry.key)
        if self.behaviour:
            raise self.behaviour
        return b'"done"'


ENTRY = Entry(
    key="a",
    service="booking",
    kind="order",
    payload=b"{}",
    person="p",
    created_at=1.0,
    authority=b"t",
    authority_expires=1e9,
)


@pytest.fixture
def store(tmp_path: Path):
    store = Store.open(tmp_path, clock=lambda: 1000.0, random=os.urandom)
    yield store
    store.close()


async def handed_in(store: Store, sender: Script, patience_s: float = 5.0) -> Entry:
    courier = Courier(
        store.outbox,
        {"booking": sender},
        clock=lambda: 1000.0,
        random=lambda count: b"\xff" * count,
        changed=lambda entry: post.changed(entry),
    )
    post = Post(store.outbox, courier.wake)
    running = asyncio.create_task(courier.run())
    try:
        return await asyncio.wait_for(post.send(ENTRY, patience_s), 3.0)
    finally:
        running.cancel()


@pytest.mark.parametrize(
    ("behaviour", "state"),
    [(None, State.SENT), (Refused("booking.taken"), State.REFUSED), (NeedsCard(), State.WAITING)],
)
async def test_what_is_settled_is_told_at_once(store: Store, behaviour: Exception | None, state: State) -> None:
    entry = await handed_in(store, Script(behaviour))
    assert entry.state is state
    assert entry == store.outbox.get("a")


async def test_patience_ends_and_the_entry_waits(store: Store) -> None:
    entry = await handed_in(store, Script(Unreachable()), patience_s=0.05)
    assert (entry.state, entry.attempts) == (State.WAITING, 1)
    assert store.outbox.waiting() == [entry]


async def test_handed_in_twice_it_is_sent_once(store: Store) -> None:
    sender = Script()
    await handed_in(store, sender)
    assert (await handed_in(store, sender)).state is State.SENT
    assert sender.sent == ["a"]


async def test_an_entry_that_waited_for_the_card_is_waited_for_again(store: Store) -> None:
    sender = Script(NeedsCard())
    courier = Courier(
        store.outbox,
        {"booking": sender},
        clock=lambda: 1000.0,
        random=os.urandom,
        changed=lambda entry: post.changed(entry),
    )
    post = Post(store.outbox, courier.wake)
    running = asyncio.create_task(courier.run())
    try:
        assert (await asyncio.wait_for(post.send(ENTRY, 5.0), 3.0)).authority is None
        waiting = asyncio.create_task(post.wait("a", 5.0))
        await asyncio.sleep(0)
        sender.behaviour = None
        store.outbox.renew_authority("p", "booking", b"fresh", 2000.0)
        courier.wake()
        assert (await asyncio.wait_for(waiting, 3.0)).state is State.SENT
        assert sender.sent == ["a", "a"], "the same entry, under the same key"
        assert (await post.wait("a", 5.0)).state is State.SENT, "settled: nobody waits"
    finally:
        running.cancel()

"""The courier: sends until acknowledged, waits as asked, never without the person's authority."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stb_agent.store import Courier, Entry, NeedsCard, Refused, State, Store, Unreachable


class Time:
    """A clock that moves only by being slept through; sleepers wake in order of their times."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) > 200:
            raise AssertionError("the courier spins")
        await asyncio.sleep(0)
        self.now += seconds


class Script:
    """A sender that answers as told, one behaviour for each sending, then acknowledges."""

    def __init__(self, *behaviours: Exception | None) -> None:
        self.behaviours = list(behaviours)
        self.sent: list[str] = []

    async def send(self, entry: Entry) -> bytes:
        self.sent.append(entry.key)
        behaviour = self.behaviours.pop(0) if self.behaviours else None
        if behaviour is not None:
            raise behaviour
        return b'"done"'


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def store(tmp_path: Path, time: Time):
    store = Store.open(tmp_path, clock=time, random=os.urandom)
    yield store
    store.close()


def put(store: Store, key: str, service: str = "booking", expires: float = 1e9) -> None:
    store.outbox.put(
        Entry(
            key=key,
            service=service,
            kind="order",
            payload=b"{}",
            person="p",
            created_at=1.0,
            authority=b"token",
            authority_expires=expires,
        )
    )


def courier(store: Store, time: Time, jitter: float = 1.0, **senders: Script) -> tuple[Courier, list[Entry]]:
    changed: list[Entry] = []
    fraction = min(int(jitter * 2**56), 2**56 - 1).to_bytes(7)
    made = Courier(
        store.outbox,
        senders,
        clock=time,
        random=lambda count: fraction[:count],
        sleep=time.sleep,
        changed=changed.append,
    )
    return made, changed


async def run_until(made: Courier, done: Callable[[], bool]) -> None:
    task = asyncio.create_task(made.run())
    try:
        for _ in range(2000):
            if done() or task.done():
                break
            await asyncio.sleep(0)
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert done()


async def test_sends_until_acknowledged_with_growing_pauses(store: Store, time: Time) -> None:
    put(store, "a")
    script = Script(*[Unreachable()] * 10)
    made, changed = courier(store, time, booking=script)
    await run_until(made, lambda: store.outbox.get("a").state is State.SENT)
    assert script.sent == ["a"] * 11
    assert [round(pause) for pause in time.slept[:10]] == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert changed[-1] == store.outbox.get("a")
    assert changed[-1].answer == b'"done"'


async def test_full_jitter_is_anywhere_below(store: Store, time: Time) -> None:
    put(store, "a")
    made, _ = courier(store, time, jitter=0.25, booking=Script(Unreachable(), Unreachable()))
    await run_until(made, lambda: store.outbox.get("a").state is State.SENT)
    assert time.slept[:2] == [pytest.approx(0.5), pytest.approx(1.0)]


async def test_retry_after_is_kept_even_when_woken(store: Store, time: Time) -> None:
    put(store, "a")
    put(store, "b")
    script = Script(Unreachable(retry_after=50.0))
    made, _ = courier(store, time, booking=script)
    await made.deliver()
    assert script.sent == ["a"], "the service asked to be left alone"
    await made.deliver(hurry=True)
    assert script.sent == ["a"]
    time.now += 50.0
    await made.deliver()
    assert script.sent == ["a"], "it asked every box the same: they come back up to a quarter later"
    time.now += 12.5
    await made.deliver()
    assert script.sent == ["a", "a", "b"]


async def test_an_absurd_retry_after_is_bounded(store: Store, time: Time) -> None:
    put(store, "a")
    made, _ = courier(store, time, booking=Script(Unreachable(retry_after=1e12)))
    await made.deliver()
    assert store.outbox.get("a").next_attempt == pytest.approx(1000.0 + 3600.0 * 1.25)


async def test_waking_tries_at_once_but_a_silent_service_only_once(store: Store, time: Time) -> None:
    put(store, "a")
    put(store, "b")
    put(store, "c", service="health")
    booking, health = Script(Unreachable(), Unreachable()), Script()
    made, _ = courier(store, time, booking=booking, health=health)
    await made.deliver()
    assert (booking.sent, health.sent) == (["a"], ["c"]), "one service's silence does not hold up another"
    await made.deliver(hurry=True)
    assert booking.sent == ["a", "a"]
    await made.deliver(hurry=True)
    assert booking.sent == ["a", "a", "a", "b"]


async def test_wake_ends_the_pause(store: Store, time: Time) -> None:
    script = Script()
    made, _ = courier(store, time, booking=script)
    task = asyncio.create_task(made.run())
    await asyncio.sleep(0.01)
    assert time.slept == [], "nothing to send: it waits for a wake alone"
    put(store, "a")
    made.wake()
    await asyncio.sleep(0.01)
    task.cancel()
    assert store.outbox.get("a").state is State.SENT


async def test_expired_authority_waits_for_the_card(store: Store, time: Time) -> None:
    put(store, "a", expires=999.0)
    script = Script(NeedsCard())
    made, changed = courier(store, time, booking=script)
    await made.deliver(hurry=True)
    assert script.sent == []
    assert store.outbox.get("a").waits_for_card(time.now)
    store.outbox.renew_authority("p", "booking", b"fresh", 1e9)
    await made.deliver()
    assert script.sent == ["a"], "and the service does not take that authority either"
    assert changed[-1].waits_for_card(time.now)
    assert store.outbox.get("a").state is State.WAITING
    store.outbox.renew_authority("p", "booking", b"fresher", 1e9)
    await made.deliver()
    assert store.outbox.get("a").state is State.SENT


async def test_waiting_for_the_card_does_not_spin(store: Store, time: Time) -> None:
    put(store, "a", expires=999.0)
    made, _ = courier(store, time, booking=Script())
    task = asyncio.create_task(made.run())
    await asyncio.sleep(0.01)
    task.cancel()
    assert time.slept == []


async def test_refusal_settles_for_good(store: Store, time: Time) -> None:
    put(store, "a")
    script = Script(Refused("booking.taken"))
    made, changed = courier(store, time, booking=script)
    await made.deliver()
    await made.deliver(hurry=True)
    assert script.sent == ["a"]
    assert (changed[-1].state, changed[-1].error_code) == (State.REFUSED, "booking.taken")


async def test_a_defect_in_a_sender_holds_up_nobody_and_logs_no_content(store: Store, time: Time, caplog) -> None:
    put(store, "a")
    put(store, "b", service="health")
    put(store, "c", service="nobody")
    made, _ = courier(store, time, booking=Script(ValueError("payload 3100042156")), health=Script())
    await made.deliver()
    assert store.outbox.get("b").state is State.SENT
    assert store.outbox.get("a").state is State.WAITING
    assert store.outbox.get("c").state is State.WAITING
    assert "ValueError" in caplog.text
    assert "3100042156" not in caplog.text


async def test_cancelled_while_sending_the_entry_is_still_there(store: Store, time: Time) -> None:
    put(store, "a")
    reached = asyncio.Event()

    class Slow(Script):
        async def send(self, entry: Entry) -> bytes:
            reached.set()
            await asyncio.Event().wait()
            raise AssertionError

    made, _ = courier(store, time, booking=Slow())
    task = asyncio.create_task(made.run())
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store.outbox.get("a").state is State.WAITING
    assert store.outbox.due(time.now) == store.outbox.waiting() != []

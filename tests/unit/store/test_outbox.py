"""The outbox: whenever the power goes, an entry is there whole or not at all, once, and settled once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from stb_agent.store import Entry, State, Store
from stb_agent.store.errors import KeyReused


def open_store(folder: Path) -> Store:
    return Store.open(folder, clock=lambda: 100.0, random=os.urandom)


def entry(key: str, **more: object) -> Entry:
    fields: dict[str, object] = {
        "service": "booking",
        "kind": "order",
        "payload": b"{}",
        "person": "p",
        "created_at": 1.0,
    }
    return Entry(key=key, authority=b"token", authority_expires=200.0, **{**fields, **more})  # type: ignore[arg-type]


def _evening(folder: Path, die_before: int, told: int) -> None:
    """Put two entries and settle them, killed before the given statement; tell through a pipe what was acknowledged."""
    store = open_store(folder)
    left = die_before

    def count(_: str) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    store._database.connection.set_trace_callback(count)
    store.outbox.put(entry("first"))
    os.write(told, b"1")
    store.outbox.put(entry("second", created_at=2.0))
    os.write(told, b"2")
    store.outbox.later("first", 150.0)
    os.write(told, b"3")
    store.outbox.sent("first", b'{"number": "R8-0001"}')
    os.write(told, b"4")
    store.outbox.refused("second", "booking.taken")
    os.write(told, b"5")
    os._exit(0)


def test_killed_before_any_statement_every_acknowledged_step_is_there(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    acknowledged: list[int] = []
    for die_before in range(100):
        folder = tmp_path / str(die_before)
        open_store(folder).close()
        reading, writing = os.pipe()
        child = context.Process(target=_evening, args=(folder, die_before, writing))
        child.start()
        os.close(writing)
        child.join()
        steps = len(os.read(reading, 100))
        os.close(reading)
        acknowledged.append(steps)

        store = open_store(folder)
        kept = {found.key: found for found in store.outbox.of("p", "booking")}
        # A step may be there although the kill came before it was acknowledged; never the other way round.
        for step, done in (
            (1, "first" in kept),
            (2, "second" in kept),
            (3, "first" in kept and kept["first"].attempts == 1),
            (
                4,
                "first" in kept
                and kept["first"].state is State.SENT
                and kept["first"].answer == b'{"number": "R8-0001"}',
            ),
            (5, "second" in kept and kept["second"].state is State.REFUSED),
        ):
            assert done or steps < step, (die_before, step)
            assert not done or steps >= step - 1, (die_before, step)
        # What a restarted agent does: the same act again is the same entry.
        store.outbox.put(entry("first"))
        assert [found.key for found in store.outbox.of("p", "booking")].count("first") == 1
        store.close()
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
    assert child.exitcode == 0, "the last run is the whole evening"
    assert die_before >= 20
    assert set(acknowledged) == {0, 1, 2, 3, 4, 5}


def _first_start(folder: Path, die_at: int) -> None:
    left = die_at
    kill_on = {"open", "os.rename", "os.link", "os.remove", "os.mkdir", "sqlite3.connect"}

    def audit(event: str, args: tuple[object, ...]) -> None:
        nonlocal left
        if event in kill_on and str(folder) in str(args):
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    import sys

    sys.addaudithook(audit)
    open_store(folder)
    os._exit(0)


def test_killed_during_the_first_start_the_next_one_ends_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    for die_at in range(40):
        folder = tmp_path / str(die_at)
        child = context.Process(target=_first_start, args=(folder, die_at))
        child.start()
        child.join()
        store = open_store(folder)
        store.audit.verify()
        store.outbox.put(entry("first"))
        store.close()
        assert {path.name for path in folder.iterdir()} == {"store.db", "store.key"}
        if child.exitcode == 0:
            break
    assert child.exitcode == 0
    assert die_at >= 6


def test_another_act_may_not_use_the_key(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.outbox.put(entry("key"))
    store.outbox.sent("key", b"{}")
    assert store.outbox.put(entry("key", created_at=9.0)).state is State.SENT, "the same act: what became of it"
    with pytest.raises(KeyReused):
        store.outbox.put(entry("key", payload=b'{"slot": "other"}'))
    store.close()


def test_a_settled_entry_keeps_no_authority(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for key in ("sent", "refused", "card"):
        store.outbox.put(entry(key))
    settled = store.outbox.sent("sent", b"{}"), store.outbox.refused("refused", "x"), store.outbox.needs_card("card")
    assert {found.authority for found in settled} == {None}
    assert store.outbox.get("card").waits_for_card(0.0)
    (renewed,) = store.outbox.renew_authority("p", "booking", b"new", 900.0)
    assert (renewed.key, renewed.authority, renewed.waits_for_card(899.0), renewed.waits_for_card(900.0)) == (
        "card",
        b"new",
        False,
        True,
    )
    store.close()


KEYS = st.sampled_from(["a", "b", "c", "d"])
PEOPLE = st.sampled_from(["p", "q"])
SERVICES = st.sampled_from(["booking", "health"])
TIMES = st.floats(0, 1000)


class Model(RuleBasedStateMachine):
    """The outbox beside a dictionary that does the same, opened anew at any moment."""

    put_keys = Bundle("put_keys")

    @initialize()
    def start(self) -> None:
        self.temporary = tempfile.TemporaryDirectory()
        self.store = open_store(Path(self.temporary.name))
        self.model: dict[str, Entry] = {}

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.temporary.cleanup()

    def change(self, key: str, **changes: object) -> Entry:
        if self.model[key].state is State.WAITING:
            self.model[key] = msgspec.structs.replace(self.model[key], **changes)
        return self.model[key]

    @rule(target=put_keys, key=KEYS, person=PEOPLE, service=SERVICES, at=TIMES)
    def put(self, key: str, person: str, service: str, at: float) -> str:
        new = entry(key, person=person, service=service, created_at=at)
        old = self.model.get(key)
        if old is not None and (old.person, old.service) != (person, service):
            with pytest.raises(KeyReused):
                self.store.outbox.put(new)
        else:
            assert self.store.outbox.put(new) == self.model.setdefault(key, new)
        return key

    @rule(key=put_keys)
    def sent(self, key: str) -> None:
        expected = self.change(key, state=State.SENT, answer=b"[1]", authority=None, authority_expires=None)
        assert self.store.outbox.sent(key, b"[1]") == expected

    @rule(key=put_keys)
    def refused(self, key: str) -> None:
        expected = self.change(key, state=State.REFUSED, error_code="no", authority=None, authority_expires=None)
        assert self.store.outbox.refused(key, "no") == expected

    @rule(key=put_keys, at=TIMES)
    def later(self, key: str, at: float) -> None:
        expected = self.change(key, attempts=self.model[key].attempts + 1, next_attempt=at)
        assert self.store.outbox.later(key, at) == expected

    @rule(key=put_keys)
    def needs_card(self, key: str) -> None:
        expected = self.change(key, authority=None, authority_expires=None)
        assert self.store.outbox.needs_card(key) == expected

    @rule(person=PEOPLE, service=SERVICES, expires=TIMES)
    def renew(self, person: str, service: str, expires: float) -> None:
        for key, found in self.model.items():
            if (found.person, found.service) == (person, service):
                self.change(key, authority=b"new", authority_expires=expires, next_attempt=0.0)
        self.store.outbox.renew_authority(person, service, b"new", expires)

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = open_store(Path(self.temporary.name))

    @invariant()
    def same(self) -> None:
        def ordered(chosen: list[Entry]) -> list[Entry]:
            return sorted(chosen, key=lambda found: (found.created_at, found.key))

        everything = list(self.model.values())
        waiting = ordered([found for found in everything if found.state is State.WAITING])
        assert self.store.outbox.waiting() == waiting
        assert self.store.outbox.due(500.0) == [found for found in waiting if found.next_attempt <= 500.0]
        for person, service in (("p", "booking"), ("q", "health")):
            theirs = [found for found in everything if (found.person, found.service) == (person, service)]
            assert self.store.outbox.of(person, service) == ordered(theirs)


Model.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestModel = Model.TestCase


def test_what_waits_for_somebody_known_by_another_name_becomes_theirs(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for it in (entry("a", person="by phone"), entry("b", person="by phone"), entry("c", person="other")):
        store.outbox.put(it)
    store.outbox.sent("b", b"{}")
    store.outbox.adopt("by phone", "card")
    assert [it.key for it in store.outbox.of("card", "booking")] == ["a"]
    assert [it.key for it in store.outbox.of("by phone", "booking")] == ["b"], "what is settled is history"
    assert [it.key for it in store.outbox.renew_authority("card", "booking", b"new", 300.0)] == ["a"]
    store.close()

"""``auto``: pcscd's readers if it serves any, else ours; and never both at one device."""

import itertools
import queue
import threading
import time
from collections.abc import Iterator

import pytest

from stb_agent.card.reader import Reader, Sight, SlotState
from stb_agent.card.readers.ccid.source import CcidSource
from stb_agent.card.readers.choice import AutoSource

OURS, THEIRS = "ours", "theirs"
NO_SERVICE, NO_READER = Sight(SlotState.NO_SERVICE), Sight(SlotState.NO_READER)


class Fake:
    """A source that sees what a test says."""

    def __init__(self) -> None:
        self.news: queue.SimpleQueue[Sight | None] = queue.SimpleQueue()
        self.allowed: list[float | None] = []
        self.connected: list[str] = []

    def sights(self) -> Iterator[Sight]:
        while sight := self.news.get():
            yield sight

    def stop(self) -> None:
        self.news.put(None)

    def connect(self, name: str) -> Reader:
        self.connected.append(name)
        raise NotImplementedError

    def allow(self, patience: float | None) -> None:
        if self.allowed[-1:] != [patience]:
            self.allowed.append(patience)


class House:
    """The two sources, and what is seen of them together."""

    def __init__(self) -> None:
        self.pcsc, self.ccid = Fake(), Fake()
        self.source = AutoSource(self.pcsc, self.ccid)
        self.seen: queue.SimpleQueue[Sight] = queue.SimpleQueue()
        self.thread = threading.Thread(target=lambda: [self.seen.put(it) for it in self.source.sights()])
        self.thread.start()

    def next(self) -> tuple[SlotState, str]:
        sight = self.seen.get(timeout=2)
        return sight.state, sight.reader

    def uses(self) -> Fake:
        with pytest.raises(NotImplementedError):
            self.source.connect("name")
        return self.pcsc if self.pcsc.connected else self.ccid


@pytest.fixture
def house() -> Iterator[House]:
    it = House()
    yield it
    it.source.stop()
    it.thread.join(2)
    assert not it.thread.is_alive()
    assert not [thread for thread in threading.enumerate() if thread.name in ("card-pcsc", "card-ccid")]


def test_a_reader_that_pcscd_serves_is_left_to_it(house: House):
    house.pcsc.news.put(Sight(SlotState.ABSENT, THEIRS))
    assert house.next() == (SlotState.ABSENT, THEIRS)
    assert house.ccid.allowed == [None]
    assert house.uses() is house.pcsc


def test_without_pcscd_ours_is_used_at_once(house: House):
    house.pcsc.news.put(NO_SERVICE)
    house.ccid.news.put(Sight(SlotState.PRESENT, OURS, 1))
    assert house.next() == (SlotState.PRESENT, OURS)
    assert house.ccid.allowed == [None, 0.0]
    assert house.uses() is house.ccid


def test_a_pcscd_without_readers_has_a_while_to_take_a_new_one(house: House):
    house.pcsc.news.put(NO_READER)
    house.ccid.news.put(NO_READER)
    assert house.next() == (SlotState.NO_READER, "")
    assert house.ccid.allowed[-1] == 1.0


def test_ours_is_let_go_when_pcscd_serves_a_reader_but_not_under_a_card(house: House):
    house.pcsc.news.put(NO_SERVICE)
    house.ccid.news.put(Sight(SlotState.PRESENT, OURS, 1))
    assert house.next() == (SlotState.PRESENT, OURS)
    house.pcsc.news.put(Sight(SlotState.ABSENT, THEIRS))
    house.ccid.news.put(Sight(SlotState.ABSENT, OURS))
    # The two sources speak from threads of their own: our empty reader may be seen for a moment.
    seen = house.next()
    if seen == (SlotState.ABSENT, OURS):
        seen = house.next()
    assert seen == (SlotState.ABSENT, THEIRS)
    assert house.ccid.allowed == [None, 0.0, None]


def test_a_card_that_moves_from_reader_to_reader_is_another_insertion(house: House):
    house.pcsc.news.put(Sight(SlotState.PRESENT, THEIRS, 1))
    assert house.next() == (SlotState.PRESENT, THEIRS)
    house.pcsc.news.put(NO_SERVICE)
    house.ccid.news.put(Sight(SlotState.PRESENT, OURS, 1))
    seen = [house.next() for _ in range(2)]
    assert seen[-1] == (SlotState.PRESENT, OURS)
    assert seen[0][0] in (SlotState.ABSENT, SlotState.NO_SERVICE)


@pytest.mark.parametrize(
    ("pcsc", "ccid", "told"),
    [
        (SlotState.NO_SERVICE, SlotState.NO_READER, SlotState.NO_READER),
        (SlotState.NO_SERVICE, SlotState.NO_USB, SlotState.NO_SERVICE),
        (SlotState.NO_SERVICE, SlotState.DENIED, SlotState.DENIED),
        (SlotState.NO_SERVICE, SlotState.UNFIT, SlotState.UNFIT),
        (SlotState.NO_SERVICE, SlotState.HELD, SlotState.HELD),
        (SlotState.DENIED, SlotState.HELD, SlotState.DENIED),
        (SlotState.NO_READER, SlotState.NO_READER, SlotState.NO_READER),
        (SlotState.NO_READER, SlotState.NO_USB, SlotState.NO_READER),
        (SlotState.NO_READER, SlotState.UNFIT, SlotState.UNFIT),
    ],
)
def test_what_is_missing_is_named(house: House, pcsc: SlotState, ccid: SlotState, told: SlotState):
    house.pcsc.news.put(Sight(pcsc))
    house.ccid.news.put(Sight(ccid))
    assert house.next()[0] is told


def test_a_service_that_was_there_is_missed(house: House):
    house.pcsc.news.put(Sight(SlotState.ABSENT, THEIRS))
    assert house.next() == (SlotState.ABSENT, THEIRS)
    house.ccid.news.put(NO_READER)
    house.pcsc.news.put(NO_SERVICE)
    assert house.next()[0] is SlotState.NO_SERVICE


def test_a_box_without_libusb_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("usb.backend.libusb1.get_backend", lambda: None)
    sight = CcidSource().look_once()
    assert sight.state is SlotState.NO_USB
    error = sight.error()
    assert error
    assert error.code == "card.usb"


def test_ours_sleeps_while_the_readers_are_anothers_and_wakes_when_they_are_not():
    class Bus:
        """A bus with nothing on it, that counts who asks."""

        asked = threading.Semaphore(0)

        def enumerate_devices(self) -> Iterator[object]:
            self.asked.release()
            return iter(())

    bus, looks = Bus(), itertools.count()
    source = CcidSource(bus, clock=lambda: float(next(looks)))
    source.allow(None)
    watching = threading.Thread(target=list, args=(source.sights(),), daemon=True)
    watching.start()
    time.sleep(0.3)
    assert not bus.asked.acquire(blocking=False)
    assert next(looks) < 5, "it looked about though there was nothing for it to do"
    source.allow(0.0)
    assert bus.asked.acquire(timeout=5)
    source.allow(None)
    source.stop()
    watching.join(5)
    assert not watching.is_alive()

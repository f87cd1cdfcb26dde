"""What is counted, and whose time it is: with a clock that the test moves."""

import pytest

from stb_agent.card import errors
from stb_agent.card.meter import Meter, MeteredSource


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Source:
    """Takes 3 seconds to power a card up, 1 to let it go, and hands out one reader."""

    def __init__(self, clock: Clock, card) -> None:
        self.clock, self.card = clock, card
        self.card.close = lambda unpower=True: self.spend(1)

    def spend(self, seconds: float) -> None:
        self.clock.now += seconds

    def connect(self, name: str):
        self.spend(3)
        return self.card


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_cards_time_ours_and_the_powers(reader, clock):
    def answer(command: bytes) -> str:
        clock.now += 0.25
        return "AABB9000"

    meter = Meter(clock)
    source = MeteredSource(Source(clock, reader({"00B0": answer})), meter)
    assert meter.own() == 0.0
    card = source.connect("table")
    card.transmit(bytes.fromhex("00B0000002"))
    clock.now += 0.125  # ours
    card.close()
    card = source.connect("table")
    card.transmit(bytes.fromhex("00B00002000003"))
    clock.now += 0.5  # ours: the signature is checked
    assert (meter.apdus, meter.bytes) == (2, 5 + 4 + 7 + 4)
    assert (meter.card, meter.elsewhere, meter.own()) == (0.5, 4.0, 0.625)
    assert (card.name, card.protocol, card.level, card.atr) == ("table", "T=1", "", b"\x3b\x00")


def test_a_command_that_fails_is_counted_with_its_time(reader, clock):
    def fail(command: bytes):
        clock.now += 2
        raise errors.Removed

    meter = Meter(clock)
    card = MeteredSource(Source(clock, reader({"00": fail})), meter).connect("table")
    with pytest.raises(errors.Removed):
        card.transmit(b"\x00\xa4\x00\x00")
    assert (meter.apdus, meter.bytes, meter.card) == (1, 4, 2.0)

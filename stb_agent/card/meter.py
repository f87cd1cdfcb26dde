"""What crosses between us and a card, and where the time goes: measured at the reader, below everything that is ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stb_agent.card.apdu import Buffer
from stb_agent.card.reader import Reader, ReaderSource, Sight


@dataclass
class Meter:
    """Counts of commands and of bytes both ways, and seconds; ``clock`` is a monotonic one.

    ``card``: within exchanges (reader, driver and service included); ``elsewhere``: powering the card up and down.
    """

    clock: Callable[[], float]
    apdus: int = 0
    bytes: int = 0
    card: float = 0.0
    elsewhere: float = 0.0
    begun: float | None = None

    def own(self) -> float:
        """Give the seconds since the first command that were neither the card's nor spent on its power: ours."""
        return 0.0 if self.begun is None else self.clock() - self.begun - self.card - self.elsewhere


class MeteredReader:
    """A reader whose exchanges are counted."""

    def __init__(self, reader: Reader, meter: Meter) -> None:
        self.name, self.atr, self.protocol, self.level = reader.name, reader.atr, reader.protocol, reader.level
        self._reader = reader
        self._meter = meter

    def transmit(self, apdu: Buffer) -> bytes:
        """Exchange one APDU."""
        meter = self._meter
        size = len(apdu)
        begun = meter.clock()
        if meter.begun is None:
            meter.begun = begun
        try:
            answer = self._reader.transmit(apdu)
        finally:
            meter.card += meter.clock() - begun
            meter.apdus += 1
            meter.bytes += size
        meter.bytes += len(answer)
        return answer

    def close(self, unpower: bool = True) -> None:
        """Let the card go."""
        begun = self._meter.clock()
        self._reader.close(unpower)
        self._meter.elsewhere += self._meter.clock() - begun


class MeteredSource:
    """A source whose readers are counted."""

    def __init__(self, source: ReaderSource, meter: Meter) -> None:
        self._source = source
        self._meter = meter

    def sights(self) -> Iterator[Sight]:
        """Give what the source sees."""
        return self._source.sights()

    def stop(self) -> None:
        """End ``sights``."""
        self._source.stop()

    def connect(self, name: str) -> MeteredReader:
        """Power the card in a reader and hold it."""
        begun = self._meter.clock()
        reader = self._source.connect(name)
        if self._meter.begun is not None:
            self._meter.elsewhere += self._meter.clock() - begun
        return MeteredReader(reader, self._meter)

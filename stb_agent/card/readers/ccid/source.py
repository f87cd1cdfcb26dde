"""The CCID readers on the bus as a source of readers: plugging in and out, several readers, the one with a card."""

from __future__ import annotations

import dataclasses
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import usb.backend.libusb1
import usb.core

from stb_agent.card import errors
from stb_agent.card.apdu import Buffer
from stb_agent.card.reader import Sight, SlotState
from stb_agent.card.readers.ccid import exchange
from stb_agent.card.readers.ccid.bay import Bay, Place
from stb_agent.card.readers.ccid.driver import ANSWER_LIMIT
from stb_agent.card.readers.ccid.faults import Failed, Fault, Garbled, Gone, Late, Refused, Taken
from stb_agent.card.readers.ccid.transport import Found, interfaces

_SCAN = 0.8
"""Seconds between two looks at the bus: a reader that is plugged in again is used within two seconds."""
_LEAST_REST = 0.02
_HELD_FOR = 1.0
"""Seconds to wait for a card that is worked with, or looked at for the first time."""
_RANK = (
    SlotState.PRESENT, SlotState.MUTE, SlotState.ABSENT, SlotState.HELD, SlotState.DENIED, SlotState.UNFIT, SlotState.NO_READER,
)  # fmt: skip


class CcidReader:
    """A powered card, held until ``close``. Made by ``CcidSource.connect``."""

    def __init__(self, bay: Bay, place: Place) -> None:
        self.name = place.name
        self._bay = bay
        self._place = place
        if not place.held.acquire(timeout=_HELD_FOR):
            raise errors.Busy
        self._open = True
        try:
            self._card = exchange.connect(bay.driver, place.number)
        except Fault as fault:
            self._release()
            raise _refusal(fault) from fault
        self.atr = self._card.atr
        self.protocol = "" if self._card.protocol is None else f"T={self._card.protocol:d}"
        self.level = str(bay.driver.descriptor.level)

    def transmit(self, apdu: Buffer) -> bytes:
        """Exchange one APDU. Raises Removed, and ExchangeFailed: for a command that this reader cannot carry, before a byte was sent."""
        try:
            return self._card.transmit(apdu)
        except Gone as fault:
            raise errors.Removed from fault
        except Failed as fault:
            if fault.absent:
                self._bay.look_again(self._place)
                raise errors.Removed from fault
            raise errors.ExchangeFailed from fault
        except Fault as fault:
            raise errors.ExchangeFailed from fault

    def close(self, unpower: bool = True) -> None:
        """Let the card go, without power so that it forgets the PIN."""
        if self._open:
            if unpower:
                exchange.unpower(self._bay.driver, self._place.number)
            self._release()

    def _release(self) -> None:
        self._open = False
        self._place.held.release()
        self._bay.look_again(self._place)


def _refusal(fault: Fault) -> errors.CardError:
    """Give what a card that could not be powered means to a person."""
    if isinstance(fault, Failed) and fault.absent:
        return errors.NoCard()
    if isinstance(fault, Gone):
        return errors.NoReader()
    return errors.ExchangeFailed() if isinstance(fault, Late | Garbled) else errors.Mute()


@dataclass
class _Known:
    """A device on the bus: its interfaces, and those of them that are ours. ``since``: when it was first seen."""

    found: tuple[Found, ...]
    since: float
    bays: dict[int, Bay]
    trouble: SlotState | None = None


class CcidSource:
    """CCID readers over USB; of several the one with a card wins, and keeps winning while it has it.

    ``backend``: pyusb's, None for the system's libusb. ``answer_limit``: seconds a reader may be silent over a
    card. ``allow`` tells it to keep off the bus, or to leave a new device alone for a while.
    """

    def __init__(
        self,
        backend: Any = None,
        clock: Callable[[], float] = time.monotonic,
        answer_limit: float = ANSWER_LIMIT,
    ) -> None:
        self._backend = backend or usb.backend.libusb1.get_backend()
        self._clock = clock
        self._answer_limit = answer_limit
        self._stopped = threading.Event()
        self._wake = threading.Event()
        self._known: dict[object, _Known] = {}
        self._insertions = itertools.count(1)
        self._next_scan = 0.0
        self._patience: float | None = 0.0

    def allow(self, patience: float | None) -> None:
        """Use devices that have been on the bus for ``patience`` seconds; None: let all go. From any thread."""
        if self._patience != patience:
            self._patience = patience
            self._next_scan = 0.0
            self._wake.set()

    def connect(self, name: str) -> CcidReader:
        """Power the card in a reader. Raises Busy, NoCard, Mute, NoReader, ExchangeFailed."""
        for bay in self._bays():
            for place in bay.places:
                if place.name == name and bay.usable:
                    return CcidReader(bay, place)
        raise errors.NoReader

    def sights(self) -> Iterator[Sight]:
        """Give the state and each change, until ``stop``."""
        last: Sight | None = None
        try:
            while True:
                self._wake.clear()
                if self._stopped.is_set():  # after the clearing, or a stop just before it would be slept through
                    return
                sight = self._look(last)
                if sight != last:
                    # A card exchanged between two looks is a removal too.
                    if last and last.insertion and sight.insertion and last.insertion != sight.insertion:
                        yield Sight(SlotState.ABSENT, last.reader)
                    yield sight
                    last = sight
                self._wake.wait(self._rest())
        finally:
            self._release()

    def stop(self) -> None:
        """End ``sights``."""
        self._stopped.set()
        self._wake.set()

    def look_once(self) -> Sight:
        """Give what is to be seen now, and let the readers go."""
        sight = self._look(None)
        self._release()
        return sight

    @property
    def names(self) -> tuple[str, ...]:
        """The readers that are ours."""
        return tuple(place.name for bay in self._bays() for place in bay.places)

    def _bays(self) -> list[Bay]:
        return [bay for known in list(self._known.values()) for bay in list(known.bays.values())]

    def _look(self, last: Sight | None) -> Sight:
        if self._backend is None:
            return Sight(SlotState.NO_USB)
        if self._patience is None:
            self._release()
            return Sight(SlotState.NO_READER)
        if self._clock() >= self._next_scan or any(not bay.usable for bay in self._bays()):
            self._scan(self._patience)
            self._next_scan = self._clock() + _SCAN
        for bay in self._bays():
            bay.look()
        # What a look found to be gone is not shown.
        sights = [place.sight for bay in self._bays() if bay.usable for place in bay.places]
        sights += [Sight(known.trouble) for known in self._known.values() if known.trouble]
        if last in sights and last.state is SlotState.PRESENT:
            return last
        return min(sights, key=lambda sight: _RANK.index(sight.state), default=Sight(SlotState.NO_READER))

    def _rest(self) -> float | None:
        """Seconds until the next look, if nothing wakes the watch; None: nothing is to be looked at until then."""
        if self._backend is None or self._patience is None:
            return None
        due = min((self._next_scan, *(place.due for bay in self._bays() for place in bay.places)))
        return min(max(due - self._clock(), _LEAST_REST), _SCAN)

    def _scan(self, patience: float) -> None:
        """Close what left the bus or fell silent, open what came."""
        present = self._devices()
        for key, known in list(self._known.items()):
            for interface, bay in list(known.bays.items()):
                if key not in present or not bay.usable:
                    bay.close()
                    del known.bays[interface]
            if key not in present:
                del self._known[key]
        now = self._clock()
        for key, device in present.items():
            if key not in self._known:
                found = _interfaces(device)
                if found is None:
                    continue
                self._known[key] = _Known(found, now, {})
            known = self._known[key]
            if now - known.since >= patience:
                self._open(key, known)

    def _devices(self) -> dict[object, Any]:
        try:
            devices = list(usb.core.find(find_all=True, backend=self._backend))
        except usb.core.USBError:
            return {}
        return {(it.bus, it.address, it.idVendor, it.idProduct): it for it in devices}

    def _open(self, key: object, known: _Known) -> None:
        known.trouble = None
        for place, found in enumerate(known.found):
            if found.reasons:
                known.trouble = SlotState.UNFIT
            elif place not in known.bays:
                try:
                    known.bays[place] = self._claim(key, found)
                except Taken:
                    known.trouble = SlotState.HELD
                except Refused:
                    known.trouble = SlotState.DENIED
                except Fault:
                    continue

    def _claim(self, key: object, found: Found) -> Bay:
        # Each claim has a handle of its own, so that one interface can be let go while another is used.
        device = self._devices().get(key)
        if device is None:
            raise Gone
        found = dataclasses.replace(found, device=device)
        return Bay(
            found,
            lambda: self._names(found),
            self._insertions,
            self._wake.set,
            self._clock,
            self._stopped.wait,
            self._answer_limit,
        )

    def _names(self, found: Found) -> Iterator[str]:
        """Give names as PC/SC does: what the device calls itself, a number among its like, and the slot's."""
        name, taken = found.name(), set(self.names)
        number = next(it for it in itertools.count() if f"{name} {it:02X} 00" not in taken)
        return (f"{name} {number:02X} {slot:02X}" for slot in itertools.count())

    def _release(self) -> None:
        for bay in self._bays():
            bay.close()
        self._known.clear()


def _interfaces(device: Any) -> tuple[Found, ...] | None:
    try:
        return interfaces(device)
    except Fault:
        return None

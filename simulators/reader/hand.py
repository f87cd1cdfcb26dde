"""A hand at a simulated reader: puts cards in, takes them out, pulls the plug."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from simulators.card import Deck, Link, Recorder, Slot
from simulators.card.vpcd import Pulled
from simulators.reader.backend import Backend
from simulators.reader.contact import Contact
from simulators.reader.device import Device
from simulators.reader.faults import BlockFault, BlockScript, UsbFault
from simulators.reader.models import MODELS, Model

ALL_VOLTAGES = frozenset({5.0, 3.0, 1.8})


class Hand(Deck):
    """A reader, the cards for it, and a hand. `backend` is what pyusb is given; no event loop is needed.

    `bwt` is the card's block waiting time in seconds, instead of the ATR's, for tests that must not wait for long.
    """

    def __init__(
        self, folder: Path, *, clock: Callable[[], datetime], model: str | Model = "scr3310-nttcom", pin: str = "1234",
        recorder: Recorder | None = None, link: Link | None = None, bwt: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(folder, clock=clock, pin=pin, recorder=recorder, link=link)
        self.device = Device(MODELS[model] if isinstance(model, str) else model)
        self.backend = Backend(self.device)
        self._blocks = BlockScript()
        self._bwt = bwt

    def insert(self, profile: str, pin: str | None = None, *, voltages: frozenset[float] = ALL_VOLTAGES) -> None:
        """Put a card in, pulling the one there; raises CardError `card.profile`."""
        self.pull()
        slot = self.take(profile, pin)
        contact = Contact(slot, voltages=voltages, bwt=self._bwt, blocks=self._blocks)
        self.device.insert(contact, self._gone)

    def pull(self) -> None:
        """Take the card out, if there is one."""
        self.device.pull()

    def unplug(self) -> None:
        """Take the reader off the bus, with the card in it."""
        self.device.unplug()

    def plug(self) -> None:
        """Put the reader back."""
        self.device.plug()

    def usb(self, fault: UsbFault) -> None:
        """Arrange an accident between host and reader."""
        self.device.fault(fault)

    def block(self, fault: BlockFault) -> None:
        """Arrange an accident between reader and card, at TPDU level."""
        self._blocks.add(fault)

    def _gone(self) -> None:
        self.inserted = None


@dataclass(frozen=True)
class DeviceSlot:
    """The slot of a simulated reader as a place for a card tray, `Tray(…, reader=DeviceSlot(device))`."""

    device: Device
    bwt: float | None = None
    empty: float = 0.0

    async def hold(self, slot: Slot, connected: asyncio.Event) -> None:
        """Keep a card in the slot until cancelled, or raise Pulled when an accident takes it."""
        gone, loop = asyncio.Event(), asyncio.get_running_loop()

        def leave() -> None:
            loop.call_soon_threadsafe(gone.set)

        self.device.insert(Contact(slot, bwt=self.bwt), leave)
        connected.set()
        try:
            await gone.wait()
            raise Pulled
        finally:
            connected.clear()
            self.device.pull()

"""What a reader is to the rest of the room, whether it hangs on PC/SC or on USB itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from stb_agent.card import errors
from stb_agent.card.apdu import Buffer


class SlotState(StrEnum):
    """What the slot holds."""

    NO_SERVICE = "no_service"
    DENIED = "denied"
    NO_USB = "no_usb"
    NO_READER = "no_reader"
    HELD = "held"
    UNFIT = "unfit"
    ABSENT = "absent"
    MUTE = "mute"
    PRESENT = "present"


@dataclass(frozen=True)
class Sight:
    """What was seen: the state, the reader it is about, and a number that no other insertion has (0 without a card)."""

    state: SlotState
    reader: str = ""
    insertion: int = 0

    def error(self) -> errors.CardError | None:
        """Give the error that tells why no card can be used, or None if one can."""
        kind = _ERRORS.get(self.state)
        return kind() if kind else None


_ERRORS: dict[SlotState, type[errors.CardError]] = {
    SlotState.NO_SERVICE: errors.ServiceMissing,
    SlotState.DENIED: errors.Denied,
    SlotState.NO_USB: errors.UsbMissing,
    SlotState.NO_READER: errors.NoReader,
    SlotState.HELD: errors.ReaderHeld,
    SlotState.UNFIT: errors.ReaderUnfit,
    SlotState.ABSENT: errors.NoCard,
    SlotState.MUTE: errors.Mute,
}


class Reader(Protocol):
    """A powered card, held exclusively until ``close``."""

    @property
    def name(self) -> str: ...

    @property
    def atr(self) -> bytes: ...

    @property
    def protocol(self) -> str:
        """``T=0`` or ``T=1``; empty where the reader alone knows."""
        ...

    @property
    def level(self) -> str:
        """What is exchanged with the reader: ``tpdu``, ``short`` or ``extended``; empty where a service hides it."""
        ...

    def transmit(self, apdu: Buffer) -> bytes:
        """Exchange one APDU. Raises Removed, ExchangeFailed, ServiceMissing; blocks as long as the reader does."""
        ...

    def close(self, unpower: bool = True) -> None:
        """Let the card go; unpowered, it forgets that the PIN was verified. Never raises; a second call does nothing."""
        ...


class ReaderSource(Protocol):
    """Where readers come from. ``sights`` blocks in a thread of its own; ``connect`` in another."""

    def sights(self) -> Iterator[Sight]:
        """Give the present state, then every change of it, until ``stop``; never raises, whatever vanishes."""
        ...

    def stop(self) -> None:
        """End ``sights``, from any thread."""
        ...

    def connect(self, name: str) -> Reader:
        """Power the card in a reader and hold it. Raises Busy, NoCard, Mute, NoReader, Removed, Denied, ServiceMissing."""
        ...

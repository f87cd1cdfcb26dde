"""Accidents between host and reader, and between reader and card."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class BlockAccident(Enum):
    """What happens to a T=1 block that comes to the card, or to the answer to it."""

    DEAF = "deaf"
    """The card does not hear the block."""
    LOST = "lost"
    """The card answers, and the answer is lost."""
    GARBLED = "garbled"
    """A bit of the answer changes, so that its LRC is wrong."""
    CUT = "cut"
    """The answer's last `value` octets are missing."""
    NAK = "nak"
    """The card did not understand the block, and says so with an R-block of error `value`: 1 LRC, 2 anything else."""
    WRONG_NUMBER = "wrong_number"
    """N(S) or N(R) of the answer is the other one."""
    WTX = "wtx"
    """The card first asks `times` times for `value` block waiting times, and needs none of them."""
    IFS = "ifs"
    """The card first asks for blocks of `value` octets at most."""
    ABORT = "abort"
    """The card asks to abort the chain that the block is a part of."""


@dataclass(frozen=True)
class BlockFault:
    """One accident at the `at`th block from now, or to `times` blocks from there on."""

    do: BlockAccident
    at: int = 1
    value: int = 1
    times: int = 1


class UsbAccident(Enum):
    """What happens to a CCID message that comes to the reader, or to the answer to it."""

    LOST = "lost"
    """It is done, the answer never comes, and the reader knows no more of it."""
    STUCK = "stuck"
    """It is not done, and the slot stays busy until Abort, or a reset of the device."""
    LATE = "late"
    """The answer takes `seconds` more."""
    WRONG_SEQUENCE = "wrong_sequence"
    """The answer carries another bSeq."""
    STALE = "stale"
    """An answer to something long ago comes first."""
    WRONG_SLOT = "wrong_slot"
    """The answer carries another bSlot."""
    EXTENSION = "extension"
    """Before the answer come `times` time extensions of `value` waiting times, `seconds` apart."""
    FAILED = "failed"
    """It is not done, and the answer is a failure with bError `value`."""
    CUT = "cut"
    """The answer's last `value` octets are missing."""
    HALT_IN = "halt_in"
    """It is done, and the bulk-in endpoint halts, the answer being lost."""
    HALT_OUT = "halt_out"
    """The bulk-out endpoint halts, the message not being received."""
    UNPLUG = "unplug"
    """It is done, and the reader is unplugged before it answers."""


@dataclass(frozen=True)
class UsbFault:
    """One accident at the `at`th message from now, counting only those of a type if given."""

    do: UsbAccident
    at: int = 1
    message: int | None = None
    """bMessageType, as 0x6F."""
    value: int = 1
    times: int = 1
    seconds: float = 0.0


class BlockScript:
    """The block faults still to come."""

    def __init__(self, faults: Sequence[BlockFault] = ()) -> None:
        self._coming = [(fault.at, fault) for fault in faults]

    def add(self, fault: BlockFault) -> None:
        """Arrange a fault."""
        self._coming.append((fault.at, fault))

    def due(self) -> list[BlockFault]:
        """Count a block and tell what happens to it."""
        counted = [(left - 1, fault) for left, fault in self._coming]
        self._coming = [(left, fault) for left, fault in counted if left > 1 - _span(fault)]
        return [fault for left, fault in counted if 1 - _span(fault) <= left <= 0]


def _span(fault: BlockFault) -> int:
    """Blocks that a fault happens to; `times` has another meaning for WTX."""
    return 1 if fault.do is BlockAccident.WTX else fault.times


class UsbScript:
    """The faults of messages still to come."""

    def __init__(self) -> None:
        self._coming: list[tuple[int, UsbFault]] = []

    def add(self, fault: UsbFault) -> None:
        """Arrange a fault."""
        self._coming.append((fault.at, fault))

    def due(self, message: int) -> list[UsbFault]:
        """Count a message and take out what happens to it."""
        counted = [(left - (fault.message in (None, message)), fault) for left, fault in self._coming]
        self._coming = [entry for entry in counted if entry[0] > 0]
        return [fault for left, fault in counted if left <= 0]

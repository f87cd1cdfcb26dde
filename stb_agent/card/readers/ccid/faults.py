"""What can go wrong between host, reader and card below the APDU; ``source`` turns these into the errors of the card room."""

from __future__ import annotations

from enum import IntEnum


class Fault(Exception):
    """Root of the faults of this folder; none leaves it."""


class Malformed(Fault):
    """Bytes that are no descriptor, message, answer-to-reset or block."""


class Gone(Fault):
    """The reader is no longer on the bus."""


class Taken(Fault):
    """Another program, such as pcscd, has claimed the reader's interface."""


class Refused(Fault):
    """This user may not open the device (udev)."""


class Late(Fault):
    """The reader did not answer in its time."""


class Garbled(Fault):
    """The USB transfer failed, or an endpoint halted."""


class Unfit(Fault):
    """The command cannot be carried by this reader in this form; nothing was sent."""


class Lost(Fault):
    """The card and the host no longer understand each other; only power off and on mends that."""


class Incomplete(Fault):
    """The exchange came to no answer, and the command may have been carried out; the next one can be tried."""


class SlotError(IntEnum):
    """bError of a failed command (CCID 1.1, table 6.2-2); below 0x80: the offset of the field that the reader does not take."""

    NOT_SUPPORTED = 0x00
    BAD_SLOT = 0x05
    BAD_POWER = 0x07
    SLOT_BUSY = 0xE0
    PIN_CANCELLED = 0xEF
    PIN_TIMEOUT = 0xF0
    BUSY_WITH_AUTO_SEQUENCE = 0xF2
    DEACTIVATED_PROTOCOL = 0xF3
    PROCEDURE_BYTE_CONFLICT = 0xF4
    CLASS_NOT_SUPPORTED = 0xF5
    PROTOCOL_NOT_SUPPORTED = 0xF6
    BAD_ATR_TCK = 0xF7
    BAD_ATR_TS = 0xF8
    HARDWARE = 0xFB
    OVERRUN = 0xFC
    PARITY = 0xFD
    MUTE = 0xFE
    ABORTED = 0xFF


class Failed(Fault):
    """The reader says that a command failed. ``error``: bError; ``absent``: whether it says, too, that no card is there."""

    def __init__(self, error: int, absent: bool) -> None:
        super().__init__(f"bError {error:02X}" + (", no card" if absent else ""))
        self.error = error
        self.absent = absent

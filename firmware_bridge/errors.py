"""What can go wrong on the bench: a stable code, the data it happened with, and the exit status of ``stb-flash``."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar

from stb_agent.contract.errors import ChanomaError


class ExitStatus(IntEnum):
    """Exit statuses of ``stb-flash``, one for each class of error."""

    OK = 0
    FAILED = 1
    USAGE = 2
    IMAGE = 3
    LINE = 4
    BOARD = 5
    TRANSFER = 6
    CHECKSUM = 7
    STORAGE = 8
    INTERRUPTED = 130


class FlashError(ChanomaError):
    """The root of this package's errors; ``retry`` says that the same chunk may well succeed when tried again."""

    exit_status: ClassVar[ExitStatus] = ExitStatus.FAILED


class BoardUnknown(FlashError):
    """No board of this name is described."""

    code = "flash.board.unknown"
    exit_status = ExitStatus.USAGE


class BoardFileWrong(FlashError):
    """A board's description does not follow the schema."""

    code = "flash.board.file"
    exit_status = ExitStatus.USAGE


class ImageUnreadable(FlashError):
    """The image cannot be opened or read."""

    code = "flash.image.unreadable"
    exit_status = ExitStatus.IMAGE


class ImageEmpty(FlashError):
    """The image has no bytes."""

    code = "flash.image.empty"
    exit_status = ExitStatus.IMAGE


class ImageTooBig(FlashError):
    """The image is larger than the place for it on the board."""

    code = "flash.image.too_big"
    exit_status = ExitStatus.IMAGE


class PortUnavailable(FlashError):
    """The port cannot be opened: absent, taken or not permitted."""

    code = "flash.port.unavailable"
    exit_status = ExitStatus.LINE


class LineLost(FlashError):
    """The port was there and went away: unplugged, closed by the other side."""

    code = "flash.line.lost"
    exit_status = ExitStatus.LINE


class LineSilent(FlashError):
    """Not one byte came from the board."""

    code = "flash.line.silent"
    exit_status = ExitStatus.LINE


class PromptMissing(FlashError):
    """The board speaks, but its boot loader's prompt never came."""

    code = "flash.prompt.missing"
    exit_status = ExitStatus.LINE


class LineNoisy(FlashError):
    """What is typed comes back changed, time and again."""

    code = "flash.line.noisy"
    exit_status = ExitStatus.LINE
    retry = True


class ReplyMissing(FlashError):
    """A command was typed and its reply did not come in time."""

    code = "flash.reply.missing"
    exit_status = ExitStatus.LINE
    retry = True


class BoardWrong(FlashError):
    """The board at the other end is not the one that was named."""

    code = "flash.board.wrong"
    exit_status = ExitStatus.BOARD


class TransferBroken(FlashError):
    """The file transfer ended before the board had all of it."""

    code = "flash.transfer.broken"
    exit_status = ExitStatus.TRANSFER
    retry = True


class RamMismatch(FlashError):
    """What arrived in the board's memory is not what was sent; nothing of it was written."""

    code = "flash.checksum.ram"
    exit_status = ExitStatus.CHECKSUM
    retry = True


class StorageMismatch(FlashError):
    """What the storage gives back is not what was written to it."""

    code = "flash.checksum.storage"
    exit_status = ExitStatus.CHECKSUM
    retry = True


class StorageRefused(FlashError):
    """The board's own command for its storage failed."""

    code = "flash.storage.refused"
    exit_status = ExitStatus.STORAGE


class Declined(FlashError):
    """The person said no when asked."""

    code = "flash.declined"


class Interrupted(FlashError):
    """The person stopped it (Ctrl-C)."""

    code = "flash.interrupted"
    exit_status = ExitStatus.INTERRUPTED

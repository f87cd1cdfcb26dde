"""The boards that are known: one TOML file each, read into a Board."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
from msgspec import Struct

from firmware_bridge.errors import BoardFileWrong, BoardUnknown

_FOLDER = Path(__file__).parent


class _Table(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a board's file; an unknown key is an error."""


class ConsoleData(_Table, frozen=True, kw_only=True):
    """How the boot loader's console behaves. ``interrupt`` stops the autoboot; times in seconds.

    ``reply_seconds``: a command, or a block of a transfer, that is not answered in this time never will be. U-Boot's receiver
    asks again after 2 to 4.5 s, so less than 5 is too hasty for a line that loses bytes.
    """

    baud: int
    prompt: str
    interrupt: str = "\x03"
    wake_seconds: float = 30.0
    reply_seconds: float = 5.0


class Identity(_Table, frozen=True, kw_only=True):
    """How the board is recognised: the group of ``pattern`` (a multi-line regular expression) in what ``command`` prints."""

    command: str
    pattern: str
    expected: str


class Memory(_Table, frozen=True, kw_only=True):
    """Two places in RAM, each with room for a chunk: where it is received, and where storage is read back to."""

    load_address: int
    verify_address: int


class Transfer(_Table, frozen=True, kw_only=True):
    """The command that receives a file; ``{address:x}`` is filled. ``chunk_size`` in bytes: what a retry costs."""

    command: str
    ready: str
    chunk_size: int


class Checksum(_Table, frozen=True, kw_only=True):
    """The command for the CRC-32 (IEEE 802.3, as zlib's) of RAM; ``{address:x}``, ``{length:x}``; ``pattern`` finds 8 digits."""

    command: str
    pattern: str


class Storage(_Table, frozen=True, kw_only=True):
    """Where the image goes, in blocks, and the commands; ``{address:x}``, ``{block:x}``, ``{count:x}`` are filled."""

    name: str
    select: str
    read: str
    write: str
    block_size: int
    first_block: int
    blocks: int
    seconds: float = 30.0


class Board(_Table, frozen=True, kw_only=True):
    """One kind of board. ``ask``: a person at a terminal is asked before its storage is overwritten."""

    title: str
    ask: bool = True
    console: ConsoleData
    identity: Identity
    memory: Memory
    transfer: Transfer
    checksum: Checksum
    storage: Storage


def names() -> list[str]:
    """Give the names of the boards that come with this package."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load(name: str) -> Board:
    """Read the board called ``name``, or a board's own file if ``name`` ends in ``.toml``.

    Raises BoardUnknown and BoardFileWrong.
    """
    path = Path(name) if name.endswith(".toml") else _FOLDER / f"{name}.toml"
    if path.suffix != ".toml" or (path.parent == _FOLDER and name not in names()):
        raise BoardUnknown(board=name, known=", ".join(names()))
    try:
        board = msgspec.toml.decode(path.read_bytes(), type=Board)
        _check(board)
    except OSError as error:
        raise BoardFileWrong(file=str(path), why=error.strerror or str(error)) from error
    except (msgspec.MsgspecError, ValueError, KeyError, IndexError, re.error) as error:
        raise BoardFileWrong(file=str(path), why=str(error)) from error
    return board


def _check(board: Board) -> None:
    """Find at once what would else show only at the bench. Raises ValueError, KeyError, IndexError, re.error."""
    size, block = board.transfer.chunk_size, board.storage.block_size
    if block <= 0 or size <= 0 or size % block:
        raise ValueError("transfer.chunk_size is not a multiple of storage.block_size")
    if abs(board.memory.load_address - board.memory.verify_address) < size:
        raise ValueError("memory.load_address and memory.verify_address are less than a chunk apart")
    board.transfer.command.format(address=0)
    board.checksum.command.format(address=0, length=0)
    for command in (board.storage.read, board.storage.write):
        command.format(address=0, block=0, count=0)
    for pattern in (board.identity.pattern, board.checksum.pattern):
        if re.compile(pattern).groups != 1:
            raise ValueError(f"{pattern!r} has not exactly one group")

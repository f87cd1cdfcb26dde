"""Everything that was asked of the card."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from simulators.card.apdu import Command, Refusal
from simulators.card.files import FORBIDDEN


class Exchange(msgspec.Struct, frozen=True):
    """One command that reached the card and the answer the reader saw, in hex; None if the card was pulled."""

    time: datetime
    command: str
    answer: str | None

    @property
    def forbidden(self) -> bool:
        """Say whether the command selects, even by a part of its name, an application of the individual number."""
        try:
            command = Command.parse(bytes.fromhex(self.command))
        except Refusal:
            return False
        if command.ins != 0xA4 or command.p1 != 0x04:
            return False
        return bool(command.data) and any(aid.startswith(command.data) for aid in FORBIDDEN)


class Recorder:
    """Keeps exchanges, PINs included, and writes them to a file, mode 0600, one JSON object a line."""

    def __init__(self, clock: Callable[[], datetime], file: Path | None = None) -> None:
        self.exchanges: list[Exchange] = []
        self._clock = clock
        self._file = None if file is None else os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def add(self, command: bytes, answer: bytes | None) -> None:
        """Keep an exchange."""
        exchange = Exchange(self._clock(), command.hex(), None if answer is None else answer.hex())
        self.exchanges.append(exchange)
        if self._file is not None:
            os.write(self._file, msgspec.json.encode(exchange) + b"\n")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    @property
    def commands(self) -> list[str]:
        """List the commands in hex."""
        return [exchange.command for exchange in self.exchanges]

    @property
    def forbidden(self) -> list[Exchange]:
        """List the exchanges that selected an application of the individual number."""
        return [exchange for exchange in self.exchanges if exchange.forbidden]

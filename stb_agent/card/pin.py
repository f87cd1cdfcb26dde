"""The four digits, held in one place and zeroed."""

from __future__ import annotations

from types import TracebackType
from typing import NoReturn, Self

from stb_agent.card.errors import PinFormat

LENGTH = 4
"""Digits of the user authentication PIN (J-LIS, 利用者証明用電子証明書の暗証番号)."""


class Pin:
    """Hold an entry in one bytearray that never grows, so that no copy is left behind when it is zeroed.

    Digits go in and out one at a time; nothing here makes a str of them. Leaving a ``with`` block zeroes it, and so
    does forgetting it: a card pulled in the middle of an entry drops the entry with its page.
    """

    __slots__ = ("_digits", "_length")

    def __init__(self) -> None:
        self._digits = bytearray(LENGTH)
        self._length = 0

    def append(self, digit: int) -> None:
        """Add a digit, 0 to 9. Raises PinFormat for anything else or for a fifth."""
        if self._length == LENGTH or not 0 <= digit <= 9:
            raise PinFormat
        self._digits[self._length] = 0x30 + digit
        self._length += 1

    def pop(self) -> None:
        """Take the last digit away; an empty entry stays empty."""
        if self._length:
            self._length -= 1
            self._digits[self._length] = 0

    def clear(self) -> None:
        """Zero the entry."""
        self._digits[:] = bytes(LENGTH)
        self._length = 0

    def write_to(self, buffer: bytearray) -> None:
        """Append the four ASCII digits to ``buffer``, which the caller zeroes. Raises PinFormat unless there are exactly four."""
        if self._length != LENGTH:
            raise PinFormat
        buffer += self._digits

    def __len__(self) -> int:
        return self._length

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def __del__(self) -> None:
        self.clear()

    def __repr__(self) -> str:
        return "<Pin>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Pin is not copied or stored")

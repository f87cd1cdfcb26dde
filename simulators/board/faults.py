"""Faults that a practice board can be given: ``--fault NAME`` or ``--fault NAME=VALUE``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Faults:
    """What is wrong with the board and its line. Byte counts are of bytes from the host since the start."""

    silent: bool = False
    """The board says nothing at all."""
    silent_after: int | None = None
    """It falls silent for good after so many bytes."""
    board: str = "chanoma-sim"
    """What ``printenv board_name`` says."""
    boots: bool = False
    """The autoboot cannot be stopped: it always starts Linux."""
    noise: float = 0.0
    """Probability that a byte, in either direction, has one bit changed."""
    cut: int | None = None
    """The connection is cut once, after so many bytes."""
    brownout: int | None = None
    """The board resets once, after so many bytes; RAM is lost."""
    ram_flip: bool = False
    """Each file received has one bit changed in RAM."""
    write_error: int | None = None
    """Writing this storage block fails."""
    read_error: int | None = None
    """Reading this storage block fails."""
    bit_flip: int | None = None
    """After each write of this storage block one of its bits is changed."""
    bit_flip_once: int | None = None
    """The same, at the first write alone."""


def parse(words: list[str]) -> Faults:
    """Read faults from the command line; numbers may be hexadecimal. Raises ValueError that names the known ones."""
    chosen: dict[str, Any] = {}
    known = {field.name.replace("_", "-"): field for field in fields(Faults)}
    for word in words:
        name, _, text = word.partition("=")
        field = known.get(name)
        if field is None:
            raise ValueError(f"no fault '{name}'; there are: {', '.join(known)}")
        if isinstance(field.default, bool):
            if text:
                raise ValueError(f"fault '{name}' takes no value")
            chosen[field.name] = True
        elif isinstance(field.default, float):
            chosen[field.name] = float(text)
        elif isinstance(field.default, str):
            chosen[field.name] = text
        else:
            chosen[field.name] = int(text, 0)
    return Faults(**chosen)

"""How what is personal is kept from others in the room: the same in configuration and among the household's settings."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

LockAfter = Annotated[int, Meta(ge=1, le=3600)]
"""Seconds."""


class Privacy(Struct, frozen=True, forbid_unknown_fields=True):
    """What happens while nobody looks.

    ``lock_after``: seconds without a key until what is personal is put away; ``warning``: for how many of them a warning stands, which any key takes
    away. WCAG 2.2, criterion 2.2.1, asks for 20 at the least; whoever reads slowly needs more. ``curtain``: private values are covered until the
    person asks for them; whoever lives alone may do without.
    """

    lock_after: LockAfter = 300
    warning: Annotated[int, Meta(ge=1, le=600)] = 60
    curtain: bool = True

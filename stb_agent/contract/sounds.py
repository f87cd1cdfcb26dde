"""Short sounds for what a key did: the same in configuration and on the UI's socket."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class Sounds(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whether a key is heard, and how loud: ``level`` in percent of the loudest. They go where ``[speech] output`` says."""

    on: bool = False
    level: Annotated[int, Meta(ge=1, le=100)] = 30

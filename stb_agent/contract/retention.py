"""How long a box remembers what was done."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Days = Annotated[int, Meta(ge=1, le=3660)]


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """Days that are kept of the audit trail, and of settled changes (``outbox``, receipts among them): a year and what one looks back from."""

    audit: Days = 400
    outbox: Days = 400

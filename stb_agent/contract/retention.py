"""How long a box remembers what was done."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Days = Annotated[int, Meta(ge=1, le=3660)]


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """Days that are kept: a year and what one looks back from.

    Of the audit trail, of settled changes (``outbox``, receipts among them), and of the cost ledger row by row, which is then summed by month.
    """

    audit: Days = 400
    outbox: Days = 400
    ledger: Days = 400

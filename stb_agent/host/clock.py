"""Time, passed in so that tests own it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

EARLIEST = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""Before this the box does not know the time yet: no real clock of it can stand earlier than the programme was written."""


class SystemClock:
    """The box's own clock."""

    def time(self) -> float:
        """Give the seconds since 1970 (UTC)."""
        return time.time()

    def known(self) -> bool:
        """Tell whether the box knows the time."""
        return self.time() >= EARLIEST

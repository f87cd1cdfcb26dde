"""How long no key came: pure, in monotonic seconds that are passed in."""

from __future__ import annotations

import math

from stb_agent.contract.privacy import Privacy


class Idle:
    """Count down to the lock from the last key on."""

    def __init__(self, privacy: Privacy, now: float) -> None:
        self.privacy = privacy
        self._since = now

    def stir(self, now: float) -> None:
        """Begin anew: a key came, or there is something to guard from now on."""
        self._since = now

    def left(self, now: float) -> int | None:
        """Give the whole seconds until the lock, at least 0, or None before the warning's time."""
        left = self._since + self.privacy.lock_after - now
        return None if left > self.privacy.warning else max(math.ceil(left), 0)

    def changes(self, now: float) -> float:
        """Give when `left` is another than now."""
        lock, left = self._since + self.privacy.lock_after, self.left(now)
        return lock - (self.privacy.warning if left is None else max(left - 1, 0))

"""What time it is by a server's own clock, learnt from the Date of its answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

from yarl import URL

Clock = Callable[[], float]
"""Seconds since the epoch, UTC."""
Origin = tuple[str, str | None, int | None]

PATIENCE = 15.0
"""Seconds from request to answer beyond which a Date tells too little."""


def origin(url: URL) -> Origin:
    """Give scheme, host and port (RFC 6454 §4)."""
    return url.scheme, url.host, url.port


class ServerTime:
    """How far each origin's clock is from the box's.

    A statement made for one server is judged by that server's clock, so it is dated by it: a box whose own clock is wrong is understood
    all the same. What one server says of the time is used towards that server only.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._skews: dict[Origin, float] = {}

    def learn(self, url: URL, headers: Mapping[str, str], sent: float, received: float) -> None:
        """Take the Date (RFC 9110 §6.6.1) of an answer that was asked for at ``sent`` and there at ``received``, by the box's clock.

        An answer out of a cache (``Age``, RFC 9111 §5.1) says nothing of now, nor does one that took long.
        """
        if "Age" in headers or not 0 <= received - sent <= PATIENCE:
            return
        try:
            # Whole seconds, cut off: on average the moment was half a second later.
            told = parsedate_to_datetime(headers.get("Date", "")).timestamp() + 0.5
        except (ValueError, OverflowError):
            return
        skew = told - (sent + received) / 2
        known = self._skews.get(origin(url), 0.0)
        if abs(skew - known) > 1.0 + (received - sent) / 2:  # less than that is the roundness of the Date and the way
            self._skews[origin(url)] = skew
        else:
            self._skews[origin(url)] = known

    def skew(self, url: URL) -> float | None:
        """Give the seconds that the server is ahead of the box, or None before its first Date."""
        return self._skews.get(origin(url))

    def now(self, url: URL) -> float:
        """Give the time by the clock of the server at ``url``; the box's own before its first Date."""
        return self._clock() + self._skews.get(origin(url), 0.0)

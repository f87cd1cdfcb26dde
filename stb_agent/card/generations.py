"""Which generations of J-LIS's authority issue households' cards today, and which of them a box does not know."""

from __future__ import annotations

from datetime import datetime

from stb_agent.card.certificate import Environment, Trust


def missing(trust: Trust, now: datetime) -> tuple[int, ...]:
    """Give the numbers of the generations that are in force and not among a box's authorities. ``now``: aware.

    Those that come with Chanoma are the measure: an operator's own set replaces them, and may lack one.
    """
    known = {one.key for one in trust.authorities}
    shipped = Trust.shipped(Environment.PRODUCTION).authorities
    return tuple(
        number
        for number, one in enumerate(shipped, 1)
        if one.key not in known and one.certificate.not_valid_before_utc <= now <= one.certificate.not_valid_after_utc
    )

"""When to come back after a failure, so that ten thousand boxes that failed together do not come back together."""

from __future__ import annotations

from stb_agent.cable_id.dpop import Random

SPREAD = 0.25
"""How much later than a platform asked (Retry-After, RFC 9110 §10.2.3), at the most: it asks every box that it turns away the same."""


def share(random: Random) -> float:
    """Draw a number from 0 to under 1, each as likely as another."""
    return int.from_bytes(random(7)) / 2**56


def asked_for(seconds: float, random: Random) -> float:
    """Give the seconds until a box comes back that was asked to come back after ``seconds``: never sooner, up to a quarter later."""
    return seconds * (1 + SPREAD * share(random))


def later(
    failed: int, *, first: float, longest: float, random: Random, asked: float | None = None, at_least: float = 0.0
) -> float:
    """Give the seconds until the next attempt after so many failures (from 1).

    Full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015): anything from ``at_least`` to ``first`` doubled with
    each further failure, ``longest`` at most; not sooner than the platform ``asked``, believed up to ``longest``.
    """
    step = min(first * 2.0 ** min(failed - 1, 16), longest)
    wait = at_least + share(random) * max(step - at_least, 0.0)
    return wait if asked is None else max(wait, asked_for(min(asked, longest), random))

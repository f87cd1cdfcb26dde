"""Properties that are tried for as long as there is time, and bytes that are nearly right."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_SETTINGS = settings(max_examples=500, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def fuzz(*strategies: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[[float], None]]:
    """Make a test of a property: searches with fresh randomness, one after another, until the test's share of time is over."""

    def decorate(check: Callable[..., None]) -> Callable[[float], None]:
        search = _SETTINGS(given(*strategies)(check))

        def test(share: float) -> None:
            until = time.monotonic() + share
            search()
            while time.monotonic() < until:
                search()

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return decorate


@st.composite
def nearly(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    """Draw bytes that are right but for a few edits: a byte changed, put in or taken out, a part cut, repeated or replaced."""
    data = bytearray(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data)))
        end = min(len(data), place + draw(st.sampled_from((1, 1, 1, 2, 3, 8, 100))))
        match draw(st.sampled_from(("change", "insert", "delete", "cut", "repeat"))):
            case "change":
                data[place:end] = draw(st.binary(min_size=end - place, max_size=end - place))
            case "insert":
                data[place:place] = draw(st.sampled_from((b"\0", b"\xff", b"\x80", b"\x84\xff\xff\xff\xff", b"0\x80")))
            case "delete":
                del data[place:end]
            case "cut":
                del data[place:]
            case "repeat":
                data[place:place] = data[place:end]
    return bytes(data)

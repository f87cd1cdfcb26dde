"""What stands in the frame by itself: nothing that must be acted on ends while it is true, and what ends asks for nothing."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from stb_agent.contract import words
from stb_agent.contract.appearance import ENGLISH, JAPANESE, SIMPLE, Appearance
from stb_agent.services.remote.known import Known
from stb_agent.services.remote.notices import FLEETING_S, Notices

_ASKS = re.compile(r"ください|\b[Pp]ress\b|\b[Cc]heck\b|\b[Cc]hange\b|\bPlease\b")
_REMOTES = (
    Known("a", "one", "bluetooth", 80),
    Known("b", "two", "bluetooth", 5),
    Known("c", "three", "infrared"),
    Known("s", "remote.sock", "socket"),
)
_EVENTS = st.tuples(st.booleans(), st.sampled_from(_REMOTES), st.floats(0, 20), st.booleans())


@given(st.lists(_EVENTS, max_size=20))
def test_what_ends_by_itself_asks_nobody_to_do_anything(events: list[tuple[bool, Known, float, bool]]) -> None:
    notices, now = Notices(), 0.0
    for comes, remote, after, shown in events:
        now += after
        if comes:
            notices.here(remote, now, shown=shown)
        else:
            notices.gone(remote.id, now, shown=shown)
        said = notices.word(now)
        if said is None or notices.word(now + FLEETING_S) == said:
            continue  # it stays for as long as it is true
        for language in (JAPANESE, SIMPLE, ENGLISH):
            text = words.render(said, Appearance(language=language))
            assert not _ASKS.search(text), text


def test_what_asks_is_found_out() -> None:
    """The words that the test above looks for are those with which the standing notices ask."""
    for code in ("asleep", "lost", "battery"):
        for language in (JAPANESE, SIMPLE, ENGLISH):
            text = words.text(f"remote.notice.{code}", Appearance(language=language))
            assert _ASKS.search(text), text

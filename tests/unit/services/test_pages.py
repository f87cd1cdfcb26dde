"""What every page of the services has to keep to."""

from __future__ import annotations

import pytest

from tests.support.pages import REAL

_CORE_S = frozenset({"back", "tv", "help", "voice", "rows"})
"""Intents that the core takes for itself: an item of that id would never reach its page."""


@pytest.mark.parametrize("name", REAL)
def test_no_item_bears_the_name_of_an_intent_that_is_the_core_s(name: str) -> None:
    ids = [item.id for item in REAL[name].items]
    assert not _CORE_S & set(ids)
    assert len(ids) == len(set(ids))

"""The curtain: private values of a view are covered until the person asks for them, and what is covered does not leave the agent."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from stb_agent.contract.text import word
from stb_agent.contract.views import Chart, Choice, Curtain, Detail, Item, Row, View

OPEN, SHUT = "uncover", "cover"
"""The intents."""


def curtained(view: View, *, open_: bool) -> View:
    """Give a view with what is private taken out of it and a button that asks for it, or with it and one that covers it; others as they are."""
    if not isinstance(view, Detail | Choice | Chart) or not _private(view):
        return view
    if open_:
        items = (*view.items, Item(SHUT, word("frame.curtain.shut")))
        return msgspec.structs.replace(view, items=items, curtain=Curtain.OPEN)
    ask = Item(OPEN, word("frame.curtain.open"), first=True)
    items = (ask, *(msgspec.structs.replace(item, first=False) for item in view.items))
    covered = msgspec.structs.replace(view, rows=tuple(_covered(view.rows)), items=items, curtain=Curtain.DRAWN)
    if isinstance(covered, Chart) and covered.private:
        return msgspec.structs.replace(covered, series=(), spreads=(), band=None)
    return covered


def _private(view: Detail | Choice | Chart) -> bool:
    return any(row.private for row in view.rows) or (isinstance(view, Chart) and view.private)


def _covered(rows: Iterable[Row]) -> Iterable[Row]:
    return (msgspec.structs.replace(row, value="") if row.private else row for row in rows)

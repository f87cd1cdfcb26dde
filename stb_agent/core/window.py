"""The window on a long list: what of it is sent at once."""

from __future__ import annotations

import msgspec

from stb_agent.contract.views import List, View

WINDOW = 400
"""The most items of a list that are sent at once: about 80 kB, and more pages than anyone leafs through without a pause."""


def windowed(view: View, start: int | None) -> View:
    """Give a long list as the window that begins at ``start``, or at first around the item that takes the focus; other views as they are."""
    if not isinstance(view, List) or len(view.items) <= WINDOW:
        return view
    if start is None:
        first = next((at for at, item in enumerate(view.items) if item.first), 0)
        start = max(first - WINDOW // 2, 0)
    start = min(start, len(view.items) - WINDOW)
    return msgspec.structs.replace(view, items=view.items[start : start + WINDOW], start=start, total=len(view.items))

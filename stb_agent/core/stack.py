"""The stack of pages that the person went through, and which of it survives a lock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from stb_agent.core.page import Page
from stb_agent.core.window import WINDOW


@dataclass(frozen=True)
class Slot:
    """A page's place on the stack; the number outlives the page's changes of state. ``start``: where the window on its long list begins."""

    id: int
    page: Page
    start: int | None = None


class Stack:
    """Slots, the bottom first. ``ids`` gives numbers that no other slot has or had."""

    def __init__(self, ids: Iterator[int], *pages: Page) -> None:
        self._ids = ids
        self._slots = tuple(Slot(next(ids), page) for page in pages)

    def __iter__(self) -> Iterator[Slot]:
        return iter(self._slots)

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def top(self) -> Slot:
        """Give the slot that lies above all others. Raises IndexError where there is none."""
        return self._slots[-1]

    def place(self, slot: Slot) -> int:
        """Give how many slots lie under one. Raises ValueError for a slot that is not here, or not any more."""
        return self._slots.index(slot)

    def push(self, page: Page) -> Slot:
        """Lay a page on top."""
        slot = Slot(next(self._ids), page)
        self._slots += (slot,)
        return slot

    def put(self, slot: Slot, page: Page, *, anew: bool = False) -> Slot:
        """Put a page in a slot. ``anew``: it is another page than before, and what was begun for that one finds nobody."""
        here = Slot(next(self._ids), page) if anew else replace(slot, page=page)
        place = self.place(slot)
        self._slots = (*self._slots[:place], here, *self._slots[place + 1 :])
        return here

    def cut(self, count: int) -> None:
        """Keep the lowest ``count`` slots."""
        self._slots = self._slots[:count]

    def sift(self, keep: Callable[[Page], bool]) -> None:
        """Keep the pages for which ``keep`` is true."""
        self._slots = tuple(slot for slot in self._slots if keep(slot.page))

    def look_at(self, number: int) -> None:
        """Move the window on the top page's long list, so that this item is about in its middle."""
        self._slots = (*self._slots[:-1], replace(self.top, start=max(number - WINDOW // 2, 0)))

    def lock(self, *, keep_place: bool) -> None:
        """Blank what is personal; without ``keep_place`` the stack ends under the first page that is personal or needs a person."""
        slots: list[Slot] = []
        for slot in self._slots:
            if not keep_place and (slot.page.personal or slot.page.needs.person):
                break
            slots.append(self._blanked(slot) if slot.page.personal else slot)
        self._slots = tuple(slots)

    def put_away(self, services: Collection[str]) -> None:
        """Blank the pages of these services."""
        self._slots = tuple(
            self._blanked(slot) if slot.page.personal and slot.page.needs.service in services else slot
            for slot in self._slots
        )

    def _blanked(self, slot: Slot) -> Slot:
        return Slot(next(self._ids), slot.page.blank())

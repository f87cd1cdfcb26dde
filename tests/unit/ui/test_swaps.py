"""What is drawn where buffers are copied or flipped: every picture shown is whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.focus import Box
from ui.swaps import DEEPEST, Due, Swap, judged

_W, _H = 8, 6
_boxes = st.builds(
    lambda x, y, w, h: Box(x, y, min(w, _W - x), min(h, _H - y)),
    st.integers(0, _W - 1),
    st.integers(0, _H - 1),
    st.integers(1, _W),
    st.integers(1, _H),
)
_changes = st.lists(st.none() | st.lists(_boxes, max_size=3), max_size=30)


class Chain:
    """Buffers that are shown in turn; what is drawn goes into the one that was shown longest ago. One alone: a swap copies."""

    def __init__(self, buffers: int) -> None:
        self._buffers = [[-1] * (_W * _H) for _ in range(buffers)]

    def draw(self, picture: list[int], boxes: list[Box] | None) -> list[int]:
        """Draw these parts of a picture; give what is shown after the swap."""
        back = self._buffers.pop(0)
        for box in [Box(0, 0, _W, _H)] if boxes is None else boxes:
            for y in range(int(box.y), int(box.bottom)):
                for x in range(int(box.x), int(box.right)):
                    back[y * _W + x] = picture[y * _W + x]
        self._buffers.append(back)
        return list(back)

    def tried(self, swaps: int) -> Swap:
        """Tell what a dot says, drawn in another shade each time."""
        ages = []
        for drawn in range(1, swaps + 1):
            self.draw([drawn] * (_W * _H), None)
            found = self._buffers[0][0]
            ages.append(drawn + 1 - found if found > 0 else 0)
        return judged(ages)


@pytest.mark.parametrize("buffers", range(1, 6))
def test_what_a_swap_leaves_is_told_from_the_dots(buffers: int) -> None:
    expected = Swap.COPIED if buffers == 1 else Swap.FLIPPED if buffers <= DEEPEST else Swap.UNKNOWN
    assert Chain(buffers).tried(2 * DEEPEST) is expected


@pytest.mark.parametrize("ages", [[], [0] * 6, [1, 1, 2, 3, 4, 4], [1, 2, 0, 0, 0, 0], [1, 1, 1, 1, 1, 0]])
def test_what_is_not_understood_is_drawn_whole(ages: list[int]) -> None:
    assert judged(ages) is Swap.UNKNOWN
    assert Due(Swap.UNKNOWN).draw([Box(0, 0, 1, 1)]) is None


@given(buffers=st.integers(1, 5), changes=_changes)
def test_every_picture_shown_is_the_whole_one(buffers: int, changes: list[list[Box] | None]) -> None:
    chain = Chain(buffers)
    due = Due(chain.tried(2 * DEEPEST))
    picture = [0] * (_W * _H)
    assert chain.draw(picture, None) == picture  # as the surface ends its trial
    for number, change in enumerate(changes, 1):
        for box in [Box(0, 0, _W, _H)] if change is None else change:
            for y in range(int(box.y), int(box.bottom)):
                for x in range(int(box.x), int(box.right)):
                    picture[y * _W + x] = number
        drawn = due.draw(change)
        assert chain.draw(picture, None if drawn is None else list(drawn)) == picture


def test_where_a_swap_copies_what_changed_is_enough() -> None:
    due, box = Due(Swap.COPIED), Box(1, 1, 2, 2)
    assert due.draw([box]) == [box]
    assert due.draw([]) == []


def test_where_buffers_are_flipped_the_last_three_changes_are_drawn() -> None:
    due, boxes = Due(Swap.FLIPPED), [Box(n, 0, 1, 1) for n in range(5)]
    drawn = [due.draw([box]) for box in boxes]
    assert drawn == [None, None, boxes[0:3], boxes[1:4], boxes[2:5]]

"""Japanese line breaking."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.lines import NOT_FIRST, NOT_LAST, ellipsis, wrap

_TEXT = st.text(alphabet="あいのカード健康記録を、。（）「」ーっ1234ab ", min_size=1, max_size=60)


def _em(text: str, size: int, bold: bool) -> float:
    return sum(size / 2 if char.isascii() else size for char in text)


@given(_TEXT, st.integers(6, 22))
def test_nothing_is_lost_and_nothing_is_wider_than_the_box(text: str, chars: int) -> None:
    lines = wrap(text, chars * 40, 40, False, _em)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(_em(line, 40, False) <= chars * 40 for line in lines)


@given(st.text(alphabet="あいのカド健康記録を、。（）", min_size=1, max_size=60), st.integers(8, 22))
def test_kinsoku_holds_wherever_it_can(text: str, chars: int) -> None:
    if any(char in NOT_FIRST | NOT_LAST and other in NOT_FIRST | NOT_LAST for char, other in itertools.pairwise(text)):
        return  # a run of marks may leave no lawful place
    lines = wrap(text, chars * 40, 40, False, _em)
    assert all(line[0] not in NOT_FIRST for line in lines[1:])
    assert all(line[-1] not in NOT_LAST for line in lines[:-1])


@pytest.mark.parametrize(
    ("text", "chars", "lines"),
    [
        ("カードをお持ちのご本人であることを確かめるため", 15, ("カードをお持ちの", "ご本人であることを確かめるため")),
        ("暗証番号が違います。もう一度入れてください。", 14, ("暗証番号が違います。", "もう一度入れてください。")),
        ("電話は0120-000-000まで", 9, ("電話は", "0120-000-000まで")),
        ("一行\n二行", 20, ("一行", "二行")),
    ],
)
def test_lines_end_where_phrases_do(text: str, chars: int, lines: tuple[str, ...]) -> None:
    assert wrap(text, chars * 40, 40, False, _em) == lines


def test_a_text_cut_short_says_so() -> None:
    assert ellipsis("中央公民館", 160, 40, False, _em) == "中央公…"

"""Japanese line breaking."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.lines import NOT_FIRST, NOT_LAST, ellipsis, joined, parted, wrap

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


@pytest.mark.parametrize("chars", range(10, 15))
def test_what_is_glued_stays_on_one_line(chars: int) -> None:
    date = "Fri\u00a020\u00a0November"
    assert any(date in line for line in wrap(f"Your place is kept ({date}) until then", chars * 40, 40, False, _em))


_WHOLES = st.sampled_from(
    (
        "11月25日（水）",
        "2026年11月25日",
        "令和8年11月25日",
        "昭和元年",
        "13:00",
        "9時30分",
        "0120-000-000",
        "0123-45-6789",
        "129mmHg",
        "129 mmHg",
        "1,200円",
        "36.5℃",
        "50％",
        "5.8%",
        "¥1,200",
        "12けた",
        "第2世代",
        "3丁目",
        "18歳",
        "75.5kg",
        "R8-0001",
        "health.unreachable",
        "HDMI-CEC",
        "https://www.jpki.go.jp/",
        "１２月３１日",
    )
)
_AROUND = st.text(alphabet="あいのカード健康記録をは、。", min_size=1, max_size=12).filter(lambda text: text[0] != "ー")
"""Without a ー at the beginning, which after digits is taken for a telephone number's dash."""


@given(st.lists(st.tuples(_AROUND, _WHOLES), min_size=1, max_size=4), st.integers(12, 22))
def test_numbers_with_units_dates_telephones_and_latin_words_stay_whole(
    parts: list[tuple[str, str]], chars: int
) -> None:
    text = "".join(before + whole for before, whole in parts) + "。"
    lines = wrap(text, chars * 40, 40, False, _em)
    for _, whole in parts:
        if _em(whole, 40, False) <= (chars - 2) * 40:  # with what must not be parted from it
            assert any(whole in line for line in lines), lines


@pytest.mark.parametrize("char", sorted(NOT_FIRST))
def test_what_may_not_begin_a_line_does_not(char: str) -> None:
    for chars in range(5, 12):
        lines = wrap("健康記録予約施設" + char + "会議室利用者", chars * 40, 40, False, _em)
        assert not [line for line in lines[1:] if line[0] == char], lines


@pytest.mark.parametrize("char", sorted(NOT_LAST))
def test_what_may_not_end_a_line_does_not(char: str) -> None:
    for chars in range(5, 12):
        lines = wrap("健康記録予約施設" + char + "会議室利用者", chars * 40, 40, False, _em)
        assert not [line for line in lines[:-1] if line[-1] == char], lines


@pytest.mark.parametrize("pair", ["……", "‥‥", "——", "――"])
def test_what_is_not_to_be_parted_is_not(pair: str) -> None:
    for chars in range(5, 12):
        lines = wrap("健康記録予約施設" + pair + "会議室利用者", chars * 40, 40, False, _em)
        assert any(pair in line for line in lines), lines


def test_what_is_longer_than_a_line_is_broken_all_the_same() -> None:
    lines = wrap("https://platform.example/a/very/long/address", 8 * 40, 40, False, _em)
    assert len(lines) > 1
    assert all(_em(line, 40, False) <= 8 * 40 for line in lines)


def test_a_text_cut_short_says_so() -> None:
    assert ellipsis("中央公民館", 160, 40, False, _em) == "中央公…"


@pytest.mark.parametrize("word", ["informações", "điện", "паспорт", "wasn’t"])
def test_a_word_of_another_language_is_not_parted(word: str) -> None:
    for chars in range(24, 40):
        lines = wrap(f"a {word} b {word} {word}", chars * 20, 40, False, _em)
        assert sum(line.split().count(word) for line in lines) == 3, lines


@pytest.mark.parametrize(
    ("text", "lines", "cut"),
    [
        ("サインインを選ぶ", ("サ", "インインを選ぶ"), True),
        ("カードを入れてください", ("カードを入れてくださ", "い"), False),  # no better place can be told
        ("カードを 入れてください", ("カードを 入れてくださ", "い"), True),
        ("カードを 入れてください", ("カードを", "入れてください"), False),
        ("Please wait", ("Plea", "se wait"), True),
        ("Please wait", ("Please", "wait"), False),
    ],
)
def test_a_word_cut_in_two_is_told(text: str, lines: tuple[str, ...], cut: bool) -> None:
    assert parted(text, lines) is cut


def test_a_break_is_undone_with_the_space_that_was_there() -> None:
    assert joined(("Show the", "graph", "予約", "する")) == "Show the graph予約する"

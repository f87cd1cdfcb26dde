"""The check digit of a contract number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.cable_id.contract_number import GROUPS, LENGTH, check
from stb_agent.cable_id.errors import ContractNumberMistyped


def holds(digits: str) -> bool:
    try:
        check(digits)
    except ContractNumberMistyped:
        return False
    return True


numbers = st.text("0123456789", min_size=9, max_size=9).map(
    lambda body: next(body + digit for digit in "0123456789" if holds(body + digit))
)


def test_worked_by_hand() -> None:
    """7 + (9·2=18→9) + 8 + (7·2→5) + 6 + (5·2→1) + 4 + (3·2) + 2 + (1·2) = 50."""
    assert sum(GROUPS) == LENGTH == 10
    assert holds("1234567897")
    assert not holds("1234567890")


@given(numbers, st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_is_always_told(number: str, place: int, by: int) -> None:
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    assert not holds(wrong)


@given(numbers, st.integers(0, 8))
def test_neighbours_swapped_are_told_but_for_09_and_90(number: str, place: int) -> None:
    pair = number[place : place + 2]
    swapped = number[:place] + pair[::-1] + number[place + 2 :]
    assert holds(swapped) == (pair[0] == pair[1] or pair in ("09", "90"))


@given(st.text("0123456789", min_size=9, max_size=9))
def test_exactly_one_digit_completes_a_number(body: str) -> None:
    assert sum(holds(body + digit) for digit in "0123456789") == 1


@pytest.mark.parametrize("typed", ["", "000000000", "00000000000", "00000000１8", "0000-00018", "²000000018"])
def test_anything_but_ten_digits(typed: str) -> None:
    assert not holds(typed)

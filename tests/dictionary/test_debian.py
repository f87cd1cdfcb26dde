"""The dictionaries that Debian has: ordinary words, people and places, in the files as they are."""

from __future__ import annotations

import pytest

from stb_agent.contract.config import Typing
from stb_agent.dictionary.dictionary import Dictionary, load


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    found, wrong = load(Typing().dictionaries)
    assert wrong == []
    return found


@pytest.mark.parametrize(
    ("reading", "word"),
    [
        ("かいぎ", "会議"),
        ("うちあわせ", "打ち合わせ"),
        ("がっしょう", "合唱"),
        ("けんこうたいそう", "健康体操"),
        ("しょうぎのかい", "将棋の会"),
        ("せつめいかい", "説明会"),
    ],
)
def test_what_a_hall_is_booked_for(dictionary: Dictionary, reading: str, word: str) -> None:
    assert word in [it.word for it in dictionary.words(reading)[:3]]


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        ("さとう", ("佐藤",)),
        ("さいとう", ("斎藤", "斉藤", "齋藤")),
        ("わたなべ", ("渡辺", "渡邊")),
        ("たなかはなこ", ("田中花子",)),
        ("よこはま", ("横浜",)),
        ("しおみだい", ("潮見台",)),
    ],
)
def test_people_and_places(dictionary: Dictionary, reading: str, words: tuple[str, ...]) -> None:
    assert set(words) <= {it.word for it in dictionary.names(reading)[:6]}

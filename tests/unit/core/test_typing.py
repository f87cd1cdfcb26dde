"""Typing a text: by the screen's keys, by the remote's, and whatever comes in whatever order."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.contract.keyboards import SPACE, Candidate, Letters, changes, keyboard
from stb_agent.core.typing import Typing, fitted

MOST = 12


def remote(keys: str, letters: Letters = Letters.HIRAGANA) -> Typing:
    """Press keys of the remote: ``*`` is its 11, ``#`` its 12, a blank a pause."""
    typing, before = Typing(letters=letters), ""
    for key in keys:
        if key != " ":
            typing = typing.press({"*": "11", "#": "12"}.get(key, key), MOST, again=key == before)
        before = key
    return typing


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("1", "あ"),
        ("11", "い"),
        ("1 1", "ああ"),
        ("11111111111", "あ"),
        ("2*", "が"),
        ("6*6*6**", "ばばぱ"),
        ("444*", "っ"),
        ("444**", "づ"),
        ("8*", "ゃ"),
        ("00044", "んち"),
        ("41555222*", "たあぬぐ"),
        ("#", "、"),
        ("*", ""),
    ],
)
def test_the_remote_writes_as_a_telephone_does(keys: str, text: str) -> None:
    assert remote(keys).text == text


def test_other_letters_have_the_same_keys() -> None:
    assert remote("2*", Letters.KATAKANA).text == "ガ"
    assert remote("222 2*", Letters.LATIN).text == "cA"
    assert remote("0120", Letters.DIGITS).text == "0120"
    assert remote("11", Letters.DIGITS).text == "1", "a digit that is turned is itself"
    assert remote("5", Letters.SIGNS).text == ""


def test_what_was_changed_is_not_turned_any_more() -> None:
    changed = Typing().press("2", MOST, again=False).press("11", MOST, again=False)
    assert changed.press("2", MOST, again=True).text == "がか"


def test_every_sound_has_a_key_on_the_screen_and_on_the_remote() -> None:
    for letters in (Letters.HIRAGANA, Letters.KATAKANA):
        board = keyboard(letters)
        screen = "".join(board.rows)
        given_ = "".join(board.keys.values())
        kana = [char for char in screen if unicodedata.name(char).startswith(f"{letters.upper()} LETTER ")]
        assert len(kana) == 46
        assert set(kana) <= set(given_)
        voiced = {
            chr(at)
            for at in range(ord(screen[0]) - 1, ord(screen[0]) + 0x55)
            if unicodedata.name(chr(at)).startswith(f"{letters.upper()} LETTER ")
        } - set("ゐゑヰヱゕゖヵヶ")
        assert voiced <= set(kana) | set(changes())
    for letters in Letters:
        board = keyboard(letters)
        assert {len(row) for row in board.rows} == {10}
        assert len(board.rows) == 5
        assert len(set("".join(board.rows))) == 50


@given(st.sampled_from(sorted(changes())))
def test_a_change_comes_round_again(char: str) -> None:
    seen = [char]
    while (following := changes()[seen[-1]]) != char:
        seen.append(following)
    assert len(seen) in (2, 3)


def test_a_reading_becomes_words_from_the_front() -> None:
    typing = Typing().typed("やまだ", MOST).typed("はなこ", MOST)
    assert typing.kana == "やまだはなこ"
    typing = typing.take(Candidate("山田", 3), MOST)
    assert (typing.text, typing.kana) == ("山田はなこ", "はなこ")
    typing = typing.take(Candidate("花子", 3), MOST)
    assert (typing.text, typing.kana) == ("山田花子", "")
    assert typing.typed(SPACE, MOST).typed("の", MOST).kana == "の"
    assert Typing().typed("かい", 3).take(Candidate("十二支会", 2), 3).text == "かい", "no room: nothing is lost"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("東京", "東"),
        ("か\u3099", ""),
        ("葛\U000e0100", ""),
        ("a👩‍👩‍👧", "a"),
        ("👍🏽", ""),
        ("🇯🇵🇫🇷", "🇯🇵"),
        ("a🇯🇵", "a"),
        ("", ""),
    ],
)
def test_erasing_takes_what_a_person_sees_as_one(text: str, left: str) -> None:
    assert Typing(text).erase().text == left


@given(st.text(max_size=40), st.integers(min_value=0, max_value=20))
def test_what_comes_from_elsewhere_becomes_a_line_that_can_be_erased(text: str, most: int) -> None:
    line = fitted(text, most)
    assert len(line) <= most
    assert all(char.isprintable() or char in (SPACE, "\u200d") for char in line)
    assert fitted(line, most) == line
    typing = Typing(line)
    for _ in line:
        typing = typing.erase()
    assert typing.text == ""


acts = st.one_of(
    st.tuples(st.just("key"), st.text(max_size=3) | st.sampled_from(["か", "は", "つ", "A", SPACE])),
    st.tuples(st.just("press"), st.sampled_from(["1", "6", "4", "0", "11", "12"]), st.booleans()),
    st.tuples(st.just("change")),
    st.tuples(st.just("erase")),
    st.tuples(st.just("letters"), st.sampled_from(Letters)),
    st.tuples(st.just("take"), st.text(max_size=4), st.integers(min_value=1, max_value=4)),
)


@given(st.lists(acts, max_size=60))
def test_no_key_loses_what_was_typed_or_goes_past_the_limit(sequence: list[tuple[object, ...]]) -> None:
    typing = Typing()
    for act in sequence:
        before = typing
        match act:
            case ("key", str(added)):
                typing = before.typed(added, MOST)
                assert typing.text in (before.text, before.text + added)
            case ("press", str(key), bool(again)):
                typing = before.press(key, MOST, again=again)
                kept = before.text[:-1] if key == "11" or (again and key == before.turning) else before.text
                assert typing.text.startswith(kept)
                assert len(typing.text) - len(before.text) in (0, 1)
            case ("change",):
                typing = before.change()
                assert (typing.text[:-1], len(typing.text)) == (before.text[:-1], len(before.text))
            case ("erase",):
                typing = before.erase()
                assert before.text.startswith(typing.text)
                assert len(typing.text) < len(before.text) or not before.text
            case ("letters", Letters() as letters):
                typing = before.write_with(letters)
                assert (typing.text, typing.kana) == (before.text, before.kana)
            case ("take", str(word), int(used)) if used <= before.reading:
                typing = before.take(Candidate(word, used), MOST)
                settled = before.text[: len(before.text) - before.reading]
                assert typing.text in (before.text, settled + word + before.kana[used:])
        assert len(typing.text) <= MOST
        assert typing.text.endswith(typing.kana)
        assert all("ぁ" <= char <= "ゖ" or char == "ー" for char in typing.kana)

"""Japanese numbers as they are read, with the counters that change their sound: for an engine that reads kana and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

_ONES = ("", "いち", "に", "さん", "よん", "ご", "ろく", "なな", "はち", "きゅう")
_HUNDREDS = {1: "ひゃく", 3: "さんびゃく", 6: "ろっぴゃく", 8: "はっぴゃく"}
_THOUSANDS = {1: "せん", 3: "さんぜん", 8: "はっせん"}
_DAYS = {
    1: "ついたち", 2: "ふつか", 3: "みっか", 4: "よっか", 5: "いつか", 6: "むいか", 7: "なのか", 8: "ようか", 9: "ここのか", 10: "とおか",
    14: "じゅうよっか", 20: "はつか", 24: "にじゅうよっか",
}  # fmt: skip
_SHORT = {1: "いっ", 6: "ろっ", 8: "はっ", 0: "じゅっ"}
"""Before k and p: the last digit, 0 for ten."""
_KANJI = re.compile(r"[\u3400-\u9fff々]")
_TIED = frozenset({"助詞", "助動詞"})
"""Parts of speech that are said in one breath with the word before them (IPA dictionary)."""
_PLAIN: dict[int, str] = {}
_COUNTERS: dict[str, tuple[str, dict[int, str]]] = {
    "番め": ("ばんめ", _PLAIN),
    "番": ("ばん", _PLAIN),
    "時間": ("じかん", {4: "よ", 7: "しち", 9: "く"}),
    "時": ("じ", {4: "よ", 7: "しち", 9: "く"}),
    "月": ("がつ", {4: "し", 7: "しち", 9: "く"}),
    "年": ("ねん", {4: "よ"}),
    "円": ("えん", {4: "よ"}),
    "回": ("かい", _SHORT),
    "件": ("けん", _SHORT),
    "個": ("こ", _SHORT),
    "階": ("かい", _SHORT),
    "項目": ("こうもく", _SHORT),
    "けた": ("けた", {1: "ひと", 2: "ふた", **{digit: short for digit, short in _SHORT.items() if digit != 1}}),
    "ページ": ("ページ", {0: "じゅっ"}),
    "丁目": ("ちょうめ", {1: "いっ", 8: "はっ", 0: "じゅっ"}),
    "歳": ("さい", {1: "いっ", 8: "はっ", 0: "じゅっ"}),
    "文字": ("もじ", {1: "ひと", 2: "ふた"}),
    "人": ("にん", {4: "よ"}),
    "秒": ("びょう", _PLAIN),
}
_MINUTE = {1: "いっぷん", 3: "さんぷん", 4: "よんぷん", 6: "ろっぷん", 8: "はっぷん", 0: "じゅっぷん"}
_NUMBER = re.compile(
    r"(\d+)(?:\.(\d+))?(" + "|".join(sorted(("日", "分", "か月", *_COUNTERS), key=len, reverse=True)) + ")?"
)


def parts(text: str, known: Mapping[str, str] = MappingProxyType({})) -> Iterator[tuple[str, bool]]:
    """Give a text in parts: what is in kana as it is said (True: numbers with what they count, ``known`` words), and what stands between (False)."""
    if not known:
        yield from _numbers(text)
        return
    words = re.compile("|".join(re.escape(word) for word in sorted(known, key=len, reverse=True)))
    at = 0
    for found in words.finditer(text):
        yield from _numbers(text[at : found.start()])
        yield known[found[0]], True
        at = found.end()
    yield from _numbers(text[at:])


def _numbers(text: str) -> Iterator[tuple[str, bool]]:
    at = 0
    for found in _NUMBER.finditer(text):
        if between := text[at : found.start()]:
            yield between, False
        yield _counted(int(found[1]), found[2] or "", found[3] or ""), True
        at = found.end()
    if rest := text[at:]:
        yield rest, False


def number(value: int) -> str:
    """Give a number from 0 to 99,999,999 in kana; a greater one digit by digit."""
    if value == 0:
        return "ゼロ"
    if value >= 10**8:
        return "".join(_ONES[int(digit)] or "ゼロ" for digit in str(value))
    if value >= 10**4:
        return number(value // 10**4) + "まん" + (number(value % 10**4) if value % 10**4 else "")
    thousands, hundreds, tens, ones = (value // 10**power % 10 for power in (3, 2, 1, 0))
    said = _THOUSANDS.get(thousands, _ONES[thousands] + "せん") if thousands else ""
    said += _HUNDREDS.get(hundreds, _ONES[hundreds] + "ひゃく") if hundreds else ""
    if tens:
        said += ("" if tens == 1 else _ONES[tens]) + "じゅう"
    return said + _ONES[ones]


def hiragana(text: str) -> str:
    """Give katakana as hiragana."""
    return "".join(chr(ord(letter) - 0x60) if "ァ" <= letter <= "ヶ" else letter for letter in text)


def spaced(answer: str) -> str:
    """Give MeCab's words as hiragana, with a space before each that is said by itself; a kanji that it does not know is left out."""
    said = ""
    for token in answer.split():
        part, _, kana = token.partition(",")
        said += kana if part in _TIED or not said else " " + kana
    return _KANJI.sub("", hiragana(said).replace("ゔ", "ぶ"))


def _counted(value: int, fraction: str, counter: str) -> str:
    if fraction:
        return number(value) + "てん" + "".join(_ONES[int(it)] or "ゼロ" for it in fraction) + counter
    if counter == "日":
        return _DAYS.get(value, number(value) + "にち")
    if counter == "分":
        return _ended(value, _MINUTE) if _changes(value, _MINUTE) else number(value) + "ふん"
    if counter == "か月":
        return (_ended(value, _SHORT) if _changes(value, _SHORT) else number(value)) + "かげつ"
    if counter not in _COUNTERS:
        return number(value)
    kana, ends = _COUNTERS[counter]
    if counter == "人" and value in (1, 2):
        return ("ひとり", "ふたり")[value - 1]
    if counter in ("けた", "文字") and value > 2:
        ends = {digit: end for digit, end in ends.items() if digit not in (1, 2)}
    return (_ended(value, ends) if _changes(value, ends) else number(value)) + kana


def _changes(value: int, ends: dict[int, str]) -> bool:
    return value % 10 in ends and (value % 10 != 0 or value % 100 > 0)


def _ended(value: int, ends: dict[int, str]) -> str:
    """Give a number whose last digit, or ten, sounds otherwise."""
    last = value % 10
    if last == 0:
        return number(value).removesuffix("じゅう") + ends[0]
    return (number(value - last) if value > last else "") + ends[last]

"""From what is read to what is heard: signs get names, numbers are grouped as one says them, codes are spelled."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

Say = Callable[..., str]
"""Gives the text of a code, filled with what is named."""

_SIGNS = {
    "○": "circle", "×": "cross", "✓": "check", "↑": "up", "↓": "down", "←": "left", "→": "right", "▲": "up", "▼": "down",
    "〜": "until", "~": "until", "%": "percent",
}  # fmt: skip
_KEYS = {"、": "comma", "。": "stop", "ー": "long", "・": "middle", "\u3000": "space"}
_SMALL = str.maketrans("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ", "あいうえおつやゆよわアイウエオツヤユヨワ")
_SPELLED = {".": "dot", "_": "underline", "-": "hyphen"}
_RUBY = re.compile(r"\{([^{}|]+)\|([^{}|]+)\}")
_PHONE = re.compile(r"(?<![\d-])0\d{1,4}-\d{1,4}-\d{3,4}(?![\d-])")
_MARKED = re.compile(r"(?<![A-Za-z0-9-])(?=[A-Z0-9-]*[A-Z])(?=[A-Z0-9-]*\d)[A-Z0-9]+(?:-[A-Z0-9]+)+(?![A-Za-z0-9-])")
"""A number as forms have it: R8-0001."""
_LONG = re.compile(r"(?<!\d)(?:0\d+|\d{7,})(?!\d)")
"""A number that is none: it begins with 0, or nobody would say it in thousands."""
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_TIME = re.compile(r"(?<![\d:])(\d{1,2}):(\d{2})(?![\d:])")
_WEEKDAY = re.compile(r"\(([月火水木金土日])\)")
_WEEKDAYS = "月火水木金土日"
_ADDRESS = re.compile(r"(?<=\d)-(?=\d)")
_CAPITALS = re.compile(r"(?<![A-Za-z])[A-Z]{2,}(?![A-Za-z])")
_CLOSED = re.compile(r"[」』)](?=[ぁ-ん])")
"""A bracket before a particle, which is said in one breath with what it follows."""
_PAUSES = re.compile(r"[「」『』()\[\]【】・/|\s]+")
_BEFORE = re.compile(r"[, ]+([.,?!])")
_ENDS = re.compile(r"[、,]*([。？！?!])[、,。]*")


def plain(text: str, say: Say) -> str:
    """Give a text as it is said; ``say`` gives the names of signs, digits and letters (``speech.…``)."""
    text = _RUBY.sub(r"\2", text)
    text = unicodedata.normalize("NFKC", text)
    text = _PHONE.sub(lambda it: "、".join(digits(part, say) for part in it[0].split("-")), text)
    text = _MARKED.sub(lambda it: spelled(it[0], say), text)
    text = _THOUSANDS.sub("", text)
    text = _TIME.sub(lambda it: _time(int(it[1]), int(it[2]), say), text)
    text = _LONG.sub(lambda it: digits(it[0], say), text)
    text = _WEEKDAY.sub(lambda it: "、" + say(f"speech.weekday.{_WEEKDAYS.index(it[1]) + 1}"), text)
    text = _ADDRESS.sub(say("speech.sign.address"), text)
    text = text.replace("mmHg", say("speech.sign.mmhg"))
    text = _CAPITALS.sub(lambda it: "".join(say(f"speech.letter.{letter.lower()}") for letter in it[0]), text)
    for sign, name in _SIGNS.items():
        text = text.replace(sign, say(f"speech.sign.{name}"))
    text = _CLOSED.sub("", text)
    text = re.sub("、{2,}", "、", _PAUSES.sub(_pause, text))
    return _BEFORE.sub(r"\1", _ENDS.sub(r"\1", text)).strip("、, ")


def digits(number: str, say: Say) -> str:
    """Give digits one by one."""
    names = [say(f"speech.digit.{digit}") for digit in number if digit.isdigit()]
    return ("" if _japanese("".join(names)) else " ").join(names)


def grouped(number: str, size: int, say: Say) -> str:
    """Give digits one by one, with a pause after each group."""
    return "、".join(digits(number[at : at + size], say) for at in range(0, len(number), size))


def spelled(code: str, say: Say) -> str:
    """Give a code letter by letter, its signs too, with a pause after each."""
    parts = []
    for letter in code:
        if letter in _SPELLED:
            parts.append(say(f"speech.sign.{_SPELLED[letter]}"))
        elif letter.isdigit() and letter.isascii():
            parts.append(say(f"speech.digit.{letter}"))
        elif letter.isalpha() and letter.isascii():
            parts.append(say(f"speech.letter.{letter.lower()}"))
        else:
            parts.append(letter)
    return "、".join(parts)


def character(char: str, say: Say) -> str:
    """Give one character as a key of it is called."""
    if char in _KEYS:
        return say(f"speech.key.{_KEYS[char]}")
    big = char.translate(_SMALL)
    if big != char:
        return say("speech.key.small", letter=big)
    if char.isascii() and char.isupper():
        return say("speech.key.capital", letter=spelled(char, say))
    return plain(spelled(char, say), say) or char


def _pause(gap: re.Match[str]) -> str:
    """Give what stands for a space or a bracket: beside Japanese, and between its numbers, a pause; a space between other words is none."""
    around = gap.string[max(gap.start() - 1, 0) : gap.start()] + gap.string[gap.end() : gap.end() + 1]
    if _japanese(around) or (around.isdigit() and _japanese(gap.string)):
        return "、"
    return " " if gap[0].isspace() else ", "


def _time(hour: int, minute: int, say: Say) -> str:
    code = "speech.time" if minute >= 10 else "speech.early" if minute else "speech.hour"
    return say(code, hour=hour, minute=minute)


def _japanese(text: str) -> bool:
    """Tell whether a text has kana or kanji, where a pause is no space."""
    return any("\u3040" <= letter <= "\u9fff" for letter in text)

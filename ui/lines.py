"""Japanese line breaking: 禁則 as in JIS X 4051 (no line begins with 。 or ends with 「), and phrases kept together where it costs little."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

Measure = Callable[[str, int, bool], float]
"""Width in px of a text at a size, regular or bold."""

# JIS X 4051: characters not allowed at a line's start, and at its end.
NOT_FIRST = frozenset(
    "、。，．・：；？！?!,.:;)]}」』）】〉》〕］｝’”ー々ゝゞ…‥％%円℃ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ〜～"
)
NOT_LAST = frozenset("「『（【〈《〔［｛([{‘“")
_SPACES = " 　"
_SENTENCE = frozenset("。！？　\n")
_COMMA = frozenset("、，」』）】 ")
_HONORIFIC = frozenset("ごお")
# What a break costs beside a line left short (which costs the square of the part that stays empty).
_AFTER_SENTENCE, _AFTER_COMMA, _PHRASE, _WORD, _ANYWHERE = 0.0, 0.03, 0.12, 0.3, 0.6
_ONE_MORE_LINE = 100.0


def enlarged(measure: Measure, by: float) -> Measure:
    """Give the measure of a design that is drawn so many times as large: in its px, as wide as it will be on the screen."""
    if by == 1:
        return measure
    return lambda text, size, bold: measure(text, round(size * by), bold) / by


def wrap(text: str, width: float, size: int, bold: bool, measure: Measure) -> tuple[str, ...]:
    """Break ``text`` into the fewest lines no wider than ``width`` px, at the ends of phrases and about equally long."""
    return tuple(line for paragraph in text.split("\n") for line in _paragraph(paragraph, width, size, bold, measure))


def ellipsis(line: str, width: float, size: int, bold: bool, measure: Measure) -> str:
    """Cut ``line`` to ``width`` px with … at its end."""
    while line and measure(line + "…", size, bold) > width:
        line = line[:-1]
    return line + "…"


def _paragraph(text: str, width: float, size: int, bold: bool, measure: Measure) -> list[str]:
    text = text.strip(_SPACES)
    widths = [measure(char, size, bold) for char in text]
    if sum(widths) <= width:
        return [text]
    # best[end] = (cost of the lines up to end, where the last of them starts)
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(text) + 1):
        choice = (float("inf"), end - 1)
        last = end == len(text)
        price = 0.0 if last else _price(text, end)
        used = 0.0
        for start in range(end - 1, -1, -1):
            used += 0 if start == end - 1 and text[start] in _SPACES else widths[start]
            if used > width and start < end - 1:
                break
            slack = max(width - used, 0) / width
            cost = best[start][0] + price + _ONE_MORE_LINE + slack * slack * (0.2 if last else 0.6)
            choice = min(choice, (cost, start))
        best.append(choice)
    lines, end = [], len(text)
    while end > 0:
        start = best[end][1]
        lines.append(text[start:end].strip(_SPACES))
        end = start
    return lines[::-1]


def _price(text: str, at: int) -> float:
    """Give what a break before ``text[at]`` costs; dear where 禁則 forbids it or a number or foreign word would be cut."""
    before, after = text[at - 1], text[at]
    if (_wordlike(before) and _wordlike(after)) or after in NOT_FIRST or before in NOT_LAST or after in _SPACES:
        return _ONE_MORE_LINE * 3
    if before in _SENTENCE:
        return _AFTER_SENTENCE
    if before in _COMMA or after in NOT_LAST:
        return _AFTER_COMMA
    left, right, following = _script(before), _script(after), _script(text[at + 1 : at + 2])
    if (
        left == "HIRAGANA"
        and before not in _HONORIFIC
        and (right != left or (after in _HONORIFIC and following == "CJK"))
    ):
        return _PHRASE
    return _WORD if {left, right} == {"KATAKANA", "CJK"} else _ANYWHERE


def _wordlike(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char in "-_/.:,'")


def _script(char: str) -> str:
    return unicodedata.name(char, "").split(" ")[0].split("-")[0] if char else ""

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
_CLOSERS = frozenset("、。，．！？」』）】　 ")
_SPACES = " 　"


def wrap(text: str, width: float, size: int, bold: bool, measure: Measure) -> tuple[str, ...]:
    """Break ``text`` into lines no wider than ``width`` px, the lines of a paragraph about equally long."""
    return tuple(line for paragraph in text.split("\n") for line in _balanced(paragraph, width, size, bold, measure))


def ellipsis(line: str, width: float, size: int, bold: bool, measure: Measure) -> str:
    """Cut ``line`` to ``width`` px with … at its end."""
    while line and measure(line + "…", size, bold) > width:
        line = line[:-1]
    return line + "…"


def _balanced(text: str, width: float, size: int, bold: bool, measure: Measure) -> list[str]:
    widths = [measure(char, size, bold) for char in text]
    if sum(widths) <= width:
        return [text.strip(_SPACES)]
    lines = _greedy(text, widths, width)
    # The narrowest column that needs no more lines: the last line is not left with one lonely character.
    low, high = width / 2, width
    while high - low > size:
        middle = (low + high) / 2
        tried = _greedy(text, widths, middle)
        if len(tried) <= len(lines) and all(line for line in tried):
            high, lines = middle, tried
        else:
            low = middle
    return lines


def _greedy(text: str, widths: list[float], width: float) -> list[str]:
    lines, start = [], 0
    while start < len(text):
        end, used = start, 0.0
        while end < len(text) and used + widths[end] <= width:
            used += widths[end]
            end += 1
        if end < len(text):
            end = _break_before(text, start, max(end, start + 1))
        lines.append(text[start:end].strip(_SPACES))
        start = end
        while start < len(text) and text[start] in _SPACES:
            start += 1
    return lines


def _break_before(text: str, start: int, end: int) -> int:
    """Give where to break at or before ``end``: at a phrase in the line's last third, else wherever it is allowed."""
    for at in range(end, start + (end - start) * 2 // 3, -1):
        if _allowed(text, at) and _phrase(text, at):
            return at
    for at in range(end, start, -1):
        if _allowed(text, at):
            return at
    return end


def _allowed(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    word = _wordlike(before) and _wordlike(after)
    return not word and after not in NOT_FIRST and before not in NOT_LAST


def _wordlike(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char in "-_/.:,'")


def _phrase(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    return before in _CLOSERS or after in NOT_LAST or (_script(before) == "HIRAGANA" and _script(after) != "HIRAGANA")


def _script(char: str) -> str:
    return unicodedata.name(char, "").split(" ")[0]

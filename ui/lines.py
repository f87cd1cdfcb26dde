"""Japanese line breaking: the classes of JIS X 4051 as JLREQ lists them (its appendix A), and phrases kept together where it costs little.

Forbidden is a line that begins with 。 or ends with 「, a break between …… and inside a number with its unit, a date, a time, a telephone
number or a word of Latin letters. Marks do not hang into the margin (ぶら下げ): a television's safe area is no margin.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Callable, Sequence

Measure = Callable[[str, int, bool], float]
"""Width in px of a text at a size, regular or bold."""

# JLREQ's classes, full-width and ASCII forms.
_OPENING = "‘“（〔［｛〈《「『【⦅｟〘〖«〝([{"  # cl-01
_CLOSING = "’”）〕］｝〉》」』】⦆｠〙〗»〟)]}"  # cl-02
_HYPHENS = "‐〜～゠–-"  # cl-03
_DIVIDING = "！？‼⁇⁈⁉!?"  # cl-04
_MIDDLE = "・：；:;"  # cl-05
_FULL_STOPS = "。．."  # cl-06
_COMMAS = "、，,"  # cl-07
_INSEPARABLE = "—―…‥〳〴〵"  # cl-08
_ITERATION = "ヽヾゝゞ々〻"  # cl-09
_LONG = "ー"  # cl-10
_SMALL = "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ"  # cl-11
_PREFIXED = "¥￥$＄£￡#＃€№"  # cl-12
_POSTFIXED = "°′″℃％%¢￠‰㏋ℓ㌃㌍㌔㌘㌢㌣㌦㌧㌫㌶㌻㍉㍊㍍㍑㍗㎎㎏㎜㎝㎞㎡㏄"  # cl-13
# Combining: on the character before them.
_COMBINING = "\u3099\u309a゛゜"

NOT_FIRST = frozenset(
    _CLOSING
    + _HYPHENS
    + _DIVIDING
    + _MIDDLE
    + _FULL_STOPS
    + _COMMAS
    + _ITERATION
    + _LONG
    + _SMALL
    + _POSTFIXED
    + _COMBINING
    + "…‥"
)
"""Not at a line's start (行頭禁則); the classes of 3.1.7, and … and ‥, which end what was said."""
NOT_LAST = frozenset(_OPENING + _PREFIXED)
"""Not at a line's end (行末禁則)."""
_LETTERS = "A-Za-zＡ-Ｚａ-ｚÀ-ɏЀ-ӿḀ-ỿ"
"""Of words: Latin, with the accents of any language, and Cyrillic."""
_NUMBER = r"[0-9０-９]+(?:[.,．，][0-9０-９]+)*"
_UNITS = (
    "mmHg|mg/dL|[a-zA-Zμ]+(?:/[a-zA-Z]+)?|年度|年間|年|か月|カ月|ヶ月|月|週間|日間|日|時間|時|分|秒|歳|才|円|万円|人|名|個|件|回|階|丁目|番地|番|号室|号|"
    "けた|桁|字|文字|枚|度|点|台|つ|本|冊|部|級|キロ|メートル|グラム|リットル|パーセント|ページ|行|世代"
)
_WHOLE = re.compile(
    # a date, with its era and weekday; a time; a telephone or contract number; a number with its unit; a Latin word, an address
    rf"(?:(?:令和|平成|昭和|大正|明治)?(?:{_NUMBER}|元)年)?{_NUMBER}月{_NUMBER}日(?:（[月火水木金土日](?:曜日?)?）)?"
    rf"|(?:令和|平成|昭和|大正|明治)(?:{_NUMBER}|元)年"
    rf"|[0-9０-９]{{1,2}}[:：][0-9０-９]{{2}}|(?:午前|午後)?{_NUMBER}時(?:{_NUMBER}分|半)"
    r"|[0-9０-９]+(?:[-‐－ー][0-9０-９]+)+"
    rf"|第?{_NUMBER} ?(?:{_UNITS})"
    rf"|{_NUMBER}"
    rf"|[{_LETTERS}0-9_~/.:@#?=&+%'’-]*[{_LETTERS}0-9/]"
)
_CUT = re.compile(rf"[{_LETTERS}]{{2}}|[ァ-ヺー]{{2}}")
"""What stands on either side of a break in the middle of a word."""
_JAPANESE = "ぁ-ゖァ-ヺー々一-鿿"
_SPACED = re.compile(f"[{_JAPANESE}。、] [{_JAPANESE}]")
_CUT_SPACED = re.compile(rf"{_CUT.pattern}|[{_JAPANESE}]{{2}}")
_SPACES = " 　"
_GLUE = "\u00a0"
"""Keeps what is on either side of it on one line (UAX #14, class GL): a date's parts."""
_SENTENCE = frozenset("。！？　\n")
_COMMA = frozenset("、，」』）】 ")
_HONORIFIC = frozenset("ごお")
# What a break costs beside a line left short (which costs the square of the part that stays empty).
_AFTER_SENTENCE, _AFTER_COMMA, _PHRASE, _WORD, _ANYWHERE, _IN_WORD = 0.0, 0.03, 0.12, 0.3, 0.6, 1.2
_ONE_MORE_LINE = 100.0
_FORBIDDEN = 3 * _ONE_MORE_LINE


def enlarged(measure: Measure, by: float) -> Measure:
    """Give the measure of a design that is drawn so many times as large: in its px, as wide as it will be on the screen."""
    if by == 1:
        return measure
    return lambda text, size, bold: measure(text, round(size * by), bold) / by


def wrap(text: str, width: float, size: int, bold: bool, measure: Measure) -> tuple[str, ...]:
    """Break ``text`` into the fewest lines no wider than ``width`` px, at the ends of phrases and about equally long."""
    return tuple(line for paragraph in text.split("\n") for line in _paragraph(paragraph, width, size, bold, measure))


def parted(text: str, lines: Sequence[str]) -> bool:
    """Tell whether a word is cut in two: there is too little room, and smaller writing would be better.

    Of Latin letters, or of katakana; where Japanese is written with spaces between its words (やさしい日本語), any.
    """
    cut = _CUT_SPACED if _SPACED.search(text) else _CUT
    return any(cut.fullmatch(one[-1:] + other[:1]) and one + other in text for one, other in itertools.pairwise(lines))


def joined(lines: Sequence[str]) -> str:
    """Undo a break: with a space again where one was between words."""
    return functools.reduce(lambda one, other: one + (" " if _spaced(one[-1:] + other[:1]) else "") + other, lines)


def _spaced(around: str) -> bool:
    """Tell whether what stands on either side of a break is written with spaces: everything but Japanese."""
    return all(unicodedata.east_asian_width(char) not in "WF" for char in around)


def ellipsis(line: str, width: float, size: int, bold: bool, measure: Measure) -> str:
    """Cut ``line`` to ``width`` px with … at its end."""
    while line and measure(line + "…", size, bold) > width:
        line = line[:-1]
    return line + "…"


@functools.lru_cache(maxsize=512)
def whole(text: str) -> frozenset[int]:
    """Give the places inside what is not to be broken: n is the place before ``text[n]``."""
    words = {at for match in _WHOLE.finditer(text) for at in range(match.start() + 1, match.end())}
    return frozenset(words | {at + side for at, char in enumerate(text) if char == _GLUE for side in (0, 1)})


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
    """Give what a break before ``text[at]`` costs; dear where it is forbidden."""
    before, after = text[at - 1], text[at]
    if after in NOT_FIRST or before in NOT_LAST or after in _SPACES or at in whole(text):
        return _FORBIDDEN
    if before in _INSEPARABLE and after == before:
        return _FORBIDDEN
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
    if left == right == "KATAKANA":
        return _IN_WORD
    return _WORD if {left, right} == {"KATAKANA", "CJK"} else _ANYWHERE


def _script(char: str) -> str:
    return unicodedata.name(char, "").split(" ")[0].split("-")[0] if char else ""

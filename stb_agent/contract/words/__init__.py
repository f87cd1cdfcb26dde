"""The catalogues: what a person reads, keyed by code; Japanese first.

Every ``*.LANG.toml`` in this folder belongs to the catalogue of LANG. A text's placeholders take Python's format syntax,
and these formats of ours for RFC 3339 values, all in the time of Asia/Tokyo: ``day`` (11月25日（水）), ``shortday``
(25日（水）), ``date`` (2026年11月25日), ``time`` (9:00), ``moment`` (11月25日（水）9:00), ``full`` (2026年11月25日 9:00), ``era`` (令和8年),
``weekday`` (水曜日).
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

from stb_agent.contract.text import Text, Word

# Japan has had no daylight saving time since 1951: a fixed offset needs no time zone data on the box.
JST = timezone(timedelta(hours=9), "JST")
_WEEKDAYS = "月火水木金土日"


def render(text: Text, lang: str = "ja") -> str:
    """Give what the person reads. Raises KeyError for a code that the catalogue lacks."""
    if isinstance(text, str):
        return text
    return _FORMATTER.vformat(
        _catalogue(lang)[text.code],
        (),
        {name: render(value, lang) if isinstance(value, Word) else value for name, value in text.args.items()},
    )


def text(code: str, lang: str = "ja", **args: str | int | Word) -> str:
    """Give the text of ``code``, filled with ``args``."""
    return render(Word(code, args), lang)


def told(code: str, args: Mapping[str, str | int], lang: str = "ja") -> tuple[str, str]:
    """Give the cause and the remedy of an error."""
    return render(Word(f"{code}.cause", dict(args)), lang), render(Word(f"{code}.remedy", dict(args)), lang)


def has(code: str, lang: str = "ja") -> bool:
    """Tell whether the catalogue knows ``code``."""
    return code in _catalogue(lang)


def codes(lang: str = "ja") -> frozenset[str]:
    """Give every code of the catalogue."""
    return frozenset(_catalogue(lang))


@cache
def _catalogue(lang: str) -> dict[str, str]:
    merged: dict[str, str] = {}
    for path in sorted(Path(__file__).parent.glob(f"*.{lang}.toml")):
        for code, value in _flat(tomllib.loads(path.read_text("utf-8")), ""):
            if code in merged:
                raise ValueError(f"{path.name}: {code} is defined twice")
            merged[code] = value
    return merged


def _flat(table: dict[str, Any], prefix: str) -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for name, value in table.items():
        flat += _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else [(prefix + name, value)]
    return flat


class _Formatter(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        shape = _SHAPES.get(format_spec)
        return shape(value) if shape else str(super().format_field(value, format_spec))


def _local(value: str) -> datetime:
    if len(value) == 10:
        return datetime.combine(date.fromisoformat(value), datetime.min.time(), JST)
    return datetime.fromisoformat(value).astimezone(JST)


def _day(value: str) -> str:
    at = _local(value)
    return f"{at.month}月{at.day}日（{_WEEKDAYS[at.weekday()]}）"


def _shortday(value: str) -> str:
    at = _local(value)
    return f"{at.day}日（{_WEEKDAYS[at.weekday()]}）"


def _date(value: str) -> str:
    at = _local(value)
    return f"{at.year}年{at.month}月{at.day}日"


def _time(value: str) -> str:
    at = _local(value)
    return f"{at.hour}:{at.minute:02}"


# The first day of each era in the Gregorian calendar, newest first (元号法, and the ordinances of the changes).
_ERAS = (
    (date(2019, 5, 1), "令和"),
    (date(1989, 1, 8), "平成"),
    (date(1926, 12, 25), "昭和"),
    (date(1912, 7, 30), "大正"),
    (date(1868, 10, 23), "明治"),
)


def _era(value: str) -> str:
    at = _local(value).date()
    for first, name in _ERAS:
        if at >= first:
            year = at.year - first.year + 1
            return f"{name}{year if year > 1 else '元'}年"
    return ""


_SHAPES: dict[str, Callable[[str], str]] = {
    "day": _day,
    "shortday": _shortday,
    "date": _date,
    "time": _time,
    "full": lambda value: f"{_date(value)} {_time(value)}",
    "era": _era,
    "weekday": lambda value: f"{_WEEKDAYS[_local(value).weekday()]}曜日",
    "moment": lambda value: _day(value) + _time(value),
}
_FORMATTER = _Formatter()

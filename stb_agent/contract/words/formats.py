"""Dates and times as a person reads them: what they are made of here, how they are put together in the catalogues (``format.…``).

All in the time of Asia/Tokyo; years in the Gregorian calendar or by era, whichever the household chose.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone

from stb_agent.contract.appearance import Calendar

# Japan has had no daylight saving time since 1951: a fixed offset needs no time zone data on the box.
JST = timezone(timedelta(hours=9), "JST")

Say = Callable[..., str]
"""Gives the text of a code, filled with what is named."""

# The first day of each era in the Gregorian calendar, newest first (元号法, and the ordinances of the changes).
_ERAS = (
    (date(2019, 5, 1), "reiwa"),
    (date(1989, 1, 8), "heisei"),
    (date(1926, 12, 25), "showa"),
    (date(1912, 7, 30), "taisho"),
    (date(1868, 10, 23), "meiji"),
)
_OTHER = {Calendar.GREGORIAN: Calendar.JAPANESE, Calendar.JAPANESE: Calendar.GREGORIAN}
SHAPES = frozenset({"day", "shortday", "date", "time", "moment", "full", "year", "otheryear", "month", "weekday"})


def shaped(value: str, shape: str, calendar: Calendar, say: Say) -> str:
    """Give an RFC 3339 time or full-date in one of SHAPES. Raises ValueError for another text."""
    at = _local(value)
    match shape:
        case "year":
            return _year(at.date(), calendar, say)
        case "otheryear":
            return _year(at.date(), _OTHER[calendar], say)
        case "month":
            return say(f"format.months.{at.month}")
        case "weekday":
            return say(f"format.weekdays.{at.isoweekday()}")
    return say(
        f"format.{shape}",
        year=_year(at.date(), calendar, say),
        month=say(f"format.months.{at.month}"),
        day=at.day,
        weekday=say(f"format.short_weekdays.{at.isoweekday()}"),
        hour=at.hour,
        minute=f"{at.minute:02}",
    )


def _year(day: date, calendar: Calendar, say: Say) -> str:
    """Give the year with its era's name, or the Gregorian one; this one, too, before the first era that is known here."""
    if calendar is Calendar.JAPANESE:
        for first, name in _ERAS:
            if day >= first:
                year = day.year - first.year + 1
                era = say(f"format.eras.{name}")
                return say("format.era_year", era=era, year=year) if year > 1 else say("format.first_year", era=era)
    return say("format.year", year=day.year)


def _local(value: str) -> datetime:
    if len(value) == 10:
        return datetime.combine(date.fromisoformat(value), datetime.min.time(), JST)
    return datetime.fromisoformat(value).astimezone(JST)

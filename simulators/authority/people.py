"""The people whom the test authority knows: who they are and when their certificates were issued."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from types import MappingProxyType

JST = timezone(timedelta(hours=9), "JST")
TERM = 5
"""Birthdays until a certificate ends (Act on JPKI, enforcement order: the fifth birthday after issue)."""


@dataclass(frozen=True)
class Resident:
    """One made-up resident; `issued` is how long before the authority was opened the card was issued."""

    full_name: str
    birth: date
    sex: str
    address: str
    municipality: str
    """Five digits, JIS X 0401 and X 0402."""
    prefecture: str
    city: str
    issued: timedelta
    ends: timedelta | None = None
    """How long after the authority was opened the certificate ends, for somebody whose birthday is then, whatever `birth` says."""

    def validity(self, now: datetime) -> tuple[datetime, datetime]:
        """Compute notBefore and notAfter, UTC; notAfter is the last second, in Japan, of the fifth birthday."""
        if self.ends is not None:
            last = (now + self.ends).astimezone(JST).date()
            end = datetime.combine(last, time(23, 59, 59), JST)
            return (now - self.issued).replace(microsecond=0).astimezone(UTC), end.astimezone(UTC)
        start = (now - self.issued).replace(microsecond=0).astimezone(JST)
        # 28 February stands for the birthday of those born on the 29th.
        day = 28 if (self.birth.month, self.birth.day) == (2, 29) else self.birth.day
        first = start.year if date(start.year, self.birth.month, day) > start.date() else start.year + 1
        end = datetime.combine(date(first + TERM - 1, self.birth.month, day), time(23, 59, 59), JST)
        return start.astimezone(UTC), end.astimezone(UTC)


PEOPLE: Mapping[str, Resident] = MappingProxyType(
    {
        "linked": Resident(
            "茶野 花子", date(1948, 5, 14), "2", "東京都調布市小島町九丁目1番地1", "13208", "Tokyo-to", "Chofu-shi",
            timedelta(days=400),
        ),
        "new": Resident(
            "茶野 太郎", date(1946, 11, 3), "1", "東京都調布市小島町九丁目1番地1", "13208", "Tokyo-to", "Chofu-shi",
            timedelta(days=30),
        ),
        "renewed": Resident(
            "茶野 太郎", date(1946, 11, 3), "1", "東京都調布市小島町九丁目1番地1", "13208", "Tokyo-to", "Chofu-shi",
            timedelta(days=1),
        ),
        "ending": Resident(
            "茶野 一子", date(1971, 1, 4), "2", "東京都調布市小島町九丁目1番地1", "13208", "Tokyo-to", "Chofu-shi",
            timedelta(days=1780), timedelta(days=40),
        ),
        "blocked": Resident(
            "間宮 稔", date(1951, 1, 20), "1", "長野県松本市丸の内99番地", "20202", "Nagano-ken", "Matsumoto-shi",
            timedelta(days=800),
        ),
        "expired": Resident(
            "縁側 さくら", date(1939, 4, 1), "2", "徳島県徳島市幸町99番地", "36201", "Tokushima-ken", "Tokushima-shi",
            timedelta(days=6 * 365),
        ),
    }
)  # fmt: skip
DEFAULT = Resident(
    "居間 一郎", date(1960, 8, 8), "1", "東京都調布市小島町九丁目2番地2", "13208", "Tokyo-to", "Chofu-shi",
    timedelta(days=100),
)  # fmt: skip
"""Who anybody else is."""

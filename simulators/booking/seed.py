"""A made-up town's facilities, and the rule by which their hours are free or taken."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

TOWN = "潮見台市"
AHEAD = timedelta(weeks=4)
"""How far ahead of today times can be booked."""
JST = timezone(timedelta(hours=9), "JST")

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY, sub TEXT NOT NULL, slot TEXT NOT NULL UNIQUE, number TEXT NOT NULL UNIQUE,
    facility TEXT NOT NULL, start TEXT NOT NULL, end TEXT NOT NULL, price_yen INTEGER NOT NULL,
    purpose TEXT NOT NULL, people INTEGER NOT NULL, party TEXT NOT NULL
);
"""

Hours = tuple[tuple[int, int], ...]
_HALLS: Hours = ((9, 12), (13, 17), (18, 21))
_COURTS: Hours = ((9, 11), (11, 13), (13, 15), (15, 17))
_GYM: Hours = ((9, 11), (11, 13), (13, 15), (15, 17), (17, 19), (19, 21))
_MONDAY, _TUESDAY = 0, 1
_MEETING = ("会議・打ち合わせ", "講座・学習", "健康体操")
PURPOSE_MOST, GROUP_MOST = 40, 30
"""Characters that the town's form has room for."""


@dataclass(frozen=True)
class Facility:
    """One place that can be booked; the first five members are columns of the recommended data set 公共施設一覧."""

    id: str
    name: str
    kana: str
    address: str
    phone: str
    hours: Hours
    yen_an_hour: int
    closed: int | None
    """Weekday, Monday is 0."""
    busy: int
    """Per cent of the hours that others took, on a working day."""
    capacity: int
    purposes: tuple[str, ...]

    def body(self) -> dict[str, object]:
        """Write it as the list of facilities does."""
        return {
            "id": self.id, "name": self.name, "kana": self.kana, "address": self.address, "phone": self.phone,
            "capacity": self.capacity, "purposes": self.purposes,
        }  # fmt: skip


# No exchange number in Japan begins with 0, so nobody has these telephone numbers.
FACILITIES = (
    Facility("F01", "中央公民館 大会議室", "チュウオウコウミンカン ダイカイギシツ", "潮見台市中央一丁目2番3号", "0299-00-1201",
             _HALLS, 400, _MONDAY, 35, 60, _MEETING),
    Facility("F02", "港町コミュニティセンター 和室", "ミナトマチコミュニティセンター ワシツ", "潮見台市港町二丁目8番1号",
             "0299-00-1214", _HALLS, 200, _TUESDAY, 25, 24, ("お茶・お花", "会議・打ち合わせ", "趣味の集まり")),
    Facility("F03", "市民文化ホール 練習室", "シミンブンカホール レンシュウシツ", "潮見台市松風町5番10号", "0299-00-1230",
             _HALLS, 500, _MONDAY, 55, 20, ("合唱", "楽器の練習", "踊り")),
    Facility("F04", "総合体育館 卓球室", "ソウゴウタイイクカン タッキュウシツ", "潮見台市緑が丘四丁目1番1号", "0299-00-1255",
             _GYM, 300, _TUESDAY, 45, 30, ("卓球", "健康体操")),
    Facility("F05", "灯台前公園 テニスコート", "トウダイマエコウエン テニスコート", "潮見台市灯台前30番地", "0299-00-1262",
             _COURTS, 450, None, 40, 8, ("テニス",)),
    Facility("F06", "図書館 学習室", "トショカン ガクシュウシツ", "潮見台市中央三丁目4番6号", "0299-00-1278",
             _HALLS, 0, _MONDAY, 30, 16, ("読書会", "学習")),
    Facility("F07", "ふれあい福祉館 調理室", "フレアイフクシカン チョウリシツ", "潮見台市古城町12番地の2", "0299-00-1291",
             _HALLS[:2], 350, None, 20, 20, ("料理教室", "食事会")),
)  # fmt: skip
BY_ID = {facility.id: facility for facility in FACILITIES}


@dataclass(frozen=True)
class Slot:
    """One time of one facility; `taken` says that somebody outside this simulation has it."""

    id: str
    facility: Facility
    start: datetime
    end: datetime
    price_yen: int
    taken: bool


def slots(facility: Facility, day: date) -> Iterator[Slot]:
    """List a facility's times on a day: the same whenever asked, none on closing days and around the New Year."""
    if day.weekday() == facility.closed or (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3):
        return
    weekend = day.weekday() >= 5
    for first, last in facility.hours:
        name = f"{facility.id}-{day:%Y%m%d}-{first:02}"
        start, end = (datetime.combine(day, time(hour), JST).astimezone(UTC) for hour in (first, last))
        # Weekends and evenings are wanted most.
        busy = facility.busy + 25 * weekend + 10 * (first >= 17)
        taken = hashlib.sha256(name.encode()).digest()[0] * 100 < busy * 256
        price = facility.yen_an_hour * (last - first)
        yield Slot(name, facility, start, end, price * 6 // 5 if weekend else price, taken)


def find(slot: str) -> Slot | None:
    """Find a time by its id, on whatever day."""
    name, _, rest = slot.partition("-")
    facility = BY_ID.get(name)
    try:
        day = datetime.strptime(rest.partition("-")[0], "%Y%m%d").replace(tzinfo=JST).date()
    except ValueError:
        return None
    return next((s for s in slots(facility, day) if s.id == slot), None) if facility else None


def era_year(day: date) -> int:
    """Return the year of the era Reiwa, which began in 2019."""
    return day.year - 2018

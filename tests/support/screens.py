"""What every screen has to bear: each kind with believable data, and with the worst."""

from __future__ import annotations

import msgspec

from stb_agent.contract.views import (
    Calendar,
    Chart,
    ChoiceField,
    Contact,
    Detail,
    Form,
    Help,
    Item,
    List,
    NumberField,
    Point,
    Row,
    Series,
    View,
)
from tests.support import views
from ui import theme
from ui.focus import Box

SAFE = Box(theme.SAFE_X, theme.SAFE_Y, theme.WIDTH - 2 * theme.SAFE_X, theme.HEIGHT - 2 * theme.SAFE_Y)
LONG = "たいへん長い名前の市民総合福祉保健スポーツ文化交流センター東館二階の大会議室（可動間仕切りあり）"


def longest(view: View) -> View:
    """Give the view with the longest words that a town has."""
    changed: dict[str, object] = {"title": LONG, "lead": LONG * 2}
    changed["items"] = tuple(
        msgspec.structs.replace(item, label=LONG, detail=item.detail and LONG) for item in view.items
    )
    if hasattr(view, "rows"):
        changed["rows"] = tuple(Row(LONG, LONG) for _ in range(9))
    if isinstance(view, Form):
        changed["error"] = LONG
        changed["field"] = msgspec.structs.replace(view.field, label=LONG)
    if isinstance(view, Help):
        changed["contact"] = Contact(LONG, "0120-000-000", LONG)
    return msgspec.structs.replace(view, **changed)  # type: ignore[type-var]


NAME = "港町市立総合福祉保健文化交流センターふれあいの里 東館二階 大会議室（可動席）"
"""A facility's name as long as there are."""
WHERE = "港町大字上原1234番地の56　電話 0123-45-6789"
PERSON = "フェルナンデス オリベイラ マリア アパレシーダ"
OPERATOR = "みどり市ふるさとケーブルネットワーク株式会社 お客様センター"

NAMED: dict[str, View] = {
    "home-named": msgspec.structs.replace(views.HOME_MANY, lead=f"{PERSON}さま、こんばんは。何をなさいますか。"),
    "list-named": List(
        title="施設を選んでください", items=tuple(Item(str(at), NAME, WHERE) for at in range(10_000)), total=10_000
    ),
    "choice-named": msgspec.structs.replace(
        views.CHOICE, rows=(Row("施設", NAME), Row("利用者", PERSON), Row("料金", "600円（当日窓口で）"))
    ),
    "detail-named": msgspec.structs.replace(
        views.DETAIL, rows=(Row("施設", NAME), Row("場所", WHERE), *views.DETAIL.rows[2:])
    ),
    "calendar-named": msgspec.structs.replace(views.CALENDAR, title=NAME),
    "form-named": msgspec.structs.replace(
        views.FORM_CHOICE,
        field=ChoiceField("使う部屋", tuple(Item(str(at), NAME, WHERE) for at in range(9)), "1"),
    ),
    "consent-named": msgspec.structs.replace(
        views.CONSENT,
        statements=tuple(msgspec.structs.replace(it, to=OPERATOR) for it in views.CONSENT.statements),
    ),
    "message-named": msgspec.structs.replace(views.MESSAGE, lead=f"{NAME}は、ほかの方が先に予約しました。"),
    "help-named": msgspec.structs.replace(
        views.HELP, contact=Contact(OPERATOR, "0120-000-000", "9:00〜18:00（年末年始を除く）")
    ),
}
"""Each kind in which a town's data stands, with the longest names that there are."""

CASES: dict[str, View] = {
    **views.ALL,
    **NAMED,
    **{f"{name}-longest": longest(view) for name, view in views.ALL.items()},
    "list-empty": List(title="一覧"),
    "list-many": List(title="一覧", items=tuple(Item(str(at), f"{at}番", WHERE) for at in range(10_000))),
    "detail-many": Detail(title="内容", rows=tuple(Row(str(at), LONG) for at in range(100))),
    "calendar-empty": Calendar(title="空き", days=(), times=(), cells=()),
    "chart-empty": Chart(title="血圧", unit="mmHg"),
    "chart-many": Chart(
        title="血圧",
        unit="mmHg",
        series=(
            Series(
                "上の血圧",
                tuple(
                    Point(f"{2016 + at // 336}-{at // 28 % 12 + 1:02}-{at % 28 + 1:02}", at % 97) for at in range(3000)
                ),
            ),
        ),
    ),
    "chart-two-many": Chart(
        title="血圧",
        unit="mmHg",
        series=tuple(
            Series(
                name,
                tuple(Point(f"2026-{at // 28 + 1:02}-{at % 28 + 1:02}", least + at * 7 % 40) for at in range(330)),
            )
            for name, least in (("最高血圧", 120), ("最低血圧", 60))
        ),
    ),
    "calendar-many": msgspec.structs.replace(
        views.CALENDAR,
        times=tuple(f"{hour}:00から{hour + 1}:00" for hour in range(9, 21)),
        items=(Item("previous", "前の週"), Item("next", "次の週")),
    ),
    "form-long": Form(title="番号", field=NumberField("番号", "1", (4, 4, 4, 4))),
}

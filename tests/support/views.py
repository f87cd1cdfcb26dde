"""Believable views of every kind, for tests of the screen."""

from __future__ import annotations

from stb_agent.contract.keyboards import Letters
from stb_agent.contract.views import (
    Band,
    Calendar,
    Cell,
    CellState,
    Chart,
    Choice,
    ChoiceField,
    Consent,
    Contact,
    DateField,
    Delivery,
    Detail,
    Form,
    Help,
    Home,
    Item,
    List,
    Message,
    NumberField,
    PadStage,
    Pin,
    Point,
    Progress,
    Range,
    Row,
    Series,
    Spread,
    Statement,
    Step,
    StepState,
    SupportCode,
    TextField,
    Tone,
    View,
)

_DAYS = ("24日（火）", "25日（水）", "26日（木）", "27日（金）", "28日（土）", "29日（日）", "30日（月）")
_TIMES = ("9:00", "10:30", "13:00", "15:00", "17:00", "19:00", "20:30")
_FACILITIES = (
    ("中央公民館 第一会議室", "緑が丘1-2-3　電話 0123-45-6789"),
    ("市民体育館 卓球室", "若葉町4-5　電話 0123-45-1111"),
    ("ふれあいセンター 調理実習室", "本町2-8-1　電話 0123-45-2222"),
    ("図書館 視聴覚ホール", "駅前通り1-1　電話 0123-45-3333"),
    ("北部コミュニティセンター 和室（二十畳）", "北町7-7　電話 0123-45-4444"),
    ("総合運動公園 テニスコートA面", "大字上原100　電話 0123-45-5555"),
    ("老人福祉センター 囲碁将棋室", "南町3-3　電話 0123-45-6666"),
)


def _series(label: str, *values: float) -> Series:
    days = [f"2026-{5 + at // 2:02}-{1 + 14 * (at % 2):02}T08:00:00+09:00" for at in range(len(values))]
    return Series(label, tuple(Point(day, value) for day, value in zip(days, values, strict=True)))


HOME = Home(
    title="茶の間",
    lead="マイナンバーカードをリーダーに入れてください。",
    items=(
        Item("booking", "施設の予約", "公民館や体育館の空きを見て予約できます"),
        Item("health", "健康の記録", "血圧などの記録を見られます"),
        Item("settings", "設定", "文字の大きさ、リモコンの速さ"),
    ),
)
HOME_MANY = Home(
    title="茶の間",
    lead="佐藤さま、こんばんは。何をなさいますか。",
    items=tuple(
        Item(f"service{at}", label, detail, first=at == 1)
        for at, (label, detail) in enumerate(
            (
                ("施設の予約", "公民館や体育館の空きを見て予約できます"),
                ("健康の記録", "血圧などの記録を見られます"),
                ("予約の確認", "これまでの予約と申込番号"),
                ("カードの登録", "契約とカードを結びます"),
                ("設定", "文字の大きさ、リモコンの速さ"),
                ("困ったときは", "電話番号と相談の受付時間"),
            )
        )
    ),
)
LIST = List(
    title="施設を選んでください",
    lead="予約したい施設を選んで、決定を押してください。",
    items=tuple(Item(f"f{at}", name, where) for at, (name, where) in enumerate(_FACILITIES)),
)
CHOICE = Choice(
    title="この内容で予約しますか",
    lead="内容をお確かめのうえ、選んでください。",
    rows=(
        Row("施設", "中央公民館 第一会議室"),
        Row("日時", "11月25日（水）13:00から15:00まで"),
        Row("料金", "600円（当日窓口で）"),
    ),
    items=(Item("yes", "予約する", first=True), Item("no", "やめる")),
)
DETAIL = Detail(
    title="予約票",
    lead="当日は、この申込番号を窓口でお伝えください。",
    rows=(
        Row("申込番号", "R8-0001"),
        Row("施設", "北部コミュニティセンター 和室（二十畳）"),
        Row("日時", "11月25日（水）13:00から15:00まで"),
        Row("料金", "600円"),
    ),
    items=(Item("home", "最初の画面へ"), Item("cancel", "予約を取り消す")),
    delivery=Delivery.SENT,
)
CALENDAR = Calendar(
    title="中央公民館 第一会議室",
    lead="空いている時間（○）を選んでください。",
    days=_DAYS,
    times=_TIMES[:5],
    cells=tuple(
        Cell(
            f"s{day}-{time}",
            day,
            time,
            CellState.CLOSED if day == 0 else (CellState.FREE, CellState.TAKEN)[(day * 3 + time * 2) % 5 > 2],
        )
        for time in range(5)
        for day in range(7)
    ),
    items=(Item("next", "次の週"),),
)
CHART = Chart(
    title="血圧の記録",
    lead="この半年の血圧です。",
    unit="mmHg",
    series=(
        _series("最高血圧", 142, 138, 145, 136, 133, 139, 131, 128, 134, 130, 127, 129),
        _series("最低血圧", 88, 86, 91, 84, 82, 85, 80, 79, 83, 81, 78, 80),
    ),
    rows=(Row("測った日", "10月15日（木）"), Row("最高血圧", "129 mmHg"), Row("最低血圧", "80 mmHg")),
    items=(Item("month", "1か月だけ見る"),),
)
FORM = Form(
    title="契約番号の入力",
    lead="契約のお知らせの、右上にある番号です。",
    field=NumberField("契約番号（10けた）", "12345", (4, 4, 2)),
)
FORM_ERROR = Form(
    title="契約番号の入力",
    lead="契約のお知らせの、右上にある番号です。",
    field=NumberField("契約番号（10けた）", "1234567890", (4, 4, 2)),
    error="この番号の契約が見つかりません。番号をお確かめください。",
)
_BEFORE = (Row("お名前", "茶野間 花子"), Row("電話番号", "0123-45-6789"))
FORM_TEXT = Form(
    title="利用者の登録",
    field=TextField(
        "団体の名前",
        "緑が丘しょうぎ",
        reading="しょうぎ",
        candidates=tuple(
            Item(str(at), word) for at, word in enumerate(("将棋", "床几", "省議", "商議", "詳議", "ショウギ"))
        ),
    ),
    at=2,
    count=4,
    rows=_BEFORE,
)
FORM_LATIN = Form(title="利用者の登録", field=TextField("メールアドレス", "hanako@", Letters.LATIN), at=2, count=4)
FORM_DATE = Form(
    title="利用者の登録",
    field=DateField("生まれた日", "1951-04-29", "1920-01-01", "2026-11-22"),
    at=3,
    count=4,
    rows=_BEFORE,
)
FORM_CHOICE = Form(
    title="利用者の登録",
    field=ChoiceField(
        "使う部屋", tuple(Item(f"f{at}", name, where) for at, (name, where) in enumerate(_FACILITIES)), "f1"
    ),
    at=1,
    count=4,
    rows=_BEFORE[:1],
)
PIN = Pin(
    title="暗証番号の入力", lead="利用者証明用の暗証番号（4けた）です。", length=4, dots=2, pad=PadStage.GROUP, tries=3
)
PIN_MEMBER = Pin(
    title="暗証番号の入力",
    lead="利用者証明用の暗証番号（4けた）です。",
    length=4,
    dots=1,
    pad=PadStage.MEMBER,
    tries=2,
    error="暗証番号が違います。もう一度入れてください。",
)
PIN_CONFIRM = Pin(
    title="暗証番号の入力",
    lead="利用者証明用の暗証番号（4けた）です。",
    length=4,
    dots=4,
    pad=PadStage.CONFIRM,
    tries=3,
)
CONSENT = Consent(
    title="送る内容の確認",
    lead="次のものを送ります。よろしいですか。",
    statements=(
        Statement(
            "カードの電子証明書（氏名は入っていません）",
            "みどりケーブルテレビのセンター",
            "カードをお持ちのご本人であることを確かめるため",
        ),
        Statement("契約番号", "みどりケーブルテレビ", "ご契約とカードを結びつけるため"),
    ),
    withheld="マイナンバー（12けたの番号）と暗証番号は、どこにも送りません。",
    items=(Item("agree", "同意して進む", first=True), Item("refuse", "やめる")),
)
PROGRESS = Progress(
    title="カードを確認しています",
    lead="カードを抜かないでください。",
    steps=(
        Step("カードを読み取る", StepState.DONE),
        Step("電子証明書を確かめる", StepState.NOW),
        Step("ご契約と結びつける", StepState.TODO),
    ),
)
MESSAGE = Message(
    title="健康の記録",
    lead="健康の記録につながりません。",
    tone=Tone.ERROR,
    remedy="しばらくしてから、もう一度お試しください。続くときは、みどりケーブルテレビ 0120-000-000（9時から18時）へお電話ください。",
    code="health.unreachable",
    items=(Item("retry", "もう一度試す", first=True), Item("home", "最初の画面へ")),
)
MESSAGE_OK = Message(
    title="カードの登録", lead="登録が終わりました。", tone=Tone.OK, items=(Item("next", "最初の画面へ"),)
)

LIST_WINDOW = List(
    title="施設を選んでください",
    items=tuple(Item(f"r{at}", f"{at + 1}番めの施設", "緑が丘1-2-3") for at in range(4800, 5200)),
    start=4800,
    total=10_000,
)
CHART_RANGE = Chart(
    title="血圧のはば",
    lead="朝と晩の、低いほうから高いほうまでです。",
    unit="mmHg",
    series=(_series("平均", 128, 131, 126, 135, 129, 127),),
    spreads=(
        Spread(
            "最低と最高",
            tuple(
                Range(f"2026-{5 + at // 2:02}-{1 + 14 * (at % 2):02}T08:00:00+09:00", 118.0 + at, 138.0 + 2 * at)
                for at in range(7)
            ),
        ),
    ),
    band=Band("目安", high=135),
    rows=(Row("測った日", "7月15日（水）"),),
)
HELP = Help(
    title="困ったとき",
    contact=Contact("みどりケーブルテレビ お客様センター", "0120-000-000", "9:00〜18:00（年中無休）"),
    sees=("どのお宅の機械か", "何が起きたか"),
    hidden=(
        "この画面や、記録の中身",
        "暗証番号（お聞きしません）",
        "マイナンバー（12けた）",
    ),
    support=SupportCode("482913", 8),
    code="health.unreachable",
    items=(Item("pin", "暗証番号を忘れた"),),
)
HELP_NO_CODE = Help(
    title="困ったとき",
    contact=Contact("ケーブルテレビ"),
    unsupported="この機械では、まだ番号を出せません。お電話はできます。",
    items=(Item("pin", "暗証番号を忘れた"),),
)

ALL: dict[str, View] = {name.lower(): value for name, value in list(globals().items()) if isinstance(value, View)}

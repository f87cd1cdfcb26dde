"""What is said of every view, on arriving and on moving about, as text."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.contract.actions import ARROWS, Action
from stb_agent.contract.keyboards import Letters
from stb_agent.contract.level import Level
from stb_agent.contract.messages import CardState, Status, ViewMessage
from stb_agent.contract.speech import Engine, Speech
from stb_agent.contract.text import word
from stb_agent.contract.views import Cell, CellState, DateField, Form, Home, Item, Pin, StepState, TextField
from stb_agent.core.pin_entry import Outcome, PinEntry
from tests.support import screens, views
from tests.support.ear import Ear
from tests.support.pages import REAL

EXPECTED: dict[str, list[str]] = {
    "home": [
        "茶の間。",
        "マイナンバーカードをリーダーに入れてください。",
        "3件あります。",
        "施設の予約、公民館や体育館の空きを見て予約できます。",
        "3のうち1番め。",
        "矢印で選び、決定を押してください。",
    ],
    "list": [
        "施設を選んでください。",
        "予約したい施設を選んで、決定を押してください。",
        "7件あります。",
        "中央公民館、第一会議室、緑が丘1の2の3、電話、ゼロいちにーさん、よんごー、ろくななはちきゅう。",
        "7のうち1番め。",
        "2ページのうち1ページめ。",
        "上と下で選び、決定を押してください。",
    ],
    "list_window": [
        "施設を選んでください。",
        "10000件あります。",
        "4801番めの施設、緑が丘1の2の3。",
        "10000のうち4801番め。",
        "2500ページのうち1201ページめ。",
        "上と下で選び、決定を押してください。",
    ],
    "choice": [
        "この内容で予約しますか。",
        "内容をお確かめのうえ、選んでください。",
        "施設、中央公民館、第一会議室。",
        "日時、11月25日、水曜日13時から15時まで。",
        "料金、600円、当日窓口で。",
        "予約する。",
        "2のうち1番め。",
        "矢印で選び、決定を押してください。",
    ],
    "detail": [
        "予約票。",
        "当日は、この申込番号を窓口でお伝えください。",
        "届きました。",
        "中身は、声に出していません。声で聞くを選ぶと、読み上げます。",
        "最初の画面へ。",
        "2のうち1番め。",
        "矢印で選び、決定を押してください。",
    ],
    "calendar": [
        "中央公民館、第一会議室。",
        "空いている時間、まるを選んでください。",
        "24日、火曜日から30日、月曜日まで。",
        "予約できる時間は、18。",
        "うまっている時間は、12。",
        "お休みは、5。",
        "26日、木曜日、9時、予約できます。",
        "左右で日を、上下で時間を選び、決定を押してください。",
    ],
    "chart": [
        "血圧の記録。",
        "この半年の血圧です。",
        "中身は、声に出していません。声で聞くを選ぶと、読み上げます。",
        "下のボタン。",
        "1か月だけ見る。",
        "6のうち3番め。",
        "矢印で選び、決定を押してください。",
    ],
    "chart_range": [
        "血圧のはば。",
        "朝と晩の、低いほうから高いほうまでです。",
        "測った日、7月15日、水曜日。",
        "平均は、いちばん新しい値が127ミリエイチジー。6回の、いちばん低い値が126、高い値が135。はじめのころと、あまり変わりません。",
        "最低と最高は、いちばん新しいのが124から150ミリエイチジー。",
        "目安は、135以下。",
        "下のボタン。",
        "表で見る。",
        "4のうち3番め。",
        "矢印で選び、決定を押してください。",
    ],
    "form": [
        "契約番号の入力。",
        "契約のお知らせの、右上にある番号です。",
        "契約番号、10けた。",
        "10けたのうち5けた入りました。",
        "中身は、声に出していません。声で聞くを選ぶと、読み上げます。",
        "1。",
        "リモコンの数字ボタンか、矢印と決定で入れてください。",
    ],
    "form_error": [
        "契約番号の入力。",
        "契約のお知らせの、右上にある番号です。",
        "契約番号、10けた。",
        "10けたのうち10けた入りました。",
        "この番号の契約が見つかりません。番号をお確かめください。",
        "中身は、声に出していません。声で聞くを選ぶと、読み上げます。",
        "1。",
        "リモコンの数字ボタンか、矢印と決定で入れてください。",
    ],
    "form_text": [
        "利用者の登録。",
        "4項目のうち3番め。",
        "団体の名前。",
        "いま書けるのは、かなです。",
        "7文字入りました。",
        "候補は6件です。",
        "中身は、声に出していません。声で聞くを選ぶと、読み上げます。",
        "あ。",
        "リモコンの数字ボタンか、矢印と決定で書いてください。",
    ],
    "form_date": [
        "利用者の登録。",
        "4項目のうち4番め。",
        "生まれた日。",
        "1920年1月1日から2026年11月22日までです。",
        "中身は、声に出していません。声で聞くを選ぶと、読み上げます。",
        "1951年、昭和26年。",
        "上と下で変えて、右で次へ進みます。",
    ],
    "form_choice": [
        "利用者の登録。",
        "4項目のうち2番め。",
        "使う部屋。",
        "7件あります。",
        "中身は、声に出していません。声で聞くを選ぶと、読み上げます。",
        "市民体育館、卓球室、若葉町4の5、電話、ゼロいちにーさん、よんごー、いちいちいちいち、いまはこれです。",
        "7のうち2番め。",
        "2ページのうち1ページめ。",
        "矢印で選び、決定を押してください。",
    ],
    "pin": [
        "暗証番号の入力。",
        "利用者証明用の暗証番号、4けたです。",
        "あと3回まで入力できます。",
        "4けたのうち2けた入りました。",
        "リモコンの数字ボタンで入れてください。数字ボタンがないときは、数字のある方向の矢印を押します。上は1、2、3。左は4、5、6。右は7、8、9。下は0、消す、やめる。",
        "番号を忘れたときは、決定です。",
        "やめるときは、戻るです。",
    ],
    "pin_member": [
        "暗証番号の入力。",
        "利用者証明用の暗証番号、4けたです。",
        "あと2回まで入力できます。",
        "暗証番号が違います。もう一度入れてください。",
        "4けたのうち1けた入りました。",
        "組の左の数字は左、まん中は上、右は右の矢印です。選び直しは下です。",
        "やめるときは、戻るです。",
    ],
    "pin_confirm": [
        "暗証番号の入力。",
        "利用者証明用の暗証番号、4けたです。",
        "あと3回まで入力できます。",
        "4けたのうち4けた入りました。",
        "よければ決定を押してください。直すときは、戻るです。",
        "やめるときは、戻るです。",
    ],
    "consent": [
        "送る内容の確認。",
        "次のものを送ります。よろしいですか。",
        "送るものは、カードの電子証明書、氏名は入っていません。送り先は、みどりケーブルテレビのセンター。使いみちは、カードをお持ちのご本人であることを確かめるため。",
        "送るものは、契約番号。送り先は、みどりケーブルテレビ。使いみちは、ご契約とカードを結びつけるため。",
        "マイナンバー、12けたの番号と暗証番号は、どこにも送りません。",
        "同意して進む。",
        "2のうち1番め。",
        "矢印で選び、決定を押してください。",
    ],
    "progress": [
        "カードを確認しています。",
        "カードを抜かないでください。",
        "3のうち1まで、すみました。",
        "いまは、電子証明書を確かめる。",
        "下のボタン。",
        "戻る。",
        "3のうち1番め。",
        "そのままお待ちください。",
    ],
    "message": [
        "健康の記録。",
        "できませんでした。",
        "健康の記録につながりません。",
        "しばらくしてから、もう一度お試しください。続くときは、みどりケーブルテレビ、ゼロいちにーゼロ、ゼロゼロゼロ、ゼロゼロゼロ、9時から18時へお電話ください。",
        "お問い合わせ番号は、エイチ、イー、エー、エル、ティー、エイチ、点、ユー、エヌ、アール、イー、エー、シー、エイチ、エー、ビー、エル、イー。",
        "もう一度試す。",
        "2のうち1番め。",
        "矢印で選び、決定を押してください。",
    ],
    "message_ok": [
        "カードの登録。",
        "できました。",
        "登録が終わりました。",
        "最初の画面へ。",
        "矢印で選び、決定を押してください。",
    ],
    "help": [
        "困ったとき。",
        "みどりケーブルテレビ、お客様センター。",
        "電話番号は、ゼロいちにーゼロ、ゼロゼロゼロ、ゼロゼロゼロ。",
        "受付、9時から18時、年中無休。",
        "電話で伝える確認番号は、よんはちにー、きゅういちさん。",
        "あと8分使えます。",
        "お問い合わせ番号は、エイチ、イー、エー、エル、ティー、エイチ、点、ユー、エヌ、アール、イー、エー、シー、エイチ、エー、ビー、エル、イー。",
        "電話の係にわかること。どのお宅の機械か。何が起きたか。",
        "電話の係にはわからないこと。この画面や、記録の中身。暗証番号、お聞きしません。マイナンバー、12けた。",
        "暗証番号を忘れた。",
        "戻るで、もとの画面に戻ります。",
    ],
    "help_no_code": [
        "困ったとき。",
        "ケーブルテレビ。",
        "電話番号は、ご契約のお知らせをご覧ください。",
        "この機械では、まだ番号を出せません。お電話はできます。",
        "暗証番号を忘れた。",
        "戻るで、もとの画面に戻ります。",
    ],
}

_BEHIND = Home(title="前の画面")
"""A view before the one that a test is about, so that the frame's corner is nothing new."""


@pytest.fixture
def ear() -> Ear:
    ear = Ear()
    ear.show(_BEHIND)
    return ear


@pytest.mark.parametrize("name", EXPECTED)
def test_arriving_says_title_lead_what_stands_there_the_focus_and_the_keys(ear: Ear, name: str) -> None:
    assert ear.show(views.ALL[name], personal=name in ("detail", "chart")) == EXPECTED[name]


def test_every_kind_is_in_the_table() -> None:
    kinds = {type(view) for view in views.ALL.values()}
    assert {type(views.ALL[name]) for name in EXPECTED} == kinds
    assert len(kinds) == 12


def test_moving_says_only_what_changed(ear: Ear) -> None:
    ear.show(views.LIST)
    assert ear.press(Action.DOWN)[1:] == ["7のうち2番め。"]
    assert ear.press(Action.RIGHT) == ["ページ送り。", "次ページ。"]
    assert ear.press(Action.LEFT)[-1] == "7のうち2番め。"
    ear.show(views.HOME)
    assert ear.press(Action.RIGHT) == ["健康の記録、血圧などの記録を見られます。", "3のうち2番め。"]
    assert ear.press(Action.DOWN)[0] == "下のボタン。"
    assert ear.press(Action.LEFT) == ["困ったとき。", "4のうち2番め。"]
    ear.show(views.CALENDAR)
    assert ear.press(Action.RIGHT) == ["28日、土曜日、9時、予約できます。"]


def test_an_arrow_that_leads_nowhere_says_where_one_is(ear: Ear) -> None:
    first = ear.show(views.HOME)[3:5]
    assert ear.press(Action.LEFT) == ear.press(Action.UP) == first


def test_leafing_says_the_page_and_the_row(ear: Ear) -> None:
    ear.show(views.LIST)
    heard = ear.press(*[Action.DOWN] * 4)
    assert heard[0] == "2ページのうち2ページめ。"
    assert heard[-1] == "7のうち5番め。"


def test_a_key_that_awaits_its_answer_only_makes_silence(ear: Ear) -> None:
    ear.show(views.HOME)
    assert ear.press(Action.OK) == []
    assert ear.paper.said == [[]]


def test_what_changes_on_the_same_view_is_said_alone(ear: Ear) -> None:
    ear.show(views.DETAIL)
    told = msgspec.structs.replace(views.DETAIL, lead="受け付けられました。")
    assert ear.show(told) == ["受け付けられました。"]
    ear.show(views.PROGRESS)
    steps = tuple(msgspec.structs.replace(it, state=StepState.DONE) for it in views.PROGRESS.steps)
    assert ear.show(msgspec.structs.replace(views.PROGRESS, steps=steps)) == ["3のうち3まで、すみました。"]
    ear.show(views.HELP)
    less = msgspec.structs.replace(views.HELP, support=msgspec.structs.replace(views.HELP.support, minutes=7))
    assert ear.show(less) == [], "the minutes pass without a word"


def test_card_level_and_notice_are_said_when_they_change(ear: Ear) -> None:
    ear.show(views.HOME)
    here = msgspec.structs.replace(ear.status, card=CardState.PRESENT, level=Level.AUTHENTICATED)
    assert ear.show(views.HOME, status=here) == ["カードが入っています。", "ご本人を確認しました。"]
    told = msgspec.structs.replace(here, notice=word("remote.notice.lost"))
    assert ear.show(views.HOME, status=told) == ["リモコンが見つかりません。電池と受信機を確かめてください。"]
    assert ear.show(views.HOME, status=told) == []


def test_what_changes_by_itself_does_not_interrupt(ear: Ear) -> None:
    opening = list(ear.show(msgspec.structs.replace(views.HELP, support=None)))
    ear.take(ViewMessage(98, True, False, ear.status, views.HELP))
    assert ear.paper.said == [[*opening, "電話で伝える確認番号は、よんはちにー、きゅういちさん。"]]
    ear.show(views.HOME)
    ear.press(Action.OK)
    ear.paper.said.append(["まだ話している。"])
    ear.take(ViewMessage(99, True, False, ear.status, msgspec.structs.replace(views.HOME, lead="できました。")))
    assert ear.heard == ["できました。"], "what the person did is answered at once"


def test_typing_says_how_many_and_never_what(ear: Ear) -> None:
    form = msgspec.structs.replace(views.FORM, field=msgspec.structs.replace(views.FORM.field, value=""))
    ear.show(form)
    typed = ""
    for at, digit in enumerate("9876543", 1):
        typed += digit
        heard = ear.show(msgspec.structs.replace(form, field=msgspec.structs.replace(form.field, value=typed)))
        assert heard[0] == f"10けたのうち{at}けた入りました。"
        assert not any(digit in " ".join(heard[1:]) for digit in ("9", "きゅう"))


def test_writing_says_the_character_that_is_being_written_and_no_more_of_the_text(ear: Ear) -> None:
    def written(value: str, reading: str = "", *words: str) -> list[str]:
        field = TextField("名", value, reading=reading, candidates=tuple(Item(it, it) for it in words))
        return ear.show(Form(title="名", field=field))

    written("")
    assert written("か", "か", "日", "火")[:3] == ["か。", "1文字入りました。", "候補は2件です。"]
    assert written("かか", "かか", "課々")[:3] == ["か。", "2文字入りました。", "候補は1件です。"]
    assert written("がっ", "がっ")[0] == "小さいつ。"
    assert not any("学" in it for it in written("学校")), "a word that was taken is heard only when asked for"
    assert ear.show(Form(title="名", field=TextField("名", "aB", Letters.LATIN)))[:2] == [
        "大文字のビー。",
        "いま書けるのは、英字です。",
    ]


def test_the_keys_are_called_by_their_names(ear: Ear) -> None:
    ear.show(views.FORM_TEXT)
    assert ear.press(Action.LEFT, Action.DOWN) == ["き。"]
    assert ear.press(Action.RIGHT, Action.RIGHT, Action.UP) == ["濁点、半濁点、小さい字。"]
    assert ear.press(Action.RIGHT)[0] == "漢字の候補。"


def test_a_date_is_said_as_its_wheels_turn(ear: Ear) -> None:
    ear.show(views.FORM_DATE)
    assert ear.press(Action.RIGHT) == ["4月。"]
    assert isinstance(views.FORM_DATE.field, DateField)
    ear.press(Action.UP)
    turned = msgspec.structs.replace(views.FORM_DATE.field, value="1951-05-29")
    assert ear.show(msgspec.structs.replace(views.FORM_DATE, field=turned)) == ["5月。"]


def test_a_chart_s_table_is_said_point_by_point() -> None:
    ear = Ear(aloud=True)
    heard = ear.show(views.CHART)
    assert (
        "最高血圧は、いちばん新しい値が129ミリエイチジー。12回の、いちばん低い値が127、高い値が145。はじめのころより、下がっています。"
        in heard
    )
    ear.press(Action.RIGHT)
    heard = ear.press(Action.OK)
    assert heard[0] == "2026年10月15日、8時、最高血圧、129、最低血圧、80。"
    assert heard[1] == "2026年10月1日、8時、最高血圧、127、最低血圧、78。"


def test_personal_values_wait_until_they_are_asked_for(ear: Ear) -> None:
    values = ["申込番号、アール、はち、ハイフン、ゼロ、ゼロ、ゼロ、いち。", "料金、600円。"]
    assert not set(values) & set(ear.show(views.DETAIL, personal=True))
    heard = ear.press(Action.DOWN, Action.RIGHT)
    assert heard[0] == "声で聞く。"
    assert set(values) <= set(ear.press(Action.OK))
    assert set(values) <= set(ear.press(Action.OK)), "and again"
    ear.show(_BEHIND)
    assert not set(values) & set(ear.show(views.DETAIL, personal=True)), "the next one in the room asks anew"
    assert set(values) <= set(ear.show(views.DETAIL, personal=False) or Ear().show(views.DETAIL))
    assert set(values) <= set(Ear(aloud=True).show(views.DETAIL, personal=True))


@pytest.mark.parametrize("name", ["health", "chart"])
def test_who_asks_to_see_asks_to_hear(ear: Ear, name: str) -> None:
    heard = ear.show(REAL[f"{name}-drawn"], personal=True)
    assert "中身は、隠しています。見るを選ぶと、画面に出して、読み上げます。" in heard
    assert not any("ミリエイチジー" in it or "声で聞く" in it for it in heard)
    ear.press(Action.OK)
    assert any("128、ミリエイチジー" in it for it in ear.show(REAL[f"{name}-open"], personal=True))
    assert "listen" not in ear.buttons()


def test_it_begins_and_ends_with_a_word_and_is_silent_over_the_programme() -> None:
    ear = Ear(on=False)
    assert ear.show(views.HOME) == []
    assert ear.press(Action.RIGHT) == []
    assert ear.paper.said == []
    on = Status(speech=Speech(on=True))
    heard = ear.show(views.HOME, status=on)
    assert heard[0] == "音声案内を始めます。青いボタンを押すと、終わります。"
    assert heard[1:3] == ["カードは入っていません。", "茶の間。"]
    assert "健康の記録、血圧などの記録を見られます。" in heard, "where the focus is"
    assert ear.show(views.HOME, status=on, shown=False) == []
    assert ear.paper.said == [[]]
    ear.show(views.HOME, status=on)
    assert ear.show(views.HOME, status=Status()) == ["音声案内を終わります。"]
    assert ear.show(views.DETAIL, status=Status()) == []


def test_without_an_engine_there_is_nothing_to_switch() -> None:
    ear = Ear()
    assert ear.show(views.HOME, status=Status(speech=Speech(on=True, engine=Engine.NONE))) == []
    assert "voice" not in ear.buttons()
    ear.show(views.HOME, status=Status())
    assert "voice" in ear.buttons()
    ear.show(views.HELP, status=Status())
    assert "voice" in ear.buttons()


def test_when_the_agent_is_lost_only_the_telephone_is_spoken_of(ear: Ear) -> None:
    status = msgspec.structs.replace(ear.status, contact=views.HELP.contact)
    ear.show(views.DETAIL, status=status)
    ear.stage.lose()
    ear.announcer.hear(ear.stage.heard())
    assert ear.heard[0] == "しばらくお待ちください。"
    assert "電話番号は、ゼロいちにーゼロ、ゼロゼロゼロ、ゼロゼロゼロ。" in ear.heard
    assert not any("予約" in sentence for sentence in ear.heard)


@pytest.mark.parametrize("name", screens.CASES)
def test_whatever_can_be_chosen_is_spoken_and_told_apart(name: str) -> None:
    ear = Ear()
    ear.show(screens.CASES[name], personal=True)
    said = ear.buttons()
    assert len(set(said.values())) == len(said)
    assert not any(words.split(" ")[1] == "" for words in said.values())


@given(st.sampled_from(sorted(screens.CASES)), st.lists(st.sampled_from(sorted(ARROWS)), max_size=12))
def test_after_every_arrow_one_hears_where_one_is(name: str, arrows: list[Action]) -> None:
    ear = Ear()
    ear.show(screens.CASES[name])
    for arrow in arrows:
        heard = ear.press(arrow)
        now = ear.stage.heard()
        assert now is not None
        if now.focused is not None and not ear.stage.pressed:
            words = ear.buttons()[now.focused].split(" ", 1)[1].rsplit(" ", 2)[0]
            assert any(words.split(" ")[0] in sentence for sentence in heard), (heard, words)


class _Digits:
    def __init__(self) -> None:
        self._kept: list[int] = []

    def append(self, digit: int) -> None:
        self._kept.append(digit)

    def pop(self) -> None:
        self._kept.pop()

    def clear(self) -> None:
        self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)


_GROUPS = {1: Action.UP, 2: Action.UP, 3: Action.UP, 4: Action.LEFT, 5: Action.LEFT, 6: Action.LEFT, 0: Action.DOWN}
_MEMBERS = (Action.LEFT, Action.UP, Action.RIGHT)


def _entering(keys: list[Action]) -> list[list[str]]:
    """Give all that is said while a PIN is entered."""
    ear, entry, said = Ear(), PinEntry(_Digits(), 4), []
    for key in [None, *keys]:
        if key is not None:
            entry, outcome = entry.press(key)
            assert outcome is Outcome.GOING_ON
        said.append(ear.show(Pin(title="暗証番号", length=4, dots=len(entry.digits), pad=entry.stage, tries=3)))
    return said


def test_every_pin_sounds_the_same() -> None:
    pins = [[0, 0, 0, 0], *([random.Random(seed).randrange(10) for _ in range(4)] for seed in range(30))]
    by_digits = [[Action(str(digit)) for digit in pin] for pin in pins]
    by_arrows = [
        [key for digit in pin for key in (_GROUPS.get(digit, Action.RIGHT), _MEMBERS[(digit - 1) % 3 if digit else 0])]
        for pin in pins
    ]
    for ways in (by_digits, by_arrows):
        first = _entering(ways[0])
        assert all(_entering(keys) == first for keys in ways)
        assert [it for it in first[len(ways[0]) // 4] if "けたのうち" in it] == ["4けたのうち1けた入りました。"]


def test_a_free_time_is_not_one_that_is_taken(ear: Ear) -> None:
    cells = (Cell("a", 0, 0, CellState.FREE), Cell("b", 1, 0, CellState.TAKEN), Cell("c", 1, 1, CellState.CLOSED))
    heard = ear.show(msgspec.structs.replace(views.CALENDAR, cells=cells))
    assert [it for it in heard if it.endswith("は、1。")] == [
        "予約できる時間は、1。",
        "うまっている時間は、1。",
        "お休みは、1。",
    ]
    assert set(ear.buttons()) & {"a", "b", "c"} == {"a"}


def test_the_form_s_error_is_said(ear: Ear) -> None:
    assert isinstance(views.FORM_ERROR, Form)
    ear.show(msgspec.structs.replace(views.FORM_ERROR, error=None))
    assert ear.show(views.FORM_ERROR) == ["この番号の契約が見つかりません。番号をお確かめください。"]

"""Numbers, dates, times, telephone numbers and codes as they are heard; and kana for an engine that reads no more."""

from __future__ import annotations

import struct

import pytest

from stb_agent.contract import words
from ui.speech.engines import EngineError, sound
from ui.speech.kana import number, parts, spaced
from ui.speech.plain import grouped, plain, spelled


def _say(code: str, **args: str | int) -> str:
    return words.text(code, "ja", **args)


@pytest.mark.parametrize(
    ("read", "heard"),
    [
        ("11月25日（水）13:00から15:00まで", "11月25日、水曜日13時から15時まで"),
        ("9:05", "9時5分"),
        ("電話 0120-000-111", "電話、ゼロいちにーゼロ、ゼロゼロゼロ、いちいちいち"),
        ("緑が丘1-2-3", "緑が丘1の2の3"),
        ("1,200円", "1200円"),
        ("１２３円", "123円"),
        ("契約番号 0123456789", "契約番号、ゼロいちにーさんよんごーろくななはちきゅう"),
        ("R8-0001", "アール、はち、ハイフン、ゼロ、ゼロ、ゼロ、いち"),
        ("129 mmHg", "129、ミリエイチジー"),
        ("電池は十分（80％）", "電池は十分、80パーセント"),
        ("「決定」を押してください。", "決定を押してください。"),
        ("9:00〜18:00（年中無休）", "9時から18時、年中無休"),
        ("HDMI", "エイチディーエムアイ"),
        ("{市|し}の{施設|しせつ}", "しのしせつ"),
        ("○ 予約できます", "まる、予約できます"),
        ("press OK", "press、オーケー"),
    ],
)
def test_what_is_read_as_it_is_heard(read: str, heard: str) -> None:
    assert plain(read, _say) == heard


@pytest.mark.parametrize(
    ("read", "heard"),
    [
        ("Certificate of the card (no name, no address).", "Certificate of the card, no name, no address."),
        ("Your Cable ID of しおみケーブル is connected.", "Your Cable ID of、しおみケーブル、is connected."),
        ("Call 0120-000-111 now", "Call zero one two zero、zero zero zero、one one one now"),
        ("Contract number 0123456789", "Contract number zero one two three four five six seven eight nine"),
        ("13:30 to 15:00", "13 30 to 15 o'clock"),
        ("13:05", "13 oh 5"),
        ("Fri\u00a020\u00a0November", "Fri 20 November"),
    ],
)
def test_what_is_read_as_it_is_heard_in_english(read: str, heard: str) -> None:
    assert plain(read, lambda code, **args: words.text(code, "en", **args)) == heard


def test_codes_are_spelled_and_digits_grouped() -> None:
    assert spelled("card.pin", _say) == "シー、エー、アール、ディー、点、ピー、アイ、エヌ"
    assert grouped("482913", 3, _say) == "よんはちにー、きゅういちさん"


@pytest.mark.parametrize(
    ("read", "kana"),
    [
        ("1日", "ついたち"),
        ("20日", "はつか"),
        ("24日", "にじゅうよっか"),
        ("25日", "にじゅうごにち"),
        ("4月", "しがつ"),
        ("11月", "じゅういちがつ"),
        ("9時", "くじ"),
        ("20分", "にじゅっぷん"),
        ("13分", "じゅうさんぷん"),
        ("100分", "ひゃくふん"),
        ("1回", "いっかい"),
        ("8件", "はっけん"),
        ("10件", "じゅっけん"),
        ("1けた", "ひとけた"),
        ("11けた", "じゅういちけた"),
        ("4年", "よねん"),
        ("2026年", "にせんにじゅうろくねん"),
        ("1人", "ひとり"),
        ("300", "さんびゃく"),
        ("8600円", "はっせんろっぴゃくえん"),
        ("10000件", "いちまんけん"),
        ("7.5", "ななてんご"),
        ("0", "ゼロ"),
    ],
)
def test_numbers_in_kana(read: str, kana: str) -> None:
    assert "".join(part for part, _ in parts(read)) == kana


def test_words_whose_reading_is_known_are_read_so() -> None:
    known = {"予約": "よやく", "予約票": "よやくひょう"}
    assert list(parts("予約票は3件", known)) == [("よやくひょう", True), ("は", False), ("さんけん", True)]


def test_every_number_has_a_reading_of_its_own() -> None:
    assert len({number(value) for value in range(20_000)}) == 20_000


def test_words_are_spaced_as_they_are_breathed_and_no_kanji_is_left() -> None:
    assert spaced("名詞,シセツ 助詞,ノ 名詞,ヨヤク ?,龘 記号,。 ") == "しせつの よやく  。"


def test_sound_of_a_pipe_says_a_wrong_length() -> None:
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 0x7FFFFFFF, b"WAVE", b"fmt ", 16, 1, 1, 22050, 44100, 2, 16, b"data", 0x7FFFF000
    )
    assert sound(head + b"\x01\x00\x02\x00\x03") == (22050, b"\x01\x00\x02\x00")
    with pytest.raises(EngineError):
        sound(b"no wave at all")
    with pytest.raises(EngineError):
        sound(head[:20])

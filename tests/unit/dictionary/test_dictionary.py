"""Looking words up: a small dictionary with every form of line, in both codings, and files that are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.dictionary.dictionary import MOST, Dictionary, load
from stb_agent.dictionary.skk import Malformed, Missing, SkkFile

ARI = {"かk": "書/描/[く/書/]", "うt": "打/撃"}
NASI = {
    "あ": "亜;次/阿",
    "かい": "会/回",
    "かいぎ": "会議/懐疑",
    "かいぎしつ": "会議室",
    "しょうぎ": '将棋;遊び/(concat "a\\057b")',
    "だい#かい": "第#1回",
    "はなこ": "花子",
    "やまだ": "山田",
}
READINGS = st.text(alphabet="あいうかがきぎくこしだつなはまやょの", min_size=1, max_size=30)


def write(path: Path, words: dict[str, str], inflected: dict[str, str], coding: str = "euc_jp") -> Path:
    """Write a dictionary as skkdic-sort does: okuri-ari descending, okuri-nasi ascending, by bytes."""

    def lines(entries: dict[str, str], *, down: bool) -> list[bytes]:
        found = [f"{reading} /{given}/".encode(coding) for reading, given in entries.items()]
        return sorted(found, key=lambda line: line.split(b" ")[0], reverse=down)

    name = coding.replace("euc_jp", "euc-jp")
    parts = [f";; -*- coding: {name} -*-".encode(), b";; okuri-ari entries.", *lines(inflected, down=True)]
    path.write_bytes(b"\n".join([*parts, b";; okuri-nasi entries.", *lines(words, down=False), b""]))
    return path


@pytest.fixture(scope="module", params=["euc_jp", "utf-8"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SkkFile:
    return SkkFile(write(tmp_path_factory.mktemp("skk") / "small", NASI, ARI, request.param))


@pytest.fixture(scope="module")
def words(file: SkkFile) -> Callable[[str], list[tuple[str, int]]]:
    return lambda reading: [(it.word, it.used) for it in Dictionary([file]).words(reading)]


def test_every_line_is_found_and_nothing_between(file: SkkFile) -> None:
    for reading in NASI:
        if "#" not in reading:
            assert file.words(reading)
    assert file.words("かい") == ("会", "回")
    assert file.words("しょうぎ") == ("将棋",), "neither the note nor what would have to be computed"
    assert file.words("だい#かい") == ()
    assert file.inflected("か", "k") == ("書", "描")
    assert file.inflected("う", "t") == ("打", "撃")
    for missing in ("", "ぁ", "かいき", "かいぎし", "ん", "𠮷", "か k"):
        assert file.words(missing) == file.inflected(missing, "") == ()
    assert list(file.beginning("かい", 9)) == ["会議", "会議室"]
    assert list(file.beginning("かい", 1)) == ["会議"]


def test_the_whole_comes_first_then_its_beginning_then_what_begins_so(
    words: Callable[[str], list[tuple[str, int]]],
) -> None:
    assert words("かいぎ") == [("会議", 3), ("懐疑", 3), ("会", 2), ("回", 2), ("会議室", 3), ("カイギ", 3)]
    assert words("やまだはなこ")[:2] == [("山田花子", 6), ("山田", 3)]
    assert words("しょうぎのかい")[0] == ("将棋の会", 7)
    assert ("書く", 2) in words("かく")
    assert words("ー")[-1] == ("ー", 1)
    assert words("") == []


@given(READINGS)
def test_whatever_is_read_every_candidate_stands_for_a_part_of_it(
    words: Callable[[str], list[tuple[str, int]]], reading: str
) -> None:
    found = words(reading)
    assert 0 < len(found) <= MOST
    assert len(set(found)) == len(found)
    assert all(word and 0 < used <= len(reading) for word, used in found)


def test_names_are_looked_for_where_names_are(tmp_path: Path) -> None:
    common = write(tmp_path / "SKK-JISYO.L", {"さとう": "砂糖/佐藤"}, {})
    people = write(tmp_path / "SKK-JISYO.jinmei", {"さとう": "佐藤/左藤"}, {})
    dictionary, wrong = load([str(common), str(people)])
    assert not wrong
    assert [it.word for it in dictionary.words("さとう")] == ["砂糖", "佐藤", "左藤", "サトウ"]
    assert [it.word for it in dictionary.names("さとう")] == ["佐藤", "左藤", "砂糖", "サトウ"]


def test_what_is_missing_or_no_dictionary_costs_only_its_own_words(tmp_path: Path) -> None:
    good = write(tmp_path / "good", NASI, ARI)
    (tmp_path / "other").write_bytes(b"hello\n")
    (tmp_path / "empty").write_bytes(b"")
    dictionary, wrong = load([str(tmp_path / name) for name in ("none", "other", "good", "empty")])
    assert [type(it) for it in wrong] == [Missing, Malformed, Missing]
    assert dictionary.words("やまだ")[0].word == "山田"
    assert load([])[0].words("やまだ") == ()
    good.write_bytes(good.read_bytes().removesuffix(b"\n"))
    assert SkkFile(good).words("やまだ") == ("山田",), "a last line without its end"

"""Which characters the fonts have, and what is drawn for one that they lack."""

from __future__ import annotations

import ast
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import ImageFont

from stb_agent.contract import words
from stb_agent.contract.fonts import FURTHER, MAIN
from stb_agent.contract.words.catalogue import LOCALE
from tests.support.typeface import lacks
from ui.glyphs import MISSING, Faces, covered

_REGISTER = next(face for face in FURTHER if face.package == "fonts-ipamj-mincho")
_YOSHI = "𠮷"  # 𠮷 (吉 with 土) of many a family's name: U+20BB7, in no JIS standard


def _jis_x_0213() -> Iterator[str]:
    """Give every single character of both planes (Python's EUC-JIS-2004; the other rows of code set 3 are JIS X 0212's)."""
    for lead, rows in ((b"", range(1, 95)), (b"\x8f", (1, 3, 4, 5, 8, 12, 13, 14, 15, *range(78, 95)))):
        for row in rows:
            for cell in range(0xA1, 0xFF):
                try:
                    text = (lead + bytes((row + 0xA0, cell))).decode("euc_jis_2004")
                except UnicodeDecodeError:
                    continue
                if len(text) == 1:
                    yield text


def _simulated() -> Iterator[str]:
    """Give every text that stands in the simulators: the names of people, places and measurements among them."""
    for path in Path("simulators").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield "".join(char for char in node.value if char.isprintable())


@pytest.mark.parametrize("path", [MAIN.regular, MAIN.bold])
def test_the_font_has_every_kanji_of_jis_x_0213(path: Path) -> None:
    """And so all of 常用漢字 and 人名用漢字, which are chosen from it."""
    kanji = {ord(char) for char in _jis_x_0213() if ord(char) >= 0x3400}
    assert len(kanji) > 10_000
    found = covered(path)
    assert {code for code in kanji if code not in found} == set()


def test_the_table_says_what_a_renderer_finds() -> None:
    found = covered(MAIN.regular)
    for char in ("茶", "髙", "﨑", "あ", "〓", "①", "℃", "A", _YOSHI, "ὠ", "\U0001f600", "한", "ẞ", "鄉"):
        assert (ord(char) in found) is not lacks(char, False), char
    bold = covered(MAIN.bold)
    assert all((code in bold) is (code in found) for code in range(0x110000))


def test_what_the_font_lacks_is_drawn_in_the_registers_font() -> None:
    faces = Faces([MAIN.regular, _REGISTER.regular])
    assert faces.runs(_YOSHI + "田さま") == [(1, _YOSHI), (0, "田さま")]
    assert faces.runs("吉田さま") == [(0, "吉田さま")]


def test_what_no_font_has_is_a_clear_sign_and_never_an_empty_box() -> None:
    faces = Faces([MAIN.regular])
    assert faces.runs(_YOSHI + "田さま") == [(0, MISSING + "田さま")]
    assert faces.runs("\ue000城") == [(0, MISSING + "城")], "外字 of some town's own"
    assert not lacks(MISSING, False)
    assert not lacks(MISSING, True)


def test_a_further_font_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"\0\1\0\0\0\5" + b"x" * 40)
    assert Faces([MAIN.regular, broken, tmp_path / "none.ttf"]).runs(_YOSHI) == [(0, MISSING)]
    with pytest.raises(ValueError, match="no OpenType font"):
        covered(broken)


def test_a_selector_stays_with_its_character_and_is_no_missing_one() -> None:
    faces = Faces([MAIN.regular, _REGISTER.regular])
    assert faces.runs("葛\U000e0100城") == [(0, "葛\U000e0100城")]
    assert faces.runs(f"{_YOSHI}\U000e0101田") == [(1, f"{_YOSHI}\U000e0101"), (0, "田")]


def test_a_truncated_font_is_an_error_not_a_guess(tmp_path: Path) -> None:
    data = MAIN.regular.read_bytes()
    count = struct.unpack_from(">H", data, 4)[0]
    cut = tmp_path / "cut.ttf"
    cut.write_bytes(data[: 12 + 16 * count])
    with pytest.raises(ValueError, match="no OpenType font"):
        covered(cut)


@pytest.mark.parametrize("bold", [False, True])
def test_the_font_has_every_character_of_every_catalogue_and_of_everyone_simulated(bold: bool) -> None:
    languages = {"ja", *(path.name for path in LOCALE.iterdir())}
    assert languages >= {"ja", "en"}
    used = {char for lang in languages for code in words.codes() for char in words.pattern(code, lang)}
    used |= {char for text in _simulated() for char in text}
    assert sorted(char for char in used if lacks(char, bold)) == []


@pytest.mark.parametrize("bold", [False, True])
def test_all_figures_but_the_one_are_as_wide_in_the_font(bold: bool) -> None:
    """So that, with the 1 in a place as wide as a 0's, figures are tabular; tests/ui looks at what is drawn."""
    font = ImageFont.truetype(str(MAIN.bold if bold else MAIN.regular), 40)
    assert len({font.getlength(digit) for digit in "023456789"}) == 1
    assert font.getlength("1") < font.getlength("0")

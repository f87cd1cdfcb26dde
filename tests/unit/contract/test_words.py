"""The catalogues: every code that the product can show is in them, in every language, and says cause and remedy."""

from __future__ import annotations

import ast
import importlib
import logging
import pkgutil
import re
import string
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import firmware_bridge
import stb_agent
from stb_agent.contract import words
from stb_agent.contract.appearance import Appearance, Calendar
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.text import word
from stb_agent.contract.words import catalogue
from stb_agent.contract.words.formats import SHAPES

ROOT = Path(stb_agent.__file__).parents[1]
PRODUCT = ("stb_agent", "ui", "firmware_bridge")
LANGUAGES = ("en", "ja-simple")
each_language = pytest.mark.parametrize("language", LANGUAGES)
JAPANESE = re.compile("[\u3005-\u30ff\u4e00-\u9fff]")


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for room in PRODUCT:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path, ast.parse(path.read_text("utf-8"))


def placeholders(text: str) -> list[tuple[str, str]]:
    """Give each placeholder's name, with its format where that says what kind of value it is."""
    fields = [(name, form or "") for _, name, form, _ in string.Formatter().parse(text) if name is not None]
    return sorted((name, "date" if form in SHAPES else form) for name, form in fields)


def test_every_error_has_a_cause_and_a_remedy() -> None:
    for package in (stb_agent, firmware_bridge):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            importlib.import_module(module.name)
    kinds = [ChanomaError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    raised = {kind.code for kind in kinds if kind.__module__.startswith(("stb_agent", "firmware_bridge"))}
    roots = {"card", "cable_id", "card.pin", "card.certificate", "store", "flash"}  # never raised themselves
    missing = {
        f"{code}.{part}" for code in raised - roots for part in ("cause", "remedy") if not words.has(f"{code}.{part}")
    }
    assert len(raised) > 40
    assert not missing


def test_every_word_in_the_code_is_in_the_catalogue() -> None:
    known = words.codes()
    found: set[str] = set()
    for path in [*ROOT.glob("stb_agent/**/*.py"), *ROOT.glob("ui/**/*.py"), *ROOT.glob("firmware_bridge/**/*.py")]:
        source = path.read_text("utf-8")
        found |= set(re.findall(r"""\b[wW]ord\(\s*"([a-z_.]+)["]""", source))
        found |= set(re.findall(r"""words\.text\(\s*"([a-z_.]+)["]""", source))
        for prefix in re.findall(r"""(?:[wW]ord|words\.text)\(\s*f"([a-z_.]+)[{]""", source):
            assert any(code.startswith(prefix) for code in known), (path, prefix)
    assert len(found) > 80
    assert {code for code in found - known if not code.endswith(".")} == set()


def test_no_word_is_there_for_nothing() -> None:
    """A code stands whole in the code, or begins or ends with what is put together there, or belongs to an error."""
    texts = {
        node.value
        for _, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    whole = {text for text in texts if re.fullmatch(r"[a-z_0-9]+(\.[a-z_0-9]+)+", text)}
    begins = {text for text in texts if re.fullmatch(r"([a-z_0-9]+\.)+[a-z_0-9]*", text)}
    parts = {"cause", "remedy"}
    unused = {
        code
        for code in words.codes()
        if code not in whole
        and not (code.rpartition(".")[2] in parts and code.rpartition(".")[0] in texts)
        and not any(
            code.startswith(begin) and (begin[-1] in "._" or code[len(begin)] in "._")
            for begin in begins
            if begin < code
        )
    }
    assert unused == set()


@each_language
def test_a_translation_keeps_what_is_filled_in(language: str) -> None:
    for code in words.codes():
        here, there = words.pattern(code), words.pattern(code, language)
        assert placeholders(here) == placeholders(there), code


def test_all_is_said_in_english() -> None:
    assert words.missing("en") == frozenset()
    left = {code for code in words.codes() if JAPANESE.search(words.pattern(code, "en"))}
    # Signs; and the name of an app, which is in Japanese on the phone too.
    assert left == {
        "help.pin.shop_take.value",
        "frame.calendar.closed",
        "frame.calendar.legend",
        "frame.chart.none",
        "frame.sign.todo",
        "doctor.fonts_alone",
    }


def test_simple_japanese_is_simple() -> None:
    """By the guideline of the Immigration Services Agency and the Agency for Cultural Affairs: short sentences, です・ます, nothing more polite."""
    said = {code: words.pattern(code, "ja-simple") for code in words.codes()}
    own = {code: text for code, text in said.items() if text != words.pattern(code)}
    assert len(own) > 200
    polite = re.compile(
        r"ご本人|ご契約|お確かめ|お試し|おたずね|ご覧|ください(ませ)|いただ|ございま|いたし|おります|なさ[いっ]て|お持ち"
    )
    twice = re.compile(r"ない(こと|わけ)(は|では|も)?な[いく]|なければな|なくては|ずには|ざるを")
    for code, text in own.items():
        assert not polite.search(text), code
        assert not twice.search(text), code
        for sentence in re.split(r"[。？！\n]", re.sub("（[^）]*）|「[^」]*」", "", text)):
            assert len(sentence.replace(" ", "")) <= 40, (code, sentence)


def test_no_japanese_stands_in_the_code() -> None:
    """But what line breaking, glyphs and pronunciation are about, and the documentation."""
    allowed = {"lines.py", "glyphs.py", "plain.py", "kana.py", "dictionary.py"}
    for path, tree in sources():
        documents = {id(it.value) for it in ast.walk(tree) if isinstance(it, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
                assert path.name in allowed or not JAPANESE.search(node.value), f"{path}:{node.lineno} {node.value}"


def test_the_languages_are_those_that_come_with_chanoma() -> None:
    assert sorted(path.name for path in catalogue.LOCALE.iterdir()) == sorted(LANGUAGES)


MORNING = {"at": "2026-11-24T15:30:00Z"}
SHOWN = {
    ("ja", Calendar.GREGORIAN): ("11月25日（水）", "2026年11月25日", "2026年11月25日（令和8年）", "11月25日（水）0:30"),
    ("ja", Calendar.JAPANESE): ("11月25日（水）", "令和8年11月25日", "令和8年11月25日（2026年）", "11月25日（水）0:30"),
    ("ja-simple", Calendar.JAPANESE): (
        "11月25日（水）",
        "令和8年11月25日",
        "令和8年11月25日（2026年）",
        "11月25日（水）0:30",
    ),
    ("en", Calendar.GREGORIAN): (
        "Wed 25 November",
        "25 November 2026",
        "25 November 2026 (Reiwa 8)",
        "Wed 25 November, 0:30",
    ),
    ("en", Calendar.JAPANESE): (
        "Wed 25 November",
        "25 November Reiwa 8",
        "25 November Reiwa 8 (2026)",
        "Wed 25 November, 0:30",
    ),
}


@pytest.mark.parametrize(("language", "calendar"), SHOWN)
def test_times_are_shown_in_tokyo_by_language_and_calendar(language: str, calendar: Calendar) -> None:
    how = Appearance(language=language, calendar=calendar)
    line = words.text("booking.order_line", how, facility="", **MORNING).strip()
    moment = words.text("health.latest", how, **MORNING)
    # An English date stays on one line; only its parts in brackets and after a comma may go to the next.
    day, date, both, at = (re.sub(r"(?<!,) (?!\()", "\u00a0", it) for it in SHOWN[language, calendar])
    assert line == day
    assert words.text("frame.chart.at", how, **MORNING) == date
    assert words.text("frame.form.date", how, **MORNING) == both
    assert at in moment


@pytest.mark.parametrize(
    ("day", "year"),
    [
        ("2019-05-01", "令和元年"),
        ("2019-04-30", "平成31年"),
        ("1989-01-08", "平成元年"),
        ("1989-01-07", "昭和64年"),
        ("1926-12-25", "昭和元年"),
        ("1926-12-24", "大正15年"),
        ("1912-07-29", "明治45年"),
        ("1868-10-22", "1868年"),
    ],
)
def test_an_era_begins_on_its_day(day: str, year: str) -> None:
    assert words.text("frame.form.era", Appearance(calendar=Calendar.GREGORIAN), at=day) == year
    assert words.text("frame.chart.at", Appearance(calendar=Calendar.JAPANESE), at=day).startswith(year)


def test_a_bare_string_is_data_and_words_nest() -> None:
    assert words.render("{not a placeholder}") == "{not a placeholder}"
    nested = word("link.consent.operator", operator=word("home.ok"))
    assert words.render(nested) == words.text("home.ok")
    assert words.render(nested, "en") == "I see"


# -- a further language, and what goes wrong ---------------------------------------------------------------------------

PO = """# comment
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"

msgctxt "frame.back"
msgid "戻る"
msgstr "Voltar"

#, python-brace-format
msgctxt "booking.price"
msgid "{yen:,}円"
msgstr ""
"{yen:,} "
"ienes"

#, fuzzy
msgctxt "frame.help"
msgid "困ったとき"
msgstr "nearly"

msgctxt "frame.tv"
msgid "an older text"
msgstr "old"

msgctxt "home.ok"
msgid "わかりました"
msgstr "{oops} {0} {x.y}"
"""


def further(tmp_path: Path, language: str = "pt", text: str = PO) -> Appearance:
    folder = tmp_path / language / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "chanoma.po").write_text(text, "utf-8")
    return Appearance(language=language, languages=str(tmp_path))


def test_a_town_adds_a_language(tmp_path: Path) -> None:
    how = further(tmp_path)
    assert words.text("frame.back", how) == "Voltar"
    assert words.text("booking.price", how, yen=1200) == "1,200 ienes"
    assert words.text("frame.help", how) == words.text("frame.help", "en"), "fuzzy"
    assert words.text("frame.tv", how) == words.text("frame.tv", "en"), "of a text that has changed"
    assert "frame.back" not in words.missing(how)
    assert {"frame.help", "frame.tv"} < words.missing(how)
    brazil = msgspec.structs.replace(how, language="pt-BR")
    assert words.text("frame.back", brazil) == "Voltar"


def test_an_operator_has_other_words_for_ours(tmp_path: Path) -> None:
    assert words.text("frame.back", further(tmp_path, "en")) == "Voltar"
    assert words.text("frame.tv", Appearance(language="en", languages=str(tmp_path))) == "Back to TV"
    assert words.text("frame.back", further(tmp_path, "ja")) == "Voltar"


def test_a_compiled_catalogue_is_read_as_well(tmp_path: Path) -> None:
    mofile = pytest.importorskip("babel.messages.mofile")
    pofile = pytest.importorskip("babel.messages.pofile")
    how = further(tmp_path)
    written = tmp_path / "pt" / "LC_MESSAGES" / "chanoma.po"
    with written.open("rb") as source, written.with_suffix(".mo").open("wb") as compiled:
        mofile.write_mo(compiled, pofile.read_po(source))
    written.unlink()
    assert words.text("frame.back", how) == "Voltar"
    assert words.text("frame.tv", how) == words.text("frame.tv", "en")


def test_nothing_that_a_catalogue_says_is_an_exception_on_screen(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = logging.getLogger("stb_agent.contract.words")
    log.propagate, handlers, log.handlers = True, log.handlers, []
    try:
        how = further(tmp_path)
        assert words.text("home.ok", how) == "わかりました", "what cannot be filled is said in Japanese"
        assert words.text("no.such.text", how) == "no.such.text"
        assert words.text("booking.price", how, other=1) == "{yen:,}円"
        bad = further(tmp_path, "vi", 'msgid "x"\nnonsense\n')
        assert words.text("frame.back", bad) == words.text("frame.back", "en")
        assert [str(error) for error in catalogue.broken("vi", str(tmp_path))]
        nowhere = Appearance(language="xx", languages=str(tmp_path / "nowhere"))
        assert words.text("frame.back", nowhere) == "Back"
    finally:
        log.handlers = handlers
    assert len(caplog.records) >= 4


BOX = Appearance(language="ja", calendar=Calendar.JAPANESE)


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "ja"),
        ({"LANG": "C.UTF-8"}, "ja"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "ja"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "en_GB"}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "ja"),
        ({"LANGUAGE": "fr:en:ja"}, "en"),
        ({"LANGUAGE": "ja-simple"}, "ja-simple"),
        ({"LANG": "../../etc"}, "ja"),
    ],
)
def test_a_command_line_speaks_as_the_terminal_or_else_as_the_box(environment: dict[str, str], language: str) -> None:
    how = words.terminal(environment, BOX)
    assert (how.language, how.calendar) == (language, Calendar.JAPANESE)

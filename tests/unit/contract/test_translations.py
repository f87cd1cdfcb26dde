"""The translations' files: in step with the Japanese source, and read by us as gettext and Babel read them."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po as babel_read
from hypothesis import given
from hypothesis import strategies as st

from stb_agent.contract import words
from stb_agent.contract.words import catalogue
from stb_agent.contract.words.po import PoError, read_po
from tests.words import extract, languages, merged, place, sources, template, updated, written


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("path", sources(), ids=lambda path: path.name)
def test_each_file_is_in_step(path: Path, language: str) -> None:
    """Else: ``./stb words``, and translate what it names."""
    there, content = updated(path, language)
    assert (there.read_bytes() if there.exists() else None) == content
    for message in babel_read(io.BytesIO(content or b"")):
        if message.id:
            assert message.string, message.context
            assert not message.fuzzy, message.context


@pytest.mark.parametrize("language", languages())
def test_there_is_no_file_without_a_source(language: str) -> None:
    there = set((catalogue.LOCALE / language / "LC_MESSAGES").iterdir())
    assert there <= {place(path, language) for path in sources()}


def test_the_template_has_every_text_once_with_its_flag_and_its_comments() -> None:
    pot = babel_read(io.BytesIO(written(template(sources()))), abort_invalid=True)
    told = {message.context: message for message in pot if message.id}
    assert {code for code in words.codes() if words.pattern(code)} == set(told)
    assert {str(message.id) for message in told.values()} <= {words.pattern(code) for code in words.codes()}
    assert "python-brace-format" in told["booking.price"].flags
    assert "python-brace-format" not in told["frame.back"].flags
    assert told["format.shortday"].auto_comments == ["The head of a narrow column."]


def test_a_text_that_has_changed_becomes_fuzzy_and_one_that_is_gone_goes(tmp_path: Path) -> None:
    source = tmp_path / "x.ja.toml"
    source.write_text('[x]\na = "あ"\nb = "い{n}"\n', "utf-8")
    before = Catalog("en")
    before.add("あ", "A", context="x.a")
    before.add("い", "I", context="x.b")
    before.add("う", "U", context="x.c")
    content = written(merged(source, "en", before))
    assert read_po(content.decode()) == {("x.a", "あ"): "A"}
    after = {message.context: message for message in babel_read(io.BytesIO(content)) if message.id}
    assert set(after) == {"x.a", "x.b"}
    assert after["x.b"].fuzzy
    assert (after["x.b"].id, after["x.b"].string) == ("い{n}", "I")
    again = babel_read(io.BytesIO(content))
    assert written(merged(source, "en", again)) == content, "nothing changes by itself"


def test_a_quoted_table_name_and_its_comment_are_found(tmp_path: Path) -> None:
    source = tmp_path / "x.ja.toml"
    source.write_text('["x.y"]\n# why\na = "あ"\nb = ""\n', "utf-8")
    assert list(extract(source)) == [("x.y.a", "あ", ["why"])]


_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t"), min_size=1)


@given(st.dictionaries(st.tuples(st.from_regex(r"[a-z]+(\.[a-z]+)?", fullmatch=True), _TEXT), _TEXT, max_size=5))
def test_what_babel_writes_is_read(texts: dict[tuple[str, str], str]) -> None:
    catalog = Catalog("en")
    for (code, japanese), translation in texts.items():
        catalog.add(japanese, translation, context=code)
    assert read_po(written(catalog).decode()) == texts


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(PoError):
        read_po(text)


@pytest.mark.parametrize("text", ["x", 'msgstr "a"', 'msgid "a"', 'msgid "a', '"a"', 'msgid "a"\nmsgstr "a" b'])
def test_what_is_no_catalogue_is_refused(text: str) -> None:
    with pytest.raises(PoError):
        read_po(text)


def test_plural_forms_and_obsolete_messages_are_passed_over() -> None:
    text = """msgctxt "a"
msgid "b"
msgstr "c"

msgctxt "p"
msgid "one"
msgid_plural "many"
msgstr[0] "x"
msgstr[1] "y"

#~ msgctxt "old"
#~ msgid "old"
#~ msgstr "old"

#| msgid "before"
msgctxt "d"
msgid "e"
msgstr "f"
"""
    assert read_po(text) == {("a", "b"): "c", ("d", "e"): "f"}

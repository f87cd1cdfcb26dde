"""What the doctor says of the screen's language: known, whole, and readable."""

from __future__ import annotations

from pathlib import Path

import pytest

from stb_agent.contract.appearance import Appearance
from stb_agent.doctor.language import look


def _screen(tmp_path: Path, language: str, po: str = "") -> Appearance:
    if po:
        folder = tmp_path / language / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "chanoma.po").write_text(po, "utf-8")
    return Appearance(language=language, languages=str(tmp_path))


@pytest.mark.parametrize("language", ["ja", "ja-simple", "en"])
def test_ours_are_well(language: str, tmp_path: Path) -> None:
    (finding,) = look(_screen(tmp_path, language))
    assert finding.ok
    assert language in finding.line()


def test_a_language_that_is_nowhere_is_told_with_the_folder(tmp_path: Path) -> None:
    (finding,) = look(_screen(tmp_path, "pt"))
    assert finding.code == "doctor.language_unknown"
    assert str(tmp_path) in finding.line()


def test_what_is_missing_is_counted_and_the_first_named(tmp_path: Path) -> None:
    (finding,) = look(_screen(tmp_path, "pt", 'msgctxt "frame.back"\nmsgid "戻る"\nmsgstr "Voltar"\n'))
    assert finding.code == "doctor.language_partial"
    assert finding.args
    assert int(finding.args["count"]) > 500
    assert str(finding.args["code"]) in finding.line()


def test_a_file_that_cannot_be_used_is_named_with_its_line(tmp_path: Path) -> None:
    findings = look(_screen(tmp_path, "en", "nonsense\n"))
    assert [it.code for it in findings] == ["words.broken"], "what is missing there is ours"
    assert "chanoma.po" in findings[0].line()
    assert "line 1" in findings[0].line()

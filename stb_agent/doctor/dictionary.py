"""The dictionaries' part of the box: which of them are there."""

from __future__ import annotations

from pathlib import Path

from stb_agent.contract import words
from stb_agent.contract.config import Typing
from stb_agent.dictionary.dictionary import load
from stb_agent.doctor.finding import Finding


def look(typing: Typing) -> list[Finding]:
    """Check that every dictionary can be used; a finding for each that cannot. Without them nothing is lost but candidates in kanji."""
    if not typing.dictionaries:
        return [Finding("dictionary", True, words.text("doctor.dictionary_none"))]
    _, wrong = load(typing.dictionaries)
    if wrong:
        return [Finding("dictionary", False, code=error.code, args=dict(error.args_)) for error in wrong]
    return [Finding("dictionary", True, ", ".join(Path(path).name for path in typing.dictionaries))]

"""What a person reads, looked up by code; Japanese first.

Every ``*.ja.toml`` in this folder is part of the Japanese source; ``locale/`` holds the translations as gettext has them, with the code as
context and the Japanese text as message, so that a translation whose source has changed since is not shown. What a language lacks is looked for
in the next of its chain (`catalogue.chain`), at last in Japanese.

A text's placeholders take Python's format syntax, names only, and these formats of ours for RFC 3339 values: ``day`` (11月25日（水）),
``shortday`` (25日（水）), ``date`` (2026年11月25日), ``time`` (9:00), ``moment`` (11月25日（水）9:00), ``full`` (2026年11月25日 9:00), ``year``
(2026年), ``otheryear`` (令和8年: in the calendar that the household did not choose), ``month`` (11月), ``weekday`` (水曜日).
"""

from __future__ import annotations

import logging
import string
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from stb_agent.contract.appearance import JAPANESE, Appearance
from stb_agent.contract.text import Text, Word
from stb_agent.contract.words import catalogue
from stb_agent.contract.words.formats import JST, SHAPES, shaped

__all__ = [
    "JST",
    "codes",
    "has",
    "known",
    "languages",
    "missing",
    "own_name",
    "pattern",
    "render",
    "terminal",
    "text",
    "told",
    "use",
]

How = Appearance | str
"""In which language, and with which calendar; a language's name alone will do."""

_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""In the order in which gettext asks them."""

_OWN_NAME = "format.own_name"

log = logging.getLogger(__name__)
_used = Appearance()


def use(how: Appearance) -> None:
    """Set how this process says what it is not told how to say: once, by a command line."""
    global _used
    _used = how


def terminal(environment: Mapping[str, str], box: Appearance) -> Appearance:
    """Give how a command line speaks: as the person at the terminal set it where we have that language, else as the box does."""
    named = next((value for name in _VARIABLES if (value := environment.get(name))), "")
    for name in named.split(":"):
        tag = catalogue.normal(name)
        for language in catalogue.chain(tag)[: len(tag.split("-"))]:
            if language and catalogue.known(language, box.languages):
                return msgspec.structs.replace(box, language=language)
    return box


def render(text: Text, how: How | None = None) -> str:
    """Give what the person reads. A code that is nowhere is given as it is, and logged as the defect that it is."""
    if isinstance(text, str):
        return text
    shown = _manner(how)
    japanese = catalogue.source().get(text.code)
    if japanese is None:
        log.error("no text for %s", text.code)
        return text.code
    args = {name: render(value, shown) if isinstance(value, Word) else value for name, value in text.args.items()}
    for pattern in (_translated(text.code, japanese, shown), japanese):
        try:
            return _Formatter(shown).vformat(pattern, (), args)
        except (LookupError, ValueError, TypeError):
            log.error("%s cannot be filled: %s", text.code, pattern)
    return japanese


def text(code: str, how: How | None = None, **args: str | int | Word) -> str:
    """Give the text of ``code``, filled with ``args``."""
    return render(Word(code, args), how)


def told(code: str, args: Mapping[str, str | int], how: How | None = None) -> tuple[str, str]:
    """Give the cause and the remedy of an error."""
    return render(Word(f"{code}.cause", dict(args)), how), render(Word(f"{code}.remedy", dict(args)), how)


def has(code: str) -> bool:
    """Tell whether there is a text of this code."""
    return code in catalogue.source()


def codes() -> frozenset[str]:
    """Give the code of every text."""
    return frozenset(catalogue.source())


def pattern(code: str, how: How | None = None) -> str:
    """Give the text of ``code`` as its catalogue has it, placeholders and all; "" for a code that is nowhere."""
    return _translated(code, catalogue.source().get(code, ""), _manner(how))


def known(language: str, further: str) -> bool:
    """Tell whether there is a catalogue of exactly this language; ``further`` is the operator's folder."""
    return catalogue.known(language, further)


def languages(further: str) -> tuple[str, ...]:
    """Give the languages that there are, Japanese first; ``further`` is the operator's folder."""
    return catalogue.languages(further)


def own_name(language: str, further: str) -> str:
    """Give a language's name in itself; its tag, where its catalogue does not say."""
    how = Appearance(language=language, languages=further)
    return language if _OWN_NAME in missing(how) else text(_OWN_NAME, how)


def missing(how: How) -> frozenset[str]:
    """Give the codes whose text is said in another language than the one that is set."""
    shown = _manner(how)
    if JAPANESE in catalogue.chain(shown.language):
        return frozenset()
    own = catalogue.chain(shown.language)[: len(shown.language.split("-"))]
    ours = catalogue.translations(tuple(own), shown.languages)
    return frozenset(code for code, text in catalogue.source().items() if text and not ours.pgettext(code, text))


def _manner(how: How | None) -> Appearance:
    if how is None:
        return _used
    return Appearance(language=how) if isinstance(how, str) else how


def _translated(code: str, japanese: str, shown: Appearance) -> str:
    if not japanese:
        return ""
    languages = tuple(catalogue.chain(shown.language))
    return catalogue.translations(languages, shown.languages).pgettext(code, japanese) or japanese


class _Formatter(string.Formatter):
    """Fills by name alone: no attributes and no places, whatever a file says."""

    def __init__(self, shown: Appearance) -> None:
        self._shown = shown

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec not in SHAPES:
            return str(super().format_field(value, format_spec))
        return shaped(value, format_spec, self._shown.calendar, lambda code, **args: text(code, self._shown, **args))

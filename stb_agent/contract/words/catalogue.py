"""The catalogues: the Japanese texts, which are the source, and the translations over them."""

from __future__ import annotations

import gettext
import logging
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from stb_agent.contract.appearance import ENGLISH, JAPANESE, LANGUAGE, SIMPLE
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.words.po import PoError, read_po

_HERE = Path(__file__).parent
LOCALE = _HERE / "locale"
"""Our translations: a folder for each language as gettext has them, ``en/LC_MESSAGES/booking.po``."""

log = logging.getLogger(__name__)


class CatalogueBroken(ChanomaError):
    """A translation's file cannot be used: file and what is wrong there."""

    code: ClassVar[str] = "words.broken"


@cache
def source() -> Mapping[str, str]:
    """Give every text in Japanese by its code. Raises ValueError for a code that two files define."""
    merged: dict[str, str] = {}
    for path in sorted(_HERE.glob("*.ja.toml")):
        for code, text in flat(tomllib.loads(path.read_text("utf-8"))):
            if code in merged:
                raise ValueError(f"{path.name}: {code} is defined twice")
            merged[code] = text
    return merged


def flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Give the texts of a file by their whole codes."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def chain(language: str) -> list[str]:
    """Give the languages in which a text is looked for before Japanese: as it is, less and less special, and English for a further one.

    English, because who set a further language is more likely to read that than Japanese. A kind of Japanese, and English, go on to Japanese itself.
    """
    parts = language.split("-")
    wanted = ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return wanted if wanted[-1] in (JAPANESE, ENGLISH) else [*wanted, ENGLISH]


def normal(name: str) -> str:
    """Give a POSIX locale's name as a language tag: ``pt_BR.UTF-8`` is ``pt-BR``, ``ja_JP@simple`` is ``ja-JP-simple``."""
    return re.sub(r"\.[^@]*", "", name).replace("_", "-").replace("@", "-")


@cache
def translations(languages: tuple[str, ...], further: str) -> gettext.NullTranslations:
    """Give what translates into the first of the languages that has the text; the operator's files (in ``further``) win over ours.

    ``pgettext(code, japanese)`` gives "" for a text that none has. A file that cannot be used is left out.
    """
    first = _Catalogue({})
    last: gettext.NullTranslations = first
    for language in languages:
        for path in _files(language, further):
            try:
                one = read(path)
            except CatalogueBroken as error:
                log.error("%s", error)
                continue
            if isinstance(one, _Catalogue) and isinstance(last, _Catalogue):
                last.add(one)
            else:
                last.add_fallback(one)
                last = one
    last.add_fallback(_Nothing())
    return first


def known(language: str, further: str) -> bool:
    """Tell whether there is a catalogue of exactly this language."""
    return language == JAPANESE or bool(_files(language, further))


def languages(further: str) -> tuple[str, ...]:
    """Give every language that there is a catalogue of: Japanese, our others, then the operator's further ones."""
    ours = sorted(path.name for path in LOCALE.iterdir() if path.is_dir())
    folder = Path(further)
    theirs = sorted(path.name for path in folder.iterdir() if path.is_dir()) if further and folder.is_dir() else []
    found = (name for name in (*ours, *theirs) if re.fullmatch(LANGUAGE, name) and _files(name, further))
    return tuple(dict.fromkeys((JAPANESE, SIMPLE, *found)))


def broken(language: str, further: str) -> list[CatalogueBroken]:
    """Give what is wrong with the files of a language."""
    errors = []
    for path in _files(language, further):
        try:
            read(path)
        except CatalogueBroken as error:
            errors.append(error)
    return errors


def read(path: Path) -> gettext.NullTranslations:
    """Read a ``.po`` or ``.mo`` file. Raises CatalogueBroken."""
    try:
        if path.suffix == ".mo":
            with path.open("rb") as file:
                return gettext.GNUTranslations(file)
        return _Catalogue(read_po(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, PoError) as error:
        raise CatalogueBroken(file=str(path), what=str(error)) from error


def _files(language: str, further: str) -> list[Path]:
    """Give a language's files, the operator's first; a ``.po`` before the ``.mo`` that was made of it."""
    folders = [Path(further)] if further else []
    return [
        path
        for folder in (*folders, LOCALE)
        for suffix in ("po", "mo")
        for path in sorted((folder / language / "LC_MESSAGES").glob(f"*.{suffix}"))
    ]


class _Catalogue(gettext.NullTranslations):
    """A ``.po`` file's texts by code and Japanese."""

    def __init__(self, texts: Mapping[tuple[str, str], str]) -> None:
        super().__init__()
        self._texts = dict(texts)

    def add(self, other: _Catalogue) -> None:
        """Take what this one lacks from another."""
        self._texts = {**other._texts, **self._texts}

    def pgettext(self, context: str, message: str) -> str:
        """Give the translation, or what the next catalogue has."""
        return self._texts.get((context, message)) or super().pgettext(context, message)


class _Nothing(gettext.NullTranslations):
    """The end of a chain."""

    def pgettext(self, context: str, message: str) -> str:
        """Give nothing."""
        return ""

"""``./stb words``: the catalogues of translations kept in step with the Japanese source, and the template for a further language.

The source is ``stb_agent/contract/words/*.ja.toml``; the comment lines right above a text are for its translator. Each source file has one
``.po`` file of the same name in each of our languages; a text whose Japanese has changed becomes fuzzy, one that is gone goes.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import NamedTuple

from babel.messages import Catalog
from babel.messages.pofile import read_po, write_po

from stb_agent.contract.appearance import ENGLISH
from stb_agent.contract.words.catalogue import LOCALE, flat

SOURCE = LOCALE.parent
WHOLE = frozenset({ENGLISH})
"""The languages that say everything; the others of ours say what differs from the language that they are a kind of."""
_HEADER = re.compile(r'\s*\[\s*"?([\w.]+)"?\s*\]')
_KEY = re.compile(r'\s*"?([\w.]+)"?\s*=')
_HEADER_OF = """msgid ""
msgstr ""
"Project-Id-Version: Chanoma\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""
_NOTE = """# The context of a message is its code. Keep what stands in {{braces}} and what follows a colon in them: {{at:day}} is a date, put
# together by the messages of format.… A message that is empty or fuzzy is shown in another language. docs/operations.md, "Languages", says
# where the file goes.
"""


class Source(NamedTuple):
    """A text of the source."""

    code: str
    text: str
    comments: list[str]


def extract(path: Path) -> Iterator[Source]:
    """Give the texts of a source file that there is something to translate in, with the comments right above them."""
    text = path.read_text("utf-8")
    comments: dict[str, list[str]] = {}
    section, notes = "", list[str]()
    for line in text.splitlines():
        if line.startswith("#"):
            notes.append(line.removeprefix("#").strip())
            continue
        if header := _HEADER.match(line):
            section = header[1]
        if key := _KEY.match(line):
            comments[f"{section}.{key[1]}"] = notes
        if not header:
            notes = []
    for code, value in flat(tomllib.loads(text)):
        if value:
            yield Source(code, value, comments.get(code, []))


def template(paths: list[Path]) -> Catalog:
    """Give a catalogue of all texts of these files without a translation."""
    catalog = Catalog()
    for path in paths:
        for text in extract(path):
            catalog.add(text.text, context=text.code, auto_comments=text.comments, locations=[(path.name, None)])  # type: ignore[list-item]
    return catalog


def merged(path: Path, language: str, before: Catalog | None) -> Catalog:
    """Give a source file's catalogue in a language with the translations that there were, by code."""
    old = {message.context: message for message in before or ()}
    catalog = Catalog(language.replace("-", "_"))
    for text in extract(path):
        known = old.get(text.code)
        if known is None and language not in WHOLE:
            continue
        changed = known is not None and bool(known.string) and known.id != text.text
        catalog.add(
            text.text,
            known.string if known else "",
            context=text.code,
            flags=["fuzzy"] if changed or (known is not None and known.fuzzy) else [],
            auto_comments=text.comments,
            user_comments=known.user_comments if known else [],
        )
    return catalog


def written(catalog: Catalog) -> bytes:
    """Give a catalogue as a ``.po`` file."""
    language = (catalog.locale_identifier or "").replace("_", "-")
    out = BytesIO((_HEADER_OF if language else _NOTE + _HEADER_OF).format(language=language).encode())
    out.seek(0, SEEK_END)
    out.write(b"\n")
    write_po(out, catalog, width=110, omit_header=True, include_lineno=False)
    return out.getvalue().rstrip(b"\n") + b"\n"


def sources() -> list[Path]:
    """Give the source files."""
    return sorted(SOURCE.glob("*.ja.toml"))


def languages() -> list[str]:
    """Give our languages besides Japanese."""
    return sorted(path.name for path in LOCALE.iterdir() if path.is_dir())


def place(path: Path, language: str) -> Path:
    """Give where a source file's translation is."""
    return LOCALE / language / "LC_MESSAGES" / path.name.replace(".ja.toml", ".po")


def updated(path: Path, language: str) -> tuple[Path, bytes | None]:
    """Give where a source file's translation is and what should be there: None for nothing."""
    there = place(path, language)
    before = None
    if there.exists():
        with there.open("rb") as file:
            before = read_po(file, abort_invalid=True)
    catalog = merged(path, language, before)
    return there, written(catalog) if len(catalog) else None


def main(argv: list[str] | None = None) -> int:
    """Bring every catalogue into step and say what is to be translated; the exit status is 1 if anything is."""
    parser = argparse.ArgumentParser(prog="./stb words", description="Keep the translations in step with the Japanese.")
    parser.add_argument(
        "--template", type=Path, metavar="FILE", help="write the template for a further language (.pot)"
    )
    arguments = parser.parse_args(argv)
    if arguments.template:
        arguments.template.write_bytes(written(template(sources())))
        return 0
    left = 0
    for language in languages():
        wanted = {place(path, language) for path in sources()}
        for stray in set((LOCALE / language / "LC_MESSAGES").glob("*.po")) - wanted:
            stray.unlink()
        for path in sources():
            there, content = updated(path, language)
            if content is None:
                there.unlink(missing_ok=True)
                continue
            if not there.exists() or there.read_bytes() != content:
                there.write_bytes(content)
            for message in read_po(BytesIO(content)):
                if message.id and (not message.string or message.fuzzy):
                    left += 1
                    print(f"{there}: {message.context}: {message.id}", file=sys.stderr)
    print(f"{left} to translate" if left else "every text is translated")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())

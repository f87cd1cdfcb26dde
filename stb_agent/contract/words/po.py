"""Reading gettext's ``.po`` files (GNU gettext manual, "The Format of PO Files").

Python's gettext reads the compiled form alone. Reading the written one saves the box a compiler and the repository, the wheel and an operator's
folder the second form of every file, which would have to be kept in step; 700 texts take a few milliseconds, once.
"""

from __future__ import annotations

import ast
import re

_LINE = re.compile(r'(?:(msgctxt|msgid_plural|msgid|msgstr)(?:\[\d+\])?\s+)?(".*")$')
_LEAST = ("msgid", "msgstr")


class PoError(ValueError):
    """A file is not of the form: the line, and what stands there."""


def read_po(text: str) -> dict[tuple[str, str], str]:
    """Give the translations that are ready to be shown (neither empty nor fuzzy) by context and message. Raises PoError.

    Plural forms are not used; their entries are read and left out.
    """
    found: dict[tuple[str, str], str] = {}
    entry: dict[str, str] = {}
    flags, key = "", ""

    def end(number: int) -> None:
        nonlocal entry, flags, key
        if entry:
            if not all(name in entry for name in _LEAST):
                raise PoError(f"line {number}: an entry without msgid or msgstr ends here")
            plain = "msgid_plural" not in entry and "fuzzy" not in flags
            if plain and "msgctxt" in entry and entry["msgstr"]:
                found[entry["msgctxt"], entry["msgid"]] = entry["msgstr"]
        entry, flags, key = {}, "", ""

    number = 0
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            if key == "msgstr":
                end(number)
            if line.startswith("#,"):
                flags += line
            continue
        match = _LINE.match(line)
        if match is None or not (match[1] or key):
            raise PoError(f"line {number}: {line[:60]}")
        if match[1] and key == "msgstr" and match[1] != "msgstr":
            end(number)
        key = match[1] or key
        try:
            value = ast.literal_eval(match[2])
        except (ValueError, SyntaxError):
            raise PoError(f"line {number}: {line[:60]}") from None
        if not isinstance(value, str):
            raise PoError(f"line {number}: {line[:60]}")
        entry[key] = entry.get(key, "") + value
    end(number)
    return found

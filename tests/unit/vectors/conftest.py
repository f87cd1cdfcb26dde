"""Where the public vectors are, and how their files are read."""

import re
from collections.abc import Iterator
from pathlib import Path

import cryptography_vectors

ROOT = Path(cryptography_vectors.__file__).parent
PKITS = ROOT / "x509" / "PKITS_data"


def records(name: str) -> Iterator[dict[str, str]]:
    """Read NIST's and the project's text form: `NAME = VALUE`, blank lines between, `[section]`; values above stay in force in a section."""
    section: dict[str, str] = {}
    found: dict[str, str] = {}
    for line in [*(ROOT / name).read_text().splitlines(), ""]:
        if match := re.fullmatch(r"\[(.*)\]", line.strip()):
            section = {"section": match[1].replace(" ", "")}
        elif not line.strip():
            if {"Result", "TOTP", "OKM"} & found.keys():
                yield {**section, **found}
            elif found:
                section |= found
            found = {}
        elif "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[key.strip()] = value.strip()

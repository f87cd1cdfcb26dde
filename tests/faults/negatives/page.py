"""The page docs/negatives.md, written from the table: ``python -m tests.faults.negatives.page``."""

from __future__ import annotations

import sys
from pathlib import Path

from stb_agent.contract import words
from tests.faults.negatives import assertions, certificates, devices, elsewhere, lies, life, phone, tokens, told
from tests.faults.negatives.table import TABLE, Group, Negative

PAGE = Path(__file__).parents[3] / "docs" / "negatives.md"
MODULES = (lies, assertions, certificates, devices, tokens, phone, life, told, elsewhere)
"""Each enters its rows when it is imported."""
_HEAD = """# What is refused

Attacks and faults between box, platform, services and people, {count} of them, each with who refuses it, by what name on the wire, and the
code under which the box tells a person (cause and remedy are in the catalogue, in every language; here the cause, in English).
`./stb test faults` tries every row, by itself or by the test that is named; this page is written from the same table
(`python -m tests.faults.negatives.page`), and a test holds it to that.

The platform's and the services' refusals are those of the simulators, which follow [the profile](cable-id-profile.md); the code beside
them is what an honest box would tell that got such an answer. Where several forgeries have one name on the wire, that is on purpose: who
forges learns nothing of which check found it. What is not here: whoever has the box open and its device key out of it; whoever has the card
and knows its PIN; an operator's platform that is itself dishonest about its own people. An endpoint elsewhere, over HTTPS, is the
platform's to choose: what is sent there is bound to issuer, address and device.
"""


def page() -> str:
    """Write the page; its rows stand by name, so that no import changes it."""
    parts = [_HEAD.format(count=len(TABLE))]
    for group in Group:
        rows = sorted((row for row in TABLE if row.group is group), key=lambda row: row.name)
        parts.append(
            f"\n## {group.value}\n| tried | refused by | on the wire | code: what a person is told |\n| --- | --- | --- | --- |\n"
        )
        parts.extend(_row(row) for row in rows)
    return "".join(parts)


def _row(row: Negative) -> str:
    said = (
        f"`{row.code}`: {words.text(row.code + '.cause', 'en', **_ARGS)}"
        if row.code
        else "nobody is asked to do anything"
    )
    tried = row.what + (f" (`{row.proof}`)" if row.proof else "")
    return f"| {tried.replace('|', chr(92) + '|')} | {row.by.value} | {'`' + row.wire + '`' if row.wire else ''} | {said} |\n"


_ARGS = {"position": 3, "table": "outbox"}
"""What stands for the data of an error in the page."""


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.exit(0)

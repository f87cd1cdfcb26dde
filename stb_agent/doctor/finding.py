"""What was seen of one part of the box, and how it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from stb_agent.contract import words


@dataclass(frozen=True)
class Finding:
    """What was seen of one part; ``code`` names cause and remedy in the catalogue when it is not well."""

    part: str
    ok: bool
    detail: str = ""
    code: str = ""
    args: dict[str, str | int] | None = None

    def line(self) -> str:
        """Give the line (and the remedy's) that a person reads."""
        name = words.text(f"doctor.{self.part}")
        if self.ok:
            return f"○ {name}: {self.detail or words.text('doctor.well')}"
        cause, remedy = words.told(self.code, self.args or {})
        return f"× {name}: {cause}\n    → {remedy}"


def report(findings: Sequence[Finding], *, as_json: bool) -> int:
    """Print the findings; 0 if all is well, else 1."""
    if as_json:
        told = [{"part": it.part, "ok": it.ok, "detail": it.detail, "code": it.code} for it in findings]
        print(msgspec.json.encode(told).decode())
    else:
        for finding in findings:
            print(finding.line())
    return 0 if all(finding.ok for finding in findings) else 1

"""The language's part of the box: whether what [screen] sets is there, and whole."""

from __future__ import annotations

from stb_agent.contract import words
from stb_agent.contract.appearance import Appearance
from stb_agent.contract.words.catalogue import broken, known
from stb_agent.doctor.finding import Finding


def look(screen: Appearance) -> list[Finding]:
    """Check the screen's language; a finding for each file that cannot be used."""
    language = screen.language
    errors = broken(language, screen.languages)
    bad = [Finding("language", False, code=error.code, args=error.args_) for error in errors]
    missing = sorted(words.missing(screen))
    if not known(language, screen.languages):
        args: dict[str, str | int] = {"language": language, "folder": screen.languages}
        return [Finding("language", False, code="doctor.language_unknown", args=args)]
    if missing:
        args = {"language": language, "count": len(missing), "code": missing[0]}
        bad.append(Finding("language", False, code="doctor.language_partial", args=args))
    return bad or [Finding("language", True, language)]

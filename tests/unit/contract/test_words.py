"""The catalogues: every code that the product can show is in them, and says cause and remedy."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import firmware_bridge
import stb_agent
from stb_agent.contract import words
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.text import word

ROOT = Path(stb_agent.__file__).parents[1]


def test_every_error_has_a_cause_and_a_remedy() -> None:
    for package in (stb_agent, firmware_bridge):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            importlib.import_module(module.name)
    kinds = [ChanomaError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    raised = {kind.code for kind in kinds if kind.__module__.startswith(("stb_agent", "firmware_bridge"))}
    roots = {"card", "cable_id", "card.pin", "card.certificate", "store", "flash"}  # never raised themselves
    missing = {
        f"{code}.{part}" for code in raised - roots for part in ("cause", "remedy") if not words.has(f"{code}.{part}")
    }
    assert len(raised) > 40
    assert not missing


def test_every_word_in_the_code_is_in_the_catalogue() -> None:
    known = words.codes()
    found: set[str] = set()
    for path in [*ROOT.glob("stb_agent/**/*.py"), *ROOT.glob("ui/**/*.py")]:
        source = path.read_text("utf-8")
        found |= set(re.findall(r"""\bword\(\s*"([a-z_.]+)["]""", source))
        found |= set(re.findall(r"""words\.text\(\s*"([a-z_.]+)["]""", source))
        for prefix in re.findall(r"""(?:word|words\.text)\(\s*f"([a-z_.]+)[{]""", source):
            assert any(code.startswith(prefix) for code in known), (path, prefix)
    assert len(found) > 80
    assert not found - known


def test_times_are_shown_in_tokyo() -> None:
    assert words.text("booking.time_value", start="2026-11-24T15:30:00Z", end="2026-11-25T12:05:00+09:00") == (
        "11月25日（水）　0:30から12:05まで"
    )
    assert words.text("booking.day", at="2026-11-25") == "25日（水）"


def test_a_bare_string_is_data_and_words_nest() -> None:
    assert words.render("{not a placeholder}") == "{not a placeholder}"
    nested = word("link.consent.operator", operator=word("home.ok"))
    assert words.render(nested) == words.text("home.ok")

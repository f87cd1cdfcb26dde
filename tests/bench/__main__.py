"""python -m tests.bench [NAME] [--json FILE] [--boxes N]: run a measurement, or all.

A measurement is a folder here with ``measure() -> dict`` (``boxes`` is a keyword of the one that has boxes) whose values are numbers, or dicts
of them; ``BUDGETS`` in it maps a dotted name to the most that it should be.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def known() -> list[str]:
    """List the measurements: the folders beside this file."""
    return sorted(entry.parent.name for entry in Path(__file__).parent.glob("*/__init__.py"))


def flat(values: Mapping[str, Any], under: str = "") -> Iterator[tuple[str, Any]]:
    """Give the leaves of nested dicts, by dotted name."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{under}{name}.")
        else:
            yield under + name, value


def main(argv: list[str]) -> int:
    """Measure; exit status 2 for a wrong call. A figure over its budget is said, not punished: it depends on the machine."""
    parser = argparse.ArgumentParser(prog="./stb bench", description="Measure.")
    parser.add_argument("name", nargs="?", help=f"one of: {' '.join(known())}; without it, all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument("--boxes", type=int, metavar="N", help="platform: how many boxes sign in (10000)")
    options = parser.parse_args(argv)
    if options.name is not None and options.name not in known():
        print(f"stb: no measurement called '{options.name}'; there are: {' '.join(known())}", file=sys.stderr)
        return 2
    figures: dict[str, Any] = {}
    for name in [options.name] if options.name else known():
        module = importlib.import_module(f"tests.bench.{name}")
        wanted = {"boxes": options.boxes} if name == "platform" and options.boxes else {}
        figures[name] = module.measure(**wanted)
        budgets = getattr(module, "BUDGETS", {})
        print(f"{name}: {(module.__doc__ or '').partition(chr(10))[0]}")
        for leaf, value in flat(figures[name]):
            budget = budgets.get(leaf)
            verdict = "" if budget is None else f"   budget {budget:g}  {'ok' if value <= budget else 'OVER'}"
            print(f"  {leaf:<32}{value:>10}{verdict}", flush=True)
        figures[name]["budgets"] = budgets
    if options.json is not None:
        options.json.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""python -m tests.journeys [NAME] --out DIR: walk a journey, or all, and keep pictures and tour.json."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

from tests.journeys.tour import LostError, Tour
from tests.support.house import Witness, house
from tests.support.screen import Screen


def known() -> list[str]:
    """List the journeys: the folders beside this file."""
    return sorted(entry.parent.name for entry in Path(__file__).parent.glob("*/__init__.py"))


def main(argv: list[str]) -> int:
    """Walk; exit status 0 only if every step held, 2 for a wrong call."""
    parser = argparse.ArgumentParser(prog="./stb tour", description="Walk a journey with the remote alone.")
    parser.add_argument("name", nargs="?", help=f"one of: {' '.join(known())}; without it, all")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where pictures and tour.json go")
    options = parser.parse_args(argv)
    if options.name is not None and options.name not in known():
        print(f"stb: no journey called '{options.name}'; there are: {' '.join(known())}", file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    steps, lost = [], False
    for name in [options.name] if options.name else known():
        journey = importlib.import_module(f"tests.journeys.{name}")
        with house() as room, Screen(room.facts["display"]) as screen:
            witness = Witness(room.socket("ui"))
            tour = Tour(room, screen, witness, options.out, name)
            try:
                journey.walk(tour)
            except LostError as error:
                lost = True
                print(f"stb: {name} is given up: {error}", file=sys.stderr)
            finally:
                witness.close()
                steps += tour.steps
                (options.out / "tour.json").write_text(
                    json.dumps({"steps": steps}, ensure_ascii=False, indent=1) + "\n", "utf-8"
                )
    held = sum(step["ok"] for step in steps)
    print(f"{held} of {len(steps)} steps held; pictures and tour.json are in {options.out}")
    return 0 if held == len(steps) and not lost else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""python -m tests.journeys [NAME] --out DIR [--language TAG] [--profile NAME] [--by-ear]: walk a journey, or all."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from stb_agent.contract.appearance import ENGLISH, JAPANESE, SIMPLE, Appearance, Profile
from tests.journeys import by_ear
from tests.journeys.tour import LostError, Tour
from tests.support.house import Witness, house
from tests.support.screen import Screen

LANGUAGES, ALL = (JAPANESE, SIMPLE, ENGLISH), "all"


def known() -> list[str]:
    """List the journeys: the folders beside this file."""
    return sorted(entry.parent.name for entry in Path(__file__).parent.glob("*/__init__.py"))


def main(argv: list[str]) -> int:
    """Walk; exit status 0 only if every step held, 2 for a wrong call."""
    parser = argparse.ArgumentParser(prog="./stb tour", description="Walk a journey with the remote alone.")
    parser.add_argument("name", nargs="?", help=f"one of: {' '.join(known())}; without it, all")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where pictures and tour.json go")
    parser.add_argument(
        "--language", choices=[*LANGUAGES, ALL], default=JAPANESE, help="what the screen says it in, or all in turn"
    )
    parser.add_argument(
        "--profile",
        choices=[*map(str, Profile), ALL],
        default=str(Profile.STANDARD),
        help="how it is drawn, or all in turn",
    )
    parser.add_argument(
        "--by-ear",
        action="store_true",
        help="the evening with the screen ignored: keys by what is spoken, written down in DIR",
    )
    options = parser.parse_args(argv)
    if options.name is not None and options.name not in known():
        print(f"stb: no journey called '{options.name}'; there are: {' '.join(known())}", file=sys.stderr)
        return 2
    names = [options.name] if options.name else known()
    languages = LANGUAGES if options.language == ALL else [options.language]
    if options.by_ear:
        options.out.mkdir(parents=True, exist_ok=True)
        lived = [by_ear.walk(options.out, language) for language in languages]
        return 0 if all(lived) else 1
    profiles = list(Profile) if options.profile == ALL else [Profile(options.profile)]
    held = True
    for language in languages:
        for profile in profiles:
            several = len(languages) * len(profiles) > 1
            out = options.out / f"{language}-{profile}" if several else options.out
            if several:
                print(f"{language}, {profile}:", flush=True)
            held = walk(names, out, Appearance(profile=profile, language=language)) and held
    return 0 if held else 1


def walk(names: Sequence[str], out: Path, appearance: Appearance) -> bool:
    """Walk journeys, each in a house of its own where the household chose this; tell whether every step held."""
    out.mkdir(parents=True, exist_ok=True)
    steps, lost = [], False
    chosen = ("--language", appearance.language, "--profile", appearance.profile)
    for name in names:
        journey = importlib.import_module(f"tests.journeys.{name}")
        if getattr(journey, "CHOOSES", False) and appearance != Appearance():
            print(f"{name} chooses language and profile by itself: it is walked without these options", flush=True)
            continue
        with house(*chosen) as room, Screen(room.facts["display"]) as screen:
            witness = Witness(room.socket("ui"))
            tour = Tour(room, screen, witness, out, name)
            try:
                journey.walk(tour)
            except LostError as error:
                lost = True
                print(f"stb: {name} is given up: {error}", file=sys.stderr)
            finally:
                witness.close()
                steps += tour.steps
                (out / "tour.json").write_text(
                    json.dumps({"steps": steps}, ensure_ascii=False, indent=1) + "\n", "utf-8"
                )
    held = sum(step["ok"] for step in steps)
    print(f"{held} of {len(steps)} steps held; pictures and tour.json are in {out}")
    return held == len(steps) and not lost


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""stb-sim: run one of the simulators by its name."""

import importlib
import pkgutil
import sys
from collections.abc import Callable
from types import ModuleType
from typing import cast

import simulators

Main = Callable[[list[str]], int]


def names() -> list[str]:
    """List the rooms under simulators, in alphabetical order; not every room is a program."""
    return sorted(m.name for m in pkgutil.iter_modules(simulators.__path__) if not m.name.startswith("_"))


def programs() -> dict[str, ModuleType]:
    """Import every room and keep those that are programs: that have a main(argv) -> exit status."""
    rooms = {name: importlib.import_module(f"simulators.{name}") for name in names()}
    return {name: room for name, room in rooms.items() if callable(getattr(room, "main", None))}


def usage() -> str:
    """Say the grammar, and each program with the first line of its docstring."""
    lines = [f"  {name:<12} {(room.__doc__ or '').strip().partition(chr(10))[0]}" for name, room in programs().items()]
    return "\n".join(["usage: stb-sim NAME [ARG...]", "", *lines])


def main(argv: list[str] | None = None) -> int:
    """Run `stb-sim NAME ARG...`; exit status 2 for an unknown name, else the program's own."""
    words = sys.argv[1:] if argv is None else argv
    if not words or words[0] in ("-h", "--help"):
        print(usage())
        return 0 if words else 2
    name, *rest = words
    room = importlib.import_module(f"simulators.{name}") if name in names() else None
    run = getattr(room, "main", None)
    if not callable(run):
        print(f"stb-sim: no simulator called '{name}'\n{usage()}", file=sys.stderr)
        return 2
    return cast(Main, run)(rest)


if __name__ == "__main__":
    sys.exit(main())

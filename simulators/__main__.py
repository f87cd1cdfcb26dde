"""stb-sim: run one of the simulators by its name."""

import ast
import importlib
import pkgutil
import sys
from importlib.util import find_spec
from pathlib import Path

import simulators


def programs() -> dict[str, str]:
    """List the rooms that are programs, with the first line of what they say of themselves.

    A room is one if its module defines or imports `main(argv) -> exit status`. It is read and not imported, so
    that the list costs little.
    """
    found = {}
    for module in pkgutil.iter_modules(simulators.__path__):
        spec = None if module.name.startswith("_") else find_spec(f"simulators.{module.name}")
        if spec is not None and spec.origin is not None:
            tree = ast.parse(Path(spec.origin).read_bytes())
            if "main" in _bound(tree):
                found[module.name] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return found


def _bound(tree: ast.Module) -> set[str]:
    bound = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound.update(alias.asname or alias.name for alias in node.names)
    return bound


def usage() -> str:
    """Say the grammar and what there is."""
    lines = [f"  {name:<12} {summary}" for name, summary in programs().items()]
    return "\n".join(["usage: stb-sim NAME [ARG...]", "", *lines])


def main(argv: list[str] | None = None) -> int:
    """Run `stb-sim NAME ARG...`; exit status 2 for an unknown name, else the program's own."""
    words = sys.argv[1:] if argv is None else argv
    if not words or words[0] in ("-h", "--help"):
        print(usage(), file=sys.stdout if words else sys.stderr)
        return 0 if words else 2
    name, *rest = words
    if name not in programs():
        print(f"stb-sim: no simulator called '{name}'\n\n{usage()}", file=sys.stderr)
        return 2
    return int(importlib.import_module(f"simulators.{name}").main(rest))


if __name__ == "__main__":
    sys.exit(main())

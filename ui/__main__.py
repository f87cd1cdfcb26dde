"""``stb-ui``: draw what the agent says."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from ui import boot, lean


def main(argv: list[str] | None = None) -> int:
    """Run the UI; give the exit status."""
    parser = argparse.ArgumentParser(prog="stb-ui", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="the agent's socket for its UI")
    parser.add_argument(
        "--patience",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="without the agent for so long, give the screen back to the programme (default: 10)",
    )
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="stb-ui: %(message)s")
    boot.prepare()
    lean.prepare()
    from ui.app import App  # Kivy, only now

    App(options.socket, options.patience).run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

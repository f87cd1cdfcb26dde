"""A process that loses its power at a chosen step of a reset: ``python -m tests.support.killed STEP VERB …`` is stb-agent until then.

Steps are what touches the disk from the moment on that the marker's draft is opened: opening, writing, syncing, renaming, removing.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any


class Steps:
    """Counts, and ends the process at its step without a word; ``at`` 0 never does."""

    def __init__(self, at: int, marker: str) -> None:
        self.count = 0
        self._at = at
        self._marker = marker

    def watch(self) -> None:
        """Begin to listen."""
        sys.addaudithook(self._event)
        for name in ("write", "fsync"):
            setattr(os, name, self._counted(getattr(os, name)))

    def _event(self, event: str, what: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(what[0], str | os.PathLike) and os.fspath(what[0]).endswith(self._marker):
            self.count = max(self.count, 1)
        if event in ("open", "os.remove", "os.rename", "os.rmdir"):
            self.step()

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any) -> Any:
            self.step()
            return function(*arguments)

        return counted

    def step(self) -> None:
        """Take one, once the reset has begun."""
        if self.count:
            self.count += 1
            if self.count == self._at:
                os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    from stb_agent.__main__ import main
    from stb_agent.reset import MARKER

    Steps(int(sys.argv[1]), MARKER + ".new").watch()
    raise SystemExit(main(sys.argv[2:]))

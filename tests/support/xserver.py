"""An X server of one's own for a test, without a monitor."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator

_GEOMETRY = "1920x1080"
_END = 10.0
"""Seconds the server may take to end."""


@contextlib.contextmanager
def x_server() -> Iterator[str]:
    """Run Xvnc until the block ends; give its display's name. It picks a free one itself and opens no port. Raises RuntimeError."""
    reader, writer = os.pipe()
    command = ["Xvnc", "-displayfd", str(writer), "-geometry", _GEOMETRY, "-depth", "24", "-SecurityTypes", "None"]
    command += ["-rfbport", "-1", "-nolisten", "tcp", "-noreset", "-s", "0"]
    server = subprocess.Popen(command, pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writer)
    try:
        with os.fdopen(reader) as told:
            number = told.readline().strip()
        if not number:
            raise RuntimeError("Xvnc did not start")
        yield ":" + number
    finally:
        server.terminate()
        server.wait(_END)

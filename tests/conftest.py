"""What holds for all tests."""

import os

import pytest
from hypothesis import settings

from tests.support.input_devices import UINPUT

# A slow machine is no failure: nothing is timed here but in the benches.
settings.register_profile("chanoma", deadline=None)
settings.load_profile("chanoma")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which devices the remote's tests had, if they ran."""
    if not any(
        getattr(report, "nodeid", "").startswith("tests/remote/")
        for reports in terminalreporter.stats.values()
        for report in reports
    ):
        return
    if os.access(UINPUT, os.W_OK):
        terminalreporter.write_line(
            f"remote: tested on the kernel's own input devices ({UINPUT}) and on simulated ones"
        )
    else:
        why = "may not be written" if UINPUT.exists() else "is not here"
        terminalreporter.write_line(
            f"remote: {UINPUT} {why}, so NOT tested on the kernel's own input devices, only on simulated ones (umockdev)"
        )

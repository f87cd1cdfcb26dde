"""What holds for all tests."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.input_devices import UINPUT

# A slow machine is no failure: nothing is timed here but in the benches.
settings.register_profile("chanoma", deadline=None)
settings.load_profile("chanoma")

# Whatever the terminal is set to, command lines in tests speak Japanese, unless a test says otherwise.
os.environ["LANGUAGE"] = "ja"


@pytest.fixture(autouse=True)
def _no_word_is_missing() -> Iterator[None]:
    """Fail where a text is missing or cannot be filled: on the screen that is no exception, only wrong."""
    wrong: list[str] = []
    log = logging.getLogger("stb_agent.contract.words")

    class Catch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.name == log.name:  # not that an operator's file is broken
                wrong.append(record.getMessage())

    catch = Catch(logging.ERROR)
    log.addHandler(catch)
    yield
    log.removeHandler(catch)
    assert not wrong


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say where the contact sheets are, and which devices the remote's tests had, if they ran."""
    sheets = {
        str(Path(str(value)).parent)
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "sheet"
    }
    for folder in sorted(sheets):
        terminalreporter.write_line(f"render: contact sheets are in {folder}")
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

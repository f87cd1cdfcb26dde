"""How long a fuzzing run takes: ten minutes in all, shared out equally; `./stb test fuzz --fuzz-seconds 60` for a short one."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--fuzz-seconds", type=float, default=600.0, help="seconds of fuzzing in all (default: 600)")


@pytest.fixture
def share(request: pytest.FixtureRequest) -> float:
    """Give the seconds of one property."""
    seconds: float = request.config.getoption("--fuzz-seconds")
    return seconds / sum(
        "share" in item.fixturenames for item in request.session.items if isinstance(item, pytest.Function)
    )

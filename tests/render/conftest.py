"""The inspector's household, its studio, and where its contact sheets go."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from stb_agent.contract.appearance import Profile
from stb_agent.contract.messages import Status
from stb_agent.contract.views import View
from tests.support.inspector import manners, studio
from tests.support.pages import REAL
from tests.support.screens import CASES
from tests.support.xserver import x_server

ALL: dict[str, View] = {**{f"real {name}": view for name, view in REAL.items()}, **CASES}
"""Every page of every service, and every kind with the worst data."""
Household = Callable[[str, Profile], Status]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("render")
    group.addoption("--out", type=Path, help="where the contact sheets are written (default: a new folder under /tmp)")
    group.addoption("--every", action="store_true", help="draw every page of every service, not some of each kind")


@pytest.fixture(scope="session")
def household(tmp_path_factory: pytest.TempPathFactory) -> Household:
    """Give the status of a household by its language and profile."""
    folder = tmp_path_factory.mktemp("further")
    manners.write_further(folder)
    return lambda language, profile: manners.status(language, profile, folder)


@pytest.fixture(scope="session")
def studios() -> Iterator[ProcessPoolExecutor]:
    """Give processes that draw: two, or one for each of several workers."""
    with x_server() as display:
        count = 1 if "PYTEST_XDIST_WORKER" in os.environ else 2
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(count, spawn, studio.enter, (display,)) as pool:
            yield pool


@pytest.fixture(scope="session")
def sheets(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the contact sheets."""
    out: Path | None = pytestconfig.getoption("--out", None)
    folder = out.absolute() if out else tmp_path_factory.mktemp("sheets", numbered=False)
    folder.mkdir(parents=True, exist_ok=True)
    return folder

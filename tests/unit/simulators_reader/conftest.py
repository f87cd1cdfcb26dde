from collections.abc import Callable
from pathlib import Path

import pytest

from simulators.reader import Hand
from tests.support.reader import simulated_reader


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("authority")


@pytest.fixture
def make_hand(folder: Path) -> Callable[..., Hand]:
    def make(model: object = "scr3310-nttcom", **options: object) -> Hand:
        return simulated_reader(folder, model, **options)  # type: ignore[arg-type]

    return make

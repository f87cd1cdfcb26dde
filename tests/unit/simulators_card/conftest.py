from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from simulators.card import PROFILES, Card, Quirks
from simulators.card.files import Application, Pin

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority's folder; keys take a moment, so all tests share it."""
    return tmp_path_factory.mktemp("authority")


@pytest.fixture(scope="session")
def make_card(folder: Path) -> Callable[..., Card]:
    """Make a card with counters of its own."""

    @cache
    def personalised(profile: str) -> dict[bytes, Application]:
        return PROFILES[profile].applications(folder, NOW, b"1234")

    def fresh(application: Application) -> Application:
        return {fid: replace(file) if isinstance(file, Pin) else file for fid, file in application.items()}

    def make(profile: str = "linked", **quirks: object) -> Card:
        applications = {aid: fresh(application) for aid, application in personalised(profile).items()}
        return Card(applications, Quirks(**quirks))  # type: ignore[arg-type]

    return make

"""The UI's memory over 2,000 view changes, in every profile."""

from __future__ import annotations

from pathlib import Path

from stb_agent.contract.appearance import Profile
from tests.support.churn import churn
from tests.support.xserver import x_server
from tests.ui.conftest import Television

_ALL_SEEN, _CHANGES = 200, 2000
_FLAT = 10_000
"""kB."""


def test_memory_stays_where_it_is(tmp_path: Path) -> None:
    with x_server() as display:
        television = Television(display, tmp_path)
        try:
            churn(television, _ALL_SEEN, list(Profile))
            before = television.resident()
            churn(television, _CHANGES, list(Profile))
            after = television.resident()
        finally:
            television.close()
    print(f"resident: {before} kB, after {_CHANGES} view changes {after} kB")
    assert abs(after - before) < _FLAT

"""A server's clock, learnt from the Date of its answers."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from stb_agent.cable_id.server_time import PATIENCE, ServerTime

NOW = 1_795_000_000.25
HERE = URL("https://platform.example/token")


def learnt(told: float, took: float = 0.2, **more: str) -> ServerTime:
    server = ServerTime(lambda: NOW)
    server.learn(HERE, {"Date": formatdate(told, usegmt=True), **more}, NOW - took, NOW)
    return server


@given(st.floats(-1e9, 1e8), st.floats(0, 1))
def test_the_skew_is_known_to_a_second_and_the_way(skew: float, took: float) -> None:
    server = learnt(NOW + skew, took)
    assert abs(server.now(HERE) - (NOW + skew)) <= 1.5 + took
    assert server.now(URL("https://other.example/")) == NOW, "what one server says is used towards that one only"
    assert server.skew(URL("https://platform.example:444/")) is None


def test_clocks_that_agree_are_left_alone() -> None:
    assert learnt(NOW).skew(HERE) == 0.0


def test_a_skew_stays_the_same_while_the_dates_fit_it() -> None:
    server = learnt(NOW + 100)
    first = server.skew(HERE)
    server.learn(HERE, {"Date": formatdate(NOW + 100.7, usegmt=True)}, NOW - 0.1, NOW)
    assert server.skew(HERE) == first


@pytest.mark.parametrize(
    ("told", "took", "more"),
    [(NOW + 900, PATIENCE + 1, {}), (NOW + 900, -5.0, {}), (NOW + 900, 0.1, {"Age": "900"})],
)
def test_dates_that_say_nothing(told: float, took: float, more: dict[str, str]) -> None:
    assert learnt(told, took, **more).skew(HERE) is None


@given(st.text(max_size=40))
def test_any_date_is_survived(text: str) -> None:
    ServerTime(lambda: NOW).learn(HERE, {"Date": text}, NOW, NOW)

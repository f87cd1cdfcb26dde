"""Where the living room's page is served."""

from __future__ import annotations

import contextlib

from simulators.tv.server import listen
from tests.support.ports import free_port


def test_two_that_begin_at_once_have_ports_of_their_own() -> None:
    with contextlib.ExitStack() as open_:
        first = open_.enter_context(listen(free_port()))
        second = open_.enter_context(listen(first.getsockname()[1]))
        assert first.getsockname()[1] < second.getsockname()[1]

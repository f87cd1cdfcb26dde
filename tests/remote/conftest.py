"""Where the devices come from: the kernel too, where it lets us make some."""

import os
from collections.abc import Iterator

import pytest

from tests.support.input_devices import UINPUT, Devices, Kernel, Simulated

_REAL = os.access(UINPUT, os.W_OK)


@pytest.fixture(params=[Simulated, Kernel] if _REAL else [Simulated])
def devices(request: pytest.FixtureRequest) -> Iterator[Devices]:
    """Devices to plug and pull, once for each place they come from."""
    made = request.param()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def simulated() -> Iterator[Simulated]:
    """Devices that can do what no kernel does."""
    made = Simulated()
    try:
        yield made
    finally:
        made.close()

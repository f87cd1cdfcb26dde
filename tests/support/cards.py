"""What tests of card and reader begin with: an authority and its trust, a card at the real pcscd or at QEMU's own CCID device, a PIN.

A folder's conftest takes the fixtures it wants by importing them. ``tray`` needs a ``line`` or a ``pcscd``, so each of them has its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulators.authority import Authority
from simulators.card import Tray
from simulators.reader import vsc
from stb_agent.card.certificate import Environment, Trust
from stb_agent.card.pin import Pin
from tests.support.pcsc import Pcscd, private_pcscd
from tests.support.qemu import QemuReader, qemu_reader

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def entry(digits: str = "1234") -> Pin:
    """Give a PIN as a person enters it."""
    pin = Pin()
    for digit in digits:
        pin.append(int(digit))
    return pin


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the authority's folder."""
    return tmp_path_factory.mktemp("authority")


@pytest.fixture(scope="session")
def trust(folder: Path) -> Trust:
    """Trust the authority of ``folder`` alone."""
    anchor = folder / "anchor" / "test.pem"
    anchor.parent.mkdir()
    anchor.write_bytes(Authority.open(folder, now=NOW).certificate_pem)
    return Trust.load([anchor.parent], Environment.TEST)


@pytest.fixture
def pcscd() -> Iterator[Pcscd]:
    """Start a pcscd of its own, which this process speaks to."""
    with private_pcscd() as daemon:
        daemon.adopt()
        yield daemon


@pytest.fixture
async def pcsc_tray(pcscd: Pcscd, folder: Path) -> AsyncIterator[Tray]:
    """Give a hand with cards at pcscd's virtual reader."""
    async with Tray(folder, clock=lambda: NOW, port=pcscd.port) as it:
        yield it


@pytest.fixture
def qemu() -> Iterator[QemuReader]:
    """Start a machine with QEMU's CCID device."""
    with qemu_reader() as reader:
        yield reader


@pytest.fixture
async def line(qemu: QemuReader) -> vsc.Reader:
    """Give the simulated card's end of QEMU's line."""
    return vsc.Reader(port=qemu.port, bwt=0.2)


@pytest.fixture
async def qemu_tray(line: vsc.Reader, folder: Path) -> AsyncIterator[Tray]:
    """Give a hand with cards at QEMU's reader."""
    async with Tray(folder, clock=lambda: NOW, reader=line) as it:
        yield it

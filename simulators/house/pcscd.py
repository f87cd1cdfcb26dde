"""The PC/SC daemon: the system's, or one of the house's own in a mount namespace.

Debian's vsmartcard-vpcd gives the daemon a virtual reader, which listens for a card at TCP port 35963 (/etc/reader.conf.d/vpcd).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from simulators.house.errors import HouseError
from simulators.house.parts import Part, Parts

PORT = 35963
_SYSTEM = Path("/run/pcscd/pcscd.comm")
_DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
_ATTEMPTS = 200
_PATH = f"/usr/sbin:/sbin:{os.environ.get('PATH', '')}"

# sudo forgets the signal of a parent's death, so the daemon is bound to a pipe that the house holds.
_BOUND = """exec 3<&0
pcscd --foreground 3<&- & daemon=$!
trap 'kill $daemon' TERM INT
(read -r _ <&3; kill $daemon) & wait $daemon
"""
# In a mount namespace of its own: what happens to /run there is not seen outside.
# In a chroot, whose / is no mount point, propagation cannot be changed, nor by unshare itself, which would give up.
_ENTER = """mount --make-rprivate / 2>/dev/null
set -e
[ -d /run/pcscd ] || mkdir /run/pcscd 2>/dev/null || { mount -t tmpfs none /run && mkdir /run/pcscd; }
mount --bind "$1" /run/pcscd
exec pcscd --foreground --config "$2"
"""


@dataclass(frozen=True)
class Reader:
    """Where a card connects (TCP port of the virtual reader), and the daemon's socket, where programs find it."""

    port: int
    csock: Path

    @property
    def environment(self) -> dict[str, str]:
        """Give what a client of this daemon, and of no other, needs in its environment."""
        return {"PCSCLITE_CSOCK_NAME": str(self.csock)}


async def system(parts: Parts, *, free: bool) -> Reader:
    """Use the system's daemon, started if none runs; ``free``: its virtual reader must hold no card yet. Raises HouseError, with the remedy."""
    _check_installed()
    if _accepts(_SYSTEM):  # where systemd holds the socket, asking starts the daemon
        await _until_listening()
    else:
        await _start_system(parts)
    if free and any(row[3] == "01" for row in _rows(PORT)):
        raise HouseError(
            f"another card is in the virtual reader (port {PORT}): stop the other demo, or use --card none, or --pcscd private"
        )
    return Reader(PORT, _SYSTEM)


def _check_installed() -> None:
    if not _DRIVER.exists() or shutil.which("pcscd", path=_PATH) is None:
        raise HouseError("the virtual reader is missing: install the Debian packages pcscd and vsmartcard-vpcd")


async def _until_listening() -> None:
    for _ in range(100):
        if _listens(PORT):
            return
        await asyncio.sleep(0.05)
    raise HouseError(
        f"pcscd runs, but its virtual reader does not listen at port {PORT}. It may be older than the reader's driver:\n"
        "  sudo systemctl restart pcscd"
    )


async def _start_system(parts: Parts) -> None:
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if root:
        print("house: no pcscd runs; sudo is needed to start one", file=sys.stderr, flush=True)
        asked = await asyncio.create_subprocess_exec(
            "sudo", "-v"
        )  # here, where the terminal can be asked for a password
        if await asked.wait() != 0:
            raise HouseError("pcscd was not started: sudo refused. Start it yourself, or use --pcscd private")
    read, hold = os.pipe()
    try:
        # The part's own standard input is the pipe: the house's death closes it.
        daemon = parts.part("pcscd", [*root, "sh", "-c", _BOUND], PATH=_PATH)
        await daemon.start(stdin=read)
    finally:
        os.close(read)
    parts.hold(hold)
    await daemon.until(lambda: _listens(PORT) and _accepts(_SYSTEM))
    parts.keep(daemon, again=False)


async def private(parts: Parts, folder: Path) -> Reader:
    """Run a daemon of the house's own, which no other program of the machine sees."""
    _check_installed()
    run, config = folder / "pcscd", folder / "reader.conf"
    run.mkdir()
    port = _free_pair()
    config.write_text(
        f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:0x{port:X}\nLIBPATH {_DRIVER}\nCHANNELID 0x{port:X}\n'
    )
    apart = ["unshare", "-m" if os.geteuid() == 0 else "-rm", "--propagation", "unchanged"]
    bound = ["setpriv", "--pdeathsig", "TERM", "--"]  # once more: entering a user namespace forgets it
    daemon: Part = parts.part("pcscd", [*apart, *bound, "sh", "-c", _ENTER, "sh", run, config], PATH=_PATH)
    await daemon.start()
    csock = run / "pcscd.comm"
    await daemon.until(lambda: _listens(port) and _accepts(csock))
    parts.keep(daemon, again=False)
    return Reader(port, csock)


def _accepts(csock: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(csock)) == 0


def _rows(port: int) -> Iterator[list[str]]:
    """Give the lines of /proc/net/tcp whose local port this is (proc(5)); a connection would take the reader's only place."""
    for name in ("tcp", "tcp6"):
        table = Path("/proc/net") / name
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            if int((row := line.split())[1].rpartition(":")[2], 16) == port:
                yield row


def _listens(port: int) -> bool:
    return any(row[3] == "0A" for row in _rows(port))


def _free_pair() -> int:
    """Find two neighbouring free ports: the virtual reader has two slots."""
    for _ in range(_ATTEMPTS):
        with ExitStack() as stack:
            probe = stack.enter_context(socket.socket())
            probe.bind(("", 0))
            port: int = probe.getsockname()[1]
            try:
                stack.enter_context(socket.socket()).bind(("", port + 1))
            except (OSError, OverflowError):
                continue
            return port
    raise HouseError("no two neighbouring free ports for the virtual reader")

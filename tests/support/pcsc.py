"""A PC/SC daemon of one's own for a test: the real pcscd, the real virtual reader, nothing shared with the system.

The daemon has one reader, vpcd of Debian's vsmartcard-vpcd, with two slots: `Virtual PCD 00 00` listens at `port`,
`Virtual PCD 00 01` at `port + 1`. vpcd can only listen on all interfaces. Several daemons can run at once.

How a client finds it:

* a program started by the test: give it `Pcscd.environment` (PCSCLITE_CSOCK_NAME);
* pyscard in the test's own process: call `Pcscd.adopt()` first. libpcsclite reads PCSCLITE_CSOCK_NAME once in a
  process, at the first SCardEstablishContext, so this module, when imported, points it to a symbolic link, and
  `adopt` points the link to a daemon. One daemon at a time can be adopted, and contexts do not outlive it.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.ports import free_ports_in_a_row

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
_ATTEMPTS = 5
_START = 10.0
"""Seconds a daemon may take to listen."""

# Run in a mount namespace of its own: whatever happens to /run there is not seen outside.
# In a chroot, whose / is no mount point, propagation cannot be changed, nor by unshare itself, which would give up.
_ENTER = """
mount --make-rprivate / 2>/dev/null
set -e
[ -d /run/pcscd ] || mkdir /run/pcscd 2>/dev/null || { mount -t tmpfs none /run && mkdir /run/pcscd; }
mount --bind "$1" /run/pcscd
exec pcscd --foreground --config "$2"
"""

_link = Path(tempfile.gettempdir()) / f"stb-pcsc-{os.getpid()}.comm"
os.environ["PCSCLITE_CSOCK_NAME"] = str(_link)


@dataclass(frozen=True)
class Pcscd:
    """A running daemon: vpcd's first port, the clients' socket, the process, what it has written."""

    port: int
    csock: Path
    pid: int
    log: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return this process's environment with the daemon's address, for a child process."""
        return {**os.environ, "PCSCLITE_CSOCK_NAME": str(self.csock)}

    def adopt(self) -> None:
        """Make this the daemon of the test's own process."""
        draft = _link.with_suffix(".new")
        draft.symlink_to(self.csock)
        draft.replace(_link)


@contextlib.contextmanager
def private_pcscd(port: int | None = None) -> Iterator[Pcscd]:
    """Run a pcscd until the block ends; `port` only to bring one back where another was.

    Raises RuntimeError with the daemon's own words if it does not come up.
    """
    folder = Path(tempfile.mkdtemp(prefix="stb-pcscd-"))
    try:
        daemon, process = _start(folder, port)
        try:
            yield daemon
        finally:
            _end(process)
            if _link.is_symlink() and _link.readlink() == daemon.csock:
                _link.unlink()
    finally:
        shutil.rmtree(folder)


def _start(folder: Path, wanted: int | None) -> tuple[Pcscd, subprocess.Popen[bytes]]:
    run, config, log = folder / "run", folder / "reader.conf", folder / "log"
    run.mkdir()
    namespace = ["unshare", "-m" if os.geteuid() == 0 else "-rm", "--propagation", "unchanged"]
    for _ in range(_ATTEMPTS):
        port = free_ports_in_a_row(2) if wanted is None else wanted
        config.write_text(
            f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:0x{port:X}\nLIBPATH {DRIVER}\nCHANNELID 0x{port:X}\n'
        )
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*namespace, "sh", "-c", _ENTER, "sh", run, config],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        if _comes_up(process, run / "pcscd.comm", port):
            return Pcscd(port, run / "pcscd.comm", process.pid, log), process
        _end(process)
    raise RuntimeError(f"pcscd did not start:\n{log.read_text(errors='replace')}")


def _comes_up(process: subprocess.Popen[bytes], csock: Path, port: int) -> bool:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline and process.poll() is None:
        if {port, port + 1} <= _listening(process.pid) and _accepts(csock):
            return True
        time.sleep(0.02)
    return False


def _accepts(csock: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(csock)) == 0


def _listening(pid: int) -> set[int]:
    """Return the TCP ports a process listens at; a connection would take vpcd's only place, so look in /proc."""
    inodes = set()
    with contextlib.suppress(OSError):  # it may just have ended
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # or closed one
                inodes.update(re.findall(r"^socket:\[(\d+)\]$", str(descriptor.readlink())))
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A" and row[9] in inodes}


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

"""A PostgreSQL server for tests, on a Unix socket in a temporary folder (Debian's package, whose own server is left alone)."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

_PATIENCE = 60.0
_SOMEBODY = "nobody"
"""Who runs it when root runs the tests: initdb and postgres refuse root."""


def programs() -> Path:
    """Give the folder of the newest server's programs."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))


@dataclass
class Server:
    """A server that can be stopped and started again."""

    dsn: str
    command: list[str]
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns once it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command, env=_home(), cwd=self.folder, stdout=log, stderr=log)
        _wait(self.dsn, self.process)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it; by default at once, its connections too: fast shutdown (postgres(1))."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None

    def drop_connections(self) -> int:
        """Let the server end all its connections; gives how many there were."""
        query = "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        with psycopg.connect(self.dsn, autocommit=True) as db:
            return len(db.execute(query).fetchall())


def _home() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """Run a server that listens on no port."""
    folder = Path(tempfile.mkdtemp(prefix="stb-postgresql-"))
    obey = []
    if os.geteuid() == 0:
        shutil.chown(folder, _SOMEBODY)
        obey = ["setpriv", f"--reuid={_SOMEBODY}", "--regid=65534", "--clear-groups", "--"]
    data = folder / "data"
    make = ["--pgdata", str(data), "--username", "chanoma", "--auth", "trust", "--no-sync", "--encoding", "UTF8"]
    quiet = {"listen_addresses": "", "fsync": "off", "unix_socket_directories": str(folder), "jit": "off"}
    options = [word for name, value in quiet.items() for word in ("-c", f"{name}={value}")]
    command = [*obey, str(programs() / "postgres"), "-D", str(data), *options]
    server = Server(f"postgresql://chanoma@/postgres?host={folder}", command, folder)
    try:
        subprocess.run(
            [*obey, str(programs() / "initdb"), *make], check=True, env=_home(), cwd=folder, stdout=subprocess.DEVNULL
        )
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Run a server that listens on no port; gives the DSN of its database."""
    with serving() as server:
        yield server.dsn


def _wait(dsn: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            psycopg.connect(dsn).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.05)


def fresh(dsn: str, name: str) -> str:
    """Make a schema of that name; gives a DSN whose tables live in it."""
    with psycopg.connect(dsn, autocommit=True) as db:
        db.execute(f'CREATE SCHEMA "{name}"'.encode())
    return f"{dsn}&options=-csearch_path%3D{name}"

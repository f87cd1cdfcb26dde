"""A PostgreSQL server for tests, on a Unix socket in a temporary folder (Debian's package, whose own server is left alone)."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

_PATIENCE = 60.0
_SOMEBODY = "nobody"
"""Who runs it when root runs the tests: initdb and postgres refuse root."""


def programs() -> Path:
    """Give the folder of the newest server's programs."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Run a server that listens on no port; gives the DSN of its database."""
    folder = Path(tempfile.mkdtemp(prefix="stb-postgresql-"))
    obey = []
    if os.geteuid() == 0:
        shutil.chown(folder, _SOMEBODY)
        obey = ["setpriv", f"--reuid={_SOMEBODY}", "--regid=65534", "--clear-groups", "--"]
    data, home = folder / "data", {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    make = [
        "initdb",
        "--pgdata",
        str(data),
        "--username",
        "chanoma",
        "--auth",
        "trust",
        "--no-sync",
        "--encoding",
        "UTF8",
    ]
    try:
        subprocess.run(
            [*obey, str(programs() / make[0]), *make[1:]], check=True, env=home, cwd=folder, stdout=subprocess.DEVNULL
        )
        quiet = {"listen_addresses": "", "fsync": "off", "unix_socket_directories": str(folder), "jit": "off"}
        options = [word for name, value in quiet.items() for word in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [*obey, str(programs() / "postgres"), "-D", str(data), *options],
                env=home,
                cwd=folder,
                stdout=log,
                stderr=log,
            )
        try:
            dsn = f"postgresql://chanoma@/postgres?host={folder}"
            _wait(dsn, server)
            yield dsn
        finally:
            server.send_signal(signal.SIGINT)  # fast shutdown (postgres(1))
            server.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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

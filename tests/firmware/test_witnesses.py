"""Others than our own practice board: lrzsz as the receiver, pyserial's RFC 2217 server as the port, a terminal as the person."""

from __future__ import annotations

import contextlib
import os
import pty
import random
import select
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
import serial.rfc2217

from firmware_bridge import boards
from firmware_bridge.protocols import ymodem
from firmware_bridge.protocols.line import SerialLine
from tests.firmware.conftest import IMAGE_SIZE, flash, flash_command
from tests.support.board import running_board


@pytest.mark.parametrize("size", [128, 5000, 300_000])
def test_lrzsz_receives_what_we_send(tmp_path: Path, size: int) -> None:
    rb = shutil.which("rb")
    assert rb, "the Debian package lrzsz is missing; ./stb test installs it"
    data = random.Random(size).randbytes(size)
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = SerialLine(f"socket://127.0.0.1:{server.getsockname()[1]}", 115200)
        connection, _ = server.accept()
    receiver = subprocess.Popen([rb, "--quiet"], stdin=connection, stdout=connection, cwd=tmp_path)
    connection.close()
    try:
        with line:
            ymodem.send(line, "image.bin", data)
            assert receiver.wait(20) == 0
    finally:
        receiver.kill()
        receiver.wait()
    assert (tmp_path / "image.bin").read_bytes() == data


class Wired(serial.Serial):  # type: ignore[misc]
    """A pty has no modem lines, which an RFC 2217 server reports and sets."""

    rts = dtr = property(lambda self: True, lambda self, value: None)
    cts = dsr = ri = cd = property(lambda self: False)


@contextlib.contextmanager
def rfc2217_server(device: str) -> Iterator[str]:
    """Offer a serial device by RFC 2217, with pyserial's own server side; give the URL."""
    with socket.create_server(("127.0.0.1", 0)) as server, Wired(device, timeout=0.01) as port:
        done = threading.Event()

        def serve() -> None:
            connection, _ = server.accept()

            class Out:
                def write(self, data: bytes) -> None:
                    connection.sendall(data)

            manager = serial.rfc2217.PortManager(port, Out())
            with connection, contextlib.suppress(OSError):
                while not done.is_set():
                    if select.select([connection], [], [], 0)[0]:
                        data = connection.recv(1024)
                        if not data:
                            return
                        port.write(b"".join(manager.filter(data)))
                    if heard := port.read(port.in_waiting or 1):
                        connection.sendall(b"".join(manager.escape(heard)))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"rfc2217://127.0.0.1:{server.getsockname()[1]}"
        finally:
            done.set()
            thread.join(10)


def test_a_port_on_another_machine_by_rfc2217(image: Path, storage: Path) -> None:
    # 0xff is the byte that telnet doubles.
    image.write_bytes(b"\xff" * 5000 + image.read_bytes()[:30_000])
    with running_board(storage, "--pty") as board, rfc2217_server(board.port) as url:
        outcome = flash(image, url)
        assert outcome.status == 0, outcome.told
        assert board.holds(35_000) == image.read_bytes()


class Terminal:
    """A person's terminal."""

    def __init__(self, command: list[str]) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(command, stdin=slave, stderr=slave, stdout=subprocess.DEVNULL)
        os.close(slave)
        self.seen = ""

    def until(self, text: str, seconds: float = 20) -> None:
        """Read until ``text`` was shown."""
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if select.select([self._master], [], [], 0.1)[0]:
                self.seen += os.read(self._master, 65536).decode("utf-8", "replace")

    def type(self, text: str) -> None:
        """Type."""
        os.write(self._master, text.encode())

    def end(self) -> int:
        """Read to the end; give the exit status."""
        with contextlib.suppress(OSError):
            while data := os.read(self._master, 65536):
                self.seen += data.decode("utf-8", "replace")
        os.close(self._master)
        return self.process.wait(20)


def test_a_terminal_shows_a_bar_and_asks_once_before_overwriting(image: Path, storage: Path) -> None:
    asking = storage.with_name("asking.toml")
    asking.write_text((Path(boards.__file__).parent / "sim.toml").read_text().replace("ask = false", "ask = true"))
    with running_board(storage) as board:
        command = flash_command(image, board.port, "--board", str(asking))
        declined = Terminal(command)
        declined.until("[y/N]")
        declined.type("\n")
        assert declined.end() == 1
        assert "flash.declined" in declined.seen
        assert not any(storage.read_bytes())

        agreed = Terminal(command)
        agreed.until("[y/N]")
        agreed.type("y\n")
        assert agreed.end() == 0
        assert agreed.seen.count("[y/N]") == 1
        assert board.holds(IMAGE_SIZE) == image.read_bytes()
        assert "█" in agreed.seen
        assert "100 %" in agreed.seen

        sure = Terminal([*command, "--yes"])
        assert sure.end() == 0
        assert "[y/N]" not in sure.seen

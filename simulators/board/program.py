"""``stb-sim board``: power the board, serve its line on a TCP port or a pty."""

from __future__ import annotations

import argparse
import contextlib
import os
import pty
import select
import signal
import socket
import sys
import threading
import time
import tty
from collections.abc import Callable
from functools import partial
from typing import BinaryIO

from simulators.board.faults import Faults, parse
from simulators.board.machine import BusError, Storage
from simulators.board.shell import VERSION, Shell
from simulators.board.uart import Reset, Stopped, Uart

_PIECE = 256


class Board:
    """The board itself: boots when somebody is plugged in, until the program stops."""

    def __init__(self, uart: Uart, storage: Storage, faults: Faults, baud: int, bootdelay: float) -> None:
        self._uart, self._storage, self._faults = uart, storage, faults
        self._baud, self._bootdelay = baud, bootdelay

    def run(self) -> None:
        """Boot again after each reset, until the UART is stopped."""
        with contextlib.suppress(Stopped):
            while True:
                self._uart.wait_attached()
                try:
                    self._power_on()
                except Reset:
                    continue
                except BusError:
                    self._uart.write(b'\r\n"Synchronous Abort" handler, esr 0x96000010\r\nResetting CPU ...\r\n')

    def _power_on(self) -> None:
        self._uart.write(f"\r\n\r\n{VERSION}\r\n\r\nDRAM:  64 MiB\r\nMMC:   mmc@0: 0\r\n".encode())
        self._uart.write(b"Hit any key to stop autoboot:  2 ")
        if not self._uart.read(1, self._bootdelay) or self._faults.boots:
            self._linux()
        self._uart.write(b"\b\b\b 0 \r\n")
        Shell(self._uart, self._storage, self._faults, self._baud).run()

    def _linux(self) -> None:
        """Nobody stopped the autoboot: only a reset leads back. Whoever plugs in anew switches off and on first."""
        self._uart.write(b"\b\b\b 0 \r\nStarting kernel ...\r\n\r\nDebian GNU/Linux 12 stb ttyS0\r\n\r\nstb login: ")
        plugs = self._uart.plugs
        while self._uart.plugs == plugs:
            byte = self._uart.read(1, 0.2)
            self._uart.write(b"\r\nstb login: " if byte in (b"\r", b"\n", b"\x03") else byte)
        raise Reset


def _pump(receive: Callable[[], bytes], uart: Uart, rate: int) -> bool:
    """Carry bytes from the host to the board, at most ``rate`` a second (0: at once); False when the fault cuts it."""
    due = time.monotonic()
    while data := receive():
        if rate:
            due = max(due, time.monotonic()) + len(data) / rate
            time.sleep(max(0.0, due - time.monotonic()))
        if not uart.feed(data):
            return False
    return True


def _serve_tcp(server: socket.socket, uart: Uart, rate: int) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            def send(data: bytes, to: socket.socket = connection) -> None:
                with contextlib.suppress(OSError):
                    to.sendall(data)

            uart.attach(send)
            with contextlib.suppress(OSError):
                _pump(partial(connection.recv, _PIECE), uart, rate)
            uart.detach()


def _serve_pty(uart: Uart, rate: int) -> None:
    while True:
        master, slave = pty.openpty()
        tty.setraw(slave)
        print(f"port: {os.ttyname(slave)}", flush=True)
        os.close(slave)
        hung_up = select.poll()
        hung_up.register(master, 0)
        cut = False
        while not cut:
            # Nobody has it open as long as the master says it hung up.
            while hung_up.poll(0):
                time.sleep(0.01)
            uart.attach(partial(_write_all, master))
            try:
                cut = not _pump(partial(os.read, master, _PIECE), uart, rate)
            except OSError:
                cut = False
            uart.detach()
        os.close(master)


def _write_all(fd: int, data: bytes) -> None:
    with contextlib.suppress(OSError):
        while data:
            data = data[os.write(fd, data) :]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stb-sim board", description="A practice board with a U-Boot-like console.")
    parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="TCP port on the loopback (default: a free one)"
    )
    parser.add_argument("--pty", action="store_true", help="serve on a pty instead")
    parser.add_argument("--storage", metavar="FILE", help="the board's storage (default: forgotten at the end)")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME[=VALUE]", help="may be given many times")
    parser.add_argument("--seed", type=int, default=1, help="decides which bytes the noise meets")
    parser.add_argument("--baud", type=int, default=115200, help="shown; the true pace is --rate")
    parser.add_argument(
        "--rate", type=int, default=0, metavar="BYTES", help="bytes a second from the host (0: at once)"
    )
    parser.add_argument("--bootdelay", type=float, default=2.0, metavar="SECONDS", help="time to stop the autoboot")
    return parser


def main(argv: list[str]) -> int:
    """Run the board until SIGINT or SIGTERM; print ``port: URL-OR-PATH``."""
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        faults = parse(args.fault)
    except ValueError as error:
        parser.error(str(error))
    with contextlib.ExitStack() as stack:
        file: BinaryIO = stack.enter_context(_open(args.storage))
        uart = Uart(faults, args.seed)
        if args.pty:
            serve = partial(_serve_pty, uart, args.rate)
        else:
            try:
                server = stack.enter_context(socket.create_server(("127.0.0.1", args.port)))
            except OSError as error:
                print(f"stb-sim board: port {args.port}: {error.strerror}", file=sys.stderr)
                return 1
            print(f"port: socket://127.0.0.1:{server.getsockname()[1]}", flush=True)
            serve = partial(_serve_tcp, server, uart, args.rate)
        for number in (signal.SIGINT, signal.SIGTERM):
            # In a thread of its own: the board's thread may be just about to wait.
            signal.signal(number, lambda *_: threading.Thread(target=uart.stop).start())
        threading.Thread(target=serve, daemon=True).start()
        Board(uart, Storage(file, faults), faults, args.baud, args.bootdelay).run()
    return 0


def _open(path: str | None) -> BinaryIO:
    if path is None:
        return os.fdopen(os.memfd_create("storage"), "r+b")
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b")

"""A shell like U-Boot's: line editing, ``;``, quotes, ``$?`` and variables, and the commands a bench uses.

Printed texts follow U-Boot 2025.01 (``cmd/mmc.c``, ``cmd/mem.c``, ``cmd/load.c``, ``cmd/nvedit.c``).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

from simulators.board.faults import Faults
from simulators.board.machine import BLOCK, STORAGE_BLOCKS, Ram, Storage
from simulators.board.receiver import Receiver
from simulators.board.uart import Reset, Uart

PROMPT = "=> "
VERSION = "U-Boot 2025.01 (Jan 06 2025 - 12:00:00 +0000) Chanoma practice board"
_CTRL_C, _CTRL_U, _CTRL_X = 0x03, 0x15, 0x18
_MAX_LINE = 1024


class Usage(Exception):
    """A command was called in a way it does not know."""


class Shell:
    """One session from a reset to the next."""

    def __init__(self, uart: Uart, storage: Storage, faults: Faults, baud: int) -> None:
        self._uart, self._storage, self._faults = uart, storage, faults
        self._ram = Ram()
        self._status = 0
        self._last = ""
        self._device: int | None = None
        self._env = {"baudrate": str(baud), "board_name": faults.board, "bootdelay": "2", "loadaddr": "42000000"}
        self._commands: dict[str, Callable[[list[str]], int]] = {
            "crc32": self._crc32,
            "echo": self._echo,
            "loady": self._loady,
            "mmc": self._mmc,
            "printenv": self._printenv,
            "reset": self._reset,
            "setenv": self._setenv,
            "version": self._version,
        }

    def run(self) -> None:
        """Serve the prompt until a reset. Raises Reset and Stopped."""
        while True:
            self._print(PROMPT)
            line = self._line()
            if line is None:
                self._print("<INTERRUPT>\n")
                continue
            # As U-Boot does: Enter alone repeats the line before.
            self._last = line or self._last
            self._execute(self._last)

    def _print(self, text: str) -> None:
        self._uart.write(text.replace("\n", "\r\n").encode())

    def _line(self) -> str | None:
        line = bytearray()
        while True:
            byte = self._uart.read(1, None)[0]
            if byte in b"\r\n":
                self._print("\n")
                return line.decode("ascii").strip()
            if byte == _CTRL_C:
                return None
            if byte in (_CTRL_U, _CTRL_X):
                self._uart.write(b"\b \b" * len(line))
                line.clear()
            elif byte in b"\b\x7f":
                if line:
                    line.pop()
                    self._uart.write(b"\b \b")
            elif 0x20 <= byte < 0x7F and len(line) < _MAX_LINE:
                line.append(byte)
                self._uart.write(bytes([byte]))

    def _execute(self, line: str) -> None:
        for words in split(line):
            name, *args = [expand(word, self._env, self._status) for word in words]
            command = self._commands.get(name)
            if command is None:
                self._print(f"Unknown command '{name}' - try 'help'\n")
                self._status = 1
                continue
            try:
                self._status = command(args)
            except (Usage, ValueError, IndexError):
                self._print(f"{name} - wrong usage\n\nUsage:\n{name}\n")
                self._status = 1

    def _version(self, _: list[str]) -> int:
        self._print(f"{VERSION}\n\naarch64-linux-gnu-gcc (Debian 14.2.0-8) 14.2.0\n")
        return 0

    def _echo(self, args: list[str]) -> int:
        self._print(" ".join(args) + "\n")
        return 0

    def _printenv(self, args: list[str]) -> int:
        status = 0
        for name in args or sorted(self._env):
            if name in self._env:
                self._print(f"{name}={self._env[name]}\n")
            else:
                self._print(f'## Error: "{name}" not defined\n')
                status = 1
        return status

    def _setenv(self, args: list[str]) -> int:
        name, *values = args
        if values:
            self._env[name] = " ".join(values)
        else:
            self._env.pop(name, None)
        return 0

    def _reset(self, _: list[str]) -> int:
        self._print("resetting ...\n")
        raise Reset

    def _crc32(self, args: list[str]) -> int:
        address, size = (int(arg, 16) for arg in args)
        crc = zlib.crc32(self._ram.read(address, size))
        self._print(f"crc32 for {address:08x} ... {address + size - 1:08x} ==> {crc:08x}\n")
        return 0

    def _loady(self, args: list[str]) -> int:
        address = int(args[0] if args else self._env["loadaddr"], 16)
        self._print(f"## Ready for binary (ymodem) download to 0x{address:08X} at {self._env['baudrate']} bps...\n")
        receiver = Receiver(self._uart)
        size = receiver.receive(lambda offset, data: self._ram.write(address + offset, data))
        if size and self._faults.ram_flip:
            at = address + size // 2
            self._ram.write(at, bytes([self._ram.read(at, 1)[0] ^ 0x10]))
        counts = receiver.counts
        self._print(
            f"xyzModem - CRC mode, {counts.soh}(SOH)/{counts.stx}(STX)/{counts.can}(CAN) packets, {counts.retries} retries\n"
        )
        while self._uart.read(4096, 0):
            pass
        self._print(f"## Total Size      = 0x{size:08x} = {size} Bytes\n## Start Addr      = 0x{address:08X}\n")
        self._env["filesize"] = f"{size:x}"
        return 0

    def _mmc(self, args: list[str]) -> int:
        verb, *rest = args
        if verb == "dev":
            return self._mmc_dev(int(rest[0], 16))
        if verb == "info":
            self._print(f"Device: mmc@0\nCapacity: {STORAGE_BLOCKS * BLOCK >> 20} MiB\n")
            return 0
        if verb not in ("read", "write"):
            raise Usage
        address, block, count = (int(arg, 16) for arg in rest)
        if self._device is None:
            self._device = 0
        self._print(f"\nMMC {verb}: dev # 0, block # {block}, count {count} ... ")
        if verb == "read":
            data = self._storage.read(block, count)
            if data is not None:
                self._ram.write(address, data)
            good = data is not None
        else:
            good = self._storage.write(block, self._ram.read(address, count * BLOCK))
        self._print(
            f"{count if good else 0} blocks {'read' if verb == 'read' else 'written'}: {'OK' if good else 'ERROR'}\n"
        )
        return 0 if good else 1

    def _mmc_dev(self, number: int) -> int:
        if number != 0:
            self._print(f"MMC Device {number} not found\nno mmc device at slot {number}\n")
            return 1
        self._device = 0
        self._print("switch to partitions #0, OK\nmmc0 is current device\n")
        return 0


_WORD = re.compile(r"""(?:'[^']*'|"[^"]*"|\\.|[^\s;'"\\])+""")
_PART = re.compile(r"""'([^']*)'|"([^"]*)"|\\(.)|([^'"\\]+)""")
_VARIABLE = re.compile(r"\$(?:\?|\{(\w+)\}|(\w+))")


def split(line: str) -> list[list[str]]:
    """Cut a line at ``;`` outside quotes into commands, each a list of words with their quotes still on."""
    commands: list[list[str]] = [[]]
    at = 0
    while at < len(line):
        if found := _WORD.match(line, at):
            commands[-1].append(found[0])
            at = found.end()
            continue
        if line[at] == ";":
            commands.append([])
        at += 1
    return [words for words in commands if words]


def expand(word: str, env: dict[str, str], status: int) -> str:
    """Take the quotes off a word and fill its variables; in single quotes nothing is filled."""

    def fill(text: str) -> str:
        return _VARIABLE.sub(lambda v: str(status) if v[0] == "$?" else env.get(v[1] or v[2], ""), text)

    parts = []
    for single, double, escaped, bare in _PART.findall(word):
        parts.append(single + escaped + fill(double) + fill(bare))
    return "".join(parts)

"""The practice board's own manners, by which the tests of stb-flash stand or fall."""

from __future__ import annotations

import io

import pytest

from simulators.board.faults import Faults, parse
from simulators.board.machine import BLOCK, RAM_BASE, BusError, Ram, Storage
from simulators.board.shell import Shell, expand, split
from simulators.board.uart import Reset, Stopped, Uart


def session(typed: bytes, faults: Faults | None = None, storage: io.BytesIO | None = None) -> str:
    """Type at the prompt; give all that the board printed until the UART stopped."""
    faults = faults or Faults()
    uart = Uart(faults, seed=1)
    printed = bytearray()
    uart.attach(printed.extend)
    uart.feed(typed)
    shell = Shell(uart, Storage(storage or io.BytesIO(), faults), faults, 115200)  # type: ignore[arg-type]
    real_read = uart.read

    def read(size: int, timeout: float | None) -> bytes:
        if timeout is None and not uart._arrived:
            uart.stop()
        return real_read(size, timeout)

    uart.read = read  # type: ignore[method-assign]
    with pytest.raises((Stopped, Reset)):
        shell.run()
    return printed.decode("latin-1").replace("\r", "")


def test_quotes_join_variables_fill_and_semicolons_part() -> None:
    assert split("a 'b;c' ; echo 'x''y' $?;") == [["a", "'b;c'"], ["echo", "'x''y'", "$?"]]
    env = {"n": "5"}
    assert [expand(w, env, 7) for w in ("'x''y'", "$?", "'$?'", '"${n}-$n"', "a'b'c")] == [
        "xy",
        "7",
        "$?",
        "5-5",
        "abc",
    ]


def test_the_status_of_a_command_can_be_asked() -> None:
    out = session(b"mmc dev 9; echo 'a''b' $?\rnosuch; echo $?\rversion; echo $?\r")
    assert "ab 1" in out
    assert "Unknown command 'nosuch' - try 'help'\n1" in out
    assert out.rstrip("=> \n").endswith("\n0")


def test_ctrl_c_drops_the_line_and_enter_alone_repeats_the_last() -> None:
    out = session(b"echo no\x03echo twice\r\r")
    assert "\nno\n" not in out
    assert out.count("\ntwice\n") == 2


def test_storage_keeps_what_ram_held_and_crc32_is_the_usual_one() -> None:
    disk = io.BytesIO()
    out = session(b"crc32 40000000 200\rmmc write 40000000 800 2\rmmc read 41000000 800 2\r", storage=disk)
    assert "crc32 for 40000000 ... 400001ff ==> b2aa7578" in out  # of 512 zero bytes
    assert "2 blocks written: OK" in out
    assert "2 blocks read: OK" in out


def test_ram_ends_where_it_ends() -> None:
    ram = Ram()
    ram.write(RAM_BASE + (64 << 20) - 1, b"x")
    for address in (RAM_BASE - 1, RAM_BASE + (64 << 20)):
        with pytest.raises(BusError):
            ram.read(address, 1)


def test_storage_faults_hit_their_block_alone() -> None:
    storage = Storage(io.BytesIO(), Faults(write_error=10, read_error=11, bit_flip=12, bit_flip_once=13))  # type: ignore[arg-type]
    assert not storage.write(9, bytes(2 * BLOCK))
    assert storage.read(10, 2) is None
    assert storage.write(12, bytes(2 * BLOCK))
    first = storage.read(12, 2)
    assert first is not None
    assert [i for i, b in enumerate(first) if b] == [0, BLOCK]
    assert storage.write(12, bytes(2 * BLOCK))
    assert storage.read(13, 1) == bytes(BLOCK)


def test_the_line_cuts_and_browns_out_once_at_the_byte_ordered() -> None:
    uart = Uart(Faults(cut=5, brownout=8), seed=1)
    assert uart.feed(b"1234")
    assert not uart.feed(b"567")
    assert uart.read(9, 0) == b"12345"
    assert uart.feed(b"89")
    with pytest.raises(Reset):
        uart.read(1, 0)
    assert uart.feed(b"ab")
    assert uart.read(9, 0) == b"ab"


def test_noise_is_the_same_for_the_same_seed() -> None:
    def heard(seed: int) -> bytes:
        uart = Uart(Faults(noise=0.1), seed)
        uart.feed(bytes(1000))
        return uart.read(1000, 0)

    assert heard(1) == heard(1) != heard(2)
    assert 50 < sum(byte != 0 for byte in heard(1)) < 150


def test_faults_are_read_and_unknown_ones_named() -> None:
    assert parse(["silent", "board=x", "cut=0x10", "noise=1e-3"]) == Faults(silent=True, board="x", cut=16, noise=1e-3)
    with pytest.raises(ValueError, match="there are: silent"):
        parse(["nosuch"])
    with pytest.raises(ValueError, match="no value"):
        parse(["silent=1"])

"""The card behind QEMU's own CCID device, reached as a guest's driver would reach it; then by a stand-in for QEMU."""

import asyncio
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import usb.core
from cryptography import x509

from simulators.card import Accident, Fault, Tray
from simulators.reader import BlockAccident, BlockFault, vsc
from tests.support.cards import NOW
from tests.support.ccid_host import GET, POWER_ON, SET, STATUS, Host, block
from tests.support.qemu import QemuReader

ATR = bytes.fromhex("3BDA13FF8131FB468012392F31C173C601C03B")
AP = bytes.fromhex("00A4040C0AD392F000260100000001")
CERTIFICATE = bytes.fromhex("00B08A00000000")
VERIFY = bytes.fromhex("002000980431323334")
PATIENCE = 10.0


def until(host: Host, status: int) -> None:
    for _ in range(200):
        if host.ask(STATUS).status == status:
            return
    raise TimeoutError(f"slot status is not {status}")


def chain(host: Host, number: int, command: bytes) -> bytes:
    """Exchange a short command for an answer in as many blocks as the card likes."""
    answer, whole = host.line(block(number << 6, command)), b""
    while True:
        assert answer == block(answer[1], answer[3:-1])
        whole += answer[3:-1]
        if not answer[1] & 0x20:
            return whole
        answer = host.line(block(0x80 | (~answer[1] >> 6 & 1) << 4))


async def test_a_certificate_through_the_real_device(qemu: QemuReader, tray: Tray) -> None:
    def drive() -> bytes:
        host = Host(qemu)
        until(host, 0)
        assert host.ask(POWER_ON).data == ATR
        assert host.ask(GET).last == 1  # QEMU took T=1 from the ATR
        assert host.line(block(0xC1, b"\xfe")) == block(0xE1, b"\xfe")
        assert chain(host, 0, AP) == b"\x90\x00"
        whole = chain(host, 1, CERTIFICATE)
        assert chain(host, 0, VERIFY) == b"\x90\x00"
        return whole

    await tray.insert("linked")
    whole = await asyncio.to_thread(drive)
    assert whole[-2:] == b"\x90\x00"
    x509.load_der_x509_certificate(whole[:-2])
    assert tray.recorder.commands == [AP.hex(), CERTIFICATE.hex(), VERIFY.hex()]


async def test_the_real_device_sees_cards_come_and_go(qemu: QemuReader, tray: Tray) -> None:
    host = await asyncio.to_thread(Host, qemu)
    await asyncio.to_thread(until, host, 2)
    for profile in ("linked", "new"):
        await tray.insert(profile)
        await asyncio.to_thread(until, host, 0)
        await tray.pull()
        await asyncio.to_thread(until, host, 2)


async def test_a_card_that_works_long_asks_for_time(qemu: QemuReader, tray: Tray) -> None:
    def drive() -> list[bytes]:
        host = Host(qemu)
        until(host, 0)
        host.ask(POWER_ON)
        answers = [host.line(block(0x00, AP))]
        while answers[-1][1] == 0xC3:
            answers.append(host.line(block(0xE3, answers[-1][3:-1])))
        return answers

    await tray.insert("linked")
    tray.fault(Fault(do=Accident.SLOW, seconds=0.4))
    *extensions, answer = await asyncio.to_thread(drive)
    assert extensions == [block(0xC3, b"\x01")] * 2
    assert answer == block(0x00, b"\x90\x00")


async def test_accidents_on_the_line(qemu: QemuReader, tray: Tray, line: vsc.Reader) -> None:
    def drive() -> list[bytes]:
        host = Host(qemu)
        until(host, 0)
        host.ask(POWER_ON)
        host.ask(SET, bytes.fromhex("11100045 00FB00"), b"\x01\0\0")
        return [host.line(block(0x00, AP)), host.line(block(0x81)), host.line(block(0xC0))]

    line.blocks.add(BlockFault(BlockAccident.GARBLED))
    await tray.insert("linked")
    garbled, again, resynchronised = await asyncio.to_thread(drive)
    assert garbled != again == block(0x00, b"\x90\x00")
    assert resynchronised == block(0xE0)


async def test_a_card_pulled_inside_a_command(qemu: QemuReader, tray: Tray) -> None:
    def drive() -> None:
        host = Host(qemu)
        until(host, 0)
        host.ask(POWER_ON)
        host.send(0x6F, block(0x00, AP))
        with pytest.raises(usb.core.USBTimeoutError):
            host.receive(200)  # QEMU forgets the command together with the card
        until(host, 2)

    await tray.insert("linked")
    tray.fault(Fault(do=Accident.PULL_INSIDE, ins="a4"))
    await asyncio.to_thread(drive)
    assert tray.state().inserted is None
    assert tray.recorder.exchanges[-1].answer is None


def test_the_program(qemu: QemuReader, folder: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", "simulators", "reader", "--port", str(qemu.port), "--authority", folder,
         "--insert", "linked"],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert program.stdout is not None
        assert b"linked" in program.stdout.readline()
        host = Host(qemu)
        until(host, 0)
        assert host.ask(POWER_ON).data == ATR
    finally:
        program.send_signal(signal.SIGTERM)
        status = program.wait(PATIENCE)
        program.stdout.close()  # type: ignore[union-attr]
    assert status == 0
    until(host, 2)


async def test_the_words_on_the_wire(folder: Path) -> None:
    """As vscard_common.h of libcacard has them, octet by octet."""
    seen, done = bytearray(), asyncio.Event()

    async def qemu(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = bytes.fromhex("00000001 00000000 0000000c 56534344 00000002 00000000")
        apdu = block(0x00, AP)
        stream = hello + bytes.fromhex("00000002 00000000 00000004 00000000 00000008 00000000 00000000")
        stream += struct.pack(">III", 7, 0, len(apdu)) + apdu
        for octet in stream:
            writer.write(bytes([octet]))
            await writer.drain()
        seen.extend(await reader.readexactly(24 + 12 + 12 + len(ATR) + 12 + 12 + 6))
        done.set()
        seen.extend(await reader.read())
        writer.close()

    async with await asyncio.start_server(qemu, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Tray(folder, clock=lambda: NOW, reader=vsc.Reader(port=port)) as tray:
            await tray.insert("linked")
            await asyncio.wait_for(done.wait(), PATIENCE)
        await asyncio.sleep(0.05)
    assert seen.hex() == (
        "00000001ffffffff0000000c565343440000000200000000"
        "00000003ffffffff00000000"
        "0000000500000000" + f"{len(ATR):08x}" + ATR.hex() + "000000090000000000000000"
        "000000070000000000000006" + block(0x00, b"\x90\x00").hex() + "000000060000000000000000"
        "000000040000000000000000"
    )

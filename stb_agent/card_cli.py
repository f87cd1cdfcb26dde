"""``stb-agent card``: look at readers and cards, and have a card of one's own authority sign."""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from stb_agent.card import errors
from stb_agent.card.certificate import ORGANIZATIONS, AuthenticationCertificate, Environment, Trust
from stb_agent.card.meter import Meter, MeteredSource
from stb_agent.card.pin import Pin
from stb_agent.card.reader import ReaderSource, SlotState
from stb_agent.card.readers.ccid.dump import read as read_dump
from stb_agent.card.readers.ccid.faults import Malformed
from stb_agent.card.readers.choice import source_of
from stb_agent.card.slot import Slot
from stb_agent.contract import words
from stb_agent.contract.config import Config
from stb_agent.contract.errors import ChanomaError
from stb_agent.host.clock import SystemClock

EXITS: tuple[tuple[int, str, tuple[type[errors.CardError], ...]], ...] = (
    (2, "a wrong call, configuration or file", (errors.AnchorInvalid, errors.AnchorsMixed, errors.DescriptorInvalid)),
    (
        3,
        "no way to a reader: service, permission, USB, no reader, or one that cannot be used",
        (errors.ServiceMissing, errors.Denied, errors.UsbMissing, errors.NoReader, errors.ReaderHeld, errors.ReaderUnfit),
    ),
    (4, "no card to work with: none, removed, mute, or held by another program", (errors.NoCard, errors.Removed, errors.Mute, errors.Busy)),
    (5, "the card's answers: late, broken or meaningless", (errors.Timeout, errors.ExchangeFailed, errors.UnexpectedStatus)),
    (6, "a card that is not taken: its kind or its certificate", (errors.OtherCard, errors.KindError, errors.CertificateError)),
    (7, "the PIN: its form, wrong, blocked, unusable, or the last try", (errors.PinError,)),
    (8, "refused here: a household's card, or a command that the gate does not pass", (errors.SignRefused, errors.Forbidden)),
    (9, "the signature does not fit the certificate", (errors.SignatureMismatch,)),
)  # fmt: skip
"""Exit statuses by class of error; 0 is success, 1 what ``_OTHER`` says."""
_OTHER = "doctor: something is not well; descriptor: the reader will not work; anything that is not listed here"

_SETTLE = 1.5
"""Seconds that a reader or a card has to be seen, when the first look found none."""
_PIN_ROOM = 8


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> list[argparse.ArgumentParser]:
    """Add ``card`` and its verbs to the command line; gives the parsers that take ``--config``."""
    rows = ((0, "success"), (1, _OTHER), *((status, text) for status, text, _ in EXITS))
    table = "\n".join(f"  {status}  {text}" for status, text in rows)
    card = verbs.add_parser(
        "card",
        help="look at readers and cards",
        epilog=f"exit status:\n{table}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = card.add_subparsers(dest="card_verb", required=True)

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        parser = kinds.add_parser(
            name, help=text, description=text, epilog=card.epilog, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        parser.add_argument("--json", action="store_true", help="JSON instead of lines")
        return parser

    info = verb("info", "what is in the reader: never whose it is, nor its serial number or dates")
    sign = verb("sign", "sign with a card of an authority of one's own; never with a household's card")
    sign.add_argument("--challenge", type=_hexadecimal, required=True, metavar="HEX", help="the bytes to sign (RS256)")
    sign.add_argument(
        "--pin-fd", type=int, required=True, metavar="N", help="file descriptor to read the four digits from"
    )
    sign.add_argument(
        "--trust-ca", type=Path, metavar="PEM", help="the authority whose cards may sign; without it none may"
    )
    sign.add_argument("--last-try", action="store_true", help="show the PIN even if only one try is left")
    descriptor = verb("descriptor", "a reader's descriptors, as text of lsusb -v or of libccid's parse: will it work?")
    descriptor.add_argument("file", type=Path, metavar="FILE", help="- for standard input")
    watch = verb("watch", "readers and cards as they come and go, a line each, until stopped")
    doctor = verb("doctor", "check all that the card needs, a line for each part")
    return [info, sign, descriptor, watch, doctor]


def run(arguments: argparse.Namespace, config: Config) -> int:
    """Do a verb of ``card``; the exit status is that of EXITS."""
    as_json = bool(arguments.json)
    try:
        match arguments.card_verb:
            case "info":
                return asyncio.run(_info(config, as_json))
            case "sign":
                return asyncio.run(_sign(config, arguments))
            case "descriptor":
                return _descriptor(arguments.file, as_json)
            case "watch":
                return asyncio.run(_watch(config, as_json))
            case _:
                from stb_agent.doctor import run_card_doctor

                return asyncio.run(run_card_doctor(config, as_json=as_json))
    except errors.CardError as error:
        cause, remedy = words.told(error.code, error.args_)
        if as_json:
            print(
                json.dumps({"error": error.code, **error.args_, "cause": cause, "remedy": remedy}, ensure_ascii=False)
            )
        print(f"{error.code}: {cause}\n  → {remedy}", file=sys.stderr)
        return status_of(error)


def status_of(error: ChanomaError) -> int:
    """Give the exit status for an error."""
    return next((status for status, _, classes in EXITS if isinstance(error, classes)), 1)


async def _info(config: Config, as_json: bool) -> int:
    async with _slot(Trust.configured(config.card), source_of(config.card.reader)) as slot:
        found = await slot.inspect()
    _tell(
        {
            "reader": found.reader,
            "protocol": found.protocol,
            "level": found.level,
            "token": None if found.token is None else found.token.name.lower(),
            "tries": found.tries,
            "days_left": found.days_left,
            "trouble": found.trouble and found.trouble.code,
        },
        as_json,
    )
    return 0


async def _sign(config: Config, arguments: argparse.Namespace) -> int:
    from stb_agent.host.process import seal_memory

    seal_memory()
    with _read_pin(arguments.pin_fd) as pin:
        trust = _signing_trust(config, arguments.trust_ca)
        meter = Meter(time.perf_counter)
        certificates: list[bytes] = []

        def payload(certificate: AuthenticationCertificate) -> bytes:
            certificates.append(certificate.der)
            return bytes(arguments.challenge)

        async with _slot(trust, MeteredSource(source_of(config.card.reader), meter)) as slot:
            try:
                signature = await slot.authenticate(pin, payload, None if arguments.last_try else 2)
            except errors.PinChanged:
                raise errors.PinLast from None
            except errors.CertificateUntrusted:
                raise errors.SignRefused from None
            own = meter.own()
    _tell(
        {
            "signature": base64.b64encode(signature).decode(),
            "certificate": base64.b64encode(certificates[0]).decode(),
            "apdus": meter.apdus,
            "bytes": meter.bytes,
            "card_ms": round(meter.card * 1000, 3),
            "own_ms": round(own * 1000, 3),
        },
        bool(arguments.json),
    )
    return 0


def _signing_trust(config: Config, file: Path | None) -> Trust:
    """Trust the one authority whose cards may sign here. Raises SignRefused for one whose cards may be a household's."""
    if file is None:
        raise errors.SignRefused
    trust = Trust.load([file], Environment.PRIVATE)
    if not trust.authorities:
        raise errors.AnchorInvalid(file=str(file))
    # A card that this box lets in is its household's, unless the box is for test cards.
    accepted = set() if config.card.test else {one.key for one in Trust.configured(config.card).authorities}
    for one in trust.authorities:
        if one.organization == ORGANIZATIONS[Environment.PRODUCTION] or one.key in accepted:
            raise errors.SignRefused
    return trust


def _descriptor(file: Path, as_json: bool) -> int:
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        readers = read_dump(data.decode("utf-8", "replace"))
    except (OSError, Malformed):
        raise errors.DescriptorInvalid(file=str(file)) from None
    best = next((one for one in readers if not one.reasons), readers[0])
    if as_json:
        _tell({**best.as_json(), "readers": [one.as_json() for one in readers]}, as_json)
    else:
        for one in readers:
            print(one.line())
    return 1 if best.reasons else 0


async def _watch(config: Config, as_json: bool) -> int:
    clock = SystemClock().time
    source = source_of(config.card.reader)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)

    def follow() -> None:
        try:
            for sight in source.sights():
                at = datetime.fromtimestamp(clock(), UTC).isoformat(timespec="milliseconds")
                if as_json:
                    line = json.dumps({"time": at, "state": sight.state, "reader": sight.reader}, ensure_ascii=False)
                else:
                    line = f"{at} {sight.state} {sight.reader}".rstrip()
                print(line, flush=True)
        finally:  # also when nobody reads the lines any more
            loop.call_soon_threadsafe(stopped.set)

    thread = threading.Thread(target=follow, name="card-watch", daemon=True)
    thread.start()
    await stopped.wait()
    while thread.is_alive():
        source.stop()
        await asyncio.to_thread(thread.join, 0.05)
    return 0


@contextlib.asynccontextmanager
async def _slot(trust: Trust, source: ReaderSource) -> AsyncIterator[Slot]:
    """Watch the readers while the block runs, which begins once a card is seen or it is clear that there is none."""
    clock = SystemClock().time
    present = asyncio.Event()

    def changed(state: SlotState) -> None:
        if state is SlotState.PRESENT:
            present.set()

    slot = Slot(source, trust, lambda: datetime.fromtimestamp(clock(), UTC), changed)
    await slot.start()
    try:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(present.wait(), _SETTLE)
        yield slot
    finally:
        await slot.stop()


def _read_pin(descriptor: int) -> Pin:
    """Read four digits up to the end of the line or of the file. Raises PinFormat."""
    room = bytearray(_PIN_ROOM)
    view, length = memoryview(room), 0
    pin = Pin()
    try:
        while length < len(room) and (count := os.readv(descriptor, [view[length:]])):
            length += count
            if 0x0A in view[:length]:
                break
        newline = room.find(b"\n", 0, length)
        end = length if newline < 0 else newline
        if end and room[end - 1] == 0x0D:
            end -= 1
        if end != 4:
            raise errors.PinFormat
        for place in range(end):
            pin.append(room[place] - 0x30)
    except OSError:
        raise errors.PinFormat from None
    except errors.PinFormat:
        pin.clear()
        raise
    finally:
        room[:] = bytes(len(room))
    return pin


def _hexadecimal(text: str) -> bytes:
    challenge = bytes.fromhex(text)
    if not challenge:
        raise ValueError("empty")
    return challenge


def _tell(found: dict[str, object], as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for name, value in found.items():
        print(f"{name}: {'-' if value is None else value}")

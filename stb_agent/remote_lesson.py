"""``stb-agent remote teach``: ask for a remote's keys in a terminal, one after the other, and keep what was learnt."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import sys
import termios
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from stb_agent.contract import words
from stb_agent.contract.actions import Action
from stb_agent.remote.keymaps import Keymaps, read, taught
from stb_agent.remote.reach import Reach, reach
from stb_agent.remote.remote import Remote
from stb_agent.remote.sources import Device, KeyEvent, Source
from stb_agent.services.remote.known import Press
from stb_agent.services.remote.lesson import STEPS, Lesson

_ENTER_S = 0.15
"""How long an Enter of the terminal may be a key of the remote: one on USB types as well, where the terminal is the box's own."""


async def teach(sources: Sequence[Source], maps: Keymaps, folder: Path, out: Path | None) -> tuple[Path, Reach] | None:
    """Teach one remote; gives the file written, by default in ``folder``, and what the remote reaches by it.

    None if too little was learnt: then nothing is written. Raises KeymapError if it cannot be; where that is known, before the lesson.
    """
    _require_writable(folder, out)
    devices: dict[str, Device] = {}
    remote = Remote(
        sources, maps, on_action=lambda _: None, on_devices=lambda _, device: devices.update({device.id: device})
    )
    running = asyncio.create_task(remote.run())
    try:
        with _lines() as lines:
            lesson = await _learn(remote, maps, devices, lines)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    if not lesson.usable:
        return None
    device, keys = devices[lesson.device], dict(lesson.keys)
    path = _write(folder, out, device, keys)
    return path, reach(keys.values(), maps.over(read(path), device))


async def _learn(remote: Remote, maps: Keymaps, devices: Mapping[str, Device], lines: asyncio.Queue[None]) -> Lesson:
    lesson, asked, used = Lesson(), -1, None
    while not lesson.over:
        if lesson.at != asked:
            _ask(lesson)
        elif lesson.used is not None and lesson.used is not used:
            print("  " + words.text("remote.teach.used", used=words.text(f"remote.action.{lesson.used}")), flush=True)
        asked, used = lesson.at, lesson.used
        event = await _key_or_line(remote, lines, lesson.left)
        if event is None:
            lesson = lesson.wait(lesson.left)
        elif isinstance(event, KeyEvent):
            key = maps.of(devices[event.device]).key(event.key)
            if lesson.device in ("", event.device) and taught.teachable(key):
                lesson = lesson.press(Press(event.device, key, None, event.at))
        elif (ok := dict(lesson.keys).get(Action.OK)) is not None:
            # Enter says what the learnt 決定 would: the remote has no such key.
            at = asyncio.get_running_loop().time()
            lesson = lesson.press(Press(lesson.device, ok, None, at))
    return lesson


def _ask(lesson: Lesson) -> None:
    key = words.text(f"remote.action.{lesson.wanted}")
    skip = words.text("remote.teach.skip" if Action.OK in dict(lesson.keys) else "remote.teach.begin", left=lesson.left)
    print(f"[{lesson.at + 1}/{len(STEPS)}] {words.text('remote.lesson.press', key=key)} {skip}", flush=True)


class _Line:
    """Enter was pressed in the terminal."""


async def _key_or_line(remote: Remote, lines: asyncio.Queue[None], seconds: float) -> KeyEvent | _Line | None:
    """Wait for a key, or for Enter in the terminal; None if neither came."""
    key = asyncio.ensure_future(remote.next_key(seconds))
    line = asyncio.ensure_future(lines.get())
    try:
        await asyncio.wait((key, line), return_when=asyncio.FIRST_COMPLETED)
        if line.done() and not key.done():
            await asyncio.wait((key,), timeout=_ENTER_S)
        with contextlib.suppress(TimeoutError):
            if key.done():
                event = key.result()
                await asyncio.sleep(_ENTER_S)
                while not lines.empty():
                    lines.get_nowait()
                return event
        return _Line() if line.done() else None
    finally:
        for task in (key, line):
            task.cancel()
        await asyncio.gather(key, line, return_exceptions=True)


@contextlib.contextmanager
def _lines() -> Iterator[asyncio.Queue[None]]:
    """Give something for every line typed, which is not shown meanwhile, nor left to the shell afterwards."""
    lines: asyncio.Queue[None] = asyncio.Queue()
    loop, descriptor = asyncio.get_running_loop(), sys.stdin.fileno()

    def typed() -> None:
        data = os.read(descriptor, 1024)
        if not data:
            loop.remove_reader(descriptor)
        for _ in range(data.count(b"\n")):
            lines.put_nowait(None)

    before = termios.tcgetattr(descriptor) if os.isatty(descriptor) else None
    if before is not None:
        silent = termios.tcgetattr(descriptor)
        silent[3] &= ~termios.ECHO
        termios.tcsetattr(descriptor, termios.TCSADRAIN, silent)
    with contextlib.suppress(PermissionError):  # a file as standard input has nothing to wait for
        loop.add_reader(descriptor, typed)
    try:
        yield lines
    finally:
        loop.remove_reader(descriptor)
        if before is not None:
            termios.tcflush(descriptor, termios.TCIFLUSH)
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _require_writable(folder: Path, out: Path | None) -> None:
    try:
        if out is not None and out.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        places = (folder, *folder.absolute().parents) if out is None else (out.parent,)
        TemporaryDirectory(dir=next((place for place in places if place.exists()), places[0])).cleanup()
    except OSError as error:
        raise taught.KeymapUnwritable(file=str(out or folder), what=error.strerror or "unwritable") from error


def _write(folder: Path, out: Path | None, device: Device, keys: dict[Action, str]) -> Path:
    if out is None:
        return taught.write(folder, device, keys)
    try:
        with TemporaryDirectory(dir=out.parent) as draft:
            return taught.write(Path(draft), device, keys).replace(out)
    except OSError as error:
        raise taught.KeymapUnwritable(file=str(out), what=error.strerror or "unwritable") from error

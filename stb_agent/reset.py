"""A factory reset: begun once, it goes on to its end through any loss of power; the platform learns of it whenever it can be asked.

In the state's folder a marker says that it was begun. Keys go first, then everything else; the marker goes last. What remains is a notice for the
platform, signed before, until it was delivered.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from stb_agent.cable_id.backing_off import later
from stb_agent.cable_id.device_key import DEVICE_KEY, DeviceKey
from stb_agent.cable_id.discovery import Discovery
from stb_agent.cable_id.errors import CableIdError, PlatformBusy
from stb_agent.cable_id.polling import Sleep
from stb_agent.cable_id.registration import CLIENT_KEY, FIRST_WAIT, LONGEST_WAIT, Registrar
from stb_agent.cable_id.reset import Delivered, deliver, notice
from stb_agent.cable_id.transport import Transport
from stb_agent.contract.errors import ChanomaError
from stb_agent.host.erase import destroy, erase, sync
from stb_agent.store.store import KEY

MARKER = "reset.json"
_NOTICE = "reset-notice."
_DRAFT = ".new"
NOTICES_MOST = 16
"""So many notices wait for the platform; a box that never reaches it loses the oldest."""
LEAVE_S = 10.0
"""Seconds that a platform which takes no notices is given to forget the box, before its keys are destroyed all the same."""
_KEYS = (DEVICE_KEY, CLIENT_KEY, CLIENT_KEY + ".next", KEY)

log = logging.getLogger(__name__)
Random = Callable[[int], bytes]


class Unfinished(ChanomaError):
    """Something cannot be erased; the log says why. It is tried again at the next start."""

    code = "reset.unfinished"


class NotBegun(ChanomaError):
    """It cannot even be written down that it begins; the log says why. Nothing was changed."""

    code = "reset.not_begun"


class AgentRunning(ChanomaError):
    """The agent has the box's state in its hands."""

    code = "reset.agent_running"


class _Left(msgspec.Struct, frozen=True):
    """What is left for a platform: ``notice`` is empty where it never knew this box."""

    issuer: str = ""
    notice: str = ""


@contextmanager
def holding(state: Path, *, alone: bool) -> Iterator[None]:
    """Hold the state's folder, with other agents or ``alone``; who holds it with others waits for who is alone.

    Raises AgentRunning, if ``alone``, when anybody holds it.
    """
    descriptor = os.open(state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
        yield
    except BlockingIOError:
        raise AgentRunning from None
    finally:
        os.close(descriptor)


def begin(state: Path, issuer: str, now: float, random: Random) -> None:
    """Decide it, durably: from here on there is no way back. Raises NotBegun."""
    if (state / MARKER).exists():
        return
    left = _Left()
    if issuer and (state / DEVICE_KEY).exists():
        try:
            left = _Left(issuer, notice(DeviceKey.open(state / DEVICE_KEY), issuer, now, random))
        except CableIdError as error:
            log.warning(
                "no notice for the platform: %s", error.code
            )  # a damaged key signs nothing, and must go all the same
    with _told(NotBegun):
        _write(state / MARKER, msgspec.json.encode(left))


def begun(state: Path) -> bool:
    """Tell whether a reset was begun and has not ended."""
    return (state / MARKER).exists()


def go_on(state: Path, random: Random, reached: Callable[[int], None] = lambda step: None) -> bool:
    """Bring a reset that was begun to its end; tell whether there was one. ``reached`` is told 1 when the keys are gone. Raises Unfinished."""
    marker = state / MARKER
    with _told():
        try:
            written = marker.read_bytes()
        except FileNotFoundError:
            destroy(state / (MARKER + _DRAFT), random)
            return False
        erase(state, [name for key in _KEYS for name in (key, key + _DRAFT)], lambda name: True, random)
        reached(1)
        erase(state, (), lambda name: name == MARKER or name.startswith(_NOTICE), random)
        try:
            left = msgspec.json.decode(written, type=_Left)
        except msgspec.MsgspecError:
            left = _Left()
        waiting = _waiting(state)
        if left.notice and not any(_read(path) == left for path in waiting):
            for old in waiting[: max(len(waiting) + 1 - NOTICES_MOST, 0)]:
                destroy(old, random)
            last = int(waiting[-1].name.removeprefix(_NOTICE)) if waiting else 0
            _write(state / f"{_NOTICE}{last + 1:08}", written)
        destroy(marker, random)
        sync(state)
    return True


async def take_leave(registrar: Registrar, discovery: Discovery) -> None:
    """Have a platform that takes no notices forget this box, while there is the key that can ask for it. The reset goes on whatever comes of it."""
    try:
        async with asyncio.timeout(LEAVE_S):
            if not (await discovery.metadata()).reset_endpoint:
                await registrar.remove()
    except (CableIdError, TimeoutError) as error:
        log.info("the registration is not removed: %s", getattr(error, "code", "timeout"))


async def deliver_all(state: Path, discovery: Discovery, transport: Transport, random: Random) -> bool:
    """Deliver the notices that wait for this platform; tell whether none is left. Raises CableIdError when it cannot be asked now."""
    done = True
    for path in _waiting(state):
        left = _read(path)
        if left is not None and left.issuer != discovery.issuer:
            done = False  # another operator's: it may come back
            continue
        if left is not None and await deliver(left.notice, discovery, transport) is Delivered.REFUSED:
            log.info("the platform knows nothing of the box that was")
        destroy(path, random)
        sync(state)
    return done


async def until_delivered(
    state: Path, discovery: Discovery, transport: Transport, random: Random, sleep: Sleep
) -> None:
    """Deliver them as soon as the platform can be asked."""
    failed = 0
    while _waiting(state):
        try:
            if not await deliver_all(state, discovery, transport, random):
                return
        except CableIdError as error:
            log.info("the notice of the reset waits: %s", error.code)
            failed += 1
            asked = error.retry_after if isinstance(error, PlatformBusy) else None
            await sleep(later(failed, first=FIRST_WAIT, longest=LONGEST_WAIT, random=random, asked=asked, at_least=1.0))


def _waiting(state: Path) -> list[Path]:
    return [path for path in sorted(state.glob(f"{_NOTICE}*")) if not path.name.endswith(_DRAFT)]


def _read(path: Path) -> _Left | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Left)
    except (OSError, msgspec.MsgspecError):
        return None


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(path.name + _DRAFT)
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    sync(path.parent)


@contextmanager
def _told(kind: type[NotBegun | Unfinished] = Unfinished) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log.error("%s: %s", kind.code, error.strerror or "unusable")
        raise kind from error

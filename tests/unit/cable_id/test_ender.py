"""The end of a session, told whatever the disk does; and no token outlives its session where the platform needs none."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from stb_agent.cable_id.asking import Asker
from stb_agent.cable_id.ender import Ender
from stb_agent.cable_id.errors import EndUnsupported
from stb_agent.cable_id.session import Session
from stb_agent.contract.ending import Cause
from stb_agent.contract.level import Level
from stb_agent.contract.levels import Proof
from stb_agent.store import Store
from stb_agent.store.endings import Ending, Endings
from stb_agent.store.errors import NotWritten

NOW = 1_795_402_800.0


class Platform:
    """A platform's metadata, and what it is told."""

    def __init__(self, endpoint: str) -> None:
        self.known = SimpleNamespace(
            session_end_endpoint=endpoint, revocation_endpoint="https://platform.example/revoke"
        )
        self.discovery = self
        self.forms: list[dict[str, str]] = []
        self.told = asyncio.Event()

    async def metadata(self) -> Any:
        return self.known

    async def post(self, endpoint: str, form: dict[str, str], *more: object, **options: object) -> None:
        self.forms.append(form)
        self.told.set()


class FullOnce:
    """Endings on a disk that is full the first time that they are read."""

    def __init__(self, endings: Endings) -> None:
        self._endings = endings
        self.full = True

    def all(self) -> Sequence[Ending]:
        if self.full:
            self.full = False
            raise NotWritten
        return self._endings.all()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._endings, name)


def session(expires_at: float = NOW + 60) -> Session:
    proof = Proof(Level.AUTHENTICATED, NOW)
    return Session("access", expires_at, linked=True, subject="s", auth_time=NOW, proof=proof, sid="sid-1")


def ender(platform: Platform, memory: Any) -> Ender:
    async def at_once(seconds: float) -> None:
        await asyncio.sleep(0)

    return Ender(
        cast(Asker, platform), memory, boot="boot", clock=lambda: NOW, random=os.urandom, sleep=at_once
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    store = Store.open(tmp_path, clock=lambda: NOW, random=os.urandom)
    yield store
    store.close()


async def test_a_disk_that_fails_ends_nothing_but_the_attempt(store: Store) -> None:
    platform = Platform("")
    told = ender(platform, FullOnce(store.endings))
    told.began("hana", session())
    told.ended(session(), Cause.USER)
    running = asyncio.create_task(told.run())
    async with asyncio.timeout(20):
        await platform.told.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [it["token"] for it in platform.forms] == ["access"]


async def test_a_token_is_kept_only_for_a_platform_that_can_be_told_in_no_other_way(store: Store) -> None:
    knows = ender(Platform("https://platform.example/session/end"), store.endings)
    knows.began("hana", session())
    knows.ended(session(), Cause.USER)
    assert not knows._tokens
    other = ender(Platform(""), store.endings)
    over = session(expires_at=NOW)
    store.endings.forget("sid-1")
    other.began("hana", over)
    other.ended(over, Cause.EXPIRED)
    with pytest.raises(EndUnsupported):
        await other.tell(store.endings.all()[0])
    assert not other._tokens

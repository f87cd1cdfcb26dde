"""What a call centre asks: found politely, shown as something to act on, answered once, and gone in words."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.confirmations import Confirmation, Confirmations
from stb_agent.cable_id.errors import PlatformBusy, PlatformUnreachable, RequestExpired
from stb_agent.cable_id.session import Session
from stb_agent.contract.level import Level
from stb_agent.contract.levels import Proof
from stb_agent.contract.messages import CardState
from stb_agent.contract.text import Word
from stb_agent.contract.views import Choice, Message
from stb_agent.core.page import Chosen, Done, Failed, Frame, Requirement, Shown
from stb_agent.services.confirmations import INTERVAL_S, LONGEST_S, ConfirmationService
from stb_agent.services.confirmations.pages import ApprovePage, AskPage, ConfirmationsPage, Decide, DecidePage
from stb_agent.store.store import Store

IN = Frame(card=CardState.PRESENT, level=Level.AUTHENTICATED, linked=True)
ONE, TWO = Confirmation("a", "解約の受付 4821", 400.0), Confirmation("b", "名義の変更 17", 1000.0)


class Platform:
    """Answers of a platform, one after the other; then the session has ended."""

    def __init__(self, *answers: Sequence[Confirmation] | Exception) -> None:
        self.answers = list(answers)
        self.decided: list[tuple[str, bool]] = []
        self.gone = False

    async def waiting(self, session: Session) -> Sequence[Confirmation]:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def decide(self, session: Session, asked: Confirmation, *, approve: bool) -> None:
        if self.gone:
            raise RequestExpired
        self.decided.append((asked.id, approve))


class Scene:
    """The service before such a platform, at a time of its own."""

    def __init__(self, folder: Path, *answers: Sequence[Confirmation] | Exception) -> None:
        self.now = 100.0
        self.naps: list[float] = []
        self.changes = 0
        self.platform = Platform(*answers)
        self.store = Store.open(folder, clock=lambda: 1.0, random=bytes)
        self.authority = Authority(cast(PlatformClient, None), lambda: self.now)
        self.authority.begin(
            "person", Session("t", 1e6, False, "sub", 100.0, Proof(Level.AUTHENTICATED, 100.0, checked_at=100.0))
        )
        self.service = ConfirmationService(
            cast(Confirmations, self.platform),
            self.authority,
            self.store,
            "しおみ",
            clock=lambda: self.now,
            sleep=self.sleep,
            changed=self.changed,
        )

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds
        if not self.platform.answers:
            self.authority.end()
        await asyncio.sleep(0)

    def changed(self) -> None:
        self.changes += 1


async def test_it_looks_politely_and_tells_only_what_is_new(tmp_path: Path) -> None:
    silence = PlatformUnreachable()
    scene = Scene(
        tmp_path, (), (ONE,), (ONE,), silence, silence, silence, silence, silence, PlatformBusy(77.0), (ONE, TWO)
    )
    await scene.service.watch()
    assert scene.naps[:3] == [INTERVAL_S] * 3
    assert scene.naps[3:8] == [2 * INTERVAL_S, 4 * INTERVAL_S, 8 * INTERVAL_S, LONGEST_S, LONGEST_S]
    assert scene.naps[8:] == [77.0, INTERVAL_S]
    assert scene.changes == 2
    scene.store.close()


async def test_a_question_is_a_tile_a_notice_and_a_page_until_its_time_is_over(tmp_path: Path) -> None:
    scene = Scene(tmp_path, (ONE,))
    assert (scene.service.tiles(IN), scene.service.notice) == ((), None)
    await scene.service.watch()
    (tile,) = scene.service.tiles(IN)
    assert (tile.label.args["count"], tile.order) == (1, -2)
    assert scene.service.notice is not None
    assert scene.service.tiles(Frame()) == (), "nobody is signed in"
    page = tile.open()
    assert isinstance(page, AskPage)
    view = page.view(IN)
    assert isinstance(view, Choice)
    assert view.rows[0].value == ONE.message
    assert [it.id for it in view.items if it.first] == ["later"], "a key pressed twice decides nothing"
    scene.now = 401.0
    over = page.view(IN)
    assert isinstance(over, Message)
    assert over.lead == Word("confirmations.gone", {})
    assert (scene.service.tiles(IN), scene.service.notice) == ((), None)
    scene.store.close()


async def test_several_are_a_list(tmp_path: Path) -> None:
    scene = Scene(tmp_path, (ONE, TWO))
    await scene.service.watch()
    page = scene.service.tiles(IN)[0].open()
    assert isinstance(page, ConfirmationsPage)
    assert page.on(Chosen("b"), IN).push == AskPage(TWO, page)
    assert page.on(Chosen("c"), IN).push is None
    scene.service.forget()
    assert isinstance(page.view(IN), Message)
    scene.store.close()


@pytest.mark.parametrize("approve", [True, False])
async def test_an_answer_is_brought_once_and_the_question_is_gone(tmp_path: Path, approve: bool) -> None:
    scene = Scene(tmp_path, (ONE,), (ONE,))
    await scene.service.watch()
    scene.authority.begin(
        "person", Session("t", 1e6, False, "sub", 100.0, Proof(Level.AUTHENTICATED, 100.0, checked_at=100.0))
    )
    ask = scene.service.tiles(IN)[0].open()
    page = ask.on(Chosen("approve" if approve else "deny"), IN).push
    assert isinstance(page, DecidePage)
    assert page.needs == (Requirement(service="confirmations") if approve else Requirement(Level.AUTHENTICATED))
    (job,) = page.on(Shown(), IN).jobs
    assert await scene.service.work(job) is approve
    assert scene.platform.decided == [("a", approve)]
    assert scene.service.tiles(IN) == ()
    done = page.on(Done(job, approve), IN).stay
    assert done is not None
    assert done.on(Shown(), IN).jobs == (), "coming back sends nothing again"
    assert done.view(IN).lead == Word(f"confirmations.{'approved' if approve else 'denied'}", {})
    assert ONE.message not in repr(page) + repr(job) + repr(ask).replace(repr(scene.service), "")
    scene.store.close()


async def test_what_is_gone_is_said_and_not_offered_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path, (ONE,))
    await scene.service.watch()
    scene.authority.begin(
        "person", Session("t", 1e6, False, "sub", 100.0, Proof(Level.AUTHENTICATED, 100.0, checked_at=100.0))
    )
    scene.platform.gone = True
    page = ApprovePage(ONE, cast(AskPage, scene.service.tiles(IN)[0].open()).every)
    job = Decide(ONE, True)
    with pytest.raises(RequestExpired) as gone:
        await scene.service.work(job)
    failed = page.on(Failed(job, gone.value), IN).stay
    assert failed is not None
    assert [it.id for it in failed.view(IN).items] == ["ok"]
    assert scene.service.tiles(IN) == ()
    assert failed.blank() == page.every, "nothing of it is left behind the lock"
    scene.store.close()

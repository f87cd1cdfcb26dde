"""The pages of signing in, and who gets the session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.errors import SessionEnded
from stb_agent.cable_id.polling import Waiting
from stb_agent.cable_id.session import Session
from stb_agent.card.errors import CertificateExpired
from stb_agent.card.pin import Pin
from stb_agent.contract import words
from stb_agent.contract.actions import Action
from stb_agent.contract.ending import Ended
from stb_agent.contract.level import Level
from stb_agent.contract.levels import Proof
from stb_agent.contract.messages import CardState
from stb_agent.contract.text import Word
from stb_agent.contract.views import Choice, Detail, Message, Progress
from stb_agent.contract.views import Pin as PinView
from stb_agent.core.page import Chosen, Covered, Done, Frame, Page, Pressed, Reached, Shown, Surroundings
from stb_agent.core.pin_entry import Digits
from stb_agent.services.ending.pages import EndPage, Part
from stb_agent.services.home import HomePage
from stb_agent.services.home.idle import Locked
from stb_agent.services.sign_in import SignInService
from stb_agent.services.sign_in.pages import Authenticate, CountTries, SignInPage
from stb_agent.store.store import Store

HERE = Frame(card=CardState.PRESENT, level=Level.PRESENT, known=True)


def stay(page: Page, event: object, frame: Frame = HERE) -> SignInPage:
    moved = page.on(event, frame)  # type: ignore[arg-type]
    assert isinstance(moved.stay, SignInPage)
    return moved.stay


def asking(pins: list[Pin], tries: int = 3) -> SignInPage:
    def make() -> Pin:
        pins.append(Pin())
        return pins[-1]

    page = stay(SignInPage(make, CardState.PRESENT), Shown())
    return stay(page, Done(CountTries(), tries))


def test_digits_left_behind_for_the_programme_are_zeroed_and_asked_for_again() -> None:
    pins: list[Pin] = []
    page = asking(pins)
    for digit in "1234":
        page = stay(page, Pressed(Action(digit)))
    page = stay(page, Covered())
    assert len(pins[0]) == 0
    view = page.view(HERE)
    assert isinstance(view, PinView)
    assert view.dots == 0
    assert page.on(Pressed(Action.OK), HERE).jobs == ()


def test_the_last_try_is_asked_for_again_after_the_programme() -> None:
    page = stay(asking([], tries=1), Chosen("go"))
    assert isinstance(page.view(HERE), PinView)
    assert isinstance(stay(page, Covered()).view(HERE), Choice)


def test_a_card_that_cannot_be_used_is_told_before_anything_is_asked_of_it() -> None:
    frame = Frame(card=CardState.PRESENT, trouble=CertificateExpired())
    page = SignInPage(Pin, CardState.ABSENT)
    for event in (Shown(), Surroundings()):
        moved = page.on(event, frame)
        assert moved.jobs == ()
        assert moved.stay is not None
        view = moved.stay.view(frame)
        assert isinstance(view, Message)
        assert view.code == "card.certificate.expired"


def test_home_does_not_send_an_unusable_card_to_a_sign_in_that_is_not_there() -> None:
    view = HomePage(lambda frame: ()).view(Frame(card=CardState.PRESENT, trouble=CertificateExpired()))
    assert isinstance(view.lead, Word)
    assert "サインイン" not in words.render(view.lead)


@dataclass
class Swapped:
    """A reader in which another card lies once the first has signed."""

    handles: list[str]
    signed: bool = field(default=False)

    async def tries(self) -> int:
        return 3

    async def certificate(self) -> bytes:
        return b"certificate"

    async def handle(self) -> str:
        return self.handles[self.signed]

    async def sign(self, digits: Digits, tries: int, data: bytes) -> bytes:
        self.signed = True
        return b"signature"


class Platform:
    """A platform that takes its time."""

    async def challenge(self) -> bytes:
        return b"challenge"

    async def sign_in(self, challenge: bytes, certificate: bytes, sign: object, busy: Callable[[], None]) -> Session:
        await sign(challenge)  # type: ignore[operator]
        busy()
        proof = Proof(Level.AUTHENTICATED, 0.0)
        return Session("token", 1e9, linked=False, subject="sub", auth_time=0.0, proof=proof)


@pytest.mark.parametrize(("second", "begun"), [("a", True), ("b", False)])
async def test_a_session_is_never_given_to_the_next_persons_card(tmp_path: Path, second: str, begun: bool) -> None:
    store = Store.open(tmp_path, clock=lambda: 1.0, random=lambda size: bytes(size))
    steps: list[tuple[object, ...]] = []
    try:
        authority = Authority(cast(PlatformClient, Platform()), lambda: 1.0)
        service = SignInService(
            Swapped(["a", second]),
            cast(PlatformClient, Platform()),
            authority,
            store,
            Pin,
            lambda: None,
            lambda *told: steps.append(told[1:]),
            keep=store.links.add,
        )
        if begun:
            await service.work(Authenticate(Pin(), 3))
        else:
            with pytest.raises(SessionEnded):
                await service.work(Authenticate(Pin(), 3))
        assert authority.holds("a") is begun
        assert steps[-1] == (2, Waiting.BUSY), "whoever waits is told why"
    finally:
        store.close()


def test_a_busy_platform_is_said_and_nothing_is_asked_again() -> None:
    page = asking([])
    for digit in "1234":
        page = stay(page, Pressed(Action(digit)))
    moved = page.on(Pressed(Action.OK), HERE)
    assert isinstance(moved.stay, SignInPage)
    (job,) = moved.jobs

    def lead(page: SignInPage) -> str:
        view = page.view(HERE)
        assert isinstance(view, Progress)
        assert isinstance(view.lead, Word)
        return view.lead.code

    waiting = stay(moved.stay, Reached(job, 2))
    assert lead(waiting) == "sign_in.working"
    busy = waiting.on(Reached(job, 2, Waiting.BUSY), HERE)
    assert isinstance(busy.stay, SignInPage)
    assert (lead(busy.stay), busy.jobs) == ("sign_in.busy", ())


@pytest.mark.parametrize(("card", "said"), [(CardState.PRESENT, True), (CardState.ABSENT, False)])
def test_who_signed_in_by_a_phone_is_not_told_to_take_a_card_out(card: CardState, said: bool) -> None:
    view = EndPage("").view(Frame(card=card))
    assert isinstance(view, Message)
    assert (view.remedy is not None) is said
    part = Part("https://health.example", "health")
    for states, code in (({}, "ended"), ({part.address: Ended.PENDING}, "pending")):
        services = EndPage("s", (part,), states).view(Frame(card=card))
        assert isinstance(services, Detail)
        assert services.lead == Word(f"ending.lead.{code}{'' if said else '_no_card'}")
    locked = Locked().view(Frame(card=card))
    assert isinstance(locked, Message)
    assert locked.remedy == Word("home.locked.remedy" if said else "home.locked.remedy_no_card")

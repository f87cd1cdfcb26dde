"""Help: what is on its pages, and that its code needs no connection."""

from __future__ import annotations

import asyncio

from cryptography.hazmat.primitives.asymmetric import ec

from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.errors import PlatformUnreachable
from stb_agent.cable_id.support_code import code
from stb_agent.contract import words
from stb_agent.contract.messages import Status
from stb_agent.contract.text import word
from stb_agent.contract.views import Contact, Detail, Help, SupportCode
from stb_agent.core.page import Chosen, Done, Frame, Opened, Shown, Topic
from stb_agent.services.help import HelpService
from stb_agent.services.help.pages import HelpPage, MakeCode, NoCode, PinPage
from stb_agent.store.settings import Json
from tests.support.typeface import measure
from ui.screens.kinds import drawer
from ui.sketch import Place

NOW = 1_795_000_000.0 + 125
CONTACT = Contact("みどりケーブルテレビ", "0120-000-000", "9:00〜18:00")
PLATFORM = DeviceKey(ec.derive_private_key(7, ec.SECP256R1()))


class Platform:
    """A platform that can be reached or not."""

    def __init__(self, *, there: bool) -> None:
        self.there = there
        self.asked = 0

    async def support_key(self) -> dict[str, str] | None:
        self.asked += 1
        if not self.there:
            raise PlatformUnreachable
        return {**PLATFORM.public_jwk}


class Settings:
    def __init__(self) -> None:
        self.kept: dict[str, Json] = {}

    def get(self, name: str, default: Json = None) -> Json:
        return self.kept.get(name, default)

    def set(self, name: str, value: Json) -> None:
        self.kept[name] = value


def service(platform: Platform, settings: Settings, *, known: bool = True) -> HelpService:
    device = DeviceKey(ec.derive_private_key(5, ec.SECP256R1()))
    return HelpService(
        CONTACT,
        platform,  # type: ignore[arg-type]
        device,
        settings,  # type: ignore[arg-type]
        clock=lambda: NOW,
        time_known=lambda: known,
    )


def test_a_key_read_once_makes_codes_for_ever_after_without_the_platform() -> None:
    settings = Settings()
    asyncio.run(service(Platform(there=True), settings).learn())
    away = Platform(there=False)
    support, again = asyncio.run(service(away, settings).work(MakeCode()))  # type: ignore[misc]
    assert away.asked == 0
    assert isinstance(support, SupportCode)
    assert len(support.digits) == 6
    assert support.digits.isdigit()
    end = (NOW // 600 + 1) * 600
    assert support.minutes == -(-(end - NOW) // 60)
    assert 0 < again - NOW <= 60
    assert (end - again) % 60 == 0, "the next look is when one minute less is left"
    shown = HelpPage(CONTACT, Opened()).on(Done(MakeCode(), (support, again)), Frame())
    assert shown.jobs == (MakeCode(again),)


def test_a_box_that_never_reached_the_platform_says_so_and_asks_again_each_time() -> None:
    platform, settings = Platform(there=False), Settings()
    assert asyncio.run(service(platform, settings).work(MakeCode())) == NoCode(word("help.no_code"))
    platform.there = True
    assert isinstance(asyncio.run(service(platform, settings).work(MakeCode())), tuple)


def test_a_box_that_does_not_know_the_time_makes_no_code() -> None:
    made = asyncio.run(service(Platform(there=True), Settings(), known=False).work(MakeCode()))
    assert made == NoCode(word("help.no_time"))


def test_help_shows_all_that_it_says() -> None:
    page = HelpPage(CONTACT, Opened(code="health.unreachable"))
    assert page.on(Shown(), Frame()).jobs == (MakeCode(),)
    there = page.on(Done(MakeCode(), (SupportCode("482913", 8), NOW + 60)), Frame())
    assert there.jobs == (MakeCode(NOW + 60),)
    assert isinstance(there.stay, HelpPage)
    view = there.stay.view(Frame())
    assert isinstance(view, Help)
    shown = _shown(view)
    for text in (CONTACT.phone, CONTACT.hours, "482 913", view.code, *view.sees, *view.hidden):
        assert text is not None
        assert "".join(words.render(text).split()) in shown, text
    gone = there.stay.on(Done(MakeCode(), NoCode("だめ")), Frame()).stay
    assert isinstance(gone, HelpPage)
    assert "482913" not in _shown(gone.view(Frame()))


def test_a_forgotten_pin_has_a_way_of_its_own_on_one_page() -> None:
    made = service(Platform(there=False), Settings())
    assert isinstance(made.page(Opened(Topic.PIN)), PinPage)
    page = made.page(Opened())
    assert isinstance(page.on(Chosen("pin"), Frame()).push, PinPage)
    view = PinPage().view(Frame())
    assert isinstance(view, Detail)
    assert drawer(measure)(view, None, Place()).pages == 1
    shown = _shown(view)
    for row in view.rows:
        assert "".join(words.render(row.value).split()) in shown


def _shown(view: Help | Detail) -> str:
    labels = drawer(measure)(view, Status(), Place()).scene().labels
    return "|".join("".join("".join(label.lines).split()) for label in labels)


def test_two_boxes_and_two_moments_have_codes_of_their_own() -> None:
    boxes = [DeviceKey(ec.generate_private_key(ec.SECP256R1())) for _ in range(3)]
    made = {code(box, PLATFORM.public_jwk, NOW + 600 * step) for box in boxes for step in range(20)}
    assert len({it.digits for it in made if it}) > 50
    assert code(boxes[0], {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, NOW) is None
    assert code(boxes[0], {"kty": "RSA"}, NOW) is None

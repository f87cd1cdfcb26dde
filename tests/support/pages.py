"""What the services really show: every page in every state that has words of its own, and every error that a household can meet."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import date, timedelta

import msgspec

from stb_agent.cable_id.confirmations import Confirmation
from stb_agent.cable_id.errors import HandoffOver, LinkedElsewhere, LinkGone, RequestDenied, RequestExpired
from stb_agent.cable_id.handoff import Offer
from stb_agent.cable_id.life import KnownBox
from stb_agent.cable_id.phone import PhoneRequest
from stb_agent.cable_id.polling import Waiting
from stb_agent.cable_id.security_event import Initiator
from stb_agent.contract import words
from stb_agent.contract.actions import Action
from stb_agent.contract.appearance import Appearance
from stb_agent.contract.choices import Choices
from stb_agent.contract.ending import Ended
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.keyboards import Candidate, Letters
from stb_agent.contract.level import Level
from stb_agent.contract.levels import Lack, Proof
from stb_agent.contract.messages import CardState
from stb_agent.contract.privacy import Privacy
from stb_agent.contract.speech import Speech
from stb_agent.contract.text import Text, Word, word
from stb_agent.contract.transmissions import Kind, Result, Transmission
from stb_agent.contract.views import (
    ChoiceField,
    Contact,
    DateField,
    Delivery,
    Form,
    Home,
    Item,
    Message,
    NumberField,
    PadStage,
    Pin,
    Row,
    SupportCode,
    TextField,
    Tone,
    View,
)
from stb_agent.core.curtain import curtained
from stb_agent.core.form import Filling, Number
from stb_agent.core.page import Chosen, Frame, Opened, Page, Shortfall
from stb_agent.core.waiting import Wait, waited
from stb_agent.reset import NotBegun, Unfinished
from stb_agent.services.booking import Gone, Taken
from stb_agent.services.booking import pages as booking
from stb_agent.services.booking.facility import Usage
from stb_agent.services.booking.usage import asked
from stb_agent.services.confirmations import pages as confirmations
from stb_agent.services.ending import pages as ending
from stb_agent.services.handoff import HandoffService
from stb_agent.services.handoff import pages as handoff
from stb_agent.services.health import pages as health
from stb_agent.services.help import pages as help_
from stb_agent.services.history import pages as history
from stb_agent.services.home import BrokenPage, CardGone, CardTrouble, HomePage
from stb_agent.services.home.idle import IdleWarning, Locked
from stb_agent.services.link import hub, reminder, standing
from stb_agent.services.link import pages as link
from stb_agent.services.link.jobs import End, Lost, Mine, Outcome
from stb_agent.services.link.lost import By, LostPage
from stb_agent.services.link.lost import Stage as LostStage
from stb_agent.services.news import pages as news
from stb_agent.services.remote import pages as remote
from stb_agent.services.remote.known import NEEDED, Known
from stb_agent.services.remote.lesson import STEPS, Lesson
from stb_agent.services.reset import pages as reset
from stb_agent.services.settings import aspects, household
from stb_agent.services.settings import pages as settings
from stb_agent.services.settings.people import NICKNAMES, Nickname, Person
from stb_agent.services.sign_in import pages as sign_in
from stb_agent.services.sign_in.phone import PhonePage
from stb_agent.store.errors import Damaged
from stb_agent.store.transmissions import Day, Sum

_SIGNED_IN = Frame(card=CardState.PRESENT, level=Level.AUTHENTICATED, linked=True)
_BY_PHONE = Frame(level=Level.AUTHENTICATED, linked=True, proof=Proof(Level.AUTHENTICATED, 0.0, at_box=False))
_FACILITY = booking.Facility(
    "f", "港町コミュニティセンター 和室", "港町1-2-3", capacity=24, purposes=("会議", "講座・学習")
)
_MONDAY = date(2026, 11, 23)
_USAGE = Usage("会議・打ち合わせ", 12, "港町将棋会")
_ORDER = booking.Order(_FACILITY.name, "s", "2026-11-25T00:00:00Z", "2026-11-25T03:00:00Z", 1200, "R8-0001", _USAGE)
_SLOTS = tuple(
    booking.Slot(
        f"{day}-{hour}",
        f"{_MONDAY + timedelta(days=day)}T{hour:02}:00:00+09:00",
        f"{_MONDAY + timedelta(days=day)}T{hour + 2:02}:30:00+09:00",
        (day + hour) % 3 > 0,
        600,
    )
    for day in range(7)
    for hour in (9, 13, 17)
)
_READINGS = tuple(health.Reading(f"2026-{11 - n:02}-25T07:30:00+09:00", 128 + n, 80 - n) for n in range(10))
_OPERATOR: Text = word("help.operator")
_LEARNT = Lesson(device="d", keys=tuple((action, str(action)) for action in STEPS))
_REMOTES = (
    Known("i", "gpio_ir_recv", "infrared", None, frozenset(NEEDED)),
    Known("b", "Voice Remote II", "bluetooth", 12, frozenset(NEEDED[:3])),
    Known("s", "remote.sock", "socket"),
)
_HOUSEHOLD = ("card.", "cable_id.", "store.", "booking.", "internal.")
"""The errors that a view shows begin so; those of the bench, the doctor and the command lines are read in a terminal."""
_NOT_SHOWN = ("card.descriptor", "card.anchors", "card.sign.", "card.pin.last", "cable_id.stream.", "cable_id.end.")


LONG_MESSAGE = ("引っ越しに伴うご契約の変更と" * 7)[:86] + "（受付番号 48210）"
"""As long as a call centre's may be."""


def _pages() -> dict[str, Page]:
    placed = {
        "sent": booking.Placed("k1", _ORDER, Delivery.SENT),
        "waiting": booking.Placed("k2", _ORDER, Delivery.WAITING),
        "needs_card": booking.Placed("k3", _ORDER, Delivery.WAITING, needs_card=True),
        "refused": booking.Placed("k4", _ORDER, Delivery.REFUSED, Taken()),
    }
    contact = Contact(_OPERATOR, "0120-000-000", "9:00–18:00")
    found: dict[str, Page] = {
        "facilities": booking.FacilitiesPage((_FACILITY,)),
        "facilities-loading": booking.FacilitiesPage(),
        "calendar-loading": booking.CalendarPage(_FACILITY),
        "orders-loading": booking.OrdersPage(),
        "health-loading": health.HealthPage(),
        "chart-loading": health.ChartPage(),
        "calendar": booking.CalendarPage(_FACILITY, _MONDAY, _MONDAY - timedelta(days=7), _SLOTS),
        "calendar-taken": booking.CalendarPage(_FACILITY, _MONDAY, _MONDAY, _SLOTS, taken=True),
        "confirm": booking.ConfirmPage(_FACILITY, _SLOTS[0], _USAGE),
        "confirm-alone": booking.ConfirmPage(_FACILITY, _SLOTS[0], Usage("会議", 1)),
        "placing": booking.ConfirmPage(_FACILITY, _SLOTS[0], placing=True),
        "orders": booking.OrdersPage(booking.Orders(tuple(placed.values()), complete=False)),
        "orders-none": booking.OrdersPage(booking.Orders(())),
        "health": health.HealthPage(_READINGS),
        "chart": health.ChartPage(_READINGS),
        "help": help_.HelpPage(
            contact,
            Opened(code="cable_id.platform.unreachable"),
            SupportCode("482913", 8),
            history=history.HistoryPage,
        ),
        "help-no-time": help_.HelpPage(contact, Opened(), unsupported=word("help.no_time")),
        "help-no-code": help_.HelpPage(Contact(_OPERATOR), Opened(), unsupported=word("help.no_code")),
        "help-pin": help_.PinPage(),
        "card-gone": CardGone(),
        "idle": IdleWarning(52),
        "locked": Locked(),
        "signed-out": ending.EndPage("s"),
        "remotes": remote.RemotesPage(lambda: _REMOTES),
        "lesson": remote.LessonPage(),
        "lesson-skip": remote.LessonPage(Lesson(at=5, device="d")),
        "lesson-used": remote.LessonPage(Lesson(at=5, device="d", used=STEPS[0])),
        "summary": remote.SummaryPage(_LEARNT),
        "saving": remote.SavingPage(_LEARNT),
    }
    found |= _settings() | _less() | _histories() | _resets()
    found |= {f"slip-{name}": booking.SlipPage(it) for name, it in placed.items()}
    found |= {f"remote-{it.id}": remote.RemotePage(it, lambda: _REMOTES) for it in _REMOTES}
    found |= {f"end-{end.value}": remote.EndPage(end, NEEDED) for end in remote.End}
    found |= {
        f"usage-{at}": booking.UsagePage(_FACILITY, _SLOTS[0], filling, phone=HandoffService.page)
        for at, filling in enumerate(_fillings())
    }
    found |= _handoffs() | _phones() | _asked() | _endings()
    found |= {f"link-{it.value}": link.LinkPage(_OPERATOR, lambda _: True, it) for it in link.Stage}
    found |= _links()
    found |= {
        f"sign_in-{it.value}": sign_in.SignInPage(lambda: sign_in.Digits(4), CardState.PRESENT, stage=it, tries=1)
        for it in sign_in.Stage
        if it not in (sign_in.Stage.PIN, sign_in.Stage.WHY)
    }
    return found


def _resets() -> dict[str, Page]:
    names = ("ばあば", word("settings.nickname.grandpa"))
    unsent = (("booking", 2), ("link", 1), ("elsewhere", 3))
    return {
        "reset-looking": reset.ResetPage(),
        "reset-names": reset.ResetPage(reset.Contents(3, names, unsent)),
        "reset-count": reset.ResetPage(reset.Contents(3, (), ())),
        "reset-unknown": reset.ResetPage(error=Damaged()),
        "reset-anew": reset.AnewPage(),
        "reset-failed": reset.ResettingPage(error=Unfinished()),
        "reset-not-begun": reset.ResettingPage(error=NotBegun()),
    } | {f"reset-doing-{step}": reset.ResettingPage(step) for step in range(3)}


def _links() -> dict[str, Page]:
    """Give the pages of a link's life."""
    boxes = tuple(
        KnownBox(str(at), at == 0, "しおみケーブルネットワーク", place, 1_790_000_000.0, 1_795_000_000.0)
        for at, place in enumerate(("中央一丁目", "港町二丁目", ""))
    )
    lost = (
        Lost("a", word("settings.nickname.grandpa"), "2026-04-01T00:00:00Z"),
        Lost("b", None, "2026-04-01T00:00:00Z", suspended=True),
    )
    outcomes = {
        "sent": Outcome("k", Delivery.SENT, receipt="48210973"),
        "waiting": Outcome("k", Delivery.WAITING),
        "refused": Outcome("k", Delivery.REFUSED, LinkGone()),
    }

    def right(number: str) -> bool:
        return True

    return {
        **{f"replace-{it.value}": standing.ReplacePage(it) for it in standing.Stage if it is not standing.Stage.NUMBER},
        **{f"suspended-{it.value}": standing.SuspendedPage(right, it) for it in standing.Stage},
        "suspended-here": standing.SuspendedPage(right, contract=False),
        "boxes-full": standing.TooManyBoxesPage(boxes),
        "boxes-full-end": standing.TooManyBoxesPage(boxes, boxes[1]),
        "boxes-full-done": standing.TooManyBoxesPage(done=True),
        "boxes": hub.BoxesPage(boxes[1:]),
        "boxes-none": hub.BoxesPage(()),
        "boxes-loading": hub.BoxesPage(),
        "mine-loading": hub.MinePage(lambda: hub.LeavePage()),
        "leaving": hub.LeavePage(sending=True),
        "boxes-end": hub.BoxesPage(boxes, boxes[1]),
        "hub": hub.HubPage(right, lambda: hub.LeavePage()),
        "hub-ended": hub.HubPage(right, lambda: hub.LeavePage(), ended=True),
        "mine": hub.MinePage(
            lambda: hub.LeavePage(),
            Mine("しおみケーブルネットワーク", "2026-04-01T00:00:00Z", contract=False, days_left=40),
        ),
        "mine-long": hub.MinePage(
            lambda: hub.LeavePage(),
            Mine("しおみケーブルネットワーク", "2026-04-01T00:00:00Z", contract=True, days_left=1441),
        ),
        "leave": hub.LeavePage(),
        **{f"left-{name}": hub.LeftPage(it) for name, it in outcomes.items()},
        "ends": hub.EndsPage(tuple(End("2026-11-22T03:00:00Z", it) for it in outcomes.values())),
        "ends-none": hub.EndsPage(()),
        **{f"lost-{it.value}": LostPage(right, it, found=lost, chosen=lost[0], error=LinkGone()) for it in LostStage},
        "lost-nobody": LostPage(right, LostStage.WHOSE, by=By.MEMBER),
        "lost-which": LostPage(right, LostStage.WHOSE, found=lost, by=By.TELEVISION),
        "lost-which-sure": LostPage(right, LostStage.SURE, found=lost, chosen=lost[0], by=By.TELEVISION),
        "lost-no-other": LostPage(right, LostStage.WHOSE, by=By.TELEVISION),
        "ending": reminder.EndingPage(40),
    }


def _histories() -> dict[str, Page]:
    noon = 1_795_402_800.0
    sent = tuple(
        Transmission(noon - 60 * at, kind, "platform.cable.example", 3812, tuple(Result)[at % len(Result)])
        for at, kind in enumerate(Kind)
    )
    sums = tuple(Sum(kind, "platform.cable.example", Result.SENT, 12, 0) for kind in Kind if not kind.personal)
    days = tuple(Day(f"2026-11-{day}", sums) for day in (22, 21))
    waiting = history.Unsent("2026-11-23T03:00:00+00:00", Kind.BOOKING_CHANGE)
    return {
        "history": history.HistoryPage(),
        "history-own": history.OwnPage(history.Own.of((waiting,), sent, days)),
        "history-own-none": history.OwnPage(history.Own.of((), (), ())),
        "history-own-loading": history.OwnPage(),
        "history-box": history.BoxPage(days),
        "history-box-none": history.BoxPage(()),
        "history-box-loading": history.BoxPage(),
        "history-day": history.DayPage(days[0]),
    } | {f"history-one-{it.kind}": history.SentPage(it) for it in sent}


def _endings() -> dict[str, Page]:
    parts = (ending.Part("b", word("booking.tile")), ending.Part("h", word("health.tile")))
    some, every = {"b": Ended.ENDED, "h": Ended.PENDING}, {"b": Ended.ENDED, "h": Ended.ENDED}
    return {
        "end-asking": ending.EndPage("s", parts),
        "end-pending": ending.EndPage("s", parts, some),
        "end-stopped": ending.EndPage("s", parts, some, stopped=True),
        "end-everywhere": ending.EndPage("s", parts, every),
        "last-end": ending.LastEndPage(parts, some),
        "last-end-whole": ending.LastEndPage(
            (*parts, ending.Part("o", word("ending.other"))), {**every, "o": Ended.ENDED}
        ),
        "last-end-loading": ending.LastEndPage(),
        "address": news.AddressPage(("2026-11-22T01:00:00+00:00", "2026-11-23T01:00:00+00:00")),
        "address-loading": news.AddressPage(),
        "suspended": news.SuspendedPage(False, _OPERATOR),
        "suspended-lost": news.SuspendedPage(True, "しおみケーブルテレビ"),
        **{f"revoked-{by.value}": news.EndedPage(by) for by in Initiator},
    }


def _handoffs() -> dict[str, Page]:
    asked, id_, key = word("booking.purpose_written"), "A" * 22, bytes(32)
    url = f"https://platform.cable-id.example/write#{id_}.{'k' * 43}"
    offer = Offer(url, "482", id_, key, 40, 0.0, 2.0)
    return {
        "handoff": handoff.HandoffPage(asked, 40, offer),
        "handoff-loading": handoff.HandoffPage(asked, 40),
        "handoff-came": handoff.HandoffPage(asked, 40, text="会議・講座・学習・" * 4 + "将棋の会"),
        "handoff-over": handoff.HandoffPage(asked, 40, error=HandoffOver()),
    }


def _phones() -> dict[str, Page]:
    """A phone as the reader in each state, and every reason why somebody is asked again."""
    address = "https://platform.cable-id.example/device?user_code=BCDF-GHJK"
    request = PhoneRequest("d" * 43, "BCDF-GHJK", address, "47", 300.0, 5.0, "しおみ市")

    def page(lack: Lack, **more: object) -> Page:
        short = Shortfall(lack, at_box=lack is Lack.AT_BOX)
        stage = sign_in.Stage.WHY
        here = sign_in.SignInPage(lambda: sign_in.Digits(4), CardState.PRESENT, short, stage=stage)
        return replace(here, **more)  # type: ignore[arg-type]

    insert, phone = sign_in.Stage.INSERT, lambda: PhonePage(_OPERATOR)
    return {
        "phone": PhonePage(_OPERATOR, request, minutes=5),
        "phone-no-place": PhonePage(_OPERATOR, replace(request, place=""), minutes=1),
        **{f"phone-{it}": PhonePage(_OPERATOR, request, minutes=3, waiting=it) for it in Waiting},
        "phone-loading": PhonePage(_OPERATOR),
        "phone-expired": PhonePage(_OPERATOR, error=RequestExpired()),
        "phone-denied": PhonePage(_OPERATOR, error=RequestDenied()),
        "signature": sign_in.NoSignaturePage(),
        **{f"why-{it}": page(it) for it in Lack if it not in (Lack.LEVEL, Lack.SIGNATURE, Lack.UNLINKED)},
        "insert-phone": page(Lack.LEVEL, stage=insert, card=CardState.ABSENT, phone=phone),
        "insert-no-reader-phone": page(Lack.LEVEL, stage=insert, card=CardState.NO_READER, phone=phone),
        "insert-no-reader": page(Lack.AT_BOX, stage=insert, card=CardState.NO_READER, phone=phone),
    }


def _asked() -> dict[str, Page]:
    """What a call centre asks, with a message as long as it can be."""
    short = Confirmation("a", "解約の受付 4821", 0.0)
    long = Confirmation("b", LONG_MESSAGE, 0.0)
    every = confirmations.ConfirmationsPage(
        lambda: (confirmations.Waiting(short, 5), confirmations.Waiting(long, 1)), _OPERATOR
    )
    none = confirmations.ConfirmationsPage(tuple, _OPERATOR)
    return {
        "confirmations": every,
        "confirmations-none": none,
        "confirmation": confirmations.AskPage(short, every),
        "confirmation-long": confirmations.AskPage(long, every),
        "confirmation-gone": confirmations.AskPage(short, none),
        "confirmation-sending": confirmations.ApprovePage(short, every),
        "confirmation-approved": confirmations.ApprovePage(short, every, done=True),
        "confirmation-denied": confirmations.DecidePage(short, every, done=True),
        "confirmation-over": confirmations.ApprovePage(short, every, error=RequestExpired()),
    }


def _less() -> dict[str, Page]:
    """What is there before the answer has come, when there is nothing, and when it went wrong."""
    bare = booking.Order(_FACILITY.name, "s", _ORDER.start, _ORDER.end, 0)
    rare = [Known(how, f"{how} remote", how, percent) for how, percent in (("cec", None), ("usb", 60), ("other", 25))]
    few = frozenset(NEEDED)
    learnt = Lesson(device="d", keys=tuple((action, str(action)) for action in STEPS if action in NEEDED))
    return {
        "calendar-loading": booking.CalendarPage(_FACILITY, _MONDAY, _MONDAY),
        "calendar-next-week": booking.CalendarPage(_FACILITY, _MONDAY - timedelta(days=7), _MONDAY, _SLOTS),
        "confirm-taken": booking.ConfirmPage(_FACILITY, _SLOTS[0], error=Taken()),
        "confirm-trouble": booking.ConfirmPage(_FACILITY, _SLOTS[0], error=Gone()),
        "orders-loading": booking.OrdersPage(),
        "orders-complete": booking.OrdersPage(booking.Orders((booking.Placed("k5", bare, Delivery.SENT),))),
        "slip-bare": booking.SlipPage(booking.Placed("k5", bare, Delivery.WAITING)),
        "slip-refused-why-unknown": booking.SlipPage(booking.Placed("k6", bare, Delivery.REFUSED)),
        "health-loading": health.HealthPage(),
        "health-none": health.HealthPage(()),
        "health-trouble": health.HealthPage(error=Taken()),
        "chart-loading": health.ChartPage(),
        "card-trouble": CardTrouble(Taken()),
        "broken": BrokenPage(Taken()),
        "link-elsewhere": link.LinkPage(_OPERATOR, lambda _: True, link.Stage.TROUBLE, error=LinkedElsewhere()),
        "link-wrong": link.LinkPage(_OPERATOR, lambda _: True, link.Stage.TROUBLE, error=Taken()),
        "blocked": _sign_in(sign_in.Stage.BLOCKED, Taken()),
        "sign_in-busy": replace(_sign_in(sign_in.Stage.WORKING, Taken()), step=2, busy=True),
        "sign_in-wrong": _sign_in(sign_in.Stage.TROUBLE, Taken()),
        "remotes-none": remote.RemotesPage(tuple),
        "remotes-rare": remote.RemotesPage(lambda: tuple(rare)),
        "summary-few": remote.SummaryPage(learnt),
        "remote-few": remote.RemotePage(Known("f", "Few", "usb", 60, few), tuple),
        **{f"remote-{it.how}": remote.RemotePage(it, lambda: tuple(rare)) for it in rare},
        "remote-one-lacks": remote.RemotePage(
            Known("l", "Less", "usb", 60, frozenset(STEPS) - {Action.DIGIT_1, Action.RED}), tuple
        ),
    }


def _sign_in(stage: sign_in.Stage, error: ChanomaError) -> Page:
    return sign_in.SignInPage(lambda: sign_in.Digits(4), CardState.PRESENT, stage=stage, tries=1, error=error)


def _no_kanji(reading: str) -> tuple[Candidate, ...]:
    return ()


def _settings() -> dict[str, Page]:
    """Every aspect with each of its options tried, and what leads there."""
    appearance, choices = Appearance(), Choices()
    all_ = aspects.settable(appearance, Speech(), Privacy(), lambda: False)
    found: dict[str, Page] = {
        "settings": settings.SettingsPage(all_, choices, appearance, _no_kanji),
        "settings-reset": settings.ResetPage(choices),
        "settings-felt": settings.TryPage(all_[3], "slow", appearance, felt=(remote.NEEDED[0], 12)),
        "settings-not-kept": settings.NotKeptPage(Taken()),
    }
    people = (
        Person("a", "2026-11-01T10:00:00+09:00", Nickname(NICKNAMES[0]), here=True),
        Person("b", "2026-11-02T10:00:00+09:00"),
        Person("c", "2026-11-02T10:00:00+09:00", suspended=True),
    )
    writing = household.NamePage("b", _no_kanji, people=people).on(Chosen("choose", "own"), Frame()).stay
    assert writing is not None
    found |= {
        "people": household.HouseholdPage(_no_kanji, people=people),
        "people-loading": household.HouseholdPage(_no_kanji),
        "people-trouble": household.HouseholdPage(_no_kanji, error=Taken()),
        "people-named": household.PersonPage("a", _no_kanji, people=people),
        "people-unnamed": household.PersonPage("b", _no_kanji, people=people),
        "people-name": household.NamePage("a", _no_kanji, people=people),
        "people-own": writing,
        "people-remove": household.RemovePage("a", people=people),
    }
    odd = aspects.settable(appearance, Speech(), Privacy(lock_after=90), lambda: False)
    found["settings-lock-odd"] = settings.AspectPage(next(it for it in odd if it.name == "lock"), appearance)
    for aspect in all_:
        found[f"settings-{aspect.name}"] = settings.AspectPage(aspect, appearance)
        for option in aspect.options:
            found[f"settings-{aspect.name}-{option.id}"] = settings.TryPage(aspect, option.id, appearance)
    return found


def _homes() -> dict[str, View]:
    tiles = tuple(
        Item(name, word(f"{name}.tile"), word(f"{name}.tile_detail"))
        for name in ("sign_in", "booking", "health", "settings", "remote")
    )
    orders = Item("orders", word("booking.orders_tile"), word("booking.orders_tile_detail"))
    frames = {
        "absent": Frame(),
        "no-reader": Frame(card=CardState.NO_READER),
        "reading": Frame(card=CardState.READING),
        "new": Frame(card=CardState.PRESENT),
        "known": Frame(card=CardState.PRESENT, known=True),
        "called": Frame(card=CardState.PRESENT, known=True, nickname=word("settings.nickname.grandma")),
        "trouble": Frame(card=CardState.PRESENT, trouble=Taken()),
        "signed-in": _SIGNED_IN,
        "by-phone": _BY_PHONE,
    }
    found: dict[str, View] = {}
    for name, frame in frames.items():
        home = HomePage(lambda _: ()).view(frame)
        found[f"home-{name}"] = Home(title=home.title, lead=home.lead, items=(*tiles, orders))
    by_phone = Item("sign_in", word("sign_in.tile"), word("sign_in.phone.tile_detail"))
    found["home-no-reader"] = msgspec.structs.replace(found["home-no-reader"], items=(by_phone, *tiles[1:], orders))
    out = Item("sign_out", word("sign_in.end"), word("sign_in.end_detail"))
    found["home-by-phone"] = msgspec.structs.replace(found["home-by-phone"], items=(*tiles[1:], orders, out))
    signed_in = found["home-signed-in"]
    asked = Item("confirmations", word("confirmations.tile", count=2), word("confirmations.tile_detail"))
    found["home-signed-in"] = Home(title=signed_in.title, lead=signed_in.lead, items=(*tiles[1:], orders, out))
    found["home-asked"] = Home(title=signed_in.title, lead=signed_in.lead, items=(asked, *tiles[1:], orders, out))
    news = Item("address", word("news.address.tile"), word("news.address.tile_detail"))
    last = Item("last_end", word("ending.last.title"), word("ending.last.tile_pending"))
    links = Item("link", word("link.hub.tile"), word("link.hub.detail"))
    ends = Item("ending", word("link.ending.tile"), word("link.ending.days", days=40))
    found["home-ending"] = Home(title=signed_in.title, lead=signed_in.lead, items=(tiles[1], orders, out, ends, links))
    found["home-news"] = Home(title=signed_in.title, lead=signed_in.lead, items=(news, last, *tiles[1:], orders, out))
    return found


def _pins() -> dict[str, View]:
    found: dict[str, View] = {}
    for pad in PadStage:
        for error in (None, word("card.pin.wrong.cause", left=2), word("card.pin.changed.cause", left=2)):
            name = f"pin-{pad.value}" + (f"-{error.code}" if error else "")
            found[name] = Pin(
                title=word("sign_in.pin"),
                lead=word("sign_in.pin_which"),
                length=4,
                dots=4 if pad is PadStage.CONFIRM else 2,
                pad=pad,
                tries=3,
                error=error,
            )
    return found


def _fillings() -> list[Filling]:
    """Give the form of a booking at each of its fields."""
    group = {"purpose": "own", "written": "将棋の会", "people": "12", "user": "group", "group": "港町将棋会"}
    filling = asked(_FACILITY, booking.NO_WORDS)
    wrong = [
        replace(filling, at=at, values=group, error=ask.wrong(people))
        for at, ask in enumerate(filling.asks)
        if isinstance(ask, Number)
        for people in ("0", "99")
    ]
    return [replace(filling, at=at, values=group) for at in range(len(filling.asks))] + wrong


def _forms() -> dict[str, View]:
    title, label = word("link.number.title"), word("link.number.label")
    lead = word("link.number.lead")
    return {
        "form-number": Form(title=title, lead=lead, field=NumberField(label, "12345", (4, 4, 2))),
        "form-short": Form(
            title=title,
            lead=lead,
            field=NumberField(label, "12345", (4, 4, 2)),
            error=word("form.short", length=10),
        ),
        "form-wrong": Form(
            title=title, lead=lead, field=NumberField(label, "1234567890", (4, 4, 2)), error=word("link.number.check")
        ),
        **{
            f"form-{letters}": Form(title=title, field=TextField(label, "", letters), at=1, count=3)
            for letters in Letters
        },
        "form-text": Form(title=title, field=TextField(label, "x"), at=1, count=3, error=word("form.empty")),
        "form-candidates": Form(
            title=title,
            field=TextField(label, "か", reading="か", candidates=tuple(Item(it, it) for it in "日火可科花蚊")),
        ),
        "form-date": Form(title=title, field=DateField(label, "1951-09-29", "1920-01-01", "2026-11-22"), at=1, count=3),
    }


def _fields() -> dict[str, View]:
    """A form's later fields: a number with a date before it, and one of several with nothing chosen."""
    title, label = word("link.number.title"), word("link.number.label")
    rows = (Row(label, word("form.date", at="1951-05-04")),)
    choice = ChoiceField(label, (Item("a", _FACILITY.name), Item("b", _FACILITY.name)))
    return {
        "form-later": Form(title=title, field=NumberField(label, "1", (4, 4, 2)), at=1, count=3, rows=rows),
        "form-unchosen": Form(title=title, field=choice, at=2, count=3, rows=rows, error=word("form.pick")),
    }


def _errors() -> dict[str, View]:
    codes = {
        code.rpartition(".")[0] for code in words.codes() if code.startswith(_HOUSEHOLD) and code.endswith(".cause")
    }
    found: dict[str, View] = {}
    for code in sorted(codes):
        if code.startswith(_NOT_SHOWN):
            continue
        args = {
            name: "6A82" if name == "sw" else 2
            for part in ("cause", "remedy")
            for _, name, _, _ in string.Formatter().parse(words.pattern(f"{code}.{part}"))
            if name
        }
        found[f"error-{code}"] = Message(
            title=word("sign_in.title"),
            tone=Tone.ERROR,
            lead=Word(f"{code}.cause", dict(args)),
            remedy=Word(f"{code}.remedy", dict(args)),
            code=code,
            items=(Item("again", word("trouble.again"), first=True),),
        )
    return found


def _curtains() -> dict[str, View]:
    pages = {"health": health.HealthPage(_READINGS), "chart": health.ChartPage(_READINGS)}
    return {
        f"{name}-{'open' if open_ else 'drawn'}": curtained(page.view(_SIGNED_IN), open_=open_)
        for name, page in pages.items()
        for open_ in (False, True)
    }


def _waits() -> dict[str, View]:
    page = booking.FacilitiesPage()
    return {f"waited-{wait.name.lower()}": waited(page.view(_SIGNED_IN), wait) for wait in Wait}


REAL: dict[str, View] = {
    **{name: page.view(_SIGNED_IN) for name, page in _pages().items()},
    "lost-by-nobody": LostPage(lambda _: True).view(Frame()),
    **{
        f"{name}-by-phone": _pages()[name].view(_BY_PHONE)
        for name in ("link-sending", "link-waiting", "replace-waiting")
    },
    **{f"{name}-no-card": _pages()[name].view(Frame()) for name in ("end-pending", "end-everywhere", "locked")},
    **_homes(),
    **_pins(),
    **_forms(),
    **_fields(),
    **_errors(),
    **_curtains(),
    **_waits(),
}
"""Every view by a name."""

"""Put the rooms together: the only place that sees them all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Protocol

import aiohttp
import msgspec

from stb_agent import reset
from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.client_auth import PublicClient
from stb_agent.cable_id.confirmations import Confirmations
from stb_agent.cable_id.device_key import DEVICE_KEY, DeviceKey
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.ender import Ender
from stb_agent.cable_id.errors import RegistrationDamaged
from stb_agent.cable_id.event_stream import EventStream
from stb_agent.cable_id.handoff import Handoff
from stb_agent.cable_id.listening import Listening
from stb_agent.cable_id.phone import PhoneSignIn
from stb_agent.cable_id.registration import Registrar, client_of, until_registered
from stb_agent.cable_id.resource import ServiceClient
from stb_agent.cable_id.session import ServiceToken
from stb_agent.cable_id.transport import Transport
from stb_agent.card.certificate import Trust
from stb_agent.card.errors import NoCard, NoReader, Removed
from stb_agent.card.pin import Pin
from stb_agent.card.reader import SlotState
from stb_agent.card.readers.choice import source_of
from stb_agent.card.slot import Slot
from stb_agent.cards import HouseCard
from stb_agent.contract import words
from stb_agent.contract.actions import Action
from stb_agent.contract.choices import Choices, configured
from stb_agent.contract.config import Config, PaceChoice
from stb_agent.contract.ending import Cause
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.levels import Lack
from stb_agent.contract.messages import ActionMessage, CardState, Intent, ViewMessage, Why
from stb_agent.contract.privacy import Privacy
from stb_agent.contract.text import Text, word
from stb_agent.contract.transmissions import Kind, Kinds
from stb_agent.contract.views import Contact, View
from stb_agent.core.access import Access
from stb_agent.core.core import Core
from stb_agent.core.effects import Chose, Defect, Effect, Key, Left, Run, Screen, SessionEnded
from stb_agent.core.page import Done, Failed, Frame, Job, Page, Reached, Shortfall, SignIn
from stb_agent.core.service import Service, Tile
from stb_agent.core.typing import AGAIN_S
from stb_agent.core.waiting import Wait
from stb_agent.dictionary.dictionary import Dictionary
from stb_agent.dictionary.dictionary import load as load_dictionary
from stb_agent.host.boot import boot_id
from stb_agent.host.clock import EARLIEST
from stb_agent.host.tv import NoTelevision, SocketTelevision, Television
from stb_agent.ipc import UiServer
from stb_agent.jobs import Internal, Jobs
from stb_agent.journal import InTheirName, Journal, about
from stb_agent.orders import ResetOrders
from stb_agent.remote.gestures import DEFAULT, SLOW
from stb_agent.remote.keymaps import Keymaps
from stb_agent.remote.keymaps import load as load_keymaps
from stb_agent.remote.remote import LONG, Change, Remote
from stb_agent.remote.sources import Device, Source
from stb_agent.remote.sources.evdev import EvdevSource
from stb_agent.remote.sources.socket import SocketSource
from stb_agent.remotes import HouseRemotes
from stb_agent.retention import keep_within
from stb_agent.services.booking import BookingService
from stb_agent.services.confirmations import ConfirmationService
from stb_agent.services.ending import EndingService
from stb_agent.services.handoff import HandoffService
from stb_agent.services.health import HealthService
from stb_agent.services.help import HelpService
from stb_agent.services.history import HistoryService
from stb_agent.services.home import BrokenPage, CardGone, CardTrouble, HomePage
from stb_agent.services.home.idle import IdleWarning, Locked
from stb_agent.services.link import LinkService
from stb_agent.services.news import NewsService
from stb_agent.services.remote import RemoteService
from stb_agent.services.remote.notices import Notices
from stb_agent.services.reset import ResetService
from stb_agent.services.reset.pages import AnewPage, ResettingPage
from stb_agent.services.settings import SettingsService
from stb_agent.services.settings.kept import Household
from stb_agent.services.settings.pages import NotKeptPage
from stb_agent.services.settings.people import People
from stb_agent.services.sign_in import Phone, SignInService
from stb_agent.store.courier import Courier, Sender
from stb_agent.store.errors import StoreError
from stb_agent.store.outbox import Entry, State
from stb_agent.store.post import Post
from stb_agent.store.store import Store
from stb_agent.told import Told
from stb_agent.watch import Watch

log = logging.getLogger(__name__)

_CARD_STATES = {
    SlotState.NO_SERVICE: CardState.NO_READER,
    SlotState.DENIED: CardState.NO_READER,
    SlotState.NO_USB: CardState.NO_READER,
    SlotState.NO_READER: CardState.NO_READER,
    SlotState.HELD: CardState.NO_READER,
    SlotState.UNFIT: CardState.NO_READER,
    SlotState.ABSENT: CardState.ABSENT,
    SlotState.MUTE: CardState.PRESENT,
    SlotState.PRESENT: CardState.READING,
}

_BOOKING = Kinds(Kind.BOOKING_LOOK, Kind.BOOKING_READ, Kind.BOOKING_CHANGE)
_HEALTH = Kinds(read=Kind.HEALTH_READ)
_GOODBYE_S = 5.0
"""Seconds that telling the platform may hold up the agent's end."""

_PACES = {PaceChoice.DEFAULT: DEFAULT, PaceChoice.SLOW: SLOW}


@dataclass(frozen=True)
class Surroundings:
    """What the agent is given from outside: time (seconds since 1970, UTC) and random bytes."""

    clock: Callable[[], float]
    random: Callable[[int], bytes]


class _SendsLater(Sender, Protocol):
    """A service whose changes go through the outbox."""

    name: ClassVar[str]

    async def token(self) -> ServiceToken:
        """Give the authority that its entries carry."""


class FolderUnusable(ChanomaError):
    """A folder of the configuration cannot be made: folder and reason."""

    code = "box.folder"


class BeganAnew(Exception):
    """Nothing is left of what this process knows: another one has to begin."""


class Agent:
    """A box's agent: owns every device, secret and connection, and decides where the person is."""

    def __init__(
        self, config: Config, surroundings: Surroundings, *, practice: bool = False, anew: bool = False
    ) -> None:
        """``anew``: say on the screen that the box has just begun anew."""
        self._config = config
        self._clock = surroundings.clock
        self._random = surroundings.random
        self._practice = practice
        self._anew = anew
        self._erased = asyncio.Event()
        self._hearing: list[asyncio.Task[None]] = []
        self._notices = Notices()
        self._notice_end: asyncio.TimerHandle | None = None
        self._confirmations: ConfirmationService | None = None
        self._looking: asyncio.Task[None] | None = None
        self._page: tuple[bool, type[View], Text] | None = None
        self._last: tuple[Action | None, float] = None, 0.0

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until cancelled; ``ready`` is called once the sockets are there and the card was looked at."""
        runtime = Path(self._config.box.runtime)
        state = Path(self._config.box.state)
        for folder in (runtime, state):
            try:
                await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise FolderUnusable(folder=str(folder), what=error.strerror or "unusable") from error
        with reset.holding(state, alone=False):
            if reset.go_on(state, self._random):
                log.info("the reset that was begun has ended")
            await self._run(state, runtime, ready)

    async def _run(self, state: Path, runtime: Path, ready: Callable[[], None]) -> None:
        store = Store.open(state, clock=self._clock, random=self._random)
        try:
            try:
                store.verify()
            except StoreError as error:
                log.error("the store is not as it was written: %s", error)
            async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
                self._assemble(store, http, state)
                try:
                    await self._serve(runtime, ready)
                finally:
                    if not reset.begun(state) and not self._erased.is_set():
                        self._journal.write()
        finally:
            store.close()

    def _assemble(self, store: Store, http: aiohttp.ClientSession, state: Path) -> None:
        config = self._config
        device = DeviceKey.open(state / DEVICE_KEY)
        issuer = config.platform.issuer
        try:
            asks_as = client_of(state, issuer, config.platform.client_id, self._random)
        except RegistrationDamaged as error:
            log.error("%s", error.code)
            asks_as = PublicClient(config.platform.client_id)
        self._journal = Journal(store.transmissions, self._clock, self._present)
        prover = Prover(device, clock=self._clock, random=self._random)
        transport = Transport(http, prover, clock=self._clock, journal=self._journal)
        platform = PlatformClient(issuer, asks_as, transport, random=self._random)
        self._asker = platform.asker
        self._registrar = Registrar(state, self._asker.discovery, transport)
        self._transport = transport
        self._ender = Ender(
            platform.asker,
            store.endings,
            boot=boot_id(),
            clock=self._clock,
            random=self._random,
            about=about,
            owing=self._owing,
        )
        self._authority = Authority(platform, self._clock, self._see_to_the_end, self._ender if issuer else None)
        self._store = store
        operator_set = configured(config.screen, config.speech, config.remote, config.privacy, config.sounds)
        self._household = Household(
            store.settings, operator_set, lambda language: words.known(language, config.screen.languages)
        )
        self._slot = Slot(source_of(config.card.reader), Trust.configured(config.card), self._now, self._card_changed)
        self._card = HouseCard(self._slot, store.secret("card handle"), self._now)
        self._orders = ResetOrders(
            store,
            Path(config.operator.reset_keys),
            device.jkt,
            self._clock,
            at_stake=lambda: self._core.at_stake,
            begin=lambda: self._apply(self._core.tell(ResettingPage())),
        )
        senders: dict[str, Sender] = {}
        courier = Courier(store.outbox, senders, clock=self._clock, random=self._random, changed=self._entry_changed)
        self._courier = courier
        self._post = Post(store.outbox, courier.wake)
        operator: Text = config.operator.name or word("help.operator")
        phone = Phone(PhoneSignIn(platform.asker), operator, self._clock) if issuer else None
        self._people = People(store, self._authority.holds)
        link = LinkService(
            platform,
            self._authority,
            store,
            self._post,
            operator,
            self._card,
            called=self._people.called,
            moved=self._people.move,
            left=self._left,
            clock=self._clock,
            random=self._random,
        )
        self._link = link
        sign_in = SignInService(
            self._card, platform, self._authority, store, Pin, self._signed_in, self._reached, phone, keep=link.keep
        )
        contact = Contact(operator, config.operator.phone, config.operator.hours)
        history = HistoryService(store, self._journal, self._authority)
        self._help = HelpService(
            contact,
            platform,
            device,
            store.settings,
            clock=self._clock,
            time_known=lambda: self._clock() >= EARLIEST,
            history=history.page,
        )
        names = {config.services.booking: word("booking.tile"), config.services.health: word("health.tile")}
        self._ending = EndingService(self._ender, self._authority, store, names, sleep=asyncio.sleep)
        news = NewsService(self._authority, store)
        self._services: dict[str, Service] = {
            it.name: it for it in (sign_in, link, self._help, history, self._ending, news)
        }
        self._jobs = Jobs(self._services, ended=self._done, waiting=self._waiting)
        stream = EventStream(platform.asker)
        self._listening = Listening(
            stream,
            platform.asker.discovery,
            Told(
                store,
                self._authority,
                operator,
                end=self._ended_elsewhere,
                changed=self._show_news,
                left=link.forget,
                obey=self._orders.obey,
            ),
            every=config.platform.events_every,
            ready=self._may_listen,
            attentive=lambda: self._authority.expires_at is not None,
            clock=self._clock,
            random=self._random,
        )
        remote = RemoteService(self._open_remotes(state))
        self._services[remote.name] = remote
        if issuer:
            self._confirmations = ConfirmationService(
                Confirmations(platform.asker),
                self._authority,
                store,
                operator,
                clock=self._clock,
                sleep=asyncio.sleep,
                changed=self._asked,
            )
            self._services[ConfirmationService.name] = self._confirmations
        begin_anew = ResetService(store, self._authority, self._people.called, self._begin_anew, self._reached)
        self._services[begin_anew.name] = begin_anew
        dictionary = self._dictionary(config)
        settings = SettingsService(
            config.screen,
            config.speech,
            config.privacy,
            operator_set,
            self._people,
            candidates=dictionary.names,
            called=lambda nickname: self._apply(self._core.called(nickname)),
            home_key=self._has_home_key,
            sleep=asyncio.sleep,
            more=(history.tile(), begin_anew.tile()),
        )
        self._services[settings.name] = settings
        self._later: list[_SendsLater] = [link]
        if config.services.booking:
            client = ServiceClient(config.services.booking, transport, _BOOKING)
            handoff = HandoffService(Handoff(platform.asker, random=self._random, sleep=asyncio.sleep))
            self._services[handoff.name] = handoff
            booking = BookingService(
                client,
                self._authority,
                self._post,
                dictionary,
                clock=self._clock,
                random=self._random,
                phone=handoff.page if issuer else None,
            )
            self._services[booking.name] = booking
            self._later.append(booking)
        if config.services.health:
            health = HealthService(ServiceClient(config.services.health, transport, _HEALTH), self._authority)
            self._services[health.name] = health
        senders.update({it.name: InTheirName(it) for it in self._later})

        self._bases = {"booking": config.services.booking, "health": config.services.health}

        def step_up(short: Shortfall, frame: Frame) -> Page:
            return link.page() if short.lack is Lack.UNLINKED else sign_in.page(frame, short)

        self._core = Core(
            lambda: HomePage(self._tiles),
            step_up,
            CardTrouble,
            CardGone,
            lambda: BrokenPage(Internal()),
            self._help.page,
            idle=IdleWarning,
            locked=Locked,
            practice=self._practice,
            contact=contact,
            appearance=config.screen,
            speech=config.speech,
            sounds=config.sounds,
            choices=self._household.choices,
            access=Access(config.levels, self._clock),
        )
        self._watch = Watch(self._core, self._privacy(self._household.choices), self._clock, self._apply)

    @staticmethod
    def _dictionary(config: Config) -> Dictionary:
        dictionary, wrong = load_dictionary(config.typing.dictionaries)
        for error in wrong:
            log.info("dictionary: %s", error)  # the doctor says what to do about it
        return dictionary

    def _open_remotes(self, state: Path) -> HouseRemotes:
        config = self._config
        self._tv: Television = SocketTelevision(Path(config.tv.socket)) if config.tv.socket else NoTelevision()
        sources: list[Source] = []
        if config.remote.evdev:
            sources.append(EvdevSource())
        if config.remote.socket:
            sources.append(SocketSource(Path(config.box.runtime) / "remote.sock"))
        taught = state / "keymaps"

        def load() -> Keymaps:
            return load_keymaps(config.remote.keymaps, taught)

        self._remote = Remote(
            sources,
            load(),
            on_action=self._action,
            on_foreign=self._tv.key,
            on_devices=self._device_changed,
        )
        self._feel(self._household.choices)
        self._remotes = HouseRemotes(self._remote, taught, load, self._store.audit, self._taught)
        return self._remotes

    async def _serve(self, runtime: Path, ready: Callable[[], None]) -> None:
        self._ui = UiServer(runtime / "ui.sock", self._welcome, self._intent)
        listening = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._ui.run(listening))
                await listening.wait()
                group.create_task(self._remote.run())
                group.create_task(self._tv.run(self))
                self._carrying = group.create_task(self._courier.run())
                if self._config.platform.issuer:
                    self._close_what_was_open()
                    self._hearing = [
                        group.create_task(self._listening.run()),
                        group.create_task(self._ender.run()),
                    ]
                group.create_task(self._until_erased())
                limits = self._config.retention
                forgetting = keep_within(self._store, limits, clock=self._clock, sleep=asyncio.sleep)
                self._hearing.append(group.create_task(forgetting))
                await self._slot.start()
                self._jobs.start(self._help.learn())
                if self._config.platform.software_statement and isinstance(self._asker.client, PublicClient):
                    self._jobs.start(self._register())
                if self._config.platform.issuer:
                    self._jobs.start(self._tell_of_reset())
                    self._orders.remember()
                if self._anew:
                    self._apply(self._core.tell(AnewPage()))
                    self._apply(self._core.open_screen())
                log.info("ready")
                ready()
        finally:
            await self._jobs.stop()
            await self._slot.stop()
            await self._say_goodbye()

    def _tiles(self, frame: Frame) -> tuple[Tile, ...]:
        tiles = (tile for service in self._services.values() for tile in service.tiles(frame))
        return tuple(sorted(tiles, key=lambda tile: tile.order))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    async def _register(self) -> None:
        """Register this box, as soon as the platform can be asked, and be that client from then on."""
        platform = self._config.platform
        await until_registered(self._registrar, platform.software_statement, asyncio.sleep, self._random)
        state = Path(self._config.box.state)
        self._asker.client = client_of(state, platform.issuer, platform.client_id, self._random)
        log.info("registered")
        self._listening.wake()

    # -- what the platform tells, and is told ---------------------------------------------------------------------

    def _may_listen(self) -> bool:
        """Tell whether the box knows the time, and which client it is."""
        registering = self._config.platform.software_statement and isinstance(self._asker.client, PublicClient)
        return self._clock() >= EARLIEST and not registering

    def _ended_elsewhere(self, cause: Cause, notice: Page) -> None:
        self._apply(self._core.ended_elsewhere(cause, notice))

    def _show_news(self) -> None:
        self._apply(self._core.surroundings())

    def _close_what_was_open(self) -> None:
        """End, for the record and the platform, a session that the agent or the power went away under."""
        try:
            boots = {it.sid: it.boot for it in self._store.endings.all() if it.cause is None}
            for _, cause in self._ender.found(boots):
                self._store.audit.append("session", state="ended", reason=cause.value)
        except StoreError as error:  # one damaged record must not keep the television from starting
            log.error("what was open cannot be ended: %s", error.code)

    async def _say_goodbye(self) -> None:
        """End the session because the agent ends, and tell the platform if that is quick: else it is told next time."""
        if reset.begun(Path(self._config.box.state)) or self._erased.is_set():
            return
        self._forget(Cause.STOPPED)
        with suppress(TimeoutError, ChanomaError):
            await asyncio.wait_for(self._ender.tell_all(), _GOODBYE_S)

    # -- beginning anew -------------------------------------------------------------------------------------------

    async def _tell_of_reset(self) -> None:
        state, discovery = Path(self._config.box.state), self._asker.discovery
        await reset.until_delivered(state, discovery, self._transport, self._random, asyncio.sleep)

    async def _begin_anew(self, reached: Callable[[int], None]) -> None:
        """Decide it, stop all that uses what the box keeps, and erase that. Raises NotBegun, Unfinished."""
        state, loop = Path(self._config.box.state), asyncio.get_running_loop()
        reset.begin(state, self._config.platform.issuer, self._clock(), self._random)
        log.info("the box begins anew")
        self._forget(Cause.USER)
        await self._jobs.stop(self._carrying, *self._hearing)
        await self._slot.stop()
        if self._config.platform.issuer:
            await reset.take_leave(self._registrar, self._asker.discovery)
        self._store.close()

        def tell(step: int) -> None:
            loop.call_soon_threadsafe(reached, step)

        await asyncio.to_thread(reset.go_on, state, self._random, tell)
        reached(2)
        self._erased.set()

    async def _until_erased(self) -> None:
        await self._erased.wait()
        raise BeganAnew

    # -- what happens ---------------------------------------------------------------------------------------------

    def _action(self, action: Action) -> None:
        now = asyncio.get_running_loop().time()
        self._watch.stir()
        (before, at), self._last = self._last, (action, now)
        self._apply(self._core.key(action, again=before is action and now - at < AGAIN_S))

    def _device_changed(self, change: Change, device: Device) -> None:
        now, shown = asyncio.get_running_loop().time(), self._core.view.shown
        if change is Change.WENT:
            self._notices.gone(device.id, now, shown=shown)
        else:
            self._notices.here(self._remotes.known_of(device), now, shown=shown)
        self._say_notice()
        self._apply(self._core.surroundings())

    def _taught(self) -> None:
        now = asyncio.get_running_loop().time()
        for remote in self._remotes.known():
            self._notices.here(remote, now, shown=False)
        self._say_notice()

    def _say_notice(self) -> None:
        """Say in the frame what is to be known of the remotes, and look again when it ends by itself."""
        loop = asyncio.get_running_loop()
        asked = self._confirmations.notice if self._confirmations is not None else None
        self._apply(self._core.notice(self._notices.word(loop.time()) or asked))
        if self._notice_end is not None:
            self._notice_end.cancel()
        until = self._notices.until(loop.time())
        self._notice_end = None if until is None else loop.call_at(until, self._say_notice)

    def _intent(self, intent: Intent) -> None:
        self._watch.stir()
        self._apply(self._core.intent(intent.rev, intent.id, intent.value))

    def _welcome(self) -> ViewMessage:
        """Give a UI that has just connected what is to be seen."""
        self._apply(self._core.connected())
        return self._core.view

    def yield_screen(self, active: bool, why: Why = Why.WARNING) -> None:
        """Take the television's *yield now*, or its end."""
        log.info("yield %s %s", active, why)
        if active:
            self._remote.yield_now()
        self._apply(self._core.yield_screen(active, Cause(why.value)))

    def open_screen(self) -> None:
        """Take the household's choice in the television's own menu."""
        self._apply(self._core.open_screen())

    def _owing(self, person: str) -> bool:
        """Tell whether something that a person confirmed can still be sent with the authority that it was confirmed with."""
        now = self._clock()
        return any(it.person == person and not it.waits_for_card(now) for it in self._store.outbox.waiting())

    def _entry_changed(self, entry: Entry) -> None:
        self._post.changed(entry)
        self._ender.wake()
        self._apply(self._core.delivered(entry.key))
        if entry.service == LinkService.name and entry.state is State.SENT and self._authority.holds(entry.person):
            self._apply(self._core.linked())

    def _card_changed(self, state: SlotState) -> None:
        log.info("card %s", state)
        self._card.changed()
        self._apply(self._core.card(_CARD_STATES[state]))
        if state in (SlotState.PRESENT, SlotState.MUTE):
            self._jobs.start(self._identify())

    async def _identify(self) -> None:
        """Read the certificate of a card that was just put in: a known card is greeted, an unusable one is told why."""
        try:
            handle = await self._card.recognise()
        except (Removed, NoCard, NoReader):
            return
        except ChanomaError as error:
            log.info("card refused %s", error.code)
            self._store.audit.append("card", result="refused", code=error.code)
            self._apply(self._core.card(CardState.PRESENT, trouble=error))
            return
        except Exception:
            log.exception("reading the card failed")
            self._apply(self._core.card(CardState.PRESENT, trouble=Internal()))
            return
        known = self._store.links.find(handle) is not None
        self._store.audit.append("card", result="read")
        nickname = self._people.called(handle) if known else None
        self._apply(self._core.card(CardState.PRESENT, known=known, nickname=nickname))

    def _left(self, handle: str) -> None:
        """Call nobody by the name of a card whose link has ended; if it is in the reader, greet it as one that is not known here any more."""
        if self._people.called(handle) is not None:
            self._people.call(handle, None)
        if handle == self._card.inserted and self._core.frame.card is CardState.PRESENT:
            self._apply(self._core.card(CardState.PRESENT))

    def _remind(self) -> None:
        """Speak of a certificate that ends soon, where it is time for that."""
        try:
            page = self._link.reminder()
        except ChanomaError as error:
            log.info("no reminder: %s", error.code)
            return
        if page is not None:
            self._apply(self._core.tell(page))

    def _signed_in(self) -> None:
        """Send what waited for this person's card, and see to the session's end."""
        self._see_to_the_end()
        self._jobs.start(self._renew())
        self._jobs.start(self._ending.signed_in())
        self._listening.wake()
        self._stop_looking()
        if self._confirmations is not None:
            self._looking = self._jobs.start(self._confirmations.watch())

    def _stop_looking(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def _asked(self) -> None:
        """Show that a call centre asks something, or no longer does."""
        self._say_notice()
        self._apply(self._core.surroundings())

    def _see_to_the_end(self) -> None:
        """Lock when the session ends, whenever that is by now."""
        self._watch.session(self._authority.expires_at)

    def _present(self) -> str | None:
        """Give the handle of who is signed in, or whose card is in the reader."""
        return self._authority.person if self._authority.expires_at is not None else self._card.inserted

    async def _renew(self) -> None:
        person = self._authority.person
        for service in self._later:
            if not self._authority.holds(person):
                return  # gone again; what waits must not be sent in the next person's name
            if not any(
                entry.person == person and entry.service == service.name for entry in self._store.outbox.waiting()
            ):
                continue
            try:
                token = await service.token()
            except ChanomaError as error:
                log.info("%s: what waits keeps waiting (%s)", service.name, error.code)
                continue
            self._store.outbox.renew_authority(person, service.name, token.token.encode(), token.expires_at)
        self._courier.wake()

    # -- what follows ---------------------------------------------------------------------------------------------

    def _apply(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case ViewMessage():
                    log.debug("view %d", effect.rev)
                    self._turn_to(effect)
                    self._ui.send(effect)
                case Key(action=action):
                    self._ui.send(ActionMessage(action))
                case Screen(shown=shown):
                    self._remote.screen(shown)
                    self._tv.screen(shown)
                case Defect(error=defect):
                    log.error("a page failed", exc_info=defect)
                case SessionEnded(cause=cause):
                    self._forget(cause)
                case Left(service=service):
                    self._authority.drop(self._bases.get(service, ""))
                case Chose(choices=choices, kept=kept):
                    self._feel(choices)
                    self._watch.by(self._privacy(choices))
                    if kept is not None:
                        self._keep(kept)
                case Run():
                    self._jobs.run(effect)
        for slot, stopped in self._jobs.unseen(self._core.seen, self._core.attended):
            self._apply(self._core.done(slot, stopped))
        self._watch.look()
        self._orders.look()

    def _feel(self, choices: Choices) -> None:
        """Let the remote be as the household has it; screen and voice are in every view."""
        self._remote.feel(_PACES[choices.pace], LONG if choices.long_ok else {})

    def _privacy(self, choices: Choices) -> Privacy:
        return msgspec.structs.replace(self._config.privacy, lock_after=choices.lock_after)

    def _has_home_key(self) -> bool:
        """Tell whether a remote with a key for HOME is there, or one that does not tell which keys it has."""
        return any(it.reaches is None or Action.HOME in it.reaches for it in self._remotes.known())

    def _keep(self, choices: Choices) -> None:
        try:
            self._household.keep(choices)
        except StoreError as error:
            log.error("what the household chose is not kept: %s", error.code)
            self._apply(self._core.tell(NotKeptPage(error)))

    def _turn_to(self, message: ViewMessage) -> None:
        """Tell the remote of another page than the last one; a page that only changed is the same to the hand on the remote."""
        page = message.shown, type(message.view), message.view.title
        if page != self._page:
            self._page = page
            self._remote.new_view()

    def _done(self, slot: int, event: Done | Failed) -> None:
        """Tell the page how its job ended; whoever signed in by it may have gone meanwhile."""
        self._apply(self._core.done(slot, event))
        if self._core.frame.level < Level.AUTHENTICATED:
            self._forget(Cause.PROGRAMME)
        elif self._core.frame.linked and isinstance(event, Done) and isinstance(event.result, SignIn):
            self._remind()

    def _reached(self, job: Job, step: int, note: object = None) -> None:
        """Tell the page of a job how far it is."""
        self._apply(self._core.done(self._jobs.slot(job), Reached(job, step, note)))

    def _waiting(self, slot: int, wait: Wait) -> None:
        self._apply(self._core.waiting(slot, wait))

    def _forget(self, cause: Cause) -> None:
        self._watch.session(None)
        if self._authority.expires_at is not None:
            try:
                self._authority.end(cause)
                self._store.audit.append("session", state="ended", reason=cause.value)
            except StoreError as error:
                log.error("the end of the session is not written down: %s", error.code)
            self._stop_looking()
            if self._confirmations is not None:
                self._confirmations.forget()
                self._say_notice()

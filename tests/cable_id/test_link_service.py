"""The link's service, its outbox and its store with the simulated platform: what is kept here through a link's life."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from simulators.platform.seed import CONTRACTS
from stb_agent.cable_id import errors
from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.session import Session, Standing
from stb_agent.contract.views import Delivery
from stb_agent.core.page import Frame
from stb_agent.services.link import LinkService
from stb_agent.services.link.jobs import (
    CheckLink,
    Leave,
    LoadEnds,
    LoadHousehold,
    LoadMine,
    LoadWithoutContract,
    LookAtCard,
    MakeLink,
    Mine,
    Outcome,
    ReplaceCard,
    ResumeCard,
    SuspendCard,
    SuspendWithoutContract,
    TakeLink,
)
from stb_agent.services.link.pages import LinkPage
from stb_agent.services.link.standing import ReplacePage, SuspendedPage
from stb_agent.services.settings.people import Nickname, People
from stb_agent.store.courier import Courier
from stb_agent.store.links import Link
from stb_agent.store.outbox import Entry, State
from stb_agent.store.post import Post
from stb_agent.store.store import Store
from tests.support.home import Home

pytestmark = pytest.mark.asyncio(loop_scope="module")
NUMBER, OTHER = CONTRACTS[4].number, CONTRACTS[5].number


class Room:
    """A living room's part of a link: the service, its store and courier, and the card that is in the reader."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.home = home
        self.store = Store.open(folder, clock=home.clock, random=os.urandom)
        self.authority = Authority(home.client, home.clock)
        self.people = People(self.store, self.authority.holds)
        self.left = 0
        self.young = False
        senders: dict[str, LinkService] = {}
        self.courier = Courier(
            self.store.outbox,
            senders,
            clock=home.clock,
            random=os.urandom,
            changed=lambda entry: self.post.changed(entry),
        )
        self.post = Post(self.store.outbox, self.courier.wake)
        self.service = LinkService(
            home.client, self.authority, self.store, self.post, "operator", self, called=self.people.called,
            moved=self.people.move, left=self._gone, clock=home.clock, random=os.urandom,
        )  # fmt: skip
        senders["link"] = self.service

    def _gone(self, handle: str) -> None:
        self.left += self.authority.holds(handle)

    async def minor(self) -> bool:
        return self.young

    def days_left(self) -> int | None:
        return 40

    async def sign_in(self, card: str) -> Session:
        session = await self.home.sign_in(self.home.card(card))
        self.authority.begin(card, session)
        return session

    async def link(self, card: str, contract: str = NUMBER) -> str:
        await self.sign_in(card)
        done = await self.service.work(MakeLink(contract))
        assert isinstance(done, Outcome)
        assert done.delivery is Delivery.SENT
        found = self.store.links.find(card)
        assert found is not None
        return found.link_id

    def entry(self, kind: str) -> Entry:
        return self.store.outbox.of_kind("link", kind)[-1]


@pytest_asyncio.fixture(loop_scope="module")
async def room(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    monkeypatch.setattr("stb_agent.services.link.PATIENCE_S", 1.0)
    room = Room(home, tmp_path / "store")
    courier = asyncio.create_task(room.courier.run())
    yield room
    courier.cancel()
    await asyncio.gather(courier, return_exceptions=True)
    room.store.close()


def name(what: str) -> str:
    return f"{what}-{uuid.uuid4().hex[:8]}"


async def down(room: Room, path: str) -> None:
    await room.home.fault("platform", kind="drop_before", path=path, times=None)


async def up(room: Room) -> None:
    await room.home.world.control("platform", "DELETE", "/_sim/faults")
    await room.courier.deliver(hurry=True)


async def test_everything_goes_on_with_the_new_card(room: Room) -> None:
    old, new = name("old"), name("new")
    link_id = await room.link(old)
    room.people.call(old, Nickname(known="grandpa"))
    waiting = Entry(key="w", service="booking", kind="order", payload=b"{}", person=old, created_at=0.0)
    room.store.outbox.put(waiting)
    await room.home.world.control("validation", "POST", "/_sim/renew", {"identity": old, "successor": new})
    assert (await room.sign_in(new)).standing is Standing.REPLACES
    assert isinstance(room.service.page(), ReplacePage)
    await down(room, "/link/replacement")
    done = await room.service.work(ReplaceCard())
    assert isinstance(done, Outcome)
    assert done.delivery is Delivery.WAITING
    assert [it.handle for it in room.store.links.all()] == [old], "kept until it is settled"
    await up(room)
    settled = await room.service.work(CheckLink(done.key))
    assert isinstance(settled, Outcome)
    assert settled.delivery is Delivery.SENT
    assert [(it.handle, it.link_id) for it in room.store.links.all()] == [(new, link_id)]
    assert room.people.called(new) == Nickname(known="grandpa").text
    assert room.people.called(old) is None
    assert room.store.outbox.get("w").person == new


async def test_another_box_finds_its_old_entry_by_the_links_id(room: Room) -> None:
    room.service.keep(Link("the-link", "old", "operator", 1.0))
    room.people.call("old", Nickname(own="はな"))
    room.service.keep(Link("the-link", "new", "operator", 1.0))
    room.service.keep(Link("another", "else", "operator", 2.0))
    assert [it.handle for it in room.store.links.all()] == ["new", "else"]
    assert room.people.called("new") == "はな"


async def test_an_end_without_a_network_erases_at_once_and_is_told_later_without_the_card(room: Room) -> None:
    card = name("leaver")
    await room.link(card)
    room.people.call(card, Nickname(known="aunt"))
    await down(room, "/link/end")
    left = await room.service.work(Leave())
    assert isinstance(left, Outcome)
    assert (left.delivery, room.left) == (Delivery.WAITING, 1)
    assert room.store.links.find(card) is None
    assert room.people.all() == ()
    assert room.store.transmissions.of(card) == []
    room.authority.end()
    await up(room)
    ends = await room.service.work(LoadEnds())
    assert isinstance(ends, tuple)
    assert ends[0].outcome.delivery is Delivery.SENT
    assert len(ends[0].outcome.receipt) == 8
    assert (await room.home.sign_in(room.home.card(card))).standing is Standing.NONE


async def test_an_end_that_came_twice_is_refused_and_says_so(room: Room) -> None:
    card = name("leaver")
    link_id = await room.link(card)
    await room.home.world.control("platform", "POST", "/_sim/call-centre", {"act": "end", "link_id": link_id})
    with pytest.raises(errors.SessionEnded):
        await room.service.work(LoadMine())
    left = await room.service.work(Leave())
    assert isinstance(left, Outcome)
    assert left.delivery is Delivery.REFUSED
    assert isinstance(left.error, errors.LinkGone)
    assert room.store.links.find(card) is None


async def test_a_lost_card_is_stopped_without_it_and_taken_back_with_it(room: Room) -> None:
    card = name("lost")
    link_id = await room.link(card)
    room.people.call(card, Nickname(known="mother"))
    room.authority.end()
    with pytest.raises(errors.ContractNotFound):
        await room.service.work(LoadHousehold(OTHER))
    found = await room.service.work(LoadHousehold(NUMBER))
    assert isinstance(found, tuple)
    assert [(it.link_id, it.called) for it in found if it.link_id == link_id] == [
        (link_id, Nickname(known="mother").text)
    ]
    await down(room, "/link/suspension")
    stopped = await room.service.work(SuspendCard(link_id, NUMBER))
    assert isinstance(stopped, Outcome)
    assert stopped.delivery is Delivery.WAITING
    assert (await room.sign_in(card)).standing is Standing.LINKED, "and the page says that it is not stopped yet"
    await up(room)
    assert room.entry("suspend").state is State.SENT
    assert (await room.sign_in(card)).standing is Standing.SUSPENDED
    assert isinstance(room.service.page(), SuspendedPage)
    await room.service.work(ResumeCard(NUMBER))
    assert (await room.sign_in(card)).standing is Standing.LINKED
    assert isinstance(room.service.page(), LinkPage)


async def test_without_a_contract_a_lost_card_is_stopped_without_it_and_taken_back_with_it(room: Room) -> None:
    card = name("lost")
    link_id = await room.link(card, "")
    room.people.call(card, Nickname(known="mother"))
    room.authority.end()
    found = await room.service.work(LoadWithoutContract())
    assert isinstance(found, tuple)
    assert [it.called for it in found if it.link_id == link_id] == [None], "nobody's name without their card"
    await down(room, "/link/suspension")
    stopped = await room.service.work(SuspendWithoutContract(link_id))
    assert isinstance(stopped, Outcome)
    assert stopped.delivery is Delivery.WAITING
    await up(room)
    assert room.entry("suspend").state is State.SENT
    assert (await room.sign_in(card)).standing is Standing.SUSPENDED
    mine = await room.service.work(LoadMine())
    assert isinstance(mine, Mine)
    assert not mine.contract
    await room.service.work(ResumeCard(""))
    assert (await room.sign_in(card)).standing is Standing.LINKED


async def test_a_member_stops_anothers_card_in_their_own_name(room: Room) -> None:
    lost, wife = name("lost"), name("wife")
    link_id = await room.link(lost)
    await room.link(wife)
    found = await room.service.work(LoadHousehold())
    assert isinstance(found, tuple)
    assert [it.link_id for it in found] == [link_id], "one's own is not offered"
    done = await room.service.work(SuspendCard(link_id))
    assert isinstance(done, Outcome)
    assert done.delivery is Delivery.SENT
    assert (await room.sign_in(lost)).standing is Standing.SUSPENDED


async def test_a_link_under_another_contract_is_taken_as_it_is(room: Room) -> None:
    card = name("elsewhere")
    link_id = await room.link(card)
    room.store.links.remove(card)
    refused = await room.service.work(MakeLink(OTHER))
    assert isinstance(refused, Outcome)
    assert isinstance(refused.error, errors.LinkedElsewhere)
    assert room.store.links.find(card) is None
    await room.service.work(TakeLink())
    found = room.store.links.find(card)
    assert found is not None
    assert found.link_id == link_id


async def test_tiles_and_the_card(room: Room) -> None:
    nobody = Frame()
    assert [tile.id for tile in room.service.tiles(nobody)] == []
    await room.link(name("tile"))
    assert [tile.id for tile in room.service.tiles(nobody)] == ["link"], "for a card that is lost"
    assert [tile.id for tile in room.service.tiles(Frame(linked=True))] == ["ending", "link"]
    assert room.service.reminder() is not None
    assert room.service.reminder() is None, "not at every sign-in"
    room.young = True
    assert await room.service.work(LookAtCard()) is True

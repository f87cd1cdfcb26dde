"""Linking a card to a Cable ID (docs/cable-id-profile.md)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar

from stb_agent.cable_id import contract_number
from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.errors import (
    AlreadyLinked,
    ClientRefused,
    ContractNotFound,
    ContractNumberMistyped,
    PlatformBusy,
    SessionEnded,
)
from stb_agent.cable_id.session import LinkResult, ServiceToken
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.text import Text
from stb_agent.contract.views import Delivery
from stb_agent.core.page import Frame, Job
from stb_agent.core.service import Tile
from stb_agent.services.link.pages import CheckLink, LinkPage, MakeLink, Outcome
from stb_agent.store.courier import NeedsCard, Refused, Unreachable
from stb_agent.store.ledger import Category
from stb_agent.store.links import Link
from stb_agent.store.outbox import Entry, State
from stb_agent.store.post import Post
from stb_agent.store.store import Store

PATIENCE_S = 8.0
"""Seconds that a person waits for the platform's answer before being told that the link is on its way."""

_FINAL: tuple[type[ChanomaError], ...] = (ContractNotFound, AlreadyLinked, ContractNumberMistyped, ClientRefused)
_KINDS = {kind.code: kind for base in _FINAL for kind in (base, *base.__subclasses__())}


class LinkService:
    """Send the contract number under an idempotency key, and keep the link that comes back."""

    name: ClassVar[str] = "link"

    def __init__(
        self,
        platform: PlatformClient,
        authority: Authority,
        store: Store,
        post: Post,
        operator: Text,
        *,
        clock: Callable[[], float],
        random: Callable[[int], bytes],
    ) -> None:
        self._platform = platform
        self._authority = authority
        self._store = store
        self._post = post
        self._operator = operator
        self._clock = clock
        self._random = random

    def tiles(self, frame: Frame) -> tuple[Tile, ...]:
        return ()

    def page(self) -> LinkPage:
        """Give the page that leads a signed-in person to a link."""
        return LinkPage(self._operator, _well_formed)

    async def work(self, job: Job) -> object:
        match job:
            case MakeLink(contract_number=number):
                session = self._authority.session
                entry = Entry(
                    key=str(uuid.UUID(bytes=self._random(16), version=4)),
                    service=self.name,
                    kind="link",
                    payload=json.dumps({"contract_number": number}).encode(),
                    person=self._authority.person,
                    created_at=self._clock(),
                    authority=session.access_token.encode(),
                    authority_expires=session.expires_at,
                )
                return _outcome(await self._post.send(entry, PATIENCE_S))
            case CheckLink(key=key):
                return _outcome(self._post.outbox.get(key))
        raise TypeError(type(job).__name__)

    async def token(self) -> ServiceToken:
        """Give the authority that entries of this service carry."""
        session = self._authority.session
        return ServiceToken(session.access_token, session.expires_at)

    async def send(self, entry: Entry) -> bytes:
        """Bring an entry to the platform, and keep the link that it answers."""
        number = json.loads(entry.payload)["contract_number"]
        token = ServiceToken((entry.authority or b"").decode(), entry.authority_expires or 0.0)
        try:
            result = await self._link(token, number, entry.key)
        except _FINAL as error:
            raise Refused(error.code) from None
        except SessionEnded:
            raise NeedsCard from None
        except PlatformBusy as error:
            raise Unreachable(error.retry_after) from None
        except ChanomaError:
            raise Unreachable from None
        self._store.links.add(Link(result.link_id, entry.person, result.operator, result.linked_at))
        self._store.audit.append("link", result="ok", handle=entry.person)
        self._store.ledger.add(Category.PLATFORM, "link")
        return json.dumps({"linked_at": datetime.fromtimestamp(result.linked_at, UTC).isoformat()}).encode()

    async def _link(self, token: ServiceToken, number: str, key: str) -> LinkResult:
        try:
            return await self._platform.link(token, number, key)
        except AlreadyLinked:
            # This very card may be linked already, by an act whose answer this box never saw.
            if (result := await self._platform.link_state(token)) is None:
                raise
            return result


def _well_formed(number: str) -> bool:
    try:
        contract_number.check(number)
    except ContractNumberMistyped:
        return False
    return True


def _outcome(entry: Entry) -> Outcome:
    match entry.state:
        case State.SENT:
            return Outcome(entry.key, Delivery.SENT)
        case State.REFUSED:
            error = _KINDS.get(entry.error_code or "", ChanomaError)
            return Outcome(entry.key, Delivery.REFUSED, error())
        case _:
            return Outcome(entry.key, Delivery.WAITING)

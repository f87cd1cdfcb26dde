"""Bring what was done to a link to the platform, once in effect, and keep here what comes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

from stb_agent.cable_id.client import PlatformClient
from stb_agent.cable_id.errors import (
    AlreadyLinked,
    ClientRefused,
    ContractFull,
    ContractNeeded,
    ContractNotFound,
    ContractNumberMistyped,
    LinkedElsewhere,
    LinkGone,
    LinkSuspended,
    NothingToReplace,
    PlatformBusy,
    SessionEnded,
    TooManyTries,
)
from stb_agent.cable_id.life import LinkLife
from stb_agent.cable_id.session import LinkResult, ServiceToken
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.views import Delivery
from stb_agent.services.link.jobs import Outcome
from stb_agent.store.courier import NeedsCard, Refused, Unreachable
from stb_agent.store.ledger import Category
from stb_agent.store.links import Link
from stb_agent.store.outbox import Entry, State
from stb_agent.store.store import Store

LINK, REPLACE, END, SUSPEND = "link", "replace", "end", "suspend"
"""The kinds of entries."""
BOX = b"box"
"""The authority of an entry that the box sends in its own name."""

_FINAL: tuple[type[ChanomaError], ...] = (
    ContractNotFound,
    AlreadyLinked,
    LinkedElsewhere,
    ContractFull,
    ContractNeeded,
    ContractNumberMistyped,
    ClientRefused,
    LinkSuspended,
    LinkGone,
    NothingToReplace,
    TooManyTries,
)
_KINDS = {kind.code: kind for base in _FINAL for kind in (base, *base.__subclasses__())}


class LinkSender:
    """Send entries of the outbox. ``moved`` is told that a person's new card (second) took the place of the old one (first)."""

    def __init__(
        self, platform: PlatformClient, life: LinkLife, store: Store, moved: Callable[[str, str], None]
    ) -> None:
        self._platform = platform
        self._life = life
        self._store = store
        self._moved = moved

    async def send(self, entry: Entry) -> bytes:
        """Bring an entry to the platform. Raises Refused, NeedsCard, Unreachable."""
        try:
            return json.dumps(await self._send(entry)).encode()
        except _FINAL as error:
            raise Refused(error.code) from None
        except SessionEnded:
            raise NeedsCard from None
        except PlatformBusy as error:
            raise Unreachable(error.retry_after) from None
        except ChanomaError:
            raise Unreachable from None

    def keep(self, link: Link) -> None:
        """Keep a link; the same one under an old card's handle becomes this card's, with all that the household gave it."""
        old = [it.handle for it in self._store.links.all() if it.link_id == link.link_id and it.handle != link.handle]
        self._store.links.add(link)
        for handle in old:
            self._moved(handle, link.handle)
            self._store.outbox.adopt(handle, link.handle)
            self._store.transmissions.adopt(handle, link.handle)
            self._store.links.remove(handle)

    async def _send(self, entry: Entry) -> dict[str, object]:
        asked = json.loads(entry.payload)
        token = ServiceToken((entry.authority or b"").decode(), entry.authority_expires or 0.0)
        match entry.kind:
            case "end":
                receipt = await self._life.end(token.token, asked["link_id"], entry.key)
                self._store.audit.append("link", result="ended", handle=entry.person)
                return {"receipt": receipt.number, "services": list(receipt.services)}
            case "suspend":
                number = asked["contract_number"]
                member = None if entry.authority == BOX else token
                since = await self._life.suspend(asked["link_id"], entry.key, contract_number=number, member=member)
                self._store.audit.append("link", result="suspended")
                return {"suspended_at": _text(since)}
            case "replace":
                result = await self._life.replace(token, entry.key, guardian=asked["guardian"])
            case _:
                result = await self._link(token, asked["contract_number"], entry.key, guardian=asked["guardian"])
        self.keep(Link(result.link_id, entry.person, result.operator, result.linked_at))
        self._store.audit.append("link", result="ok", handle=entry.person)
        self._store.ledger.add(Category.PLATFORM, "link")
        return {"linked_at": _text(result.linked_at)}

    async def _link(self, token: ServiceToken, number: str, key: str, *, guardian: bool) -> LinkResult:
        try:
            return await self._platform.link(token, number, key, guardian=guardian)
        except AlreadyLinked:
            # This very card may be linked already, by an act whose answer this box never saw.
            if (result := await self._platform.link_state(token)) is None:
                raise
            return result


def outcome(entry: Entry) -> Outcome:
    """Say what became of an entry."""
    match entry.state:
        case State.SENT:
            return Outcome(entry.key, Delivery.SENT, receipt=str(json.loads(entry.answer or b"{}").get("receipt", "")))
        case State.REFUSED:
            error = _KINDS.get(entry.error_code or "", ChanomaError)
            return Outcome(entry.key, Delivery.REFUSED, error())
        case _:
            return Outcome(entry.key, Delivery.WAITING)


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()

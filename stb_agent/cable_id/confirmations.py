"""What somebody elsewhere asks the person at the television to confirm: the box's side of CIBA (docs/cable-id-profile.md, Confirmations)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import msgspec
from yarl import URL

from stb_agent.cable_id.asking import Asker, decoded
from stb_agent.cable_id.errors import AnswerInvalid, RequestExpired
from stb_agent.cable_id.session import Session
from stb_agent.contract.transmissions import Kind

MESSAGE_MOST = 100
"""Characters of a message; a longer one is none that was agreed on."""


class _Asked(msgspec.Struct, frozen=True):
    id: str
    binding_message: str
    expires_at: float


class _Answer(msgspec.Struct, frozen=True):
    confirmations: list[_Asked]


class _Decided(msgspec.Struct, frozen=True):
    decision: str


@dataclass(frozen=True)
class Confirmation:
    """One question: what the asker and the person both see, and when it ends (seconds since the epoch, by the box's clock)."""

    id: str
    message: str
    expires_at: float


class Confirmations:
    """Ask for questions, and answer them. Every method raises SessionEnded and what Asker does besides what it names."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def waiting(self, session: Session) -> Sequence[Confirmation]:
        """Give what the signed-in person is asked now; nothing where the platform does not ask."""
        endpoint = (await self._asker.discovery.metadata()).confirmation_endpoint
        if not endpoint:
            return ()
        answer = decoded(
            await self._asker.ask("GET", endpoint, Kind.CONFIRMATIONS, token=self._asker.token_of(session)), _Answer
        )
        if not all(it.id and _plain(it.binding_message) for it in answer.confirmations):
            raise AnswerInvalid
        transport = self._asker.transport
        ahead = transport.server_time.now(URL(endpoint)) - transport.clock()
        return tuple(Confirmation(it.id, it.binding_message, it.expires_at - ahead) for it in answer.confirmations)

    async def decide(self, session: Session, asked: Confirmation, *, approve: bool) -> None:
        """Answer a question, once; said again after a silence it takes effect once. Raises StepUpRequired, RequestExpired."""
        decision = "approve" if approve else "deny"
        endpoint = (await self._asker.discovery.metadata()).confirmation_endpoint
        reply = await self._asker.ask(
            "POST",
            f"{endpoint}/{quote(asked.id, safe='')}",
            Kind.DECISION,
            token=self._asker.token_of(session),
            json=msgspec.json.encode({"decision": decision}),
            meanings={"nothing_waits": RequestExpired, "gone": RequestExpired},
        )
        if decoded(reply, _Decided).decision != decision:
            raise AnswerInvalid


def _plain(message: str) -> bool:
    """Tell whether a message can stand on the television as it is: short, and without what hides or turns text (Unicode Cc, Cf)."""
    return 0 < len(message) <= MESSAGE_MOST and not any(unicodedata.category(it) in ("Cc", "Cf") for it in message)

"""The pages of an end: this one's, service by service, and the last one's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from stb_agent.contract.ending import Ended
from stb_agent.contract.level import Level
from stb_agent.contract.text import Text, Word, word
from stb_agent.contract.views import Detail, Item, Message, Progress, Row, Skeleton, Tone, View
from stb_agent.core.page import (
    Chosen,
    Done,
    Frame,
    Job,
    Move,
    Page,
    PageEvent,
    Requirement,
    Shown,
    Stopped,
)

AGAIN_S = 3.0
"""Seconds between questions what became of an end, while somebody waits for it."""

States = Mapping[str, Ended]
"""What is known of each service that was used, by base address."""


@dataclass(frozen=True)
class Part:
    """A service that was used: its base address and its name."""

    address: str
    name: Text


@dataclass(frozen=True)
class FollowEnd(Job):
    """Ask, after ``wait`` seconds, what became of the end of session ``sid``; answers States."""

    service: ClassVar[str] = "ending"
    while_seen: ClassVar[bool] = True
    sid: str = field(repr=False)
    wait: float = 0.0


@dataclass(frozen=True)
class LoadLast(Job):
    """Ask, after ``wait`` seconds, what became of the end before this session, and give the parts and their States, or None."""

    service: ClassVar[str] = "ending"
    while_seen: ClassVar[bool] = True
    wait: float = 0.0


@dataclass(frozen=True)
class EndPage(Page):
    """End the session at once; then say of each service that was used whether its part has ended, until all have or the person leaves."""

    sid: str = field(repr=False)
    parts: tuple[Part, ...] = ()
    states: States | None = None
    over: bool = False
    stopped: bool = False

    def view(self, frame: Frame) -> View:
        ok = Item("ok", word("home.ok"), first=True)
        if not self.parts:
            return Message(
                title=word("sign_in.ended.title"),
                tone=Tone.OK,
                lead=word("sign_in.ended.lead"),
                remedy=word("sign_in.ended.remedy") if frame.card_in else None,
                items=(ok,),
            )
        again = (Item("again", word("ending.again")),) if self.stopped and not whole(self.states) else ()
        return Detail(
            title=word("sign_in.ended.title"),
            lead=_lead(self.states, frame),
            rows=rows(self.parts, self.states),
            items=(ok, *again),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() if not self.over:
                return Move(stay=replace(self, over=True), sign_out=True, jobs=self._follow(0.0))
            case Shown() | Chosen(id="again"):
                return Move(stay=replace(self, stopped=False), jobs=self._follow(0.0))
            case Done(job=FollowEnd(), result=dict(states)):
                here = replace(self, states=states)
                return Move(stay=here, jobs=() if whole(states) else self._follow(AGAIN_S))
            case Stopped():
                return Move(stay=replace(self, stopped=True))
            case Chosen(id="ok"):
                return Move(home=True)
        return Move()

    def _follow(self, wait: float) -> tuple[Job, ...]:
        return (FollowEnd(self.sid, wait),) if self.parts and not whole(self.states) else ()


@dataclass(frozen=True)
class LastEndPage(Page):
    """What became of the end before this session: for the person whose it was, and nobody else."""

    needs: ClassVar[Requirement] = Requirement(Level.AUTHENTICATED)
    personal: ClassVar[bool] = True
    parts: tuple[Part, ...] = ()
    states: States | None = None

    def view(self, frame: Frame) -> View:
        if self.states is None:
            return Progress(title=word("ending.last.title"), lead=word("ending.last.loading"), like=Skeleton.DETAIL)
        return Detail(
            title=word("ending.last.title"),
            lead=word("ending.last.ended" if whole(self.states) else "ending.last.pending"),
            rows=rows(self.parts, self.states),
            items=(Item("ok", word("home.ok"), first=True),),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown():
                return Move(jobs=(LoadLast(),))
            case Done(job=LoadLast(), result=(tuple(parts), dict(states))):
                here = replace(self, parts=parts, states=states)
                return Move(stay=here, jobs=() if whole(states) else (LoadLast(AGAIN_S),))
            case Done() | Chosen(id="ok"):
                return Move(home=True)
        return Move()

    def blank(self) -> Page:
        return LastEndPage()


def whole(states: States | None) -> bool:
    """Tell whether every service has said that its part has ended."""
    return states is not None and all(state is Ended.ENDED for state in states.values())


def rows(parts: tuple[Part, ...], states: States | None) -> tuple[Row, ...]:
    """Give a line for each service."""
    return tuple(Row(part.name, _state(states, part.address)) for part in parts)


def _state(states: States | None, address: str) -> Word:
    if states is None:
        return word("ending.state.asking")
    ended = states.get(address) is Ended.ENDED
    return word("ending.state.ended" if ended else "ending.state.pending")


def _lead(states: States | None, frame: Frame) -> Word:
    """Say how far the end is; of the card nothing to whom a phone read it elsewhere."""
    if states is None:
        return word("ending.lead.asking")
    code = "ending.lead.ended" if whole(states) else "ending.lead.pending"
    return word(code if frame.card_in else f"{code}_no_card")

"""The pages of the people of this household: whose cards are linked on this box, and what each is called here.

They need a signed-in person whose card is linked here. Any of them may name any other: a nickname gives no right and opens nothing, and who
types slowly has a daughter who does it. A visitor, and whoever finds the remote, sees no name of this house.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import ClassVar

from stb_agent.contract.actions import Action
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.text import Text, Word, word
from stb_agent.contract.views import Choice, Detail, Item, List, Progress, Row, Skeleton, View
from stb_agent.core.form import Ending, Filling, Line, OneOf
from stb_agent.core.page import Chosen, Done, Failed, Frame, Job, Move, Page, PageEvent, Pressed, Requirement, Shown
from stb_agent.core.service import retry, trouble
from stb_agent.core.typing import Candidates
from stb_agent.services.settings.people import MOST_LETTERS, NICKNAMES, Nickname, Person

_WHICH, _OWN = "which", "own"
"""The fields of a nickname: which of the names that there are, or the one that is written."""


@dataclass(frozen=True)
class LoadPeople(Job):
    """Read who there is; answers a tuple of Person."""

    service: ClassVar[str] = "settings"


@dataclass(frozen=True)
class CallPerson(Job):
    """Call a person so from now on; None takes the name away."""

    service: ClassVar[str] = "settings"
    handle: str
    nickname: Nickname | None = field(repr=False)


@dataclass(frozen=True)
class _PeoplePage(Page):
    """What these pages have in common: the people, read anew each time that the page is shown."""

    needs: ClassVar[Requirement] = Requirement(service="people", linked=True)
    personal: ClassVar[bool] = True

    people: tuple[Person, ...] | None = field(default=None, kw_only=True)
    error: ChanomaError | None = field(default=None, kw_only=True)

    def blank(self) -> Page:
        return replace(self, people=None, error=None)

    def view(self, frame: Frame) -> View:
        title = word("settings.people.title")
        if self.error is not None:
            return trouble(title, self.error, *retry(self.error))
        if self.people is None:
            return Progress(title=title, lead=word("settings.people.loading"), like=Skeleton.LIST)
        return self.seen(self.people)

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() | Chosen(id="again"):
                return Move(stay=replace(self, error=None), jobs=(LoadPeople(),))
            case Done(job=LoadPeople(), result=tuple(people)):
                return Move(stay=replace(self, people=people))
            case Done(job=CallPerson()):
                return Move(leave=True)
            case Failed(error=error):
                return Move(stay=replace(self, error=error))
            case Chosen(id=id_, value=value) if self.people is not None and self.error is None:
                return self.chosen(id_, value, self.people)
        return Move()

    @abstractmethod
    def seen(self, people: tuple[Person, ...]) -> View:
        """Give what the person sees."""

    @abstractmethod
    def chosen(self, id_: str, value: str, people: tuple[Person, ...]) -> Move:
        """Answer a choice."""


@dataclass(frozen=True)
class HouseholdPage(_PeoplePage):
    """Everybody whose card is linked here. ``candidates``: what kana may become where a nickname is written."""

    candidates: Candidates = field(repr=False)

    def seen(self, people: tuple[Person, ...]) -> View:
        return List(
            title=word("settings.people.title"),
            lead=word("settings.people.lead"),
            items=tuple(Item(f"person:{at}", _called(it), _card(it)) for at, it in enumerate(people)),
        )

    def chosen(self, id_: str, value: str, people: tuple[Person, ...]) -> Move:
        for at, person in enumerate(people):
            if id_ == f"person:{at}":
                return Move(push=PersonPage(person.handle, self.candidates))
        return Move()


@dataclass(frozen=True)
class _OnePage(_PeoplePage):
    """A page of one person, who may be nobody any more by the time that it is seen again."""

    handle: str = field(repr=False)

    def seen(self, people: tuple[Person, ...]) -> View:
        person = self._person(people)
        if person is None:
            return Progress(
                title=word("settings.people.title"), lead=word("settings.people.loading"), like=Skeleton.LIST
            )
        return self.of(person)

    def on(self, event: PageEvent, frame: Frame) -> Move:
        if isinstance(event, Done) and isinstance(event.result, tuple) and self._person(event.result) is None:
            return Move(leave=True)
        return super().on(event, frame)

    @abstractmethod
    def of(self, person: Person) -> View:
        """Give what is seen of the person."""

    def _person(self, people: tuple[Person, ...]) -> Person | None:
        return next((it for it in people if it.handle == self.handle), None)


@dataclass(frozen=True)
class PersonPage(_OnePage):
    """One of them: the card, the nickname, and what can be done with it."""

    candidates: Candidates = field(repr=False)

    def of(self, person: Person) -> View:
        named = person.nickname is not None
        return Detail(
            title=_called(person),
            rows=(
                Row(word("settings.people.nickname"), _called(person) if named else word("settings.people.none")),
                Row(word("settings.people.card"), _card(person)),
            ),
            items=(
                Item("name", word("settings.people.rename" if named else "settings.people.add"), first=True),
                *((Item("remove", word("settings.people.remove")),) if named else ()),
            ),
        )

    def chosen(self, id_: str, value: str, people: tuple[Person, ...]) -> Move:
        match id_:
            case "name":
                return Move(replace=NamePage(self.handle, self.candidates))
            case "remove":
                return Move(replace=RemovePage(self.handle))
        return Move()


@dataclass(frozen=True)
class NamePage(_OnePage):
    """What a person is to be called: one of the names that a family has, or one that is written."""

    candidates: Candidates = field(repr=False)
    filling: Filling | None = field(default=None, kw_only=True)

    def blank(self) -> Page:
        return replace(self, people=None, error=None, filling=None)

    def own_keys(self) -> frozenset[Action]:
        return self.filling.own_keys() if self.filling is not None else frozenset()

    def of(self, person: Person) -> View:
        return self._filled(person).view(word("settings.people.name_title"))

    def on(self, event: PageEvent, frame: Frame) -> Move:
        person = self._person(self.people or ())
        if person is None or self.error is not None or not isinstance(event, Chosen | Pressed):
            return super().on(event, frame)
        filling, ending = self._filled(person).on(event)
        here = replace(self, filling=filling)
        if ending is not Ending.COMPLETE:
            return Move(stay=here)
        which = filling.values[_WHICH]
        name = Nickname(own=filling.values[_OWN].strip()) if which == _OWN else Nickname(known=which)
        return Move(stay=here, jobs=(CallPerson(self.handle, name),))

    def chosen(self, id_: str, value: str, people: tuple[Person, ...]) -> Move:
        return Move()

    def _filled(self, person: Person) -> Filling:
        if self.filling is not None:
            return self.filling
        known = tuple(Item(it, word(f"settings.nickname.{it}")) for it in NICKNAMES)
        own = Item(_OWN, word("settings.people.own"), word("settings.people.own_detail"))
        asks = (
            OneOf(_WHICH, word("settings.people.name_lead"), (*known, own)),
            Line(_OWN, word("settings.people.own_lead"), self.candidates, MOST_LETTERS, only_if=(_WHICH, _OWN)),
        )
        now = person.nickname
        return Filling(asks, values={} if now is None else {_WHICH: now.known or _OWN, _OWN: now.own})


@dataclass(frozen=True)
class RemovePage(_OnePage):
    """Taking a nickname away, after a question: what goes, and what stays."""

    def of(self, person: Person) -> View:
        return Choice(
            title=word("settings.people.remove"),
            lead=word("settings.people.remove_lead", name=_called(person)),
            rows=(Row(word("settings.people.stays_label"), word("settings.people.stays")),),
            items=(
                Item("stop", word("settings.people.stop"), first=True),
                Item("remove", word("settings.people.remove_go")),
            ),
        )

    def chosen(self, id_: str, value: str, people: tuple[Person, ...]) -> Move:
        match id_:
            case "stop":
                return Move(leave=True)
            case "remove":
                return Move(jobs=(CallPerson(self.handle, None),))
        return Move()


def _called(person: Person) -> Text:
    return person.nickname.text if person.nickname else word("settings.people.unnamed")


def _card(person: Person) -> Word:
    if person.suspended:
        return word("settings.people.suspended")
    return word("settings.people.here" if person.here else "settings.people.since", at=person.since)

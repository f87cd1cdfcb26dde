"""The pages of the remotes: which are there, one of them, and teaching one more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import ClassVar

from stb_agent.contract.actions import ARROWS, COLOURS, NEEDED, Action
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.text import Word, word
from stb_agent.contract.views import Choice, Detail, Item, List, Message, Progress, Row, Tone, View
from stb_agent.core.page import Chosen, Done, Failed, Frame, Job, Move, Page, PageEvent, Shown, Stopped
from stb_agent.core.service import retry, trouble
from stb_agent.services.remote.known import Known, Press, joined, named
from stb_agent.services.remote.lesson import DIGITS, PATIENCE_S, STEPS, Lesson

TICK_S = 5
"""Seconds after which the time that is left is shown anew: often enough to be true, seldom enough to be calm."""


@dataclass(frozen=True)
class AwaitKey(Job):
    """Wait TICK_S for a key, while the page is seen; answers Press or None."""

    service: ClassVar[str] = "remote"
    while_seen: ClassVar[bool] = True


@dataclass(frozen=True)
class SaveKeys(Job):
    """Keep what was learnt."""

    service: ClassVar[str] = "remote"
    device: str
    keys: tuple[tuple[Action, str], ...]


@dataclass(frozen=True)
class RemotesPage(Page):
    """The remotes that are there now, and the way to teach one."""

    known: Callable[[], tuple[Known, ...]] = field(repr=False)

    def view(self, frame: Frame) -> View:
        remotes = self.known()
        return List(
            title=word("remote.title"),
            lead=word("remote.lead" if remotes else "remote.lead_none"),
            items=(
                *(Item(f"remote:{it.id}", it.label, _in_short(it)) for it in remotes),
                Item("teach", word("remote.teach"), word("remote.teach_detail")),
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="teach"):
                return Move(push=LessonPage())
            case Chosen(id=id_):
                for remote in self.known():
                    if id_ == f"remote:{remote.id}":
                        return Move(push=RemotePage(remote, self.known))
        return Move()


@dataclass(frozen=True)
class RemotePage(Page):
    """One remote, as it is now; the last that was known of it once it is gone."""

    remote: Known
    known: Callable[[], tuple[Known, ...]] = field(repr=False)

    def view(self, frame: Frame) -> View:
        now = next((it for it in self.known() if it.id == self.remote.id), None)
        remote = now or self.remote
        rows = [
            Row(word("remote.row.name"), remote.label),
            Row(word("remote.row.how"), remote.connection),
            Row(word("remote.row.battery"), remote.charge),
            Row(word("remote.row.can"), remote.can),
        ]
        if remote.reaches is not None:
            shortcuts = [action for action in STEPS if action not in NEEDED and action not in remote.reaches]
            rows.append(Row(word("remote.row.lacks"), in_groups(shortcuts)))
        return Detail(
            title=remote.label,
            lead=None if now else word("remote.gone"),
            rows=tuple(rows),
            items=(Item("ok", word("home.ok"), first=True),),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move(leave=True) if isinstance(event, Chosen) else Move()


@dataclass(frozen=True)
class LessonPage(Page):
    """Ask for one key after the other. Every key comes here; those of other remotes lead out, by 戻る, by 茶の間 or by what is on the screen."""

    lesson: Lesson = field(default_factory=Lesson)

    def view(self, frame: Frame) -> View:
        lesson = self.lesson
        wanted = word(f"remote.action.{lesson.wanted.value}")
        if lesson.used is not None:
            remedy = word("remote.lesson.used", used=word(f"remote.action.{lesson.used.value}"), left=lesson.left)
        else:
            remedy = word("remote.lesson.skip" if lesson.at else "remote.lesson.begin", left=lesson.left)
        return Message(
            title=word("remote.lesson.title", at=lesson.at + 1, count=len(STEPS)),
            tone=Tone.INFO,
            lead=word("remote.lesson.press", key=wanted),
            remedy=remedy,
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown():
                return Move(jobs=(AwaitKey(),))
            case Stopped():
                return Move(stay=EndPage(End.STOPPED))
            case Done(job=AwaitKey(), result=None):
                return self._go_on(self.lesson.wait(TICK_S))
            case Done(job=AwaitKey(), result=Press() as press):
                if self.lesson.device not in ("", press.device) or (not self.lesson.device and press.action in _OUT):
                    return led(press.action) or Move(jobs=(AwaitKey(),))
                return self._go_on(self.lesson.press(press))
            case Failed(error=error):
                return Move(stay=TroublePage(error))
        return Move()

    def _go_on(self, lesson: Lesson) -> Move:
        if not lesson.over:
            return Move(stay=LessonPage(lesson), jobs=(AwaitKey(),))
        if lesson.usable:
            return Move(replace=SummaryPage(lesson))
        return Move(stay=EndPage(End.UNUSABLE if lesson.device else End.NOTHING, lesson.missing))


@dataclass(frozen=True)
class SummaryPage(Page):
    """What was learnt, worked by what was learnt: only so is it known that it works, and only then kept."""

    lesson: Lesson
    left: int = PATIENCE_S

    def view(self, frame: Frame) -> View:
        learnt = [action for action, _ in self.lesson.keys]
        return Choice(
            title=word("remote.summary.title"),
            lead=word("remote.summary.lead", left=self.left),
            rows=(
                Row(word("remote.row.learnt"), in_groups(learnt)),
                Row(word("remote.row.lacks"), in_groups(self.lesson.missing)),
            ),
            items=(
                Item("use", word("remote.summary.use"), first=True),
                Item("again", word("remote.summary.again")),
                Item("stop", word("remote.summary.stop")),
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown():
                return Move(jobs=(AwaitKey(),))
            case Stopped():
                return Move(stay=EndPage(End.STOPPED))
            case Done(job=AwaitKey(), result=None):
                if self.left <= TICK_S:
                    return Move(stay=EndPage(End.UNCONFIRMED))
                return Move(stay=replace(self, left=self.left - TICK_S), jobs=(AwaitKey(),))
            case Done(job=AwaitKey(), result=Press() as press):
                return self._press(press)
            # Each of these is another place, so that nothing waits for a key any more.
            case Chosen(id="use"):
                return Move(replace=SavingPage(self.lesson))
            case Chosen(id="again"):
                return Move(replace=LessonPage())
            case Chosen(id="stop"):
                return Move(leave=True)
            case Failed(error=error):
                return Move(stay=TroublePage(error))
        return Move()

    def _press(self, press: Press) -> Move:
        if press.device != self.lesson.device:
            return (led(press.action) if press.action in _OUT else None) or Move(jobs=(AwaitKey(),))
        again = replace(self, left=PATIENCE_S)
        if self.lesson.bounced(press):
            return Move(stay=again, jobs=(AwaitKey(),))
        return led(self.lesson.meaning(press.key), stay=again) or Move(stay=again, jobs=(AwaitKey(),))


@dataclass(frozen=True)
class SavingPage(Page):
    """What was learnt is being kept."""

    lesson: Lesson

    def view(self, frame: Frame) -> View:
        return Progress(title=word("remote.summary.title"), lead=word("remote.saving"))

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown():
                return Move(jobs=(SaveKeys(self.lesson.device, self.lesson.keys),))
            case Done(job=SaveKeys()):
                return Move(stay=EndPage(End.SAVED))
            case Failed(error=error):
                return Move(stay=TroublePage(error))
        return Move()


class End(Enum):
    """How a lesson ended."""

    SAVED = "saved"
    UNUSABLE = "unusable"
    NOTHING = "nothing"
    STOPPED = "stopped"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True)
class EndPage(Page):
    """How the lesson ended, and the way to another. ``missing``: what the remote was found to lack."""

    end: End
    missing: tuple[Action, ...] = ()

    def view(self, frame: Frame) -> View:
        saved = self.end is End.SAVED
        lacks = named(action for action in NEEDED if action in self.missing)
        return Message(
            title=word("remote.end.title"),
            tone=Tone.OK if saved else Tone.WARNING,
            lead=word(f"remote.end.{self.end.value}.lead"),
            remedy=word(f"remote.end.{self.end.value}.remedy", keys=lacks),
            items=(
                Item("ok", word("home.ok"), first=True),
                *(() if saved else (Item("again", word("remote.summary.again")),)),
            ),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id="again"):
                return Move(replace=LessonPage())
            case Chosen():
                return Move(leave=True)
        return Move()


@dataclass(frozen=True)
class TroublePage(Page):
    """What went wrong with it."""

    error: ChanomaError

    def view(self, frame: Frame) -> View:
        return trouble(word("remote.end.title"), self.error, *retry(self.error))

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move(replace=LessonPage()) if isinstance(event, Chosen) else Move()


_OUT = frozenset({Action.BACK, Action.HOME})


def led(action: Action | None, stay: Page | None = None) -> Move | None:
    """Give where a key leads that was pressed while every key comes to the page, or None if it means nothing there."""
    if action is Action.BACK:
        return Move(leave=True)
    if action is Action.HOME:
        return Move(stay=EndPage(End.STOPPED), tv=True)
    if action is Action.OK or action in ARROWS:
        return Move(stay=stay, keys=(action,), jobs=(AwaitKey(),))
    return None


def in_groups(actions: list[Action] | tuple[Action, ...]) -> Word:
    """Give the names of actions; the digits, the colours and what is needed have one name where they are all among them."""
    left, names = list(actions), []
    for group, name in ((NEEDED, "needed"), (DIGITS, "digits"), (COLOURS, "colours")):
        if set(group) <= set(left):
            names.append((left.index(group[0]), word(f"remote.group.{name}")))
    grouped = {action for group in (NEEDED, DIGITS, COLOURS) if set(group) <= set(left) for action in group}
    names += [(at, word(f"remote.action.{action.value}")) for at, action in enumerate(left) if action not in grouped]
    return joined([name for _, name in sorted(names, key=lambda it: it[0])])


def _in_short(remote: Known) -> Word:
    if remote.battery is None:
        return word("remote.in_short", how=remote.connection, can=remote.can)
    return word("remote.in_short_battery", how=remote.connection, battery=remote.charge, can=remote.can)

"""The headless core: events in, effects out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, count

import msgspec

from stb_agent.contract.actions import ARROWS, Action
from stb_agent.contract.appearance import Appearance
from stb_agent.contract.choices import Choices, configured
from stb_agent.contract.ending import ALWAYS, Cause
from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.levels import Levels
from stb_agent.contract.messages import CardState, Status, ViewMessage
from stb_agent.contract.sounds import Sounds
from stb_agent.contract.speech import Engine, Speech
from stb_agent.contract.text import Text, Word
from stb_agent.contract.views import Contact, Message, Pin, Progress
from stb_agent.core import curtain
from stb_agent.core.access import Access
from stb_agent.core.effects import Chose, Defect, Effect, Key, Left, Run, Screen, SessionEnded
from stb_agent.core.page import (
    CardNotice,
    Chosen,
    Covered,
    Delivered,
    Done,
    Failed,
    Frame,
    Given,
    IdleNotice,
    LockNotice,
    Opened,
    Page,
    PageEvent,
    Pressed,
    Reached,
    Shortfall,
    Shown,
    SignIn,
    Stopped,
    Surroundings,
    Topic,
)
from stb_agent.core.stack import Slot, Stack
from stb_agent.core.step_up import StepUps
from stb_agent.core.waiting import Wait, waited
from stb_agent.core.window import windowed


class Core:
    """Hold the stack, the session and the card's state, and compute the view.

    ``home`` makes the bottom page; ``step_up`` gives the page that can mend a shortfall; ``card_trouble``,
    ``card_gone`` and ``broken`` (a page of ours failed) give the pages that say so; ``help`` gives the page that lies over any other;
    ``idle`` the warning that so many seconds are left, which lies over help too, and ``locked`` what is said after them.
    Help is a stack of its own above the first: what lies under it goes on unseen, and is there again when it is taken away.
    ``access`` says what the session's proof opens; without one, the default policies do, and no time passes.
    ``appearance``, ``speech`` and ``sounds`` are the operator's; ``choices``, if given, is how the household has it.
    Every method returns the effects in order; a ViewMessage is among them whenever what the person sees changed.
    """

    def __init__(
        self,
        home: Callable[[], Page],
        step_up: Callable[[Shortfall, Frame], Page],
        card_trouble: Callable[[ChanomaError], Page],
        card_gone: Callable[[], Page],
        broken: Callable[[], Page],
        help: Callable[[Opened], Page],
        *,
        idle: Callable[[int], Page],
        locked: Callable[[], Page],
        practice: bool = False,
        contact: Contact | None = None,
        appearance: Appearance = Appearance(),
        speech: Speech = Speech(),
        sounds: Sounds = Sounds(),
        choices: Choices | None = None,
        access: Access | None = None,
    ) -> None:
        self._step_up = step_up
        self._card_trouble = card_trouble
        self._card_gone = card_gone
        self._broken = broken
        self._help = help
        self._idle = idle
        self._locked = locked
        self._practice = practice
        self._access = access or Access(Levels(), lambda: 0.0)
        self._steps = StepUps(self._access)
        self._contact = contact
        self._appearance = appearance
        self._speech = speech
        self._sounds = sounds
        choices = choices or configured(appearance, speech, sounds=sounds)
        self._frame = Frame(choices=choices, kept=choices)
        self._trial: int | None = None
        self._uncovered: int | None = None
        self._waits: dict[int, Wait] = {}
        self._notice: Word | None = None
        self._wanted = False
        self._yielded = False
        ids = count()
        self._stack = Stack(ids, home())
        self._overlay = Stack(ids)
        self._failure: str | None = None
        self._effects: list[Effect] = []
        self._sent: ViewMessage = self._compute(1)

    @property
    def view(self) -> ViewMessage:
        """Give the view as last computed, for a UI that just connected."""
        return self._sent

    @property
    def frame(self) -> Frame:
        """Give what pages know of their surroundings."""
        return self._frame

    @property
    def seen(self) -> int | None:
        """Give the slot of the page that the person sees, or None while the programme has the screen."""
        return self._seen.id if self._shown else None

    @property
    def attended(self) -> int | None:
        """Give the slot of the page that the person is at: what they see, or what the warning before the lock lies over."""
        return self._attended if self._shown else None

    @property
    def at_stake(self) -> bool:
        """Tell whether something is there that nobody else should find: a session, something personal, something half typed."""
        if isinstance(self._stack.top.page, LockNotice):
            return False
        return self._frame.level > Level.PRESENT or any(
            slot.page.half_typed() or (self._shown and slot.page.personal and self._short(slot) is None)
            for slot in self._stack
        )

    # -- what happens ---------------------------------------------------------------------------------------------

    def key(self, action: Action, *, again: bool = False) -> Sequence[Effect]:
        """Take an action; ``again``: the one before was the same, a moment ago. While the programme has the screen only HOME is ours."""
        if self._yielded:
            return ()
        if action is Action.HOME:
            return self._show(not self._wanted)
        if not self._wanted:
            return ()
        if action in self._seen.page.own_keys():
            self._deliver(self._seen, Pressed(action, again))
        elif action is Action.BLUE:
            self._switch_voice()
        elif action is Action.BACK:
            self._go_back()
            if self._frame.choices.sounds:
                self._effects.append(Key(action))
        elif action is Action.HELP:
            if self._overlay:
                self._overlay.cut(0)
            else:
                self._open_help(Topic.OVERVIEW)
        elif action in ARROWS or action is Action.OK:
            self._effects.append(Key(action))
        return self._settle() or self._nothing()

    def _nothing(self) -> Sequence[Effect]:
        """Answer a key that changed nothing; beside a PIN not even that is told."""
        return () if isinstance(self._sent.view, Pin) else (Key(None),)

    def intent(self, rev: int, id_: str, value: str) -> Sequence[Effect]:
        """Take the person's choice on the UI; a choice on an older view is answered with the current one and does nothing."""
        if rev != self._sent.rev or not self._shown:
            return (self._sent,)
        if self._warned and id_ != "tv":
            self._warn(None)
            return self._settle(answer=True)
        match id_:
            case "back":
                self._go_back()
            case "tv":
                return self._show(False)
            case "help":
                self._open_help(Topic.OVERVIEW)
            case "voice":
                self._switch_voice()
            case curtain.OPEN:
                self._uncovered = self._attended
            case curtain.SHUT:
                self._uncovered = None
            case "rows":
                if value.isascii() and value.isdigit():
                    (self._overlay or self._stack).look_at(int(value))
            case _:
                self._deliver(self._seen, Chosen(id_, value))
        return self._settle(answer=True)

    def connected(self) -> Sequence[Effect]:
        """Take the news that a UI has begun: the last one may have died, and who looks now has not asked for what is under a curtain."""
        self._uncovered = None
        return self._settle()

    def card(
        self,
        state: CardState,
        *,
        known: bool = False,
        nickname: Text | None = None,
        trouble: ChanomaError | None = None,
    ) -> Sequence[Effect]:
        """Take the card's state. Taking the card out ends the session and blanks everything personal in the same breath,
        but for a session that a phone's reading began.

        Putting one in where there was none leaves the person where they are: the page may have asked for it. ``nickname``: of whose card it is.
        """
        was = self._frame
        awaited = was.card in (CardState.ABSENT, CardState.NO_READER)
        here = state is CardState.PRESENT and trouble is None
        stays = here or was.by_phone
        level = max(was.level, Level.PRESENT if here else Level.NONE) if stays else Level.NONE
        self._frame = replace(
            was,
            card=state,
            known=known,
            nickname=nickname,
            trouble=trouble,
            level=level,
            linked=was.linked and stays,
        )
        self._stack.sift(lambda page: not isinstance(page, CardNotice))
        if not stays:
            self._lock(keep_place=awaited and trouble is None)
            if was.level > Level.PRESENT:
                self._effects.append(SessionEnded(Cause.CARD_REMOVED))
                self._push(self._card_gone())
        if trouble is not None:
            self._push(self._card_trouble(trouble))
        self._deliver(self._stack.top, Surroundings())
        return self._settle()

    def done(self, slot: int, event: Done | Failed | Reached | Stopped) -> Sequence[Effect]:
        """Take the answer to a job, or how far it is; if its page is gone the answer is dropped.

        One that a new proof mends is kept back: the page stays as it is until the person has proved who they are, and the job goes on.
        """
        if not isinstance(event, Reached):
            self._waits.pop(slot, None)
        for place in (*self._stack, *self._overlay):
            if place.id == slot:
                attended = place in self._stack and place == self._stack.top and self._shown
                heard = self._steps.heard(place, event, self._frame.proof, attended=attended)
                if heard is not None:
                    self._deliver(place, heard)
        return self._settle()

    def waiting(self, slot: int, wait: Wait) -> Sequence[Effect]:
        """Take the news that a job of the page in this slot has not ended for so long."""
        self._waits[slot] = wait
        return self._settle()

    def delivered(self, key: str) -> Sequence[Effect]:
        """Tell every page that an entry of the outbox changed its state."""
        for place in self._stack:
            self._deliver(place, Delivered(key))
        return self._settle()

    def linked(self) -> Sequence[Effect]:
        """Take the news that the signed-in person's card is linked now."""
        if self._frame.level >= Level.AUTHENTICATED:
            self._frame = replace(self._frame, linked=True, known=True)
            self._deliver(self._stack.top, Surroundings())
        return self._settle()

    @property
    def lapses_at(self) -> float | None:
        """Give when something that is open is to be put away by `lapse` (seconds since the epoch), if anything is."""
        return self._access.lapses_at()

    def lapse(self) -> Sequence[Effect]:
        """Put away the services whose time is over: the person stays where they are, behind the step-up."""
        self._stack.put_away(self._access.lapsed())
        return self._settle()

    def expired(self) -> Sequence[Effect]:
        """End the session because its time is over: the person stays where they are, behind the lock."""
        if self._frame.level <= Level.PRESENT:
            return ()
        self._lock(keep_place=True)
        self._effects.append(SessionEnded(Cause.EXPIRED))
        return self._settle()

    def ended_elsewhere(self, cause: Cause, notice: Page) -> Sequence[Effect]:
        """End the session because the platform says so, whatever the person is at; ``notice`` says who ended it."""
        if self._frame.level <= Level.PRESENT:
            return ()
        self._warn(None)
        self._deliver(self._stack.top, Covered())
        self._lock(keep_place=False)
        self._effects.append(SessionEnded(cause))
        self._push(notice)
        return self._settle()

    def idle(self, left: int | None) -> Sequence[Effect]:
        """Take the seconds until the lock if no key comes: None long before, 0 when it is time. Without anything at stake there is none."""
        if left == 0 and self.at_stake:
            self._warn(None)
            self._deliver(self._stack.top, Covered())
            self._lock(keep_place=True)
            self._effects.append(SessionEnded(Cause.IDLE))
            if self._shown:
                self._push(self._locked())
        else:
            self._warn(left)
        return self._settle()

    def yield_screen(self, active: bool, cause: Cause = Cause.WARNING) -> Sequence[Effect]:
        """Give the screen to the television at once (an emergency warning, standby, another input), or take it back to the same view."""
        self._yielded = active
        if active:
            self._leave_screen(cause)
        return self._settle(screen=True)

    def open_screen(self) -> Sequence[Effect]:
        """Take the screen as HOME does, where the programme has it and does not need it."""
        return () if self._wanted or self._yielded else self._show(True)

    def called(self, nickname: Text | None) -> Sequence[Effect]:
        """Take what the household calls from now on whose card is in the reader."""
        self._frame = replace(self._frame, nickname=nickname)
        return self._settle()

    def tell(self, page: Page) -> Sequence[Effect]:
        """Lay a page on top that says what happened."""
        self._push(page)
        return self._settle()

    def notice(self, notice: Word | None) -> Sequence[Effect]:
        """Say something in the frame of every view, or nothing any more; what the person is pressing stays good."""
        self._notice = notice
        if self._sent.status.notice == notice:
            return ()
        status = msgspec.structs.replace(self._sent.status, notice=notice)
        self._sent = msgspec.structs.replace(self._sent, status=status)
        return (self._sent,)

    def surroundings(self) -> Sequence[Effect]:
        """Take the news that something that the top page may show has changed."""
        self._deliver(self._stack.top, Surroundings())
        return self._settle()

    # -- how it moves ---------------------------------------------------------------------------------------------

    @property
    def _shown(self) -> bool:
        return self._wanted and not self._yielded

    @property
    def _seen(self) -> Slot:
        return (self._overlay or self._stack).top

    @property
    def _warned(self) -> bool:
        return isinstance(self._seen.page, IdleNotice)

    @property
    def _attended(self) -> int:
        """Give the slot that the person is at: what they see, or what the warning lies over."""
        return [slot.id for slot in chain(self._stack, self._overlay) if not isinstance(slot.page, IdleNotice)][-1]

    def _warn(self, left: int | None) -> None:
        """Lay the warning over everything, count it down, or take it away."""
        if self._warned:
            self._overlay.cut(len(self._overlay) - 1)
        if left and self.at_stake and self._shown:
            self._overlay.push(self._idle(left))

    def _show(self, wanted: bool) -> Sequence[Effect]:
        self._wanted = wanted
        if not wanted:
            self._leave_screen(Cause.PROGRAMME)
        return self._settle(screen=True)

    def _leave_screen(self, cause: Cause) -> None:
        """Lock what is personal before the programme covers it, so that nobody finds it on coming back."""
        self._deliver(self._stack.top, Covered())
        away = cause in ALWAYS and self._frame.level > Level.PRESENT
        if away or any(slot.page.personal for slot in self._stack):
            self._lock(keep_place=True)
            self._effects.append(SessionEnded(cause))

    def _lock(self, *, keep_place: bool) -> None:
        here = self._frame.card is CardState.PRESENT and self._frame.trouble is None
        level = min(self._frame.level, Level.PRESENT if here else Level.NONE)
        self._frame = replace(self._frame, level=level, linked=False, proof=None)
        self._access.end()
        self._steps.end()
        self._stack.lock(keep_place=keep_place)

    def _push(self, page: Page) -> None:
        self._stack.push(page)
        self._arrive()

    def _go_back(self) -> None:
        if self._overlay:
            self._overlay.cut(len(self._overlay) - 1)
        else:
            self._back()

    def _open_help(self, topic: Topic) -> None:
        """Lay help over the view, or begin it anew. What was half typed there may be found by whoever comes to help: it is gone first."""
        if not self._overlay:
            seen = self._sent.view
            self._failure = seen.code if isinstance(seen, Message) else None
            self._deliver(self._stack.top, Covered())
        self._overlay.cut(0)
        self._deliver(self._overlay.push(self._help(Opened(topic, self._failure))), Shown())

    def _switch_voice(self) -> None:
        """Begin voice guidance, or end it; nothing happens where the box has no voice."""
        if self._speech.engine is not Engine.NONE:
            frame, on = self._frame, not self._frame.choices.voice
            kept = msgspec.structs.replace(frame.kept, voice=on)
            choices = msgspec.structs.replace(frame.choices, voice=on)
            self._frame = replace(frame, choices=choices, kept=kept)
            self._effects.append(Chose(choices, kept))

    def _try(self, slot: Slot, choices: Choices) -> None:
        self._trial = slot.id
        self._frame = replace(self._frame, choices=choices)
        self._effects.append(Chose(choices))

    def _keep(self, choices: Choices) -> None:
        self._trial = None
        self._frame = replace(self._frame, choices=choices, kept=choices)
        self._effects.append(Chose(choices, choices))

    def _end_trial(self) -> None:
        """Have everything as it is kept again, unless the page that tries something else is what the person sees."""
        if self._trial is not None and self._trial != self.seen:
            self._trial = None
            self._frame = replace(self._frame, choices=self._frame.kept)
            self._effects.append(Chose(self._frame.kept))

    def _back(self) -> None:
        """Leave the top page, and whatever under it can now not be seen; from the bottom the way leads to the programme."""
        if len(self._stack) == 1:
            self._effects += self._show(False)
            return
        self._stack.cut(len(self._stack) - 1)
        while self._short(top := self._stack.top) is not None:
            instead = self._steps.give_up(top)
            if instead is not None and self._short(top) is None and not self._only_waits(top, instead):
                self._deliver(top, instead)
                return
            self._stack.cut(len(self._stack) - 1)
        self._arrive()

    def _only_waits(self, slot: Slot, instead: Done | Failed) -> bool:
        """Tell whether a page has nothing to show but that it waits for what somebody gave up: they need not be told of that again."""
        try:
            return isinstance(instead, Failed) and isinstance(slot.page.view(self._frame), Progress)
        except Exception:
            return False  # a defect is told where the page is drawn

    def _arrive(self) -> None:
        """Tell the top page that it is shown; a page that needs a step-up first is told when that is done, or goes on with what it was at."""
        top = self._stack.top
        if self._short(top) is not None:
            return
        job = self._steps.resume(top)
        if job is None:
            self._deliver(top, Shown())
        else:
            self._effects.append(Run(top.id, job))

    def _deliver(self, slot: Slot, event: PageEvent) -> None:
        if slot in self._overlay:
            self._deliver_help(slot, event)
            return
        if slot not in self._stack:
            return
        try:
            move = slot.page.on(event, self._frame)
        except Exception as defect:
            self._replace_broken(slot, defect)
            return
        place = self._stack.place(slot)
        here = self._stack.put(slot, move.replace or move.stay or slot.page, anew=move.replace is not None)
        if move.trial is not None:
            self._try(here, move.trial)
        if move.keep is not None:
            self._keep(move.keep)
        self._effects += [Run(here.id, job) for job in move.jobs]
        self._effects += [Key(action) for action in move.keys]
        if move.sign_in is not None:
            self._sign_in(move.sign_in)
        if move.linked:
            self._frame = replace(self._frame, linked=True, known=True)
        if move.sign_out:
            self._lock(keep_place=False)
            self._effects.append(SessionEnded(Cause.USER))
        if move.replace is not None:
            self._arrive()
        elif move.push is not None:
            asked = self._uncovered == here.id
            self._push(move.push)
            if asked:  # and this is more of it
                self._uncovered = self._stack.top.id
        elif move.help is not None:
            self._open_help(move.help)
        elif move.home:
            self._stack.cut(1)
            self._arrive()
        elif move.leave and place > 0:
            self._stack.cut(place)
            self._arrive()
            if move.given is not None:
                self._deliver(self._stack.top, Given(move.given))
        elif move.back:
            self._stack.cut(place + 1)
            self._back()
        if move.tv:
            self._effects += self._show(False)

    def _deliver_help(self, slot: Slot, event: PageEvent) -> None:
        """Deliver to a page of help: it can lead to further pages of help and back, and touches nothing that lies under it.

        It can have a page take its place that is none of help: that one lies on what help lay on, and help is gone.
        """
        place = self._overlay.place(slot)
        try:
            move = slot.page.on(event, self._frame)
        except Exception as defect:
            self._effects.append(Defect(defect))
            self._overlay.cut(place)
            return
        self._overlay.put(slot, move.stay or slot.page)
        self._effects += [Run(slot.id, job) for job in move.jobs]
        if move.push is not None:
            self._deliver(self._overlay.push(move.push), Shown())
        elif move.replace is not None:
            self._overlay.cut(0)
            self._push(move.replace)
        elif move.leave or move.back:
            self._overlay.cut(place)

    def _replace_broken(self, slot: Slot, defect: Exception) -> None:
        """Put a word of regret in a failed page's place, and drop what stood on it: one service's defect must not hold the television."""
        place = self._stack.place(slot)
        if place == 0:
            raise defect
        self._effects.append(Defect(defect))
        self._stack.cut(place)
        self._stack.push(self._broken())
        self._end_trial()

    def _sign_in(self, result: SignIn) -> None:
        """Raise the session, unless card or person left meanwhile: nobody may find it open on coming back from the programme.

        Somebody else than before finds nothing of what that one did.
        """
        proof = result.proof
        if not self._shown or (proof.at_box and self._frame.card is not CardState.PRESENT):
            self._lock(keep_place=True)
            gone = proof.at_box and self._frame.card is not CardState.PRESENT
            self._effects.append(SessionEnded(Cause.CARD_REMOVED if gone else Cause.PROGRAMME))
            return
        if self._frame.level > Level.PRESENT and not result.same:
            self._lock(keep_place=True)
        known = self._frame.known or (result.linked and proof.at_box)
        self._frame = replace(self._frame, level=proof.level, linked=result.linked, known=known, proof=proof)

    def _short(self, slot: Slot) -> Shortfall | None:
        return self._steps.short(slot, self._frame)

    def _settle(self, *, answer: bool = False, screen: bool = False) -> Sequence[Effect]:
        """Step up where the top page needs it, then say what changed. ``answer``: an intent always gets a new view."""
        if self._warned and not (self._shown and self.at_stake):
            self._warn(None)
        services = frozenset(slot.page.needs.service for slot in self._stack) - {""}
        self._effects += [Left(service) for service in sorted(self._access.visit(services, self._frame.proof))]
        if self._shown and (short := self._short(self._stack.top)) is not None:
            self._push(self._step_up(short, self._frame))
        if not self._shown or self._uncovered != self._attended:
            self._uncovered = None
        self._end_trial()
        view = self._compute(self._sent.rev + 1)
        effects, self._effects = self._effects, []
        if answer or replace_rev(view, self._sent.rev) != self._sent:
            self._sent = view
            effects.insert(0, view)
        if screen:
            effects.insert(0 if not self._shown else len(effects), Screen(self._shown))
        return effects

    def _compute(self, rev: int) -> ViewMessage:
        # Behind the programme no step-up lies on a locked page: then what is under it stands for it.
        slot = next(slot for slot in reversed((*self._stack, *self._overlay)) if self._short(slot) is None)
        page = slot.page
        try:
            view = windowed(page.view(self._frame), slot.start)
            if slot.id in self._waits:
                view = waited(view, self._waits[slot.id])
            if self._frame.choices.curtain:
                view = curtain.curtained(view, open_=self._uncovered == slot.id)
        except Exception as defect:
            if slot in self._overlay:
                self._effects.append(Defect(defect))
                self._overlay.cut(0)
            else:
                self._replace_broken(slot, defect)
            return self._compute(rev)
        return ViewMessage(
            rev=rev,
            shown=self._shown,
            personal=page.personal,
            status=Status(
                card=self._frame.card,
                level=self._frame.level,
                practice=self._practice,
                notice=self._notice,
                contact=self._contact,
                appearance=self._frame.choices.appearance(self._appearance),
                speech=self._frame.choices.speech(self._speech),
                sounds=msgspec.structs.replace(self._sounds, on=self._frame.choices.sounds),
            ),
            view=view,
            overlay=slot in self._overlay,
        )


def replace_rev(message: ViewMessage, rev: int) -> ViewMessage:
    """Give the same message under another number."""
    return msgspec.structs.replace(message, rev=rev)

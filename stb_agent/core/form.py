"""A form being filled in, one field after another: pure, for any page to hold. Whatever types sends the same few intents."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum

from stb_agent.contract.actions import Action
from stb_agent.contract.keyboards import Letters
from stb_agent.contract.text import Text, Word, word
from stb_agent.contract.views import ChoiceField, DateField, DatePart, Field, Form, Item, NumberField, Row, TextField
from stb_agent.core.page import Chosen, Given, Page, PageEvent, Pressed
from stb_agent.core.typing import Candidates, Typing, fitted


class Ending(Enum):
    """What an event led to."""

    GOING_ON = "going_on"
    COMPLETE = "complete"


Phone = Callable[[Text, int], Page]
"""Give the page on which a question is answered by phone, in up to so many characters; it gives the text to the form's page under it."""


@dataclass(frozen=True)
class Number:
    """A number of exactly as many digits as ``groups`` say, or of at least ``least``; ``wrong`` tells what is wrong with one, or None."""

    id: str
    label: Text
    groups: tuple[int, ...]
    least: int | None = None
    wrong: Callable[[str], Text | None] = field(default=lambda _: None, repr=False)


@dataclass(frozen=True)
class Line:
    """A text of at most ``most`` characters; ``only_if``: asked only where another field, before it, has this value."""

    id: str
    label: Text
    candidates: Candidates = field(repr=False)
    most: int = 40
    only_if: tuple[str, str] | None = None


@dataclass(frozen=True)
class Day:
    """A date within limits; ``begin`` is where setting it begins."""

    id: str
    label: Text
    first: date
    last: date
    begin: date


@dataclass(frozen=True)
class OneOf:
    """One of several."""

    id: str
    label: Text
    options: tuple[Item, ...]


Ask = Number | Line | Day | OneOf

DIGIT_KEYS = frozenset(action for action in Action if action.digit)
TYPING_KEYS = DIGIT_KEYS | {Action.NUMBER_11, Action.NUMBER_12}


@dataclass(frozen=True)
class Filling:
    """Where the filling-in stands. ``values`` are kept by the field's id: digits, the text, an RFC 3339 date, or an option's id."""

    asks: tuple[Ask, ...]
    at: int = 0
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    error: Text | None = None
    typing: Typing = field(default=Typing(), repr=False)

    @property
    def value(self) -> str:
        """Give the value of the field that is filled in now."""
        ask = self.asks[self.at]
        return self.values.get(ask.id, ask.begin.isoformat() if isinstance(ask, Day) else "")

    def own_keys(self) -> frozenset[Action]:
        """Give the keys that are typed with: the digits, and 戻る while there is a digit that it takes away."""
        keys = {Number: DIGIT_KEYS, Line: TYPING_KEYS}.get(type(self.asks[self.at]))
        if keys is None:
            return frozenset()
        return keys | ({Action.BACK} if self.value else set())

    def again(self) -> Filling:
        """Give the form at its first field, with everything that was filled in."""
        return self._go(0)

    @property
    def line(self) -> Line | None:
        """Give the question that is answered by a text, if it is one now."""
        ask = self.asks[self.at]
        return ask if isinstance(ask, Line) else None

    def view(self, title: Text, lead: Text | None = None, *, phone: bool = False) -> Form:
        """Give the view of the field that is filled in now; ``phone``: a text may be written on a phone (intent ``phone``)."""
        return Form(
            title=title,
            lead=lead,
            items=(Item("phone", word("form.phone")),) if phone and self.line else (),
            field=self._field(self.asks[self.at]),
            at=self._asked(self.at),
            count=self._asked(len(self.asks)),
            rows=tuple(Row(ask.label, self._shown(ask)) for ask in self.asks[: self.at] if self._wanted(ask)),
            error=self.error,
        )

    def on(self, event: PageEvent) -> tuple[Filling, Ending]:
        """Take a key or an intent; what means nothing here changes nothing."""
        ask = self.asks[self.at]
        match event:
            case Given(result=str() as text):
                return self.written(text), Ending.GOING_ON
            case Chosen(id="earlier") if self.at:
                return self._go(max(at for at in range(self.at) if self._wanted(self.asks[at]))), Ending.GOING_ON
            case Chosen(id="submit"):
                return self._submit(ask)
            case Chosen(id="erase") | Pressed(action=Action.BACK) if isinstance(ask, Number):
                return self._with(ask, self.value[:-1]), Ending.GOING_ON
            case Pressed(action=action) if isinstance(ask, Number) and action.digit:
                return self._typed(ask, action.digit), Ending.GOING_ON
            case Chosen(id="digit", value=digit) if (
                isinstance(ask, Number) and len(digit) == 1 and digit in "0123456789"
            ):
                return self._typed(ask, digit), Ending.GOING_ON
            case Chosen() | Pressed() if isinstance(ask, Line):
                return self._line(ask, event), Ending.GOING_ON
            case Chosen(id="next" | "previous" as way, value=part) if isinstance(ask, Day) and part in list(DatePart):
                return self._turned(ask, DatePart(part), 1 if way == "next" else -1), Ending.GOING_ON
            case Chosen(id="choose", value=id_) if isinstance(ask, OneOf) and any(id_ == it.id for it in ask.options):
                return self._with(ask, id_)._onward()
        return self, Ending.GOING_ON

    def _field(self, ask: Ask) -> Field:
        match ask:
            case Number():
                return NumberField(ask.label, self.value, ask.groups, ask.least)
            case Line():
                return self._text(ask)
            case Day():
                return DateField(ask.label, self.value, ask.first.isoformat(), ask.last.isoformat())
            case OneOf():
                return ChoiceField(ask.label, ask.options, self.value)

    def _shown(self, ask: Ask) -> Text:
        value = self.values.get(ask.id, "")
        match ask:
            case Day():
                return Word("form.date", {"at": value})
            case OneOf():
                return next((it.label for it in ask.options if it.id == value), "")
        return value

    def _with(self, ask: Ask, value: str) -> Filling:
        return replace(self, values={**self.values, ask.id: value}, error=None)

    def _typed(self, ask: Number, digit: str) -> Filling:
        return self._with(ask, (self.value + digit)[: sum(ask.groups)])

    def written(self, text: str) -> Filling:
        """Give the same with a text from elsewhere in the field, as much of it as there is room for; a field that takes no text stays."""
        ask = self.asks[self.at]
        if not isinstance(ask, Line):
            return self
        return self._with_typing(ask, Typing(fitted(text, ask.most), self.typing.letters))

    def _text(self, ask: Line) -> TextField:
        typing = self.typing
        offered = ask.candidates(typing.kana) if typing.kana else ()
        items = tuple(Item(str(at), it.word) for at, it in enumerate(offered))
        return TextField(ask.label, typing.text, typing.letters, typing.kana, items, ask.most)

    def _line(self, ask: Line, event: Chosen | Pressed) -> Filling:
        """Type: keys of the screen by what they add, keys of the remote by their names."""
        typing = self.typing
        match event:
            case Chosen(id="erase") | Pressed(action=Action.BACK):
                typing = typing.erase()
            case Pressed(action=action, again=again):
                typing = typing.press(action.value, ask.most, again=again)
            case Chosen(id="key", value=added):
                typing = typing.typed(added, ask.most)
            case Chosen(id="change"):
                typing = typing.change()
            case Chosen(id="letters", value=letters) if letters in list(Letters):
                typing = typing.write_with(Letters(letters))
            case Chosen(id="take", value=id_) if typing.kana:
                offered = {str(at): it for at, it in enumerate(ask.candidates(typing.kana))}
                typing = typing.take(offered[id_], ask.most) if id_ in offered else typing
        return self if typing == self.typing else self._with_typing(ask, typing)

    def _with_typing(self, ask: Line, typing: Typing) -> Filling:
        return replace(self._with(ask, typing.text), typing=typing)

    def _turned(self, ask: Day, part: DatePart, by: int) -> Filling:
        """Turn year, month or day on or back; the day follows a shorter month, and nothing goes past the limits."""
        at = date.fromisoformat(self.value)
        year, month, day = at.year, at.month, at.day
        match part:
            case DatePart.YEAR:
                year += by
            case DatePart.MONTH:
                month = (month - 1 + by) % 12 + 1
            case DatePart.DAY:
                day = (day - 1 + by) % calendar.monthrange(year, month)[1] + 1
        year = min(max(year, ask.first.year), ask.last.year)
        day = min(day, calendar.monthrange(year, month)[1])
        return self._with(ask, min(max(date(year, month, day), ask.first), ask.last).isoformat())

    def _submit(self, ask: Ask) -> tuple[Filling, Ending]:
        wrong: Text | None = None
        match ask:
            case Number():
                length = sum(ask.groups)
                if ask.least is None and len(self.value) < length:
                    wrong = Word("form.short", {"length": length})
                elif len(self.value) < (ask.least or 0):
                    wrong = Word("form.empty")
                else:
                    wrong = ask.wrong(self.value)
            case Line():
                wrong = None if self.value.strip() else Word("form.empty")
            case OneOf():
                wrong = None if self.value else Word("form.pick")
        if wrong is not None:
            return replace(self, error=wrong), Ending.GOING_ON
        return self._with(ask, self.value)._onward()

    def _onward(self) -> tuple[Filling, Ending]:
        following = (at for at in range(self.at + 1, len(self.asks)) if self._wanted(self.asks[at]))
        if (at := next(following, None)) is not None:
            return self._go(at), Ending.GOING_ON
        return self, Ending.COMPLETE

    def _go(self, at: int) -> Filling:
        """Go to another field; what is written there already is no reading any more."""
        here = replace(self, at=at, error=None)
        return replace(here, typing=Typing(here.value))

    def _wanted(self, ask: Ask) -> bool:
        """Tell whether a field is asked at all, as far as is known."""
        if not isinstance(ask, Line) or ask.only_if is None:
            return True
        other, value = ask.only_if
        return self.values.get(other) == value

    def _asked(self, upto: int) -> int:
        return sum(map(self._wanted, self.asks[:upto]))

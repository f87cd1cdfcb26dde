"""A form being filled in, one field after another: pure, for any page to hold. Whatever types sends the same few intents."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum

from stb_agent.contract.actions import Action
from stb_agent.contract.text import Text, Word
from stb_agent.contract.views import ChoiceField, DateField, DatePart, Field, Form, Item, NumberField, Row, TextField
from stb_agent.core.page import Chosen, PageEvent, Pressed


class Ending(Enum):
    """What an event led to."""

    GOING_ON = "going_on"
    COMPLETE = "complete"


Candidates = Callable[[str], tuple[Item, ...]]
"""Give what a text may become, best first; an item's label takes the text's place."""


@dataclass(frozen=True)
class Number:
    """A number of exactly as many digits as ``groups`` say; ``wrong`` tells what is wrong with one, or None."""

    id: str
    label: Text
    groups: tuple[int, ...]
    wrong: Callable[[str], Text | None] = field(default=lambda _: None, repr=False)


@dataclass(frozen=True)
class Line:
    """A text of at most ``most`` characters; ``free`` texts may be others than the candidates."""

    id: str
    label: Text
    candidates: Candidates = field(repr=False)
    most: int = 40
    free: bool = False


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


@dataclass(frozen=True)
class Filling:
    """Where the filling-in stands. ``values`` are kept by the field's id: digits, the text, an RFC 3339 date, or an option's id."""

    asks: tuple[Ask, ...]
    at: int = 0
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    error: Text | None = None

    @property
    def value(self) -> str:
        """Give the value of the field that is filled in now."""
        ask = self.asks[self.at]
        return self.values.get(ask.id, ask.begin.isoformat() if isinstance(ask, Day) else "")

    def own_keys(self) -> frozenset[Action]:
        """Give the keys that are typed with: the digits, and 戻る while there is a digit that it takes away."""
        if not isinstance(self.asks[self.at], Number):
            return frozenset()
        return DIGIT_KEYS | ({Action.BACK} if self.value else set())

    def view(self, title: Text, lead: Text | None = None) -> Form:
        """Give the view of the field that is filled in now."""
        return Form(
            title=title,
            lead=lead,
            field=self._field(self.asks[self.at]),
            at=self.at,
            count=len(self.asks),
            rows=tuple(Row(ask.label, self._shown(ask)) for ask in self.asks[: self.at]),
            error=self.error,
        )

    def on(self, event: PageEvent) -> tuple[Filling, Ending]:
        """Take a key or an intent; what means nothing here changes nothing."""
        ask = self.asks[self.at]
        match event:
            case Chosen(id="earlier") if self.at:
                return replace(self, at=self.at - 1, error=None), Ending.GOING_ON
            case Chosen(id="submit"):
                return self._submit(ask)
            case Chosen(id="erase") | Pressed(action=Action.BACK) if isinstance(ask, Number | Line):
                return self._with(ask, self.value[:-1]), Ending.GOING_ON
            case Pressed(action=action) if isinstance(ask, Number) and action.digit:
                return self._typed(ask, action.digit), Ending.GOING_ON
            case Chosen(id="digit", value=digit) if (
                isinstance(ask, Number) and len(digit) == 1 and digit in "0123456789"
            ):
                return self._typed(ask, digit), Ending.GOING_ON
            case Chosen(id="key", value=typed) if isinstance(ask, Line) and typed.isprintable():
                return self._with(ask, (self.value + typed)[: ask.most]), Ending.GOING_ON
            case Chosen(id="take", value=id_) if isinstance(ask, Line):
                return self._taken(ask, id_), Ending.GOING_ON
            case Chosen(id="next" | "previous" as way, value=part) if isinstance(ask, Day) and part in list(DatePart):
                return self._turned(ask, DatePart(part), 1 if way == "next" else -1), Ending.GOING_ON
            case Chosen(id="choose", value=id_) if isinstance(ask, OneOf) and any(id_ == it.id for it in ask.options):
                return self._with(ask, id_)._onward()
        return self, Ending.GOING_ON

    def _field(self, ask: Ask) -> Field:
        match ask:
            case Number():
                return NumberField(ask.label, self.value, ask.groups)
            case Line():
                return TextField(ask.label, self.value, ask.candidates(self.value), ask.most)
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

    def _taken(self, ask: Line, id_: str) -> Filling:
        label = next((it.label for it in ask.candidates(self.value) if it.id == id_), None)
        return self._with(ask, label[: ask.most]) if isinstance(label, str) else self

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
                wrong = Word("form.short", {"length": length}) if len(self.value) < length else ask.wrong(self.value)
            case Line():
                known = ask.free or any(it.label == self.value for it in ask.candidates(self.value))
                wrong = None if self.value and known else Word("form.pick")
            case OneOf():
                wrong = None if self.value else Word("form.pick")
        if wrong is not None:
            return replace(self, error=wrong), Ending.GOING_ON
        return self._with(ask, self.value)._onward()

    def _onward(self) -> tuple[Filling, Ending]:
        if self.at + 1 < len(self.asks):
            return replace(self, at=self.at + 1, error=None), Ending.GOING_ON
        return self, Ending.COMPLETE

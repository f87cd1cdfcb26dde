"""What stands on a page besides title and lead, in sentences: of each view kind what is to be seen there, no more."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from stb_agent.contract.text import Text, Word
from stb_agent.contract.views import (
    Calendar,
    CellState,
    Chart,
    Choice,
    ChoiceField,
    Consent,
    Curtain,
    DateField,
    Detail,
    Form,
    Help,
    Home,
    List,
    Message,
    NumberField,
    PadStage,
    Pin,
    Point,
    Progress,
    Row,
    StepState,
    TextField,
    View,
)
from ui.screens.chart import limits, timeline
from ui.sketch import Sketch
from ui.speech.plain import grouped, plain, spelled

_SHARE = 0.2
"""Of the whole range: by how much the last third of a line must lie above or below its first to have gone up or down."""
_COUNTED = 10
"""Seconds between which a warning's time is said again."""
_PAIRS = 3
"""Digits of the support code in a group, as it is written."""


def standing(view: View, d: Sketch, *, aloud: bool, quiet: bool) -> list[str]:
    """Give the sentences. ``aloud``: with what is spoken only when asked for; ``quiet``: with what changes by itself."""
    match view:
        case Home():
            return [_count(d, len(view.items))]
        case List():
            return [_count(d, view.total or len(view.items))]
        case Choice():
            return _rows(d, view.rows)
        case Detail():
            delivery = [d.say(f"frame.delivery.{view.delivery.value}")] if view.delivery else []
            code = [_say(d, "speech.code")] if view.code is not None else []
            return [*delivery, *code, *(_rows(d, view.rows) if aloud else ())]
        case Calendar():
            return _calendar(d, view)
        case Chart():
            return _chart(d, view) if aloud and view.curtain is not Curtain.DRAWN else []
        case Form():
            return _form(d, view, aloud=aloud)
        case Pin():
            return _pin(d, view)
        case Consent():
            return _consent(d, view)
        case Progress():
            return _progress(d, view)
        case Message():
            return _message(d, view, quiet=quiet)
        case Help():
            return _help(d, view, quiet=quiet)


def _said(d: Sketch, text: Text) -> str:
    return plain(d.words(text), d.say)


def _say(d: Sketch, code: str, **args: str | int | Word) -> str:
    return _said(d, Word(code, args))


def _count(d: Sketch, count: int) -> str:
    return _say(d, "speech.count", count=count) if count else _say(d, "speech.none")


def _rows(d: Sketch, rows: Sequence[Row]) -> list[str]:
    """Give the rows of this page, less what is covered."""
    return [
        _say(d, "speech.row", label=d.words(it.label), value=d.words(it.value))
        for it in rows[slice(*d.span)]
        if it.value or not it.private
    ]


def _calendar(d: Sketch, view: Calendar) -> list[str]:
    if not view.days:
        return [_say(d, "speech.none")]
    said = [_say(d, "speech.calendar.span", first=d.words(view.days[0]), last=d.words(view.days[-1]))]
    for state in CellState:
        count = sum(cell.state is state for cell in view.cells)
        if count:
            said.append(_say(d, f"speech.calendar.{state.value}", count=count))
    return said


def _chart(d: Sketch, view: Chart) -> list[str]:
    if d.table:
        return _table(d, view)
    said = [*_rows(d, view.rows)] if view.rows else []
    for series in view.series:
        if not series.points:
            continue
        values = [point.value for point in series.points]
        label = d.words(series.label)
        latest = _say(d, "speech.chart.latest", label=label, last=f"{values[-1]:g}", unit=d.words(view.unit))
        if len(values) > 1:
            latest += _say(d, "speech.chart.range", count=len(values), low=f"{min(values):g}", high=f"{max(values):g}")
            latest += _say(d, f"speech.chart.{trend(series.points)}")
        said.append(latest)
    for spread in view.spreads:
        if spread.ranges:
            last = spread.ranges[-1]
            said.append(
                _say(
                    d,
                    "speech.chart.spread",
                    label=d.words(spread.label),
                    low=f"{last.low:g}",
                    high=f"{last.high:g}",
                    unit=d.words(view.unit),
                )
            )
    if view.band is not None:
        said.append(_say(d, "speech.chart.band", label=d.words(view.band.label), range=d.words(limits(view.band))))
    return said or [_say(d, "speech.none")]


def trend(points: Sequence[Point]) -> str:
    """Tell whether a line went ``up``, ``down`` or stayed ``level``, from its first third to its last."""
    values = [point.value for point in points]
    third = max(len(values) // 3, 1)
    change = fmean(values[-third:]) - fmean(values[:third])
    if abs(change) <= _SHARE * (max(values) - min(values)):
        return "level"
    return "up" if change > 0 else "down"


def _table(d: Sketch, view: Chart) -> list[str]:
    """Give the rows of the table that are on this page, the newest first."""
    written = timeline(view)
    said = []
    for at in sorted(written, key=lambda it: written[it], reverse=True)[slice(*d.span)]:
        parts = [d.say("speech.chart.moment", at=at)]
        for series in view.series:
            parts += [
                d.say("speech.chart.value", label=d.words(series.label), value=f"{point.value:g}")
                for point in series.points
                if point.at == at
            ]
        for spread in view.spreads:
            for it in spread.ranges:
                if it.at == at:
                    value = d.say("frame.chart.range", low=f"{it.low:g}", high=f"{it.high:g}")
                    parts.append(d.say("speech.chart.value", label=d.words(spread.label), value=value))
        said.append(plain("、".join(parts), d.say))
    return said


def _form(d: Sketch, view: Form, *, aloud: bool) -> list[str]:
    field = view.field
    said = [_say(d, "speech.form.step", at=view.at + 1, count=view.count)] if view.count > 1 else []
    said.append(_said(d, field.label))
    value = ""
    match field:
        case NumberField():
            said.append(_say(d, "speech.form.digits", most=sum(field.groups), typed=len(field.value)))
            value = grouped(field.value, field.groups[0], d.say)
        case TextField():
            said.append(_say(d, "speech.form.writes", letters=d.say(f"frame.keys.to.{field.letters}")))
            said.append(_say(d, "speech.form.letters", typed=len(field.value)))
            if field.candidates:
                said.append(_say(d, "speech.form.candidates", count=len(field.candidates)))
            value = field.value
        case DateField():
            said.append(_say(d, "speech.form.limits", first=field.first, last=field.last))
        case ChoiceField():
            said.append(_count(d, len(field.options)))
    if aloud:
        if value:
            said.append(_say(d, "speech.form.value", value=value))
        said += [_say(d, "speech.row", label=d.words(it.label), value=d.words(it.value)) for it in view.rows]
    if view.error is not None:
        said.append(_said(d, view.error))
    return said


def _pin(d: Sketch, view: Pin) -> list[str]:
    """Give what the view says: how many are entered, how many tries are left, what each arrow means at this stage. It is the same for every PIN."""
    said = [_say(d, "frame.pin.tries", tries=view.tries)]
    if view.error is not None:
        said.append(_said(d, view.error))
    said.append(_say(d, "speech.pin.dots", length=view.length, dots=view.dots))
    match view.pad:
        case PadStage.GROUP:
            down = Word("frame.pin.down", {"erase": Word("frame.pin.erase"), "leave": Word("frame.pin.leave")})
            arms = {"up": Word("frame.pin.up"), "west": Word("frame.pin.west"), "east": Word("frame.pin.east")}
            said += [_say(d, "speech.pin.group", **arms, down=down), _say(d, "speech.pin.help")]
        case _:
            said.append(_say(d, f"speech.pin.{view.pad.value}"))
    return [*said, _say(d, "speech.pin.out")]


def _consent(d: Sketch, view: Consent) -> list[str]:
    said = [
        _say(d, "speech.consent.statement", what=d.words(it.what), to=d.words(it.to), why=d.words(it.why))
        for it in view.statements[slice(*d.span)]
    ]
    return [*said, _said(d, view.withheld)] if view.withheld is not None else said


def _progress(d: Sketch, view: Progress) -> list[str]:
    late = [_say(d, "frame.wait.late")] if view.late else []
    if not view.steps:
        return late
    done = sum(step.state is StepState.DONE for step in view.steps)
    now = [_say(d, "speech.step.now", label=d.words(it.label)) for it in view.steps if it.state is StepState.NOW]
    return [_say(d, "speech.step.done", count=len(view.steps), done=done), *now, *late]


def _message(d: Sketch, view: Message, *, quiet: bool) -> list[str]:
    said = []
    if view.left is not None and (quiet or view.left % _COUNTED == 0):
        said.append(_say(d, "speech.message.left", left=view.left))
    if view.remedy is not None:
        said.append(_said(d, view.remedy))
    if view.code is not None:
        said.append(d.say("speech.message.code", number=spelled(view.code, d.say)))
    return said


def _help(d: Sketch, view: Help, *, quiet: bool) -> list[str]:
    contact = view.contact
    said = [_said(d, contact.name)]
    said.append(_say(d, "speech.call.phone", phone=contact.phone) if contact.phone else _say(d, "frame.call.no_phone"))
    if contact.hours:
        said.append(_say(d, "frame.call.hours", hours=contact.hours))
    if view.support is not None:
        said.append(d.say("speech.call.support", digits=grouped(view.support.digits, _PAIRS, d.say)))
        if quiet:
            said.append(_say(d, "frame.call.minutes", minutes=view.support.minutes))
    elif view.unsupported is not None:
        said.append(_said(d, view.unsupported))
    if view.code is not None:
        said.append(d.say("speech.message.code", number=spelled(view.code, d.say)))
    for name, lines in (("sees", view.sees), ("hidden", view.hidden)):
        if lines:
            said.append("。".join([_say(d, f"frame.call.{name}"), *(_said(d, line) for line in lines)]))
    return said

"""What a view has to say, and whether its pages say all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stb_agent.contract import words
from stb_agent.contract.appearance import Appearance
from stb_agent.contract.text import Text
from stb_agent.contract.views import (
    Calendar,
    Chart,
    Choice,
    ChoiceField,
    Consent,
    Detail,
    Form,
    Help,
    Home,
    List,
    Message,
    Pin,
    Progress,
    TextField,
    View,
)
from ui.sketch import Sketch


def texts(view: View) -> Iterator[Text | None]:
    """Give every text that has to be read somewhere on a view's pages."""
    yield from (view.title, view.lead)
    for item in view.items:
        yield item.label
        if isinstance(view, Home | List | Choice | Message | Consent):
            yield item.detail
    match view:
        case Choice() | Detail():
            yield from (text for row in view.rows for text in (row.label, row.value))
        case Calendar():
            yield from (*view.days, *view.times)
        case Chart():
            yield from (text for row in view.rows for text in (row.label, row.value))
            yield from (series.label for series in view.series)
            yield from (spread.label for spread in view.spreads)
            yield from (view.unit, view.band.label if view.band else None)
        case Form():
            yield from (view.field.label, view.error)
            if isinstance(view.field, TextField):
                yield from (item.label for item in view.field.candidates)
            if isinstance(view.field, ChoiceField):
                yield from (text for item in view.field.options for text in (item.label, item.detail))
        case Pin():
            yield view.error
        case Consent():
            yield from (text for it in view.statements for text in (it.what, it.to, it.why))
            yield view.withheld
        case Progress():
            yield from (step.label for step in view.steps)
        case Message():
            yield from (view.remedy, view.code)
        case Help():
            yield from (view.contact.name, view.contact.phone, view.contact.hours)
            yield from (view.unsupported, view.code, *view.sees, *view.hidden)


def unsaid(view: View, sketches: Sequence[Sketch], appearance: Appearance, *, cut: bool) -> list[str]:
    """Complain of every text that stands on no page of a view. ``cut``: its beginning with … after it is enough, however long that is."""
    shown = [_plain("\n".join("".join(label.lines) for label in it.scene().labels)) for it in sketches]
    joined = "\n".join(shown)
    running = "\n".join(it.replace("\n", "") for it in shown)
    wrong = []
    for text in texts(view):
        if text is None:
            continue
        wanted = _plain(words.render(text, appearance))
        if wanted in joined or wanted in running:
            continue
        if cut and any(wanted.startswith(line[:-1]) for line in joined.split("\n") if line.endswith("…") and line[1:]):
            continue
        wrong.append(f"unsaid: {wanted}")
    return wrong


def _plain(text: str) -> str:
    return "".join(char for char in text if not char.isspace() or char == "\n")

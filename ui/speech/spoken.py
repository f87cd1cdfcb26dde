"""What is said of what is on the screen: pure, from a view as it is laid out to sentences.

On a new view: title, lead, what stands on it, what has the focus, what the keys do. After a key: only what changed. Nothing is said that is
not on the page that is shown, and of the PIN nothing but what its view says, which is the same for every PIN.
"""

from __future__ import annotations

from typing import NamedTuple

from stb_agent.contract.keyboards import Letters
from stb_agent.contract.level import Level
from stb_agent.contract.messages import Status, ViewMessage
from stb_agent.contract.text import Text, Word
from stb_agent.contract.views import (
    Calendar,
    Chart,
    ChoiceField,
    Curtain,
    DateField,
    Detail,
    Form,
    List,
    Message,
    NumberField,
    Pin,
    Progress,
    TextField,
    View,
)
from ui.sketch import Button, Sketch
from ui.speech.plain import character, plain
from ui.speech.standing import standing

_SILENT = frozenset({"digit", "key"})
"""Intents of buttons whose place among the others says nothing."""


class Heard(NamedTuple):
    """What there is to speak of: the message, whether the agent is ``lost``, how the page is laid out, what has the focus.

    ``identity`` is equal for the same place with other contents; ``pressed``: a press awaits its answer;
    ``asked``: how often the person asked to hear all of it.
    """

    message: ViewMessage
    lost: bool
    identity: bytes
    sketch: Sketch
    focused: str | None
    pressed: bool
    asked: int

    @property
    def view(self) -> View:
        """Give the view."""
        return self.message.view

    @property
    def status(self) -> Status:
        """Give the frame's status."""
        return self.message.status

    @property
    def aloud(self) -> bool:
        """Tell whether what is spoken only when asked for is to be spoken now."""
        return bool(self.asked) or not self.sketch.listen


def withholds(message: ViewMessage) -> bool:
    """Tell whether a view has something that a room should hear only when the person asks for it.

    Records, slips and what was typed; not what one walks over to choose, nor what is being decided. Where there is a curtain, asking to see is
    asking to hear.
    """
    speech, view = message.status.speech, message.view
    if not speech.on or speech.aloud or view.curtain is not Curtain.NONE:
        return False
    match view:
        case Detail(code=str()):
            return False
        case Detail() | Chart():
            return message.personal
        case Form(rows=rows, field=NumberField(value=value) | TextField(value=value)):
            return bool(rows or value)
        case Form(rows=rows):
            return bool(rows)
    return False


def spoken(before: Heard | None, now: Heard, *, key: bool) -> tuple[str, ...]:
    """Give the sentences for what has become of ``before``; after a ``key`` that changed nothing, what has the focus again.

    Without ``before``, and when the person asks for it, everything.
    """
    if before is None or before.identity != now.identity or before.lost != now.lost:
        return (*_frame(before, now), *_opening(now), *_focus(None, now), *_hints(now))
    if before.asked != now.asked:
        return _opening(now)
    said = {*_frame(None, before), *_opening(before)}
    news = [
        *_frame(before, now),
        *_written(before.view, now),
        *(it for it in _opening(now, quiet=False) if it not in said),
    ]
    if before.sketch.page != now.sketch.page or before.sketch.table != now.sketch.table:
        news += _page(now)
    if _named(before) != _named(now) or (key and not news and not now.pressed and before.message is now.message):
        news += _focus(before, now)
    return tuple(news)


def said(now: Heard, text: Text, **args: str | int | Word) -> str:
    """Give a text as it is said."""
    return plain(now.sketch.words(text), now.sketch.say)


def _say(now: Heard, code: str, **args: str | int) -> str:
    return plain(now.sketch.say(code, **args), now.sketch.say)


def _sentence(text: str) -> str:
    return text if not text or text[-1] in "。.？！?!" else text + "。"


def _frame(before: Heard | None, now: Heard) -> list[str]:
    """Give what the corner says, as far as it is new: the card, the level, the notice."""
    if now.lost:
        return []
    old, new, news = before.status if before else None, now.status, []
    if new.practice and old is None:
        news.append(_say(now, "speech.practice"))
    if old is None or old.card is not new.card:
        news.append(_say(now, f"frame.card.{new.card.value}"))
    if new.level is not Level.NONE and (old is None or old.level is not new.level):
        news.append(_say(now, f"frame.level.{new.level.name.lower()}"))
    if new.notice is not None and (old is None or old.notice != new.notice):
        news.append(said(now, new.notice))
    return [_sentence(it) for it in news]


def _opening(now: Heard, *, quiet: bool = True) -> tuple[str, ...]:
    """Give title, lead and what stands on the page. ``quiet``: also what changes by itself and is not worth an interruption."""
    view, sketch = now.view, now.sketch
    texts = [said(now, view.title)]
    if isinstance(view, Message):
        texts.append(_say(now, f"frame.tone.{view.tone.value}"))
    if view.lead is not None:
        texts.append(said(now, view.lead))
    texts += standing(view, sketch, aloud=now.aloud, quiet=quiet)
    if view.curtain is Curtain.DRAWN:
        texts.append(_say(now, "speech.covered"))
    if not now.aloud and withholds(now.message):
        texts.append(_say(now, "speech.withheld"))
    return tuple(_sentence(it) for it in texts if it)


def _written(before: View, now: Heard) -> list[str]:
    """Give the character that was written just now: kana and letters, which one may have to turn on; not the word that was taken."""
    view = now.view
    if not (isinstance(view, Form) and isinstance(view.field, TextField) and isinstance(before, Form)):
        return []
    value = view.field.value
    if not value or value == before.field.value or not (view.field.reading or value.isascii()):
        return []
    return [_sentence(character(value[-1], now.sketch.say))]


def _page(now: Heard) -> list[str]:
    if now.sketch.pages < 2:
        return []
    return [_say(now, "speech.page", page=now.sketch.page + 1, pages=now.sketch.pages)]


def _hints(now: Heard) -> list[str]:
    """Give what the keys do here; the PIN's are what stands on it."""
    view = now.view
    if now.focused is None:
        return []
    kind = view.field.__struct_config__.tag if isinstance(view, Form) else None
    name = {"number": "number", "text": "text", "date": "date"}.get(str(kind), type(view).__name__.lower())
    return [*_page(now), _say(now, f"speech.hint.{name}")]


# -- what has the focus -------------------------------------------------------------------------------------------------


def _button(now: Heard) -> Button | None:
    return next((it for it in now.sketch.buttons if it.node.id == now.focused), None)


def _named(now: Heard) -> tuple[str | None, str]:
    button = _button(now)
    return now.focused, name(now, button) if button else ""


def _focus(before: Heard | None, now: Heard) -> list[str]:
    """Give what has the focus: its group if that is another one than before, its words, and where it stands among the others."""
    button = _button(now)
    if button is None:
        return []
    group = button.node.group
    old = _button(before) if before else None
    news = []
    if group != "content" and (old is None or old.node.group != group):
        news.append(_say(now, f"speech.group.{group}"))
    news.append(_sentence(name(now, button)))
    at = place(now, button)
    if at is not None and at[1] > 1:
        news.append(_sentence(_say(now, "speech.at", at=at[0], count=at[1])))
    return news


def name(now: Heard, button: Button) -> str:
    """Give what a button is called; a time of a calendar by its day and time."""
    view = now.view
    if isinstance(view, Calendar):
        for cell in view.cells:
            if cell.id == button.node.id:
                day, time = now.sketch.words(view.days[cell.day]), now.sketch.words(view.times[cell.time])
                return _say(now, "speech.calendar.cell", day=day, time=time)
    if button.sends and button.sends[0] == "key":
        return character(button.sends[1], now.sketch.say)
    if isinstance(view, Form) and isinstance(view.field, TextField) and button.node.id == "change":
        return _say(now, f"speech.key.change.{'latin' if view.field.letters is Letters.LATIN else 'kana'}")
    words = [now.sketch.words(text) for text in button.words]
    if isinstance(view, Form) and isinstance(view.field, ChoiceField) and button.sends == ("choose", view.field.value):
        words[-1] = now.sketch.say("speech.form.chosen")
    return plain("、".join(word for word in words if word), now.sketch.say)


def place(now: Heard, button: Button) -> tuple[int, int] | None:
    """Give where a button stands among those of its kind, counted from 1, and how many they are; None where that says nothing."""
    view, id_ = now.view, button.node.id
    if isinstance(view, Form) and isinstance(view.field, TextField) and button.sends and button.sends[0] == "take":
        return [item.id for item in view.field.candidates].index(button.sends[1]) + 1, len(view.field.candidates)
    if button.node.group == "content":
        if button.spin is not None or (button.sends and button.sends[0] in _SILENT) or isinstance(view, Calendar):
            return None
        items, start, total = view.items, 0, 0
        if isinstance(view, List):
            start, total = view.start, view.total
        elif isinstance(view, Form):
            match view.field:
                case ChoiceField(options=options):
                    items = options
                case NumberField() | DateField() | TextField():
                    return None
        wanted = button.sends[1] if button.sends else id_
        ids = [item.id for item in items]
        if wanted in ids:
            return start + ids.index(wanted) + 1, total or len(ids)
        if isinstance(view, Form | Progress):
            return None
    group = [it.node for it in now.sketch.buttons if it.node.group == button.node.group]
    ids = [node.id for node in sorted(group, key=lambda node: (node.box.y, node.box.x))]
    return ids.index(id_) + 1, len(ids)


def announced(now: Heard, *, on: bool) -> tuple[str, ...]:
    """Give what is said when voice guidance begins or ends."""
    return (_say(now, "speech.on" if on else "speech.off"),)


def follows(before: Heard, now: Heard) -> bool:
    """Tell whether what changed did so by itself: then it waits until what is being said is said. What the person does is answered at once."""
    return (
        before.identity == now.identity
        and not before.pressed
        and not isinstance(now.view, Form | Pin)
        and (before.status.card, before.status.level) == (now.status.card, now.status.level)
    )

"""The first screen: what can be done here, and what to do now; and what is said of the card in the reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.level import Level
from stb_agent.contract.messages import CardState
from stb_agent.contract.text import Word, word
from stb_agent.contract.views import Home, Item, Message, Tone, View
from stb_agent.core.page import CardNotice, Chosen, Frame, Move, Page, PageEvent
from stb_agent.core.service import Tile, trouble


@dataclass(frozen=True)
class HomePage(Page):
    """The bottom of the stack: a greeting without anything personal, and the services' tiles."""

    tiles: Callable[[Frame], tuple[Tile, ...]] = field(repr=False)

    def view(self, frame: Frame) -> View:
        items = tuple(Item(tile.id, tile.label, tile.detail, first=not n) for n, tile in enumerate(self.tiles(frame)))
        return Home(title=word("home.title"), lead=_guide(frame), items=items)

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Chosen(id=id_):
                for tile in self.tiles(frame):
                    if tile.id == id_:
                        return Move(push=tile.open())
        return Move()


def _guide(frame: Frame) -> Word:
    if frame.level >= Level.AUTHENTICATED:
        return word("home.guide.by_phone" if frame.by_phone else "home.guide.signed_in")
    if frame.trouble is not None:
        return word("home.guide.trouble")
    match frame.card:
        case CardState.NO_READER:
            return word("home.guide.no_reader")
        case CardState.READING:
            return word("home.guide.reading")
        case CardState.PRESENT:
            if frame.nickname is not None:
                return word("home.guide.called", name=frame.nickname)
            return word("home.guide.known" if frame.known else "home.guide.new")
        case _:
            return word("home.guide.insert")


@dataclass(frozen=True)
class CardTrouble(CardNotice):
    """Why the card in the reader cannot be used here; it goes when the card goes."""

    error: ChanomaError

    def view(self, frame: Frame) -> View:
        return trouble(word("home.card_trouble"), self.error, Item("ok", word("home.ok"), first=True))

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move(leave=True) if isinstance(event, Chosen) else Move()


@dataclass(frozen=True)
class BrokenPage(Page):
    """Something of ours failed: say so, and lead home."""

    error: ChanomaError

    def view(self, frame: Frame) -> View:
        return trouble(word("home.title"), self.error, Item("ok", word("home.ok"), first=True))

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move(home=True) if isinstance(event, Chosen) else Move()


@dataclass(frozen=True)
class CardGone(CardNotice):
    """The card was taken out while somebody was signed in: say that nothing personal is left."""

    def view(self, frame: Frame) -> View:
        return Message(
            title=word("home.card_gone.title"),
            tone=Tone.INFO,
            lead=word("home.card_gone.cause"),
            remedy=word("home.card_gone.remedy"),
            items=(Item("ok", word("home.ok"), first=True),),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        return Move(home=True) if isinstance(event, Chosen) else Move()

"""What a service is to the house: a tile on the home screen, pages, and someone who does their jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.text import Text, Word, word
from stb_agent.contract.views import Item, Message, Tone
from stb_agent.core.page import Frame, Job, Page


@dataclass(frozen=True)
class Tile:
    """A service's place on the home screen: lower ``order`` first."""

    id: str
    label: Word
    detail: Word
    open: Callable[[], Page]
    order: int = 0


class Service(Protocol):
    """A folder under ``services``. Its jobs carry its ``name``."""

    name: ClassVar[str]

    def tiles(self, frame: Frame) -> tuple[Tile, ...]:
        """Give what the home screen offers of it now."""

    async def work(self, job: Job) -> object:
        """Do a job; what it returns goes to the page as Done. Raises ChanomaError, which goes there as Failed."""


def trouble(title: Text, error: ChanomaError, *items: Item) -> Message:
    """Give the view of an error: cause, remedy and code, from the catalogue."""
    return Message(
        title=title,
        tone=Tone.ERROR,
        lead=Word(f"{error.code}.cause", dict(error.args_)),
        remedy=Word(f"{error.code}.remedy", dict(error.args_)),
        code=error.code,
        items=items,
    )


def retry(error: ChanomaError) -> tuple[Item, ...]:
    """Give the button もう一度, where trying again can help."""
    return (Item("again", word("trouble.again"), first=True),) if error.retry else ()

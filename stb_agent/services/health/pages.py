"""The pages of the health records: the latest blood pressure, and how it went. Held in memory only, dropped at lock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from stb_agent.contract.errors import ChanomaError
from stb_agent.contract.text import word
from stb_agent.contract.views import Chart, Detail, Item, Message, Point, Progress, Row, Series, Skeleton, Tone, View
from stb_agent.core.page import Chosen, Done, Failed, Frame, Job, Move, Page, PageEvent, Requirement, Shown
from stb_agent.core.service import retry, trouble

MOST = 60
"""Readings held at the most."""


@dataclass(frozen=True)
class Reading:
    """One blood pressure: mmHg, at an RFC 3339 time."""

    at: str
    systolic: float
    diastolic: float


@dataclass(frozen=True)
class LoadReadings(Job):
    """Answers the list of Reading, newest first, MOST at the most."""

    service: ClassVar[str] = "health"


@dataclass(frozen=True)
class HealthPage(Page):
    """The latest reading in words."""

    needs: ClassVar[Requirement] = Requirement(service="health", linked=True)
    personal: ClassVar[bool] = True

    readings: tuple[Reading, ...] | None = field(default=None, repr=False)
    error: ChanomaError | None = None

    def blank(self) -> HealthPage:
        return HealthPage()

    def view(self, frame: Frame) -> View:
        if self.error is not None:
            return trouble(word("health.title"), self.error, *retry(self.error))
        if self.readings is None:
            return Progress(title=word("health.title"), lead=word("health.loading"), like=Skeleton.DETAIL)
        if not self.readings:
            return Message(title=word("health.title"), tone=Tone.INFO, lead=word("health.none"))
        return Detail(
            title=word("health.title"),
            lead=word("health.latest", at=self.readings[0].at),
            rows=_rows(self.readings[0]),
            items=(Item("chart", word("health.to_chart"), first=True),),
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() if self.readings is None:
                return Move(jobs=(LoadReadings(),))
            case Chosen(id="again"):
                return Move(stay=HealthPage(), jobs=(LoadReadings(),))
            case Chosen(id="chart") if self.readings:
                return Move(push=ChartPage(self.readings))
            case Done(result=list() as readings):
                return Move(stay=HealthPage(tuple(readings)))
            case Failed(error=error):
                return Move(stay=HealthPage(error=error))
        return Move()


@dataclass(frozen=True)
class ChartPage(Page):
    """The readings as two lines over time."""

    needs: ClassVar[Requirement] = Requirement(service="health", linked=True)
    personal: ClassVar[bool] = True

    readings: tuple[Reading, ...] | None = field(default=None, repr=False)
    error: ChanomaError | None = None

    def blank(self) -> ChartPage:
        return ChartPage()

    def view(self, frame: Frame) -> View:
        if self.error is not None:
            return trouble(word("health.chart"), self.error, *retry(self.error))
        if not self.readings:
            return Progress(title=word("health.chart"), lead=word("health.loading"), like=Skeleton.CHART)
        oldest_first = self.readings[::-1]
        return Chart(
            title=word("health.chart"),
            lead=word("health.chart_lead", start=oldest_first[0].at, end=oldest_first[-1].at, count=len(oldest_first)),
            unit=word("health.unit"),
            series=(
                Series(word("health.systolic"), tuple(Point(it.at, it.systolic) for it in oldest_first)),
                Series(word("health.diastolic"), tuple(Point(it.at, it.diastolic) for it in oldest_first)),
            ),
            rows=_rows(self.readings[0]),
            private=True,
        )

    def on(self, event: PageEvent, frame: Frame) -> Move:
        match event:
            case Shown() if self.readings is None:
                return Move(jobs=(LoadReadings(),))
            case Chosen(id="again"):
                return Move(stay=ChartPage(), jobs=(LoadReadings(),))
            case Done(result=list() as readings):
                return Move(stay=ChartPage(tuple(readings)))
            case Failed(error=error):
                return Move(stay=ChartPage(error=error))
        return Move()


def _rows(reading: Reading) -> tuple[Row, ...]:
    return (
        Row(word("health.systolic"), word("health.value", value=f"{reading.systolic:g}"), private=True),
        Row(word("health.diastolic"), word("health.value", value=f"{reading.diastolic:g}"), private=True),
    )

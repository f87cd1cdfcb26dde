"""Health records of the person who is signed in, read from a FHIR R4 service (docs/service-contracts.md)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from msgspec import Struct, field

from stb_agent.cable_id.authority import Authority
from stb_agent.cable_id.resource import ServiceClient
from stb_agent.contract.text import word
from stb_agent.core.page import Frame, Job
from stb_agent.core.service import Tile
from stb_agent.services.health.pages import MOST, HealthPage, LoadReadings, Reading

BLOOD_PRESSURE = "http://loinc.org|85354-9"
_SYSTOLIC, _DIASTOLIC = "8480-6", "8462-4"
"""LOINC codes of the blood pressure panel and its components (HL7 FHIR R4, profile bp)."""


class _Coding(Struct, frozen=True):
    code: str = ""
    system: str = ""


class _Concept(Struct, frozen=True):
    coding: list[_Coding] = []


class _Quantity(Struct, frozen=True):
    value: float | None = None
    code: str = ""


class _Component(Struct, frozen=True):
    code: _Concept = field(default_factory=_Concept)
    value: _Quantity | None = field(default=None, name="valueQuantity")


class _Observation(Struct, frozen=True):
    type: str = field(default="", name="resourceType")
    status: str = ""
    at: str = field(default="", name="effectiveDateTime")
    components: list[_Component] = field(default_factory=list, name="component")


class _EntryOf(Struct, frozen=True):
    resource: _Observation = field(default_factory=_Observation)


class _Bundle(Struct, frozen=True):
    """The members of a searchset that are shown; everything else a record may carry is not even decoded."""

    entry: list[_EntryOf] = []


class HealthService:
    """Read the blood pressure records; nothing is written to disk."""

    name: ClassVar[str] = "health"

    def __init__(self, client: ServiceClient, authority: Authority) -> None:
        self._client = client
        self._authority = authority

    def tiles(self, frame: Frame) -> tuple[Tile, ...]:
        return (Tile("health", word("health.tile"), word("health.tile_detail"), HealthPage),)

    async def work(self, job: Job) -> object:
        match job:
            case LoadReadings():
                return await self._readings()
        raise TypeError(type(job).__name__)

    async def _readings(self) -> list[Reading]:
        token = await self._authority.service_token(self._client.base_url)
        query = {"code": BLOOD_PRESSURE, "_sort": "-date", "_count": str(MOST)}
        bundle = await self._client.get("/Observation", _Bundle, token=token.token, query=query)
        found = [reading for entry in bundle.entry if (reading := _reading(entry.resource)) is not None]
        return sorted(found, key=lambda reading: datetime.fromisoformat(reading.at), reverse=True)[:MOST]


def _reading(observation: _Observation) -> Reading | None:
    """Give the reading of an observation, or None for one that was entered in error or lacks a value."""
    values = {
        coding.code: component.value.value
        for component in observation.components
        if component.value is not None and component.value.code == "mm[Hg]"
        for coding in component.code.coding
    }
    systolic, diastolic = values.get(_SYSTOLIC), values.get(_DIASTOLIC)
    if observation.status in ("entered-in-error", "cancelled") or systolic is None or diastolic is None:
        return None
    try:
        if datetime.fromisoformat(observation.at).tzinfo is None:
            return None
    except ValueError:
        return None
    return Reading(observation.at, systolic, diastolic)

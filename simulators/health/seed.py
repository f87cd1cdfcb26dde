"""Believable measurements: eight months of blood pressure at home, and body weight, for whoever signs in."""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone

JST = timezone(timedelta(hours=9), "JST")
SPAN = timedelta(days=240)
BLOOD_PRESSURE = "85354-9"
SYSTOLIC = "8480-6"
DIASTOLIC = "8462-4"
WEIGHT = "29463-7"
"""LOINC codes, as the FHIR R4 vital signs profiles use them."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS observations (
    id TEXT PRIMARY KEY, sub TEXT NOT NULL, code TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_person ON observations (sub, code, at);
"""


@dataclass(frozen=True)
class Measurement:
    """One measurement: LOINC code, time (Japan), values by LOINC code with their UCUM unit."""

    code: str
    at: datetime
    values: tuple[tuple[str, float], ...]


def measurements(sub: str, now: datetime) -> Iterator[Measurement]:
    """Make a person's measurements up to yesterday, oldest first; the same for the same person and day.

    Somebody who was told to take their pressure at home: high at first, treated after six weeks, then falling and settling,
    a little higher in the cold months, with a few mornings left out.
    """
    # Believable, not secret.
    chance = random.Random(hashlib.sha256(sub.encode()).digest())
    today = now.astimezone(JST).date()
    first, settled = chance.uniform(146, 158), chance.uniform(124, 134)
    weight = chance.uniform(48, 68)
    for day in range(SPAN.days, 0, -1):
        date = today - timedelta(days=day)
        elapsed = SPAN.days - day
        morning = datetime.combine(date, time(6, 30), JST) + timedelta(minutes=chance.randrange(90))
        if elapsed % 30 == 0:
            kilograms = round(weight - elapsed / 120 + chance.gauss(0, 0.3), 1)
            yield Measurement(WEIGHT, morning + timedelta(minutes=5), ((WEIGHT, kilograms),))
        left_out = chance.random() < 0.12 and day > 3  # somebody who still does it has a measurement of these days
        if elapsed % 3 or left_out:
            continue
        treated = max(0, elapsed - 42)
        level = settled + (first - settled) * 0.975**treated
        cold = 4 if date.month in (11, 12, 1, 2) else 0
        systolic = round(level + cold + chance.gauss(0, 4))
        diastolic = round(0.45 * level + 24 + cold / 2 + chance.gauss(0, 3))
        yield Measurement(BLOOD_PRESSURE, morning, ((SYSTOLIC, systolic), (DIASTOLIC, diastolic)))

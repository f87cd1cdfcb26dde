"""What a town's booking service speaks of: its facilities, and what they are used for."""

from __future__ import annotations

from msgspec import Struct


class Facility(Struct, frozen=True):
    """A public facility, as the service lists it: ``capacity`` persons, or any number if it is 0; common ``purposes`` in the town's words."""

    id: str
    name: str
    address: str
    phone: str = ""
    capacity: int = 0
    purposes: tuple[str, ...] = ()


class Usage(Struct, frozen=True):
    """What for, by how many, and in the name of which group; "" where a person books for themselves."""

    purpose: str = ""
    people: int = 0
    group: str = ""

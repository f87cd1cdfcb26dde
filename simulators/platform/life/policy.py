"""What an operator allows of links."""

import msgspec


class Policy(msgspec.Struct, forbid_unknown_fields=True):
    """What the operator allows, 0 for as many as may be. `adults_only`: services that an under-15's card does not open."""

    people_per_contract: int = 0
    boxes_per_person: int = 0
    without_contract: bool = True
    adults_only: list[str] = msgspec.field(default_factory=lambda: ["booking"])


class Policies:
    """The policy that counts, which can be changed while the platform runs."""

    def __init__(self) -> None:
        self.now = Policy()

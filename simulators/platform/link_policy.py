"""What an operator allows of the links at its boxes."""

from typing import Annotated

import msgspec

Most = Annotated[int, msgspec.Meta(ge=0)]
"""As many at most; 0 for as many as may be."""


class LinkPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What counts at an operator's boxes; `boxes_per_person` counts a person's boxes of other operators too.

    `adults_only`: services that an under-15's card does not open there.
    """

    people_per_contract: Most = 0
    boxes_per_person: Most = 0
    without_contract: bool = True
    adults_only: tuple[str, ...] = ("booking",)


class LinkPolicyChange(msgspec.Struct, forbid_unknown_fields=True):
    """Another policy for an operator, or for all; what is left out is as the operator began."""

    operator: str = ""
    people_per_contract: Most | None = None
    boxes_per_person: Most | None = None
    without_contract: bool | None = None
    adults_only: tuple[str, ...] | None = None

    def over(self, policy: LinkPolicy) -> LinkPolicy:
        """Give a policy with what is asked for in its place."""
        given = {name: value for name, value in msgspec.structs.asdict(self).items() if name != "operator"}
        return msgspec.structs.replace(policy, **{name: it for name, it in given.items() if it is not None})

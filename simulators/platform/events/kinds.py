"""What there is to tell a box, and whom it is about (docs/cable-id-profile.md, Security events)."""

from collections.abc import Mapping
from enum import Enum

_CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
_OWN = "https://chanoma.example/secevent/event-type/"


class EventType(Enum):
    """The types that this platform sends; `.value` is what stands in a SET's `events`."""

    SESSION_REVOKED = _CAEP + "session-revoked"
    CREDENTIAL_CHANGE = _CAEP + "credential-change"
    ADDRESS_CHANGE = _OWN + "address-change"
    LINK_STATUS_CHANGE = _OWN + "link-status-change"
    RESET_ORDER = _OWN + "reset-order"
    VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification"


ASKED_FOR = tuple(it.value for it in EventType if it is not EventType.VERIFICATION)
"""What a stream may ask for; the verification event always comes (clause 8.1.4)."""

LOST: Mapping[str, object] = {"credential_type": "x509", "change_type": "revoke", "initiating_entity": "user"}
"""The card was reported lost (`CREDENTIAL_CHANGE`): the session ends, the link is suspended."""
REPLACED: Mapping[str, object] = {"credential_type": "x509", "change_type": "update", "initiating_entity": "user"}
"""Another certificate stands for the same person (`CREDENTIAL_CHANGE`): the link is kept."""


def link_subject(link_id: str) -> dict[str, object]:
    """Name a link (RFC 9493, clause 3.2.4)."""
    return {"format": "opaque", "id": link_id}


def audience(jkt: str) -> str:
    """Name a box by its device key (RFC 9278)."""
    return f"urn:ietf:params:oauth:jwk-thumbprint:sha-256:{jkt}"

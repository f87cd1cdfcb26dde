"""Security events and the boxes' streams of them (OpenID Shared Signals Framework 1.0, polled as RFC 8936 says).

The rest of the platform calls `Events.tell` or `Events.tell_person` when something happened; each box then fetches it.
`docs/cable-id-profile.md`, Security events, says which events there are. `POST /_sim/events` scripts one.
"""

from simulators.platform.events.kinds import EventType, link_subject
from simulators.platform.events.script import Happening, Script
from simulators.platform.events.streams import SCOPES, Streams
from simulators.platform.events.telling import SCHEMA, Events

__all__ = ["SCHEMA", "SCOPES", "EventType", "Events", "Happening", "Script", "Streams", "link_subject"]

"""What the platform can be told to say that is not so (`POST /_sim/faults {"kind": "lie", "lie": …}`)."""

from enum import Enum


class Lie(Enum):
    """What is wrong: an ID token for another client, an access token for another device, a card nonce given out before."""

    AUDIENCE = "audience"
    DEVICE = "device"
    NONCE = "nonce"

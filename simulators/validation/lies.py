"""What the validation service can be told to say that is not so (`POST /_sim/faults {"kind": "lie", "lie": …}`)."""

from enum import Enum


class Lie(Enum):
    """How an answer is wrong; the HTTP around it is right."""

    TRY_LATER = "try_later"
    INTERNAL_ERROR = "internal_error"
    UNAUTHORIZED = "unauthorized"
    MALFORMED = "malformed"
    """No OCSP response at all."""
    WRONG_KEY = "wrong_key"
    """The responder's name and certificate, another key's signature."""
    STRANGER = "stranger"
    """A responder that certified itself."""
    NOT_A_RESPONDER = "not_a_responder"
    """Signed by a resident: a certificate of the authority that is not for OCSP."""
    OTHER_SERIAL = "other_serial"
    OTHER_ISSUER = "other_issuer"
    """About the same serial number of an authority with the same name and another key."""
    OTHER_NONCE = "other_nonce"
    STALE = "stale"
    """nextUpdate has passed."""
    OLD = "old"
    """thisUpdate was two days ago, and no nextUpdate."""
    EARLY = "early"
    """thisUpdate is in an hour."""
    CRL_STALE = "crl_stale"
    CRL_EARLIER = "crl_earlier"
    """The list of five days ago with a life of ten days: in force, and older than one that was given out."""
    CRL_WRONG_KEY = "crl_wrong_key"

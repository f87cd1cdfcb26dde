"""What was checked, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from stb_agent.contract.errors import ChanomaError


class Flow(StrEnum):
    """What can be checked by itself."""

    DISCOVERY = "discovery"
    DEVICE = "device"
    PAR = "par"
    CIBA = "ciba"
    CARD = "card"
    DPOP = "dpop"
    REFRESH = "refresh"
    LOGOUT = "logout"


class Step(Enum):
    """One demand of a standard: the code of its words (``platform.check.…``), and where the standard says it."""

    METADATA = "metadata", "OpenID Connect Discovery 1.0 §4.2"
    ISSUER = "issuer", "OpenID Connect Discovery 1.0 §4.3"
    MEMBERS = "members", "OpenID Connect Discovery 1.0 §3"
    ADDRESSES = "addresses", "RFC 8414 §2"
    KEYS = "keys", "RFC 7517 §4, §5"
    AUTHENTICATION = "authentication", "RFC 8414 §2"
    ALGORITHMS = "algorithms", "RFC 9449 §5.1"
    OFFERED = "offered", "RFC 8414 §2"

    DEVICE_RESPONSE = "device_response", "RFC 8628 §3.2"
    DEVICE_PENDING = "device_pending", "RFC 8628 §3.5"
    DEVICE_TOKEN = "device_token", "RFC 8628 §3.5"
    DEVICE_ONCE = "device_once", "RFC 8628 §3.5"

    PAR_RESPONSE = "par_response", "RFC 9126 §2.2"
    PAR_REQUEST_URI = "par_request_uri", "RFC 9126 §2.1"
    CODE_RESPONSE = "code_response", "RFC 6749 §4.1.2"
    CODE_ISSUER = "code_issuer", "RFC 9207 §2.4"
    PKCE = "pkce", "RFC 7636 §4.6"
    CODE_TOKEN = "code_token", "RFC 6749 §4.1.4"
    CODE_ONCE = "code_once", "RFC 6749 §4.1.2"

    CIBA_HINT = "ciba_hint", "OpenID Connect CIBA Core 1.0 §7.1"
    CIBA_RESPONSE = "ciba_response", "OpenID Connect CIBA Core 1.0 §7.3"
    CIBA_PENDING = "ciba_pending", "OpenID Connect CIBA Core 1.0 §11"
    CIBA_TOKEN = "ciba_token", "OpenID Connect CIBA Core 1.0 §10.1.1"
    CIBA_ONCE = "ciba_once", "OpenID Connect CIBA Core 1.0 §11"

    CARD_NONCE = "card_nonce", "Cable ID profile, Card nonce"
    CARD_TOKEN = "card_token", "RFC 7523 §2.1"
    CARD_ONCE = "card_once", "RFC 7523 §3"

    TOKEN_TYPE = "token_type", "RFC 9449 §5"
    ID_TOKEN = "id_token", "OpenID Connect Core 1.0 §3.1.3.7"

    DPOP_NONCE = "dpop_nonce", "RFC 9449 §8"
    DPOP_RESOURCE = "dpop_resource", "RFC 9449 §7.1"
    DPOP_BEARER = "dpop_bearer", "RFC 9449 §7.2"
    DPOP_ABSENT = "dpop_absent", "RFC 9449 §7.1"
    DPOP_KEY = "dpop_key", "RFC 9449 §7.1"
    DPOP_ATH = "dpop_ath", "RFC 9449 §4.3"
    DPOP_HTU = "dpop_htu", "RFC 9449 §4.3"
    DPOP_HTM = "dpop_htm", "RFC 9449 §4.3"
    DPOP_IAT = "dpop_iat", "RFC 9449 §4.3"
    DPOP_TYP = "dpop_typ", "RFC 9449 §4.3"
    DPOP_REPLAY = "dpop_replay", "RFC 9449 §11.1"

    REFRESH_ISSUED = "refresh_issued", "RFC 6749 §5.1"
    REFRESH_TOKEN = "refresh_token", "RFC 6749 §6"
    REFRESH_BOUND = "refresh_bound", "RFC 9700 §4.14.2"
    REFRESH_ROTATED = "refresh_rotated", "RFC 9700 §4.14.2"
    REFRESH_REUSE = "refresh_reuse", "RFC 9700 §4.14.2"

    REVOKE_UNKNOWN = "revoke_unknown", "RFC 7009 §2.2"
    REVOKE = "revoke", "RFC 7009 §2.1"
    REVOKED_REFRESH = "revoked_refresh", "RFC 7009 §2.1"
    REVOKED_ACCESS = "revoked_access", "RFC 7009 §2.1"

    def __init__(self, code: str, clause: str) -> None:
        self.code = code
        self.clause = clause


class Result(StrEnum):
    """What came of a step; skipped is what the standard leaves open, or what this provider does not offer."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Line:
    """One step's outcome; ``detail`` names what was seen, in the standard's own names."""

    flow: Flow
    step: Step
    result: Result
    detail: str = ""


class FlowStopped(Exception):
    """A step failed without which the flow cannot go on."""


@dataclass
class Report:
    """The outcomes so far; each is told at once."""

    tell: Callable[[Line], None]
    lines: list[Line] = field(default_factory=list)
    flow: Flow = Flow.DISCOVERY

    def add(self, step: Step, result: Result, detail: str = "") -> None:
        """Add an outcome."""
        line = Line(self.flow, step, result, detail)
        self.lines.append(line)
        self.tell(line)

    def settle(self, step: Step, wrong: str) -> None:
        """Pass a step, or fail it for what is ``wrong``."""
        self.add(step, Result.FAILED if wrong else Result.PASSED, wrong)

    def need(self, step: Step, wrong: str) -> None:
        """Settle a step. Raises FlowStopped when it failed."""
        self.settle(step, wrong)
        if wrong:
            raise FlowStopped

    @property
    def failed(self) -> bool:
        """Tell whether anything failed."""
        return any(line.result is Result.FAILED for line in self.lines)


class ClientFileInvalid(ChanomaError):
    """The file that describes the client cannot be used: file and what is wrong with it."""

    code = "platform.client_file"

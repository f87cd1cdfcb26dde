"""Requests that wait for a person elsewhere: device grant (RFC 8628), CIBA (poll), and pushed authorization requests (RFC 9126).

A request is made by a client, decided by a person (on a phone's page, on the television, or by `POST /_sim/decide`), and taken up once by the
client that made it.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from simulators.database import Database, Row
from simulators.platform.clients import Client
from simulators.platform.keys import Randomness
from simulators.platform.sessions import SignIn
from simulators.tokens import sha256_b64url
from simulators.web import Clock, Problem

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""RFC 8628, clause 6.1: no vowels, so no words; 20 to the eighth is 34.5 bits."""
_WRONG_MOST = 5
"""Wrong numbers to match, or wrong codes in a minute, after which no more are looked at."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS pending (
    handle TEXT PRIMARY KEY, kind TEXT NOT NULL, client_id TEXT NOT NULL, jkt TEXT, scope TEXT NOT NULL, nonce TEXT,
    user_code TEXT UNIQUE, number TEXT, wrong INTEGER NOT NULL DEFAULT 0, message TEXT, for_person TEXT,
    details TEXT NOT NULL, expires INTEGER NOT NULL, interval INTEGER NOT NULL, polled REAL, state TEXT NOT NULL,
    person TEXT, auth_time INTEGER, amr TEXT, revocation TEXT
);
CREATE TABLE IF NOT EXISTS wrong_codes (at INTEGER NOT NULL);
"""


class Kind(Enum):
    """What waits."""

    DEVICE = "device"
    CIBA = "ciba"
    PUSHED = "pushed"
    CODE = "code"


class State(Enum):
    """How far it is."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    USED = "used"


@dataclass
class Policy:
    """How long requests wait and how often they may be asked about (seconds); tests shorten it."""

    expires_in: int = 300
    interval: int = 5


@dataclass(frozen=True)
class Waiting:
    """A request as who decides sees it."""

    handle: str
    kind: Kind
    client_id: str
    jkt: str | None
    scope: str
    message: str
    number: str
    details: Mapping[str, str]
    expires: int


class Pending:
    """The requests that wait."""

    def __init__(self, db: Database, randomness: Randomness, clock: Clock) -> None:
        self._db, self._random, self._clock = db, randomness, clock
        self.policy = Policy()

    def _now(self) -> int:
        return int(self._clock().timestamp())

    # -- made by a client

    def device(self, client: Client, jkt: str | None, scope: str) -> dict[str, object]:
        """Take a device authorization request; gives its answer but for the addresses (RFC 8628, clause 3.2)."""
        drawn = self._random.bytes(9)
        code = "".join(_LETTERS[byte % 20] for byte in drawn[:8])
        number = f"{10 + drawn[8] % 90}"
        handle = self._add(Kind.DEVICE, client, jkt, scope, user_code=code, number=number)
        return {
            "device_code": handle,
            "user_code": f"{code[:4]}-{code[4:]}",
            "expires_in": self.policy.expires_in,
            "interval": self.policy.interval,
            "match_number": number,
        }

    def ciba(self, client: Client, jkt: str | None, scope: str, person: str, message: str) -> dict[str, object]:
        """Take a backchannel authentication request for a person (CIBA Core 1.0, clause 7.3)."""
        handle = self._add(Kind.CIBA, client, jkt, scope, person=person, message=message)
        return {"auth_req_id": handle, "expires_in": self.policy.expires_in, "interval": self.policy.interval}

    def push(self, client: Client, jkt: str | None, form: Mapping[str, str]) -> dict[str, object]:
        """Take a pushed authorization request; refuses what an authorization request would be refused for."""
        if form.get("response_type") != "code":
            raise Problem(400, "unsupported_response_type", "code")
        if "request_uri" in form:
            raise Problem(400, "invalid_request", "request_uri (RFC 9126, clause 2.1)")
        if form.get("redirect_uri") not in client.redirect_uris:
            raise Problem(400, "invalid_request", "redirect_uri")
        if form.get("code_challenge_method") != "S256" or len(form.get("code_challenge", "")) != 43:
            raise Problem(400, "invalid_request", "PKCE with S256 is needed")
        wanted = ("redirect_uri", "state", "code_challenge")
        details = {name: form[name] for name in wanted if form.get(name)}
        bound = form.get("dpop_jkt") or jkt
        handle = self._add(
            Kind.PUSHED, client, bound, form.get("scope", ""), nonce=form.get("nonce"), details=details, life=60
        )
        return {"request_uri": f"urn:ietf:params:oauth:request_uri:{handle}", "expires_in": 60}

    def _add(
        self, kind: Kind, client: Client, jkt: str | None, scope: str, *, user_code: str | None = None,
        number: str | None = None, person: str | None = None, message: str = "", nonce: str | None = None,
        details: Mapping[str, str] | None = None, life: int | None = None,
    ) -> str:  # fmt: skip
        if "openid" not in scope.split():
            raise Problem(400, "invalid_scope", "openid")
        handle, now = self._random.text(32), self._now()
        with self._db:
            self._db.execute("DELETE FROM pending WHERE expires < ?", (now - 3600,))
            self._db.execute(
                "INSERT INTO pending VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, NULL, 'pending', NULL, NULL, NULL, NULL)",
                (
                    handle, kind.value, client.client_id, jkt, scope, nonce, user_code, number, message, person,
                    json.dumps(dict(details or {})), now + (life or self.policy.expires_in), self.policy.interval,
                ),
            )  # fmt: skip
        return handle

    # -- decided by a person

    def by_user_code(self, text: str) -> Waiting:
        """Find a device grant by what the person read off the television. Raises Problem 404, or 429 after too many."""
        code = "".join(letter for letter in text.upper() if letter in _LETTERS)
        now = self._now()
        with self._db:
            self._db.execute("DELETE FROM wrong_codes WHERE at < ?", (now - 60,))
        if self._db.execute("SELECT count(*) AS n FROM wrong_codes").fetchone()["n"] >= _WRONG_MOST:
            raise Problem(429, "too_many_requests", headers={"Retry-After": "60"})
        row = self._db.execute(
            "SELECT * FROM pending WHERE user_code = ? AND state = 'pending' AND expires > ?", (code, now)
        ).fetchone()
        if row is None:
            with self._db:
                self._db.execute("INSERT INTO wrong_codes VALUES (?)", (now,))
            raise Problem(404, "user_code_unknown")
        return _waiting(row)

    def by_request_uri(self, uri: str, client_id: str) -> Waiting:
        """Find a pushed authorization request. Raises Problem."""
        row = self._row(uri.rpartition(":")[2])
        if row is None or row["kind"] != "pushed" or row["client_id"] != client_id:
            raise Problem(400, "invalid_request_uri")
        if row["state"] != "pending" or row["expires"] <= self._now():
            raise Problem(400, "invalid_request_uri", "used or expired")
        return _waiting(row)

    def by_handle(self, handle: str) -> Waiting | None:
        """Find a request that still waits."""
        row = self._row(handle)
        return _waiting(row) if row and row["state"] == "pending" and row["expires"] > self._now() else None

    def settled(self, handle: str, person: str, state: State) -> bool:
        """Tell whether a person has decided so already: an answer that got lost may be given again."""
        row = self._row(handle)
        good = (state.value, State.USED.value) if state is State.APPROVED else (state.value,)
        return row is not None and row["for_person"] == person and row["state"] in good

    def all(self) -> list[Waiting]:
        """Return everything that waits."""
        rows = self._db.execute(
            "SELECT * FROM pending WHERE state = 'pending' AND expires > ? ORDER BY rowid", (self._now(),)
        )
        return [_waiting(row) for row in rows]

    def asked_of(self, person: str) -> list[Waiting]:
        """Return what a person is asked to confirm (CIBA)."""
        rows = self._db.execute(
            "SELECT * FROM pending WHERE for_person = ? AND state = 'pending' AND expires > ? ORDER BY rowid",
            (person, self._now()),
        )
        return [_waiting(row) for row in rows]

    def decide(self, waiting: Waiting, who: SignIn | None, number: str = "") -> str | None:
        """Settle a request: approved by `who`, or denied with None; for a pushed one gives the authorization code.

        Raises Problem `number_wrong` when the number that the television shows was not the one given; `gone` when too late.
        """
        if who is not None and waiting.number and not hmac.compare_digest(number.encode(), waiting.number.encode()):
            with self._db:
                self._db.execute("UPDATE pending SET wrong = wrong + 1 WHERE handle = ?", (waiting.handle,))
                self._db.execute(
                    "UPDATE pending SET state = 'denied' WHERE handle = ? AND wrong >= ?", (waiting.handle, _WRONG_MOST)
                )
            raise Problem(400, "number_wrong")
        state = State.DENIED if who is None else State.APPROVED
        decided = (who.person, who.auth_time, " ".join(who.amr), who.revocation) if who else (None, None, None, None)
        with self._db:
            done = self._db.execute(
                "UPDATE pending SET state = ?, person = ?, auth_time = ?, amr = ?, revocation = ? WHERE handle = ? AND state = 'pending'"
                " AND expires > ?",
                (state.value, *decided, waiting.handle, self._now()),
            )
        if done.rowcount != 1:
            raise Problem(410, "gone")
        if waiting.kind is not Kind.PUSHED or who is None:
            return None
        code = self._random.text(32)
        with self._db:
            self._db.execute(
                "INSERT INTO pending SELECT ?, 'code', client_id, jkt, scope, nonce, NULL, NULL, 0, '', NULL, details, ?,"
                " 0, NULL, 'approved', person, auth_time, amr, revocation FROM pending WHERE handle = ?",
                (sha256_b64url(code.encode()), self._now() + 60, waiting.handle),
            )
        return code

    # -- taken up by the client

    def poll(self, kind: Kind, handle: str, client: Client, jkt: str) -> tuple[SignIn, str]:
        """Give who approved and the scope, once. Raises Problem: authorization_pending, slow_down, expired_token, access_denied."""
        row = self._row(handle)
        if row is None or row["kind"] != kind.value or row["client_id"] != client.client_id:
            raise Problem(400, "invalid_grant")
        if row["jkt"] is not None and row["jkt"] != jkt:
            raise Problem(400, "invalid_grant", "made by another device")
        now = self._clock().timestamp()
        if row["state"] == "used":
            raise Problem(400, "invalid_grant", "used before")
        if row["expires"] <= now:
            raise Problem(400, "expired_token")
        early = row["polled"] is not None and now < row["polled"] + row["interval"] - 0.5
        with self._db:
            # Once: the client adds as much each time that it is told, and shall catch up.
            slower = 5 if early and row["interval"] == self.policy.interval else 0
            self._db.execute(
                "UPDATE pending SET polled = ?, interval = interval + ? WHERE handle = ?", (now, slower, handle)
            )
        if early:
            raise Problem(400, "slow_down")
        if row["state"] == "denied":
            raise Problem(400, "access_denied")
        if row["state"] == "pending":
            raise Problem(400, "authorization_pending")
        return self._take(row), row["scope"]

    def redeem(self, form: Mapping[str, str], client: Client, jkt: str) -> tuple[SignIn, str, str | None]:
        """Give who approved, the scope and the nonce for an authorization code, once (RFC 6749, clause 4.1.3; RFC 7636)."""
        row = self._row(sha256_b64url(form.get("code", "").encode()))
        if row is None or row["kind"] != "code" or row["client_id"] != client.client_id:
            raise Problem(400, "invalid_grant", "code")
        if row["state"] != "approved" or row["expires"] <= self._now():
            raise Problem(400, "invalid_grant", "used or expired")
        if row["jkt"] is not None and row["jkt"] != jkt:
            raise Problem(400, "invalid_grant", "dpop_jkt")
        who = self._take(row)  # whatever is wrong with the rest: a code is good for one try
        details = json.loads(row["details"])
        if form.get("redirect_uri") != details["redirect_uri"]:
            raise Problem(400, "invalid_grant", "redirect_uri")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != details["code_challenge"]:
            raise Problem(400, "invalid_grant", "code_verifier")
        return who, row["scope"], row["nonce"]

    def _take(self, row: Row) -> SignIn:
        with self._db:
            self._db.execute("UPDATE pending SET state = 'used' WHERE handle = ?", (row["handle"],))
        return SignIn(row["person"], row["auth_time"], tuple(row["amr"].split()), revocation=row["revocation"] or "")

    def _row(self, handle: str) -> Row | None:
        row: Row | None = self._db.execute("SELECT * FROM pending WHERE handle = ?", (handle,)).fetchone()
        return row


def _waiting(row: Row) -> Waiting:
    return Waiting(
        row["handle"], Kind(row["kind"]), row["client_id"], row["jkt"], row["scope"], row["message"] or "", row["number"] or "",
        json.loads(row["details"]), row["expires"],
    )  # fmt: skip

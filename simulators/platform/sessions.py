"""Sign-ins that last: tokens made for them, refreshed with rotation (RFC 6749, clause 6; RFC 9700, clause 4.14.2), revoked (RFC 7009)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from simulators.database import Database
from simulators.faults import Faults
from simulators.platform.clients import Client
from simulators.platform.keys import Keys, Randomness
from simulators.platform.levels import checked
from simulators.platform.lies import Lie
from simulators.platform.store import Store
from simulators.tokens import AccessClaims, Confirmation, read_access_token, sha256_b64url, sign_es256
from simulators.web import Clock, Problem

LIFE = timedelta(seconds=600)
"""Of an access token."""
SESSION = timedelta(seconds=3600)
"""From the sign-in until no refresh prolongs it any more."""
GRACE = timedelta(seconds=60)
"""Within which a refresh token is answered again when its answer got lost."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    sid TEXT PRIMARY KEY, person TEXT NOT NULL, client_id TEXT NOT NULL, sub TEXT NOT NULL, jkt TEXT NOT NULL,
    acr TEXT NOT NULL, amr TEXT NOT NULL, auth_time INTEGER NOT NULL, scope TEXT NOT NULL, ended INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS refresh_tokens (
    token TEXT PRIMARY KEY, sid TEXT NOT NULL, parent TEXT, used INTEGER, made INTEGER NOT NULL
);
"""


@dataclass(frozen=True)
class SignIn:
    """Who signed in, when, and how (RFC 8176): `amr` has `mca` when it was over another device than the one that gets the tokens."""

    person: str
    auth_time: int
    amr: tuple[str, ...] = ("sc", "pin")
    acr: str = "authenticated"
    revocation: str = ""
    """What says that the certificate is good, as JSON for the ID token; empty when a session vouches for it."""


class Sessions:
    """Make, renew and end what a sign-in gives."""

    def __init__(
        self, issuer: str, db: Database, keys: Keys, store: Store, randomness: Randomness, faults: Faults,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._issuer, self._db, self._keys, self._store = issuer, db, keys, store
        self._random, self._faults, self._clock = randomness, faults, clock
        self.on_end: Callable[[str], None] = lambda sid: None
        """Called with each session that ended, once it has."""

    def _now(self) -> int:
        return int(self._clock().timestamp())

    def begin(
        self, who: SignIn, client: Client, jkt: str, scope: str, nonce: str | None, more: Mapping[str, object]
    ) -> dict[str, object]:
        """Answer a grant: tokens of a new session; `more` are further claims of the ID token."""
        sid, sub = self._random.text(), self._store.subject(who.person, client.sector)
        with self._db:
            self._db.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                (sid, who.person, client.client_id, sub, jkt, who.acr, " ".join(who.amr), who.auth_time, scope),
            )
            if who.revocation:
                checked(self._db, sid, json.loads(who.revocation))
        now = self._now()
        identity = {
            "iss": self._issuer, "sub": sub, "aud": self._faults.told(Lie.AUDIENCE, client.client_id), "iat": now, "exp": now + LIFE.seconds,
            "auth_time": who.auth_time, "acr": who.acr, "amr": list(who.amr), "sid": sid,
            **({"nonce": nonce} if nonce else {}), **more,
            **({"revocation": json.loads(who.revocation)} if who.revocation else {}),
        }  # fmt: skip
        return {**self._tokens(sid, None), "id_token": self._sign("JWT", identity)}

    def refresh(self, form: Mapping[str, str], client: Client, jkt: str) -> dict[str, object]:
        """Answer a refresh token with fresh tokens; one that was used before ends the session, unless its answer got lost."""
        hashed = sha256_b64url(form.get("refresh_token", "").encode())
        row = self._db.execute(
            "SELECT r.used, s.* FROM refresh_tokens r JOIN sessions s USING (sid) WHERE r.token = ?", (hashed,)
        ).fetchone()
        if row is None or row["client_id"] != client.client_id:
            raise Problem(400, "invalid_grant", "refresh_token")
        if row["jkt"] != jkt:
            raise Problem(400, "invalid_grant", "another device's key")
        now = self._now()
        if row["ended"] or now >= row["auth_time"] + SESSION.seconds:
            raise Problem(400, "invalid_grant", "the session has ended")
        if row["used"] is not None:
            later = self._db.execute(
                "SELECT 1 FROM refresh_tokens WHERE parent = ? AND used IS NOT NULL", (hashed,)
            ).fetchone()
            if later or now > row["used"] + GRACE.seconds:
                self.end(row["sid"])
                raise Problem(400, "invalid_grant", "used before: the session was ended")
        else:
            with self._db:
                self._db.execute("UPDATE refresh_tokens SET used = ? WHERE token = ?", (now, hashed))
        asked = form.get("scope", "").split()
        if not set(asked) <= set(row["scope"].split()):
            raise Problem(400, "invalid_scope", "more than was granted")
        return self._tokens(row["sid"], hashed)

    def read(self, token: str) -> AccessClaims:
        """Check an access token for the platform itself; ValueError says what is wrong."""
        claims = read_access_token(
            token, self._keys.key_of(token), issuer=self._issuer, audience=self._issuer, clock=self._clock
        )
        row = self._db.execute("SELECT ended FROM sessions WHERE sid = ?", (claims.sid,)).fetchone()
        if row is None or row["ended"]:
            raise ValueError("the session has ended")
        return claims

    def read_late(self, token: str, late: timedelta) -> AccessClaims:
        """Check an access token that may have expired so long ago, and whose session may have ended; ValueError says what is wrong."""
        key = self._keys.key_of(token)
        return read_access_token(
            token, key, issuer=self._issuer, audience=self._issuer, clock=lambda: self._clock() - late
        )

    def revoke(self, token: str, client: Client) -> None:
        """End the session of a token of this client's; of any other token nothing is said (RFC 7009, clause 2.2)."""
        row = self._db.execute(
            "SELECT sid FROM refresh_tokens JOIN sessions USING (sid) WHERE token = ? AND client_id = ?",
            (sha256_b64url(token.encode()), client.client_id),
        ).fetchone()
        if row is not None:
            self.end(row["sid"])
            return
        try:
            claims = self.read(token)
        except ValueError:
            return
        if claims.client_id == client.client_id:
            self.end(claims.sid)

    def end(self, sid: str) -> None:
        """End a session: none of its tokens is taken here any more."""
        self.on_end(
            sid
        )  # first: a session that is still open is ended again, one that has ended would be told to nobody
        with self._db:
            self._db.execute("UPDATE sessions SET ended = 1 WHERE sid = ?", (sid,))

    def end_all(self, person: str) -> None:
        """End every session of a person, wherever it is."""
        for row in self._db.execute("SELECT sid FROM sessions WHERE person = ? AND ended = 0", (person,)).fetchall():
            self.end(row["sid"])

    def end_of(self, person: str, jkt: str | None = None) -> None:
        """End a person's sessions, all of them or those at one box."""
        rows = self._db.execute("SELECT sid, jkt FROM sessions WHERE person = ? AND ended = 0", (person,)).fetchall()
        for row in rows:
            if jkt in (None, row["jkt"]):
                self.end(row["sid"])

    def end_of_client(self, client_id: str) -> None:
        """End every session of a client."""
        query = "SELECT sid FROM sessions WHERE client_id = ? AND ended = 0"
        for row in self._db.execute(query, (client_id,)).fetchall():
            self.end(row["sid"])

    def _tokens(self, sid: str, parent: str | None) -> dict[str, object]:
        row = self._db.execute("SELECT * FROM sessions WHERE sid = ?", (sid,)).fetchone()
        now, refresh = self._now(), self._random.text(32)
        with self._db:
            self._db.execute(
                "INSERT INTO refresh_tokens VALUES (?, ?, ?, NULL, ?)",
                (sha256_b64url(refresh.encode()), sid, parent, now),
            )
        access = AccessClaims(
            iss=self._issuer, sub=row["sub"], aud=self._issuer, client_id=row["client_id"], iat=now,
            exp=min(now + LIFE.seconds, row["auth_time"] + SESSION.seconds), jti=self._random.text(),
            auth_time=row["auth_time"], acr=row["acr"], cnf=Confirmation(self._faults.told(Lie.DEVICE, row["jkt"])), scope=row["scope"], sid=sid,
            amr=row["amr"].split(),
        )  # fmt: skip
        return {
            "access_token": self._sign("at+jwt", msgspec.to_builtins(access)),
            "token_type": "DPoP",
            "expires_in": access.exp - now,
            "scope": row["scope"],
            "refresh_token": refresh,
        }

    def _sign(self, typ: str, claims: Mapping[str, object]) -> str:
        return sign_es256(self._keys.signing, self._keys.signing_id, typ, claims)

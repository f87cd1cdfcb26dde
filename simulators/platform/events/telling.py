"""Telling boxes what happened: an event is written down on each stream that asked for its type, and stays until the box has settled it."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping
from enum import Enum

from simulators.database import Database, Row
from simulators.platform.events.kinds import EventType, audience, link_subject
from simulators.platform.keys import Keys, Randomness
from simulators.platform.sessions import Sessions
from simulators.platform.store import Store
from simulators.tokens import sign_es256
from simulators.web import Clock

SCHEMA = """
CREATE TABLE IF NOT EXISTS stream_tokens (
    token TEXT PRIMARY KEY, client_id TEXT NOT NULL, jkt TEXT NOT NULL, scope TEXT NOT NULL, expires INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS streams (
    stream_id TEXT PRIMARY KEY, client_id TEXT NOT NULL, jkt TEXT NOT NULL, sector TEXT NOT NULL,
    requested TEXT NOT NULL, verified INTEGER NOT NULL, UNIQUE (client_id, jkt)
);
CREATE TABLE IF NOT EXISTS security_events (
    jti TEXT PRIMARY KEY, stream_id TEXT NOT NULL, position INTEGER NOT NULL, claims TEXT NOT NULL, state TEXT NOT NULL,
    err TEXT
);
"""


class State(Enum):
    """How far an event is: not acknowledged yet, acknowledged, or said to be wrong by the receiver."""

    WAITING = "waiting"
    TAKEN = "taken"
    REFUSED = "refused"


class Events:
    """What the rest of the platform tells boxes, and how far that is."""

    def __init__(
        self, issuer: str, db: Database, keys: Keys, sessions: Sessions, store: Store, randomness: Randomness, clock: Clock
    ) -> None:  # fmt: skip
        self._issuer, self._db, self._keys, self._sessions = issuer, db, keys, sessions
        self._store, self._random, self._clock = store, randomness, clock
        self.news: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        """Set for a stream when there is something new on it."""

    def tell(self, to: str, event_type: str, subject: Mapping[str, object], /, **claims: object) -> list[str]:
        """Tell a box that something happened; gives the `jti` of each SET (none where no stream asked for this type).

        `to` is the thumbprint of a box's device key, or a client_id: every box of that client. `event_type` is the URI
        that stands in `events` (`EventType.X.value`). `subject` is the SET's `sub_id` (RFC 9493): `link_subject`,
        `session_subject`. `claims` are the event's own (`initiating_entity`, `change_type` …); `event_timestamp` is now
        unless given.
        """
        rows = self._db.execute(
            "SELECT * FROM streams WHERE jkt = ? OR client_id = ? ORDER BY stream_id", (to, to)
        ).fetchall()
        asked = [row for row in rows if event_type in json.loads(row["requested"])]
        return [self.put(row, event_type, subject, claims) for row in asked]

    def tell_person(self, person: str, event_type: str, link_id: str = "", /, **claims: object) -> list[str]:
        """Tell every box at which a person ever signed in what happened to the person's link; as `tell` for the rest.

        `person` is the platform's own name of the person (`Store.person`, `Store.person_under`). The subject is the
        link `link_id`, by default the one there is; without any, the person as that box's client knows them.
        """
        link = self._store.link_of(person)
        name = link_id or (link.link_id if link else "")
        found: list[str] = []
        rows = self._db.execute(
            "SELECT DISTINCT jkt, client_id, sub FROM sessions WHERE person = ? ORDER BY jkt, client_id", (person,)
        ).fetchall()
        for row in rows:
            subject = link_subject(name) if name else self.person_subject(row["sub"])
            found += self.tell(row["jkt"], event_type, subject, **claims)
        return found

    def revoke_session(self, sid: str, by: str = "admin", **claims: object) -> list[str]:
        """End a session, and tell the box where it is; `by` is CAEP's `initiating_entity` (admin, user, policy, system)."""
        row = self._db.execute("SELECT jkt, sub FROM sessions WHERE sid = ?", (sid,)).fetchone()
        self._sessions.end(sid)
        subject = self.session_subject(row["sub"], sid)
        return self.tell(row["jkt"], EventType.SESSION_REVOKED.value, subject, initiating_entity=by, **claims)

    def end_of_client(self, client_id: str) -> None:
        """End a client's streams and their tokens; nothing waits for it any more."""
        streams = "SELECT stream_id FROM streams WHERE client_id = ?"
        with self._db:
            self._db.execute(f"DELETE FROM security_events WHERE stream_id IN ({streams})", (client_id,))
            for table in ("streams", "stream_tokens"):
                self._db.execute(f"DELETE FROM {table} WHERE client_id = ?", (client_id,))

    def person_subject(self, sub: str) -> dict[str, object]:
        """Name a person as a box's client does (RFC 9493, clause 3.2.3)."""
        return {"format": "iss_sub", "iss": self._issuer, "sub": sub}

    def session_subject(self, sub: str, sid: str) -> dict[str, object]:
        """Name one session of a person (a complex subject, SSF clause 3)."""
        session = {"format": "opaque", "id": sid}
        return {"format": "complex", "user": self.person_subject(sub), "session": session}

    def put(self, stream: Row, event_type: str, subject: Mapping[str, object], claims: Mapping[str, object]) -> str:
        """Write an event down on a stream, to be given when the box asks; gives its `jti`."""
        jti, now = self._random.text(), int(self._clock().timestamp())
        event = {**claims} if event_type == EventType.VERIFICATION.value else {"event_timestamp": now, **claims}
        told = {
            "iss": self._issuer, "aud": audience(stream["jkt"]), "iat": now, "jti": jti,
            "sub_id": dict(subject), "events": {event_type: event},
        }  # fmt: skip
        with self._db:
            last = self._db.execute("SELECT coalesce(max(position), 0) AS last FROM security_events").fetchone()
            self._db.execute(
                "INSERT INTO security_events VALUES (?, ?, ?, ?, ?, NULL)",
                (jti, stream["stream_id"], last["last"] + 1, json.dumps(told), State.WAITING.value),
            )
        self.news[stream["stream_id"]].set()
        return jti

    # -- what streams ask

    def settle(self, stream_id: str, jti: str, state: State, err: str | None) -> None:
        """Keep what a box says of an event, once; in the transaction of the caller."""
        self._db.execute(
            "UPDATE security_events SET state = ?, err = ? WHERE stream_id = ? AND jti = ? AND state = ?",
            (state.value, err, stream_id, jti, State.WAITING.value),
        )

    def waiting(self, stream_id: str) -> list[tuple[str, str]]:
        """Give `jti` and claims (JSON) of what waits on a stream, oldest first."""
        rows = self._db.execute(
            "SELECT jti, claims FROM security_events WHERE stream_id = ? AND state = ? ORDER BY position",
            (stream_id, State.WAITING.value),
        )
        return [(row["jti"], row["claims"]) for row in rows]

    def signed(self, claims: str) -> str:
        """Sign an event when it is given, so that a change of keys leaves none behind that nobody can check."""
        return sign_es256(self._keys.signing, self._keys.signing_id, "secevent+jwt", json.loads(claims))

"""What is written down of links' lives: who is suspended, follows whom, is a child; what was done once; and what ended, as evidence."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulators.database import Database
from simulators.platform.keys import Randomness
from simulators.platform.store import Store
from simulators.web import Clock, Problem, utc_text

SCHEMA = """
CREATE TABLE IF NOT EXISTS link_boxes (
    box TEXT PRIMARY KEY, person TEXT NOT NULL, jkt TEXT NOT NULL, client_id TEXT NOT NULL, since TEXT NOT NULL,
    used TEXT NOT NULL, UNIQUE (person, jkt)
);
CREATE TABLE IF NOT EXISTS box_places (jkt TEXT PRIMARY KEY, contract TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS suspensions (person TEXT PRIMARY KEY, since TEXT NOT NULL, who TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS successions (person TEXT PRIMARY KEY, predecessor TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS minors (person TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS service_uses (person TEXT, service TEXT, PRIMARY KEY (person, service));
CREATE TABLE IF NOT EXISTS link_ends (
    receipt TEXT PRIMARY KEY, link_id TEXT NOT NULL, act TEXT NOT NULL, at TEXT NOT NULL, services TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS link_acts (
    who TEXT, key TEXT, what TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (who, key)
);
CREATE TABLE IF NOT EXISTS wrong_contracts (jkt TEXT NOT NULL, at INTEGER NOT NULL);
"""


@dataclass(frozen=True)
class Records:
    """The tables that the parts of a link's life share."""

    db: Database
    store: Store
    randomness: Randomness
    clock: Clock

    def suspended(self, person: str) -> bool:
        """Tell whether somebody's card was reported lost."""
        return self._has("suspensions", person)

    def minor(self, person: str) -> bool:
        """Tell whether it is an under-15's card."""
        return self._has("minors", person)

    def mark_minor(self, person: str) -> None:
        """Keep that it is an under-15's card."""
        with self.db:
            self.db.execute("INSERT INTO minors VALUES (?) ON CONFLICT (person) DO NOTHING", (person,))

    def predecessor(self, person: str) -> str | None:
        """Give whose card's place somebody's card took, if it did."""
        row = self.db.execute("SELECT predecessor FROM successions WHERE person = ?", (person,)).fetchone()
        return str(row["predecessor"]) if row else None

    def contract(self, person: str) -> str:
        """Give the contract that somebody is linked under; empty for none."""
        row = self.db.execute("SELECT contract FROM links WHERE person = ?", (person,)).fetchone()
        return str(row["contract"]) if row else ""

    def whose(self, link_id: str) -> str | None:
        """Give whose link it is."""
        row = self.db.execute("SELECT person FROM links WHERE link_id = ?", (link_id,)).fetchone()
        return str(row["person"]) if row else None

    def kept(self, who: str, key: str, what: str) -> dict[str, object] | None:
        """Give what an act was answered, if it was done already. Raises Problem 422 if it was another act."""
        row = self.db.execute("SELECT what, body FROM link_acts WHERE who = ? AND key = ?", (who, key)).fetchone()
        if row is None:
            return None
        if row["what"] != what:
            raise Problem(422, "idempotency_key_reused")
        body: dict[str, object] = json.loads(row["body"])
        return body

    def keep(self, who: str, key: str, what: str, body: Mapping[str, object]) -> None:
        """Keep what an act was answered, in the transaction of the caller."""
        row = (who, key, what, json.dumps(body, ensure_ascii=False))
        self.db.execute("INSERT INTO link_acts VALUES (?, ?, ?, ?)", row)

    def receipt(self, link_id: str, act: str, services: Sequence[str]) -> dict[str, object]:
        """Write down that something ended, under eight digits that can be read out."""
        at = utc_text(self.clock())
        while True:
            drawn = hashlib.sha256(self.randomness.text().encode()).digest()
            receipt = f"{int.from_bytes(drawn[:8], 'big') % 10**8:08}"
            with self.db:
                row = (receipt, link_id, act, at, json.dumps(services))
                done = self.db.execute(
                    "INSERT INTO link_ends VALUES (?, ?, ?, ?, ?) ON CONFLICT (receipt) DO NOTHING", row
                )
            if done.rowcount == 1:
                return {"receipt": receipt, "ended_at": at, "services": list(services)}

    def _has(self, table: str, person: str) -> bool:
        return self.db.execute(f"SELECT 1 FROM {table} WHERE person = ?", (person,)).fetchone() is not None

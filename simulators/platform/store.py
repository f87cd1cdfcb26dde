"""What the platform keeps: persons, links, card nonces, what was used already, and what was used for pay."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum

from simulators.database import Database
from simulators.platform.keys import Keys, Randomness
from simulators.platform.seed import SCHEMA, Operator
from simulators.tokens import SCHEMA as PROOFS
from simulators.web import Clock, utc_text

NONCE_LIFE = timedelta(seconds=120)
ALL = PROOFS + SCHEMA


class Category(Enum):
    """Who a use is paid to: running the system, the certification authority, the common platform."""

    SYSTEM = "system"
    JPKI = "jpki"
    PLATFORM = "platform"


@dataclass(frozen=True)
class Link:
    """A card's link to a Cable ID, as the box may know it."""

    link_id: str
    linked_at: str
    operator: str
    """What people call it."""

    def body(self) -> dict[str, str]:
        """Write it as the link API does."""
        return {"link_id": self.link_id, "linked_at": self.linked_at, "operator": self.operator}


@dataclass(frozen=True)
class Answer:
    """An answer of the link API."""

    status: int
    body: Mapping[str, object]


class Store:
    """The platform's tables. Cards are known by a keyed hash of issuer key and serial number, nothing else."""

    def __init__(
        self, db: Database, keys: Keys, randomness: Randomness, clock: Clock, operators: Sequence[Operator]
    ) -> None:
        self._titles = {it.name: it.title for it in operators}
        self._first = operators[0].name
        self._db, self._keys, self._random, self._clock = db, keys, randomness, clock
        with db:
            rows = [(c.number, it.name, c.area, c.plan) for it in operators for c in it.contracts]
            db.executemany("INSERT INTO contracts VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", rows)

    def _epoch(self) -> int:
        return int(self._clock().timestamp())

    def person(self, issuer_key: str, serial: int) -> str:
        """Return the person of a card, made the first time; `issuer_key` is the hash of the issuer's SPKI."""
        card = self._keys.pseudonym("card", issuer_key, f"{serial:x}")
        row = self._db.execute("SELECT person FROM persons WHERE card = ?", (card,)).fetchone()
        if row:
            return str(row["person"])
        person = self._random.text()
        with self._db:
            self._db.execute("INSERT INTO persons VALUES (?, ?)", (card, person))
        return person

    def subject(self, person: str, sector: str) -> str:
        """Return the person's pairwise subject for a sector (OpenID Connect Core 1.0, clause 8.1)."""
        sub = self._keys.pseudonym("sub", sector, person)
        with self._db:
            self._db.execute("INSERT INTO subjects VALUES (?, ?) ON CONFLICT DO NOTHING", (sub, person))
        return sub

    def person_of(self, sub: str) -> str | None:
        """Return whom a subject stands for."""
        row = self._db.execute("SELECT person FROM subjects WHERE sub = ?", (sub,)).fetchone()
        return str(row["person"]) if row else None

    def find_person(self, issuer_key: str, serial: int) -> str | None:
        """Return the person of a card that was seen before."""
        card = self._keys.pseudonym("card", issuer_key, f"{serial:x}")
        row = self._db.execute("SELECT person FROM persons WHERE card = ?", (card,)).fetchone()
        return str(row["person"]) if row else None

    def person_under(self, contract: str, operator: str | None = None) -> str | None:
        """Return who linked first under a contract, of this operator if one is named."""
        row = self._db.execute(
            "SELECT person FROM links WHERE contract = ? AND operator = coalesce(?, operator) ORDER BY linked_at, rowid",
            (contract, operator),
        ).fetchone()
        return str(row["person"]) if row else None

    def place_of(self, jkt: str | None, otherwise: str = "") -> str:
        """Say where a box stands: the area of the contract that somebody linked under there; `otherwise` when nobody did."""
        row = self._db.execute(
            "SELECT area FROM contracts JOIN box_places ON number = contract WHERE jkt = ?", (jkt,)
        ).fetchone()
        return str(row["area"]) if row else otherwise

    def link_of(self, person: str) -> Link | None:
        """Return the person's link, if there is one."""
        row = self._db.execute("SELECT * FROM links WHERE person = ?", (person,)).fetchone()
        return (
            Link(row["link_id"], row["linked_at"], self._titles.get(row["operator"], row["operator"])) if row else None
        )

    def link_once(
        self, person: str, key: str, contract: str, *, operator: str | None = None, charge: bool = True,
        allowed: Callable[[], Mapping[str, object] | None] = lambda: None,
    ) -> Answer:  # fmt: skip
        """Link a person to a Cable ID that is made now, in the name of a contract ("" for none); refuses by the answer.

        Who is linked without a contract gets one. `allowed` gives what the answer 409 says, None if nothing is against it.
        A box of an `operator` links under that one's contracts alone; another's are not known to it.
        The same idempotency key gives the same answer. Effect, answer and charge are kept together or not at all.
        """
        before = self._db.execute(
            "SELECT contract, body FROM link_requests WHERE person = ? AND key = ?", (person, key)
        ).fetchone()
        if before:
            if before["contract"] != contract:
                return Answer(422, {"error": "idempotency_key_reused"})
            return Answer(201, json.loads(before["body"]))
        owner = operator or self._first
        if contract:
            row = self._db.execute("SELECT operator FROM contracts WHERE number = ?", (contract,)).fetchone()
            if row is None or operator not in (None, row["operator"]):
                return Answer(404, {"error": "contract_not_found"})
            owner = str(row["operator"])
        if (refusal := allowed()) is not None:
            return Answer(409, refusal)
        before = self.link_of(person)
        title = self._titles.get(owner, owner)
        link = replace(before, operator=title) if before else Link(self._random.text(), utc_text(self._clock()), title)
        cable_id = self._random.text()
        with self._db:
            if before:
                self._db.execute(
                    "UPDATE links SET contract = ?, operator = ? WHERE person = ?", (contract, owner, person)
                )
            else:
                row = (person, cable_id, link.link_id, contract, link.linked_at, owner)
                self._db.execute("INSERT INTO links VALUES (?, ?, ?, ?, ?, ?)", row)
            body = json.dumps(link.body(), ensure_ascii=False)
            self._db.execute("INSERT INTO link_requests VALUES (?, ?, ?, ?)", (person, key, contract, body))
            if charge:
                self._charge(Category.PLATFORM, "link")
        return Answer(201, link.body())

    def new_nonce(self, jkt: str) -> str:
        """Make a card nonce for a device key: 256 bits, good for NONCE_LIFE, once."""
        nonce = self._random.text(32)
        now = self._epoch()
        with self._db:
            self._db.execute("DELETE FROM nonces WHERE expires < ?", (now,))
            self._db.execute("INSERT INTO nonces VALUES (?, ?, ?, 0)", (nonce, jkt, now + NONCE_LIFE.seconds))
        return nonce

    def use_nonce(self, nonce: str, jkt: str) -> bool:
        """Use a nonce up; False if it was not this key's, is too old or was used before."""
        with self._db:
            done = self._db.execute(
                "UPDATE nonces SET used = 1 WHERE nonce = ? AND jkt = ? AND used = 0 AND expires >= ?",
                (nonce, jkt, self._epoch()),
            )
        return done.rowcount == 1

    def use_assertion(self, jti: str, expires: int) -> bool:
        """Use an assertion up; False if it was used before."""
        with self._db:
            self._db.execute("DELETE FROM assertions WHERE expires < ?", (self._epoch(),))
            done = self._db.execute("INSERT INTO assertions VALUES (?, ?) ON CONFLICT DO NOTHING", (jti, expires))
        return done.rowcount == 1

    def give_back(self, nonce: str, jti: str) -> None:
        """Let nonce and assertion be shown again, because the check that they were used for could not be made."""
        with self._db:
            self._db.execute("UPDATE nonces SET used = 0 WHERE nonce = ?", (nonce,))
            self._db.execute("DELETE FROM assertions WHERE jti = ?", (jti,))

    def charge(self, category: Category, unit: str, count: int = 1) -> None:
        """Write a row of the cost ledger."""
        with self._db:
            self._charge(category, unit, count)

    def _charge(self, category: Category, unit: str, count: int = 1) -> None:
        row = (utc_text(self._clock()), category.value, unit, count)
        self._db.execute("INSERT INTO ledger VALUES (?, ?, ?, ?)", row)

    def ledger(self) -> list[dict[str, object]]:
        """Return the cost ledger, oldest first."""
        return [dict(row) for row in self._db.execute("SELECT at, category, unit, count FROM ledger ORDER BY rowid")]

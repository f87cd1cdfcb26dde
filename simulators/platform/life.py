"""The life of a link (`docs/cable-id-profile.md`, Link): the boxes a person uses, a renewed card, a lost one, and the end.

`POST /_sim/link-policy {"people_per_contract"?, "boxes_per_person"?, "without_contract"?, "adults_only"?}` is the operator's policy.
`POST /_sim/call-centre {"act": suspend|resume|end, "link_id" | "contract_number"}` is the operator's call centre, which has
made sure who calls; by contract number whoever linked first under it is meant.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

import msgspec
from aiohttp import web

from simulators import web as shared
from simulators.database import Database
from simulators.platform.clients import Client, Clients
from simulators.platform.events import Events, EventType, link_subject
from simulators.platform.front import Front
from simulators.platform.keys import Randomness
from simulators.platform.sessions import Sessions
from simulators.platform.store import Store
from simulators.tokens import AccessClaims, Place, Proofs, challenge, proof_key
from simulators.web import Clock, Problem, utc_text

LATE = timedelta(days=30)
"""How long after its token has expired an end that was confirmed with it is still taken."""
_WRONG_MOST, _WRONG_WITHIN = 5, timedelta(hours=1)
"""Contract numbers that a box may have wrong before it is not listened to, and within which time."""
_QUIET = {"Cache-Control": "no-store"}

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


class Standing(StrEnum):
    """How a card stands with its link: the own claim `link` of an ID token."""

    NONE = "none"
    LINKED = "linked"
    SUSPENDED = "suspended"
    REPLACES = "replaces"
    TOO_MANY_BOXES = "too_many_boxes"


class Policy(msgspec.Struct, forbid_unknown_fields=True):
    """What the operator allows, 0 for as many as may be. `adults_only`: services that an under-15's card does not open."""

    people_per_contract: int = 0
    boxes_per_person: int = 0
    without_contract: bool = True
    adults_only: list[str] = msgspec.field(default_factory=lambda: ["booking"])


class LinkBody(msgspec.Struct):
    """The body of a request to link."""

    contract_number: str = ""
    guardian: bool = False


class _LinkId(msgspec.Struct):
    link_id: str


class _Contract(msgspec.Struct):
    contract_number: str


class _Call(msgspec.Struct, forbid_unknown_fields=True):
    act: str
    link_id: str = ""
    contract_number: str = ""


@dataclass
class Life:
    """These endpoints, and what sign-in and token exchange ask of them."""

    db: Database
    store: Store
    sessions: Sessions
    front: Front
    clients: Clients
    proofs: Proofs
    events: Events
    randomness: Randomness
    clock: Clock
    linked_at_box: Callable[[web.Request, str], None]
    """Told of the request and the contract of every link that is made under one."""
    policy: Policy = field(default_factory=Policy)

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Give them all."""
        return (
            web.get("/link", self.show),
            web.post("/link", self.make),
            web.post("/link/replacement", self.replace),
            web.get("/link/boxes", self.boxes),
            web.delete("/link/boxes/{box}", self.end_box),
            web.post("/link/household", self.household),
            web.post("/link/suspension", self.suspend),
            web.post("/link/resumption", self.resume),
            web.post("/link/end", self.end),
            web.post("/link/release", self.release),
            web.post("/_sim/link-policy", self.set_policy),
            web.post("/_sim/call-centre", self.call_centre),
        )

    # -- what sign-in and token exchange ask

    def standing(self, person: str, jkt: str | None = None, client: Client | None = None) -> Standing:
        """Tell how a person stands; with a box (its key and client), which is theirs from then on if the policy allows it."""
        if self.store.link_of(person) is None:
            return Standing.REPLACES if self._predecessor(person) else Standing.NONE
        if self._suspended(person):
            return Standing.SUSPENDED
        if jkt is not None and client is not None and not self._take_box(person, jkt, client.client_id):
            return Standing.TOO_MANY_BOXES
        return Standing.LINKED

    def came_after(self, person: str, predecessor: str) -> None:
        """Keep that a new card takes the place of another person's, as the certification authority says."""
        if person == predecessor or self.store.link_of(person) or self.store.link_of(predecessor) is None:
            return
        with self.db:
            self.db.execute("DELETE FROM successions WHERE person = ?", (person,))
            self.db.execute("INSERT INTO successions VALUES (?, ?)", (person, predecessor))

    def allow(self, person: str, jkt: str, client: Client, service: str) -> None:
        """Let a token for a service be made, or not. Raises Problem 400 with the reason."""
        standing = self.standing(person, jkt, client)
        if standing is not Standing.LINKED:
            known = {Standing.SUSPENDED: "link_suspended", Standing.TOO_MANY_BOXES: "too_many_boxes"}
            raise Problem(400, "invalid_request", "link first", reason=known.get(standing, "link_required"))
        if service in self.policy.adults_only and self._has("minors", person):
            raise Problem(400, "invalid_request", "not for an under-15's card", reason="guardian_required")
        with self.db:
            self.db.execute(
                "INSERT INTO service_uses VALUES (?, ?) ON CONFLICT (person, service) DO NOTHING", (person, service)
            )

    # -- the link

    async def show(self, request: web.Request) -> web.Response:
        """Answer how the person is linked."""
        person, _ = self._person(request)
        link = self.store.link_of(person)
        if link is not None:
            state = "suspended" if self._suspended(person) else "linked"
            contract = bool(self._contract(person))
            return _json({"linked": True, **link.body(), "state": state, "contract": contract})
        before = self._predecessor(person)
        old = self.store.link_of(before) if before else None
        return _json({"linked": False, **({"replaces": _what(old.body())} if old else {})})

    async def make(self, request: web.Request) -> web.Response:
        """Link the person to a Cable ID, in the name of a contract or of none; the same idempotency key gives the same answer."""
        person, claims = self._person(request)
        key = _key(request)
        body = await shared.json_body(request, LinkBody)
        number = body.contract_number
        if number and not (len(number) == 10 and number.isascii() and number.isdigit()):
            raise Problem(400, "invalid_request", "contract_number has 10 digits")
        owner = self.clients.operator_at(proof_key(request).thumbprint())
        answer = self.store.link_once(
            person, key, number, operator=owner, allowed=lambda: self._refusal(person, number)
        )
        if answer.status == 201:
            jkt = claims.cnf.jkt
            self._take_box(person, jkt, claims.client_id)
            if body.guardian:
                self._mark_minor(person)
            if number:
                self.linked_at_box(request, number)
                with self.db:
                    self.db.execute("DELETE FROM box_places WHERE jkt = ?", (jkt,))
                    self.db.execute("INSERT INTO box_places VALUES (?, ?)", (jkt, number))
        return _json(answer.body, answer.status)

    def _refusal(self, person: str, number: str) -> dict[str, object] | None:
        """Say why somebody may not link, in the body of the answer 409."""
        link = self.store.link_of(person)
        if link is not None:
            contract = self._contract(person)
            if contract or not number:
                elsewhere = bool(number) and contract != number
                return {"error": "linked_elsewhere" if elsewhere else "already_linked", **_what(link.body())}
            if self._suspended(person):
                return {"error": "link_suspended"}
        if not number:
            return None if self.policy.without_contract else {"error": "contract_needed"}
        many = self.db.execute("SELECT count(*) AS many FROM links WHERE contract = ?", (number,)).fetchone()["many"]
        return {"error": "contract_full"} if 0 < self.policy.people_per_contract <= many else None

    def _mark_minor(self, person: str) -> None:
        with self.db:
            self.db.execute("INSERT INTO minors VALUES (?) ON CONFLICT (person) DO NOTHING", (person,))

    # -- a renewed card

    async def replace(self, request: web.Request) -> web.Response:
        """Let the new card take the old one's place: the person, and everything that hangs on it, stays."""
        person, claims = self._person(request)
        sub = claims.sub
        if (kept := self._kept(sub, key := _key(request), "replace")) is not None:
            return _json(kept)
        before = self._predecessor(person)
        link = self.store.link_of(before) if before else None
        if before is None or link is None:
            raise Problem(404, "nothing_to_replace")
        self.sessions.end_of(before)
        with self.db:
            self.db.execute("DELETE FROM persons WHERE person = ?", (before,))
            self.db.execute("UPDATE persons SET person = ? WHERE person = ?", (before, person))
            self.db.execute("UPDATE subjects SET person = ? WHERE person = ?", (before, person))
            self.db.execute("UPDATE sessions SET person = ? WHERE person = ?", (before, person))
            for table in ("suspensions", "minors"):
                self.db.execute(f"DELETE FROM {table} WHERE person = ?", (before,))
            self.db.execute("DELETE FROM successions WHERE person = ?", (person,))
            self._keep(sub, key, "replace", link.body())
        if (await shared.json_body(request, _Guardian)).guardian:
            self._mark_minor(before)
        self._tell_card(before, "update")
        return _json(link.body())

    def _predecessor(self, person: str) -> str | None:
        row = self.db.execute("SELECT predecessor FROM successions WHERE person = ?", (person,)).fetchone()
        return str(row["predecessor"]) if row else None

    # -- the boxes of a person

    async def boxes(self, request: web.Request) -> web.Response:
        """Answer the boxes where the person is known, this one first."""
        person, _ = self._person(request, active=True)
        here = proof_key(request).thumbprint()
        rows = self.db.execute("SELECT * FROM link_boxes WHERE person = ? ORDER BY since, box", (person,)).fetchall()
        found = [
            {
                "id": row["box"],
                "here": row["jkt"] == here,
                "operator": self.clients.title_at(row["jkt"]),
                "since": row["since"],
                "last_used": row["used"],
                **({"place": place} if (place := self.store.place_of(row["jkt"])) else {}),
            }
            for row in rows
        ]
        body = {"boxes": sorted(found, key=lambda it: not it["here"]), "most": self.policy.boxes_per_person}
        return _json(body)

    async def end_box(self, request: web.Request) -> web.Response:
        """End the person's use of a box: its sessions end, and it is told."""
        person, _ = self._person(request, active=True)
        row = self.db.execute(
            "SELECT jkt FROM link_boxes WHERE box = ? AND person = ?", (request.match_info["box"], person)
        ).fetchone()
        if row is None:
            raise Problem(404, "box_unknown")
        self._leave_box(person, row["jkt"])
        link = self.store.link_of(person)
        if link is not None:
            subject = link_subject(link.link_id)
            self.events.tell(row["jkt"], EventType.LINK_STATUS_CHANGE.value, subject, status="ended")
        return web.Response(status=204, headers=_QUIET)

    def _take_box(self, person: str, jkt: str, client_id: str) -> bool:
        now = utc_text(self.clock())
        with self.db:
            known = self.db.execute(
                "UPDATE link_boxes SET used = ? WHERE person = ? AND jkt = ?", (now, person, jkt)
            ).rowcount
            if known:
                return True
            many = self.db.execute("SELECT count(*) AS many FROM link_boxes WHERE person = ?", (person,)).fetchone()[
                "many"
            ]
            if 0 < self.policy.boxes_per_person <= many:
                return False
            row = (self.randomness.text(), person, jkt, client_id, now, now)
            self.db.execute("INSERT INTO link_boxes VALUES (?, ?, ?, ?, ?, ?)", row)
        return True

    def _leave_box(self, person: str, jkt: str) -> None:
        self.sessions.end_of(person, jkt)
        with self.db:
            self.db.execute("DELETE FROM link_boxes WHERE person = ? AND jkt = ?", (person, jkt))

    # -- a lost card

    async def household(self, request: web.Request) -> web.Response:
        """Answer the links of a contract that this box knows, to somebody without a card who knows the number."""
        form, jkt = await self._box(request)
        people = self._people_here(jkt, form.get("contract_number", ""))
        links = [(self.store.link_of(person), self._suspended(person)) for person in people]
        body = [
            {"link_id": link.link_id, "linked_at": link.linked_at, "state": "suspended" if stopped else "linked"}
            for link, stopped in links
            if link
        ]
        return _json({"links": body})

    async def suspend(self, request: web.Request) -> web.Response:
        """Suspend a link of this box: by the contract number, or by another person of the same contract who is signed in."""
        key = _key(request)
        if "Authorization" in request.headers:
            member, _ = self._person(request, active=True)
            form = _strings(await request.post())
            jkt = proof_key(request).thumbprint()
            contract = self._contract(member)
            people = self._people_here(jkt, contract) if contract else [member]
            who = "member"
        else:
            form, jkt = await self._box(request)
            people, who = self._people_here(jkt, form.get("contract_number", "")), "contract_number"
        link_id = form.get("link_id", "")
        if (kept := self._kept(jkt, key, f"suspend {link_id}")) is not None:
            return _json(kept)
        person = self._whose(link_id)
        if person is None or person not in people:
            raise Problem(404, "link_unknown")
        body = self._suspend(person, who)
        with self.db:
            self._keep(jkt, key, f"suspend {link_id}", body)
        return _json(body)

    async def resume(self, request: web.Request) -> web.Response:
        """Take a suspension back: the card is there again, at a box of its own household, and somebody knows the contract number."""
        person, claims = self._person(request)
        sub = claims.sub
        number = (await shared.json_body(request, _Contract)).contract_number
        if (kept := self._kept(sub, key := _key(request), "resume")) is not None:
            return _json(kept)
        link = self.store.link_of(person)
        if link is None:
            raise Problem(404, "link_unknown")
        jkt = proof_key(request).thumbprint()
        if person not in self._people_here(jkt, number):
            raise Problem(404, "link_unknown")
        self._resume(person, link.link_id)
        with self.db:
            self._keep(sub, key, "resume", link.body())
        return _json(link.body())

    def _suspend(self, person: str, who: str) -> dict[str, object]:
        since = utc_text(self.clock())
        with self.db:
            self.db.execute(
                "INSERT INTO suspensions VALUES (?, ?, ?) ON CONFLICT (person) DO NOTHING", (person, since, who)
            )
            since = self.db.execute("SELECT since FROM suspensions WHERE person = ?", (person,)).fetchone()["since"]
        self.sessions.end_of(person)
        self._tell_card(person, "revoke")
        return {"state": "suspended", "suspended_at": since}

    def _tell_card(self, person: str, change: str) -> None:
        """Tell a person's boxes what became of the card (CAEP 1.0, credential change)."""
        claims = {"credential_type": "x509", "change_type": change}
        self.events.tell_person(person, EventType.CREDENTIAL_CHANGE.value, **claims)

    def _resume(self, person: str, link_id: str) -> None:
        with self.db:
            self.db.execute("DELETE FROM suspensions WHERE person = ?", (person,))
        self.events.tell_person(person, EventType.LINK_STATUS_CHANGE.value, link_id, status="active")

    def _people_here(self, jkt: str, contract: str) -> Sequence[str]:
        """Give who is linked under a contract and known at a box. Raises Problem 404, 429 after too many wrong numbers."""
        now = int(self.clock().timestamp())
        since = now - int(_WRONG_WITHIN.total_seconds())
        wrong = self.db.execute(
            "SELECT count(*) AS wrong, min(at) AS first FROM wrong_contracts WHERE jkt = ? AND at > ?", (jkt, since)
        ).fetchone()
        if wrong["wrong"] >= _WRONG_MOST:
            raise Problem(429, "too_many_requests", headers={"Retry-After": str(wrong["first"] - since)})
        rows = self.db.execute(
            "SELECT person FROM links JOIN link_boxes USING (person) WHERE contract = ? AND jkt = ? ORDER BY linked_at",
            (contract, jkt),
        ).fetchall()
        if not rows or not contract:
            with self.db:
                self.db.execute("DELETE FROM wrong_contracts WHERE at <= ?", (since,))
                self.db.execute("INSERT INTO wrong_contracts VALUES (?, ?)", (jkt, now))
            raise Problem(404, "contract_not_found")
        return [str(row["person"]) for row in rows]

    # -- the end

    async def end(self, request: web.Request) -> web.Response:
        """End the link for good, everywhere: it may be told late, what counts is that the person confirmed it with a token that was good then."""
        claims = self.front.claims_late(request, LATE)
        link_id = (await shared.json_body(request, _LinkId)).link_id
        if (kept := self._kept(claims.sub, key := _key(request), f"end {link_id}")) is not None:
            return _json(kept)
        person = self.store.person_of(claims.sub)
        if person is None or self._whose(link_id) != person:
            raise Problem(404, "link_unknown")
        if self._suspended(person):
            raise Problem(409, "link_suspended")
        body = self._end(person, link_id)
        with self.db:
            self._keep(claims.sub, key, f"end {link_id}", body)
        return _json(body)

    async def release(self, request: web.Request) -> web.Response:
        """Let a box forget a link, the person's others stay: it was given away, erased, or somebody moved out."""
        form, jkt = await self._box(request)
        link_id = form.get("link_id", "")
        if (kept := self._kept(jkt, key := _key(request), f"release {link_id}")) is not None:
            return _json(kept)
        person = self._whose(link_id)
        here = (
            person
            and self.db.execute("SELECT 1 FROM link_boxes WHERE person = ? AND jkt = ?", (person, jkt)).fetchone()
        )
        if not person or not here:
            raise Problem(404, "link_unknown")
        self._leave_box(person, jkt)
        body = self._receipt(link_id, "release", ())
        with self.db:
            self._keep(jkt, key, f"release {link_id}", body)
        return _json(body)

    def _end(self, person: str, link_id: str) -> dict[str, object]:
        """Forget the person: who links this card again is somebody new to every service."""
        rows = self.db.execute("SELECT service FROM service_uses WHERE person = ? ORDER BY service", (person,))
        services = tuple(str(row["service"]) for row in rows)
        self.events.tell_person(person, EventType.LINK_STATUS_CHANGE.value, link_id, status="ended")
        self.sessions.end_of(person)
        body = self._receipt(link_id, "end", services)
        with self.db:
            for table in ("links", "persons", "subjects", "link_boxes", "suspensions", "minors", "service_uses"):
                self.db.execute(f"DELETE FROM {table} WHERE person = ?", (person,))
            self.db.execute("DELETE FROM successions WHERE predecessor = ?", (person,))
        return body

    def _receipt(self, link_id: str, act: str, services: Sequence[str]) -> dict[str, object]:
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

    # -- the operator

    async def set_policy(self, request: web.Request) -> web.Response:
        """Set the operator's policy (`POST /_sim/link-policy`)."""
        self.policy = await shared.json_body(request, Policy)
        return web.Response(status=204)

    async def call_centre(self, request: web.Request) -> web.Response:
        """Do what somebody asked for on the telephone (`POST /_sim/call-centre`)."""
        call = await shared.json_body(request, _Call)
        person = self._whose(call.link_id) if call.link_id else self.store.person_under(call.contract_number)
        link = self.store.link_of(person) if person else None
        if person is None or link is None:
            raise Problem(404, "link_unknown")
        match call.act:
            case "suspend":
                return _json(self._suspend(person, "call_centre"))
            case "resume":
                self._resume(person, link.link_id)
                return _json(link.body())
            case "end":
                return _json(self._end(person, link.link_id))
        raise Problem(400, "invalid_request", "act")

    # -- what these share

    def _person(self, request: web.Request, *, active: bool = False) -> tuple[str, AccessClaims]:
        """Give whose access token a request has, and its claims; `active`: their link must not be suspended."""
        claims = self.front.claims(request)
        if "link" not in claims.scope.split():
            raise Problem(403, "insufficient_scope", headers=challenge("insufficient_scope", scope="link"))
        person = self.front.person(claims)
        if active and (self.store.link_of(person) is None or self._suspended(person)):
            raise Problem(409, "link_suspended" if self._suspended(person) else "not_linked")
        return person, claims

    async def _box(self, request: web.Request) -> tuple[dict[str, str], str]:
        """Give the form of a box that asks in its own name, and its key."""
        jkt = self.proofs.check(request, Place.RESOURCE)
        form = _strings(await request.post())
        self.clients.of(form, jkt)
        return form, jkt

    def _has(self, table: str, person: str) -> bool:
        return self.db.execute(f"SELECT 1 FROM {table} WHERE person = ?", (person,)).fetchone() is not None

    def _suspended(self, person: str) -> bool:
        return self._has("suspensions", person)

    def _contract(self, person: str) -> str:
        row = self.db.execute("SELECT contract FROM links WHERE person = ?", (person,)).fetchone()
        return str(row["contract"]) if row else ""

    def _whose(self, link_id: str) -> str | None:
        row = self.db.execute("SELECT person FROM links WHERE link_id = ?", (link_id,)).fetchone()
        return str(row["person"]) if row else None

    def _kept(self, who: str, key: str, what: str) -> dict[str, object] | None:
        """Give what an act was answered, if it was done already. Raises Problem 422 if it was another act."""
        row = self.db.execute("SELECT what, body FROM link_acts WHERE who = ? AND key = ?", (who, key)).fetchone()
        if row is None:
            return None
        if row["what"] != what:
            raise Problem(422, "idempotency_key_reused")
        body: dict[str, object] = json.loads(row["body"])
        return body

    def _keep(self, who: str, key: str, what: str, body: Mapping[str, object]) -> None:
        row = (who, key, what, json.dumps(body, ensure_ascii=False))
        self.db.execute("INSERT INTO link_acts VALUES (?, ?, ?, ?)", row)


class _Guardian(msgspec.Struct):
    guardian: bool = False


def _key(request: web.Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not 0 < len(key) <= 255:
        raise Problem(400, "invalid_request", "Idempotency-Key is needed")
    return key


def _strings(form: Mapping[str, object]) -> dict[str, str]:
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _what(link: Mapping[str, str]) -> dict[str, str]:
    """Give what may be told of a link before it is this card's."""
    return {name: link[name] for name in ("operator", "linked_at")}


def _json(body: Mapping[str, object], status: int = 200) -> web.Response:
    return web.json_response(body, status=status, headers=_QUIET)

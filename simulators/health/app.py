"""The record service over HTTP: `docs/service-contracts.md`, "Health records", is its contract."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path

from aiohttp import web
from yarl import URL

from simulators import web as shared
from simulators.backchannel import SCHEMA as ENDED
from simulators.backchannel import Ended
from simulators.database import Database
from simulators.health import fhir
from simulators.health.seed import SCHEMA, measurements
from simulators.tokens import SCHEMA as PROOFS
from simulators.tokens import ResourceServer, give_nonce, resource_options, resource_server
from simulators.web import Clock, Problem

_LARGEST_PAGE = 100
_COMPARISONS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


class Health:
    """The endpoints. Whose records: the token's subject; each subject's are made when it first asks."""

    def __init__(self, base: str, platform: str, db: Database, guard: ResourceServer, clock: Clock) -> None:
        self._base, self._platform, self._db, self._guard, self._clock = base, platform, db, guard, clock

    async def metadata(self, _: web.Request) -> web.Response:
        """Answer what this service can do."""
        return fhir.answer(fhir.capability_statement(self._base))

    async def smart(self, _: web.Request) -> web.Response:
        """Answer where tokens come from (SMART App Launch 2.0, clause 2.2)."""
        body = {
            "issuer": self._platform,
            "jwks_uri": f"{self._platform}/jwks",
            "token_endpoint": f"{self._platform}/token",
            "grant_types_supported": ["urn:ietf:params:oauth:grant-type:token-exchange"],
            "code_challenge_methods_supported": ["S256"],
            "capabilities": ["permission-patient", "permission-v2"],
        }
        return web.json_response(body)

    async def _person(self, request: web.Request) -> str:
        sub = await self._guard.subject(request)
        if self._db.execute("SELECT 1 FROM observations WHERE sub = ?", (sub,)).fetchone() is None:
            rows = []
            for number, measured in enumerate(measurements(sub, self._clock())):
                name = hashlib.sha256(f"{sub}|{number}".encode()).hexdigest()[:24]
                body = json.dumps(fhir.observation(name, _patient(sub), measured), ensure_ascii=False)
                rows.append((name, sub, measured.code, measured.at.isoformat(timespec="seconds"), body))
            with self._db:
                self._db.executemany("INSERT INTO observations VALUES (?, ?, ?, ?, ?)", rows)
        return sub

    async def search(self, request: web.Request) -> web.Response:
        """Answer a page of the person's observations; parameters that are not known are left out, as FHIR allows."""
        sub = await self._person(request)
        query = request.query
        where, values = ["sub = ?"], [sub]
        if "code" in query:
            codes = [_code(token) for token in query["code"].split(",")]
            where.append(f"code IN ({','.join('?' * len(codes))})")
            values += codes
        for bound in query.getall("date", []):
            comparison = _COMPARISONS.get(bound[:2])
            if comparison is None:
                raise Problem(400, "invalid", "date needs one of the prefixes ge, gt, le, lt")
            # All times here have the same offset, so their texts compare as the times do.
            where.append(f"at {comparison} ?")
            values.append(bound[2:])
        order = {"date": "ASC", "-date": "DESC"}.get(query.get("_sort", "-date"))
        if order is None:
            raise Problem(400, "invalid", "_sort is date or -date")
        count, offset = _number(query.get("_count", "20")), _number(query.get("_offset", "0"))
        count = min(count, _LARGEST_PAGE)
        matching = f"FROM observations WHERE {' AND '.join(where)}"
        total = self._db.execute(f"SELECT count(*) {matching}", values).fetchone()[0]
        rows = self._db.execute(
            f"SELECT body {matching} ORDER BY at {order}, id LIMIT ? OFFSET ?",
            [*values, count, offset],
        )
        known = [(k, v) for k, v in query.items() if k in ("code", "date", "_sort")]
        here = URL(f"{self._base}/Observation")
        links = {"self": str(here.with_query([*known, ("_count", str(count)), ("_offset", str(offset))]))}
        if count > 0 and offset + count < total:
            following = [*known, ("_count", str(count)), ("_offset", str(offset + count))]
            links["next"] = str(here.with_query(following))
        return fhir.answer(fhir.bundle(self._base, total, links, [json.loads(row["body"]) for row in rows]))

    async def read(self, request: web.Request) -> web.Response:
        """Answer one of the person's observations."""
        sub = await self._person(request)
        query = "SELECT body FROM observations WHERE sub = ? AND id = ?"
        row = self._db.execute(query, (sub, request.match_info["id"])).fetchone()
        if row is None:
            raise Problem(404, "not_found", "no such observation of this person")
        return fhir.answer(json.loads(row["body"]))

    async def patient(self, request: web.Request) -> web.Response:
        """Answer the person: this service knows neither name nor address."""
        name = _patient(await self._person(request))
        if request.match_info["id"] != name:
            raise Problem(404, "not_found", "no such patient for this person")
        return fhir.answer({"resourceType": "Patient", "id": name, "active": True})


def _patient(sub: str) -> str:
    return hashlib.sha256(f"patient|{sub}".encode()).hexdigest()[:24]


def _code(token: str) -> str:
    """Take the code of a token parameter `system|code`; another system than LOINC matches nothing."""
    system, bar, code = token.rpartition("|")
    return code if not bar or system == fhir.LOINC else ""


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise Problem(400, "invalid", f"not a number: {text}")
    return int(text)


def build(platform: str, given: Clock, *, max_age: timedelta, dpop_nonce: bool = False) -> shared.Build:
    """Prepare the application; `max_age` is how old a sign-in may be, `dpop_nonce` asks proofs for a server's nonce."""

    def make(base: str, state: Path) -> web.Application:
        clock = shared.Adjustable(given)
        db = shared.database(state, "health", PROOFS + SCHEMA + ENDED)
        guard = resource_server(base, platform, db, clock, max_age, dpop_nonce=dpop_nonce)
        health, ended = Health(base, platform, db, guard, clock), Ended(base, platform, db, guard.keys, clock)
        guard.ended = ended.has
        app = shared.application(fhir.operation_outcome, clock)
        shared.close_with(app, db)
        app.on_response_prepare.append(give_nonce)
        app.router.add_get("/metadata", health.metadata)
        app.router.add_get("/.well-known/smart-configuration", health.smart)
        app.router.add_get("/Observation", health.search)
        app.router.add_get("/Observation/{id}", health.read)
        app.router.add_get("/Patient/{id}", health.patient)
        app.add_routes([ended.route()])
        app.router.add_post("/_sim/levels", guard.order)
        return app

    return make


def main(argv: list[str]) -> int:
    """Run the record service."""
    parser = resource_options("health", "A health record service that speaks FHIR R4.", max_age=900)
    arguments = parser.parse_args(argv)
    max_age = timedelta(seconds=arguments.max_age)
    make = build(arguments.platform, shared.clock_of(arguments), max_age=max_age, dpop_nonce=arguments.dpop_nonce)
    return shared.run("health", arguments, make)

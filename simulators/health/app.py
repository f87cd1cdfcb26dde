"""The record service over HTTP: `docs/service-contracts.md`, "Health records", is its contract."""

import hashlib
import json

from aiohttp import web
from yarl import URL

from simulators.health import fhir
from simulators.health.seed import SCHEMA, measurements
from simulators.resource import Ground, Service
from simulators.web import Problem

_LARGEST_PAGE = 100
_COMPARISONS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


class Health:
    """The endpoints. Whose records: the token's subject; each subject's are made when it first asks."""

    def __init__(self, ground: Ground) -> None:
        self._base, self._platform = ground.base, ground.platform
        self._db, self._guard, self._clock = ground.db, ground.guard, ground.clock

    def routes(self) -> list[web.RouteDef]:
        """Give the endpoints."""
        return [
            web.get("/metadata", self.metadata),
            web.get("/.well-known/smart-configuration", self.smart),
            web.get("/Observation", self.search),
            web.get("/Observation/{id}", self.read),
            web.get("/Patient/{id}", self.patient),
        ]

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


SERVICE = Service(
    name="health",
    about="A health record service that speaks FHIR R4.",
    max_age=900,
    schema=SCHEMA,
    render=fhir.operation_outcome,
    routes=lambda ground: Health(ground).routes(),
)

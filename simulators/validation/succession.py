"""Which certificate took which one's place (J-LIS tells verifiers: 新旧シリアル番号の対応).

`POST /predecessors {"issuer_key", "serial"}` → `{"predecessors": [{"issuer_key", "serial"}]}`, the last one first; `issuer_key` is the base64url
SHA-256 of the issuer's public key (SPKI), serials are hexadecimal.
`POST /_sim/renew {"identity": NAME, "successor": NAME, "reason"?: "superseded"}` revokes a person's certificate and gives its place to another.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from aiohttp import web
from cryptography import x509
from cryptography.x509 import ReasonFlags

from simulators import web as shared
from simulators.authority import Authority
from simulators.database import Database
from simulators.validation.issuer import issuer_key

SCHEMA = """
CREATE TABLE IF NOT EXISTS renewed (
    issuer TEXT, serial TEXT, old_issuer TEXT NOT NULL, old_serial TEXT NOT NULL, PRIMARY KEY (issuer, serial)
);
"""


class Number(msgspec.Struct, frozen=True):
    """A certificate: its issuer's key and its serial number."""

    issuer_key: str
    serial: str


class Renewal(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a renewal: whose certificate ends, and whose takes its place."""

    identity: str
    successor: str
    reason: ReasonFlags = ReasonFlags.superseded


@dataclass(frozen=True)
class Successions:
    """Keep and tell them; `revoke` lists a certificate."""

    db: Database
    own: Authority
    revoke: Callable[[x509.Certificate, ReasonFlags], None]

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Give the endpoints."""
        return web.post("/predecessors", self.before), web.post("/_sim/renew", self.renew)

    async def before(self, request: web.Request) -> web.Response:
        """Answer `POST /predecessors`."""
        at = await shared.json_body(request, Number)
        chain: list[Number] = []
        while at not in chain:
            chain.append(at)
            row = self.db.execute(
                "SELECT old_issuer, old_serial FROM renewed WHERE issuer = ? AND serial = ?", (at.issuer_key, at.serial)
            ).fetchone()
            if row is not None:
                at = Number(row["old_issuer"], row["old_serial"])
        return web.json_response({"predecessors": [msgspec.to_builtins(it) for it in chain[1:]]})

    async def renew(self, request: web.Request) -> web.Response:
        """Answer `POST /_sim/renew`."""
        wanted = await shared.json_body(request, Renewal)
        old, new = (self.own.identity(name).certificate for name in (wanted.identity, wanted.successor))
        key = issuer_key(self.own.certificate)
        self.revoke(old, wanted.reason)
        with self.db:
            self.db.execute("DELETE FROM renewed WHERE issuer = ? AND serial = ?", (key, f"{new.serial_number:x}"))
            row = (key, f"{new.serial_number:x}", key, f"{old.serial_number:x}")
            self.db.execute("INSERT INTO renewed VALUES (?, ?, ?, ?)", row)
        return web.Response(status=204)

"""The call centre's question: does this support code come from that box, now? (`docs/cable-id-profile.md`, Support code)."""

import hashlib
import hmac
from dataclasses import dataclass

import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from simulators.database import Database
from simulators.platform.keys import Keys
from simulators.web import Clock, Problem, json_body

STEP = 600
_DIGITS = 6
_PURPOSE = "chanoma support code 1|"
_WRONG_MOST = 5
"""Wrong codes for a box in a step, after which none is looked at: guessing a million of them is hopeless."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS boxes (jkt TEXT PRIMARY KEY, jwk TEXT NOT NULL, contract TEXT);
CREATE TABLE IF NOT EXISTS support_tries (jkt TEXT, step INTEGER, wrong INTEGER NOT NULL, PRIMARY KEY (jkt, step));
CREATE TABLE IF NOT EXISTS support_used (jkt TEXT, step INTEGER, PRIMARY KEY (jkt, step));
"""


class Question(msgspec.Struct):
    """A code, and the box it is said to be from: by its public key, or by the contract it was linked under."""

    code: str
    jwk: dict[str, str] | None = None
    contract_number: str | None = None


def hotp(secret: bytes, counter: int) -> str:
    """Compute RFC 4226, clause 5.3, with SHA-256 (RFC 6238, clause 1.2)."""
    mac = hmac.digest(secret, counter.to_bytes(8, "big"), "sha256")
    place = mac[-1] & 15
    number = int.from_bytes(mac[place : place + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}}"


def derive(shared: bytes, purpose: str) -> bytes:
    """Derive 32 bytes as HKDF-SHA-256 does (RFC 5869, clause 2), with an empty salt."""
    pseudorandom = hmac.digest(bytes(32), shared, hashlib.sha256)
    return hmac.digest(pseudorandom, purpose.encode() + b"\x01", hashlib.sha256)


@dataclass(frozen=True)
class Support:
    """Answer call centres; knows the boxes that linked somebody."""

    db: Database
    keys: Keys
    clock: Clock

    def saw(self, key: ECKey, contract: str) -> None:
        """Keep which box linked under which contract."""
        row = (key.thumbprint(), msgspec.json.encode(key.as_dict(private=False)).decode(), contract)
        with self.db:
            self.db.execute(
                "INSERT INTO boxes VALUES (?, ?, ?) ON CONFLICT (jkt) DO UPDATE SET contract = excluded.contract", row
            )

    async def check(self, request: web.Request) -> web.Response:
        """Answer `{"valid": bool}`; with the box's thumbprint when it is."""
        question = await json_body(request, Question)
        boxes = self._boxes(question)
        if not boxes:
            raise Problem(404, "box_unknown")
        for box in boxes:
            if self._holds(box, question.code):
                return web.json_response({"valid": True, "device": box.thumbprint()})
        return web.json_response({"valid": False})

    def _boxes(self, question: Question) -> list[ECKey]:
        if question.jwk is not None:
            try:
                box = ECKey.import_key({name: question.jwk.get(name, "") for name in ("kty", "crv", "x", "y")})
                if box.curve_name == "P-256":
                    return [box]
            except (JoseError, ValueError, KeyError):
                pass
            raise Problem(400, "invalid_request", "jwk is no public P-256 key")
        rows = self.db.execute("SELECT jwk FROM boxes WHERE contract = ?", (question.contract_number,))
        return [ECKey.import_key(msgspec.json.decode(row["jwk"])) for row in rows]

    def _holds(self, box: ECKey, code: str) -> bool:
        """Compare with the codes of this step and of the one before (RFC 6238, clause 5.2); each is good once."""
        jkt = box.thumbprint()
        secret = derive(self.keys.support.exchange(ec.ECDH(), box.public_key), _PURPOSE + jkt)
        now = int(self.clock().timestamp()) // STEP
        wrong = self.db.execute("SELECT wrong FROM support_tries WHERE jkt = ? AND step = ?", (jkt, now)).fetchone()
        if wrong and wrong["wrong"] >= _WRONG_MOST:
            raise Problem(429, "too_many_requests", headers={"Retry-After": str(STEP)})
        for step in (now, now - 1):
            if hmac.compare_digest(hotp(secret, step).encode(), code.encode()):
                with self.db:
                    done = self.db.execute("INSERT INTO support_used VALUES (?, ?) ON CONFLICT DO NOTHING", (jkt, step))
                return done.rowcount == 1
        with self.db:
            self.db.execute(
                "INSERT INTO support_tries VALUES (?, ?, 1) ON CONFLICT (jkt, step) DO UPDATE SET wrong = support_tries.wrong + 1",
                (jkt, now),
            )
        return False

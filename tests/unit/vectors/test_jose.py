"""The JOSE paths of box and platform against the RFCs' own examples, NIST's points and the vectors of TOTP and HKDF (docs/vectors.md)."""

import base64
import sqlite3
from datetime import UTC, datetime

import msgspec
import pytest
from aiohttp.test_utils import make_mocked_request
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from simulators.platform.support import derive, hotp
from simulators.tokens import SCHEMA, Place, Proofs, registry
from simulators.web import Problem
from stb_agent.cable_id.discovery import Keys, _KeySet
from stb_agent.card.certificate import AuthenticationCertificate
from tests.unit.vectors.conftest import records
from tests.unit.vectors.test_certificates import pkits

CLAIMS = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
A2_KEY = {
    "kty": "RSA", "e": "AQAB",
    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMs"
    "D1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV"
    "MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
}  # fmt: skip
A2 = (
    f"eyJhbGciOiJSUzI1NiJ9.{CLAIMS}."
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQ"
    "jbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6Bf"
    "I7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)
A3_KEY = {
    "kty": "EC", "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}  # fmt: skip
A3 = f"eyJhbGciOiJFUzI1NiJ9.{CLAIMS}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
PROOF = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFV"
    "ZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19."
    "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYy"
    "NjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
)
MADE = 1562262616


def octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def bent(token: str) -> str:
    """Change one bit of the signature."""
    head, _, signature = token.rpartition(".")
    return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


@pytest.mark.parametrize(("token", "good"), [(A2, True), (bent(A2), False)])
def test_rfc_7515_a2_as_a_card_signs(token: str, good: bool) -> None:
    head, _, signature = token.rpartition(".")
    card = AuthenticationCertificate(pkits("GoodCACert"), RSAKey.import_key(A2_KEY).public_key, b"")
    assert card.verifies(octets(signature), head.encode()) is good


@pytest.mark.parametrize(("token", "good"), [(A3, True), (bent(A3), False)])
def test_rfc_7515_a3_as_platform_and_device_sign(token: str, good: bool) -> None:
    keys = Keys(msgspec.convert({"keys": [{**A3_KEY, "kid": "a3", "use": "sig"}]}, _KeySet))
    signed = jws.extract_compact(token.encode())
    assert jws.validate_compact(signed, keys.signing["a3"], algorithms=["ES256"]) is good
    assert (
        jws.validate_compact(jws.extract_compact(token.encode()), keys.signing["a3"], registry=registry("ES256"))
        is good
    )


def test_rfc_7515_algorithms_that_are_not_ours_are_refused() -> None:
    """A.1 (HS256), A.2 where ES256 is due, A.5 (none)."""
    a1 = f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{CLAIMS}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    for token in (a1, A2, f"eyJhbGciOiJub25lIn0.{CLAIMS}."):
        with pytest.raises((JoseError, ValueError)):
            jws.validate_compact(
                jws.extract_compact(token.encode(), registry=registry("ES256")),
                ECKey.import_key(A3_KEY),
                registry=registry("ES256"),
            )


def test_rfc_7517_a1_has_no_key_for_us() -> None:
    """An EC key for encryption without `alg`, and an RSA key without `use`."""
    found = Keys(
        msgspec.convert(
            {
                "keys": [
                    {
                        "kty": "EC", "crv": "P-256", "use": "enc", "kid": "1",
                        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
                    },
                    {"kty": "RSA", "n": A2_KEY["n"], "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"},
                ]
            },
            _KeySet,
        )
    )  # fmt: skip
    assert (found.signing, found.encryption, found.support) == ({}, None, None)


def test_rfc_7638_3_1() -> None:
    key = {
        "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMst"
        "n64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n9"
        "1CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    }  # fmt: skip
    assert RSAKey.import_key(key).thumbprint() == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def checked(proof: str, *, method: str = "POST", host: str = "server.example.com", at: int = MADE) -> str:
    db = sqlite3.connect(":memory:")
    db.row_factory = sqlite3.Row
    db.executescript(SCHEMA)
    request = make_mocked_request(method, "/token", headers={"Host": host, "DPoP": proof}, sslcontext=object())
    try:
        return Proofs(db, lambda: datetime.fromtimestamp(at, UTC), None).check(request, Place.TOKEN_ENDPOINT)
    finally:
        db.close()


def test_rfc_9449_4_1() -> None:
    assert checked(PROOF) == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", "the thumbprint of clause 6.1"


@pytest.mark.parametrize(
    "wrong", [{"method": "GET"}, {"host": "other.example.com"}, {"at": MADE + 301}, {"at": MADE - 301}], ids=str
)
def test_rfc_9449_4_3(wrong) -> None:
    with pytest.raises(Problem, match="invalid_dpop_proof"):
        checked(PROOF, **wrong)
    with pytest.raises(Problem, match="signature"):
        checked(bent(PROOF))


def test_nist_points_as_keys() -> None:
    """FIPS 186-3, PKV, P-256: what is no point of the curve is no key."""

    def text(value: str) -> str:
        number = int(value, 16)
        return (
            base64.urlsafe_b64encode(number.to_bytes(max(32, -(-number.bit_length() // 8)), "big"))
            .rstrip(b"=")
            .decode()
        )

    seen = {True: 0, False: 0}
    for record in records("asymmetric/ECDSA/FIPS_186-3/PKV.rsp"):
        if record["section"] != "P-256":
            continue
        jwk = {"kty": "EC", "crv": "P-256", "use": "sig", "kid": "k", "x": text(record["Qx"]), "y": text(record["Qy"])}
        good = record["Result"].startswith("P")
        try:
            Keys(msgspec.convert({"keys": [jwk]}, _KeySet)).signing["k"].public_key.public_numbers()
            found = True
        except (JoseError, ValueError):
            found = False
        assert found is good, record["Result"]
        seen[good] += 1
    assert min(seen.values()) >= 3


def test_rfc_6238_appendix_b() -> None:
    found = [it for it in records("twofactor/rfc-6238.txt") if it["MODE"] == "SHA256"]
    for record in found:
        assert hotp(record["SECRET"].encode(), int(record["TIME"]) // 30) == record["TOTP"][-6:]
    assert len(found) == 6


def test_rfc_5869_a3() -> None:
    """Without salt and info, as far as 32 bytes."""
    found = [it for it in records("KDF/rfc-5869-HKDF-SHA256.txt") if not it["salt"] and not it["info"]]
    for record in found:
        assert derive(bytes.fromhex(record["IKM"]), "").hex() == record["OKM"][:64]
    assert len(found) == 1

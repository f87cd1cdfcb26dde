"""The validation service: OCSP and CRLs, held against OpenSSL's client and verifier."""

import asyncio
import base64
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags, ocsp

from simulators.authority import Authority, Identity
from simulators.validation.crl import point_of
from simulators.validation.issuer import issuer_key
from tests.simulators.conftest import START

REASONS = (
    ReasonFlags.unspecified, ReasonFlags.key_compromise, ReasonFlags.ca_compromise, ReasonFlags.affiliation_changed,
    ReasonFlags.superseded, ReasonFlags.cessation_of_operation, ReasonFlags.certificate_hold,
)  # fmt: skip
"""Those that users of JPKI are told of (docs.p8n.app, Verify v2)."""


@dataclass
class OpenSsl:
    """OpenSSL's command line, with the files of an authority and of the one who is asked about."""

    folder: Path
    town: object
    authority: Authority
    card: Identity

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "ca.pem").write_bytes(self.authority.certificate_pem)
        (self.folder / "card.pem").write_bytes(self.card.certificate.public_bytes(Encoding.PEM))

    async def run(self, *words: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            "openssl", *words, cwd=self.folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        out, _ = await process.communicate()
        return process.returncode or 0, out.decode()

    async def ocsp(self, *more: str) -> tuple[int, str]:
        """Ask, and let OpenSSL check the response by the authority's root alone; its times not, since our clock stands elsewhere."""
        address = self.town.address["validation"] + "/ocsp"
        age = str(10 * 365 * 86400)
        return await self.run(
            "ocsp", "-issuer", "ca.pem", "-cert", "card.pem", "-CAfile", "ca.pem", "-no-CApath", "-url", address,
            "-validity_period", age, *more,
        )  # fmt: skip

    async def verify(self, crl: bytes, at: datetime, *more: str) -> tuple[int, str]:
        """Check the certificate by root and list, as of a time."""
        (self.folder / "list.pem").write_bytes(x509.load_der_x509_crl(crl).public_bytes(Encoding.PEM))
        return await self.run(
            "verify", "-crl_check", "-attime", str(int(at.timestamp())), "-no-CApath", "-CAfile", "ca.pem",
            "-CRLfile", "list.pem", *more, "card.pem",
        )  # fmt: skip


@pytest.fixture
def openssl(town, tmp_path):
    return OpenSsl(tmp_path / "openssl", town, town.authority, town.card("linked"))


async def listed(town, **how):
    assert (await town.control("validation", "POST", "/_sim/revoke", {"identity": "linked", **how})).status == 204


async def crl_of(town, authority, **query):
    address = f"{town.address['validation']}/crl/{issuer_key(authority.certificate)}.crl"
    async with town.http.get(address, params=query) as answer:
        assert (answer.status, answer.content_type) == (200, "application/pkix-crl")
        return await answer.read()


def question(certificate, issuer, algorithm=None):
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, algorithm or hashes.SHA1())
    return builder.build().public_bytes(Encoding.DER)


async def asked(town, body, kind="application/ocsp-request"):
    address = town.address["validation"] + "/ocsp"
    async with town.http.post(address, data=body, headers={"Content-Type": kind}) as answer:
        return answer.status, answer.content_type, await answer.read()


async def test_openssl_takes_the_responder_and_its_word(openssl):
    status, said = await openssl.ocsp("-nonce")
    assert status == 0
    assert "Response verify OK" in said
    assert "card.pem: good" in said
    assert "WARNING" not in said, "the nonce came back"


@pytest.mark.parametrize("algorithm", ["-sha1", "-sha256", "-sha512"])
async def test_openssl_may_name_the_issuer_by_any_hash(openssl, algorithm):
    # The digest is for the certificates that follow it on the command line.
    address = openssl.town.address["validation"] + "/ocsp"
    _, said = await openssl.run(
        "ocsp", algorithm, "-issuer", "ca.pem", "-cert", "card.pem", "-CAfile", "ca.pem", "-url", address,
        "-validity_period", str(10 * 365 * 86400),
    )  # fmt: skip
    assert "card.pem: good" in said


@pytest.mark.parametrize("reason", REASONS, ids=lambda it: it.value)
async def test_openssl_hears_each_reason(town, openssl, reason):
    await listed(town, reason=reason.value)
    _, said = await openssl.ocsp()
    assert "card.pem: revoked" in said
    assert f"Reason: {reason.value}" in said
    assert "Revocation Time: Nov 24 00:30:00 2026 GMT" in said
    town.later(86400)
    made = x509.load_der_x509_crl(await crl_of(town, town.authority))
    line = made.get_revoked_certificate_by_serial_number(openssl.card.certificate.serial_number)
    assert line is not None
    told = [it.value.reason for it in line.extensions]
    assert told == ([] if reason is ReasonFlags.unspecified else [reason])


async def test_openssl_hears_that_nothing_is_known(town, openssl):
    await listed(town, status="unknown")
    assert "card.pem: unknown" in (await openssl.ocsp())[1]


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ("try_later", "trylater"),
        ("internal_error", "internalerror"),
        ("unauthorized", "unauthorized"),
        ("wrong_key", "Response Verify Failure"),
        ("stranger", "Response Verify Failure"),
        ("not_a_responder", "missing ocspsigning usage"),
        ("other_serial", "ERROR: No Status found"),
        ("other_issuer", "ERROR: No Status found"),
        ("other_nonce", "Nonce Verify error"),
        ("malformed", "Error querying OCSP responder"),
    ],
)
async def test_openssl_believes_no_lie(town, openssl, lie, said):
    await town.fault("validation", "lie", lie=lie)
    found = (await openssl.ocsp("-nonce"))[1]
    assert said in found
    assert "card.pem: good" not in found or "Verify" in found
    assert "card.pem: good" in (await openssl.ocsp("-nonce"))[1], "once"


async def test_get_answers_as_post_does(town):
    body = question(town.card("linked").certificate, town.authority.certificate)
    address = f"{town.address['validation']}/ocsp/{quote(base64.b64encode(body).decode(), safe='')}"
    async with town.http.get(address) as answer:
        assert answer.content_type == "application/ocsp-response"
        got = ocsp.load_der_ocsp_response(await answer.read())
    posted = ocsp.load_der_ocsp_response((await asked(town, body))[2])
    assert (got.serial_number, got.certificate_status) == (posted.serial_number, posted.certificate_status)
    assert got.certificate_status is ocsp.OCSPCertStatus.GOOD
    async with town.http.get(f"{town.address['validation']}/ocsp/%2A%2A") as answer:
        assert answer.status == 400


async def test_questions_that_are_none(town, other_authority):
    status = ocsp.OCSPResponseStatus
    assert (await asked(town, b"x", "text/plain"))[0] == 415
    assert ocsp.load_der_ocsp_response((await asked(town, b"x"))[2]).response_status is status.MALFORMED_REQUEST
    long = ocsp.OCSPRequestBuilder().add_certificate(
        town.card("linked").certificate, town.authority.certificate, hashes.SHA256()
    )
    long = long.add_extension(x509.OCSPNonce(b"n" * 129), critical=False)
    body = long.build().public_bytes(Encoding.DER)
    assert ocsp.load_der_ocsp_response((await asked(town, body))[2]).response_status is status.MALFORMED_REQUEST
    foreign = question(other_authority.identity("new").certificate, other_authority.certificate)
    assert ocsp.load_der_ocsp_response((await asked(town, foreign))[2]).response_status is status.UNAUTHORIZED


async def test_generations_with_the_same_serial_are_kept_apart(make_town, tmp_path, other_authority):
    town = await make_town(generations=(other_authority.folder,))
    card = town.card("linked")
    twin = other_authority.issue(
        "twin", not_before=START, not_after=START.replace(year=2030), serial=card.certificate.serial_number
    )
    assert other_authority.certificate.subject == town.authority.certificate.subject
    await listed(town, reason="keyCompromise")
    revoked = OpenSsl(tmp_path / "one", town, town.authority, card)
    good = OpenSsl(tmp_path / "two", town, other_authority, twin)
    for each, word in ((revoked, "revoked"), (good, "good")):
        said = (await each.ocsp())[1]
        assert f"card.pem: {word}" in said
        assert "Response verify OK" in said
    town.later(86400)
    assert (await revoked.verify(await crl_of(town, town.authority), town.now))[0] != 0
    assert (await good.verify(await crl_of(town, other_authority), town.now))[0] == 0


async def test_openssl_checks_by_the_list_of_the_night(town, openssl):
    assert (await openssl.verify(await crl_of(town, town.authority), town.now)) == (0, "card.pem: OK\n")
    await listed(town, reason="superseded")
    assert (await openssl.verify(await crl_of(town, town.authority), town.now))[0] == 0, "the list is last night's"
    town.later(86400)
    status, said = await openssl.verify(await crl_of(town, town.authority), town.now)
    assert status != 0
    assert "certificate revoked" in said


async def test_openssl_checks_by_the_list_of_the_distribution_point(town, openssl):
    point = point_of(openssl.card.certificate)
    assert point.startswith("CN=Chofu-shi CRLDP,OU=Tokyo-to,")
    await listed(town, reason="affiliationChanged")
    town.later(86400)
    status, said = await openssl.verify(await crl_of(town, town.authority, point=point), town.now, "-extended_crl")
    assert status != 0
    assert "certificate revoked" in said
    elsewhere = await crl_of(town, town.authority, point=point_of(town.card("blocked").certificate))
    assert list(x509.load_der_x509_crl(elsewhere)) == []
    status, said = await openssl.verify(elsewhere, town.now, "-extended_crl")
    assert status != 0
    assert "different CRL scope" in said


async def test_lists_are_numbered_night_by_night(town):
    numbers = []
    for _ in range(3):
        made = x509.load_der_x509_crl(await crl_of(town, town.authority))
        assert made.next_update_utc is not None
        assert (made.next_update_utc - made.last_update_utc).days == 2
        assert made.last_update_utc.hour == 15, "midnight in Japan"
        numbers.append(made.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)
        town.later(86400)
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]


@pytest.mark.parametrize(
    ("lie", "said"), [("crl_stale", "CRL has expired"), ("crl_wrong_key", "CRL signature failure")]
)
async def test_openssl_believes_no_list_that_lies(town, openssl, lie, said):
    await town.fault("validation", "lie", lie=lie)
    status, found = await openssl.verify(await crl_of(town, town.authority), town.now)
    assert status != 0
    assert said in found


async def test_lists_that_are_not_there(town, other_authority):
    address = f"{town.address['validation']}/crl/"
    for path, status in (
        (f"{issuer_key(other_authority.certificate)}.crl", 404),
        (f"{issuer_key(town.authority.certificate)}.crl?point=nowhere", 400),
    ):
        async with town.http.get(address + path) as answer:
            assert answer.status == status


async def test_the_list_outlives_a_restart_and_can_be_taken_back(town, openssl):
    await listed(town, reason="certificateHold")
    await town.restart("validation")
    assert "Reason: certificateHold" in (await openssl.ocsp())[1]
    await listed(town, status="good")
    assert "card.pem: good" in (await openssl.ocsp())[1]


async def test_listing_needs_a_certificate_of_ours_and_a_reason_of_the_standard(town, other_authority):
    assert (await town.control("validation", "POST", "/_sim/revoke", {"reason": "superseded"})).status == 400
    broken = {"certificate": "AAAA"}
    assert (await town.control("validation", "POST", "/_sim/revoke", broken)).status == 400
    whim = {"identity": "linked", "reason": "whim"}
    assert (await town.control("validation", "POST", "/_sim/revoke", whim)).status == 400
    foreign = {"certificate": base64.b64encode(other_authority.identity("new").der).decode()}
    assert (await town.control("validation", "POST", "/_sim/revoke", foreign)).status == 404


async def test_checks_are_counted_without_saying_about_whom(town, openssl):
    await openssl.ocsp()
    await crl_of(town, town.authority)
    assert (await town.control("validation", "GET", "/_sim/checks")).body == {
        "checks": [
            {"at": "2026-11-24T00:30:00Z", "source": "ocsp", "status": "good"},
            {"at": "2026-11-24T00:30:00Z", "source": "crl", "status": "given"},
        ]
    }

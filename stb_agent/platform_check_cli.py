"""``stb-agent platform check``: run the standard flows against any OpenID provider, and say what passed."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import ssl
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from yarl import URL

from stb_agent.cable_id.check.flows import Check
from stb_agent.cable_id.check.held import Signer
from stb_agent.cable_id.check.provider import Client, Provider
from stb_agent.cable_id.check.report import ClientFileInvalid, Flow, Line, Report, Result
from stb_agent.cable_id.check.run import run
from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.dpop import Prover
from stb_agent.cable_id.errors import CableIdError
from stb_agent.cable_id.transport import Transport
from stb_agent.contract import words
from stb_agent.contract.errors import ChanomaError
from stb_agent.host.clock import SystemClock

EXITS = (
    (0, "nothing failed"),
    (1, "a step failed"),
    (2, "a wrong call, or a file that cannot be used"),
    (3, "the provider cannot be spoken to: no connection, no answer, an unsafe address"),
)
"""Exit statuses."""

_MARKS = {Result.PASSED: "○", Result.FAILED: "×", Result.SKIPPED: "－"}


def add_verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``platform check`` to the command line; it reads no configuration."""
    platform = verbs.add_parser("platform", help="look at a common platform")
    kinds = platform.add_subparsers(dest="platform_verb", required=True)
    check = kinds.add_parser(
        "check",
        help="run the standard flows against an OpenID provider",
        description="Run the standard flows against an OpenID provider and say, clause by clause, what passed."
        " What a person must do is said on standard error, with --json as an object a line.",
        epilog="exit status:\n" + "\n".join(f"  {status}  {text}" for status, text in EXITS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("--issuer", required=True, metavar="URL", help="the provider's issuer identifier, exactly")
    check.add_argument(
        "--client", type=Path, required=True, metavar="FILE",
        help="a client of the provider, JSON with RFC 7591's names (client_id, token_endpoint_auth_method, jwks with its private keys,"
        " redirect_uris, scope), and login_hint for CIBA",
    )  # fmt: skip
    check.add_argument("--trust-ca", type=Path, metavar="PEM", help="trust this authority for TLS, and no other")
    check.add_argument("--flow", choices=[*Flow, "all"], default="all", help="which flow (all)")
    check.add_argument("--card-certificate", type=Path, metavar="PEM", help="card: a test card's certificate")
    check.add_argument("--card-key", type=Path, metavar="PEM", help="card: its private key")
    check.add_argument("--json", action="store_true", help="one JSON object instead of lines")


def check(arguments: argparse.Namespace) -> int:
    """Do ``platform check``; the exit status is that of EXITS."""
    report = Report((lambda _: None) if arguments.json else _print)
    status = 0
    try:
        asyncio.run(_run(arguments, report))
    except ChanomaError as error:
        cause, remedy = words.told(error.code, error.args_)
        print(f"{error.code}: {cause}\n  → {remedy}", file=sys.stderr)
        status = 3 if isinstance(error, CableIdError) else 2
    if arguments.json:
        print(json.dumps(_told(arguments.issuer, report), ensure_ascii=False))
    return status or (1 if report.failed else 0)


async def _run(arguments: argparse.Namespace, report: Report) -> None:
    client = Client.read(arguments.client)
    card = _card(arguments.card_certificate, arguments.card_key)
    trust = True if arguments.trust_ca is None else _context(arguments.trust_ca)
    clock = SystemClock().time
    connector = aiohttp.TCPConnector(ssl=trust)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), connector=connector) as http:
        # A device key of the moment: what a provider answers must not depend on having met it.
        prover = Prover(DeviceKey(ec.generate_private_key(ec.SECP256R1())), clock=clock, random=os.urandom)
        provider = Provider(arguments.issuer, client, Transport(http, prover, clock=clock), os.urandom)
        person = Terminal(as_json=arguments.json)
        wanted = list(Flow) if arguments.flow == "all" else [Flow(arguments.flow)]
        await run(Check(provider, report, person, clock=clock, sleep=asyncio.sleep), wanted, card)


def _context(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(path)
    except (OSError, ssl.SSLError) as error:
        raise ClientFileInvalid(file=str(path), what=error.strerror or str(error)) from None
    return context


def _card(certificate: Path | None, key: Path | None) -> tuple[bytes, Signer] | None:
    if certificate is None or key is None:
        return None
    try:
        der = x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(Encoding.DER)
        private = load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise ClientFileInvalid(file=f"{certificate}, {key}", what=str(error)) from None
    if not isinstance(private, rsa.RSAPrivateKey):
        raise ClientFileInvalid(file=str(key), what="RSA")

    async def sign(data: bytes) -> bytes:
        return private.sign(data, padding.PKCS1v15(), SHA256())

    return der, sign


class Terminal:
    """The person at the terminal, who acts on another device."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def visit(self, uri: str, user_code: str, complete: str) -> None:
        """Say where to go with which code."""
        self._say("visit", uri=uri, user_code=user_code, complete=complete or uri)

    def confirm(self, message: str) -> None:
        """Say what to approve."""
        self._say("confirm", message=message)

    async def authorize(self, address: str, redirect_uri: str) -> Mapping[str, str]:
        """Wait for the browser at a loopback redirect address (RFC 8252 §7.3); elsewhere let the address it came to be pasted."""
        where = URL(redirect_uri)
        if where.scheme != "http" or where.host not in ("127.0.0.1", "localhost", "::1"):
            self._say("paste", address=address, redirect_uri=redirect_uri)
            pasted = await asyncio.to_thread(sys.stdin.readline)
            return dict(parse_qsl(urlsplit(pasted.strip()).query))
        came: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()

        async def answer(request: web.Request) -> web.Response:
            if not came.done():
                came.set_result(dict(request.query))
            return web.Response(text=words.text("platform.back"))

        app = web.Application()
        app.router.add_get(where.path, answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, where.host, where.port).start()
            self._say("open", address=address, redirect_uri=redirect_uri)
            return await came
        finally:
            await runner.cleanup()

    def _say(self, what: str, **args: str) -> None:
        told = json.dumps({"person": what, **args}) if self._as_json else words.text(f"platform.person.{what}", **args)
        print(told, file=sys.stderr, flush=True)


def _print(line: Line) -> None:
    detail = f" [{line.detail}]" if line.detail else ""
    told = words.text(f"platform.check.{line.step.code}")
    print(f"{_MARKS[line.result]} {line.flow}: {told} ({line.step.clause}){detail}", flush=True)


def _told(issuer: str, report: Report) -> dict[str, object]:
    count = Counter(line.result for line in report.lines)
    return {
        "issuer": issuer,
        **{result.value: count[result] for result in Result},
        "steps": [
            {
                "flow": line.flow.value,
                "step": line.step.code,
                "clause": line.step.clause,
                "result": line.result.value,
                "detail": line.detail,
            }
            for line in report.lines
        ],
    }

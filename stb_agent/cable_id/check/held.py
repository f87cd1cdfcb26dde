"""The flows over tokens that are held: proofs of possession, refresh, revocation; and our own profile's card grant."""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Awaitable, Callable

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from yarl import URL

from stb_agent.cable_id.check.flows import Check
from stb_agent.cable_id.check.provider import Json, Refused, Tokens
from stb_agent.cable_id.check.report import FlowStopped, Result, Step
from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.dpop import Prover, base64url
from stb_agent.cable_id.transport import BadReply

CARD_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_HOUR = 3600

Signer = Callable[[bytes], Awaitable[bytes]]


async def dpop(check: Check) -> None:
    """Use a token as it should be, and in every way that it should not."""
    provider, report = check.provider, check.report
    token = _held(check).access_token
    url = check.offered("userinfo")
    reply = await provider.call(url, token)
    report.need(Step.DPOP_RESOURCE, "" if reply.status == 200 else str(Refused(reply)))
    report.add(Step.DPOP_NONCE, *((Result.PASSED, "") if provider.nonce_asked else (Result.SKIPPED, "DPoP-Nonce")))
    now = int(provider.now(url))
    stranger = Prover(_stranger(), clock=check.clock, random=provider.random)
    stranger.learn(URL(url), str(provider.prover.claims("GET", URL(url)).get("nonce", "")))
    wrong = {
        Step.DPOP_KEY: stranger.proof("GET", URL(url), token),
        Step.DPOP_ATH: provider.bent_proof(url, token, ath=base64url(hashlib.sha256(b"another token").digest())),
        Step.DPOP_HTU: provider.bent_proof(url, token, htu="https://elsewhere.example/userinfo"),
        Step.DPOP_HTM: provider.bent_proof(url, token, htm="PATCH"),
        Step.DPOP_IAT: provider.bent_proof(url, token, iat=now - _HOUR),
        Step.DPOP_TYP: provider.bent_proof(url, token, header={"typ": "JWT"}),
    }
    if provider.prover.claims("GET", URL(url)).get("nonce"):
        # The clause lets the nonce tell when a proof was made, instead of iat.
        del wrong[Step.DPOP_IAT]
        report.add(Step.DPOP_IAT, Result.SKIPPED, "DPoP-Nonce")
    for step, proof in wrong.items():
        await _unwelcome(check, step, url, token, "DPoP", proof)
    await _unwelcome(check, Step.DPOP_ABSENT, url, token, "DPoP", "")
    await _unwelcome(check, Step.DPOP_BEARER, url, token, "Bearer", "")
    proof = provider.bent_proof(url, token)
    await provider.call(url, token, proof=proof)
    again = await provider.call(url, token, proof=proof)
    # The clause lets a server do with the time and its nonce alone.
    told = (Result.PASSED, "") if again.status in (400, 401) else (Result.SKIPPED, f"HTTP {again.status}")
    report.add(Step.DPOP_REPLAY, *told)


async def _unwelcome(check: Check, step: Step, url: str, token: str, scheme: str, proof: str) -> None:
    reply = await check.provider.call(url, token, scheme=scheme, proof=proof)
    check.report.settle(step, "" if reply.status in (400, 401) else f"HTTP {reply.status}")


async def refresh(check: Check) -> None:
    """Refresh twice, then show the first refresh token again."""
    provider, report = check.provider, check.report
    first = _held(check)
    if not first.refresh_token:
        report.add(Step.REFRESH_ISSUED, Result.SKIPPED, "refresh_token")
        return
    report.settle(Step.REFRESH_ISSUED, "")
    form = {"grant_type": "refresh_token", "refresh_token": first.refresh_token}
    stranger = Prover(_stranger(), clock=check.clock, random=provider.random)
    if provider.client.public:
        reply = await provider.post(provider.endpoint("token"), form, prover=stranger)
    else:
        reply = await provider.post(provider.endpoint("token"), form, known=False)
    report.settle(Step.REFRESH_BOUND, "" if reply.status in (400, 401) else f"HTTP {reply.status}")
    second = await _refreshed(check, first, Step.REFRESH_TOKEN)
    report.settle(Step.REFRESH_TOKEN, "" if second.access_token != first.access_token else "access_token")
    check.held[-1] = second
    if second.refresh_token in ("", first.refresh_token):
        # For a client that proves itself the clause is met by that (REFRESH_BOUND).
        told = Result.FAILED if provider.client.public and not _bound(second) else Result.SKIPPED
        report.add(Step.REFRESH_ROTATED, told, "refresh_token")
        second.refresh_token = second.refresh_token or first.refresh_token
        return
    third = await _refreshed(check, second, Step.REFRESH_ROTATED)
    check.held[-1] = third
    try:
        await provider.token(form)
    except Refused as error:
        report.settle(Step.REFRESH_ROTATED, "" if error.name == "invalid_grant" else str(error))
    else:
        report.need(Step.REFRESH_ROTATED, "HTTP 200")
    try:
        check.held[-1] = await provider.token({**form, "refresh_token": third.refresh_token})
    except Refused:
        report.settle(Step.REFRESH_REUSE, "")
        check.held.pop()
    else:
        report.add(Step.REFRESH_REUSE, Result.SKIPPED, "HTTP 200")


async def logout(check: Check) -> None:
    """Revoke what is held."""
    provider, report = check.provider, check.report
    endpoint = check.offered("revocation")
    held = _held(check)
    reply = await provider.post(endpoint, {"token": base64url(provider.random(32))})
    report.settle(Step.REVOKE_UNKNOWN, "" if reply.status == 200 else str(Refused(reply)))
    token = held.refresh_token or held.access_token
    hint = "refresh_token" if held.refresh_token else "access_token"
    reply = await provider.post(endpoint, {"token": token, "token_type_hint": hint})
    report.need(Step.REVOKE, "" if reply.status == 200 else str(Refused(reply)))
    check.held.pop()
    if held.refresh_token:
        form = {"grant_type": "refresh_token", "refresh_token": held.refresh_token}
        reply = await provider.post(provider.endpoint("token"), form)
        report.settle(Step.REVOKED_REFRESH, "" if Refused(reply).name == "invalid_grant" else str(Refused(reply)))
    if userinfo := provider.endpoint("userinfo"):
        reply = await provider.call(userinfo, held.access_token)
        # With a refresh token the clause only says SHOULD; tokens that services check by themselves live on until they expire.
        told = Result.PASSED if reply.status == 401 else Result.SKIPPED if held.refresh_token else Result.FAILED
        report.add(Step.REVOKED_ACCESS, told, "" if told is Result.PASSED else f"HTTP {reply.status}")


async def card(check: Check, certificate: bytes, sign: Signer) -> None:
    """Sign in with a card as the Cable ID profile has it, and try the same assertion again."""
    provider, report = check.provider, check.report
    endpoint = check.offered("card_nonce")
    reply = await provider.post(endpoint, {})
    try:
        answer = reply.json(Json) if reply.status == 200 else {}
        nonce = str(answer["nonce"])
        keys = (await provider.read(provider.metadata["jwks_uri"]))["keys"]
        sealing = next(jwk for jwk in keys if jwk.get("use") == "enc" and jwk.get("kty") == "RSA")
        key = RSAKey.import_key({name: str(sealing[name]) for name in ("kty", "n", "e")})
    except (BadReply, Refused, JoseError, KeyError, ValueError, StopIteration) as error:
        report.need(Step.CARD_NONCE, f"{Refused(reply)} {type(error).__name__}")
        raise FlowStopped from None
    report.settle(Step.CARD_NONCE, "" if len(nonce) >= 43 else "nonce")
    now = int(provider.now(endpoint))
    header = {"alg": "RS256", "typ": "card-assertion+jwt", "x5c": [_base64(certificate)]}
    claims = {
        "iss": provider.client.client_id, "sub": base64url(hashlib.sha256(certificate).digest()), "aud": provider.issuer,
        "iat": now, "exp": now + 120, "jti": base64url(provider.random(16)), "nonce": nonce,
        "cnf": {"jkt": provider.prover.key.jkt},
    }  # fmt: skip
    signing_input = f"{base64url(msgspec.json.encode(header))}.{base64url(msgspec.json.encode(claims))}"
    signed = f"{signing_input}.{base64url(await sign(signing_input.encode('ascii')))}"
    outer = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT", "kid": str(sealing.get("kid", ""))}
    assertion = jwe.encrypt_compact(outer, signed, key, algorithms=["RSA-OAEP-256", "A256GCM"])
    form = {"grant_type": CARD_GRANT, "assertion": assertion, "scope": "openid link services"}
    tokens = await check.token(form, Step.CARD_TOKEN)
    report.settle(Step.CARD_TOKEN, "")
    await check.take(tokens, nonce)
    check.once(form, Step.CARD_ONCE)


def _held(check: Check) -> Tokens:
    if not check.held:
        check.report.add(Step.OFFERED, Result.SKIPPED, "access_token")
        raise FlowStopped
    return check.held[-1]


async def _refreshed(check: Check, tokens: Tokens, step: Step) -> Tokens:
    return await check.token({"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}, step)


def _bound(tokens: Tokens) -> bool:
    return tokens.token_type.lower() == "dpop"


def _stranger() -> DeviceKey:
    return DeviceKey(ec.generate_private_key(ec.SECP256R1()))


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")

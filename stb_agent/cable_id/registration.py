"""A box's registration with the platform: made once with the operator's software statement (RFC 7591), its keys changed since (RFC 7592)."""

from __future__ import annotations

import logging
import os
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from yarl import URL

from stb_agent.cable_id.backing_off import later
from stb_agent.cable_id.client_auth import AuthMethod, ClientAuth, KeyClient, PublicClient
from stb_agent.cable_id.device_key import DeviceKey
from stb_agent.cable_id.discovery import Discovery, refused_for_now
from stb_agent.cable_id.dpop import Random
from stb_agent.cable_id.errors import (
    AnswerInvalid,
    CableIdError,
    ClientRefused,
    PlatformBusy,
    PlatformUnreachable,
    ProofRefused,
    RegistrationDamaged,
    RegistrationEnded,
    RegistrationUnsupported,
    StatementMissing,
    StatementRefused,
)
from stb_agent.cable_id.polling import Sleep
from stb_agent.cable_id.transport import BadReply, NoReply, Reply, Transport, check_address
from stb_agent.contract.transmissions import Kind

FILE = "registration.json"
CLIENT_KEY = "client.key"
_NEXT = ".next"
_STATEMENT_MOST = 16384
FIRST_WAIT = 15.0
LONGEST_WAIT = 3600.0
"""Seconds between attempts to register: bounds of the back-off (`backing_off.later`); a fleet that starts together does not ask in step."""

log = logging.getLogger(__name__)


class Registration(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the box keeps of its registration; the token is bound to the device key, so the file alone opens nothing."""

    issuer: str
    client_id: str
    registration_client_uri: str
    registration_access_token: str

    def __repr__(self) -> str:
        return f"Registration({self.client_id!r})"


class _Answer(msgspec.Struct, frozen=True):
    client_id: str
    registration_client_uri: str
    registration_access_token: str = ""
    token_endpoint_auth_method: str = ""


def read(state: Path) -> Registration | None:
    """Give the registration kept in ``state``, or None. Raises RegistrationDamaged."""
    try:
        return msgspec.json.decode((state / FILE).read_bytes(), type=Registration)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        raise RegistrationDamaged from None


def client_of(state: Path, issuer: str, client_id: str, random: Random) -> ClientAuth:
    """Give how this box proves itself to ``issuer``: as it registered, else as the public client ``client_id``.

    Raises RegistrationDamaged, DeviceKeyDamaged, DeviceKeyExposed.
    """
    kept = read(state)
    if kept is None or kept.issuer != issuer:
        return PublicClient(client_id)
    return KeyClient(kept.client_id, DeviceKey.open(state / CLIENT_KEY), random)


def read_statement(path: str) -> str:
    """Give the operator's software statement. Raises StatementMissing."""
    try:
        with Path(path).open(encoding="ascii") as file:
            return file.read(_STATEMENT_MOST).strip()
    except (OSError, UnicodeDecodeError):
        raise StatementMissing from None


async def until_registered(registrar: Registrar, statement: str, sleep: Sleep, random: Random) -> None:
    """Register this box with the statement in the file ``statement``; what goes wrong is logged and tried again later, as long as it takes."""
    for failed in count(1):
        try:
            await registrar.register(read_statement(statement))
            return
        except CableIdError as error:
            log.info("not registered: %s", error.code)
            asked = error.retry_after if isinstance(error, PlatformBusy) else None
        await sleep(later(failed, first=FIRST_WAIT, longest=LONGEST_WAIT, random=random, asked=asked, at_least=1.0))


class Registrar:
    """Register this box and change its key. What was begun and broken off is taken up again by doing it again.

    Every method raises PlatformUnreachable, PlatformBusy, AnswerInvalid, UnsafeAddress, RegistrationDamaged besides what it names.
    """

    def __init__(self, state: Path, discovery: Discovery, transport: Transport) -> None:
        self._state = state
        self._discovery = discovery
        self._transport = transport

    async def register(self, statement: str) -> Registration:
        """Register with the operator's software statement, or give the registration there is.

        The platform knows the box by its device key: a box that registers again, because the answer got lost, is the same client.
        Raises RegistrationUnsupported, StatementRefused, ClientRefused.
        """
        try:
            kept = read(self._state)
        except RegistrationDamaged:
            kept = None  # the platform knows the device key and gives the same client again
        if kept is not None and kept.issuer == self._discovery.issuer:
            return kept
        endpoint = (await self._discovery.metadata()).registration_endpoint
        if not endpoint:
            raise RegistrationUnsupported
        key = DeviceKey.open(self._state / CLIENT_KEY)
        body = {
            "software_statement": statement,
            "token_endpoint_auth_method": AuthMethod.PRIVATE_KEY_JWT,
            "dpop_bound_access_tokens": True,
            "jwks": _key_set(key),
        }
        answer = await self._ask("POST", endpoint, body, None, 201)
        if answer.token_endpoint_auth_method != AuthMethod.PRIVATE_KEY_JWT or not answer.registration_access_token:
            raise AnswerInvalid
        check_address(URL(answer.registration_client_uri))
        made = Registration(
            self._discovery.issuer,
            answer.client_id,
            answer.registration_client_uri,
            answer.registration_access_token,
        )
        _keep(self._state / FILE, msgspec.json.encode(made))
        return made

    async def rotate(self) -> Registration:
        """Give the box another client key: the platform takes both, then the new one alone.

        Broken off at any point, one of the two is good, and doing it again ends it. Raises RegistrationEnded, ClientRefused.
        """
        kept = read(self._state)
        if kept is None or kept.issuer != self._discovery.issuer:
            raise RegistrationEnded
        current, coming = self._state / CLIENT_KEY, self._state / (CLIENT_KEY + _NEXT)
        old, new = DeviceKey.open(current), DeviceKey.open(coming)
        await self._put(kept, old, new)
        _replace(coming, current)
        kept = read(self._state) or kept
        await self._put(kept, new)
        return kept

    def forget(self) -> None:
        """Forget the registration: the platform does not know it any more."""
        (self._state / FILE).unlink(missing_ok=True)
        _sync(self._state)

    async def confirm(self) -> Registration:
        """Ask whether the registration stands. Raises RegistrationEnded."""
        kept = read(self._state)
        if kept is None or kept.issuer != self._discovery.issuer:
            raise RegistrationEnded
        answer = await self._ask("GET", kept.registration_client_uri, None, kept.registration_access_token, 200)
        if answer.client_id != kept.client_id:
            raise AnswerInvalid
        return kept

    async def remove(self) -> None:
        """Have the platform forget this box (RFC 7592 §2.3), if it knows it. Raises RegistrationEnded where it does not any more."""
        kept = read(self._state)
        if kept is None or kept.issuer != self._discovery.issuer:
            return
        try:
            url, token = URL(kept.registration_client_uri), kept.registration_access_token
            reply = await self._transport.prove("DELETE", url, Kind.REGISTRATION, token=token)
        except NoReply:
            raise PlatformUnreachable from None
        except BadReply:
            raise AnswerInvalid from None
        if reply.status != 204:
            raise self._error(reply)

    async def _put(self, kept: Registration, *keys: DeviceKey) -> None:
        body = {
            "client_id": kept.client_id,
            "token_endpoint_auth_method": AuthMethod.PRIVATE_KEY_JWT,
            "jwks": _key_set(*keys),
        }
        answer = await self._ask("PUT", kept.registration_client_uri, body, kept.registration_access_token, 200)
        if answer.registration_access_token not in ("", kept.registration_access_token):  # RFC 7592 §2.1: it may change
            changed = msgspec.structs.replace(kept, registration_access_token=answer.registration_access_token)
            _keep(self._state / FILE, msgspec.json.encode(changed))

    async def _ask(self, method: str, url: str, body: dict[str, Any] | None, token: str | None, status: int) -> _Answer:
        json = None if body is None else msgspec.json.encode(body)
        try:
            reply = await self._transport.prove(method, URL(url), Kind.REGISTRATION, token=token, json=json)
            if reply.status != status:
                raise self._error(reply)
            return reply.json(_Answer)
        except NoReply:
            raise PlatformUnreachable from None
        except BadReply:
            raise AnswerInvalid from None

    def _error(self, reply: Reply) -> CableIdError:
        if for_now := refused_for_now(reply, self._transport.clock()):
            return for_now
        problem = reply.problem()
        match problem.error if problem else "":
            case "invalid_software_statement" | "unapproved_software_statement":
                return StatementRefused()
            case "invalid_token":
                return RegistrationEnded()
            case "invalid_dpop_proof" | "use_dpop_nonce":
                return ProofRefused()
            case "invalid_client_metadata" | "invalid_client":
                return ClientRefused()
        return AnswerInvalid()


def _key_set(*keys: DeviceKey) -> dict[str, object]:
    return {"keys": [{**key.public_jwk, "kid": key.jkt, "use": "sig", "alg": "ES256"} for key in keys]}


def _keep(path: Path, data: bytes) -> None:
    """Write a file whole, readable by its owner only, or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    _replace(draft, path)


def _replace(draft: Path, path: Path) -> None:
    """Put a file in another's place, durably, and overwrite what was there: a factory reset finds no block of it any more."""
    try:
        old: int | None = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        old = None
    os.replace(draft, path)
    _sync(path.parent)
    if old is not None:
        try:
            os.pwrite(old, bytes(os.fstat(old).st_size), 0)
            os.fsync(old)
        finally:
            os.close(old)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

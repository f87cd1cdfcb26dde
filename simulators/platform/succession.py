"""Ask the certification authority which certificates one took the place of (J-LIS: 新旧シリアル番号の対応, for verifiers only)."""

from dataclasses import dataclass

import aiohttp
import msgspec

from simulators.web import Problem

_TIMEOUT = aiohttp.ClientTimeout(total=5)


class Number(msgspec.Struct, frozen=True):
    """A certificate: its issuer's key (the hash of its SPKI) and its serial number, hexadecimal."""

    issuer_key: str
    serial: str


class _Answer(msgspec.Struct):
    predecessors: list[Number]


@dataclass(frozen=True)
class Successions:
    """Ask the validation service at `address`."""

    address: str

    async def before(self, issuer_key: str, serial: int) -> list[tuple[str, int]]:
        """Give issuer key and serial number of each certificate before this one, the last one first. Raises Problem 503."""
        body = {"issuer_key": issuer_key, "serial": f"{serial:x}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT, raise_for_status=True) as http,
                http.post(f"{self.address}/predecessors", json=body) as answer,
            ):
                found = msgspec.json.decode(await answer.read(), type=_Answer)
        except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError):
            wait = {"Retry-After": "5"}
            raise Problem(503, "temporarily_unavailable", "certification authority", headers=wait) from None
        return [(it.issuer_key, int(it.serial, 16)) for it in found.predecessors]

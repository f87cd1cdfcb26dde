"""A box's line to its servers: TLS connections of its own for each that the box opens, counted at the sockets.

The box's plain connections (loopback) end here; what they carry goes through TLS 1.3 over TCP with an Ethernet's segments, and is plain again
before the server. So what is counted is what HTTPS would cost: HTTP, TLS with a whole handshake for each connection, TCP and IP.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.support.diverted import diverted

_SEGMENT = 1440
"""Bytes of a TCP segment: an Ethernet's 1500 without the headers of IPv6 (40) and TCP (20)."""
_HEADERS = 40 + 32
"""Bytes of the headers of each segment: IPv6 (RFC 8200 §3), TCP with timestamps (RFC 9293, RFC 7323)."""
_CLOSING = 2
"""Segments each way that end a connection, after it was counted: FIN and the acknowledgement of the other's."""
_COUNTED = struct.Struct("=120xQQII")
"""linux/tcp.h, struct tcp_info: bytes_acked, bytes_received, segs_out, segs_in."""


@dataclass
class Count:
    """What passed, up from the box and down to it."""

    connections: int = 0
    requests: int = 0
    http_up: int = 0
    http_down: int = 0
    wire_up: int = 0
    wire_down: int = 0

    @property
    def http(self) -> int:
        """Give the bytes of HTTP, both ways."""
        return self.http_up + self.http_down

    @property
    def wire(self) -> int:
        """Give the bytes with TLS, TCP and IP, both ways."""
        return self.wire_up + self.wire_down


@dataclass
class _Certificates:
    """A server's certificate under an intermediate one, RSA 2048 as most are."""

    folder: Path
    root: Path = field(init=False)
    chain: Path = field(init=False)

    def __post_init__(self) -> None:
        self.root, self.chain = self.folder / "root.pem", self.folder / "chain.pem"
        keys = [rsa.generate_private_key(65537, 2048) for _ in range(3)]
        names = ["Chanoma Bench Root", "Chanoma Bench Issuing CA", "platform.example"]
        made = [self._certificate(names, keys, n) for n in range(3)]
        self.root.write_bytes(made[0].public_bytes(Encoding.PEM))
        key = keys[2].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.chain.write_bytes(b"".join((made[2].public_bytes(Encoding.PEM), made[1].public_bytes(Encoding.PEM), key)))

    @staticmethod
    def _certificate(names: list[str], keys: list[rsa.RSAPrivateKey], n: int) -> x509.Certificate:
        subject, issuer = (
            x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
            for name in (names[n], names[max(n - 1, 0)])
        )
        now, above = datetime.now(UTC), keys[max(n - 1, 0)]
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(keys[n].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=90))
            .add_extension(x509.BasicConstraints(ca=n < 2, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(keys[n].public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False)
        )
        if n == 2:
            made = made.add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
            )
        return made.sign(above, SHA256())


class Line:
    """Carry connections to servers and count them."""

    def __init__(self, addresses: Sequence[str], folder: Path) -> None:
        self._targets = [(parts.hostname or "", parts.port or 0) for parts in map(urlsplit, addresses)]
        certificates = _Certificates(folder)
        self._box = ssl.create_default_context(cafile=str(certificates.root))
        self._server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._server.load_cert_chain(certificates.chain)
        self._ports: dict[tuple[str, int], int] = {}
        self._servers: list[asyncio.Server] = []
        self._open: set[asyncio.Task[None]] = set()
        self.count = Count()

    async def __aenter__(self) -> Self:
        """Open."""
        for target in self._targets:
            far = socket.socket()
            far.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)
            far.bind(("127.0.0.1", 0))
            self._servers.append(await asyncio.start_server(self._far(target), sock=far, ssl=self._server))
            near = await asyncio.start_server(self._near(far.getsockname()[1]), "127.0.0.1", 0)
            self._servers.append(near)
            self._ports[target] = near.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        for server in self._servers:
            server.close()
        await self.quiet()

    def socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Make a socket that arrives here when it is connected to one of the servers (aiohttp's ``socket_factory``)."""
        return diverted(info, self._ports)

    async def quiet(self) -> None:
        """End every connection, as the box does with those that it keeps for the next request, when none came for a while."""
        while self._open:
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    def taken(self) -> Count:
        """Give what was counted since the last time; only what has ended is counted whole, so `quiet` goes before."""
        count, self.count = self.count, Count()
        return count

    def _near(self, far: int) -> Any:
        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._open.add(task)
            try:
                with suppress(asyncio.CancelledError, OSError):
                    await self._carry(reader, writer, far)
            finally:
                self._open.discard(task)
                writer.close()

        return carry

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, far: int) -> None:
        plain = socket.socket()
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", far))
        there, here = await asyncio.open_connection(sock=plain, ssl=self._box, server_hostname="127.0.0.1")
        count = self.count
        count.connections += 1
        try:
            await _until_one_ends(self._up(reader, here), self._down(there, writer))
        finally:
            told = here.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _COUNTED.size)
            acked, received, segments_out, segments_in = _COUNTED.unpack(told)
            self.count.wire_up += acked + _HEADERS * (segments_out + _CLOSING)
            self.count.wire_down += received + _HEADERS * (segments_in + _CLOSING)
            here.transport.abort()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self.count.http_up += len(data)
            self.count.requests += data.count(b" HTTP/1.1\r\n")
            writer.write(data)
            await writer.drain()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self.count.http_down += len(data)
            writer.write(data)
            await writer.drain()

    def _far(self, target: tuple[str, int]) -> Any:
        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, here = await asyncio.open_connection(*target)
            try:
                with suppress(OSError):
                    await _until_one_ends(_pass(reader, here), _pass(there, writer))
            finally:
                here.close()
                writer.close()

        return carry


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def _until_one_ends(*ways: Any) -> None:
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

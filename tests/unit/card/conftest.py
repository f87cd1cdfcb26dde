"""A card of a table, in memory, and certificates of every shape."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stb_agent.card.certificate import Authority, Environment, Trust

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
TEST_POLICY = "1.2.392.200149.8.5.1.0.30"
USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


class TableReader:
    """Answers by the longest fitting beginning of the command; keeps what reached it, and the very objects it was given."""

    name = "table"
    atr = b"\x3b\x00"
    protocol, level = "T=1", ""

    def __init__(self, table: dict[str, object]) -> None:
        self.table = {bytes.fromhex(start): answer for start, answer in table.items()}
        self.commands: list[str] = []
        self.given: list[object] = []

    def transmit(self, apdu):
        self.given.append(apdu)
        command = bytes(apdu)
        self.commands.append(command.hex().upper())
        start = max((one for one in self.table if command.startswith(one)), key=len, default=None)
        answer = "6D00" if start is None else self.table[start]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(command)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, bytes) else bytes.fromhex(answer)

    def close(self, unpower: bool = True) -> None:
        self.commands.append("unpower" if unpower else "leave")


class Maker:
    """Makes certificates, one key for each of authority and resident."""

    def __init__(self) -> None:
        self.ca_key, self.key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        self.ec_key = ec.generate_private_key(ec.SECP384R1())
        self.ca = self.authority(self.ca_key)
        self.namesake = self.authority(self.key)

    def authority(self, key: rsa.RSAPrivateKey, organization: str = "") -> x509.Certificate:
        name = self.name("authority", organization)
        builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - timedelta(3000), NOW + timedelta(3000))
        return builder.add_extension(x509.BasicConstraints(True, None), critical=True).sign(key, hashes.SHA256())

    def trust(self, environment: Environment = Environment.TEST) -> Trust:
        return Trust((Authority(self.ca, environment),))

    def __call__(
        self, *, usage: tuple[str, ...] = ("digital_signature",), policy: str | None = TEST_POLICY, client: bool = True,
        start: datetime = NOW - timedelta(30), end: datetime = NOW + timedelta(30), key: object = None,
        ca_key: object = None, serial: int = 0x12D57CA, digest: object = None, issuer: x509.Name | None = None,
        extra: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    ) -> bytes:  # fmt: skip
        builder = x509.CertificateBuilder(
            issuer or self.name("authority"), self.name("resident"), (key or self.key).public_key(), serial, start, end
        )
        builder = builder.add_extension(x509.KeyUsage(**{one: one in usage for one in USAGES}), critical=True)
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        if policy:
            information = x509.PolicyInformation(x509.ObjectIdentifier(policy), None)
            builder = builder.add_extension(x509.CertificatePolicies([information]), critical=True)
        for extension, critical in extra:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(ca_key or self.ca_key, digest or hashes.SHA256()).public_bytes(Encoding.DER)

    def sign(self, command: bytes) -> bytes:
        """Do what the card does with the body of SIGN: pad it as PKCS #1 type 1 and apply the key."""
        info = command[5:-1]
        padded = b"\x00\x01" + b"\xff" * (256 - 3 - len(info)) + b"\x00" + info
        numbers = self.key.private_numbers()
        signature = pow(int.from_bytes(padded, "big"), numbers.d, numbers.public_numbers.n)
        return signature.to_bytes(256, "big") + b"\x90\x00"

    def name(self, text: str, organization: str = "") -> x509.Name:
        parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)] if organization else []
        return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, text)])


@pytest.fixture(scope="session")
def make() -> Maker:
    return Maker()


@pytest.fixture(scope="session")
def reader() -> Callable[[dict[str, object]], TableReader]:
    return TableReader

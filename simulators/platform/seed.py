"""What the platform knows at first: one operator and its subscribers' contracts."""

from dataclasses import dataclass

OPERATOR = "しおみケーブルネットワーク"
"""A made-up cable operator."""


def luhn_sum(digits: str) -> int:
    """Compute the sum of ISO/IEC 7812-1, annex B: every second digit from the right doubled, digits of products added."""
    doubled = (int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits)))
    return sum(n // 10 + n % 10 for n in doubled)


def with_check_digit(body: str) -> str:
    """Append the digit that makes the Luhn sum a multiple of ten."""
    return f"{body}{-luhn_sum(body + '0') % 10}"


@dataclass(frozen=True)
class Contract:
    """One household's subscription."""

    number: str
    area: str
    plan: str


_AREAS = ("中央一丁目", "中央三丁目", "港町二丁目", "松風町", "灯台前", "南砂浜", "緑が丘四丁目", "古城町")
_PLANS = ("テレビ基本", "テレビ基本＋光1G", "テレビ充実＋光1G", "テレビ充実＋光10G＋電話")
# The first three digits are the branch, the next six the running number at that branch.
_BODIES = (
    "310004172", "310004215", "310004398", "310004406", "310005013", "310005127", "310005588", "310006021",
    "310006340", "310007719", "320000163", "320000254", "320000871", "320001032", "320001460", "320001977",
    "330000048", "330000115", "330000390", "330000622",
)  # fmt: skip

CONTRACTS = tuple(
    Contract(with_check_digit(body), _AREAS[n * 3 % len(_AREAS)], _PLANS[n * 7 % len(_PLANS)])
    for n, body in enumerate(_BODIES)
)
CONTRACT_NUMBER = CONTRACTS[0].number
"""The contract of the demonstration's household; also the one that the card `linked` is linked to."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS contracts (number TEXT PRIMARY KEY, area TEXT NOT NULL, plan TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS persons (card TEXT PRIMARY KEY, person TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS subjects (sub TEXT PRIMARY KEY, person TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS links (
    person TEXT PRIMARY KEY, cable_id TEXT NOT NULL UNIQUE, link_id TEXT NOT NULL UNIQUE,
    contract TEXT NOT NULL, linked_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS link_requests (
    person TEXT, key TEXT, contract TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (person, key)
);
CREATE TABLE IF NOT EXISTS nonces (
    nonce TEXT PRIMARY KEY, jkt TEXT NOT NULL, expires INTEGER NOT NULL, used INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS nonces_expires ON nonces (expires);
CREATE TABLE IF NOT EXISTS assertions (jti TEXT PRIMARY KEY, expires INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS assertions_expires ON assertions (expires);
CREATE TABLE IF NOT EXISTS ledger (at TEXT NOT NULL, category TEXT NOT NULL, unit TEXT NOT NULL, count INTEGER NOT NULL);
"""

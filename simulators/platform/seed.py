"""What the platform knows at first: operators and their subscribers' contracts."""

import argparse
import re
import tomllib
from pathlib import Path
from typing import Annotated

import msgspec

from simulators.platform.link_policy import LinkPolicy

OPERATOR = "しおみケーブルネットワーク"
"""A made-up cable operator."""


def luhn_sum(digits: str) -> int:
    """Compute the sum of ISO/IEC 7812-1, annex B: every second digit from the right doubled, digits of products added."""
    doubled = (int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits)))
    return sum(n // 10 + n % 10 for n in doubled)


def with_check_digit(body: str) -> str:
    """Append the digit that makes the Luhn sum a multiple of ten."""
    return f"{body}{-luhn_sum(body + '0') % 10}"


Area = Annotated[str, msgspec.Meta(max_length=40)]
"""A place as the people who live there call it, short enough for the television (docs/cable-id-profile.md, A phone as the reader)."""


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One household's subscription."""

    number: str
    area: Area
    plan: str


class Operator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cable operator: `name` stands in its address (https://NAME.example), `title` is what people call it.

    `area`: the town that it serves, said where nobody knows where in it a box stands.
    `ocsp_age`, `crl_age`: how old news of a certificate may be, in seconds (`docs/simulators.md`, Revocation).
    `link`: what it allows of links.
    """

    name: str
    title: str
    phone: str
    hours: str
    colour: str = "#1a4a8a"
    contracts: tuple[Contract, ...] = ()
    ocsp_age: int = 12 * 3600
    crl_age: int = 0
    link: LinkPolicy = LinkPolicy()
    area: Area = ""


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

OPERATORS = (
    Operator("shiomi", OPERATOR, "0120-000-041", "9:00–18:00", contracts=CONTRACTS, area="しおみ市"),
    Operator(
        "minato", "みなとテレビ", "0120-000-052", "10:00–19:00", "#7a2a4a",
        tuple(
            Contract(with_check_digit(body), area, plan)
            for body, area, plan in (
                ("410000027", "波止場町", _PLANS[0]), ("410000114", "坂上二丁目", _PLANS[2]), ("420000305", "入船", _PLANS[1]),
            )
        ), area="みなと市",
    ),
)  # fmt: skip
"""Those that the platform knows unless it is told of others."""


class _Seed(msgspec.Struct, forbid_unknown_fields=True):
    operator: tuple[Operator, ...]
    link: LinkPolicy = LinkPolicy()


def operators_of(path: str) -> tuple[Operator, ...]:
    """Read operators from a TOML file (for argparse): `[[operator]]`, each with `[[operator.contracts]]`; the first is the demonstration's.

    What an operator's `link` leaves out is as `[link]` says, and what that leaves out as `LinkPolicy`.
    """
    try:
        written = tomllib.loads(Path(path).read_text("utf-8"))
        msgspec.convert(written, _Seed)
        common = written.get("link", {})
        operators = [{**it, "link": {**common, **it.get("link", {})}} for it in written["operator"]]
        found = msgspec.convert(operators, tuple[Operator, ...])
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"{path}: {error}") from None
    numbers = [contract.number for operator in found for contract in operator.contracts]
    if not found or not found[0].contracts:
        raise argparse.ArgumentTypeError(f"{path}: an operator with a contract is needed")
    for what, names in (("operator", [operator.name for operator in found]), ("contract", numbers)):
        if twice := {name for name in names if names.count(name) > 1}:
            raise argparse.ArgumentTypeError(f"{path}: {what} twice: {min(twice)}")
    for wrong in (number for number in numbers if not re.fullmatch("[0-9]{10}", number) or luhn_sum(number) % 10):
        raise argparse.ArgumentTypeError(f"{path}: contract {wrong}: ten digits, of which the last is the check digit")
    for wrong in (it.name for it in found if not re.fullmatch("[a-z][a-z0-9-]*", it.name)):
        raise argparse.ArgumentTypeError(f"{path}: operator {wrong}: small letters, digits and hyphens")
    return found


SCHEMA = """
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS contracts (
    number TEXT PRIMARY KEY, operator TEXT NOT NULL, area TEXT NOT NULL, plan TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS persons (card TEXT PRIMARY KEY, person TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS subjects (sub TEXT PRIMARY KEY, person TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS links (
    person TEXT PRIMARY KEY, cable_id TEXT NOT NULL UNIQUE, link_id TEXT NOT NULL UNIQUE,
    contract TEXT NOT NULL, linked_at TEXT NOT NULL, operator TEXT NOT NULL
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

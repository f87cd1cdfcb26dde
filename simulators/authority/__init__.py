"""A test certification authority with the certificate profile of JPKI; its keys are made when first used."""

from simulators.authority.authority import Authority, AuthorityError, Identity
from simulators.authority.people import DEFAULT, PEOPLE, Resident
from simulators.authority.profile import POLICY, Purpose

__all__ = ["DEFAULT", "PEOPLE", "POLICY", "Authority", "AuthorityError", "Identity", "Purpose", "Resident"]

"""What the box remembers, encrypted: links, the outbox and its courier, the audit trail, the ledger, settings."""

from stb_agent.store.courier import Courier, NeedsCard, Refused, Sender, Unreachable
from stb_agent.store.ledger import Category
from stb_agent.store.links import Link
from stb_agent.store.outbox import Entry, State
from stb_agent.store.store import Store

__all__ = ["Category", "Courier", "Entry", "Link", "NeedsCard", "Refused", "Sender", "State", "Store", "Unreachable"]

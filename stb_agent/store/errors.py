"""What can go wrong with what the box keeps."""

from __future__ import annotations

from typing import ClassVar

from stb_agent.contract.errors import ChanomaError


class StoreError(ChanomaError):
    """The root of this room's errors."""

    code: ClassVar[str] = "store"


class KeyMissing(StoreError):
    """The database is there and its key is not."""

    code = "store.key.missing"


class KeyExposed(StoreError):
    """Others than the owner may read the key."""

    code = "store.key.exposed"


class KeyWrong(StoreError):
    """The key does not open this database, or is no key."""

    code = "store.key.wrong"


class DatabaseMissing(StoreError):
    """The key is there and its database is not."""

    code = "store.missing"


class Damaged(StoreError):
    """The database, or a record of it, is not what was written. ``table`` names where, when it is known."""

    code = "store.damaged"


class Busy(StoreError):
    """Another process has the database open."""

    code = "store.busy"
    retry = True


class NotWritten(StoreError):
    """The disk is full or failing; nothing of the change was kept."""

    code = "store.not_written"
    retry = True


class KeyReused(StoreError):
    """The idempotency key belongs to another act already in the outbox."""

    code = "store.outbox.key_reused"


class AuditBroken(StoreError):
    """The audit trail was changed: ``position`` is the first entry (from 1) that does not hold."""

    code = "store.audit.broken"


class RolledBack(StoreError):
    """The database is an earlier one than this box had already."""

    code = "store.rolled_back"

"""The store: one encrypted database and its key, in one folder."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from stb_agent.store import audit
from stb_agent.store.anchor import Anchor
from stb_agent.store.audit import Audit
from stb_agent.store.database import ADDED, SCHEMA, Clock, Database, connect, told
from stb_agent.store.endings import Endings
from stb_agent.store.errors import Damaged, DatabaseMissing, KeyWrong, StoreError
from stb_agent.store.ledger import Ledger
from stb_agent.store.links import Links
from stb_agent.store.news import News
from stb_agent.store.outbox import Outbox
from stb_agent.store.seal import KEY_BYTES, Random, Seal, forget_draft, read_key, sync_folder, write_key
from stb_agent.store.settings import Settings
from stb_agent.store.transmissions import Transmissions

DATABASE = "store.db"
KEY = "store.key"
ANCHOR = "store.head"
_MARK = "chanoma store 1"


class Store:
    """What the box remembers. One process at a time; calls are synchronous, each at most a few disk flushes long."""

    def __init__(self, database: Database, clock: Clock, anchor: Anchor) -> None:
        self._database = database
        self.links = Links(database)
        self.outbox = Outbox(database)
        self.audit = Audit(database, clock, anchor)
        self.ledger = Ledger(database, clock)
        self.settings = Settings(database)
        self.transmissions = Transmissions(database)
        self.endings = Endings(database, clock)
        self.news = News(database, clock)

    @classmethod
    def open(cls, folder: Path, *, clock: Clock, random: Random) -> Store:
        """Open the store in ``folder``, made there on the very first start.

        ``clock`` gives seconds since the epoch, ``random`` that many random bytes. What is damaged, or lacks its other half, is never replaced
        by a new one: raises KeyMissing, KeyExposed, KeyWrong, DatabaseMissing, Damaged, Busy, NotWritten.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(folder, random)
        seal = Seal(read_key(folder / KEY), random)
        if not (folder / DATABASE).exists():
            raise DatabaseMissing
        connection = connect(folder / DATABASE)
        try:
            database = Database(connection, seal)
            marks = database.rows("SELECT sealed FROM mark")
            if len(marks) != 1:
                raise Damaged(table="mark")
            try:
                mark = database.opened(str, marks[0][0], "mark")
            except Damaged:
                raise KeyWrong from None
            if mark != _MARK:
                raise Damaged(table="mark")
            with database.transaction():
                for statement in ADDED.split(";"):
                    database.rows(statement)
        except StoreError:
            connection.close()
            raise
        return cls(database, clock, Anchor(folder / ANCHOR, seal))

    def verify(self) -> None:
        """Open every record. Raises Damaged naming the table, AuditBroken with the position, RolledBack."""
        database = self._database
        for table in ("links", "settings", "ledger", "endings", "news"):
            for name, sealed in database.rows(f"SELECT * FROM {table}"):
                database.opened(object, sealed, table, name)
        for *columns, sealed in database.rows("SELECT name, owner, state, sealed FROM outbox"):
            database.opened(object, sealed, "outbox", *columns)
        for position, owner, sealed in database.rows("SELECT position, owner, sealed FROM transmissions"):
            database.opened(object, sealed, "transmissions", position, owner)
        for name, owner, sealed in database.rows("SELECT name, owner, sealed FROM transmission_days"):
            database.opened(object, sealed, "transmission_days", name, owner)
        self.audit.verify()

    def secret(self, purpose: str) -> bytes:
        """Give the 32-byte key of this box for ``purpose``, e.g. for the hash that makes a card's handle."""
        return self._database.seal.secret("given." + purpose)

    def forget(self, handle: str) -> None:
        """Forget what is kept of a person whose link has ended, by their card's handle, the link itself last. Raises StoreError.

        Outbox, audit trail and ledger keep what was done; an end of theirs that the platform has still to hear is kept until it has.
        """
        self.transmissions.forget(handle)
        self.news.forget(handle)
        self.endings.hide(handle)
        self.links.remove(handle)

    def close(self) -> None:
        """Close the database; what was written is already on the disk."""
        self._database.connection.close()


def _make(folder: Path, random: Random) -> None:
    """Bring a first start to its end, also one that the power went away under.

    The order tells the cases apart: a draft of the database, whole and closed; then its key; then the draft gets its name.
    """
    database, draft, key = folder / DATABASE, folder / (DATABASE + ".new"), folder / KEY
    if database.exists():
        return
    if key.exists():
        if draft.exists():
            forget_draft(key)
            draft.rename(database)
            sync_folder(folder)
        return
    for leftover in (draft, folder / (draft.name + "-journal")):
        leftover.unlink(missing_ok=True)
    secret = random(KEY_BYTES)
    draft.touch(mode=0o600, exist_ok=False)
    with told():
        connection = sqlite3.connect(draft, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            made = Database(connection, Seal(secret, random))
            with made.transaction():
                for statement in SCHEMA.split(";"):
                    made.rows(statement)
                made.rows("INSERT INTO mark VALUES (?)", made.sealed(_MARK, "mark"))
                audit.start(made)
        finally:
            connection.close()
    write_key(key, secret)
    draft.rename(database)
    sync_folder(folder)

"""What has come from servers, and how far each collection has been read: ``pulled/pulled.sqlite`` in the workspace.

::

    crawl      a collection of an API root, and the date up to which it has been read
    received   an object: its bytes until it is in a document of the workspace, then where it stands in that document
    batch      a document that was made of objects and is not yet in the workspace, with its bytes
    sent       what this centre gave to servers, to know it when it comes back

A page and the date that follows from it are written in one transaction, so that a process that is killed at any moment
neither leaves out an object nor keeps one twice. A document is made and its objects are told of it in one transaction
too; it is added to the workspace afterwards, where the same bytes twice are one document.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from consilience.errors import SchemaVersionError, StoreError
from consilience.exchange.folder_lock import locked
from consilience.exchange.taxii_client.dates import Moment

FOLDER: Final = "pulled"
_DATABASE: Final = "pulled.sqlite"
_AT_ONCE: Final = 1_000
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS crawl (
  number INTEGER PRIMARY KEY, api_root TEXT NOT NULL, collection TEXT NOT NULL,
  microseconds INTEGER, grain INTEGER, UNIQUE (api_root, collection));
CREATE TABLE IF NOT EXISTS received (
  number INTEGER PRIMARY KEY, crawl INTEGER NOT NULL, id TEXT NOT NULL, version TEXT NOT NULL, digest BLOB NOT NULL,
  raw BLOB, document TEXT NOT NULL DEFAULT '', start INTEGER NOT NULL DEFAULT 0, length INTEGER NOT NULL DEFAULT 0,
  refused TEXT NOT NULL DEFAULT '', UNIQUE (crawl, id, version, digest));
CREATE INDEX IF NOT EXISTS waiting ON received (crawl, number) WHERE document = '' AND refused = '';
CREATE TABLE IF NOT EXISTS batch (
  number INTEGER PRIMARY KEY, crawl INTEGER NOT NULL, document TEXT NOT NULL, made TEXT NOT NULL, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS sent (digest BLOB PRIMARY KEY, id TEXT NOT NULL, version TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


class Arrival(msgspec.Struct, frozen=True):
    """An object as it came. ``digest`` is of its content; ``refused`` says why it will be in no document, if so."""

    id: str
    version: str
    digest: bytes
    raw: bytes
    refused: str = ""


class Waiting(msgspec.Struct, frozen=True):
    """An object that is in no document yet."""

    number: int
    id: str
    raw: bytes


class Standing(msgspec.Struct, frozen=True):
    """Where an object is: its bytes, or the document of the workspace and where in it."""

    number: int
    raw: bytes | None
    document: str
    start: int
    length: int


class Batch(msgspec.Struct, frozen=True):
    """A document on its way into the workspace: its digest, the day on which it was made, and its bytes."""

    number: int
    document: str
    made: str
    data: bytes


class Kept(msgspec.Struct, frozen=True):
    """What keeping a page came to: the objects that were new, and of them those whose version had other content."""

    new: tuple[Arrival, ...]
    changed: tuple[Arrival, ...]


class Inbox:
    """The database, open. Use :func:`open_inbox` to get one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"what came cannot be kept: {error}", file=_DATABASE) from error

    def crawl(self, api_root: str, collection: str) -> int:
        """Return the number of a collection, known or new."""
        with self._transaction() as database:
            database.execute("INSERT OR IGNORE INTO crawl (api_root, collection) VALUES (?, ?)", (api_root, collection))
            row = database.execute(
                "SELECT number FROM crawl WHERE api_root = ? AND collection = ?", (api_root, collection)
            ).fetchone()
        return int(row[0])

    def mark(self, crawl: int) -> Moment | None:
        """Return the date up to which a collection has been read."""
        row = self._connection.execute("SELECT microseconds, grain FROM crawl WHERE number = ?", (crawl,)).fetchone()
        return Moment(*row) if row and row[0] is not None else None

    def keep(self, crawl: int, arrivals: Iterable[Arrival], mark: Moment | None) -> Kept:
        """Keep the objects of a page that are not here, and from when on to read (``None``: from the start) at once."""
        new = []
        changed = []
        with self._transaction() as database:
            for each in arrivals:
                before = database.execute(
                    "SELECT digest FROM received WHERE crawl = ? AND id = ? AND version = ?",
                    (crawl, each.id, each.version),
                ).fetchall()
                if (each.digest,) in before:
                    continue
                database.execute(
                    "INSERT INTO received (crawl, id, version, digest, raw, refused) VALUES (?, ?, ?, ?, ?, ?)",
                    (crawl, each.id, each.version, each.digest, each.raw, each.refused),
                )
                new.append(each)
                if before and each.version:
                    changed.append(each)
            database.execute(
                "UPDATE crawl SET microseconds = ?, grain = ? WHERE number = ?",
                (mark.microseconds if mark else None, mark.grain if mark else None, crawl),
            )
        return Kept(tuple(new), tuple(changed))

    def waiting(self, crawl: int) -> Iterator[Waiting]:
        """Yield the objects that are in no document yet, in the order in which they came.

        They are read some at a time, so that those already given may be put into documents meanwhile.
        """
        last = 0
        while True:
            rows = self._connection.execute(
                "SELECT number, id, raw FROM received WHERE crawl = ? AND document = '' AND refused = '' AND number > ?"
                " ORDER BY number LIMIT ?",
                (crawl, last, _AT_ONCE),
            ).fetchall()
            if not rows:
                return
            yield from (Waiting(*row) for row in rows)
            last = rows[-1][0]

    def newest(self, crawl: int, stix_id: str) -> Standing | None:
        """Return the newest version of an object that came from a collection, none of those that were refused."""
        row = self._connection.execute(
            "SELECT number, raw, document, start, length FROM received"
            " WHERE crawl = ? AND id = ? AND refused = '' ORDER BY version DESC, number DESC LIMIT 1",
            (crawl, stix_id),
        ).fetchone()
        return Standing(*row) if row else None

    def seal(self, crawl: int, document: bytes, made: str, places: Iterable[tuple[int, int, int]]) -> None:
        """Keep a document made of objects, given as (number, start, length), until it is in the workspace."""
        digest = hashlib.sha256(document).hexdigest()
        with self._transaction() as database:
            database.execute(
                "INSERT INTO batch (crawl, document, made, data) VALUES (?, ?, ?, ?)", (crawl, digest, made, document)
            )
            database.executemany(
                "UPDATE received SET document = ?, start = ?, length = ? WHERE number = ?",
                [(digest, start, length, number) for number, start, length in places],
            )

    def batches(self, crawl: int) -> tuple[Batch, ...]:
        """Return the documents that are on their way."""
        rows = self._connection.execute(
            "SELECT number, document, made, data FROM batch WHERE crawl = ? ORDER BY number", (crawl,)
        )
        return tuple(Batch(*row) for row in rows)

    def filed(self, crawl: int, batch: Batch) -> None:
        """Note that a document is in the workspace; its objects' bytes are there from now on."""
        with self._transaction() as database:
            database.execute("UPDATE received SET raw = NULL WHERE crawl = ? AND document = ?", (crawl, batch.document))
            database.execute("DELETE FROM batch WHERE number = ?", (batch.number,))

    def unseal(self, crawl: int, batch: Batch, reason: str) -> list[tuple[str, str]]:
        """Take back a document that the workspace refuses; return id and version of the objects it was made of.

        Where it was made of one, that one is refused for ``reason``; the others wait to be put into smaller ones.
        """
        with self._transaction() as database:
            rows = database.execute(
                "SELECT number, id, version FROM received WHERE crawl = ? AND document = ?", (crawl, batch.document)
            ).fetchall()
            database.executemany(
                "UPDATE received SET document = '', start = 0, length = 0, refused = ? WHERE number = ?",
                [(reason if len(rows) == 1 else "", number) for number, _, _ in rows],
            )
            database.execute("DELETE FROM batch WHERE number = ?", (batch.number,))
        return [(each, version) for _, each, version in rows]

    def counts(self, crawl: int) -> tuple[int, int]:
        """Return how many objects of a collection are here, and how many of them wait for a document."""
        here, wait = self._connection.execute(
            "SELECT count(*), coalesce(sum(document = '' AND refused = ''), 0) FROM received WHERE crawl = ?", (crawl,)
        ).fetchone()
        return int(here), int(wait)

    def note_sent(self, objects: Iterable[Arrival]) -> None:
        """Note what goes to a server."""
        with self._transaction() as database:
            database.executemany(
                "INSERT OR IGNORE INTO sent VALUES (?, ?, ?)",
                [(each.digest, each.id, each.version) for each in objects],
            )

    def was_sent(self, digest: bytes) -> bool:
        """Tell whether this centre has sent an object of this content."""
        return self._connection.execute("SELECT 1 FROM sent WHERE digest = ?", (digest,)).fetchone() is not None


@contextmanager
def open_inbox(workspace: Path) -> Iterator[Inbox]:
    """Open the inbox of a workspace, made where there is none, for this process alone.

    Raises :class:`StoreError` where it cannot be opened, or another process pulls or pushes for a minute.
    """
    folder = workspace / FOLDER
    with locked(folder):
        path = folder / _DATABASE
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # what came may be marked
            connection = sqlite3.connect(path, isolation_level=None)
            try:
                connection.execute("PRAGMA page_size=16384")  # of a new database; objects are long rows
                connection.execute("PRAGMA cache_size=-65536")  # 64 MB
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                if version > 1:
                    raise SchemaVersionError("a newer Consilience pulled here; use that", file=str(path))
                connection.executescript(_SCHEMA)
                yield Inbox(connection)
            finally:
                connection.close()
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"cannot open what was pulled: {error}", file=str(path)) from error

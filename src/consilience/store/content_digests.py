"""Digests of what a workspace holds, row by row, so that a changed byte can be found and named.

Covered: statements with their columns, readings and what they did not take, documents with their prose and the places
of their STIX objects, sources, judgements, the list of Parquet parts. Raw documents and parts are files named or listed
by their SHA-256, and are checked against that. Not covered, as they are made from the rest: the full-text index and how
far it has come.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from consilience.errors import StoreError
from consilience.model.marking import Marking
from consilience.model.statement import Statement, statement_id
from consilience.store.workspace import DATABASE

_PIECE: Final = 1 << 20
_ROWS: Final = 1000


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A unit of the store that is covered as one: its sort, its key and the SHA-256 over all that stands in it.

    ``subject`` is the id of what it is about: the SHA-256 of a document, the id of a statement. ``marking`` is the
    most restrictive that stands anywhere in it.
    """

    kind: str
    key: str
    digest: str
    subject: str = ""
    marking: Marking = Marking.CLEAR
    statements: int = 0
    observations: int = 0


class Newest(msgspec.Struct, frozen=True):
    """The highest numbers of readings and judgements that a store has given; -1 where it has given none."""

    reading: int = -1
    judgement: int = -1


class _Marked(msgspec.Struct):
    marking: Marking = Marking.CLEAR


_decode_statement: Final = msgspec.json.Decoder(Statement).decode
_marking: Final = msgspec.json.Decoder(_Marked).decode


class StoreContent:
    """What a workspace's database holds at one moment. Use :func:`open_content` to get one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        return iter(self._connection.execute(query, values))

    def newest(self) -> Newest:
        """Return the highest numbers given so far."""
        (reading,) = next(self._rows("SELECT coalesce(max(id), -1) FROM reading"))
        (judgement,) = next(self._rows("SELECT coalesce(max(row), -1) FROM judgement"))
        return Newest(reading, judgement)

    def rows(self) -> Iterator[Row]:
        """Yield everything that is covered."""
        yield from self.readings()
        yield from self.judgements()
        yield from self.sources()
        yield from self.parts()

    def readings(self, after: int = -1) -> Iterator[Row]:
        """Yield, for each reading with a number above ``after``, what it made, and its document where it is current."""
        for reading in self._connection.execute("SELECT * FROM reading WHERE id > ? ORDER BY id", (after,)).fetchall():
            yield self._reading(reading)
            document = self._document(reading[0], _text(reading[1]))
            if document is not None:
                yield document

    def _reading(self, reading: tuple[Any, ...]) -> Row:
        number, document, _, _, observations, first, last = reading
        digest, marking, count = _Digest(reading), self._document_marking(document), 0
        made = "SELECT row, CAST(json AS BLOB) FROM statement WHERE row BETWEEN ? AND ? ORDER BY row"
        again = (
            "SELECT row, CAST(json AS BLOB) FROM repeated JOIN statement ON statement.row = repeated.statement"
            " WHERE reading = ? ORDER BY row"
        )
        for rows in (self._connection.execute(made, (first, last)), self._connection.execute(again, (number,))):
            digest.add(("statements",))
            while piece := rows.fetchmany(_ROWS):  # the largest bundle makes 20,000: row by row costs twice the time
                data = b"".join([b"%d:%d:%b" % (row, len(json), json) for row, json in piece])
                digest.add_encoded(data)
                count += len(piece)
                if b'"marking"' in data:
                    marking = max(marking, *(_read_marking(json) for _, json in piece), key=lambda each: each.rank)
        for row in self._rows("SELECT rowid, * FROM issue WHERE reading = ? ORDER BY rowid", number):
            digest.add(row)
        return Row(
            kind="reading",
            key=str(number),
            digest=digest.hex(),
            subject=_text(document),
            marking=marking,
            statements=count,
            observations=observations,
        )

    def misfiled(self) -> Iterator[int]:
        """Yield the numbers of statements whose content is not what their id or their look-up columns say.

        The digest of a reading is over their content alone, and does not say which of them was changed.
        """
        for row, digest, predicate, subject, thing, source, json in self._rows(
            "SELECT row, digest, predicate, subject, object, source, CAST(json AS BLOB) FROM statement"
        ):
            try:
                found = _decode_statement(json)
            except (msgspec.DecodeError, UnicodeDecodeError):
                yield row
                continue
            named = (found.predicate, found.subject.name, found.object.name if found.object else "", found.source)
            filed = tuple(map(_text, (predicate, subject, thing, source)))
            if filed != named or digest != _digest_of(statement_id(found)):
                yield row

    def _document_marking(self, document: object) -> Marking:
        found = self._connection.execute(
            "SELECT CAST(json AS BLOB) FROM document WHERE sha256 = ?", (_text(document),)
        ).fetchone()
        return _read_marking(found[0]) if found else Marking.RED

    def _document(self, reading: int, sha256: str) -> Row | None:
        row = self._connection.execute(
            "SELECT * FROM document WHERE sha256 = ? AND reading = ?", (sha256, reading)
        ).fetchone()
        if row is None:
            return None
        digest = _Digest(row)
        for each in self._rows("SELECT * FROM passage WHERE document = ? ORDER BY pointer", sha256):
            digest.add(each[1:])  # the row's number changes when the document is read again
        for each in self._rows("SELECT * FROM stix_object WHERE document = ?", sha256):
            digest.add(each)
        return Row(kind="document", key=str(reading), digest=digest.hex(), subject=sha256)

    def judgements(self, after: int = -1) -> Iterator[Row]:
        """Yield the judgements with a number above ``after``; ``subject`` is the statement."""
        query = (
            "SELECT judgement.*, CAST(statement.json AS BLOB) FROM judgement LEFT JOIN statement"
            " ON statement.digest = unhex_or_empty(substr(judgement.statement, 12)) WHERE judgement.row > ?"
            " ORDER BY judgement.row"
        )
        for number, statement, json, about in self._rows(query, after):
            yield Row(
                kind="judgement",
                key=str(number),
                digest=_Digest((number, statement, json)).hex(),
                subject=_text(statement),
                marking=max(self._markings_of(_text(statement), about), key=lambda each: each.rank),
            )

    def _markings_of(self, statement: str, json: bytes | None) -> Iterator[Marking]:
        """Yield the markings of a statement and of the documents that it was read from."""
        yield _read_marking(json) if json else Marking.RED
        documents = (
            "SELECT CAST(document.json AS BLOB) FROM statement"
            " JOIN reading ON statement.row BETWEEN first_row AND last_row"
            " JOIN document ON document.sha256 = reading.document WHERE statement.digest = ?"
        )
        yield from (_read_marking(each) for (each,) in self._rows(documents, _digest_of(statement)))

    def sources(self) -> Iterator[Row]:
        """Yield the sources. The key is a digest, as an id can be a file's name; ``subject`` is the id."""
        for row in self._rows("SELECT * FROM source ORDER BY id"):
            identifier = _text(row[0])
            key = hashlib.sha256(identifier.encode("utf-8")).hexdigest()
            yield Row(kind="source", key=key, digest=_Digest(row).hex(), subject=identifier)

    def parts(self) -> Iterator[Row]:
        """Yield the Parquet parts as they are listed."""
        for row in self._rows("SELECT * FROM observation_part ORDER BY name"):
            yield Row(kind="part", key=_text(row[0]), digest=_Digest(row).hex())

    def documents(self) -> dict[str, int]:
        """Return the number of the current reading of each document, by its SHA-256."""
        return {_text(sha256): reading for sha256, reading in self._rows("SELECT sha256, reading FROM document")}

    def part_files(self) -> dict[str, str]:
        """Return the SHA-256 of each Parquet part by its name, as listed."""
        return {_text(name): _text(sha) for name, sha in self._rows("SELECT name, sha256 FROM observation_part")}

    def disorder(self) -> tuple[str, ...]:
        """Return what SQLite finds wrong in the database file itself: pages, indexes, order; one sentence each."""
        found = [_text(row) for (row,) in self._rows("PRAGMA integrity_check(20)")]
        return () if found == ["ok"] else tuple(found)


@contextmanager
def open_content(folder: Path) -> Iterator[StoreContent | None]:
    """Give what a workspace holds, all of one moment, and change nothing; ``None`` where it has no database yet.

    Raises :class:`StoreError` where the database cannot be read: a byte of it may have been changed.
    """
    database = folder / DATABASE
    if not database.exists():
        yield None
        return
    mode = "mode=ro" if os.access(folder, os.W_OK) else "immutable=1"
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?{mode}", uri=True, timeout=60)) as connection:
            connection.text_factory = bytes  # a changed byte need not be UTF-8
            connection.isolation_level = None
            connection.execute("BEGIN")
            connection.create_function("unhex_or_empty", 1, _unhex, deterministic=True)
            yield StoreContent(connection)
    except sqlite3.Error as error:
        raise StoreError(f"the database cannot be read: {error}", file=str(database)) from error


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file; raise :class:`StoreError` where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
    except (OSError, ValueError) as error:  # a name out of a changed row can be one that no file has
        raise StoreError(f"cannot be read: {getattr(error, 'strerror', error)}", file=str(path)) from error
    return digest.hexdigest()


class _Digest:
    """SHA-256 over rows, each value with its sort and length before it, so that no two rows run into one another."""

    def __init__(self, first: Iterable[object]) -> None:
        self._sha256 = hashlib.sha256()
        self.add(first)

    def add(self, row: Iterable[object]) -> None:
        parts: list[bytes] = []
        for value in row:
            data = value if isinstance(value, bytes) else str(value).encode("utf-8")
            parts += (b"%s%d:" % (b"b" if isinstance(value, bytes) else b"n", len(data)), data)
        self._sha256.update(b"%d;%b" % (len(parts), b"".join(parts)))

    def add_encoded(self, data: bytes) -> None:
        """Add what says of itself where it ends."""
        self._sha256.update(data)

    def hex(self) -> str:
        return self._sha256.hexdigest()


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _unhex(digits: bytes) -> bytes:
    return _digest_of(_text(digits))


def _digest_of(statement: str) -> bytes:
    try:
        return bytes.fromhex(statement.removeprefix("statement--"))
    except ValueError:
        return b""


def _read_marking(json: bytes) -> Marking:
    """Return the marking that a row's JSON names; what cannot be read is taken for the most restrictive."""
    try:
        return _marking(json).marking
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Marking.RED

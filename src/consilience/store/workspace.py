"""The embedded store: one folder with a SQLite database (WAL), Parquet parts and the raw documents.

::

    workspace/
      consilience.sqlite      statements, sources, readings, judgements, full text
      observations/*.parquet  one part per batch, listed in the database
      raw/ab/<sha256>         documents as they came
      staging/                of a batch that is being written; left behind only by a crash

A batch holds the database's write lock from its first byte. Its files go to ``staging``, are moved to their place when
all are written, and count only once the database commits: a crash leaves files that nothing lists, which the next
batch removes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from consilience.errors import SchemaVersionError, StoreError
from consilience.model.document import Document, Issue, Passage, Reading, StixObject
from consilience.model.source import Source
from consilience.model.statement import Judgement, Statement
from consilience.store.interface import PROPOSALS, Hit, ReadingKey

if TYPE_CHECKING:  # Arrow costs 0.2 s at start-up, and most commands read no observations
    import pyarrow as pa

    from consilience.store.observations import PartWriter

SCHEMA_VERSION: Final = 1
DATABASE: Final = "consilience.sqlite"
_BUSY_SECONDS: Final = 60.0
_encode: Final = msgspec.json.Encoder().encode
_decode_statement: Final = msgspec.json.Decoder(Statement).decode


def open_workspace(folder: Path, *, create: bool = True) -> Workspace:
    """Open the workspace in ``folder``, making it where ``create`` allows.

    Raises :class:`StoreError` where there is none, or it cannot be read, and :class:`SchemaVersionError` where a newer
    Consilience wrote it.
    """
    database = folder / DATABASE
    if not database.exists() and not create:
        raise StoreError("there is no workspace here; `consilience add` makes one", file=str(folder))
    try:
        if database.exists() and not os.access(folder, os.W_OK):
            return Workspace(folder, _read_only(database, folder))
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(database, timeout=_BUSY_SECONDS, isolation_level=None)
        connection.execute("PRAGMA page_size=16384")  # of a new database; statements are long rows
        connection.execute("PRAGMA cache_size=-65536")  # 64 MB, so that a batch is written once and not spilled
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        _check_version(connection, folder)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"cannot open the workspace: {error}", file=str(folder)) from error
    return Workspace(folder, connection)


def _read_only(database: Path, folder: Path) -> sqlite3.Connection:
    """Open a workspace on a medium that cannot be written, such as a disc: nobody else writes to it either."""
    connection = sqlite3.connect(f"{database.resolve().as_uri()}?immutable=1", uri=True, isolation_level=None)
    _refuse_newer(connection, folder)
    return connection


def _check_version(connection: sqlite3.Connection, folder: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").fetchone():
            for command in _commands(files("consilience.store").joinpath("schema.sql").read_text("utf-8")):
                connection.execute(command)
            connection.execute("INSERT INTO meta VALUES ('schema_version', ?)", (str(SCHEMA_VERSION),))
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    _refuse_newer(connection, folder)


def _refuse_newer(connection: sqlite3.Connection, folder: Path) -> None:
    found = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    if not found or not found[0].isdigit():
        raise StoreError("the workspace names no schema version", file=str(folder))
    if int(found[0]) > SCHEMA_VERSION:
        raise SchemaVersionError(
            f"the workspace has schema version {found[0]}, this Consilience reads up to {SCHEMA_VERSION}; "
            "use the newer Consilience that wrote it",
            file=str(folder),
        )


def _commands(script: str) -> Iterator[str]:
    command = ""
    for line in script.splitlines(keepends=True):
        command += line
        if sqlite3.complete_statement(command):
            yield command
            command = ""


class Workspace:
    """A :class:`~consilience.store.interface.Store` in one folder. Use :func:`open_workspace` to get one."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self._connection = connection

    def close(self) -> None:
        """Give the database back."""
        self._connection.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def batch(self) -> Iterator[WorkspaceBatch]:
        """Open a batch: one transaction over database and files. Waits up to a minute for another writer."""
        self._begin()
        staging = self.folder / "staging" / uuid.uuid4().hex
        try:
            self._remove_leftovers()
            staging.mkdir(parents=True)
            batch = WorkspaceBatch(self.folder, staging, self._connection)
            yield batch
            batch.finish()
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._connection.execute("ROLLBACK")
            if isinstance(error, (OSError, sqlite3.Error)):
                raise StoreError(f"nothing was added: {error}", file=str(self.folder)) from error
            raise
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _begin(self) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise StoreError(f"cannot write to the workspace: {error}", file=str(self.folder)) from error

    def _remove_leftovers(self) -> None:
        """Remove what a crashed batch left; called with the write lock held, so every staging folder found is dead."""
        staging = self.folder / "staging"
        if not staging.exists() or not any(staging.iterdir()):
            return
        shutil.rmtree(staging)
        listed = {name for (name,) in self._connection.execute("SELECT name FROM observation_part")}
        for part in (self.folder / "observations").glob("*.parquet"):
            if part.name not in listed:
                part.unlink()
        known = {sha256 for (sha256,) in self._connection.execute("SELECT sha256 FROM document")}
        for document in (self.folder / "raw").glob("*/*"):
            if document.name not in known:
                document.unlink()

    def reading_key(self, sha256: str) -> ReadingKey | None:
        """Return how the document was last read, or ``None`` where it is not there."""
        row = self._connection.execute(
            "SELECT rules, context FROM document JOIN reading ON reading.id = document.reading WHERE sha256 = ?",
            (sha256,),
        ).fetchone()
        return ReadingKey(*row) if row else None

    def raw(self, sha256: str) -> bytes:
        """Return a document's raw bytes; raise :class:`StoreError` where they are missing or were changed."""
        path = _raw_path(self.folder, sha256)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StoreError(f"the raw document cannot be read: {error.strerror}", file=str(path)) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StoreError("the raw document was changed: its SHA-256 is no longer its name", file=str(path))
        return data

    def documents(self) -> tuple[Document, ...]:
        """Return all documents, sorted by name and digest."""
        rows = self._connection.execute("SELECT json FROM document")
        found = [msgspec.json.decode(json, type=Document) for (json,) in rows]
        return tuple(sorted(found, key=lambda document: (document.name, document.sha256)))

    def passages(self, sha256: str) -> tuple[Passage, ...]:
        """Return the prose of a document."""
        rows = self._connection.execute(
            "SELECT text, pointer, lang FROM passage WHERE document = ? ORDER BY row", (sha256,)
        )
        return tuple(Passage(*row) for row in rows)

    def issues(self, sha256: str) -> tuple[Issue, ...]:
        """Return what the current reading of a document did not take."""
        rows = self._connection.execute(
            "SELECT place, reason, lost FROM issue JOIN document USING (reading) WHERE sha256 = ? ORDER BY issue.rowid",
            (sha256,),
        )
        return tuple(Issue(place, reason, bool(lost)) for place, reason, lost in rows)

    def stix_objects(self, stix_id: str) -> tuple[tuple[str, StixObject], ...]:
        """Return (document, place) of every version of a STIX object that the workspace holds."""
        rows = self._connection.execute("SELECT document, json FROM stix_object ORDER BY document")
        return tuple(
            (document, StixObject(*place))
            for document, json in rows
            if stix_id.encode() in json
            for place in msgspec.json.decode(json, type=list[tuple[str, str, int, int]])
            if place[0] == stix_id
        )

    def sources(self) -> dict[str, Source]:
        """Return all sources by id."""
        rows = self._connection.execute("SELECT id, json FROM source ORDER BY id")
        return {key: msgspec.json.decode(json, type=Source) for key, json in rows}

    def statements(self, documents: Collection[str] | None = None, predicate: str = "") -> Iterator[Statement]:
        """Yield the statements of current readings, of some documents or of all, in the order of their ids.

        Without ``documents``, those of a reading that holds :data:`PROPOSALS` are left out.
        """
        query = "SELECT DISTINCT digest, json FROM current_statement WHERE 1"
        values: list[str] = []
        if documents is not None:
            query += f" AND document IN ({','.join('?' * len(documents))})"
            values += documents
        else:
            query += " AND document NOT IN (SELECT document FROM reading WHERE rules = ?)"
            values.append(PROPOSALS)
        if predicate:
            query += " AND predicate = ?"
            values.append(predicate)
        for _, json in self._connection.execute(query + " ORDER BY digest", values):
            yield _decode_statement(json)

    def statement(self, statement_id: str) -> Statement | None:
        """Return one statement, also one of an older reading."""
        row = self._connection.execute(
            "SELECT json FROM statement WHERE digest = ?", (_digest(statement_id),)
        ).fetchone()
        return _decode_statement(row[0]) if row else None

    def statement_ids(self, prefix: str, limit: int = 2) -> tuple[str, ...]:
        """Return the ids of at most ``limit`` statements whose id, with or without ``statement--``, begins so."""
        wanted = prefix.removeprefix("statement--").upper()
        rows = self._connection.execute(
            "SELECT lower(hex(digest)) FROM statement WHERE substr(hex(digest), 1, ?) = ? LIMIT ?",
            (len(wanted), wanted, limit),
        )
        return tuple(f"statement--{digest}" for (digest,) in rows)

    def observations(self, documents: Collection[str] | None = None) -> pa.Table:
        """Return the observations of current readings; columns as in ``store.observations.SCHEMA``."""
        from consilience.store.observations import read_parts

        wanted = None if documents is None else set(documents)
        readings = frozenset(
            reading
            for sha256, reading in self._connection.execute("SELECT sha256, reading FROM document")
            if wanted is None or sha256 in wanted
        )
        return read_parts(self.observation_parts(), readings)

    def observation_parts(self) -> list[Path]:
        """Return the Parquet files that count."""
        names = self._connection.execute("SELECT name FROM observation_part ORDER BY name")
        return [self.folder / "observations" / name for (name,) in names]

    def counts(self) -> dict[str, int]:
        """Return how many documents, statements, sources and observations there are in current readings."""
        one = "SELECT count(*) FROM "
        tables = {
            "documents": one + "document",
            "sources": one + "source",
            "statements": one + "current_statement",
            "observations": "SELECT coalesce(sum(observations), 0) FROM reading JOIN document ON document.reading = id",
        }
        return {name: int(self._connection.execute(query).fetchone()[0]) for name, query in tables.items()}

    def name_uses(self, name: str) -> tuple[tuple[str, int, int], ...]:
        """Return (source, statements, observations) that use ``name``, in any case of letters, in current readings."""
        import pyarrow.compute as pc

        rows = self._connection.execute(
            "SELECT source, count(DISTINCT row) FROM current_statement"
            " WHERE subject = ?1 COLLATE NOCASE OR object = ?1 COLLATE NOCASE GROUP BY source",
            (name,),
        )
        statements = dict(rows)
        table = self.observations()
        used = table.filter(pc.equal(pc.utf8_lower(table["cluster"]), name.lower()))
        observations = {row["values"]: row["counts"] for row in pc.value_counts(used["source"]).to_pylist()}
        sources = sorted(statements.keys() | observations.keys())
        return tuple((each, statements.get(each, 0), observations.get(each, 0)) for each in sources)

    def judge(self, judgement: Judgement) -> None:
        """Keep an analyst's judgement; raise :class:`StoreError` where there is no such statement."""
        if self.statement(judgement.statement) is None:
            raise StoreError(f"there is no statement {judgement.statement}", file=str(self.folder))
        self._connection.execute(
            "INSERT INTO judgement (statement, json) VALUES (?, ?)", (judgement.statement, _encode(judgement))
        )

    def judgements(self) -> tuple[Judgement, ...]:
        """Return all judgements in the order in which they were made."""
        rows = self._connection.execute("SELECT json FROM judgement ORDER BY row")
        return tuple(msgspec.json.decode(json, type=Judgement) for (json,) in rows)

    def search(self, words: str, limit: int = 20) -> tuple[Hit, ...]:
        """Return statements and passages that hold all the words (accents and case ignored), best first."""
        quoted = " ".join('"' + word.replace('"', '""') + '"' for word in words.split())
        if not quoted:
            return ()
        self._index_words()
        statements = self._connection.execute(
            "SELECT statement.json FROM statement_words JOIN statement ON statement.row = statement_words.rowid"
            " WHERE statement_words MATCH ? ORDER BY rank LIMIT ?",
            (quoted, limit),
        )
        hits = [
            Hit(each.quote, each.place.document, each.place.pointer, each.id)
            for each in (_decode_statement(json) for (json,) in statements)
        ]
        passages = self._connection.execute(
            "SELECT passage.text, document, pointer FROM passage_words"
            " JOIN passage ON passage.row = passage_words.rowid WHERE passage_words MATCH ? ORDER BY rank LIMIT ?",
            (quoted, limit - len(hits)),
        )
        return (*hits, *(Hit(_around(text, words), document, pointer) for text, document, pointer in passages))

    def _index_words(self) -> None:
        self._begin()
        for table, columns, select in (
            (
                "statement_words",
                "quote, subject, object",
                "row, json_extract(CAST(json AS TEXT), '$.quote'), subject, object FROM statement",
            ),
            ("passage_words", "text", "row, text FROM passage"),
        ):
            key = f"indexed_{table}"
            row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
            done = int(row[0]) if row else 0
            self._connection.execute(
                f"INSERT INTO {table} (rowid, {columns}) SELECT {select} WHERE row > ?",
                (done,),
            )
            source = table.removesuffix("_words")
            newest = self._connection.execute(f"SELECT coalesce(max(row), 0) FROM {source}").fetchone()[0]  # noqa: S608
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, str(newest)))
        self._connection.execute("COMMIT")


def _around(text: str, words: str, width: int = 160) -> str:
    at = max(text.casefold().find(words.split()[0].casefold()), 0)
    start = max(at - width // 2, 0)
    return text[start : start + width].replace("\n", " ")


def _digest(statement_id: str) -> bytes:
    try:
        return bytes.fromhex(statement_id.removeprefix("statement--"))
    except ValueError:
        return b""


def _raw_path(folder: Path, sha256: str) -> Path:
    return folder / "raw" / sha256[:2] / sha256


class WorkspaceBatch:
    """An open batch of a :class:`Workspace`."""

    def __init__(self, folder: Path, staging: Path, connection: sqlite3.Connection) -> None:
        self._folder = folder
        self._staging = staging
        self._connection = connection
        self._raw: list[str] = []
        self._part: PartWriter | None = None

    def add(self, reading: Reading, raw: bytes, key: ReadingKey) -> None:
        """Keep the raw bytes and what was read from them; it becomes the current reading of the document."""
        document = reading.document
        if not _raw_path(self._folder, document.sha256).exists():
            _write_durably(self._staging / document.sha256, raw)
            self._raw.append(document.sha256)
        insert = self._connection.execute
        number = insert(
            "INSERT INTO reading (document, rules, context, observations) VALUES (?, ?, ?, ?)",
            (document.sha256, key.rules, key.context, len(reading.observations)),
        ).lastrowid
        assert number is not None  # noqa: S101 (SQLite gives every inserted row a number)
        insert("INSERT OR REPLACE INTO document VALUES (?, ?, ?)", (document.sha256, number, _encode(document)))
        many = self._connection.executemany
        many("INSERT OR IGNORE INTO source VALUES (?, ?)", [(each.id, _encode(each)) for each in reading.sources])
        many("INSERT INTO issue VALUES (?, ?, ?, ?)", [(number, i.place, i.reason, i.lost) for i in reading.issues])
        many(
            "INSERT OR REPLACE INTO passage (document, pointer, lang, text) VALUES (?, ?, ?, ?)",
            [(document.sha256, each.pointer, each.lang, each.text) for each in reading.passages],
        )
        if reading.objects:
            places = [(each.id, each.type, each.start, each.length) for each in reading.objects]
            insert("INSERT OR REPLACE INTO stix_object VALUES (?, ?)", (document.sha256, _encode(places)))
        self._add_statements(reading.statements, number)
        self._add_observations(reading, number)

    def _add_statements(self, statements: list[Statement], reading: int) -> None:
        """Insert what is new, as one run of rows, and note what earlier readings had made already."""
        execute, newest = self._connection.execute, "SELECT coalesce(max(row), 0) FROM statement"
        before = execute(newest).fetchone()[0]
        self._connection.executemany(
            "INSERT OR IGNORE INTO statement (digest, predicate, subject, object, source, json)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    *(bytes.fromhex(s.id[-64:]), s.predicate, s.subject.name),
                    *(s.object.name if s.object else "", s.source, _encode(s)),
                )
                for s in statements
            ],
        )
        after = execute(newest).fetchone()[0]
        execute("UPDATE reading SET first_row = ?, last_row = ? WHERE id = ?", (before + 1, after, reading))
        if after - before < len(statements):
            self._connection.executemany(
                "INSERT OR IGNORE INTO repeated SELECT ?, row FROM statement WHERE digest = ? AND row <= ?",
                [(reading, _digest(each.id), before) for each in statements],
            )

    def _add_observations(self, reading: Reading, number: int) -> None:
        if not reading.observations:
            return
        if self._part is None:
            from consilience.store.observations import PartWriter

            self._part = PartWriter(self._staging / "observations.parquet")
        self._part.write(number, reading.observations)

    def finish(self) -> None:
        """Move the files to their place and list them; the caller commits."""
        for sha256 in self._raw:
            target = _raw_path(self._folder, sha256)
            target.parent.mkdir(parents=True, exist_ok=True)
            (self._staging / sha256).replace(target)
        if self._part is None:
            return
        self._part.close()
        staged = self._part.path
        digest = hashlib.sha256(staged.read_bytes()).hexdigest()
        with staged.open("rb") as handle:
            os.fsync(handle.fileno())
        name = f"{digest[:32]}.parquet"
        target = self._folder / "observations" / name
        target.parent.mkdir(exist_ok=True)
        staged.replace(target)
        self._connection.execute("INSERT INTO observation_part VALUES (?, ?, ?)", (name, self._part.rows, digest))


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())

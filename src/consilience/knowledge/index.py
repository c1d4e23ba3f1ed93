"""The knowledge index: who is called what by whom, looked up by name in one read-only SQLite file.

The file is made once per set of inputs: its name holds a digest of the versions of the data packages, of the folder
of newer copies, of the project's own tables and of :data:`SCHEMA`. It is written beside its place and moved there in
one step, so that two first runs at once, or one that is killed, never leave half an index. Nothing is done on import.

How names are compared stands in :mod:`consilience.knowledge.names`; what is read, and whose word it is, in
:mod:`consilience.knowledge.galaxies` and :mod:`consilience.knowledge.claims`.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from consilience.errors import KnowledgeError, UnknownNameError
from consilience.knowledge.disagreements import contested, software_too, sponsors_differ
from consilience.knowledge.names import loose_key, strict_key
from consilience.knowledge.values import (
    Disagreement,
    GazetteerName,
    KnownCluster,
    KnownSoftware,
    NameReport,
)
from consilience.model.statement import EntityType

if TYPE_CHECKING:
    from consilience.knowledge.claims import Claims

SCHEMA = 1
PACKAGES = ("pymispgalaxies",)
TABLES = ("common_words.toml", "countries.toml", "galaxy_countries.toml")
"""The project's own tables, in ``knowledge/data``, that the content of the index depends on."""

_STALE_SECONDS = 3600.0
_TEMPORARY = ".building-"
_REMEDY = "delete it, and it is made again"
_TABLES = """
CREATE TABLE fact (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE cluster (key TEXT PRIMARY KEY, source TEXT NOT NULL, json BLOB NOT NULL);
CREATE TABLE software (key TEXT PRIMARY KEY, json BLOB NOT NULL);
CREATE TABLE name (strict TEXT NOT NULL, loose TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
                   name TEXT NOT NULL);
CREATE TABLE technique (id TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE technique_user (id TEXT NOT NULL, cluster TEXT NOT NULL, PRIMARY KEY (id, cluster)) WITHOUT ROWID;
CREATE TABLE disagreement (strict TEXT NOT NULL, place INTEGER NOT NULL, json BLOB NOT NULL);
"""
_INDEXES = """
CREATE INDEX name_strict ON name (strict);
CREATE INDEX name_loose ON name (loose);
CREATE INDEX disagreement_strict ON disagreement (strict);
CREATE INDEX cluster_source ON cluster (source);
"""

_Known = TypeVar("_Known", KnownCluster, KnownSoftware)


class _Match(msgspec.Struct, frozen=True):
    """A row of the name table that answers a question; ``loosely`` if only the loose key fits."""

    kind: str
    key: str
    name: str
    strict: str
    loosely: bool


class Knowledge:
    """What is known of names, read from the index. Values keep their publisher's word and are never merged.

    It holds one open connection for the thread that opened it; it can be used as a context manager.
    """

    def __init__(self, connection: sqlite3.Connection, version: str) -> None:
        self._connection = connection
        self.version = version
        """The data packages with their versions and the digest of the index: equal on machines with equal inputs."""

    def __enter__(self) -> Knowledge:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the index file."""
        self._connection.close()

    def who(self, name: str) -> NameReport:
        """Return everything known of ``name``; empty where nothing carries it.

        Clusters that carry the very name come first, by source, then those that carry it with or without a generic
        word ("group", "team"). The latter are marked: for each there is a disagreement of the code
        ``generic-word-ignored`` with the name as its publisher writes it. The other codes stand in
        :mod:`consilience.knowledge.disagreements`.
        """
        matches = self._matches(name)
        clusters, software = self._load_clusters(matches), self._load_software(matches)
        stored = [each for key in dict.fromkeys(match.strict for match in matches) for each in self._stored(key)]
        too = software_too(clusters, software, name)
        found = (*stored, *sponsors_differ(clusters, name), *too, *_loose_marks(name, matches))
        return NameReport(name, clusters, software, found)

    def clusters_named(self, name: str, *, loosely: bool = True) -> tuple[KnownCluster, ...]:
        """Return the clusters that carry ``name``, by source; then, if ``loosely``, those found by the loose key."""
        return self._load_clusters(self._matches(name, loosely=loosely))

    def software_named(self, name: str, *, loosely: bool = True) -> tuple[KnownSoftware, ...]:
        """Return the software that carries ``name``, by source; then, if ``loosely``, what the loose key finds."""
        return self._load_software(self._matches(name, loosely=loosely))

    def cluster(self, key: str) -> KnownCluster:
        """Return the cluster with this key; raise :class:`UnknownNameError` if there is none."""
        rows = self._rows("SELECT json FROM cluster WHERE key = ?", key)
        return _only(rows, f"no known cluster has the key {key!r}", KnownCluster)

    def software(self, key: str) -> KnownSoftware:
        """Return the software with this key; raise :class:`UnknownNameError` if there is none."""
        rows = self._rows("SELECT json FROM software WHERE key = ?", key)
        return _only(rows, f"no known software has the key {key!r}", KnownSoftware)

    def contested_names(self) -> tuple[Disagreement, ...]:
        """Return all disagreements of the codes ``name-on-several-clusters`` and ``publishers-differ``."""
        rows = self._rows("SELECT json FROM disagreement ORDER BY place")
        return tuple(msgspec.json.decode(row[0], type=Disagreement) for row in rows)

    def gazetteer(self) -> tuple[GazetteerName, ...]:
        """Return every name of every cluster and piece of software, with its type and key, sorted by name."""
        rows = self._rows("SELECT value FROM fact WHERE key = 'gazetteer'")
        return msgspec.json.decode(next(rows)[0], type=tuple[GazetteerName, ...])

    def technique_users(self, attack_id: str) -> tuple[str, ...]:
        """Return the keys of the clusters whose own publisher says that they use the technique (``T1059.001``)."""
        rows = self._rows("SELECT cluster FROM technique_user WHERE id = ? ORDER BY cluster", attack_id.strip().upper())
        return tuple(row[0] for row in rows)

    def technique_name(self, attack_id: str) -> str:
        """Return ATT&CK's name of a technique; raise :class:`UnknownNameError` if it knows none of this id."""
        row = next(self._rows("SELECT name FROM technique WHERE id = ?", attack_id.strip().upper()), None)
        if row is None:
            raise UnknownNameError(f"no known technique has the id {attack_id!r}")
        return str(row[0])

    def cluster_count(self, source: str) -> int:
        """Return how many clusters the index holds from one source."""
        return int(next(self._rows("SELECT count(*) FROM cluster WHERE source = ?", source))[0])

    def _rows(self, query: str, *values: str) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(query, values)
        except sqlite3.DatabaseError as error:
            raise KnowledgeError(f"the index cannot be read ({error}); {_REMEDY}") from error

    def _matches(self, name: str, *, loosely: bool = True) -> list[_Match]:
        """Return one row per cluster or software that carries ``name``: by the strict key first, then by key."""
        strict = strict_key(name)
        rows = [*self._rows("SELECT kind, key, name, strict FROM name WHERE strict = ? ORDER BY key, name", strict)]
        if loosely:
            query = "SELECT kind, key, name, strict FROM name WHERE loose = ? ORDER BY key, name"
            rows += self._rows(query, loose_key(name))
        best: dict[str, _Match] = {}
        for kind, key, written, its_strict in rows:
            best.setdefault(key, _Match(kind, key, written, its_strict, its_strict != strict))
        return list(best.values())

    def _load_clusters(self, matches: Iterable[_Match]) -> tuple[KnownCluster, ...]:
        return tuple(self.cluster(match.key) for match in matches if match.kind == "cluster")

    def _load_software(self, matches: Iterable[_Match]) -> tuple[KnownSoftware, ...]:
        return tuple(self.software(match.key) for match in matches if match.kind == "software")

    def _stored(self, strict: str) -> Iterator[Disagreement]:
        for row in self._rows("SELECT json FROM disagreement WHERE strict = ? ORDER BY place", strict):
            yield msgspec.json.decode(row[0], type=Disagreement)


def _only(rows: Iterator[tuple[Any, ...]], otherwise: str, type_: type[_Known]) -> _Known:
    row = next(rows, None)
    if row is None:
        raise UnknownNameError(otherwise)
    return msgspec.json.decode(row[0], type=type_)


def _loose_marks(name: str, matches: Iterable[_Match]) -> tuple[Disagreement, ...]:
    return tuple(
        Disagreement("generic-word-ignored", {"name": name, "written": match.name, "key": match.key})
        for match in matches
        if match.loosely
    )


def open_knowledge(cache: Path, extra: Path | None = None) -> Knowledge:
    """Open the index in the folder ``cache``, making it first if its inputs have no index yet (a few seconds).

    ``extra`` is a folder of newer copies that go before the packaged data. Raises :class:`KnowledgeError` if the data
    or the index cannot be read, or if ``cache`` cannot be written when it must be.
    """
    packages, digest = _version(extra)
    path = cache / f"knowledge-{digest[:16]}.sqlite"
    if not path.is_file():
        try:
            _build(path, extra)
        except OSError as error:
            raise KnowledgeError(f"the index cannot be made: {error.strerror or error}", file=str(path)) from error
    return Knowledge(_connect(path), f"{packages}+index.{digest[:16]}")


def _version(extra: Path | None) -> tuple[str, str]:
    """Return the data packages with their versions, and the digest of all that the index is made from."""
    import importlib.metadata

    digest = hashlib.sha256(f"schema {SCHEMA}\n".encode())
    packages = []
    for package in PACKAGES:
        try:
            packages.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError as error:
            raise KnowledgeError("the package of data is not installed", file=package) from error
    digest.update("\n".join(packages).encode())
    paths = [Path(__file__).with_name("data") / name for name in TABLES]
    if extra and extra.is_dir():
        paths += sorted(extra.glob("*.json"))
    for path in paths:
        with path.open("rb") as file:
            digest.update(f"\n{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}".encode())
    return ", ".join(packages), digest.hexdigest()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path.absolute().as_uri() + "?mode=ro&immutable=1", uri=True)
    try:
        connection.execute("SELECT value FROM fact WHERE key = 'gazetteer'").fetchone()
    except sqlite3.DatabaseError as error:
        connection.close()
        raise KnowledgeError(f"the index cannot be read ({error}); {_REMEDY}", file=str(path)) from error
    return connection


def _build(path: Path, extra: Path | None) -> None:
    """Make the index beside its place and move it there; raise :class:`KnowledgeError` or ``OSError``."""
    # Reading the galaxies is needed once per machine, so that what it imports stays out of every other run.
    from consilience.knowledge.claims import make_claims
    from consilience.knowledge.common_words import is_common
    from consilience.knowledge.gathering import gather

    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale(path.parent)
    claims = make_claims(gather(extra))
    handle, name = tempfile.mkstemp(prefix=_TEMPORARY, suffix=".sqlite", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        with closing(sqlite3.connect(temporary)) as connection:
            _fill(connection, claims, is_common)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _remove_stale(folder: Path) -> None:
    """Remove what builds that were killed have left; a build takes seconds, so an hour is no build any more."""
    for path in folder.glob(_TEMPORARY + "*"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                path.unlink()


def _fill(connection: sqlite3.Connection, claims: Claims, common: Callable[[str], bool]) -> None:
    # The file is thrown away if anything goes wrong, so that SQLite needs no journal of its own.
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.executescript(_TABLES)
    encode = msgspec.json.encode
    connection.executemany(
        "INSERT INTO cluster VALUES (?, ?, ?)", ((each.key, each.source, encode(each)) for each in claims.clusters)
    )
    connection.executemany("INSERT INTO software VALUES (?, ?)", ((each.key, encode(each)) for each in claims.software))
    names = list(_names(claims))
    connection.executemany(
        "INSERT INTO name VALUES (?, ?, ?, ?, ?)",
        ((strict_key(name), loose_key(name), kind, key, name) for name, kind, key, _ in names),
    )
    gazetteer = sorted((GazetteerName(name, type_, key, common(name)) for name, _, key, type_ in names), key=_order)
    connection.execute("INSERT INTO fact VALUES ('gazetteer', ?)", (encode(gazetteer),))
    connection.executemany("INSERT INTO technique VALUES (?, ?)", claims.techniques.items())
    connection.executemany(
        "INSERT INTO technique_user VALUES (?, ?)",
        ((technique, each.key) for each in claims.clusters for technique in each.techniques),
    )
    settled = [each for each in claims.clusters if each.key not in claims.withdrawn]
    connection.executemany(
        "INSERT INTO disagreement VALUES (?, ?, ?)",
        ((strict, place, encode(each)) for place, (strict, each) in enumerate(contested(settled))),
    )
    connection.executescript(_INDEXES)
    connection.commit()


def _names(claims: Claims) -> Iterator[tuple[str, str, str, EntityType]]:
    """Yield (name, kind, key, type) once for every name of every cluster and piece of software."""
    for cluster in claims.clusters:
        for name in dict.fromkeys((cluster.name, *(alias.name for alias in cluster.aliases))):
            yield name, "cluster", cluster.key, EntityType.CLUSTER
    for software in claims.software:
        for name in dict.fromkeys((software.name, *software.aliases)):
            yield name, "software", software.key, software.type


def _order(name: GazetteerName) -> tuple[str, str]:
    return name.name, name.key

"""SQL over both sides of a workspace: observations (Parquet) and what the database holds, read by DuckDB."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import pyarrow as pa

from consilience.store.workspace import Workspace


def connect(workspace: Workspace) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection with the tables ``document``, ``statement``, ``source``, ``judgement`` and
    ``observation``.

    They show current readings as they were when the connection was made. DuckDB's SQLite extension is not in its
    wheel and would have to be downloaded, so the rows come over Arrow, and automatic installation is off.
    """
    connection = duckdb.connect(":memory:")
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    tables = {
        "document": _table(
            ("sha256", "name", "format", "source", "lang", "published", "marking", "url"),
            (
                (d.sha256, d.name, d.format, d.source, d.lang, d.published, d.marking, d.url)
                for d in workspace.documents()
            ),
        ),
        "statement": _table(
            (
                *("id", "subject", "predicate", "object", "source", "via", "stance", "act"),
                *("said", "published", "quote", "document", "pointer", "rule"),
            ),
            (
                (
                    *(s.id, s.subject.name, s.predicate, s.object.name if s.object else "", s.source, s.via, s.stance),
                    *(s.act, s.said, s.published, s.quote, s.place.document, s.place.pointer, s.rule),
                )
                for s in workspace.statements()
            ),
        ),
        "source": _table(
            ("id", "name", "kind", "reliability"),
            ((s.id, s.name, s.kind, s.reliability) for s in workspace.sources().values()),
        ),
        "judgement": _table(
            ("statement", "verdict", "author", "made", "reason", "withdrawn"),
            ((j.statement, j.verdict, j.author, j.made, j.reason, j.withdrawn) for j in workspace.judgements()),
        ),
        "observation": workspace.observations(),
    }
    for name, table in tables.items():
        connection.register(name, table)
    connection.execute("SET enable_external_access = false")  # no file and no address but these tables
    connection.execute("SET lock_configuration = true")
    return connection


def _table(names: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pa.table([pa.array(map(str, column), pa.string()) for column in columns], names=list(names))

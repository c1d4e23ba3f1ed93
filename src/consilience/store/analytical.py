"""SQL over both sides of a workspace: observations (Parquet) and what the database holds, read by DuckDB."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from consilience.store.workspace import Workspace


def connect(workspace: Workspace) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection with the tables ``document``, ``statement``, ``source`` and ``observation``.

    They show current readings as they were when the connection was made. DuckDB's SQLite extension is not in its
    wheel and would have to be downloaded, so the rows come over Arrow, and automatic installation is off.
    """
    connection = duckdb.connect(":memory:")
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    tables = {
        "document": pa.Table.from_pylist(
            [
                {
                    "sha256": d.sha256,
                    "name": d.name,
                    "format": d.format,
                    "source": d.source,
                    "lang": d.lang,
                    "published": d.published,
                    "marking": str(d.marking),
                    "url": d.url,
                }
                for d in workspace.documents()
            ]
        ),
        "statement": pa.Table.from_pylist(
            [
                {
                    "id": s.id,
                    "subject": s.subject.name,
                    "predicate": s.predicate,
                    "object": s.object.name if s.object else "",
                    "source": s.source,
                    "via": s.via,
                    "stance": str(s.stance),
                    "act": str(s.act),
                    "said": s.said,
                    "published": s.published,
                    "quote": s.quote,
                    "document": s.place.document,
                    "pointer": s.place.pointer,
                }
                for s in workspace.statements()
            ]
        ),
        "source": pa.Table.from_pylist(
            [
                {"id": s.id, "name": s.name, "kind": str(s.kind), "reliability": str(s.reliability)}
                for s in workspace.sources().values()
            ]
        ),
        "observation": workspace.observations(),
    }
    for name, table in tables.items():
        connection.register(name, table)
    return connection

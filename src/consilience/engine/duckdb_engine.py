"""DuckDB in this process: it reads local files and never asks the network for an extension."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
import ibis
import pyarrow as pa

from consilience.engine import parquet_files
from consilience.engine.interface import CLUSTER, OBSERVABLE, EngineError
from consilience.errors import FormatError, LimitError

if TYPE_CHECKING:
    from ibis.expr.types import Table

SETTINGS: Final = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
"""Without these, DuckDB downloads an extension where a file or a function seems to need it."""

_GLOB: Final = re.compile(r"([*?\[])")


class DuckBackend:
    """A DuckDB of its own, in memory; what does not fit spills to a temporary folder."""

    dialect = "duckdb"

    def __init__(self) -> None:
        self._spill = tempfile.mkdtemp(prefix="consilience-duckdb-")
        self._connection = duckdb.connect(":memory:", config={**SETTINGS, "temp_directory": self._spill})

    def sightings(self, paths: Sequence[str | Path]) -> list[Table]:
        """Return local Parquet files as tables, one for each pair of column types; raise ``FormatError`` for others."""
        together: dict[tuple[pa.DataType, pa.DataType], list[str]] = {}
        for file in parquet_files.find(paths):
            together.setdefault((file.cluster, file.observable), []).append(_GLOB.sub(r"[\1]", str(file.path)))
        tables = []
        for number, (types, files) in enumerate(together.items()):
            # Columns made of folder names would hide those in the files.
            self._connection.read_parquet(files, hive_partitioning=False).create_view(f"sightings_{number}")
            schema = ibis.Schema.from_pyarrow(pa.schema(dict(zip((CLUSTER, OBSERVABLE), types, strict=True))))
            tables.append(ibis.table(schema, name=f"sightings_{number}"))
        return tables

    def small(self, name: str, values: pa.Table) -> Table:
        """Return a table of ours under a name."""
        self._connection.register(name, values)
        return ibis.table(ibis.Schema.from_pyarrow(values.schema), name=name)

    @contextmanager
    def kept(self, name: str, table: Table) -> Iterator[Table]:
        """Compute a table into a temporary one."""
        self._connection.execute(f"CREATE TEMPORARY TABLE {name} AS {ibis.to_sql(table, dialect=self.dialect)}")
        try:
            yield ibis.table(table.schema(), name=name)
        finally:
            self._connection.execute(f"DROP TABLE {name}")

    def fetch(self, table: Table) -> pa.Table:
        """Compute a table and bring it here."""
        fetched = self._connection.sql(ibis.to_sql(table, dialect=self.dialect)).to_arrow_table()
        return fetched.cast(table.schema().to_pyarrow())

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Say what DuckDB says, as an error of ours."""
        try:
            yield
        except duckdb.OutOfMemoryException as error:
            raise LimitError(f"DuckDB ran out of memory: {_first_line(error)}") from error
        except (duckdb.InvalidInputException, duckdb.IOException) as error:
            raise FormatError(f"DuckDB cannot read it: {_first_line(error)}") from error
        except duckdb.ConnectionException as error:
            raise EngineError("the session with DuckDB was closed") from error
        except duckdb.Error as error:
            raise EngineError(f"DuckDB gave up: {_first_line(error)}") from error

    def close(self) -> None:
        """Close the database and remove what it spilled."""
        self._connection.close()
        shutil.rmtree(self._spill, ignore_errors=True)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]

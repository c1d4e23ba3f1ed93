"""Observations as Parquet parts: one part per batch, listed in the workspace's database."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from consilience.errors import StoreError
from consilience.model.observable import Observation

SCHEMA: Final = pa.schema(
    [
        ("reading", pa.int64()),
        ("cluster", pa.string()),
        ("type", pa.string()),
        ("value", pa.string()),
        ("source", pa.string()),
        ("document", pa.string()),
        ("place", pa.string()),
        ("report", pa.string()),
        ("first", pa.string()),
        ("last", pa.string()),
        ("reported", pa.string()),
        ("role", pa.string()),
    ]
)
"""Columns of an observation row: those of :class:`Observation`, and the reading that the row belongs to."""

_FIELDS: Final = SCHEMA.names[1:]


class PartWriter:
    """Writes one part; rows arrive per document and go to disk as they come."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._writer: pq.ParquetWriter | None = None

    def write(self, reading: int, observations: list[Observation]) -> None:
        """Append the observations of one reading."""
        if not observations:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, SCHEMA, compression="zstd")
        columns = [pa.array([reading] * len(observations), pa.int64())]
        columns += [pa.array([getattr(each, name) for each in observations], pa.string()) for name in _FIELDS]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=SCHEMA))
        self.rows += len(observations)

    def close(self) -> None:
        """Finish the file; nothing is written where no rows came."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def read_parts(paths: Iterable[Path], readings: frozenset[int]) -> pa.Table:
    """Return the rows of the parts that belong to ``readings``."""
    tables = [_read(path) for path in paths]
    if not tables:
        return SCHEMA.empty_table()
    table = pa.concat_tables(tables)
    wanted = pa.compute.is_in(table["reading"], value_set=pa.array(sorted(readings), pa.int64()))
    return table.filter(wanted)


def _read(path: Path) -> pa.Table:
    try:
        with pq.ParquetFile(path) as file:  # not read_table, which brings pyarrow.dataset and pandas: 0.3 s
            return file.read(columns=SCHEMA.names).cast(SCHEMA)
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"observations of the workspace cannot be read: {error}", file=str(path)) from error

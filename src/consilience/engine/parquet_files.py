"""The Parquet files that an engine in this process reads: found, opened and checked before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from consilience.engine.interface import CLUSTER, OBSERVABLE
from consilience.errors import FormatError


class ParquetFile(msgspec.Struct, frozen=True, eq=False):
    """A local file that has both columns, ``cluster`` and ``observable``, and the Arrow types of their values."""

    path: Path
    metadata: Any
    cluster: pa.DataType
    observable: pa.DataType

    @property
    def rows(self) -> int:
        """How many rows the file has."""
        return int(self.metadata.num_rows)

    def all_observed(self) -> bool:
        """Return whether the file itself says that no row lacks an observable."""
        place = self.metadata.schema.to_arrow_schema().get_field_index(OBSERVABLE)
        groups = (self.metadata.row_group(group).column(place) for group in range(self.metadata.num_row_groups))
        known = (group.statistics for group in groups)
        return all(each is not None and each.has_null_count and each.null_count == 0 for each in known)


def find(paths: Sequence[str | Path]) -> list[ParquetFile]:
    """Return the files that ``paths`` name, opened and closed again; a folder stands for all files below it.

    What begins with "_" or "." below a folder is left out, as Spark does (``_SUCCESS``, ``.part.crc``). Raises
    ``FormatError``, naming the file, where one cannot be read as Parquet or lacks a column, and where the columns of
    two files do not go together: texts and integers name different things.
    """
    files = [check(each) for path in paths for each in _below(Path(path))]
    for name in (CLUSTER, OBSERVABLE):
        first = files[0]
        for file in files[1:]:
            if is_text(getattr(file, name)) is not is_text(getattr(first, name)):
                kinds = f"{getattr(file, name)} here and {getattr(first, name)} in {first.path}"
                raise FormatError(f"column {name!r} holds {kinds}", file=str(file.path))
    return files


def check(path: Path) -> ParquetFile:
    """Return one file; see :func:`find` for the errors."""
    try:
        with pq.ParquetFile(path) as file:
            schema, metadata = file.schema_arrow, file.metadata
    except (OSError, pa.ArrowException) as error:
        raise FormatError(f"no Parquet file: {str(error).splitlines()[0]}", file=str(path)) from error
    check_names(schema.names, str(path))
    types = [_values(schema.field(name).type) for name in (CLUSTER, OBSERVABLE)]
    for name, kind in zip((CLUSTER, OBSERVABLE), types, strict=True):
        if not is_text(kind) and (not pa.types.is_integer(kind) or pa.types.is_uint64(kind)):
            raise wrong_type(name, str(kind), str(path))
    return ParquetFile(path, metadata, *types)


def check_names(columns: Sequence[str], file: str) -> None:
    """Raise ``FormatError`` where a column is missing, or there twice for an engine to which Cluster is cluster."""
    for name in (CLUSTER, OBSERVABLE):
        found = [column for column in columns if column.lower() == name]
        if name not in found:
            raise FormatError(f"no column {name!r}; there are {', '.join(columns) or 'none'}", file=file)
        if len(found) > 1:
            raise FormatError(f"more than one column {name!r}: {', '.join(found)}", file=file)


def wrong_type(name: str, kind: str, file: str) -> FormatError:
    """Return the error for a column that holds something else."""
    return FormatError(f"column {name!r} holds {kind}; it must hold texts or integers of up to 64 bits", file=file)


def is_text(kind: pa.DataType) -> bool:
    """Return whether values of this Arrow type are texts."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _values(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _below(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FormatError("no such file or folder here", file=str(path))
    files = (each for each in sorted(path.rglob("*")) if each.is_file())
    shown = [each for each in files if not any(part[0] in "_." for part in each.relative_to(path).parts)]
    if not shown:
        raise FormatError("no file in this folder", file=str(path))
    return shown

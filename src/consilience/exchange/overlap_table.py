"""Overlaps as a table for other programs: CSV, JSON or Parquet, with the same rows and typed columns.

:data:`PAIRS` and :data:`VALUES` say what each column holds; Parquet carries these words in the metadata of its fields,
and JSON under ``columns``. Lists are lists in JSON and Parquet, and texts joined by `` | `` in CSV. A figure that is
not known is empty (null). Names and values come from hostile hands: in CSV, what a spreadsheet would run as a formula
(``=``, ``+``, ``-``, ``@``, their full-width forms or a control character at the start of a cell, or after what a
spreadsheet may take for the end of one) gets an apostrophe before it; JSON and Parquet have it as it is.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from consilience.errors import StoreError

SCHEMA: Final = "consilience-overlap-table/1"

_TEXT, _COUNT, _NUMBER, _TEXTS = pa.string(), pa.int64(), pa.float64(), pa.list_(pa.string())


def _schema(*columns: tuple[str, pa.DataType, str]) -> pa.Schema:
    return pa.schema([pa.field(name, type_, metadata={"description": what}) for name, type_, what in columns])


PAIRS: Final = _schema(
    ("a", _TEXT, "first cluster, with the source that gives the name in brackets"),
    ("b", _TEXT, "second cluster"),
    ("verdict", _TEXT, "link, lead, chance level, or not examined"),
    ("weight_db", _NUMBER, "what the shared values say together, in decibans"),
    ("kind", _TEXT, "kind of link; 'not enough to say', or empty where it was not judged"),
    ("kind_probability", _NUMBER, "probability of that kind; null where none is named"),
    ("shared", _COUNT, "shared values that enter the test"),
    ("expected", _NUMBER, "shared values expected by chance"),
    ("p", _NUMBER, "probability of sharing as much or more by chance"),
    ("q", _NUMBER, "Benjamini-Hochberg value of p over the pairs tested"),
    ("pairs_tested", _COUNT, "pairs tested, those that share nothing included"),
    ("score", _NUMBER, "rank: -10 log10 of a bound on the chance of as much rarity"),
    ("origins", _COUNT, "independent origins that the overlap rests on"),
    ("sources", _TEXTS, "sources of the shared values; empty where the verdict is 'not examined'"),
    ("reports", _TEXTS, "reports that give the shared values, as their sources name them"),
    ("population", _TEXT, "among what the pair was compared"),
)
"""One row a pair of clusters, in the order of rank."""

_SIDE: Final = (
    ("first", _TEXT, "first use stated for {side}, a partial date; empty is unknown"),
    ("last", _TEXT, "last use stated for {side}"),
    ("reported", _TEXT, "earliest report of it for {side}"),
    ("sources", _TEXTS, "sources that give it to {side}"),
    ("reports", _TEXTS, "reports that give it to {side}"),
    ("spellings", _TEXTS, "the values as observed for {side}"),
)

VALUES: Final = _schema(
    ("a", _TEXT, "first cluster"),
    ("b", _TEXT, "second cluster"),
    ("type", _TEXT, "unit of comparison, such as ipv4-addr, network, host, domain-name"),
    ("value", _TEXT, "what both have"),
    ("weight_db", _NUMBER, "weight of sharing it, in decibans"),
    ("clusters", _COUNT, "clusters that have it"),
    ("gap_days", _NUMBER, "smallest gap in days between the two uses; null where a date is unknown"),
    ("listed", _TEXT, "list of shared infrastructure that it stands on, or empty"),
    (
        "dates",
        _TEXTS,
        "what is doubtful about the dates: unknown, reported-only, open, contradictory, future; -a or -b",
    ),
    ("sources", _TEXTS, "sources of both sides"),
    ("reports", _TEXTS, "reports of both sides"),
    *((f"{name}_{end}", type_, what.format(side=end)) for end in "ab" for name, type_, what in _SIDE),
    ("steps", _TEXTS, "the steps of the weight: name and decibans"),
)
"""One row a shared value of one pair, the weightiest first."""

Row = Mapping[str, object]

_FORMULA: Final = re.compile(r"(?:^|(?<=[;\t\r\n]))(?=[=+\-@\t\r\n＝＋－＠])")


def write_table(path: Path, schema: pa.Schema, rows: Sequence[Row]) -> None:
    """Write ``rows`` to ``path`` in the format of its suffix (:data:`SUFFIXES`), whole or not at all.

    Every row has the columns of ``schema``. An existing file is replaced: whether it may be is the caller's question.
    Raises ``KeyError`` for another suffix, and :class:`StoreError` where the file cannot be written.
    """
    data = _ENCODERS[path.suffix.lower()](schema, rows)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            staged = Path(folder) / "part"
            staged.write_bytes(data)
            staged.replace(path)
    except OSError as error:
        raise StoreError(f"the table cannot be written: {error.strerror}", file=str(path)) from error


def _parquet(schema: pa.Schema, rows: Sequence[Row]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), sink, compression="zstd")
    return sink.getvalue()


def _json(schema: pa.Schema, rows: Sequence[Row]) -> bytes:
    columns = {field.name: field.metadata[b"description"].decode() for field in schema}
    ordered = [{name: row[name] for name in schema.names} for row in rows]
    return msgspec.json.format(msgspec.json.encode({"schema": SCHEMA, "columns": columns, "rows": ordered})) + b"\n"


def _csv(schema: pa.Schema, rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(schema.names)
    writer.writerows([_cell(row[name]) for name in schema.names] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    if isinstance(value, list | tuple):
        value = " | ".join(map(str, value))
    if isinstance(value, str):
        return _FORMULA.sub("'", value)
    return "" if value is None else value


_ENCODERS: Final[dict[str, Callable[[pa.Schema, Sequence[Row]], bytes]]] = {
    ".csv": _csv,
    ".json": _json,
    ".parquet": _parquet,
}

SUFFIXES: Final = tuple(_ENCODERS)
"""Suffixes of the formats that :func:`write_table` writes."""

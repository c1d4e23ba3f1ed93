"""Overlaps as CSV, JSON and Parquet: the same rows in each, harmless in a spreadsheet, whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.app.overlap_answer import RankedPair, ValueOfPair, pair_rows, value_rows
from consilience.app.overlapping import Side
from consilience.errors import StoreError
from consilience.exchange.overlap_table import PAIRS, SCHEMA, SUFFIXES, VALUES, write_table
from consilience.model.assessment import PairOverlap, SharedObservable, WeightPart
from consilience.overlap.verdict import Verdict

SHARED = SharedObservable(
    type="ipv4-addr",
    value="203.0.113.7",
    prevalence=2,
    decibans=11.49,
    parts=(WeightPart("table", 23.0), WeightPart("listed", -11.1), WeightPart("decay", -0.41)),
    discount="hosting/VPN range",
    gap_days=3.0,
    sources=("eset", "maltrail"),
    reports=("https://example.org/a", "https://example.org/b"),
    dates=("open-b",),
)
HEAD = PairOverlap(
    a="Tin Otter (eset)",
    b="Wax Heron (eset)",
    unit="all",
    observed=1,
    expected=0.01,
    p_value=6.9e-31,
    q_value=3.8e-26,
    pairs_tested=54285,
    score=12.5,
    origins=2,
    population="330 clusters, 129288 rows",
    shared=(SHARED,),
    shared_total=1,
    weight=11.49,
)
SIDES = (
    Side("2024-03", "2024-04-02", "2024-05-01", False, ("eset",), ("https://example.org/a",), ("203[.]0.113.7",)),
    Side("", "", "", False, ("maltrail",), ("https://example.org/b",), ("203.0.113.7",)),
)
PAIR_ROWS = pair_rows([RankedPair(HEAD, (HEAD,), Verdict.LEAD)])
VALUE_ROWS = value_rows(HEAD, [ValueOfPair(SHARED, *SIDES)])
TABLES = pytest.mark.parametrize(
    ("schema", "rows"), [(PAIRS, PAIR_ROWS), (VALUES, VALUE_ROWS)], ids=["pairs", "values"]
)


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))


@TABLES
def test_every_format_holds_the_same_rows(schema: pa.Schema, rows: list[Mapping[str, Any]], tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        write_table(tmp_path / f"table{suffix}", schema, rows)
    assert pq.read_table(tmp_path / "table.parquet").to_pylist() == rows
    read = json.loads((tmp_path / "table.json").read_text("utf-8"))
    assert (read["schema"], read["rows"]) == (SCHEMA, rows)
    for row, cells in zip(rows, read_csv(tmp_path / "table.csv"), strict=True):
        for name, value in row.items():
            if isinstance(value, list):
                assert cells[name] == " | ".join(value)
            elif isinstance(value, float):
                assert float(cells[name]) == value
            else:
                assert cells[name] == ("" if value is None else str(value))


@TABLES
def test_every_column_is_described_and_comes_in_its_order(
    schema: pa.Schema, rows: list[Mapping[str, Any]], tmp_path: Path
) -> None:
    assert {name for row in rows for name in row} == set(schema.names)
    write_table(tmp_path / "table.parquet", schema, rows)
    assert all(field.metadata[b"description"] for field in pq.read_schema(tmp_path / "table.parquet"))
    write_table(tmp_path / "table.json", schema, rows)
    read = json.loads((tmp_path / "table.json").read_text("utf-8"))
    assert list(read["columns"]) == list(read["rows"][0]) == schema.names
    assert all(read["columns"].values())


@TABLES
def test_no_rows_is_a_table_with_its_columns(schema: pa.Schema, rows: list[Mapping[str, Any]], tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        write_table(tmp_path / f"table{suffix}", schema, [])
    assert pq.read_table(tmp_path / "table.parquet").schema.names == schema.names
    assert (tmp_path / "table.csv").read_text("utf-8").strip() == ",".join(schema.names)
    assert json.loads((tmp_path / "table.json").read_text("utf-8"))["rows"] == []


@TABLES
def test_every_row_can_be_traced(schema: pa.Schema, rows: list[Mapping[str, Any]]) -> None:
    for row in rows:
        assert row["sources"] == ["eset", "maltrail"]
        assert row["reports"] == ["https://example.org/a", "https://example.org/b"]


def test_a_value_carries_dates_and_words_of_each_side_and_the_steps_of_its_weight() -> None:
    (row,) = VALUE_ROWS
    assert (row["first_a"], row["last_a"], row["reported_a"]) == ("2024-03", "2024-04-02", "2024-05-01")
    assert (row["first_b"], row["sources_b"], row["reports_b"]) == ("", ["maltrail"], ["https://example.org/b"])
    assert row["spellings_a"] == ["203[.]0.113.7"]
    assert row["steps"] == ["table +23.00", "listed -11.10", "decay -0.41"]
    assert row["dates"] == ["open-b"]


# --- spreadsheets -------------------------------------------------------------------------------------------------

FORMULAS = [
    # a name from outside, the cell
    ("=HYPERLINK(A1)", "'=HYPERLINK(A1)"),
    ("+1", "'+1"),
    ("-1", "'-1"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("＝1+1", "'＝1+1"),
    ("\t=1", "'\t'=1"),
    ("\r=1", "'\r'=1"),
    ("x;=1", "x;'=1"),  # a semicolon ends a cell where the comma is the decimal sign
    ("x\n=1", "x\n'=1"),
    ("Tin Otter", "Tin Otter"),
    ("a=b", "a=b"),
    ("10-7@x.example", "10-7@x.example"),
    ("'quoted", "'quoted"),
    ("", ""),
]


@pytest.mark.parametrize(("name", "cell"), FORMULAS, ids=[repr(row[0]) for row in FORMULAS])
def test_what_a_spreadsheet_would_run_is_text_in_csv_and_unchanged_elsewhere(
    name: str, cell: str, tmp_path: Path
) -> None:
    rows = [{**PAIR_ROWS[0], "a": name, "sources": [name]}]
    for suffix in SUFFIXES:
        write_table(tmp_path / f"table{suffix}", PAIRS, rows)
    (read,) = read_csv(tmp_path / "table.csv")
    assert (read["a"], read["sources"]) == (cell, cell)
    assert json.loads((tmp_path / "table.json").read_text("utf-8"))["rows"][0]["a"] == name
    assert pq.read_table(tmp_path / "table.parquet")["a"].to_pylist() == [name]


@given(st.text(st.sampled_from("=+-@;,'\"\t\n\r a|"), max_size=12))
def test_no_cell_begins_as_a_formula_however_it_is_cut(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_table(path, PAIRS, [{**PAIR_ROWS[0], "a": text}])
        (read,) = read_csv(path)
    for cut in (";", "\t"):
        assert not any(piece.startswith(("=", "+", "-", "@")) for piece in read["a"].split(cut))


def test_a_negative_figure_stays_a_number(tmp_path: Path) -> None:
    write_table(tmp_path / "table.csv", PAIRS, [{**PAIR_ROWS[0], "weight_db": -3.5}])
    assert read_csv(tmp_path / "table.csv")[0]["weight_db"] == "-3.5"


# --- whole or not at all ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_table_that_cannot_be_made_leaves_the_old_one_and_nothing_beside_it(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"table{suffix}"
    write_table(path, PAIRS, PAIR_ROWS)
    before = path.read_bytes()
    broken = [*PAIR_ROWS, {"a": "Tin Otter"}] if suffix != ".parquet" else [{**PAIR_ROWS[0], "shared": "many"}]
    with pytest.raises((KeyError, pa.ArrowException)):
        write_table(path, PAIRS, broken)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="absent") as caught:
        write_table(tmp_path / "absent" / "table.csv", PAIRS, PAIR_ROWS)
    assert caught.value.file.endswith("table.csv")


def test_a_place_that_is_a_folder_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "table.csv").mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        write_table(tmp_path / "table.csv", PAIRS, PAIR_ROWS)
    assert [each.name for each in tmp_path.iterdir()] == ["table.csv"]


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        for name in ("one", "two"):
            write_table(tmp_path / f"{name}{suffix}", VALUES, VALUE_ROWS)
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()

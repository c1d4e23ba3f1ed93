"""DuckDB by the same door: the same counts as the embedded engine, wherever the pairs are made, and no network."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.engine.embedded import EmbeddedEngine
from consilience.engine.interface import EngineError
from consilience.engine.offload import Estimate, Place, estimate, place_of_pairs
from consilience.engine.opening import open_engine
from consilience.errors import FormatError, LimitError
from engine_tables import CUT, TABLES, as_python, by_sets, heavy_tailed, write
from test_engine_embedded import ROWS, WRONG, same

pytest.importorskip("ibis", reason="needs the extra consilience[spark]")


@pytest.fixture(params=Place, ids=lambda place: place.value)
def duck(request):
    engine = open_engine("duckdb", place=request.param)
    yield engine
    engine.close()


@pytest.mark.parametrize("tables", TABLES.values(), ids=TABLES)
def test_counts_are_those_of_sets(tables, duck, tmp_path):
    assert as_python(duck.counts(write(tmp_path, tables), CUT)) == by_sets(tables)


@given(ROWS, st.integers(2, 5), st.sampled_from(Place))
@settings(deadline=None, max_examples=20)
def test_any_small_table_counts_as_sets_do(tmp_path_factory, table, cut, place):
    paths = write(tmp_path_factory.mktemp("table"), [table])
    engine = open_engine("duckdb", place=place)
    assert as_python(engine.counts(paths, cut)) == by_sets([table], cut)
    engine.close()


@pytest.mark.parametrize("texts", [False, True], ids=["codes", "texts"])
def test_a_heavy_tailed_table_counts_as_here(texts, duck, tmp_path):
    path = heavy_tailed(tmp_path / "heavy.parquet", 60_000, 500, texts=texts)
    here = EmbeddedEngine().counts([path], 50)
    assert here.counts.pairs.a.size > 10_000
    same(here, duck.counts([path], 50))
    same(here, duck.counts([path], 50))  # nothing is left over from the first time


def test_tables_that_are_fetched_in_parts_count_alike(duck, tmp_path, monkeypatch):
    path = heavy_tailed(tmp_path / "heavy.parquet", 20_000, 200, texts=False)
    monkeypatch.setattr("consilience.engine.computation._PART_BYTES", 10_000)
    same(EmbeddedEngine().counts([path], 50), duck.counts([path], 50))


def test_names_of_folders_are_no_columns(duck, tmp_path):
    for name in ("turla", "gamaredon"):
        folder = tmp_path / "sightings" / f"cluster={name}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"cluster": [f"really {name}"], "observable": ["x"]}), folder / "part.parquet")
    assert duck.counts([tmp_path / "sightings"], CUT).clusters == ("really gamaredon", "really turla")


@pytest.mark.parametrize(("make", "reason"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_named_with_the_reason(make, reason, tmp_path, duck):
    path = make(tmp_path / "wrong.parquet")
    with pytest.raises(FormatError, match=reason) as caught:
        duck.counts([path], CUT)
    assert caught.value.file == str(path)


def test_a_file_that_is_cut_off_inside_is_an_error(tmp_path, duck):
    path = heavy_tailed(tmp_path / "heavy.parquet", 20_000, 100, texts=True)
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + b"\xff" * (len(whole) // 2) + whole[4 + len(whole) // 2 :])
    with pytest.raises((FormatError, EngineError)):
        duck.counts([path], CUT)


def test_no_extension_is_ever_asked_for():
    engine = open_engine("duckdb")
    connection = engine._backend._connection
    for setting in ("autoinstall_known_extensions", "autoload_known_extensions"):
        assert connection.execute(f"SELECT current_setting('{setting}')").fetchone() == (False,)
    with pytest.raises(duckdb.Error, match="httpfs"):
        connection.execute("SELECT * FROM read_parquet('http://192.0.2.1/a.parquet')")
    for address in ("http://192.0.2.1/a.parquet", "s3://bucket/a.parquet", "hdfs://host/a.parquet"):
        with pytest.raises(FormatError, match="no such file or folder here"):
            engine.counts([address], CUT)
    engine.close()


def test_closing_twice_removes_the_folder_and_counting_after_it_is_an_error(tmp_path):
    path = heavy_tailed(tmp_path / "heavy.parquet", 1000, 20, texts=False)
    engine = open_engine("duckdb")
    spill = engine._backend._spill
    engine.close()
    engine.close()
    assert not Path(spill).exists()
    with pytest.raises(EngineError, match="closed"):
        engine.counts([path], CUT)


# --- where the pairs are made -----------------------------------------------------------------------------------------


def test_the_cost_follows_from_the_degrees():
    # 10 units of 2 clusters and 1 of 4: 24 entries, at most 10 + 6 pairs, but five clusters have ten pairs
    cost = estimate([0, 0, 10, 0, 1], 5)
    assert cost == Estimate(5, 24, 11, 10, 24 * 24 + 11 * 24 + 5 * 64 + 10 * 64)


@pytest.mark.parametrize(
    ("cost", "available", "place"),
    [
        (Estimate(10, 20, 5, 7, 1000), 2000, Place.HERE),
        (Estimate(10, 20, 5, 7, 1000), 1999, Place.ENGINE),
        (Estimate((1 << 20) + 1, 20, 5, 7, 1000), 1 << 40, Place.ENGINE),
        (Estimate(10, 1 << 32, 5, 7, 1000), 1 << 40, Place.ENGINE),
    ],
    ids=["half of the memory", "more than half", "more clusters than can be numbered", "more entries than that"],
)
def test_pairs_are_made_here_where_they_fit(cost, available, place):
    assert place_of_pairs(cost, available) is place


def test_with_little_memory_the_engine_makes_the_pairs_and_too_many_are_refused(tmp_path, monkeypatch):
    path = heavy_tailed(tmp_path / "heavy.parquet", 20_000, 200, texts=False)
    made_there = []
    here = EmbeddedEngine().counts([path], 50)
    needed = 64 * here.counts.pairs.a.size
    engine = open_engine("duckdb", memory=needed)
    there = engine._pairs_there
    monkeypatch.setattr(engine, "_pairs_there", lambda *given_: (made_there.append(1), there(*given_))[1])
    same(here, engine.counts([path], 50))
    assert made_there == [1]
    engine.close()
    engine = open_engine("duckdb", memory=needed - 1)
    with pytest.raises(LimitError, match=r"pairs of clusters share something; to hold them takes about"):
        engine.counts([path], 50)
    engine.close()

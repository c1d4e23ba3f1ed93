"""The embedded engine: equal to sets, in however many passes; wrong files and too little memory are said at once."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.engine import offload, parquet_files
from consilience.engine.address import Address, Kind, parse_address
from consilience.engine.embedded import EmbeddedEngine
from consilience.engine.interface import EngineError
from consilience.engine.opening import open_engine
from consilience.errors import FormatError, LimitError
from consilience.overlap import kernel
from engine_tables import CUT, TABLES, as_python, by_sets, heavy_tailed, write


@pytest.mark.parametrize("tables", TABLES.values(), ids=TABLES)
def test_counts_are_those_of_sets(tables, tmp_path):
    assert as_python(open_engine("").counts(write(tmp_path, tables), CUT)) == by_sets(tables)


NAMES = st.one_of(st.none(), st.sampled_from(["a", "A", "ä", "b"]), st.text(max_size=3))
CODES = st.one_of(st.none(), st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1))
ROWS = st.one_of(
    st.tuples(st.just(pa.string()), st.just(pa.string()), st.lists(st.tuples(NAMES, NAMES), max_size=60)),
    st.tuples(st.just(pa.int64()), st.just(pa.string()), st.lists(st.tuples(CODES, NAMES), max_size=60)),
    st.tuples(st.just(pa.int64()), st.just(pa.int64()), st.lists(st.tuples(CODES, CODES), max_size=60)),
)


@given(ROWS, st.integers(2, 5), st.integers(1, 3))
@settings(deadline=None, max_examples=40)
def test_any_small_table_counts_as_sets_do_on_any_number_of_threads(tmp_path_factory, table, cut, threads):
    paths = write(tmp_path_factory.mktemp("table"), [table])
    assert as_python(EmbeddedEngine(threads=threads).counts(paths, cut)) == by_sets([table], cut)


def same(first, second):
    assert first.clusters == second.clusters
    assert first.counts.rows == second.counts.rows
    assert first.counts.kept.tolist() == second.counts.kept.tolist()
    assert first.counts.degrees.tolist() == second.counts.degrees.tolist()
    for column in ("a", "b", "count", "rarity"):
        np.testing.assert_array_equal(getattr(first.counts.pairs, column), getattr(second.counts.pairs, column))


def test_texts_and_codes_of_the_same_rows_share_the_same(tmp_path):
    codes = heavy_tailed(tmp_path / "codes.parquet", 40_000, 300, texts=False)
    texts = heavy_tailed(tmp_path / "texts.parquet", 40_000, 300, texts=True)
    engine = EmbeddedEngine()
    by_code, by_text = (engine.counts([path], 50) for path in (codes, texts))
    assert by_text.counts.degrees.tolist() == by_code.counts.degrees.tolist()
    place = {name: by_text.clusters.index(f"{name}.example") for name in by_code.clusters}
    translated = sorted(
        (*sorted((place[by_code.clusters[a]], place[by_code.clusters[b]])), count, rarity)
        for (a, b), (count, rarity) in as_python(by_code)[4].items()
    )
    assert translated == [(a, b, *sums) for (a, b), sums in as_python(by_text)[4].items()]


def test_one_file_with_many_row_groups_counts_as_many_files_and_a_folder_do(tmp_path):
    whole = heavy_tailed(tmp_path / "whole.parquet", 20_000, 200, texts=True)
    table = pq.read_table(whole)
    folder = tmp_path / "parts" / "2026"
    folder.mkdir(parents=True)
    for number in range(9):
        pq.write_table(table.slice(number * 2500, 2500), folder / f"part-{number}.parquet")
    (folder / "_SUCCESS").write_text("")
    (folder / ".part-0.parquet.crc").write_text("crc")
    one = EmbeddedEngine().counts([whole], 50)
    same(one, EmbeddedEngine().counts([tmp_path / "parts"], 50))
    same(one, EmbeddedEngine().counts(sorted(str(path) for path in folder.glob("part*")), 50))


def test_several_shares_of_rows_in_several_threads(tmp_path, monkeypatch):
    path = heavy_tailed(tmp_path / "heavy.parquet", 30_000, 200, texts=True)
    one = EmbeddedEngine(threads=1).counts([path], 50)
    monkeypatch.setattr("consilience.engine.embedded.BATCH", 1000)
    same(one, EmbeddedEngine(threads=3).counts([path], 50))


# --- memory -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "entries", "in_flight", "available", "expected"),
    [
        (1000, 0, 0, 8000, 1),
        (1000, 0, 0, 7999, 2),
        (1000, 0, 0, 4000, 2),
        (1000, 100, 0, 4000, 4),  # 1,600 bytes for the entries leave 2,400
        (1000, 100, 10, 4000, 5),  # and 480 for what is being read leave 1,920
        (1000, 0, 0, 500, 16),
        (1000, 0, 0, 499, 0),
        (1000, 250, 0, 4000, 0),
        (0, 0, 0, 1, 1),
    ],
)
def test_how_often_rows_are_read_follows_from_the_memory(rows, entries, in_flight, available, expected):
    assert offload.passes(rows, entries, in_flight, available) == expected


def test_with_little_memory_the_rows_are_read_several_times_to_the_same_counts(tmp_path, monkeypatch):
    monkeypatch.setattr("consilience.engine.embedded.BATCH", 500)
    path = heavy_tailed(tmp_path / "heavy.parquet", 40_000, 300, texts=False)
    turns = []
    next_pass = kernel.Collector.next_pass
    monkeypatch.setattr(kernel.Collector, "next_pass", lambda *given_: (turns.append(1), next_pass(*given_)))
    engine = EmbeddedEngine(memory=300_000, threads=2)
    tight = engine.graph([path], 50)
    assert len(turns) in range(1, 16)
    plenty = EmbeddedEngine(memory=1 << 40).counts([path], 50)
    assert tight.clusters == plenty.clusters
    assert tight.rows == plenty.counts.rows
    assert tight.graph.degrees.tolist() == plenty.counts.degrees.tolist()
    np.testing.assert_array_equal(tight.graph.pairs().rarity, plenty.counts.pairs.rarity)


def test_what_does_not_fit_is_refused_with_both_figures(tmp_path):
    path = heavy_tailed(tmp_path / "heavy.parquet", 40_000, 300, texts=False)
    with pytest.raises(LimitError, match=r"40,000 rows with about [\d,]+ shared entries take about .* GB are free"):
        EmbeddedEngine(memory=100_000).counts([path], 50)
    wide = heavy_tailed(tmp_path / "wide.parquet", 40_000, 60_000, texts=False)
    engine = EmbeddedEngine(memory=5_000_000, threads=2)
    assert engine.graph([wide], 20_000).graph.degrees.any()
    with pytest.raises(LimitError, match=r"up to [\d,]+ pairs .* GB are free: lower the degree cut"):
        engine.counts([wide], 20_000)


# --- wrong input ------------------------------------------------------------------------------------------------------


def parquet(path, **columns):
    pq.write_table(pa.table(columns), path)
    return path


WRONG = {
    "missing": (lambda path: path, "no such file or folder here"),
    "folder": (lambda path: path.mkdir() or path, "no file in this folder"),
    "text": (lambda path: path.write_text("a,b\n") and path, "no Parquet file"),
    "empty": (lambda path: path.touch() or path, "no Parquet file"),
    "other columns": (
        lambda path: parquet(path, actor=["a"], observable=["x"]),
        "no column 'cluster'; there are actor",
    ),
    "capitals": (lambda path: parquet(path, Cluster=["a"], observable=["x"]), "no column 'cluster'; there are Cluster"),
    "twice": (
        lambda path: parquet(path, cluster=["a"], Cluster=["b"], observable=["x"]),
        "more than one column 'cluster': cluster, Cluster",
    ),
    "numbers": (lambda path: parquet(path, cluster=["a"], observable=[0.5]), "'observable' holds double"),
    "truths": (lambda path: parquet(path, cluster=[True], observable=["x"]), "'cluster' holds bool"),
    "lists": (lambda path: parquet(path, cluster=["a"], observable=[["x"]]), "'observable' holds list"),
    "too wide": (
        lambda path: parquet(path, cluster=["a"], observable=pa.array([2**63], pa.uint64())),
        "'observable' holds uint64; it must hold texts or integers of up to 64 bits",
    ),
}


@pytest.mark.parametrize(("make", "reason"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_named_with_the_reason(make, reason, tmp_path):
    path = make(tmp_path / "wrong.parquet")
    with pytest.raises(FormatError, match=reason) as caught:
        EmbeddedEngine().counts([path], CUT)
    assert caught.value.file == str(path)


def test_texts_in_one_file_and_integers_in_another_do_not_go_together(tmp_path):
    first = parquet(tmp_path / "a.parquet", cluster=["a"], observable=["x"])
    second = parquet(tmp_path / "b.parquet", cluster=["a"], observable=[1])
    with pytest.raises(FormatError, match=r"b.parquet: column 'observable' holds int64 here and string in .*a.parquet"):
        EmbeddedEngine().counts([first, second], CUT)


def test_a_file_that_is_cut_off_inside_is_named(tmp_path):
    path = heavy_tailed(tmp_path / "heavy.parquet", 20_000, 100, texts=True)
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + b"\xff" * (len(whole) // 2) + whole[4 + len(whole) // 2 :])
    with pytest.raises(FormatError, match=r"heavy.parquet: cannot be read"):
        EmbeddedEngine().counts([path], CUT)


@pytest.mark.parametrize(
    ("paths", "cut", "reason"), [([], 4, "no files"), (["x"], 1, "cut of 1"), (["x"], 65_536, "lies")]
)
def test_a_question_that_is_none(paths, cut, reason):
    with pytest.raises(ValueError, match=reason):
        EmbeddedEngine().counts(paths, cut)


def test_more_clusters_than_can_be_numbered_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("consilience.engine.embedded.MOST_CLUSTERS", 3)
    path = parquet(tmp_path / "many.parquet", cluster=["a", "b", "c", "d"], observable=["x"] * 4)
    with pytest.raises(LimitError, match="4 clusters are more than the 3"):
        EmbeddedEngine().counts([path], CUT)


def test_a_file_that_does_not_say_whether_observables_are_missing_is_looked_into(tmp_path):
    table = pa.table({"cluster": ["a", "b", "c"], "observable": ["x", "x", None]})
    pq.write_table(table, tmp_path / "silent.parquet", write_statistics=False)
    (file,) = parquet_files.find([tmp_path / "silent.parquet"])
    assert not file.all_observed()
    assert EmbeddedEngine().counts([file.path], CUT).clusters == ("a", "b")


def test_an_engine_can_be_closed_twice(tmp_path):
    engine = open_engine("embedded")
    engine.close()
    engine.close()


@pytest.mark.parametrize("text", ["duckdb", "local[2]", "spark://127.0.0.1:7077", "sc://127.0.0.1"])
def test_an_engine_whose_extra_is_missing_names_it(text, monkeypatch):
    monkeypatch.setattr("consilience.engine.opening.find_spec", lambda _: None)
    with pytest.raises(EngineError, match=r"needs ibis.*pip install 'consilience\[spark\]'"):
        open_engine(text)


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["spark", "spark://", "spark://host", "spark://host:0", "spark://host:99999", "local", "local[0]", "local[x]",
     "sc://", "yarn", "k8s://host:1", "duck", "spark://a:1,b", "http://host:7077", "sc://host:0"],
)  # fmt: skip
def test_an_address_that_names_no_engine_is_an_error(text):
    with pytest.raises(EngineError):
        open_engine(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Address(Kind.EMBEDDED, "embedded")),
        (" duckdb ", Address(Kind.DUCKDB, "duckdb")),
        ("local[*]", Address(Kind.SPARK, "local[*]")),
        ("spark://a:7077/", Address(Kind.SPARK, "spark://a:7077", (("a", 7077),))),
        ("spark://a:1,b:2", Address(Kind.SPARK, "spark://a:1,b:2", (("a", 1), ("b", 2)))),
        ("spark://[::1]:7077", Address(Kind.SPARK, "spark://[::1]:7077", (("::1", 7077),))),
        ("sc://host", Address(Kind.CONNECT, "sc://host", (("host", 15002),))),
        ("sc://host:9/;use_ssl=true", Address(Kind.CONNECT, "sc://host:9/;use_ssl=true", (("host", 9),))),
    ],
)
def test_an_address_is_what_spark_wants_and_where_it_is_reached(text, expected):
    assert parse_address(text) == expected

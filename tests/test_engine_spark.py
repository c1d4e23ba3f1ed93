"""Spark by the same door: on this machine's cores, on a standalone master with two workers, and by Spark Connect.

The cluster is real: four or more processes of Java on loopback, ended with the module. Everything that waits is told
to wait briefly.
"""

import gc
import shutil
import socket
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from consilience.engine.embedded import EmbeddedEngine
from consilience.engine.interface import EngineError
from consilience.engine.offload import Place
from consilience.engine.opening import open_engine
from consilience.errors import FormatError
from engine_tables import CUT, TABLES, as_python, by_sets, heavy_tailed, write
from spark_cluster import FRUGAL, StandaloneCluster
from test_engine_embedded import WRONG, same

for package in ("ibis", "pandas", "pyspark", "grpc", "grpc_status"):
    pytest.importorskip(package, reason="needs the extra consilience[spark]")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("java"), reason="needs Java 17 or newer"),
    # py4j leaves the sockets by which Spark sends Arrow to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]

JAVA = " ".join(FRUGAL)
SESSION = {"spark.sql.shuffle.partitions": "2"}
OPTIONS = {
    **SESSION,
    "spark.default.parallelism": "2",
    "spark.executor.memory": "512m",
    "spark.executor.extraJavaOptions": JAVA,
    "spark.driver.extraJavaOptions": JAVA,
}
AT_ONCE = {
    "texts": ("rows without a cluster or an observable, and rows said twice", "names that only look alike"),
    "integers": (
        "integers by size, below zero and above 32 bits",
        "a unit at the cut, and a hub above it",
        "two files whose integers differ in width",
    ),
    "nothing": ("no rows",),
}


@pytest.fixture(scope="module")
def cluster():
    with StandaloneCluster(workers=2) as running:
        yield running


@pytest.fixture(scope="module", params=["local", "standalone", "connect"])
def address(request, cluster):
    if request.param == "connect":
        return cluster.serve_connect(OPTIONS)
    return "local[2]" if request.param == "local" else cluster.address


@pytest.fixture(scope="module")
def spark(address):
    options = SESSION if address.startswith("sc://") else OPTIONS
    engine = open_engine(address, options=options, place=Place.HERE, patience=60)
    yield engine
    engine.close()
    gc.collect()


@pytest.fixture(params=Place, ids=lambda place: place.value)
def placed(request, spark, monkeypatch):
    """The engine with the pairs made here or there; a session for each would cost seconds."""
    monkeypatch.setattr(spark, "_place", request.param)
    return spark


@pytest.mark.parametrize("names", AT_ONCE.values(), ids=AT_ONCE)
def test_counts_are_those_of_sets(names, placed, tmp_path):
    tables = [table for name in names for table in TABLES[name]]
    assert as_python(placed.counts(write(tmp_path, tables), CUT)) == by_sets(tables)


def test_a_heavy_tailed_table_counts_as_here(placed, tmp_path):
    path = heavy_tailed(tmp_path / "heavy.parquet", 60_000, 500, texts=False)
    here = EmbeddedEngine().counts([path], 50)
    assert here.counts.pairs.a.size > 10_000
    same(here, placed.counts([path], 50))


def test_names_of_folders_are_no_columns(spark, tmp_path):
    for name in ("turla", "gamaredon"):
        folder = tmp_path / "sightings" / f"cluster={name}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"cluster": [f"really {name}"], "observable": ["x"]}), folder / "part.parquet")
    assert spark.counts([tmp_path / "sightings"], CUT).clusters == ("really gamaredon", "really turla")


@pytest.mark.parametrize("name", sorted(set(WRONG) - {"folder", "lists", "too wide", "numbers", "truths"}))
def test_a_wrong_file_is_an_error(name, spark, tmp_path):
    make, _ = WRONG[name]
    path = make(tmp_path / "wrong.parquet")
    with pytest.raises(FormatError) as caught:
        spark.counts([path], CUT)
    assert caught.value.file == str(path)


@pytest.mark.parametrize("name", ["lists", "too wide", "numbers", "truths"])
def test_a_column_of_another_kind_is_named(name, spark, tmp_path):
    make, _ = WRONG[name]
    path = make(tmp_path / "wrong.parquet")
    with pytest.raises(FormatError, match="must hold texts or integers of up to 64 bits") as caught:
        spark.counts([path], CUT)
    assert caught.value.file == str(path)


def test_texts_in_one_file_and_integers_in_another_do_not_go_together(spark, tmp_path):
    for name, values in (("a", ["x"]), ("b", [1])):
        pq.write_table(pa.table({"cluster": ["a"], "observable": values}), tmp_path / f"{name}.parquet")
    with pytest.raises(FormatError, match=r"b.parquet: column 'observable' holds int64, unlike that of .*a.parquet"):
        spark.counts([tmp_path / "a.parquet", tmp_path / "b.parquet"], CUT)


def test_both_workers_took_part(address, spark, cluster):
    assert cluster.executors() == (() if address == "local[2]" else ("worker-0", "worker-1"))


def test_a_second_session_is_refused_where_spark_has_one_for_a_process(address, spark):
    if address.startswith("sc://"):
        open_engine(address, options=SESSION).close()
        return
    with pytest.raises(EngineError, match="a session with Spark already"):
        open_engine("local[2]", options=OPTIONS)


def test_closing_twice_and_counting_after_it(address, spark, tmp_path):
    """The last with this session: module fixtures go by address."""
    path = heavy_tailed(tmp_path / "heavy.parquet", 1000, 20, texts=False)
    spark.close()
    spark.close()
    with pytest.raises(EngineError, match="closed"):
        spark.counts([path], CUT)


# --- nobody there -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["spark", "sc"])
def test_where_nothing_answers_it_is_said_at_once(scheme):
    with socket.socket() as held:  # bound and not listening: nobody else can take the port meanwhile
        held.bind(("127.0.0.1", 0))
        began = time.monotonic()
        with pytest.raises(EngineError, match=f"nothing answers at {scheme}://127.0.0.1:.*refused"):
            open_engine(f"{scheme}://127.0.0.1:{held.getsockname()[1]}", patience=5)
        assert time.monotonic() - began < 5


def test_where_something_else_listens_it_is_said():
    """A Spark master is asked by Spark itself, which gives up after a minute: too long for a test."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        with pytest.raises(EngineError, match="does not answer as Spark Connect"):
            open_engine(f"sc://127.0.0.1:{deaf.getsockname()[1]}", patience=1)


def test_a_master_without_a_worker_is_said_within_the_patience():
    with StandaloneCluster(workers=0) as lonely:
        with pytest.raises(EngineError, match="no free worker: none joined within 1 s"):
            open_engine(lonely.address, options=OPTIONS, patience=1)
        gc.collect()
        processes = list(lonely._processes)
        assert [process.poll() for process in processes] == [None]
    assert processes[0].poll() is not None


def test_without_java_it_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(EngineError, match="needs Java 17"):
        open_engine("local[2]")

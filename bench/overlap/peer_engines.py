"""The overlap of a Parquet file of sightings in each peer's own best form, and in ours; bench/overlap/peers.py runs it.

Every function takes the file and the degree cut and returns :class:`Sums`. All compute the definition that
``consilience.overlap.kernel`` states: distinct entries, degree, units of degree 2 to the cut, and for each pair of
clusters the shared units and the sum of ``round(2**28 / C(d,2))``, as integers. Nobody writes the pairs out.

Each is the fastest of the forms that we tried for it at 10 M rows: ten for DuckDB, ten for Polars, six for chDB, four
each for SciPy and SQLite. A pair is one 32-bit number (so at most 65,536 clusters), lists are cut behind the first
cluster of a pair where the engine can slice, threads are those of the machine. A vendor is imported inside its
function, so that a process pays for one only.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from collections.abc import Callable
from typing import Any, Final

import numpy as np

Sums = tuple[int, int, int, int, int]
"""Pairs; and over all pairs the sums of count, of rarity, and of count times the first and the second code."""

_PAIR_SQL: Final = "SELECT count(*), sum(n), sum(r), sum((k >> 16) * n), sum((k & 65535) * n) FROM pairs"


def _weight_sql(degree: str, divide: str = "//") -> str:
    """Return ``round(2**28 / C(d,2))`` in whole numbers."""
    return f"((1073741824 + {degree} * ({degree} - 1)) {divide} (2 * {degree} * ({degree} - 1)))"


def duckdb_list(path: str, cut: int) -> Sums:
    """DuckDB: a sorted list of clusters for each unit, unnested twice."""
    return _duckdb(
        f"""WITH entries AS (SELECT DISTINCT observable, cluster::UINTEGER AS cluster FROM read_parquet('{path}')),
        lists AS (SELECT list_sort(list(cluster)) AS l FROM entries GROUP BY observable
                  HAVING count(*) BETWEEN 2 AND {cut}),
        firsts AS (SELECT l, {_weight_sql("len(l)::BIGINT")}::INTEGER AS w, unnest(l) AS a FROM lists),
        both_of AS (SELECT a << 16 AS a, w, unnest(l[list_position(l, a) + 1:]) AS b FROM firsts),
        pairs AS (SELECT a | b AS k, count(*) AS n, sum(w) AS r FROM both_of GROUP BY k) {_PAIR_SQL}"""
    )


def duckdb_join(path: str, cut: int) -> Sums:
    """DuckDB: the kept entries joined with themselves."""
    return _duckdb(
        f"""WITH entries AS (SELECT DISTINCT observable, cluster::UINTEGER AS cluster FROM read_parquet('{path}')),
        lists AS (SELECT observable, list(cluster) AS l FROM entries GROUP BY observable
                  HAVING count(*) BETWEEN 2 AND {cut}),
        kept AS MATERIALIZED (SELECT observable, {_weight_sql("len(l)::BIGINT")}::INTEGER AS w, unnest(l) AS cluster
                              FROM lists),
        pairs AS (SELECT (x.cluster << 16) | y.cluster AS k, count(*) AS n, sum(x.w) AS r
                  FROM kept AS x JOIN kept AS y ON x.observable = y.observable AND x.cluster < y.cluster
                  GROUP BY k) {_PAIR_SQL}"""
    )


def _duckdb(query: str) -> Sums:
    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        connection = duckdb.connect(
            config={
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "preserve_insertion_order": False,
                "temp_directory": folder,
            }
        )
        row = connection.execute(query).fetchall()[0]
        connection.close()
    return _whole(row)


def polars(path: str, cut: int) -> Sums:
    """Polars, streaming: the distinct clusters of each unit as a list, exploded twice."""
    import polars as pl

    first, second, degree = pl.col("a"), pl.col("b"), pl.col("d")
    lists = pl.scan_parquet(path).group_by("observable").agg(pl.col("cluster").unique())
    kept = lists.with_columns(d=pl.col("cluster").list.len().cast(pl.Int64)).filter(degree.is_between(2, cut))
    weight = (1073741824 + degree * (degree - 1)) // (2 * degree * (degree - 1))
    both = kept.select(a="cluster", b="cluster", w=weight).explode("a").explode("b").filter(first < second)
    packed = both.select(k=(first.cast(pl.UInt32) * 65536) | second.cast(pl.UInt32), w="w")
    pairs = packed.group_by("k").agg(n=pl.len().cast(pl.Int64), r=pl.col("w").sum())
    pair, count = pl.col("k"), pl.col("n")
    sums = pairs.select(
        pl.len(),
        n=count.sum(),
        r=pl.col("r").sum(),
        a=((pair // 65536) * count).sum(),
        b=((pair % 65536) * count).sum(),
    )
    return _whole(sums.collect(engine="streaming").row(0))


def scipy_two(path: str, cut: int) -> Sums:
    """SciPy: the products AᵀA for the counts and AᵀWA for the weights."""
    import scipy.sparse as sp

    cluster, start, degree, weight = _kept(path, cut)
    shape = (degree.size, int(cluster.max(initial=0)) + 1)
    units = sp.csr_matrix((np.ones(cluster.size, np.int32), cluster, start), shape=shape)
    weighted = sp.csr_matrix((np.repeat(weight, degree), cluster, start), shape=shape)
    clusters = units.T.tocsr()
    counted = sp.triu(clusters @ units, 1).tocsr()
    summed = sp.triu(clusters.astype(np.int64) @ weighted, 1).tocsr()
    first, second = counted.nonzero()
    return _sums(first, second, counted.data.astype(np.int64), summed.data)


def scipy_packed(path: str, cut: int) -> Sums:
    """SciPy, as fast as we could make it: one product with count and weight in one number, in blocks on all cores.

    The weight of a pair has 44 bits. Where it needs more it spills into the count, and the sums differ.
    """
    import os
    from concurrent.futures import ThreadPoolExecutor

    import scipy.sparse as sp

    cluster, start, degree, weight = _kept(path, cut)
    number = int(cluster.max(initial=0)) + 1
    shape = (degree.size, number)
    weighted = sp.csr_matrix((np.repeat(weight + (1 << 44), degree), cluster, start), shape=shape)
    clusters = sp.csr_matrix((np.ones(cluster.size, np.int64), cluster, start), shape=shape).T.tocsr()
    work = np.cumsum(clusters @ degree)
    threads = os.cpu_count() or 1
    cuts = np.searchsorted(work, int(work[-1]) * np.arange(1, 8 * threads) / (8 * threads)).tolist()
    edges = [0, *cuts, number]

    def block(index: int) -> Sums:
        first, last = edges[index], edges[index + 1]
        product = sp.triu(clusters[first:last] @ weighted, first + 1).tocoo()
        return _sums(product.row + first, product.col, product.data >> 44, product.data & ((1 << 44) - 1))

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(block, range(len(edges) - 1)))
    return _whole([sum(column) for column in zip(*parts, strict=True)])


def graphblas(path: str, cut: int) -> Sums:
    """SuiteSparse:GraphBLAS: one product with count and weight in one number, on all cores."""
    import graphblas as gb

    cluster, start, degree, weight = _kept(path, cut)
    number = int(cluster.max(initial=0)) + 1
    shape = {"nrows": degree.size, "ncols": number}
    units = gb.Matrix.from_csr(
        start.astype(np.uint64), cluster.astype(np.uint64), np.ones(cluster.size, np.int64), **shape
    )
    weighted = gb.Matrix.from_csr(
        start.astype(np.uint64), cluster.astype(np.uint64), np.repeat(weight + (1 << 44), degree), **shape
    )
    product = units.T.mxm(weighted, gb.semiring.plus_second[gb.dtypes.INT64]).new()
    first, second, packed = product.select(gb.select.triu, 1).new().to_coo()
    return _sums(first.astype(np.int64), second.astype(np.int64), packed >> 44, packed & ((1 << 44) - 1))


def numba(path: str, cut: int) -> Sums:
    """Numba: the rows of the product, each in an accumulator of its own thread; compiled once, kept on disk."""
    import os
    from concurrent.futures import ThreadPoolExecutor

    from peer_numba import add_rows

    cluster, start, degree, weight = _kept(path, cut)
    number = int(cluster.max(initial=0)) + 1
    unit = np.repeat(np.arange(degree.size), degree)
    order = np.argsort(cluster, kind="stable")
    held, bounds = unit[order], np.searchsorted(cluster[order], np.arange(number + 1))
    threads = os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        arguments = (cluster, start, weight, held, bounds, number)
        parts = pool.map(lambda turn: add_rows(*arguments, turn, threads), range(threads))
        return _whole([sum(column) for column in zip(*parts, strict=True)])


def _kept(path: str, cut: int) -> tuple[Any, Any, Any, Any]:
    """Return the kept entries by unit: clusters, where each unit's begin, the units' degrees and weights."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    key = table["observable"].to_numpy().astype(np.uint64) << np.uint64(16) | table["cluster"].to_numpy()
    del table
    key.sort()
    key = key[np.concatenate(([True], key[1:] != key[:-1]))]
    unit, cluster = (key >> np.uint64(16)).astype(np.int64), (key & np.uint64(65535)).astype(np.int32)
    degree = np.bincount(unit)
    kept = (degree >= 2) & (degree <= cut)
    degrees = degree[kept].astype(np.int64)
    start = np.concatenate(([0], np.cumsum(degrees))).astype(np.int32)
    weight = (1073741824 + degrees * (degrees - 1)) // (2 * degrees * (degrees - 1))
    return cluster[kept[unit]], start, degrees, weight


def chdb(path: str, cut: int) -> Sums:
    """The engine of ClickHouse: the distinct clusters of each unit as an array, joined with the rest of itself."""
    import chdb as clickhouse

    answer = clickhouse.query(
        f"""WITH lists AS (SELECT arraySort(groupUniqArray(cluster)) AS l, toInt64(length(l)) AS d
                       FROM file('{path}', Parquet) GROUP BY observable HAVING d BETWEEN 2 AND {cut}),
        both_of AS (SELECT arrayJoin(arrayEnumerate(l)) AS i, {_weight_sql("d", "DIV")} AS w,
                    bitOr(bitShiftLeft(toUInt32(l[i]), 16), arrayJoin(arraySlice(l, i + 1))) AS k FROM lists),
        pairs AS (SELECT k, toInt64(count()) AS n, sum(w) AS r FROM both_of GROUP BY k)
        SELECT count(), sum(n), sum(r), sum(bitShiftRight(k, 16) * n), sum(bitAnd(k, 65535) * n) FROM pairs""",
        "CSV",
    )
    return _whole(str(answer).strip().split(","))


def sqlite(path: str, cut: int) -> Sums:
    """SQLite in memory: sightings, an index of distinct entries, a self-join, as correlation tables are built."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        """PRAGMA journal_mode = OFF; PRAGMA temp_store = MEMORY;
        CREATE TABLE sightings (observable INTEGER, cluster INTEGER);
        CREATE TABLE entries (observable INTEGER, cluster INTEGER, PRIMARY KEY (observable, cluster)) WITHOUT ROWID;"""
    )
    rows = zip(table["observable"].to_pylist(), table["cluster"].to_pylist(), strict=True)
    connection.executemany("INSERT INTO sightings VALUES (?, ?)", rows)
    connection.execute("INSERT INTO entries SELECT DISTINCT observable, cluster FROM sightings ORDER BY 1, 2")
    connection.execute(
        f"""CREATE TABLE units AS SELECT observable, {_weight_sql("count(*)", "/")} AS w FROM entries
        GROUP BY observable HAVING count(*) BETWEEN 2 AND {cut}"""
    )
    return _whole(
        connection.execute(
            f"""WITH pairs AS (SELECT (x.cluster << 16) | y.cluster AS k, count(*) AS n, sum(units.w) AS r
            FROM units CROSS JOIN entries AS x ON x.observable = units.observable
            CROSS JOIN entries AS y ON y.observable = x.observable AND y.cluster > x.cluster GROUP BY k) {_PAIR_SQL}"""
        ).fetchone()
    )


def pandas(path: str, cut: int) -> Sums:
    """Pandas: the kept entries merged with themselves."""
    import pandas as pd

    entries = pd.read_parquet(path).drop_duplicates()
    degree = entries.groupby("observable").cluster.transform("size").astype("int64")
    weight = (1073741824 + degree * (degree - 1)) // (2 * degree * (degree - 1)).clip(lower=1)
    kept = entries.assign(w=weight)[degree.between(2, cut)]
    both = kept.merge(kept[["observable", "cluster"]], on="observable")
    both = both[both.cluster_x < both.cluster_y]
    pairs = both.groupby(both.cluster_x.astype("int64") * 65536 + both.cluster_y).w.agg(["size", "sum"])
    key = pairs.index.to_numpy()
    return _sums(key >> 16, key & 65535, pairs["size"].to_numpy(), pairs["sum"].to_numpy())


def ours(path: str, cut: int) -> Sums:
    """Consilience, the overlap only: ``overlap.kernel`` on the columns of the file."""
    import os

    import pyarrow.parquet as pq

    from consilience.overlap import kernel

    file = pq.ParquetFile(path)
    column = file.schema_arrow.get_field_index("cluster")
    groups = (file.metadata.row_group(index) for index in range(file.metadata.num_row_groups))
    number = max((group.column(column).statistics.max for group in groups), default=-1) + 1
    collector = kernel.Collector(number, file.metadata.num_rows)
    threads = os.cpu_count() or 1
    for batch in file.iter_batches(kernel.BATCH, columns=["cluster", "observable"]):
        collector.extend(batch["observable"].to_numpy(), batch["cluster"].to_numpy(), threads)
    pairs = collector.graph(cut, threads).pairs(threads)
    return _sums(pairs.a, pairs.b, pairs.count, pairs.rarity)


def ours_numpy(path: str, cut: int) -> Sums:
    """Consilience without a C compiler, the overlap only: ``overlap.incidence`` in numpy."""
    import pyarrow.parquet as pq

    from consilience.overlap.incidence import count_pairs

    table = pq.read_table(path)
    width = int(table["cluster"].to_numpy().max()) + 1
    key = np.unique(table["observable"].to_numpy().astype(np.int64) * width + table["cluster"].to_numpy())
    unit, cluster = key // width, key % width
    degree = np.bincount(unit)[unit]
    kept = (degree >= 2) & (degree <= cut)
    pairs = count_pairs(unit[kept], cluster[kept], width)
    return _sums(pairs.a, pairs.b, pairs.count, pairs.rarity)


def _sums(first: Any, second: Any, count: Any, rarity: Any) -> Sums:
    by_first, by_second = (int((column.astype(np.int64) * count).sum()) for column in (first, second))
    return int(count.size), int(count.sum()), int(rarity.sum()), by_first, by_second


def _whole(row: Any) -> Sums:
    pairs, count, rarity, by_first, by_second = (int(value) for value in row)
    return pairs, count, rarity, by_first, by_second


ENGINES: Final[dict[str, Callable[[str, int], Sums]]] = {
    "duckdb-list": duckdb_list,
    "duckdb-join": duckdb_join,
    "polars": polars,
    "scipy": scipy_two,
    "scipy-packed": scipy_packed,
    "chdb": chdb,
    "graphblas": graphblas,
    "numba": numba,
    "sqlite": sqlite,
    "pandas": pandas,
    "ours": ours,
    "ours-numpy": ours_numpy,
}
"""Every form by its name on the command line."""

OURS: Final = ("ours", "ours-numpy")
"""The forms that need Consilience; the others need what requirements-peers.txt names."""


def main(name: str, path: str, cut: str) -> None:
    """Print the sums of one engine."""
    print(*ENGINES[name](path, int(cut)))


if __name__ == "__main__":
    main(*sys.argv[1:])

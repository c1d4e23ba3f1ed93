"""Small tables of sightings for every engine, and their counts the slow way, by sets in plain Python."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CUT = 4

# name -> tables, each a file of its own: (type of clusters, type of observables, rows)
TABLES = {
    "texts": [
        (pa.string(), pa.string(), [("turla", "a.example"), ("gamaredon", "a.example"), ("oilrig", "b.example")]),
    ],
    "rows without a cluster or an observable, and rows said twice": [
        (
            pa.string(),
            pa.string(),
            [("a", "x"), ("b", "x"), ("b", "x"), (None, "x"), ("c", None), (None, None), ("d", "y"), ("a", "x")],
        ),
    ],
    "names that only look alike": [
        (
            pa.string(),
            pa.string(),
            [
                (name, unit)
                for name in ("APT1", "apt1", " apt1", "é", "e\u0301", "", "\U0001f43b", "\uffff")
                for unit in ("X", "x", "x ")
            ],
        ),
    ],
    "integers by size, below zero and above 32 bits": [
        (pa.int64(), pa.int64(), [(-5, 2**40), (10, 2**40), (9, 2**40), (9, -1), (10, -1), (2**62, -1)]),
    ],
    "a unit at the cut, and a hub above it": [
        (pa.int16(), pa.int32(), [(c, 7) for c in range(CUT)] + [(c, 8) for c in range(CUT + 1)] + [(0, 9), (1, 9)]),
    ],
    "two files whose integers differ in width": [
        (pa.uint16(), pa.uint32(), [(1, 4_000_000_000), (65_535, 4_000_000_000), (1, 6)]),
        (pa.int64(), pa.int8(), [(2, 6), (65_535, 6), (1, -6)]),
        (pa.int32(), pa.int64(), [(2, 4_000_000_000), (3, -6)]),
    ],
    "two files of texts, one as a dictionary": [
        (pa.string(), pa.string(), [("a", "x"), ("b", "y")]),
        (pa.dictionary(pa.int8(), pa.string()), pa.large_string(), [("b", "x"), ("c", "y"), ("b", None)]),
    ],
    "nothing shared": [(pa.string(), pa.string(), [("a", "x"), ("b", "y")])],
    "only one cluster": [(pa.string(), pa.string(), [("a", "x"), ("a", "y")])],
    "no row that says anything": [(pa.string(), pa.string(), [(None, "x"), ("a", None)])],
    "no rows": [(pa.int32(), pa.int32(), [])],
}


def write(folder: Path, tables) -> list[Path]:
    """Write each table to a file; return the paths."""
    paths = []
    for number, (clusters, observables, rows) in enumerate(tables):
        columns = {
            "cluster": pa.array([cluster for cluster, _ in rows], clusters),
            "observable": pa.array([observable for _, observable in rows], observables),
        }
        paths.append(folder / f"sightings {number} [a] 50% off.parquet")
        pq.write_table(pa.table(columns), paths[-1])
    return paths


def by_sets(tables, cut: int = CUT):
    """Return (clusters, rows, kept, degrees, {(a, b): (count, rarity)}) of all rows, the slow way."""
    said = [row for _, _, rows in tables for row in rows if None not in row]
    clusters = sorted({cluster for cluster, _ in said})
    holders = defaultdict(set)
    for cluster, observable in said:
        holders[observable].add(clusters.index(cluster))
    kept, degrees, pairs = [0] * len(clusters), [0] * (cut + 1), defaultdict(lambda: (0, 0))
    for held_by in holders.values():
        if 2 <= len(held_by) <= cut:
            degrees[len(held_by)] += 1
            for each in held_by:
                kept[each] += 1
            for pair in combinations(sorted(held_by), 2):
                count, rarity = pairs[pair]
                pairs[pair] = (count + 1, rarity + round(2**28 / math.comb(len(held_by), 2)))
    return tuple(map(str, clusters)), len(said), kept, degrees, dict(pairs)


def as_python(named):
    """Return the counts of an engine in the form of :func:`by_sets`; the pairs must be sorted, each once."""
    counts = named.counts
    pairs = counts.pairs
    columns = (each.tolist() for each in (pairs.a, pairs.b, pairs.count, pairs.rarity))
    rows = list(zip(*columns, strict=True))
    assert [row[:2] for row in rows] == sorted({row[:2] for row in rows})
    assert counts.present.all()
    assert counts.present.size == len(named.clusters)
    sums = {(a, b): (count, rarity) for a, b, count, rarity in rows}
    return named.clusters, counts.rows, counts.kept.tolist(), counts.degrees.tolist(), sums


def heavy_tailed(path: Path, rows: int, clusters: int, *, texts: bool) -> Path:
    """Write a table with large clusters and observables that most clusters hold."""
    rng = np.random.default_rng(7)
    units = np.minimum(rng.zipf(1.4, rows), 20_000)
    holders = np.minimum(rng.zipf(1.3, rows), clusters)
    columns = {"cluster": pa.array(holders.astype(np.uint16)), "observable": pa.array(units.astype(np.uint32))}
    if texts:
        columns = {
            name: pa.array([f"{value}.example" for value in column.to_pylist()]) for name, column in columns.items()
        }
    pq.write_table(pa.table(columns), path, row_group_size=rows // 7)
    return path

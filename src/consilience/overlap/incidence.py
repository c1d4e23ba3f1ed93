"""The bipartite graph cluster x unit in numpy columns, and what each pair of clusters shares in it.

Work and memory grow with the rows and with the pairs that share something; there is never a row per pair and unit.
Units are handled by class of degree: all units that d clusters hold add to their d(d-1)/2 pairs in as many vector
operations. A unit that more than ``degree_cut`` clusters hold is left out of the test on both sides, observed and
expected: it would add what chance expects of it, at the cost of the square of its degree.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_FLUSH: Final = 1 << 22
_JOIN: Final = "\x1f"


class Incidence(msgspec.Struct, frozen=True, eq=False):
    """Distinct (unit, cluster) entries, sorted by unit and then cluster, with the rows behind each.

    ``unit`` and ``cluster`` (entries,) are codes into ``unit_type``, ``unit_value`` (Arrow) and ``clusters`` (sorted
    names); ``start`` (entries + 1,) delimits the rows of each entry in ``rows``; ``degree`` (units,) counts clusters.
    """

    clusters: tuple[str, ...]
    unit_type: list[str]
    unit_value: pa.Array
    unit: IntArray
    cluster: IntArray
    start: IntArray
    rows: IntArray
    degree: IntArray

    def unit_of_rows(self) -> IntArray:
        """Return the unit of every row of the table, shape (rows,)."""
        units = np.empty(self.rows.size, dtype=np.int64)
        units[self.rows] = np.repeat(self.unit, np.diff(self.start))
        return units


class PairCounts(msgspec.Struct, frozen=True, eq=False):
    """Pairs (a < b) that share something: shape (pairs,), sorted. ``rarity`` sums 1/C(d,2) over the shared units."""

    a: IntArray
    b: IntArray
    count: IntArray
    rarity: FloatArray


def build(observations: pa.Table) -> Incidence:
    """Return the distinct entries of a table with the columns ``cluster``, ``unit_type`` and ``unit_value``."""
    clusters, cluster_code = _sorted_codes(observations["cluster"])
    types, type_code = _sorted_codes(observations["unit_type"])
    values, value_code = _codes(observations["unit_value"])
    type_value = type_code * max(len(values), 1) + value_code
    distinct, unit_code = np.unique(type_value, return_inverse=True)
    key = unit_code.astype(np.int64) * max(len(clusters), 1) + cluster_code
    rows = np.argsort(key, kind="stable")
    entries, start = np.unique(key[rows], return_index=True)
    unit = entries // max(len(clusters), 1)
    return Incidence(
        clusters=tuple(clusters),
        unit_type=[types[code] for code in (distinct // max(len(values), 1)).tolist()],
        unit_value=values.take(pa.array(distinct % max(len(values), 1))),
        unit=unit,
        cluster=entries % max(len(clusters), 1),
        start=np.append(start, rows.size).astype(np.int64),
        rows=rows.astype(np.int64),
        degree=np.bincount(unit, minlength=distinct.size).astype(np.int64),
    )


def _codes(column: pa.ChunkedArray) -> tuple[pa.Array, IntArray]:
    encoded = pc.dictionary_encode(pc.fill_null(column.cast(pa.string()), "")).combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], pa.string()).dictionary_encode()
    return encoded.dictionary, encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def codes_of(*columns: pa.ChunkedArray) -> IntArray:
    """Return a number for each row, the same where all ``columns`` hold the same texts; shape (rows,)."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        values, own = _codes(column)
        code = code * max(len(values), 1) + own
    return np.unique(code, return_inverse=True)[1].astype(np.int64)


def _sorted_codes(column: pa.ChunkedArray) -> tuple[list[str], IntArray]:
    """Return the distinct texts in order and each row's code, so that nothing hangs on the order of the rows."""
    dictionary, codes = _codes(column)
    texts = dictionary.to_pylist()
    order = sorted(range(len(texts)), key=texts.__getitem__)
    place = np.empty(len(texts), dtype=np.int64)
    place[order] = np.arange(len(texts))
    return [texts[index] for index in order], place[codes] if len(texts) else codes


def shared_entries(incidence: Incidence, units: BoolArray, degree_cut: int) -> tuple[IntArray, IntArray]:
    """Return the units and clusters of the entries that enter the test: degree 2 to ``degree_cut``, in ``units``."""
    kept = units & (incidence.degree >= 2) & (incidence.degree <= degree_cut)
    chosen = kept[incidence.unit]
    return incidence.unit[chosen], incidence.cluster[chosen]


def count_pairs(unit: IntArray, cluster: IntArray, clusters: int) -> PairCounts:
    """Return for every pair of clusters how many of the units they share and the sum of 1/C(d,2) over these.

    ``unit`` and ``cluster`` are entries sorted by unit and then cluster; ``clusters`` is how many there are.
    """
    _, first, degree = np.unique(unit, return_index=True, return_counts=True)
    keys, counts, rarity = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    waiting: list[tuple[IntArray, float]] = []
    held = 0
    for d in np.unique(degree).tolist():
        left, right = np.triu_indices(d, 1)
        starts = first[degree == d]
        at_once = max(1, _FLUSH // left.size) if left.size else starts.size
        for begin in range(0, starts.size if left.size else 0, at_once):
            members = cluster[starts[begin : begin + at_once, None] + np.arange(d)]
            waiting.append(((members[:, left] * clusters + members[:, right]).ravel(), 1.0 / left.size))
            held += waiting[-1][0].size
            if held > _FLUSH:
                keys, counts, rarity = _gather(keys, counts, rarity, waiting)
                waiting, held = [], 0
    keys, counts, rarity = _gather(keys, counts, rarity, waiting)
    return PairCounts(keys // max(clusters, 1), keys % max(clusters, 1), counts, rarity)


def _gather(
    keys: IntArray, counts: IntArray, rarity: FloatArray, waiting: list[tuple[IntArray, float]]
) -> tuple[IntArray, IntArray, FloatArray]:
    added = [key for key, _ in waiting]
    merged, place = np.unique(np.concatenate([keys, *added]), return_inverse=True)
    ones = np.concatenate([counts, *(np.ones(key.size, np.int64) for key in added)])
    shares = np.concatenate([rarity, *(np.full(key.size, weight) for key, weight in waiting)])
    total = np.rint(np.bincount(place, weights=ones, minlength=merged.size)).astype(np.int64)
    summed = np.bincount(place, weights=shares, minlength=merged.size).astype(np.float64)
    return merged, total, summed


class ByCluster(msgspec.Struct, frozen=True, eq=False):
    """The entries whose unit has two holders or more, by cluster: ``bounds`` (clusters + 1,) cut ``entries``."""

    entries: IntArray
    bounds: IntArray

    def of(self, cluster: int) -> IntArray:
        """Return the entries of one cluster, by ascending unit."""
        return self.entries[self.bounds[cluster] : self.bounds[cluster + 1]]


def by_cluster(incidence: Incidence) -> ByCluster:
    """Index the entries that can be shared by the cluster that holds them."""
    shareable = np.flatnonzero(incidence.degree[incidence.unit] >= 2)
    holder = incidence.cluster[shareable]
    order = np.argsort(holder, kind="stable")
    bounds = np.searchsorted(holder[order], np.arange(len(incidence.clusters) + 1))
    return ByCluster(shareable[order], bounds.astype(np.int64))

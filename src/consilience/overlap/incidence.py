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
BoolArray = npt.NDArray[np.bool_]

RARITY_SCALE: Final = 1 << 28
"""What a unit that two clusters hold adds to a rarity: rarities are sums of whole numbers, the same in any order."""

_FLUSH: Final = 1 << 22
_SPARSE: Final = 8
"""Numbers are made dense by sorting where they lie further apart than this, else by counting."""


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
    """Pairs (a < b) that share something: shape (pairs,), sorted.

    ``rarity`` sums ``round(2**28 / C(d,2))`` over the shared units; divided by :data:`RARITY_SCALE` it is in units.
    """

    a: IntArray
    b: IntArray
    count: IntArray
    rarity: IntArray


def rarity_weights(degree_cut: int) -> IntArray:
    """Return what a unit of degree 0 .. ``degree_cut`` adds to the rarity of each pair that shares it."""
    degree = np.arange(degree_cut + 1, dtype=np.float64)
    pairs = np.maximum(degree * (degree - 1.0) / 2.0, 1.0)
    return np.where(degree < 2, 0.0, np.rint(RARITY_SCALE / pairs)).astype(np.int64)


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
    """Return a number for each row, the same where all ``columns`` hold the same texts; shape (rows,).

    The numbers run from 0 without a gap.
    """
    code, size = np.zeros(len(columns[0]), dtype=np.int64), 1
    for column in columns:
        values, own = _codes(column)
        code, size = _dense(code * max(len(values), 1) + own, size * max(len(values), 1))
    return code


def _dense(code: IntArray, size: int) -> tuple[IntArray, int]:
    """Return numbers below ``size`` as numbers without a gap in the same order, and how many there are."""
    if size > _SPARSE * code.size:
        distinct, dense = np.unique(code, return_inverse=True)
        return dense.astype(np.int64), distinct.size
    present = np.zeros(size, dtype=np.bool_)
    present[code] = True
    place = np.cumsum(present) - 1
    return place[code], int(place[-1]) + 1 if size else 0


def first_rows(codes: IntArray) -> IntArray:
    """Return the first row of each of the numbers that :func:`codes_of` gives; shape (numbers,)."""
    first = np.empty(int(codes.max(initial=-1)) + 1, dtype=np.int64)
    first[codes[::-1]] = np.arange(codes.size - 1, -1, -1)
    return first


def held_by_two(codes: IntArray, holders: IntArray) -> BoolArray:
    """Return for each number of ``codes`` whether rows of two ``holders`` or more have it; shape (numbers,)."""
    size = int(codes.max(initial=-1)) + 1
    lowest = np.full(size, np.iinfo(np.int64).max)
    highest = np.full(size, -1)
    np.minimum.at(lowest, codes, holders)
    np.maximum.at(highest, codes, holders)
    return np.asarray(lowest < highest, dtype=np.bool_)


def _sorted_codes(column: pa.ChunkedArray) -> tuple[list[str], IntArray]:
    """Return the distinct texts in order and each row's code, so that nothing hangs on the order of the rows."""
    dictionary, codes = _codes(column)
    texts = dictionary.to_pylist()
    order = sorted(range(len(texts)), key=texts.__getitem__)
    place = np.empty(len(texts), dtype=np.int64)
    place[order] = np.arange(len(texts))
    return [texts[index] for index in order], place[codes] if len(texts) else codes


def count_pairs(unit: IntArray, cluster: IntArray, clusters: int) -> PairCounts:
    """Return for every pair of clusters how many of the units they share, and their rarity.

    ``unit`` and ``cluster`` are entries sorted by unit and then cluster; ``clusters`` is how many there are. This is
    the reference that ``overlap.kernel`` must equal, and takes its place where no compiler was at hand.
    """
    _, first, degree = np.unique(unit, return_index=True, return_counts=True)
    weights = rarity_weights(int(degree.max(initial=0)))
    keys, counts, rarity = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64)
    waiting: list[tuple[IntArray, int]] = []
    held = 0
    for d in np.unique(degree).tolist():
        left, right = np.triu_indices(d, 1)
        starts = first[degree == d]
        at_once = max(1, _FLUSH // left.size) if left.size else starts.size
        for begin in range(0, starts.size if left.size else 0, at_once):
            members = cluster[starts[begin : begin + at_once, None] + np.arange(d)]
            waiting.append(((members[:, left] * clusters + members[:, right]).ravel(), int(weights[d])))
            held += waiting[-1][0].size
            if held > _FLUSH:
                keys, counts, rarity = _gather(keys, counts, rarity, waiting)
                waiting, held = [], 0
    keys, counts, rarity = _gather(keys, counts, rarity, waiting)
    return PairCounts(keys // max(clusters, 1), keys % max(clusters, 1), counts, rarity)


def _gather(
    keys: IntArray, counts: IntArray, rarity: IntArray, waiting: list[tuple[IntArray, int]]
) -> tuple[IntArray, IntArray, IntArray]:
    added = [key for key, _ in waiting]
    merged, place = np.unique(np.concatenate([keys, *added]), return_inverse=True)
    ones = np.concatenate([counts, *(np.ones(key.size, np.int64) for key in added)])
    shares = np.concatenate([rarity, *(np.full(key.size, weight) for key, weight in waiting)])
    # Sums below 2**53 are exact in the floats that bincount adds: 2**25 units of the largest weight in one pair.
    total = np.bincount(place, weights=ones, minlength=merged.size).astype(np.int64)
    summed = np.bincount(place, weights=shares, minlength=merged.size).astype(np.int64)
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

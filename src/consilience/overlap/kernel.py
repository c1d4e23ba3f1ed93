"""What clusters share, counted in bulk: the embedded engine.

Input are rows (cluster, unit), both as numbers. An *entry* is a distinct (unit, cluster); the *degree* of a unit is
how many clusters hold it; *kept* are the units of degree 2 to ``degree_cut``. Counted are, for every cluster, its kept
units; for every degree, the kept units of that degree; and for every pair a < b of clusters that shares a kept unit,
how many they share and the sum of ``round(2**28 / C(d,2))`` over these. All sums are of integers, so every engine and
every number of threads gives the same. A unit above the cut adds nothing anywhere, so nothing grows with the square of
a hub.

The work is done by ``kernel.c`` (``overlap.compiled``). Where that is missing ``overlap.incidence`` does the same with
numpy.

Rows come in batches (:class:`Collector`), each put in order by bucket of units at once, so that 8 bytes a row are all
that stays. ``Collector.graph`` turns them into lists of holders, from which ``Graph.pairs`` adds up the pairs.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterable
from threading import Lock
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from consilience.overlap import compiled
from consilience.overlap.compiled import address as _at
from consilience.overlap.compiled import in_threads
from consilience.overlap.incidence import count_pairs, rarity_weights

IntArray = npt.NDArray[np.int64]
UIntArray = npt.NDArray[np.uint32]
WordArray = npt.NDArray[np.uint64]
FloatArray = npt.NDArray[np.float64]

MOST_CLUSTERS: Final = 1 << 20
"""The largest number of clusters: a word must hold a cluster beside what the bucket leaves of a unit."""

MOST_DEGREE: Final = (1 << 16) - 1
"""The largest degree cut: the lists of the kernel keep 16 bits for it."""

MOST_ENTRIES: Final = (1 << 32) - 1
"""The largest number of entries of kept units: the lists of the kernel keep 32 bits for a place."""

BATCH: Final = 1 << 21
"""Rows that are put in order at once where a whole array is given."""

_BUCKET_ROWS: Final = 1 << 12  # a bucket of 32 kB stays in the first cache
_MOST_BITS: Final = 20
_LEAST_PAIRS: Final = 1 << 18


class Screen(msgspec.Struct, frozen=True, eq=False):
    """Which pairs need not be told: ``class_of`` (clusters,) gives each cluster's class, ``least`` (classes, classes)
    the rarity from which on a pair of these classes is told; see ``overlap.ranking.screen``.
    """

    class_of: UIntArray
    least: IntArray


class Pairs(msgspec.Struct, frozen=True, eq=False):
    """Pairs a < b that share a kept unit, sorted: each array has shape (pairs,); ``rarity`` is in units of 2**-28."""

    a: UIntArray
    b: UIntArray
    count: IntArray
    rarity: IntArray


class Counts(msgspec.Struct, frozen=True, eq=False):
    """All that significance needs: ``kept`` (clusters,), ``degrees`` (cut + 1,) by degree, and the pairs.

    ``present`` (clusters,) tells which codes have a row at all; ``rows`` is how many rows came.
    """

    rows: int
    present: npt.NDArray[np.bool_]
    kept: IntArray
    degrees: IntArray
    pairs: Pairs


class Entries(msgspec.Struct, frozen=True, eq=False):
    """All distinct entries: unit i is held by ``members[start[i] : start[i + 1]]``, sorted.

    ``units`` (units,) are as :func:`mixed` makes them, in ascending order.
    """

    units: WordArray
    start: IntArray
    members: UIntArray


def count(
    units: npt.NDArray[Any], clusters: npt.NDArray[Any], number: int, *, degree_cut: int = 200, threads: int = 1
) -> Counts:
    """Return the counts of rows given as two arrays of shape (rows,): codes of units, codes of clusters.

    ``units`` are integers of any kind (codes, or hashes of 64 bits), ``clusters`` lie in 0 .. ``number`` - 1. The
    result does not depend on the order of the rows, on repeats or on ``threads``. Raises ``ValueError`` for arrays of
    other shapes or types, a cluster outside the range, and limits that the kernel cannot keep.
    """
    collector = Collector(number, len(units))
    collector.extend(units, clusters, threads)
    graph = collector.graph(degree_cut, threads)
    return Counts(collector.rows, collector.present, graph.kept, graph.degrees, graph.pairs(threads))


def mixed(units: npt.NDArray[Any]) -> WordArray:
    """Return the units as the kernel orders them: a permutation of the 64-bit numbers that fills buckets evenly."""
    factor, half = np.uint64(0xD6E8FEB86659FD93), np.uint64(32)
    word = _units(units).astype(np.uint64)
    word ^= word >> half
    word *= factor
    word ^= word >> half
    word *= factor
    return np.asarray(word ^ (word >> half), dtype=np.uint64)


class Collector:
    """Takes rows in batches, from any thread, and keeps 8 bytes of each.

    ``clusters`` is the number of clusters and ``rows`` about how many rows will come. With ``passes`` above 1 the same
    rows are to be given that many times, :meth:`next_pass` between: each pass keeps its share of the buckets only, so
    that memory shrinks with it.
    """

    def __init__(self, clusters: int, rows: int, *, passes: int = 1) -> None:
        if not 0 <= clusters <= MOST_CLUSTERS:
            raise ValueError(f"{clusters} clusters are more than the {MOST_CLUSTERS} that the kernel can number")
        if passes < 1:
            raise ValueError(f"{passes} passes are none")
        self.clusters = clusters
        self.rows = 0
        self.present: npt.NDArray[np.bool_] = np.zeros(clusters, dtype=np.bool_)
        self._cluster_bits = max(1, (max(clusters, 1) - 1).bit_length())
        wanted = math.ceil(math.log2(max(rows / _BUCKET_ROWS, 1.0)))
        self._bits = min(max(wanted, self._cluster_bits, (passes - 1).bit_length()), _MOST_BITS)
        self._bounds = [(1 << self._bits) * turn // passes for turn in range(passes + 1)]
        self._pass = 0
        self._lock = Lock()
        self._words: list[tuple[WordArray, UIntArray]] = []
        self._plain: list[tuple[WordArray, UIntArray]] = []
        self._groups: list[_Group] = []

    def extend(self, units: npt.NDArray[Any], clusters: npt.NDArray[Any], threads: int = 1) -> None:
        """Take whole arrays of rows, in batches of :data:`BATCH`."""
        if np.ndim(units) != 1 or np.shape(units) != np.shape(clusters):
            raise ValueError(f"units of shape {np.shape(units)} do not fit clusters of shape {np.shape(clusters)}")
        slices = [slice(start, start + BATCH) for start in range(0, max(len(units), 1), BATCH)]
        in_threads(lambda part: self.add(units[part], clusters[part]), slices, threads)

    def add(self, units: npt.NDArray[Any], clusters: npt.NDArray[Any]) -> None:
        """Take one batch of rows; see :func:`count` for the arrays and the errors."""
        unit, cluster = _units(units), _clusters(clusters)
        if unit.size != cluster.size:
            raise ValueError(f"{unit.size} units do not fit {cluster.size} clusters")
        if unit.size >= 1 << 31:
            raise ValueError(f"a batch of {unit.size} rows is too large: give it in parts")
        library = compiled.loaded_library()
        seen = np.zeros(self.clusters, dtype=np.uint8)
        if library is None:
            if unit.size and int(cluster.max()) >= self.clusters:
                raise ValueError(f"cluster {cluster.max()} lies outside 0 to {self.clusters - 1}")
            seen[cluster] = 1
            self._plain.append((unit.astype(np.uint64), cluster.astype(np.uint32)))
        else:
            first, last = self._bounds[self._pass : self._pass + 2]
            words, ends = np.empty(unit.size, np.uint64), np.zeros(last - first + 2, np.uint32)
            kept = library.kernel_partition(
                *(_at(unit), unit.itemsize, _at(cluster), cluster.itemsize, unit.size, self.clusters),
                *(self._bits, self._cluster_bits, first, last, _at(words), _at(ends), _at(seen)),
            )
            if kept < 0:
                raise ValueError(f"cluster {cluster[-1 - kept]} lies outside 0 to {self.clusters - 1}")
            self._words.append((words if kept == words.size else words[:kept].copy(), ends))
        with self._lock:
            self.present |= seen.astype(np.bool_)
            if self._pass == 0:
                self.rows += unit.size

    def next_pass(self, degree_cut: int, threads: int = 1) -> None:
        """Group what this pass collected and free it; the rows are to be given again for the next one."""
        self._close(degree_cut, threads)
        self._pass += 1

    def graph(self, degree_cut: int = 200, threads: int = 1) -> Graph:
        """Return the kept units with their holders; nothing can be added afterwards.

        Raises ``ValueError`` for a degree cut beyond :data:`MOST_DEGREE`, more kept entries than :data:`MOST_ENTRIES`,
        and where passes are missing.
        """
        if self._pass + 2 != len(self._bounds):
            raise ValueError(f"pass {self._pass + 1} of {len(self._bounds) - 1} is not the last")
        self._close(degree_cut, threads)
        return Graph(self.clusters, degree_cut, self._groups, self._numpy_entries(degree_cut), threads)

    def entries(self) -> Entries:
        """Return all distinct entries, whatever their degree (one pass only)."""
        library = compiled.loaded_library()
        if library is None:
            units, clusters = self._together()
            key = mixed(units)
            order = np.lexsort((clusters, key))
            key, clusters = key[order], clusters[order]
            fresh = np.ones(key.size, dtype=np.bool_)
            fresh[1:] = (key[1:] != key[:-1]) | (clusters[1:] != clusters[:-1])
            distinct, start = np.unique(key[fresh], return_index=True)
            return Entries(distinct, np.append(start, int(fresh.sum())).astype(np.int64), clusters[fresh])
        words, ends, sizes = self._buckets()
        total = int(sizes.sum())
        unit, end, members = np.empty(total, np.uint64), np.empty(total, np.int64), np.empty(total, np.uint32)
        scratch = np.empty((2, max(int(sizes.max(initial=0)), 1)), np.uint64)
        found = library.kernel_distinct(
            *(_at(words), _at(ends), len(words), sizes.size, self._bits, self._cluster_bits),
            *(_at(scratch[0]), _at(scratch[1]), _at(unit), _at(end), _at(members)),
        )
        start = np.concatenate((np.zeros(1, np.int64), end[:found]))
        return Entries(unit[:found].copy(), start, members[: int(start[-1])].copy())

    def _close(self, degree_cut: int, threads: int) -> None:
        if not 1 <= degree_cut <= MOST_DEGREE:
            raise ValueError(f"a degree cut of {degree_cut} lies outside 1 to {MOST_DEGREE}")
        library = compiled.loaded_library()
        if library is None:
            return
        words, ends, sizes = self._buckets()
        edges = _shares(sizes, threads * 4)
        parts = [(edges[i], edges[i + 1]) for i in range(len(edges) - 1)]

        def group(part: tuple[int, int]) -> _Group:
            first, last = part
            most = max(int(sizes[first:last].max(initial=0)), 1)
            scratch, members = np.empty((2, most), np.uint64), np.empty(int(sizes[first:last].sum()), np.uint32)
            kept, listed = np.zeros(self.clusters, np.int64), np.zeros(self.clusters, np.int64)
            degrees = np.zeros(degree_cut + 1, np.int64)
            written = library.kernel_group(
                *(_at(words), _at(ends), len(words), first, last, self._bits, self._cluster_bits, degree_cut),
                *(_at(scratch[0]), _at(scratch[1]), _at(members), _at(kept), _at(listed), _at(degrees)),
            )
            return _Group(members[:written], kept, listed, degrees)  # what was not written takes no memory

        self._groups += in_threads(group, parts, threads)
        self._words = []

    def _buckets(self) -> tuple[npt.NDArray[np.uintp], npt.NDArray[np.uintp], IntArray]:
        """Return the addresses of all batches' words and ends, and how many words each bucket has."""
        width = self._bounds[self._pass + 1] - self._bounds[self._pass]
        sizes = np.zeros(width, dtype=np.int64)
        for _, ends in self._words:
            sizes += np.diff(ends[: width + 1])
        words = np.array([_at(words) for words, _ in self._words], dtype=np.uintp)
        return words, np.array([_at(ends) for _, ends in self._words], dtype=np.uintp), sizes

    def _together(self) -> tuple[WordArray, UIntArray]:
        units = np.concatenate([np.empty(0, np.uint64), *(unit for unit, _ in self._plain)])
        return units, np.concatenate([np.empty(0, np.uint32), *(cluster for _, cluster in self._plain)])

    def _numpy_entries(self, degree_cut: int) -> tuple[IntArray, IntArray] | None:
        """Return the kept entries for numpy, sorted by unit and then cluster; None where the kernel is compiled."""
        if compiled.loaded_library() is not None:
            return None
        units, clusters = self._together()
        distinct, code = np.unique(units, return_inverse=True)
        width = max(self.clusters, 1)
        key = np.unique(code.astype(np.int64) * width + clusters)
        unit, cluster = key // width, key % width
        degree = np.bincount(unit, minlength=distinct.size)[unit]
        kept = (degree >= 2) & (degree <= degree_cut)
        return unit[kept], cluster[kept]


class _Group(msgspec.Struct, frozen=True, eq=False):
    """What a share of the buckets gave: holders by unit, and counts by cluster and by degree."""

    members: UIntArray
    kept: IntArray
    listed: IntArray
    degrees: IntArray


class _Scratch(msgspec.Struct, frozen=True, eq=False):
    """What a thread writes to while it adds up rows: accumulators, which stay zero between rows, and pairs."""

    sums: WordArray
    marks: WordArray
    wide: IntArray
    ids: UIntArray
    totals: IntArray

    @classmethod
    def of(cls, clusters: int, capacity: int) -> _Scratch:
        """Return scratch memory for rows of so many clusters and blocks of so many pairs."""
        ids, totals = (np.empty((2, capacity), kind) for kind in (np.uint32, np.int64))
        marks = np.zeros(clusters // 64 + 1, np.uint64)
        return cls(np.zeros(clusters, np.uint64), marks, np.zeros(2 * clusters, np.int64), ids, totals)


class Graph:
    """The kept units with their holders: ``kept`` (clusters,) and ``degrees`` (cut + 1,), and what pairs share."""

    def __init__(
        self,
        clusters: int,
        degree_cut: int,
        groups: list[_Group],
        plain: tuple[IntArray, IntArray] | None,
        threads: int,
    ) -> None:
        self.clusters = clusters
        self.degree_cut = degree_cut
        self._plain = plain
        self._library = compiled.loaded_library()
        self._scratch: list[_Scratch] = []
        if plain is not None:
            _, degree = np.unique(plain[0], return_counts=True)
            self.kept: IntArray = np.bincount(plain[1], minlength=clusters).astype(np.int64)
            self.degrees: IntArray = np.bincount(degree, minlength=degree_cut + 1).astype(np.int64)
            return
        self.kept = _total((group.kept for group in groups), clusters)
        self.degrees = _total((group.degrees for group in groups), degree_cut + 1)
        self._members: UIntArray = np.empty(0, np.uint32)
        self._start: IntArray = np.zeros(clusters + 1, np.int64)
        self._items: WordArray = np.empty(0, np.uint64)
        if self._library is not None:
            self._transpose(self._library, groups, threads)

    def _transpose(self, library: ctypes.CDLL, groups: list[_Group], threads: int) -> None:
        sizes = np.array([0, *(group.members.size for group in groups)], dtype=np.int64).cumsum()
        if int(sizes[-1]) > MOST_ENTRIES:
            raise ValueError(f"{sizes[-1]} entries are more than the {MOST_ENTRIES} that the kernel can place")
        listed = [group.listed for group in groups]
        self._members = np.concatenate([np.empty(0, np.uint32), *(group.members for group in groups)])
        groups.clear()
        self._start = np.concatenate((np.zeros(1, np.int64), _total(listed, self.clusters))).cumsum()
        self._items = np.empty(int(self._start[-1]), np.uint64)
        cursors, cursor = [], self._start[:-1].copy()
        for each in listed:
            cursors.append(cursor)
            cursor = cursor + each

        def place(index: int) -> None:
            begin, end = int(sizes[index]), int(sizes[index + 1])
            library.kernel_transpose(_at(self._members), begin, end, _at(self._items), _at(cursors[index]))

        in_threads(place, range(len(cursors)), threads)

    def pairs(self, threads: int = 1) -> Pairs:
        """Return every pair that shares a kept unit."""
        return self.told(None, threads)[0]

    def told(self, screen: Screen | None, threads: int = 1) -> tuple[Pairs, int]:
        """Return the pairs that ``screen`` leaves, and how many share a kept unit, told or not.

        Raises ``ValueError`` for a screen that does not fit.
        """
        rule = None if screen is None else _checked(screen, self.clusters)
        library = self._library
        if self._plain is not None or library is None:
            return left(self._numpy_pairs(*(self._plain or (np.empty(0, np.int64), np.empty(0, np.int64)))), rule)
        work = np.diff(self._start) + 1
        edges = _shares(work, max(threads * 16, math.ceil(self.clusters / 4096)))
        rows = [(edges[i], edges[i + 1]) for i in range(len(edges) - 1)] or [(0, 0)]
        found = in_threads(lambda part: self._rows(library, part[0], part[1], rule), rows, threads)
        return together([block for blocks, _ in found for block in blocks]), sum(sharing for _, sharing in found)

    def _rows(self, library: ctypes.CDLL, first: int, last: int, rule: Screen | None) -> tuple[list[Pairs], int]:
        capacity = max(self.clusters, _LEAST_PAIRS)
        try:  # memory of its own for each thread, used again: to get it fresh costs more than to fill it
            scratch = self._scratch.pop()
        except IndexError:
            scratch = _Scratch.of(self.clusters, capacity)
        ids, totals, told = scratch.ids, scratch.totals, np.zeros(2, np.int64)
        screen = (None, None, 0) if rule is None else (_at(rule.class_of), _at(rule.least), len(rule.least))
        weight = rarity_weights(self.degree_cut)
        found: list[Pairs] = []
        row = first
        while row < last or not found:
            row = library.kernel_rows(
                *(_at(self._members), _at(self._items), _at(self._start), row, last, self.clusters, _at(weight)),
                *(_at(scratch.sums), _at(scratch.marks), _at(scratch.wide), *screen, capacity),
                *(_at(ids[0]), _at(ids[1]), _at(totals[0]), _at(totals[1]), _at(told)),
            )
            n = int(told[0])
            found.append(Pairs(ids[0, :n].copy(), ids[1, :n].copy(), totals[0, :n].copy(), totals[1, :n].copy()))
        self._scratch.append(scratch)
        return found, int(told[1])

    def _numpy_pairs(self, unit: IntArray, cluster: IntArray) -> Pairs:
        counted = count_pairs(unit, cluster, self.clusters)
        return Pairs(counted.a.astype(np.uint32), counted.b.astype(np.uint32), counted.count, counted.rarity)


def left(pairs: Pairs, screen: Screen | None) -> tuple[Pairs, int]:
    """Return the pairs that ``screen`` leaves, and how many there were."""
    if screen is None:
        return pairs, pairs.a.size
    told = pairs.rarity >= screen.least[screen.class_of[pairs.a], screen.class_of[pairs.b]]
    return Pairs(pairs.a[told], pairs.b[told], pairs.count[told], pairs.rarity[told]), pairs.a.size


def _checked(screen: Screen, clusters: int) -> Screen:
    """Return the screen in the kernel's types; raise ``ValueError`` where its arrays do not fit one another."""
    class_of = np.ascontiguousarray(screen.class_of, dtype=np.uint32)
    least = np.ascontiguousarray(screen.least, dtype=np.int64)
    if least.ndim != 2 or least.shape[0] != least.shape[1]:
        raise ValueError(f"a screen needs a square table, not one of shape {least.shape}")
    if class_of.shape != (clusters,) or (clusters and int(class_of.max()) >= len(least)):
        raise ValueError("a screen needs the class of every cluster")
    return Screen(class_of, least)


def together(blocks: list[Pairs]) -> Pairs:
    """Return the pairs of all blocks in one; at least one block."""
    if len(blocks) == 1:
        return blocks[0]
    columns = ([getattr(block, column) for block in blocks] for column in Pairs.__struct_fields__)
    return Pairs(*(np.concatenate(column) for column in columns))


def _units(units: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the units as the kernel reads them, unsigned, 4 or 8 bytes each; signed ones keep their 64-bit pattern."""
    array = np.asarray(units)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(f"units must form one row of integers, not {array.dtype} of shape {array.shape}")
    if array.dtype.kind == "i":
        return np.ascontiguousarray(array, dtype=np.int64).view(np.uint64)
    return np.ascontiguousarray(array, dtype=np.uint64 if array.itemsize == 8 else np.uint32)


def _clusters(clusters: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array = np.asarray(clusters)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(f"clusters must form one row of integers, not {array.dtype} of shape {array.shape}")
    if array.size and (array.dtype.kind == "i" or array.itemsize == 8):
        least, most = int(array.min()), int(array.max())
        if least < 0 or most >= MOST_CLUSTERS:
            raise ValueError(f"cluster {least if least < 0 else most} lies outside 0 to {MOST_CLUSTERS - 1}")
    return np.ascontiguousarray(array, dtype=np.uint16 if array.itemsize <= 2 else np.uint32)


def _total(arrays: Iterable[IntArray], size: int) -> IntArray:
    total = np.zeros(size, dtype=np.int64)
    for each in arrays:
        total += each
    return total


def _shares(sizes: IntArray, number: int) -> list[int]:
    """Return where to cut a row of ``sizes`` so that about ``number`` shares of equal size come out."""
    if not sizes.size:
        return [0]
    done = sizes.cumsum()
    cuts = np.searchsorted(done, int(done[-1]) * np.arange(1, number) / number) + 1
    return [0, *np.unique(cuts[cuts < sizes.size]).tolist(), sizes.size]

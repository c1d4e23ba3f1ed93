"""The counts of a large table, kept so that one more report changes only what it touches.

A report that gives a unit to a further cluster takes the unit from d to d' holders: its pairs get another rarity, the
new holder's pairs one more shared unit, and beyond ``degree_cut`` holders all of its pairs lose it. The sums are those
of ``overlap.kernel``, whole numbers, so that the result equals a full recomputation to the last digit. Work per unit is
at most the square of the cut, and in proportion to its holders beyond that.

A :class:`State` is a value: :meth:`State.with_report` gives another one and leaves it as it was. Both share the large
arrays, which hold the sums of the state used last; every other state keeps the differences on the way there, and using
it takes that way back (Baker, "Shallow binding makes functional arrays fast", SIGPLAN Notices 26 (1991) 145-147). What
a report costs therefore does not grow with the reports before it. Pairs and units that the arrays have no place for
go beside them; when these exceed a sixteenth of the arrays, the next report first makes new arrays (amortised: work in
proportion to the table once for work in proportion to the table).

The null model is that of all degrees, so that a report changes every p a little. That is computed on demand, by
``overlap.ranking.rank(state.counts())``, and costs what it costs for the whole table.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from consilience.overlap.incidence import rarity_weights
from consilience.overlap.kernel import (
    MOST_CLUSTERS,
    Collector,
    Counts,
    IntArray,
    Pairs,
    UIntArray,
    WordArray,
    mixed,
)
from consilience.overlap.state_arrays import CLUSTER_BITS, NOBODY, Arrays, Way

BoolArray = npt.NDArray[np.bool_]

LEAST_ROOM: Final = 1 << 16
"""New pairs, and changed units, that are kept beside the arrays at least before these are made anew."""


class ChangedCounts(msgspec.Struct, frozen=True, eq=False):
    """Pairs a < b whose sums a report changes, sorted, with the sums before and after; each array has shape (pairs,).

    A count of 0 says that the pair shares nothing. Rarities are in units of 2**-28.
    """

    a: UIntArray
    b: UIntArray
    count_before: IntArray
    count_after: IntArray
    rarity_before: IntArray
    rarity_after: IntArray


class Update(msgspec.Struct, frozen=True, eq=False):
    """A state with one more report, the pairs that this changed, and how many entries were not there before."""

    state: State
    changed: ChangedCounts
    entries: int


class _Gained(msgspec.Struct, frozen=True, eq=False):
    """The units that a report gives new holders: sorted holders before and after, (units,) each."""

    units: list[int]
    before: list[UIntArray]
    after: list[UIntArray]


class State:
    """The counts of a table: ``rows``, ``present``, ``kept`` and ``degrees`` as in :class:`Counts`, only to be read.

    Not for several threads at once: states that come from one another share their arrays.
    """

    __slots__ = ("_held", "degrees", "kept", "present", "rows")

    def __init__(
        self, rows: int, present: BoolArray, kept: IntArray, degrees: IntArray, held: Arrays | tuple[State, Way]
    ) -> None:
        self.rows = rows
        self.present = present
        self.kept = kept
        self.degrees = degrees
        self._held = held  # the arrays, or the state that is nearer to them and the way from there

    @property
    def degree_cut(self) -> int:
        """The largest number of holders of a unit that is counted."""
        return self.degrees.size - 1

    def counts(self) -> Counts:
        """Return all counts, as :func:`overlap.kernel.count` gives them for all rows so far."""
        keys, sums = self._reached().pairs()
        pairs = Pairs(*_clusters_of(keys), *np.ascontiguousarray(sums.T))
        return Counts(self.rows, self.present, self.kept, self.degrees, pairs)

    def shared(self, a: npt.NDArray[Any], b: npt.NDArray[Any]) -> tuple[IntArray, IntArray]:
        """Return how many kept units the pairs share, and their rarity; (pairs,) each, whichever side comes first."""
        arrays = self._reached()
        low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b).astype(np.int64)
        sums = arrays.sums_at(arrays.slots_of(low << CLUSTER_BITS | high))
        return sums[:, 0], sums[:, 1]

    def holders(self, units: npt.NDArray[Any]) -> list[UIntArray]:
        """Return the clusters that hold each of the units, sorted; codes of units as the rows had them."""
        return [each.copy() for each in self._reached().holders_of(mixed(units))]

    def with_report(self, units: npt.NDArray[Any], clusters: npt.NDArray[Any]) -> Update:
        """Return the state with the rows of one report added; this one stays as it is.

        ``units`` and ``clusters`` (rows,) are codes as in :func:`overlap.kernel.count`; clusters may be new. Rows that
        are there already change nothing but ``rows``. Raises ``ValueError`` for arrays of other shapes or types and
        for a cluster outside 0 to :data:`MOST_CLUSTERS` - 1.
        """
        unit, cluster = _checked(units, clusters)
        arrays = self._reached()
        gained = _gained(arrays, unit, cluster)
        keys, differences = self._differences(gained)
        slots = arrays.slots_of(keys)
        fresh = int((slots < 0).sum())
        moved = arrays.full(fresh, len(gained.units))
        if moved:
            arrays = arrays.anew(keys.size)
            slots = arrays.slots_of(keys)
        before = arrays.sums_at(slots)
        after = before + differences
        arrays.give_slots(keys, slots)
        holders: dict[int, tuple[UIntArray | None, UIntArray | None]] = {
            each: (arrays.holders.get(each), now) for each, now in zip(gained.units, gained.after, strict=True)
        }
        way = Way(slots, before, after, holders)
        arrays.go(way)
        state = self._followed(unit.size, cluster, gained, arrays)
        if not moved:
            self._held = (state, way.back())
        changed = ChangedCounts(*_clusters_of(keys), before[:, 0], after[:, 0], before[:, 1], after[:, 1])
        return Update(state, changed, sum(map(len, gained.after)) - sum(map(len, gained.before)))

    def _reached(self) -> Arrays:
        """Return the arrays, after taking them from the state that has them back to this one."""
        path: list[tuple[State, State, Way]] = []
        state, held = self, self._held
        while not isinstance(held, Arrays):
            nearer, way = held
            path.append((state, nearer, way))
            state, held = nearer, nearer._held
        for state, nearer, way in reversed(path):
            held.go(way)
            nearer._held, state._held = (state, way.back()), held
        return held

    def _followed(self, rows: int, clusters: UIntArray, gained: _Gained, arrays: Arrays) -> State:
        """Return the next state, which has the arrays: count anew by cluster and by degree."""
        size = max(self.kept.size, int(clusters.max(initial=0)) + 1 if clusters.size else 0)
        kept, present = np.zeros(size, np.int64), np.zeros(size, np.bool_)
        kept[: self.kept.size], present[: self.kept.size] = self.kept, self.present
        present[clusters] = True
        degrees = self.degrees.copy()
        for before, after in zip(gained.before, gained.after, strict=True):
            for holders, sign in ((before, -1), (after, 1)):
                if self._keeps(holders.size):
                    kept[holders] += sign
                    degrees[holders.size] += sign
        return State(self.rows + rows, present, kept, degrees, arrays)

    def _keeps(self, degree: int) -> bool:
        return 2 <= degree <= self.degree_cut

    def _differences(self, gained: _Gained) -> tuple[IntArray, IntArray]:
        """Return the pairs whose sums change, sorted, and (pairs, 2) the differences of count and of rarity."""
        members, had = [NOBODY], [np.empty(0, np.bool_)]
        for before, after in zip(gained.before, gained.after, strict=True):
            # A unit beyond the cut has no pairs now, only those that it had; new holders then have none with anybody.
            pairing = after if self._keeps(after.size) else before if self._keeps(before.size) else NOBODY
            held = np.zeros(pairing.size, np.bool_)
            if self._keeps(before.size):
                held[np.searchsorted(pairing, before)] = True
            members.append(pairing)
            had.append(held)
        sizes = np.array([each.size for each in members[1:]], np.int64)
        left, right = _pairs_within(sizes)
        member, held = np.concatenate(members).astype(np.int64), np.concatenate(had)
        was_kept = held[left] & held[right]
        is_kept, now = self._of_pairs(gained.after, sizes, left)
        _, then = self._of_pairs(gained.before, sizes, left)
        keys = member[left] << CLUSTER_BITS | member[right]
        return _summed(keys, np.stack((is_kept.astype(np.int64) - was_kept, now - was_kept * then), axis=1))

    def _of_pairs(self, holders: list[UIntArray], sizes: IntArray, left: IntArray) -> tuple[BoolArray, IntArray]:
        """Return for each pair whether its unit is kept with such holders, and the rarity that it then adds."""
        kept = np.array([self._keeps(each.size) for each in holders], np.bool_)
        degree = np.where(kept, np.array([each.size for each in holders], np.int64), 0)
        rarity = rarity_weights(self.degree_cut)[degree]
        return np.repeat(kept, sizes)[left], np.repeat(rarity, sizes)[left]


def gather(
    units: npt.NDArray[Any],
    clusters: npt.NDArray[Any],
    number: int,
    *,
    degree_cut: int = 200,
    threads: int = 1,
    least_room: int = LEAST_ROOM,
) -> State:
    """Return the state of rows given as in :func:`overlap.kernel.count`, which says what raises ``ValueError``."""
    collector = Collector(number, len(units))
    collector.extend(units, clusters, threads)
    entries = collector.entries()
    graph = collector.graph(degree_cut, threads)
    pairs = graph.pairs(threads)
    keys = pairs.a.astype(np.int64) << CLUSTER_BITS | pairs.b
    arrays = Arrays(entries, keys, np.stack((pairs.count, pairs.rarity), axis=1), least_room)
    return State(collector.rows, collector.present, graph.kept, graph.degrees, arrays)


def _checked(units: npt.NDArray[Any], clusters: npt.NDArray[Any]) -> tuple[WordArray, UIntArray]:
    """Return the distinct-making keys of the units and the clusters, in the types of the kernel."""
    unit, cluster = mixed(units), np.asarray(clusters)
    if cluster.shape != unit.shape or cluster.dtype.kind not in "iu":
        raise ValueError(f"clusters must be {unit.size} integers, not {cluster.dtype} of shape {cluster.shape}")
    if cluster.size and not 0 <= int(cluster.min()) <= int(cluster.max()) < MOST_CLUSTERS:
        wrong = int(cluster.min()) if int(cluster.min()) < 0 else int(cluster.max())
        raise ValueError(f"cluster {wrong} lies outside 0 to {MOST_CLUSTERS - 1}")
    return unit, cluster.astype(np.uint32)


def _gained(arrays: Arrays, unit: WordArray, cluster: UIntArray) -> _Gained:
    """Return which units get new holders from the rows."""
    order = np.lexsort((cluster, unit))
    unit, cluster = unit[order], cluster[order]
    distinct, first = np.unique(unit, return_index=True)
    bounds = pairwise([*first.tolist(), unit.size])
    gained = _Gained([], [], [])
    for each, before, (begin, end) in zip(distinct.tolist(), arrays.holders_of(distinct), bounds, strict=True):
        after = _distinct(np.concatenate((before, cluster[begin:end])))
        if after.size > before.size:
            gained.units.append(each)
            gained.before.append(before)
            gained.after.append(after)
    return gained


def _distinct(clusters: UIntArray) -> UIntArray:
    """Return the clusters sorted and each once (``np.unique`` takes five times as long for so few)."""
    ordered = np.sort(clusters)
    fresh = np.ones(ordered.size, np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
    return ordered[fresh]


def _pairs_within(sizes: IntArray) -> tuple[IntArray, IntArray]:
    """Return the places of both members of all pairs i < j inside groups of such sizes, laid end to end."""
    places = np.arange(int(sizes.sum()))
    later = np.repeat(np.cumsum(sizes), sizes) - 1 - places
    left = np.repeat(places, later)
    return left, np.arange(left.size) - np.repeat(np.cumsum(later) - later, later) + left + 1


def _summed(keys: IntArray, differences: IntArray) -> tuple[IntArray, IntArray]:
    """Return each key once with the sums of its differences, without those that come to nothing."""
    if not keys.size:
        return keys, differences
    order = np.argsort(keys, kind="stable")  # merges the sorted runs that the units give
    keys = keys[order]
    first = np.flatnonzero(np.concatenate((np.ones(1, np.bool_), keys[1:] != keys[:-1])))
    sums = np.add.reduceat(differences.take(order, axis=0), first, axis=0)
    differs = (sums[:, 0] != 0) | (sums[:, 1] != 0)
    return keys[first][differs], sums[differs]


def _clusters_of(keys: IntArray) -> tuple[UIntArray, UIntArray]:
    return (keys >> CLUSTER_BITS).astype(np.uint32), (keys & (MOST_CLUSTERS - 1)).astype(np.uint32)

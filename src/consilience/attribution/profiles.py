"""What is known of each cluster as of a date: its traces, with the reports and the dates that give them.

Immutable, and one for all dates: a holding carries the day until which its report may have been published, and a
look-up asks only for what is older than its own day. A backtest and a live question so read the same value. A report
without a date is seen on every day: whoever tests on the past leaves such reports out.

Of dependent units (``traces``) a cluster is credited with the most specific that it shares.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from consilience.attribution.traces import TRAITS, Chain, Indicators, Trait, Unit
from consilience.inference.weighing import BoolArray, FloatArray, IntArray

UNDATED: Final = 0
"""Day of a report whose date is unknown; as the day of a question, it stands for one later than all reports."""

NOBODY: Final = -1
"""Number of no cluster."""

COPY: Final = 0.8
LEAST_COPIED: Final = 5
_NEVER: Final = 1 << 40
"""A day that never comes: of a report that is left out."""


class KnownReport(msgspec.Struct, frozen=True):
    """A report on a cluster, published between the days ``first`` and ``last``, both :data:`UNDATED` if unknown.

    Days are proleptic Gregorian ordinals (``datetime.date.toordinal``). ``id`` says which report it is, to people, and
    ``source`` who files it under the cluster.
    """

    cluster: str
    id: str
    first: int
    last: int
    indicators: Indicators
    source: str = ""


class Held(msgspec.Struct, frozen=True):
    """A unit that a cluster holds as of a day.

    ``holders`` counts the clusters that hold it, ``reports`` this cluster's reports with it; ``newest`` is the day of
    the latest of them, :data:`UNDATED` where none is dated.
    """

    unit: Unit
    cluster: int
    holders: int
    reports: int
    newest: int
    values: int = 1


class Activity(msgspec.Struct, frozen=True):
    """How many reports each cluster has as of a day: all of them (clusters,), and weighed (half-lives, clusters).

    What a report adds to ``recent`` halves with every half-life; a cluster's undated reports count there as its dated
    ones do on average, and as one half each where it has no dated one.
    """

    reports: IntArray
    recent: FloatArray


_TRAITS_AT_ONCE: Final = 2_048


class PackedProfiles(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """:class:`Profiles` as plain values that can be kept: arrays are the bytes of little-endian 64-bit integers."""

    clusters: tuple[str, ...]
    ids: tuple[str, ...]
    sources: tuple[str, ...]
    cluster_of: bytes
    last: bytes
    units: PackedIndex
    traits: PackedIndex


class PackedIndex(msgspec.Struct, frozen=True, array_like=True):
    """Keys in order, their first and second halves apart, with where each begins among ``reports``."""

    kinds: tuple[str, ...]
    texts: tuple[str, ...]
    starts: bytes
    reports: bytes


class Profiles:
    """Units and reports of all clusters, ready to look up. Made by :func:`build_profiles`; never changes.

    ``clusters`` are in order of name; a cluster's number is its place there. ``ids`` and ``sources`` are the reports',
    by number; ``newest`` is the day of the latest report.
    """

    def __init__(
        self,
        clusters: tuple[str, ...],
        ids: tuple[str, ...],
        sources: tuple[str, ...],
        cluster_of: IntArray,
        last: IntArray,
        units: _Index,
        traits: _Index,
    ) -> None:
        self.clusters = clusters
        self.ids = ids
        self.sources = sources
        self._cluster_of = cluster_of
        self._last = last
        self._units = units
        self._traits = traits
        self.newest = int(last[last < _NEVER].max(initial=UNDATED))

    def __len__(self) -> int:
        """Return the number of reports."""
        return int(self._last.size)

    def packed(self) -> PackedProfiles:
        """Return the profiles as plain values; :func:`unpacked` makes the same profiles of them."""
        return PackedProfiles(
            clusters=self.clusters,
            ids=self.ids,
            sources=self.sources,
            cluster_of=_bytes(self._cluster_of),
            last=_bytes(self._last),
            units=self._units.packed(),
            traits=self._traits.packed(),
        )

    def before(self, day: int) -> int:
        """Return the day of the latest report that is older than ``day``, :data:`UNDATED` where there is none."""
        return int(self._last[self._last < day].max(initial=UNDATED))

    def cluster_of(self, report: int) -> str:
        """Return the cluster that a report is on."""
        return self.clusters[int(self._cluster_of[report])]

    def of_cluster(self, cluster: int, day: int) -> tuple[int, ...]:
        """Return the numbers of a cluster's reports that are older than ``day``."""
        return tuple(np.flatnonzero((self._cluster_of == cluster) & self._visible(self._last, day)).tolist())

    def copies_of(self, report: Indicators) -> tuple[int, ...]:
        """Return the numbers of the reports that have nearly the same values: they are taken to be the same report.

        Nearly the same: :data:`COPY` of all units that either has. Of fewer than :data:`LEAST_COPIED` units it is
        not said.
        """
        units = {unit for chain in report.chains for unit in chain}
        if len(units) < LEAST_COPIED:
            return ()
        both = np.zeros(len(self), dtype=np.int64)
        for unit in units:
            holders = self._units.reports(unit)
            if holders is not None:
                both[holders] += 1
        either = len(units) + self._units.sizes(len(self)) - both
        return tuple(np.flatnonzero(both >= COPY * either).tolist())

    def without(self, reports: Sequence[int]) -> Profiles:
        """Return the profiles as if some reports, by number, had never been published."""
        last = self._last.copy()
        last[list(reports)] = _NEVER
        return Profiles(self.clusters, self.ids, self.sources, self._cluster_of, last, self._units, self._traits)

    def activity(self, day: int, *half_lives: float) -> Activity:
        """Return how active each cluster was, in reports older than ``day`` (all where it is :data:`UNDATED`).

        ``half_lives`` are in days. Without a day, age counts from the newest report.
        """
        size = len(self.clusters)
        visible = self._visible(self._last, day)
        owner, last = self._cluster_of[visible], self._last[visible]
        dated = last != UNDATED
        today = day if day != UNDATED else self.newest
        age = np.maximum(today - last[dated], 0)
        reports = np.bincount(owner, minlength=size)
        with_date = np.bincount(owner[dated], minlength=size)
        recent = np.empty((len(half_lives), size))
        for at, half_life in enumerate(half_lives):
            weighed = np.bincount(owner[dated], weights=0.5 ** (age / half_life), minlength=size)
            mean = np.divide(weighed, with_date, out=np.full(size, 0.5), where=with_date > 0)
            recent[at] = weighed + (reports - with_date) * mean
        return Activity(reports, recent)

    def held(self, chains: Iterable[Chain], day: int, without: int = NOBODY) -> list[Held]:
        """Return what clusters hold of some chains, in reports older than ``day`` (all where :data:`UNDATED`).

        Each cluster is credited with the most specific unit of a chain, and with a unit once however many chains lead
        to it; ``values`` says how many did. Cluster number ``without`` is taken to hold nothing.
        """
        found: dict[tuple[Unit, int], Held] = {}
        seen: dict[Unit, list[Held]] = {}
        for chain in chains:
            credited: set[int] = set()
            for unit in chain:
                if unit not in seen:
                    seen[unit] = self._holders(unit, day, without)
                for one in seen[unit]:
                    if one.cluster not in credited:
                        credited.add(one.cluster)
                        before = found.get((unit, one.cluster))
                        found[unit, one.cluster] = (
                            msgspec.structs.replace(before, values=before.values + 1) if before else one
                        )
        return list(found.values())

    def reports_with(self, unit: Unit, cluster: int, day: int) -> tuple[int, ...]:
        """Return the numbers of a cluster's reports, older than ``day``, that hold a unit: the latest first."""
        reports = self._units.reports(unit)
        if reports is None:
            return ()
        own = reports[(self._cluster_of[reports] == cluster) & self._visible(self._last[reports], day)]
        return tuple(own[np.argsort(-self._last[own], kind="stable")].tolist())

    def day_of(self, report: int) -> int:
        """Return the last day on which a report may have been published, :data:`UNDATED` if unknown."""
        return int(self._last[report])

    def _holders(self, unit: Unit, day: int, without: int) -> list[Held]:
        reports = self._units.reports(unit)
        if reports is None:
            return []
        last = self._last[reports]
        visible = self._visible(last, day)
        newest: dict[int, int] = {}
        count: dict[int, int] = {}
        for cluster, until in zip(self._cluster_of[reports[visible]].tolist(), last[visible].tolist(), strict=True):
            newest[cluster] = max(newest.get(cluster, UNDATED), until)
            count[cluster] = count.get(cluster, 0) + 1
        count.pop(without, None)
        return [Held(unit, cluster, len(count), count[cluster], newest[cluster]) for cluster in sorted(count)]

    def resemblance(self, traits: Sequence[Trait], day: int, reports: IntArray, pooled: float) -> FloatArray:
        """Return the mean log likelihood ratio (nats) of the traits of each class, (clusters, classes of trait).

        A trait's probability in a cluster is the share of its reports that have it, shrunk towards the share among all
        reports as if ``pooled`` reports of the average kind were added to the cluster's ``reports`` (clusters,):
        a cluster with few reports can neither gain nor lose much. The mean, not the sum: traits of one report are not
        independent. 0 for a class without traits, and for a cluster without reports, whose traits count nowhere.
        """
        out = np.zeros((len(self.clusters), len(TRAITS)))
        counts = np.zeros(len(TRAITS))
        population = int(reports.sum())
        size = np.log(reports + pooled)
        for start in range(0, len(traits), _TRAITS_AT_ONCE):
            some = traits[start : start + _TRAITS_AT_ONCE]
            holders = self._holders_of_traits(some, day)
            holders[:, reports == 0] = 0.0
            share = (holders.sum(axis=1) + 0.5) / (population + 1.0)
            ratios = np.log(holders + pooled * share[:, None]) - size - np.log(share)[:, None]
            classes = np.array([TRAITS.index(trait[0]) for trait in some])
            for at in np.unique(classes):
                out[:, at] += ratios[classes == at].sum(axis=0)
                counts[at] += int((classes == at).sum())
        out[reports == 0] = 0.0
        return np.asarray(out / np.maximum(counts, 1.0), dtype=np.float64)

    def _holders_of_traits(self, traits: Sequence[Trait], day: int) -> FloatArray:
        """Return how many reports of each cluster, older than ``day``, have each trait, (traits, clusters)."""
        rows, reports = self._traits.entries(traits)
        visible = self._visible(self._last[reports], day)
        width = len(self.clusters)
        cells = rows[visible] * width + self._cluster_of[reports[visible]]
        return np.bincount(cells, minlength=len(traits) * width).reshape(len(traits), width).astype(np.float64)

    @staticmethod
    def _visible(last: IntArray, day: int) -> BoolArray:
        return np.asarray(last < (day if day != UNDATED else _NEVER), dtype=np.bool_)


class _Index:
    """Which reports have a key, by key: sorted numbers of reports, cut where the next key begins."""

    def __init__(self, keys: Iterable[tuple[str, str]], starts: IntArray, reports: IntArray) -> None:
        self._place = {key: at for at, key in enumerate(keys)}
        self._starts = starts
        self._reports = reports

    def reports(self, key: tuple[str, str]) -> IntArray | None:
        at = self._place.get(key)
        return None if at is None else self._reports[self._starts[at] : self._starts[at + 1]]

    def entries(self, keys: Sequence[tuple[str, str]]) -> tuple[IntArray, IntArray]:
        """Return places among ``keys`` and numbers of reports, both (entries,): who has which of them."""
        known = [(at, place) for at, key in enumerate(keys) if (place := self._place.get(key)) is not None]
        rows, places = np.array(known, dtype=np.int64).reshape(-1, 2).T
        start = self._starts[places]
        count = self._starts[places + 1] - start
        within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        return np.repeat(rows, count), self._reports[np.repeat(start, count) + within]

    def sizes(self, reports: int) -> IntArray:
        """Return how many keys each report has, (reports,)."""
        return np.bincount(self._reports, minlength=reports)

    def packed(self) -> PackedIndex:
        kinds, texts = zip(*self._place, strict=True) if self._place else ((), ())
        return PackedIndex(kinds, texts, _bytes(self._starts), _bytes(self._reports))


def _index(keys: Sequence[Sequence[tuple[str, str]]]) -> _Index:
    flat = list(itertools.chain.from_iterable(keys))
    place = {key: at for at, key in enumerate(dict.fromkeys(flat))}
    by_key: NDArray[np.int64] = np.fromiter(map(place.__getitem__, flat), np.int64, len(flat))
    by_report = np.repeat(np.arange(len(keys)), [len(own) for own in keys])
    starts = np.concatenate(([0], np.cumsum(np.bincount(by_key, minlength=len(place)))))
    return _Index(place, starts, by_report[np.argsort(by_key, kind="stable")])


def build_profiles(reports: Iterable[KnownReport]) -> Profiles:
    """Return the profiles of all clusters that the reports name, in order of name; the reports' order is free.

    Copies count once (:func:`without_copies`).
    """
    kept = without_copies(reports)
    clusters = tuple(sorted({each.cluster for each in kept}))
    place = {name: at for at, name in enumerate(clusters)}
    return Profiles(
        clusters,
        tuple(each.id for each in kept),
        tuple(each.source for each in kept),
        np.array([place[each.cluster] for each in kept], dtype=np.int64),
        np.array([each.last for each in kept], dtype=np.int64),
        _index([list(dict.fromkeys(itertools.chain.from_iterable(each.indicators.chains))) for each in kept]),
        _index([each.indicators.traits for each in kept]),
    )


def without_copies(reports: Iterable[KnownReport]) -> list[KnownReport]:
    """Return the reports in order of cluster, day, and name, without those with the values of an earlier one.

    Reports without a value stay: they tell of activity.
    """
    ordered = sorted(reports, key=lambda each: (each.cluster, each.last, each.id, each.source))
    first: dict[tuple[str, tuple[Chain, ...]], KnownReport] = {}
    return [
        each
        for each in ordered
        if not each.indicators.chains or first.setdefault((each.cluster, each.indicators.chains), each) is each
    ]


def unpacked(packed: PackedProfiles) -> Profiles:
    """Return the profiles that :meth:`Profiles.packed` gave."""
    units, traits = (
        _Index(zip(each.kinds, each.texts, strict=True), _numbers(each.starts), _numbers(each.reports))
        for each in (packed.units, packed.traits)
    )
    cluster_of, last = _numbers(packed.cluster_of), _numbers(packed.last)
    return Profiles(packed.clusters, packed.ids, packed.sources, cluster_of, last, units, traits)


def _bytes(numbers: IntArray) -> bytes:
    return numbers.astype("<i8").tobytes()


def _numbers(data: bytes) -> IntArray:
    return np.frombuffer(data, dtype="<i8")

"""The steps of the computation on any engine that Ibis speaks to, and what is brought here of each."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import pyarrow as pa

from consilience.engine import expression, offload
from consilience.engine.interface import CLUSTER, EngineError, NamedCounts, check_question, counted
from consilience.engine.offload import Estimate, Place
from consilience.errors import LimitError
from consilience.overlap.incidence import rarity_weights
from consilience.overlap.kernel import Collector, Counts, IntArray

if TYPE_CHECKING:
    from ibis.expr.types import Table

_PART_BYTES: Final = 1 << 26
_ENTRY_WIRE: Final = 4
_PAIR_WIRE: Final = 24


class Backend(Protocol):
    """What an engine must offer for :class:`IbisEngine`. Tables are Ibis expressions over names that it knows."""

    def sightings(self, paths: Sequence[str | Path]) -> list[Table]:
        """Return the Parquet files as tables with the columns ``cluster`` and ``observable``, checked."""
        ...

    def small(self, name: str, values: pa.Table) -> Table:
        """Return a small table of ours, for joins."""
        ...

    def kept(self, name: str, table: Table) -> AbstractContextManager[Table]:
        """Compute a table once; within the context it is there to be read many times."""
        ...

    def fetch(self, table: Table) -> pa.Table:
        """Compute a table and bring it here."""
        ...

    def errors(self) -> AbstractContextManager[None]:
        """Turn the engine's errors into ours."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class IbisEngine:
    """The computation on a ``backend``; ``place`` says who makes the pairs, or leaves it to the rule.

    ``memory`` is how many bytes may be thought free here, or ``None`` to ask the system.
    """

    def __init__(self, backend: Backend, *, place: Place | None = None, memory: int | None = None) -> None:
        self._backend = backend
        self._place = place
        self._memory = memory

    def counts(self, paths: Sequence[str | Path], degree_cut: int) -> NamedCounts:
        """See :meth:`~consilience.engine.interface.Engine.counts`."""
        check_question(paths, degree_cut)
        with self._backend.errors():
            return self._counts(paths, degree_cut)

    def close(self) -> None:
        """Give everything back."""
        self._backend.close()

    def _counts(self, paths: Sequence[str | Path], degree_cut: int) -> NamedCounts:
        rows = expression.sightings(self._backend.sightings(paths))
        found = self._backend.fetch(expression.rows_by_cluster(rows)).sort_by(CLUSTER)
        number = int(_integers(found["rows"]).sum())
        clusters = tuple(str(cluster) for cluster in found[CLUSTER].to_pylist())
        if not clusters:
            return NamedCounts(clusters, _without_pairs(0, 0, degree_cut))
        codes = pa.array(np.arange(len(clusters), dtype=np.int32))
        names = self._backend.small("cluster_codes", pa.table({CLUSTER: found[CLUSTER], "code": codes}))
        with self._backend.kept("kept_units", expression.kept_units(rows, names, degree_cut)) as kept:
            by_degree = self._backend.fetch(expression.units_by_degree(kept))
            degrees = _scatter(by_degree["degree"], by_degree["units"], degree_cut + 1)
            cost = offload.estimate(degrees, len(clusters))
            if not cost.units:
                return NamedCounts(clusters, _without_pairs(number, len(clusters), degree_cut))
            if self._here(cost):
                return NamedCounts(clusters, self._pairs_here(kept, number, degrees, cost))
            return NamedCounts(clusters, self._pairs_there(kept, number, degrees, cost))

    def _available(self) -> int | None:
        return offload.available_memory() if self._memory is None else self._memory

    def _here(self, cost: Estimate) -> bool:
        if self._place is not None:
            return self._place is Place.HERE
        available = self._available()
        return available is None or offload.place_of_pairs(cost, available) is Place.HERE

    def _pairs_here(self, kept: Table, rows: int, degrees: IntArray, cost: Estimate) -> Counts:
        collector = Collector(cost.clusters, cost.entries)
        first = 0
        for part in self._fetch_in_parts(kept.select("members", "share"), ("share",), cost.entries * _ENTRY_WIRE):
            for lists in part["members"].chunks:
                lengths = np.diff(lists.offsets.to_numpy())
                units = np.repeat(np.arange(first, first + lengths.size), lengths)
                collector.add(units, lists.flatten().to_numpy())
                first += lengths.size
        threads = os.cpu_count() or 1
        graph = collector.graph(degrees.size - 1, threads)
        if not np.array_equal(graph.degrees, degrees):
            raise EngineError(f"the engine counted {cost.entries} entries and sent others ({collector.rows})")
        return Counts(rows, np.ones(cost.clusters, dtype=np.bool_), graph.kept, degrees, graph.pairs(threads))

    def _pairs_there(self, kept: Table, rows: int, degrees: IntArray, cost: Estimate) -> Counts:
        of_degree = np.arange(2, degrees.size)
        weights = pa.table({"degree": of_degree, "weight": rarity_weights(degrees.size - 1)[2:].astype(np.int64)})
        held = self._backend.fetch(expression.units_by_cluster(kept))
        rarity = self._backend.small("rarity_weights", weights)
        with self._backend.kept("pairs", expression.pairs(kept, rarity)) as pairs:
            number = int(self._backend.fetch(pairs.aggregate(pairs=pairs.count()))["pairs"][0].as_py())
            self._check_result(number)
            parts = self._fetch_in_parts(pairs, ("a", "b"), number * _PAIR_WIRE)
            found = pa.concat_tables(list(parts))
        columns = [_integers(found[name]) for name in ("a", "b", "count", "rarity")]
        return counted(rows, _scatter(held["code"], held["units"], cost.clusters), degrees, *columns)

    def _check_result(self, pairs: int) -> None:
        available, needed = self._available(), offload.bytes_of_pairs(pairs)
        if self._place is None and available is not None and needed > available:
            raise LimitError(
                f"{pairs:,} pairs of clusters share something; to hold them takes about {needed / 1e9:.1f} GB and "
                f"{available / 1e9:.1f} GB are free: lower the degree cut, or count fewer clusters"
            )

    def _fetch_in_parts(self, table: Table, spread: Sequence[str], size: int) -> Iterator[pa.Table]:
        """Bring a table of about ``size`` bytes in parts that no driver chokes on, cut by the sum of ``spread``."""
        parts = -(-size // _PART_BYTES)
        if parts <= 1:
            yield self._backend.fetch(table)
            return
        number = sum(table[name].cast("int64") for name in spread) % parts
        for part in range(parts):
            yield self._backend.fetch(table.filter(number == part))


def _without_pairs(rows: int, clusters: int, degree_cut: int) -> Counts:
    kept, degrees, none = (np.zeros(size, dtype=np.int64) for size in (clusters, degree_cut + 1, 0))
    return counted(rows, kept, degrees, none, none, none, none)


def _integers(column: pa.ChunkedArray) -> IntArray:
    return np.asarray(column.to_numpy(), dtype=np.int64)


def _scatter(places: pa.ChunkedArray, values: pa.ChunkedArray, size: int) -> IntArray:
    scattered = np.zeros(size, dtype=np.int64)
    scattered[_integers(places)] = _integers(values)
    return scattered

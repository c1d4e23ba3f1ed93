"""The embedded engine: Parquet files read here, in threads, and counted by the kernel while they are read.

Nothing holds all rows but the collector of the kernel, with 8 bytes each. Names of clusters are gathered first, from
their column alone. An observable that is a text counts as its hash of 64 bits: that two among n share one, and are
taken for the same, has a probability of at most n**2 / 2**65, which is 3e-8 for a million and 7e-5 for 50 million.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from consilience.engine import offload, parquet_files
from consilience.engine.interface import CLUSTER, OBSERVABLE, NamedCounts, NamedGraph, check_question
from consilience.engine.parquet_files import ParquetFile
from consilience.errors import FormatError, LimitError
from consilience.overlap.kernel import BATCH, MOST_CLUSTERS, MOST_ENTRIES, Collector, Counts, mixed

_SAMPLED_BITS: Final = 6
_WIDEST_TABLE: Final = 1 << 22
_Result = TypeVar("_Result")


class EmbeddedEngine:
    """Counts in this process, on ``threads`` threads (all cores where it is 0).

    ``memory`` is how many bytes may be thought free, or ``None`` to ask the system.
    """

    def __init__(self, *, memory: int | None = None, threads: int = 0) -> None:
        self._memory = memory
        self._threads = threads or os.cpu_count() or 1

    def counts(self, paths: Sequence[str | Path], degree_cut: int) -> NamedCounts:
        """See :meth:`~consilience.engine.interface.Engine.counts`; only local files and folders of files are read."""
        named = self.graph(paths, degree_cut)
        graph, available = named.graph, self._available()
        pairs = offload.estimate(graph.degrees, graph.clusters).pairs
        if available is not None and offload.bytes_of_pairs(pairs) > available:
            raise LimitError(
                f"up to {pairs:,} pairs of clusters share something; to list them takes about "
                f"{offload.bytes_of_pairs(pairs) / 1e9:.1f} GB and {available / 1e9:.1f} GB are free: "
                "lower the degree cut, or count fewer clusters"
            )
        present = np.ones(graph.clusters, dtype=np.bool_)
        found = graph.pairs(self._threads)
        return NamedCounts(named.clusters, Counts(named.rows, present, graph.kept, graph.degrees, found))

    def graph(self, paths: Sequence[str | Path], degree_cut: int) -> NamedGraph:
        """Return what :meth:`counts` counts before the pairs are made, so that most of them need not be.

        Raises the errors of :meth:`~consilience.engine.interface.Engine.counts`; ``LimitError`` before anything large
        is held, from the rows and, where these might not fit, from the degrees of a sample.
        """
        check_question(paths, degree_cut)
        reading = _Reading.of(paths, self._threads)
        passes = self._passes(reading, degree_cut)
        collector = Collector(len(reading.names), reading.rows, passes=passes)
        for turn in range(passes):
            if turn:
                collector.next_pass(degree_cut, self._threads)
            reading.each(collector.add)
        names = tuple(str(name) for name in reading.names.to_pylist())
        return NamedGraph(names, collector.rows, collector.graph(degree_cut, self._threads))

    def close(self) -> None:
        """Nothing is held."""

    def _available(self) -> int | None:
        return offload.available_memory() if self._memory is None else self._memory

    def _passes(self, reading: _Reading, degree_cut: int) -> int:
        """Return in how many passes the rows fit; where it might not be one, look at the degrees of a sample."""
        available = self._available()
        if available is None:
            return 1
        batches = self._threads * min(reading.rows, BATCH)
        if reading.rows <= MOST_ENTRIES and offload.passes(reading.rows, reading.rows, batches, available) == 1:
            return 1
        sample = Collector(len(reading.names), reading.rows >> _SAMPLED_BITS)

        def keep(units: npt.NDArray[Any], clusters: npt.NDArray[Any]) -> None:
            chosen = mixed(units) >> np.uint64(64 - _SAMPLED_BITS) == 0
            sample.add(units[chosen], clusters[chosen])

        reading.each(keep)
        degrees = sample.graph(degree_cut, self._threads).degrees << _SAMPLED_BITS
        entries = offload.estimate(degrees, len(reading.names)).entries
        passes = offload.passes(reading.rows, entries, batches, available)
        if passes == 0 or entries > MOST_ENTRIES:
            least = offload.least_memory(entries, batches)
            raise LimitError(
                f"{reading.rows:,} rows with about {entries:,} shared entries take about {least / 1e9:.1f} GB at least "
                f"and {available / 1e9:.1f} GB are free: lower the degree cut, or count elsewhere (--engine)"
            )
        return passes


class _Span(msgspec.Struct, frozen=True, eq=False):
    """Row groups of a file that are read one after the other."""

    file: ParquetFile
    groups: tuple[int, ...]


class _Reading(msgspec.Struct, frozen=True, eq=False):
    """How the rows are read: ``shares`` of files, each some :data:`BATCH` rows for one thread at a time.

    ``names`` are those of all clusters that have a row with an observable, in order.
    """

    shares: list[list[_Span]]
    rows: int
    names: pa.Array
    threads: int

    @classmethod
    def of(cls, paths: Sequence[str | Path], threads: int) -> _Reading:
        """Find the files, check them and gather the names of the clusters."""
        files = parquet_files.find(paths)
        shares = _shares(files)
        columns = [CLUSTER] if all(file.all_observed() for file in files) else [CLUSTER, OBSERVABLE]

        def seen(share: list[_Span]) -> list[pa.Array]:
            return [_names(batch[CLUSTER]) for batch in _batches(share, columns)]

        found = [names for some in _on_threads(seen, shares, threads) for names in some]
        kind = pa.large_string() if parquet_files.is_text(files[0].cluster) else pa.int64()
        names = pc.unique(pa.chunked_array(found, kind))
        if len(names) > MOST_CLUSTERS:
            raise LimitError(f"{len(names):,} clusters are more than the {MOST_CLUSTERS:,} that can be counted here")
        rows = sum(file.rows for file in files)
        return cls(shares, rows, names.take(pc.array_sort_indices(names)), threads)

    def each(self, take: Callable[[npt.NDArray[Any], npt.NDArray[Any]], None]) -> None:
        """Give all rows that have both, as units and codes of clusters, to ``take``, from several threads."""
        coded = _coder(self.names)

        def read(share: list[_Span]) -> None:
            with ExitStack() as stack:
                units = _units(share[0].file.observable, stack)
                waiting: list[tuple[npt.NDArray[Any], npt.NDArray[Any]]] = []
                for batch in _batches(share, [CLUSTER, OBSERVABLE]):
                    waiting.append((units(batch[OBSERVABLE]), coded(batch[CLUSTER])))
                    if sum(unit.size for unit, _ in waiting) >= BATCH:
                        take(*_joined(waiting))
                        waiting = []
                if waiting:
                    take(*_joined(waiting))

        _on_threads(read, self.shares, self.threads)


def _shares(files: Sequence[ParquetFile]) -> list[list[_Span]]:
    """Cut the files into shares of at least :data:`BATCH` rows, so that many small ones cost what a large one does."""
    shares: list[list[_Span]] = []
    left = 0
    for file in files:
        for group in range(file.metadata.num_row_groups):
            if left <= 0:
                shares.append([])
                left = BATCH
            left -= file.metadata.row_group(group).num_rows
            share = shares[-1]
            if share and share[-1].file is file:
                share[-1] = _Span(file, (*share[-1].groups, group))
            else:
                share.append(_Span(file, (group,)))
    return shares


def _batches(share: list[_Span], columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a share in which all ``columns`` have a value."""
    for span in share:
        few = [CLUSTER] if parquet_files.is_text(span.file.cluster) else None
        try:
            with pq.ParquetFile(
                span.file.path, metadata=span.file.metadata, read_dictionary=few, pre_buffer=False
            ) as file:
                batches = file.iter_batches(BATCH, row_groups=list(span.groups), columns=columns, use_threads=False)
                for batch in batches:
                    if any(batch[name].null_count for name in columns):
                        both = [pc.is_valid(batch[name]) for name in columns]
                        batch = batch.filter(pc.and_(both[0], both[-1]))
                    yield batch
        except (OSError, pa.ArrowException) as error:
            raise FormatError(f"cannot be read: {str(error).splitlines()[0]}", file=str(span.file.path)) from error


def _names(column: pa.Array) -> pa.Array:
    """Return each name in a column once."""
    if pa.types.is_dictionary(column.type):
        return _wide(column.dictionary.take(pc.unique(column.indices)))
    return _wide(pc.unique(column))


def _wide(column: pa.Array) -> pa.Array:
    return column.cast(pa.large_string() if parquet_files.is_text(column.type) else pa.int64())


def _coder(names: pa.Array) -> Callable[[pa.Array], npt.NDArray[Any]]:
    """Return what turns a column of clusters into their places among ``names``."""
    width = np.uint16 if len(names) <= 1 << 16 else np.uint32

    def look_up(column: pa.Array) -> npt.NDArray[Any]:
        if pa.types.is_dictionary(column.type):
            places = pc.index_in(_wide(column.dictionary), names).take(column.indices)
        else:
            places = pc.index_in(_wide(column), names)
        return np.asarray(places.to_numpy(zero_copy_only=False)).astype(width)

    if not len(names) or not pa.types.is_int64(names.type):
        return look_up
    values = names.to_numpy()
    low, high = int(values[0]), int(values[-1])
    if high - low >= _WIDEST_TABLE:
        return look_up
    place: npt.NDArray[Any] = np.zeros(high - low + 1, dtype=width)
    place[values - low] = np.arange(values.size, dtype=width)

    def index(column: pa.Array) -> npt.NDArray[Any]:
        found = column.to_numpy()
        return np.asarray(place[found.astype(np.int64) - low if low else found])

    return index


def _units(kind: pa.DataType, stack: ExitStack) -> Callable[[pa.Array], npt.NDArray[Any]]:
    """Return what turns a column of observables into integers; what it needs is closed with ``stack``."""
    if not parquet_files.is_text(kind):
        return lambda column: np.asarray(column.to_numpy())
    import duckdb  # a quarter of all start-up time, and only texts need it

    connection = stack.enter_context(duckdb.connect(":memory:", config={"threads": 1}))

    def hashed(column: pa.Array) -> npt.NDArray[Any]:
        connection.register("observables", pa.table({"value": column}))
        found = connection.sql("SELECT hash(value) AS unit FROM observables").to_arrow_table()
        return np.asarray(found["unit"].to_numpy())

    return hashed


def _joined(parts: list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([unit for unit, _ in parts]), np.concatenate([cluster for _, cluster in parts])


def _on_threads(task: Callable[[list[_Span]], _Result], shares: list[list[_Span]], threads: int) -> list[_Result]:
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(task, shares))

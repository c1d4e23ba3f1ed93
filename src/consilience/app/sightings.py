"""Rank the pairs of a table of sightings that needs no workspace: Parquet files of any size, on any engine.

A sighting says that a ``cluster`` was seen with an ``observable``. Counting needs these two columns. The columns of
:data:`REASONS`, where a file has them, are read afterwards for the pairs that are shown: only rows with a value that
such a pair shares. Without ``source`` and ``report`` nobody can tell how many origins an overlap has; it is then taken
to have one, so that such a pair is a lead and never a link.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from consilience.engine import parquet_files
from consilience.engine.embedded import EmbeddedEngine
from consilience.engine.interface import CLUSTER, OBSERVABLE
from consilience.engine.opening import open_engine
from consilience.engine.parquet_files import ParquetFile
from consilience.errors import FormatError, UnknownNameError
from consilience.model.assessment import PairOverlap
from consilience.overlap.copies import Copies, find_copies
from consilience.overlap.kernel import BATCH, Counts, Graph
from consilience.overlap.pairs import ALL_UNITS, OverlapSettings, compare
from consilience.overlap.ranking import RankedPairs, listed_up_to, rank

REASONS: Final = ("type", "source", "report", "first", "last", "reported")
"""The columns that a file may have besides: what explains a shared value."""

UNIT: Final = "sighting"
"""The unit of the overlaps: an observable as it stands in the table."""

NO_ORIGINS: Final = "the files have neither a column source nor report: origins cannot be counted, so no pair is a link"

NOT_HERE: Final = "the files cannot be read from here: no shared value is explained"

_UNTYPED: Final = "value"
_REPORT: Final = "report"
_Pair = tuple[str, str]


class RankedSightings(msgspec.Struct, frozen=True):
    """Pairs by rank, at most as many as were asked for, each with its shared values.

    ``p_value``, ``q_value`` and ``score`` of a pair are of what was tested, the rarity of what it shares
    (``overlap.ranking``); ``observed`` and ``expected`` are numbers of shared values. Of the ``pairs_tested`` pairs of
    ``clusters``, ``sharing`` share something and ``significant`` have a q-value of at most the false discovery rate.
    ``engine`` is the address of who counted the ``rows``. ``unexplained`` says what is missing for a link, or nothing.
    """

    pairs: tuple[PairOverlap, ...]
    clusters: int
    rows: int
    sharing: int
    significant: int
    pairs_tested: int
    engine: str
    unexplained: str = ""


class _Counted(msgspec.Struct, frozen=True, eq=False):
    """What an engine found: names by code, rows, and the counts or the graph they come from."""

    clusters: tuple[str, ...]
    rows: int
    counted: Graph | Counts


def rank_sightings(
    paths: Sequence[str],
    *,
    engine: str = "",
    settings: OverlapSettings | None = None,
    limit: int = 20,
    pair: tuple[str, str] | None = None,
) -> RankedSightings:
    """Return the first ``limit`` pairs of the sightings in ``paths`` by rank, or the ``pair`` of clusters asked for.

    ``paths`` are Parquet files and folders of them, which ``engine`` (``engine.address``) must be able to read. Raises
    what :meth:`engine.interface.Engine.counts` raises, ``UnknownNameError`` where no row belongs to a cluster of
    ``pair``, and ``ValueError`` where it names one twice.
    """
    wanted = settings or OverlapSettings()
    found = _count(paths, engine, wanted.degree_cut)
    codes = None if pair is None else _codes(pair, found.clusters)
    listed = listed_up_to(wanted.fdr, found.counted.degrees, len(found.clusters))
    ranked = rank(found.counted, limit=listed, threads=os.cpu_count() or 1, also=codes)
    places = range(min(limit, ranked.a.size)) if codes is None else _place(ranked, codes)
    population = f"{len(found.clusters)} clusters, {found.rows} rows"
    pairs = [_figures(ranked, place, found.clusters, population) for place in places]
    if pair is not None:
        pairs = [_in_order(pairs[0], pair)] if pairs else [_nothing_shared(pair, ranked.tests, population)]
    explained, unexplained = _explained(pairs, paths, wanted) if pairs else ([], "")
    return RankedSightings(
        pairs=tuple(explained),
        clusters=len(found.clusters),
        rows=found.rows,
        sharing=ranked.sharing,
        significant=int((ranked.q <= wanted.fdr).sum()),
        pairs_tested=ranked.tests,
        engine=engine.strip() or "embedded",
        unexplained=unexplained,
    )


def _count(paths: Sequence[str], address: str, degree_cut: int) -> _Counted:
    engine = open_engine(address)
    try:
        if isinstance(engine, EmbeddedEngine):
            graph = engine.graph(paths, degree_cut)
            return _Counted(graph.clusters, graph.rows, graph.graph)
        named = engine.counts(paths, degree_cut)
        return _Counted(named.clusters, named.counts.rows, named.counts)
    finally:
        engine.close()


def _codes(pair: _Pair, clusters: Sequence[str]) -> tuple[int, int]:
    if pair[0] == pair[1]:
        raise ValueError(f"a cluster cannot be compared with itself: {pair[0]!r}")
    code = {name: index for index, name in enumerate(clusters)}
    for name in pair:
        if name not in code:
            raise UnknownNameError(f"no sighting belongs to a cluster {name!r}")
    a, b = sorted(code[name] for name in pair)
    return a, b


def _place(ranked: RankedPairs, codes: tuple[int, int]) -> list[int]:
    return np.flatnonzero((ranked.a == codes[0]) & (ranked.b == codes[1])).tolist()


def _figures(ranked: RankedPairs, place: int, clusters: Sequence[str], population: str) -> PairOverlap:
    return PairOverlap(
        a=clusters[int(ranked.a[place])],
        b=clusters[int(ranked.b[place])],
        unit=UNIT,
        observed=int(ranked.count[place]),
        expected=round(float(ranked.expected[place]), 4),
        p_value=10.0 ** (float(ranked.score[place]) / -10.0),
        q_value=float(ranked.q[place]),
        pairs_tested=ranked.tests,
        score=round(float(ranked.score[place]), 2),
        origins=0,
        population=population,
        shared_total=int(ranked.count[place]),
    )


def _in_order(found: PairOverlap, pair: _Pair) -> PairOverlap:
    return msgspec.structs.replace(found, a=pair[0], b=pair[1])


def _nothing_shared(pair: _Pair, tests: int, population: str) -> PairOverlap:
    return PairOverlap(
        a=pair[0],
        b=pair[1],
        unit=UNIT,
        observed=0,
        expected=0.0,
        p_value=1.0,
        q_value=1.0,
        pairs_tested=tests,
        score=0.0,
        origins=0,
        population=population,
    )


def _explained(
    pairs: list[PairOverlap], paths: Sequence[str], settings: OverlapSettings
) -> tuple[list[PairOverlap], str]:
    """Return the pairs with shared values, weight and origins, and what keeps them from being links, or nothing."""
    try:
        files = parquet_files.find(paths)
    except FormatError:  # the engine read them elsewhere
        return pairs, NOT_HERE
    held = _held_by(files, sorted({name for pair in pairs for name in (pair.a, pair.b)}))
    left, values, chosen = settings.explained, set[str](), []
    for pair in pairs:
        shared = held[pair.a] & held[pair.b]
        left -= len(shared)
        if shared and left >= 0:
            values |= shared
            chosen.append((pair.a, pair.b))
    table, origins = _rows_with(files, OBSERVABLE, values)
    reasons = {}
    if chosen:
        found = compare(table, settings, tuple(chosen), copies=_copies(files, table))
        reasons = {(each.a, each.b): each for each in found if each.unit == ALL_UNITS}
    explained = [_with_reasons(pair, reasons.get((pair.a, pair.b)), origins) for pair in pairs]
    return explained, "" if origins else NO_ORIGINS


def _copies(files: Iterable[ParquetFile], shared: pa.Table) -> Copies:
    """Return which reports repeat which, from all that they list: by ``shared`` values alone any two look alike.

    Of rows that name no report only the shared ones are looked at, so that what two such sources have in common counts
    as one origin: nothing here tells whether they copy one another.
    """
    named = pc.not_equal(shared["report"], "")
    reports = pc.unique(shared["report"].filter(named)).to_pylist()
    having = [file for file in files if _REPORT in file.metadata.schema.to_arrow_schema().names]
    lists = [_rows_with([file], _REPORT, reports)[0] for file in having] if reports else []
    return find_copies(pa.concat_tables([shared.filter(pc.invert(named)), *lists]))


def _with_reasons(pair: PairOverlap, found: PairOverlap | None, origins: bool) -> PairOverlap:
    if found is None:
        return pair
    return msgspec.structs.replace(
        pair,
        origins=found.origins if origins else min(found.origins, 1),
        shared=found.shared,
        shared_total=found.shared_total,
        weight=found.weight,
        families=found.families,
    )


def _held_by(files: Iterable[ParquetFile], clusters: Sequence[str]) -> dict[str, set[str]]:
    """Return what each of the clusters holds, as texts."""
    held: dict[str, set[str]] = {name: set() for name in clusters}
    for file in files:
        rows = _scan(file, CLUSTER, clusters, [CLUSTER, OBSERVABLE])
        for name in clusters:
            own = rows.filter(pc.equal(rows[CLUSTER], name))
            held[name].update(pc.unique(own[OBSERVABLE]).to_pylist())
    return held


def _rows_with(files: Iterable[ParquetFile], column: str, values: Iterable[str]) -> tuple[pa.Table, bool]:
    """Return all rows with one of ``values`` in ``column`` as ``overlap.pairs`` takes them, and whether any file can
    tell of origins.
    """
    wanted, parts, origins = sorted(values), [], False
    for file in files:
        there = [name for name in REASONS if name in file.metadata.schema.to_arrow_schema().names]
        origins = origins or bool({"source", "report"} & set(there))
        rows = _scan(file, column, wanted, [CLUSTER, OBSERVABLE, *there])
        empty = pa.array([""] * rows.num_rows, pa.string())
        given = {name: pc.fill_null(rows[name], "") if name in there else empty for name in REASONS}
        kind = pc.if_else(pc.equal(given["type"], ""), _UNTYPED, given["type"])
        columns = {"cluster": rows[CLUSTER], "unit_type": kind, "unit_value": rows[OBSERVABLE], "listed": empty}
        parts.append(pa.table(columns | given | {"type": kind, "value": rows[OBSERVABLE]}))
    return pa.concat_tables(parts), origins


def _scan(file: ParquetFile, column: str, values: Sequence[str], columns: list[str]) -> pa.Table:
    """Return the rows of a file with one of ``values`` in ``column``, all columns as texts; none where one is empty."""
    text = column == _REPORT or parquet_files.is_text(getattr(file, column))
    wanted = pa.array(values, pa.string()) if text else pa.array([int(value) for value in values], pa.int64())
    schema = pa.schema([(name, pa.string()) for name in columns])
    found = [schema.empty_table()]
    try:
        with pq.ParquetFile(file.path, metadata=file.metadata) as source:
            for batch in source.iter_batches(BATCH, columns=columns):
                held = batch[column].cast(wanted.type)
                rows = batch.filter(pc.is_in(held, wanted))
                found.append(pa.table([rows[name].cast(pa.string()) for name in columns], schema=schema))
    except (OSError, pa.ArrowException) as error:
        raise FormatError(f"cannot be read: {str(error).splitlines()[0]}", file=str(file.path)) from error
    table = pa.concat_tables(found)
    return table.filter(pc.and_(pc.is_valid(table[CLUSTER]), pc.is_valid(table[OBSERVABLE])))

"""Which reports a workspace files under which cluster, document by document, each with what is compared of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from consilience.attribution.profiles import UNDATED, KnownReport
from consilience.attribution.traces import Indicators, indicators
from consilience.knowledge.infrastructure import BENIGN, SharedInfrastructure
from consilience.knowledge.names import strict_key
from consilience.model.dates import earliest, latest, parse_date
from consilience.overlap.incidence import codes_of

_NOBODY: Final = frozenset({"unclassified", "unknown", "unattributed", "other"})
"""Names of lists that stand for no cluster: what they hold is nobody's."""

_COLUMNS: Final = ("cluster", "type", "value", "source", "document", "report", "reported")


class DocumentReports(msgspec.Struct, frozen=True, array_like=True):
    """The reports of one document. ``spellings`` counts the rows of each name of a cluster, by the cluster's key.

    A report's ``cluster`` is the key, until :func:`merged` gives it the name under which the workspace has it most.
    """

    spellings: dict[str, dict[str, int]]
    reports: tuple[KnownReport, ...]


def by_document(rows: pa.Table) -> Iterator[tuple[bytes, pa.Table]]:
    """Yield the rows of each document, with a digest of all of them that is read here."""
    rows = rows.select(_COLUMNS)
    codes = codes_of(rows["document"])
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    if starts.size > np.unique(codes).size:  # a document's rows are apart: bring them together
        order = np.argsort(codes, kind="stable")
        rows, codes = rows.take(pa.array(order)), codes[order]
    edges = np.flatnonzero(np.diff(codes, prepend=-1, append=-1)).tolist()
    columns = [_Texts(rows[name]) for name in _COLUMNS]
    for start, stop in pairwise(edges):
        state = hashlib.blake2b(digest_size=16)
        for column in columns:
            column.into(state, start, stop)
        yield state.digest(), rows.slice(start, stop - start)


class _Texts:
    """The bytes of a column of text, by row."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        array = pa.concat_arrays(
            pc.fill_null(column, "").cast(pa.large_string()).chunks or [pa.array([], pa.large_string())]
        )
        _, offsets, self._data = array.buffers()
        self._offsets = np.frombuffer(offsets, np.int64)[array.offset :] if len(array) else np.zeros(1, np.int64)

    def into(self, state: hashlib.blake2b, start: int, stop: int) -> None:
        offsets = self._offsets[start : stop + 1]
        state.update((offsets - offsets[0]).tobytes())
        if self._data is not None:
            state.update(memoryview(self._data)[int(offsets[0]) : int(offsets[-1])])


def reports_of_document(rows: pa.Table, infrastructure: SharedInfrastructure) -> DocumentReports:
    """Return the reports of the rows of one document.

    A row that names no report belongs to the document, unless the document has reports on that cluster: then it stands
    in none and is left out, as are lists that stand for no cluster. A report's date lies within what its rows say; an
    impossible one is unknown.
    """
    columns = [rows[name].to_pylist() for name in _COLUMNS]
    with_reports = {row[0] for row in zip(*columns, strict=True) if row[5]}
    keys = {cluster: strict_key(cluster) for cluster in set(columns[0])}
    spellings: dict[str, Counter[str]] = {}
    found: dict[tuple[str, str, str], tuple[set[tuple[str, str]], set[str]]] = {}
    for cluster, type_, value, source, document, report, reported in zip(*columns, strict=True):
        key = keys[cluster]
        if key in _NOBODY or (not report and cluster in with_reports):
            continue
        spellings.setdefault(key, Counter())[cluster] += 1
        values, dates = found.setdefault((key, source, report or document), (set(), set()))
        values.add((type_, value))
        dates.add(reported)
    reports = (
        KnownReport(key, report, *_bounds(dates), indicators(_comparable(values, infrastructure)), source)
        for (key, source, report), (values, dates) in found.items()
    )
    return DocumentReports({key: dict(counts) for key, counts in spellings.items()}, tuple(reports))


def merged(documents: Iterable[DocumentReports]) -> Iterator[KnownReport]:
    """Yield the reports of several documents: one that stands in two is one.

    Clusters whose names differ in spelling alone are one here, under the spelling of most rows. Reports of which
    nothing can be compared are left out.
    """
    spellings: dict[str, Counter[str]] = {}
    found: dict[tuple[str, str, str], list[KnownReport]] = {}
    for document in documents:
        for key, counts in document.spellings.items():
            spellings.setdefault(key, Counter()).update(counts)
        for each in document.reports:
            found.setdefault((each.cluster, each.source, each.id), []).append(each)
    names = {key: min(own.items(), key=lambda each: (-each[1], each[0]))[0] for key, own in spellings.items()}
    for (key, _, _), several in found.items():
        one = several[0] if len(several) == 1 else _together(several)
        if one.indicators.chains or one.indicators.traits:
            yield msgspec.structs.replace(one, cluster=names[key])


def _together(several: list[KnownReport]) -> KnownReport:
    chains = {chain for each in several for chain in each.indicators.chains}
    traits = {trait for each in several for trait in each.indicators.traits}
    dated = [each for each in several if each.last != UNDATED]
    return msgspec.structs.replace(
        several[0],
        first=min((each.first for each in dated), default=UNDATED),
        last=max((each.last for each in dated), default=UNDATED),
        indicators=Indicators(tuple(sorted(chains)), tuple(sorted(traits))),
    )


def _comparable(
    values: Iterable[tuple[str, str]], infrastructure: SharedInfrastructure
) -> Iterator[tuple[str, str, str]]:
    """Yield values with what they are listed as, without those on a list of benign infrastructure."""
    for type_, value in values:
        class_, _ = infrastructure.category(type_, value)
        if class_ != BENIGN:
            yield type_, value, infrastructure.listed(type_, value) if class_ else ""


def _bounds(dates: Iterable[str]) -> tuple[int, int]:
    days = []
    for each in dates:
        try:
            date = parse_date(each or "")
        except ValueError:
            continue
        if date:
            days.append((earliest(date).toordinal(), latest(date).toordinal()))
    return (min(each[0] for each in days), max(each[1] for each in days)) if days else (UNDATED, UNDATED)

"""The reports of a workspace by cluster, ready for attribution; kept in the cache until the workspace changes."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa

from consilience.app.settings import Settings
from consilience.attribution.profiles import (
    UNDATED,
    KnownReport,
    PackedProfiles,
    Profiles,
    build_profiles,
    unpacked,
)
from consilience.attribution.traces import indicators
from consilience.attribution.track_record import PastAnswer, past_answers
from consilience.knowledge.indicator_model import IndicatorModel
from consilience.knowledge.infrastructure import BENIGN, SharedInfrastructure
from consilience.knowledge.names import strict_key
from consilience.model.dates import earliest, latest, parse_date

VERSION: Final = "attribution-1"
"""Changes when the same observations would give other profiles."""

_NOBODY: Final = frozenset({"unclassified", "unknown", "unattributed", "other"})
"""Names of lists that stand for no cluster: what they hold is nobody's."""

_COLUMNS: Final = ("cluster", "type", "value", "source", "document", "report", "reported")


class KnownReports(msgspec.Struct, frozen=True):
    """Profiles of a workspace's clusters, and the answers that its own reports would have been given."""

    profiles: Profiles
    answers: tuple[PastAnswer, ...]


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    profiles: PackedProfiles
    answers: tuple[PastAnswer, ...]


def known_reports(
    rows: pa.Table, where: Settings, infrastructure: SharedInfrastructure, model: IndicatorModel
) -> KnownReports:
    """Return what some observations say of each cluster's reports; ``rows`` are those of clusters, as indicators.

    Read from the cache where the same rows and model were asked about before. A cache that cannot be read or written
    costs time and nothing else.
    """
    place = hashlib.blake2b(os.fsencode(where.workspace.resolve()), digest_size=6).hexdigest()
    kept = where.cache / f"{VERSION}-{place}-{_digest(rows, model)}.msgpack"
    with suppress(OSError, msgspec.MsgspecError):
        found = msgspec.msgpack.decode(kept.read_bytes(), type=_Kept)
        return KnownReports(unpacked(found.profiles), found.answers)
    reports = tuple(reports_of(rows, infrastructure))
    profiles = build_profiles(reports)
    answers = past_answers(reports, model)
    with suppress(OSError):
        _write(kept, msgspec.msgpack.encode(_Kept(profiles.packed(), answers)), f"{VERSION}-{place}-*.msgpack")
    return KnownReports(profiles, answers)


def _digest(rows: pa.Table, model: IndicatorModel) -> str:
    state = hashlib.blake2b(msgspec.json.encode(model), digest_size=12)
    for name in _COLUMNS:
        column = rows[name].combine_chunks()
        state.update(name.encode())
        for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
            compact = pa.concat_arrays([chunk])
            for buffer in compact.buffers():
                if buffer is not None:
                    state.update(buffer)
    return state.hexdigest()


def _write(path: Path, data: bytes, earlier: str) -> None:
    """Write a file at once, and remove what was kept of ``earlier`` states of the workspace."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=VERSION, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    Path(name).replace(path)
    for old in path.parent.glob(earlier):
        if old != path:
            old.unlink(missing_ok=True)


def reports_of(rows: pa.Table, infrastructure: SharedInfrastructure) -> Iterable[KnownReport]:
    """Yield the reports of a table of observations. Clusters whose names differ in spelling alone are one here.

    A row that names no report belongs to its document, unless the document has reports: then it stands in none and is
    left out, as are lists that stand for no cluster. A report's date lies within what its rows say; an impossible one
    is unknown.
    """
    columns = [rows[name].to_pylist() for name in _COLUMNS]
    with_reports = {(row[4], row[0]) for row in zip(*columns, strict=True) if row[5]}
    keys = {cluster: strict_key(cluster) for cluster in set(columns[0])}
    names: dict[str, Counter[str]] = {}
    found: dict[tuple[str, str, str], tuple[set[tuple[str, str]], set[str]]] = {}
    for cluster, type_, value, source, document, report, reported in zip(*columns, strict=True):
        key = keys[cluster]
        if key in _NOBODY or (not report and (document, cluster) in with_reports):
            continue
        names.setdefault(key, Counter())[cluster] += 1
        values, dates = found.setdefault((key, source, report or document), (set(), set()))
        values.add((type_, value))
        dates.add(reported)
    for (key, source, report), (values, dates) in found.items():
        first, last = _bounds(dates)
        name = min(names[key].items(), key=lambda each: (-each[1], each[0]))[0]
        compared = indicators(_comparable(values, infrastructure))
        if compared.chains or compared.traits:
            yield KnownReport(name, report, first, last, compared, source)


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

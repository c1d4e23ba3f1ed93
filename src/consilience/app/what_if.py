"""What a report would change: which pairs of clusters share more or less with it than without, and by how much.

Nothing is added to the workspace. A report can change only pairs of clusters that hold one of its values:
``overlap.state`` finds those whose counts change; and where a cluster was known to hold the value, one more date,
source or origin can count with each other holder. Only these pairs are compared, before and after. The null model is
that of the whole workspace, so that a report moves every p a little; a pair of which p alone moves is not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from consilience.app.adding import Adder, Told, printable, read_bytes
from consilience.app.overlap_units import indicators, label_with_source, shareable_units, with_clusters
from consilience.app.overlapping import references
from consilience.app.settings import Settings
from consilience.app.use_cases import existing_workspace
from consilience.errors import InputError
from consilience.formats.context import Limits, sha256
from consilience.knowledge.infrastructure import SharedInfrastructure, open_shared_infrastructure
from consilience.model.assessment import PairOverlap
from consilience.model.document import Reading
from consilience.model.observable import Observation, Role
from consilience.overlap.copies import find_copies
from consilience.overlap.habits import habits
from consilience.overlap.incidence import codes_of
from consilience.overlap.pairs import ALL_UNITS, OverlapSettings, compare
from consilience.overlap.state import gather
from consilience.store.observations import SCHEMA

_FROM_REPORT: Final = "from_report"
_NO_READING: Final = -1

_Pair = tuple[str, str]
_Units = Mapping[_Pair, Mapping[str, PairOverlap]]


class ChangedPair(msgspec.Struct, frozen=True):
    """A pair that the report changes, in the combined unit, or in another one where only that changes.

    ``before`` is ``None`` where the pair shared nothing in this unit.
    """

    a: str
    b: str
    before: PairOverlap | None
    after: PairOverlap


class ReportEffect(msgspec.Struct, frozen=True):
    """What a report would change.

    ``touched`` are the changed pairs, those first that gain most shared values. ``rows`` is how many observations of
    the report are compared; ``unnamed`` how many cannot be, as they name no cluster. ``rejects`` says what of the file
    was not taken, by place and reason, or that the workspace has it already.
    """

    touched: tuple[ChangedPair, ...]
    rows: int
    rejects: tuple[str, ...]
    unnamed: int = 0


def with_report(where: Settings, path: Path, settings: OverlapSettings, told: Told = Told()) -> ReportEffect:
    """Return which pairs of the workspace would change, and how, if the file ``path`` were added.

    The file is read as ``consilience add`` reads it; ``told`` is what would be told of it there. Raises
    :class:`InputError` where nothing of the file can be used, and :class:`StoreError` where there is no workspace.
    """
    with existing_workspace(where) as workspace:
        data = read_bytes(path, path.parent, Limits())
        if told == Told() and workspace.reading_key(sha256(data)) is not None:
            return ReportEffect((), 0, (f"{printable(path.name)}: already in the workspace",))
        known = workspace.observations()
        reading = _read(Adder(workspace, where), data, path, told)
    both = pa.concat_tables([_marked(known, False), _marked(_table(reading.observations), True)])
    compared = indicators(both)
    infrastructure = open_shared_infrastructure(where.cache)
    units = _unit_rows(compared, infrastructure)
    pairs = _touched(units, settings.degree_cut)
    after = _overlaps(units, both, pairs, settings)
    without = pc.invert(compared[_FROM_REPORT])
    before = _overlaps(_unit_rows(compared.filter(without), infrastructure), _marked(known, False), pairs, settings)
    return ReportEffect(
        touched=_changes(before, after),
        rows=compared.num_rows - pc.sum(without).as_py() if compared.num_rows else 0,
        rejects=tuple(f"{issue.place}: {issue.reason}" for issue in reading.issues if issue.lost),
        unnamed=sum(not each.cluster and each.role == Role.INDICATOR for each in reading.observations),
    )


def _read(adder: Adder, data: bytes, path: Path, told: Told) -> Reading:
    try:
        return adder.read(data, printable(path.name), told)
    except InputError as error:
        raise InputError(error.reason, file=printable(str(path)), place=error.place) from error


def _table(observations: Iterable[Observation]) -> pa.Table:
    """Return observations as the store would give them back."""
    rows = [{name: str(getattr(each, name)) for name in SCHEMA.names[1:]} for each in observations]
    return pa.Table.from_pylist([{SCHEMA.names[0]: _NO_READING} | row for row in rows], schema=SCHEMA)


def _marked(rows: pa.Table, from_report: bool) -> pa.Table:
    return rows.append_column(_FROM_REPORT, pa.array([from_report] * rows.num_rows, pa.bool_()))


def _unit_rows(compared: pa.Table, infrastructure: SharedInfrastructure) -> pa.Table:
    return shareable_units(with_clusters(compared, label_with_source(compared)), infrastructure)


def _touched(units: pa.Table, degree_cut: int) -> tuple[_Pair, ...]:
    """Return the pairs that rows of the report can change, as names in alphabetical order."""
    names = sorted(pc.unique(units["cluster"]).to_pylist())
    cluster = pc.index_in(units["cluster"], pa.array(names, pa.string())).to_numpy().astype(np.int64)
    unit = codes_of(units["unit_type"], units["unit_value"])
    added = units[_FROM_REPORT].to_numpy()
    state = gather(unit[~added], cluster[~added], len(names), degree_cut=degree_cut)
    update = state.with_report(unit[added], cluster[added])
    pairs = set(zip(update.changed.a.tolist(), update.changed.b.tolist(), strict=True))
    for own, holders in zip(cluster[added].tolist(), update.state.holders(unit[added]), strict=True):
        if holders.size <= degree_cut:
            pairs.update((min(own, other), max(own, other)) for other in holders.tolist() if other != own)
    return tuple((names[a], names[b]) for a, b in sorted(pairs))


def _overlaps(units: pa.Table, observations: pa.Table, pairs: Iterable[_Pair], settings: OverlapSettings) -> _Units:
    """Return for those of the pairs whose clusters are there what they share, by unit; without what shares nothing."""
    there = set(pc.unique(units["cluster"]).to_pylist())
    chosen = tuple(pair for pair in pairs if there.issuperset(pair))
    rows = indicators(observations)
    population = f"{len(there)} clusters, {rows.num_rows} rows"
    found: dict[_Pair, dict[str, PairOverlap]] = {}
    if chosen:
        for each in compare(
            units,
            settings,
            chosen,
            copies=find_copies(rows, references(observations)),
            habits=habits(with_clusters(rows, label_with_source(rows))),
        ):
            of_all_rows = msgspec.structs.replace(each, population=population)
            found.setdefault((each.a, each.b), {})[each.unit] = of_all_rows
    return found


def _changes(before: _Units, after: _Units) -> tuple[ChangedPair, ...]:
    changed = []
    for (a, b), units in after.items():
        had = {unit: each for unit, each in before.get((a, b), {}).items() if each.shared_total or each.observed}
        differing = [each for unit, each in units.items() if _figures(each) != _figures(had.get(unit))]
        if differing:
            first = min(differing, key=lambda each: (each.unit != ALL_UNITS, each.q_value, each.p_value, each.unit))
            changed.append(ChangedPair(a, b, had.get(first.unit), first))
    return tuple(sorted(changed, key=lambda each: (-_gain(each), -each.after.score, each.a, each.b)))


def _gain(changed: ChangedPair) -> int:
    return changed.after.observed - (changed.before.observed if changed.before else 0)


def _figures(pair: PairOverlap | None) -> tuple[object, ...]:
    """Return what a pair of clusters shares and what that says, without what chance makes of it."""
    if pair is None:
        return 0, 0, 0, 0.0, ()
    return pair.observed, pair.shared_total, pair.origins, pair.weight, pair.shared

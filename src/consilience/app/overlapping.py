"""What clusters share: gather observations, cut them into units of comparison, compare against chance."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from consilience.app.settings import Settings
from consilience.app.use_cases import existing_workspace, knowledge
from consilience.errors import UnknownNameError
from consilience.knowledge import background
from consilience.knowledge.index import Knowledge
from consilience.knowledge.infrastructure import BENIGN, SharedInfrastructure, open_shared_infrastructure, overlap_units
from consilience.knowledge.names import loose_key, strict_key
from consilience.model.assessment import PairOverlap
from consilience.model.observable import Role
from consilience.overlap.background import against_background
from consilience.overlap.pairs import ALL_UNITS, OverlapSettings, compare

_SMALL_POPULATION = 30
"""With fewer clusters in the workspace than this, chance is judged by the public background table instead."""


class Resolved(msgspec.Struct, frozen=True):
    """Which cluster labels of the workspace are taken as ``name``, and which publishers' clusters carry the name.

    ``left_out`` are labels that a publisher claims to be another name of the same cluster: a claim is not applied
    unless no label carries the name itself. ``contested`` says that publishers give the name to different clusters.
    """

    name: str
    labels: tuple[str, ...]
    left_out: tuple[str, ...]
    clusters: tuple[str, ...]
    contested: bool


class OverlapReport(msgspec.Struct, frozen=True):
    """Overlaps of all pairs, or of the pair asked for, with how its names were resolved."""

    pairs: tuple[PairOverlap, ...]
    resolved: tuple[Resolved, ...]


def find_overlaps(where: Settings, a: str = "", b: str = "") -> OverlapReport:
    """Compare clusters ``a`` and ``b``, or every pair of the workspace where none is named.

    Raises :class:`UnknownNameError` where no observation of the workspace belongs to a name.
    """
    with existing_workspace(where) as workspace:
        observations = workspace.observations()
    rows = indicators(observations)
    infrastructure = open_shared_infrastructure(where.cache)
    if not a:
        labelled = rows.set_column(rows.schema.get_field_index("cluster"), "cluster", label_with_source(rows))
        return OverlapReport(compare(unit_table(labelled, infrastructure), OverlapSettings()), ())
    known = knowledge(where)
    labels = tuple(sorted(set(rows["cluster"].to_pylist())))
    resolved = tuple(resolve(known, name, labels) for name in (a, b))
    for each in resolved:
        if not each.labels:
            raise UnknownNameError(f"no observation of the workspace belongs to {each.name!r}")
    table = unit_table(relabelled(rows, resolved), infrastructure)
    comparable = {a, b} <= set(table["cluster"].to_pylist())  # not where all that one used is benign
    return OverlapReport(pair_overlaps(a, b, table) if comparable else (), resolved)


def pair_overlaps(a: str, b: str, table: pa.Table) -> tuple[PairOverlap, ...]:
    """Return the overlaps of a pair; where the workspace is small, chance is that of the public background."""
    compared = compare(table, OverlapSettings(), ((a, b),))
    if len(set(table["cluster"].to_pylist())) >= _SMALL_POPULATION:
        return compared
    found = []
    for pair in compared:
        if pair.unit == ALL_UNITS:
            continue  # among so few clusters the figure says nothing, and no background has it
        reference = next((each for each in background.load() if each.unit == pair.unit), None)
        try:
            if reference is not None:
                figures = against_background(a, b, None, reference)
                pair = msgspec.structs.replace(
                    figures, shared=pair.shared, shared_total=pair.shared_total, origins=pair.origins
                )
        except UnknownNameError:
            pass
        found.append(pair)
    return tuple(found)


def indicators(observations: pa.Table) -> pa.Table:
    """Return the rows that say that a cluster used a value: not those quoted as benign or as a reference."""
    used = pc.and_(pc.equal(observations["role"], Role.INDICATOR.value), pc.not_equal(observations["cluster"], ""))
    return observations.filter(used)


def label_with_source(rows: pa.Table) -> pa.Array:
    """Return cluster names as ``name (source)``: a cluster is a name that ONE source gives."""
    return pc.binary_join_element_wise(rows["cluster"], pc.binary_join_element_wise(" (", rows["source"], ")", ""), "")


def resolve(known: Knowledge, name: str, labels: Collection[str]) -> Resolved:
    """Find the labels that carry ``name``; where none does, those of the names that publishers claim for it."""
    clusters = known.clusters_named(name)
    claimed = {cluster.name for cluster in clusters} | {alias.name for each in clusters for alias in each.aliases}
    own = _carrying(labels, {name})
    others = tuple(label for label in _carrying(labels, claimed) if label not in own)
    contested = any(each.code == "name-on-several-clusters" for each in known.who(name).disagreements)
    return Resolved(
        name=name,
        labels=own or others,
        left_out=others if own else (),
        clusters=tuple(cluster.key for cluster in clusters),
        contested=contested,
    )


def _carrying(labels: Collection[str], names: Collection[str]) -> tuple[str, ...]:
    keys = {key for each in names for key in (strict_key(each), loose_key(each))}
    return tuple(sorted(label for label in labels if strict_key(label) in keys or loose_key(label) in keys))


def relabelled(rows: pa.Table, resolved: Iterable[Resolved]) -> pa.Table:
    """Return the rows with the labels that were resolved to a name replaced by it, and the others with their source."""
    taken = {label: each.name for each in resolved for label in each.labels}
    labels = pa.array(
        [
            taken.get(cluster, f"{cluster} ({source})")
            for cluster, source in zip(rows["cluster"].to_pylist(), rows["source"].to_pylist(), strict=True)
        ],
        pa.string(),
    )
    return rows.set_column(rows.schema.get_field_index("cluster"), "cluster", labels)


def unit_table(rows: pa.Table, infrastructure: SharedInfrastructure) -> pa.Table:
    """Return one row per observation and unit of comparison, with the list that the unit stands on, if any.

    A value that stands on a list of benign infrastructure gives no unit: that two clusters touch it says nothing.
    """
    units: dict[tuple[str, str], tuple[tuple[str, str, str], ...]] = {}
    take: list[int] = []
    made: tuple[list[str], list[str], list[str]] = ([], [], [])
    for index, key in enumerate(zip(rows["type"].to_pylist(), rows["value"].to_pylist(), strict=True)):
        found = units.get(key)
        if found is None:
            found = units[key] = _units(*key, infrastructure)
        for unit in found:
            take.append(index)
            for column, part in zip(made, unit, strict=True):
                column.append(part)
    taken = rows.take(pa.array(take, pa.int64()))
    for name, column in zip(("unit_type", "unit_value", "listed"), made, strict=True):
        taken = taken.append_column(name, pa.array(column, pa.string()))
    return taken


def _units(type_: str, value: str, infrastructure: SharedInfrastructure) -> tuple[tuple[str, str, str], ...]:
    if infrastructure.category(type_, value)[0] == BENIGN:
        return ()
    listed = infrastructure.listed(type_, value)
    return tuple((unit, text, listed) for unit, text in overlap_units(type_, value, listed))

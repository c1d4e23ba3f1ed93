"""What clusters share: gather observations, cut them into units of comparison, compare against chance."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from consilience.app.overlap_units import (
    distinct_rows,
    indicators,
    label_with_source,
    shareable_units,
    with_clusters,
)
from consilience.app.settings import Settings
from consilience.app.use_cases import existing_workspace, knowledge
from consilience.engine.offload import available_memory
from consilience.errors import LimitError, UnknownNameError
from consilience.knowledge import background
from consilience.knowledge.index import Knowledge
from consilience.knowledge.infrastructure import open_shared_infrastructure
from consilience.knowledge.names import loose_key, strict_key
from consilience.model.assessment import PairOverlap
from consilience.model.dates import PartialDate, earliest, latest, parse_date
from consilience.model.observable import Role
from consilience.overlap.background import against_background
from consilience.overlap.copies import Copies, Derivation, find_copies
from consilience.overlap.habits import habits
from consilience.overlap.incidence import codes_of
from consilience.overlap.pairs import ALL_UNITS, OverlapSettings, compare, sources_of
from consilience.overlap.report_keys import key_of
from consilience.overlap.shared import OriginOf, Use, first_hand, on_one_word, own_origin

SMALL_POPULATION: Final = 30
"""With fewer clusters in the workspace than this, chance is judged by the public background table instead."""

CROWD_CLUSTERS: Final = 10
"""From this many clusters on, one that holds half of all that is shared is called a collection (:class:`Crowd`)."""

_CROWD_SHARE: Final = 0.5
_ROW_BYTES: Final = 1_000
"""What an observation takes at the peak; 0.8 kB were measured on Maltrail's lists with a list of 10^6 addresses."""

_NEAR_NAMES: Final = 3

_IntArray = npt.NDArray[np.int64]
_BoolArray = npt.NDArray[np.bool_]


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


class Compared(msgspec.Struct, frozen=True):
    """How many observations were compared: ``rows`` taken, of which ``undated`` have no usable date.

    ``before`` were left out because all that is known of their dates lies before the day asked for.
    """

    rows: int = 0
    undated: int = 0
    before: int = 0


class Crowd(msgspec.Struct, frozen=True):
    """A cluster that holds half or more of all values that anybody shares: a collection rather than one actor's.

    ``values`` is how many shared values it holds, of ``of``.
    """

    cluster: str
    values: int
    of: int


class Side(msgspec.Struct, frozen=True):
    """What one cluster's rows say of a shared value. Dates are partial dates as text; empty is unknown.

    ``first`` and ``last`` bound the stated use and ``reported`` is the earliest report; ``contradictory`` where a use
    ends before it begins. ``sources`` and ``reports`` say on whose word, ``spellings`` how it was written, and
    ``first_hand`` which of the sources do not repeat another report of this side.
    """

    first: str
    last: str
    reported: str
    contradictory: bool
    sources: tuple[str, ...]
    reports: tuple[str, ...]
    spellings: tuple[str, ...]
    first_hand: tuple[str, ...] = ()


class OverlapReport(msgspec.Struct, frozen=True):
    """Overlaps of all pairs, or of the pair asked for, with how its names were resolved.

    ``sides`` gives for each shared value of a pair asked for, under its (unit type, value), what both sides' rows say.
    ``derivations`` says which reports repeat which: all of them, or those that tell of a shared value of the pair.
    ``one_word`` is the source on whose word alone one side of the pair rests, or empty.
    """

    pairs: tuple[PairOverlap, ...]
    resolved: tuple[Resolved, ...]
    compared: Compared = Compared()
    crowds: tuple[Crowd, ...] = ()
    sides: dict[tuple[str, str], tuple[Side, Side]] = {}
    derivations: tuple[Derivation, ...] = ()
    one_word: str = ""


def find_overlaps(
    where: Settings, a: str = "", b: str = "", *, since: PartialDate | str = "", settings: OverlapSettings | None = None
) -> OverlapReport:
    """Compare clusters ``a`` and ``b``, or every pair of the workspace where none is named.

    ``since`` leaves out observations that cannot be as late (:func:`dated_since`). Raises :class:`UnknownNameError`
    where no observation of the workspace belongs to a name, ``ValueError`` where ``since`` is no date, and
    :class:`LimitError`, before anything is read, where the comparison would not fit in memory.
    """
    with existing_workspace(where) as workspace:
        refuse_beyond(_rows_kept(workspace.observation_parts()), available_memory())
        observations = workspace.observations()
    rows, compared = dated_since(indicators(observations), parse_date(since))
    copies = find_copies(rows, references(observations))
    infrastructure = open_shared_infrastructure(where.cache)
    settings = settings or OverlapSettings()
    if not a:
        labelled = with_clusters(rows, label_with_source(rows))
        table = shareable_units(labelled, infrastructure)
        pairs = _counted(compare(table, settings, copies=copies, habits=habits(labelled)), table, compared)
        return OverlapReport(pairs, (), compared, crowds(table), derivations=copies.derivations)
    known = knowledge(where)
    labels = tuple(sorted(pc.unique(rows["cluster"]).to_pylist()))
    resolved = tuple(resolve(known, name, labels) for name in (a, b))
    for each in resolved:
        if not each.labels:
            raise UnknownNameError(
                f"no observation of the workspace belongs to {each.name!r}{_meant(each.name, labels)}"
            )
    named = relabelled(rows, resolved)
    sources = sources_of(named)
    table = shareable_units(named, infrastructure)
    if not {a, b} <= set(pc.unique(table["cluster"]).to_pylist()):  # all that one used is benign
        return OverlapReport((), resolved, compared, crowds(table))
    pairs = _counted(pair_overlaps(a, b, table, settings, copies, sources, habits(named)), table, compared)
    both = sides(table, pairs, copies.origin)
    told = {key_of("", report) for pair in both.values() for side in pair for report in side.reports}
    told |= {key_of(source, "") for pair in both.values() for side in pair for source in side.sources}
    derivations = tuple(each for each in copies.derivations if {each.report, each.repeats} & told)
    return OverlapReport(pairs, resolved, compared, crowds(table), both, derivations, _one_word(pairs, both, sources))


def _rows_kept(parts: Iterable[Path]) -> int:
    """Return how many rows the files hold, as their footers say; files that cannot be read are left to the reader."""
    rows = 0
    for path in parts:
        with contextlib.suppress(OSError, pa.ArrowException):
            rows += pq.read_metadata(path).num_rows
    return rows


def refuse_beyond(rows: int, available: int | None) -> None:
    """Raise :class:`LimitError` where comparing so many observations takes more than the ``available`` bytes."""
    needed = rows * _ROW_BYTES
    if available is not None and needed > available:
        raise LimitError(
            f"comparing {rows:,} observations takes about {needed / 1e9:.1f} GB of memory and {available / 1e9:.1f} GB "
            "are free: nothing was read; --sightings ranks a table of them in less, and --engine elsewhere"
        )


def _one_word(
    pairs: Sequence[PairOverlap],
    both: Mapping[tuple[str, str], tuple[Side, Side]],
    sources: Mapping[str, frozenset[str]],
) -> str:
    weighty = {(each.type, each.value) for pair in pairs for each in pair.shared if each.decibans > 0.0}
    said = [both[key] for key in weighty if key in both]
    own_a, own_b = ([frozenset(sides[place].first_hand) for sides in said] for place in (0, 1))
    return on_one_word(own_a, own_b, sources[pairs[0].a], sources[pairs[0].b])


def _counted(pairs: Iterable[PairOverlap], table: pa.Table, compared: Compared) -> tuple[PairOverlap, ...]:
    """Say of overlaps tested here among how many observations they were: the table has only what can be shared."""
    here = f"{len(pc.unique(table['cluster']))} clusters, {table.num_rows} rows"
    said = f"{len(pc.unique(table['cluster']))} clusters, {compared.rows} rows"
    return tuple(msgspec.structs.replace(pair, population=said) if pair.population == here else pair for pair in pairs)


def pair_overlaps(
    a: str,
    b: str,
    table: pa.Table,
    settings: OverlapSettings | None = None,
    copies: Copies | None = None,
    sources: Mapping[str, frozenset[str]] | None = None,
    habits: pa.Table | None = None,
) -> tuple[PairOverlap, ...]:
    """Return the overlaps of a pair; where the workspace is small, chance is that of the public background.

    ``copies``, ``sources`` and ``habits`` are those of :func:`overlap.pairs.compare`.
    """
    compared = compare(table, settings or OverlapSettings(), ((a, b),), copies=copies, sources=sources, habits=habits)
    if len(pc.unique(table["cluster"])) >= SMALL_POPULATION:
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
                    figures,
                    shared=pair.shared,
                    shared_total=pair.shared_total,
                    origins=pair.origins,
                    weight=pair.weight,
                    families=pair.families,
                )
        except UnknownNameError:
            pass
        found.append(pair)
    return tuple(found)


def references(observations: pa.Table) -> tuple[tuple[str, str], ...]:
    """Return which report quotes the address of which as a reference, as pairs of report keys."""
    quoted = observations.filter(
        pc.and_(pc.equal(observations["role"], Role.REFERENCE.value), pc.equal(observations["type"], "url"))
    )
    rows = quoted.select(["source", "report", "value"]).to_pylist()
    return tuple(sorted({(key_of(row["source"], row["report"]), key_of("", row["value"])) for row in rows}))


def dated_since(rows: pa.Table, since: PartialDate) -> tuple[pa.Table, Compared]:
    """Return the rows without those that lie before ``since``, and how many were kept, undated and left out.

    A row is left out where the latest moment that its dates allow lies before the earliest that ``since`` allows. The
    latest moment is that of ``last``; where the end is not stated, the later one of ``first`` and ``reported``, as the
    report vouches for the value until it is written. Rows without a usable date are kept: an unknown date may be any
    date, here as everywhere, and the count says how much of the answer rests on them.
    """
    codes, keys = distinct_rows(rows, ("first", "last", "reported"))
    ends = [_latest_use(first, last, reported) for first, last, reported in keys]
    undated = np.array([end is None for end in ends], dtype=np.bool_)[codes]
    if not since:
        return rows, Compared(rows.num_rows, int(undated.sum()))
    start = earliest(since)
    early = np.array([end is not None and latest(end) < start for end in ends], dtype=np.bool_)[codes]
    kept = rows.filter(pa.array(~early))
    return kept, Compared(kept.num_rows, int(undated.sum()), int(early.sum()))


def _latest_use(first: str, last: str, reported: str) -> PartialDate | None:
    """Return the latest date that a row allows for the use; ``None`` where its dates are missing or impossible."""
    try:
        begin, end, told = parse_date(first), parse_date(last), parse_date(reported)
    except ValueError:
        return None
    if begin and end and earliest(begin) > latest(end):
        return None
    if end:
        return end
    return max((date for date in (begin, told) if date), key=latest, default=None)


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


def _meant(name: str, labels: Sequence[str]) -> str:
    """Return the clusters of the workspace whose names are spelt most like ``name``, as the end of a sentence."""
    by_key = {strict_key(label): label for label in labels}
    near = difflib.get_close_matches(strict_key(name), by_key, _NEAR_NAMES, 0.7)
    return f"; did you mean {' or '.join(by_key[key] for key in near)}?" if near else ""


def relabelled(rows: pa.Table, resolved: Iterable[Resolved]) -> pa.Table:
    """Return the rows with the labels that were resolved to a name replaced by it, and the others with their source."""
    taken = {label: each.name for each in resolved for label in each.labels}
    place = pc.index_in(rows["cluster"], pa.array(list(taken), pa.string()))
    return with_clusters(
        rows, pc.coalesce(pa.array(list(taken.values()), pa.string()).take(place), label_with_source(rows))
    )


def crowds(table: pa.Table) -> tuple[Crowd, ...]:
    """Return the clusters of a unit table that hold half or more of the values that two or more clusters hold.

    Nobody has half of what all others have in part: such a list collects. Among few clusters it is nothing special,
    and nothing is returned (:data:`CROWD_CLUSTERS`).
    """
    clusters = pc.unique(table["cluster"])
    if len(clusters) < CROWD_CLUSTERS:
        return ()
    unit = codes_of(table["unit_type"], table["unit_value"])
    holder = pc.index_in(table["cluster"], clusters).to_numpy().astype(np.int64)
    entries = np.unique(unit * len(clusters) + holder)
    units, holders = entries // len(clusters), entries % len(clusters)
    shared = np.bincount(units)[units] >= 2
    total = np.unique(units[shared]).size
    held = np.bincount(holders[shared], minlength=len(clusters))
    names = clusters.to_pylist()
    found = [Crowd(names[at], int(held[at]), total) for at in np.flatnonzero(held >= max(_CROWD_SHARE * total, 1))]
    return tuple(sorted(found, key=lambda each: (-each.values, each.cluster)))


def sides(
    table: pa.Table, pairs: Iterable[PairOverlap], origin: OriginOf = own_origin
) -> dict[tuple[str, str], tuple[Side, Side]]:
    """Return for every shared value of one pair's overlaps, under (unit type, value), what each side's rows say."""
    found = tuple(pairs)
    wanted = {(each.type, each.value) for pair in found for each in pair.shared}
    if not wanted:
        return {}
    names = (found[0].a, found[0].b)
    values = pa.array(sorted({value for _, value in wanted}), pa.string())
    rows = table.filter(
        pc.and_(pc.is_in(table["unit_value"], values), pc.is_in(table["cluster"], pa.array(names, pa.string())))
    )
    by_key: dict[tuple[str, str], tuple[list[dict[str, str]], list[dict[str, str]]]] = {}
    for row in rows.to_pylist():
        key = (row["unit_type"], row["unit_value"])
        if key in wanted:
            by_key.setdefault(key, ([], []))[names.index(row["cluster"])].append(row)
    return {key: (_side(mine, origin), _side(theirs, origin)) for key, (mine, theirs) in by_key.items()}


def _side(rows: Sequence[dict[str, str]], origin: OriginOf) -> Side:
    uses = first_hand([Use(*(row[name] or "" for name in Use.__struct_fields__)) for row in rows], origin)
    wrong = [row for row in rows if row["first"] and row["last"] and _latest_use(row["first"], row["last"], "") is None]
    sound = [row for row in rows if row not in wrong]
    begins = [row["first"] or row["last"] for row in sound if row["first"] or row["last"]]
    ends = [row["last"] or row["first"] for row in sound if row["first"] or row["last"]]
    return Side(
        first=min(begins, default=""),
        last=max(ends, default=""),
        reported=min((row["reported"] for row in rows if row["reported"]), default=""),
        contradictory=bool(wrong),
        sources=tuple(sorted({row["source"] for row in rows})),
        reports=tuple(sorted({row["report"] for row in rows if row["report"]})),
        spellings=tuple(sorted({row["value"] for row in rows})),
        first_hand=tuple(sorted({use.source for each in uses.values() for use in each})),
    )

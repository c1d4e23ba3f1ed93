"""What each pair of clusters shares, against chance, with the reasons for every shared value.

The counting underneath (``overlap.kernel``) may be replaced for tables that outgrow one machine; the interface may not:
a table of observations in, :class:`PairOverlap` values out. Large tables of codes, without texts and reasons, go to
``overlap.ranking``.

The columns of the table are texts: ``cluster``; ``unit_type``, ``unit_value`` (what overlap is counted in, from
``knowledge.infrastructure.overlap_units``; one observation can give several rows, such as an address and its /24);
``listed`` (the list of shared infrastructure that the value stands on, or empty; rows of benign infrastructure, such as
public resolvers and sinkholes, are to be left out before); ``source``, ``report``; ``first``, ``last``, ``reported``
(partial dates, or empty); ``type``, ``value`` (as observed).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from consilience.inference.multiple_testing import benjamini_hochberg
from consilience.inference.null_model import DegreeModel, count_tail, fit_bicm, joint_probability
from consilience.model.assessment import PairOverlap, SharedObservable
from consilience.overlap.copies import Copies, find_copies
from consilience.overlap.incidence import (
    RARITY_SCALE,
    BoolArray,
    Incidence,
    IntArray,
    build,
    by_cluster,
    codes_of,
)
from consilience.overlap.kernel import Pairs, count
from consilience.overlap.score import Layer, decibans, habit_layers, value_weights
from consilience.overlap.shared import Explained, OriginOf, Use, explain, independent_origins, on_one_word
from consilience.overlap.weights import pair_weight

COLUMNS: Final = (
    "cluster",
    "unit_type",
    "unit_value",
    "listed",
    "source",
    "report",
    "first",
    "last",
    "reported",
    "type",
    "value",
)
"""The columns that :func:`compare` reads."""

ALL_UNITS: Final = "all"
"""The unit of the combined comparison: one unit for each observation, by :data:`PREFERENCE`."""

PREFERENCE: Final = ("domain-name", "host", "ipv4-addr", "ipv6-addr", "url", "network")
"""The units of one observation nest; the first of these that it has counts in :data:`ALL_UNITS`.

A registrable domain comes before the host names below it, which it cannot be told apart from by chance; a service that
stands on a list comes last, so that what stands behind its name counts instead. Other unit types come before networks.
"""


class OverlapSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How overlaps are tested and how much of them is shown.

    ``fdr`` is the false discovery rate for a link and ``least_shared`` and ``least_origins`` its other conditions.
    ``degree_cut``: a unit that more clusters hold is not tested. ``shown`` bounds the explained values a pair
    carries, ``explained`` those that are looked at where no pairs are named; pairs beyond it come with figures only.
    """

    fdr: float = 0.05
    least_shared: int = 2
    least_origins: int = 2
    degree_cut: int = 200
    shown: int = 50
    explained: int = 100_000


class _Tested(msgspec.Struct, frozen=True, eq=False):
    """The figures of one unit: pairs that share something with their p, q and score, and the model behind them."""

    unit: str
    keys: IntArray
    pairs: Pairs
    p: np.ndarray
    q: np.ndarray
    score: np.ndarray
    expected: np.ndarray
    model: DegreeModel
    wanted: BoolArray


def compare(
    observations: pa.Table,
    settings: OverlapSettings,
    pairs: tuple[tuple[str, str], ...] | None = None,
    *,
    copies: Copies | None = None,
    sources: Mapping[str, frozenset[str]] | None = None,
    habits: pa.Table | None = None,
) -> tuple[PairOverlap, ...]:
    """Return what pairs of clusters share, per unit type and for all of them together.

    Without ``pairs``, every pair that shares something, by unit and falling score; with ``pairs``, these pairs for
    every unit that the table has, also where they share nothing. ``observed`` and the test count units held by two
    to ``degree_cut`` clusters; prevalence counts all clusters of the table. ``p_value`` is exact under the null model
    (``inference.null_model``), ``q_value`` is taken over all G(G-1)/2 pairs of the G clusters given, and ``score`` is
    ``-10·log10`` of a bound on the chance of a rarity-weighted overlap as large: rank by it, do not decide by it. With
    ``habits`` (``overlap.habits.habits`` of all rows, with the clusters named as here) the score of all units together
    counts them too (``overlap.score``).

    ``copies`` says which reports repeat which (``overlap.copies``); without it they are looked for among the rows of
    the table, in their order. ``sources`` are those of each cluster (:func:`sources_of`), to be given where the table
    has not all of its rows. ``origins`` counts what is left, and is 1 at most where one source alone says that a
    cluster used any of the values (:func:`overlap.shared.on_one_word`). ``weight`` is that of ``overlap.weights``.

    Raises ``ValueError`` for a missing column, and for a pair that names an unknown cluster or one cluster twice.
    """
    missing = [name for name in COLUMNS if name not in observations.column_names]
    if missing:
        raise ValueError(f"the table of observations lacks {', '.join(missing)}")
    incidence = build(observations)
    chosen = None if pairs is None else _codes_of(pairs, incidence.clusters)
    tested = [
        _test(incidence, unit, wanted, settings, habits if unit == ALL_UNITS else None)
        for unit, wanted in _families(observations, incidence)
    ]
    places = _places(tested, len(incidence.clusters), chosen, settings)
    origin = (find_copies(observations) if copies is None else copies).origin
    reasons = _explain(observations, incidence, {key for _, key, full in places if full}, settings, origin)
    known = sources_of(observations) if sources is None else sources
    population = f"{len(incidence.clusters)} clusters, {observations.num_rows} rows"
    return tuple(
        _pair(tested[index], key, incidence, reasons.get(key) if full else None, known, population, settings)
        for index, key, full in places
    )


def is_linked(pair: PairOverlap, settings: OverlapSettings) -> bool:
    """Return whether an overlap may be called a link.

    It takes more than chance gives (``q_value`` at most ``fdr``), and two shared values with weight from two origins.
    One value, however exclusive, is a lead: the header that pointed to Lazarus in Olympic Destroyer was forged.
    """
    weighty = sum(each.decibans > 0.0 for each in pair.shared)
    enough = weighty >= settings.least_shared and pair.origins >= settings.least_origins
    return enough and pair.observed >= settings.least_shared and pair.q_value <= settings.fdr


def _codes_of(pairs: Iterable[tuple[str, str]], clusters: Sequence[str]) -> list[tuple[int, int]]:
    code = {name: index for index, name in enumerate(clusters)}
    found = []
    for a, b in pairs:
        for name in (a, b):
            if name not in code:
                raise ValueError(f"no observation belongs to a cluster {name!r}")
        if a == b:
            raise ValueError(f"a cluster cannot be compared with itself: {a!r}")
        found.append((code[a], code[b]))
    return found


def _families(observations: pa.Table, incidence: Incidence) -> list[tuple[str, BoolArray]]:
    """Return each unit type with the mask of its units, and last the combined one."""
    types = np.array(incidence.unit_type, dtype=object)
    names = sorted(set(incidence.unit_type))
    families = [(name, np.asarray(types == name, dtype=np.bool_)) for name in names]
    outer = np.zeros(len(incidence.unit_type), dtype=np.bool_)
    outer[incidence.unit_of_rows()[_outermost(observations)]] = True
    return [*families, (ALL_UNITS, outer)]


def _outermost(observations: pa.Table) -> BoolArray:
    """Return for each row whether its unit is the one by which its observation counts in :data:`ALL_UNITS`."""
    last = len(PREFERENCE) - 1
    place = pc.fill_null(pc.index_in(observations["unit_type"], pa.array(PREFERENCE)), -1).to_numpy()
    ranks = np.where(place < 0, 2 * last - 1, 2 * place).astype(np.int64)
    listed = pc.not_equal(pc.fill_null(observations["listed"], ""), "").to_numpy()
    ranks[listed & (place == PREFERENCE.index("domain-name"))] = 2 * last + 1
    observable = codes_of(observations["type"], observations["value"])
    best = np.full(int(observable.max(initial=-1)) + 1, 2 * last + 1, dtype=np.int64)
    np.minimum.at(best, observable, ranks)
    return np.asarray(ranks == best[observable], dtype=np.bool_)


def _test(
    incidence: Incidence, unit: str, wanted: BoolArray, settings: OverlapSettings, habits: pa.Table | None
) -> _Tested:
    clusters = len(incidence.clusters)
    own = wanted[incidence.unit]
    counts = count(incidence.unit[own], incidence.cluster[own], clusters, degree_cut=settings.degree_cut)
    pairs = counts.pairs
    model = fit_bicm(counts.kept, np.repeat(np.arange(counts.degrees.size), counts.degrees))
    a, b = pairs.a.astype(np.int64), pairs.b.astype(np.int64)
    joint = joint_probability(model, a, b)
    p = count_tail(joint, model.multiplicity, pairs.count)
    layers = [Layer(joint, model.multiplicity, value_weights(model.column_degree), pairs.rarity / RARITY_SCALE)]
    if habits is not None:
        layers += habit_layers(habits, incidence.clusters, a, b)
    return _Tested(
        unit=unit,
        keys=a * clusters + b,
        pairs=pairs,
        p=p,
        q=benjamini_hochberg(p, math.comb(clusters, 2)),
        score=decibans(layers),
        expected=joint @ model.multiplicity,
        model=model,
        wanted=wanted,
    )


def _places(
    tested: Sequence[_Tested], clusters: int, chosen: list[tuple[int, int]] | None, settings: OverlapSettings
) -> list[tuple[int, tuple[int, int], bool]]:
    """Return what to report: (unit, pair, whether its shared values are explained), in the order of the answer."""
    if chosen is not None:
        return [(index, pair, True) for pair in chosen for index in range(len(tested))]
    ranked = [
        (index, place)
        for index, each in enumerate(tested)
        for place in np.lexsort((each.keys, -each.pairs.count, -each.score)).tolist()
    ]
    best: dict[int, tuple[float, int]] = {}
    for index, place in ranked:
        key, count = int(tested[index].keys[place]), int(tested[index].pairs.count[place])
        score, shared = best.get(key, (0.0, 0))
        best[key] = (max(score, float(tested[index].score[place])), max(shared, count))
    left, full = settings.explained, set()
    for key, (_, shared) in sorted(best.items(), key=lambda item: (-item[1][0], item[0])):
        left -= shared
        if left < 0:
            break
        full.add(key)
    places = []
    for index, place in ranked:
        key = int(tested[index].keys[place])
        places.append((index, (key // clusters, key % clusters), key in full))
    return places


def _explain(
    observations: pa.Table,
    incidence: Incidence,
    pairs: set[tuple[int, int]],
    settings: OverlapSettings,
    origin: OriginOf,
) -> dict[tuple[int, int], list[tuple[int, Explained]]]:
    """Return for each pair its shared units, each with its weight and reports."""
    index = by_cluster(incidence)
    shared: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    for a, b in pairs:
        mine, theirs = index.of(a), index.of(b)
        units, at_a, at_b = np.intersect1d(
            incidence.unit[mine], incidence.unit[theirs], assume_unique=True, return_indices=True
        )
        shared[a, b] = list(zip(units.tolist(), mine[at_a].tolist(), theirs[at_b].tolist(), strict=True))
    uses = _uses(observations, incidence, sorted({e for each in shared.values() for _, *both in each for e in both}))
    numbers = sorted({unit for each in shared.values() for unit, _, _ in each})
    value = dict(zip(numbers, incidence.unit_value.take(pa.array(numbers, pa.int64())).to_pylist(), strict=True))
    return {
        pair: [
            (
                unit,
                explain(
                    incidence.unit_type[unit],
                    int(incidence.degree[unit]),
                    uses[entry_a],
                    uses[entry_b],
                    value=value[unit],
                    degree_cut=settings.degree_cut,
                    origin=origin,
                ),
            )
            for unit, entry_a, entry_b in each
        ]
        for pair, each in shared.items()
    }


def _uses(observations: pa.Table, incidence: Incidence, entries: list[int]) -> Mapping[int, list[Use]]:
    """Return the distinct rows behind each of ``entries``."""
    spans = [(entry, int(incidence.start[entry]), int(incidence.start[entry + 1])) for entry in entries]
    rows = [incidence.rows[begin:end] for _, begin, end in spans]
    taken = observations.select(Use.__struct_fields__).take(np.concatenate([np.empty(0, np.int64), *rows]))
    texts = [[text or "" for text in column.to_pylist()] for column in taken.columns]
    every = [Use(*row) for row in zip(*texts, strict=True)]
    uses, done = {}, 0
    for entry, begin, end in spans:
        uses[entry] = list(dict.fromkeys(every[done : done + end - begin]))
        done += end - begin
    return uses


def _pair(
    tested: _Tested,
    pair: tuple[int, int],
    incidence: Incidence,
    reasons: list[tuple[int, Explained]] | None,
    known: Mapping[str, frozenset[str]],
    population: str,
    settings: OverlapSettings,
) -> PairOverlap:
    a, b = pair
    clusters = len(incidence.clusters)
    key = min(pair) * clusters + max(pair)
    place = int(np.searchsorted(tested.keys, key))
    found = place < tested.keys.size and tested.keys[place] == key
    own = [each for unit, each in reasons or () if tested.wanted[unit]]
    expected = tested.expected[place] if found else _expected(tested.model, a, b)
    weight, families = pair_weight(each.shared for each in own)
    return PairOverlap(
        a=incidence.clusters[a],
        b=incidence.clusters[b],
        unit=tested.unit,
        observed=int(tested.pairs.count[place]) if found else 0,
        expected=round(float(expected), 4),
        p_value=float(tested.p[place]) if found else 1.0,
        q_value=float(tested.q[place]) if found else 1.0,
        pairs_tested=math.comb(clusters, 2),
        score=round(float(tested.score[place]), 2) if found else 0.0,
        origins=_origins(own, *(known.get(incidence.clusters[each], frozenset()) for each in pair)),
        population=population,
        shared=_weightiest([each.shared for each in own], settings.shown),
        shared_total=len(own) if reasons is not None else int(tested.pairs.count[place]) if found else 0,
        weight=weight,
        families=families,
    )


def _origins(own: Sequence[Explained], known_a: frozenset[str], known_b: frozenset[str]) -> int:
    """Count the origins of the values with weight; of an overlap without any it is one."""
    weighty = [each for each in own if each.shared.decibans > 0.0]
    if on_one_word([each.sources_a for each in weighty], [each.sources_b for each in weighty], known_a, known_b):
        return 1
    return independent_origins(weighty) or int(bool(own))


def sources_of(observations: pa.Table) -> dict[str, frozenset[str]]:
    """Return for each ``cluster`` of a table by which ``source`` it is told of."""
    told = observations.select(["cluster", "source"]).group_by(["cluster", "source"]).aggregate([])
    found: dict[str, set[str]] = {}
    for cluster, source in zip(told["cluster"].to_pylist(), told["source"].to_pylist(), strict=True):
        found.setdefault(cluster or "", set()).add(source or "")
    return {cluster: frozenset(each) for cluster, each in found.items()}


def _expected(model: DegreeModel, a: int, b: int) -> float:
    joint = joint_probability(model, np.array([a]), np.array([b]))
    return float((joint @ model.multiplicity)[0])


def _weightiest(shared: list[SharedObservable], shown: int) -> tuple[SharedObservable, ...]:
    return tuple(sorted(shared, key=lambda each: (-each.decibans, each.type, each.value))[:shown])

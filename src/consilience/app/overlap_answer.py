"""The answer to ``consilience overlap``: pairs in the order of rank with verdict and kind, filtered as asked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from consilience.app.link_question import judge_pair, judge_pairs
from consilience.app.overlapping import (
    SMALL_POPULATION,
    Compared,
    Crowd,
    OverlapReport,
    Resolved,
    Side,
    find_overlaps,
)
from consilience.app.settings import Settings
from consilience.app.use_cases import existing_workspace, knowledge
from consilience.errors import UnknownNameError
from consilience.knowledge.infrastructure import open_shared_infrastructure
from consilience.model.assessment import PairOverlap, SharedObservable
from consilience.overlap.copies import Derivation
from consilience.overlap.kind import LinkVerdict
from consilience.overlap.pairs import ALL_UNITS, OverlapSettings
from consilience.overlap.verdict import Verdict, verdict

JUDGED_AT_MOST: Final = 200
"""The kind of link is judged for as many pairs at most, the first by rank; what comes after is said not to be."""

NOT_ENOUGH: Final = "not enough to say"

_EVERY_VALUE: Final = 1_000_000


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: two clusters or all pairs, and what is left out of the answer.

    ``since`` is a partial date; ``kind`` a :class:`HypothesisKind` value; ``least_weight`` in decibans; ``fdr`` the
    false discovery rate at which a pair is called a link. ``judge`` is for how many pairs the kind is wanted;
    ``whole`` asks for every shared value of every pair that is looked at, not the weightiest alone.
    """

    a: str = ""
    b: str = ""
    since: str = ""
    kind: str = ""
    least_weight: float | None = None
    fdr: float = 0.05
    judge: int = 20
    whole: bool = False


class RankedPair(msgspec.Struct, frozen=True):
    """A pair: the overlap that stands for it, all its units, and what may be said of it.

    ``kind`` is ``None`` where it was not judged.
    """

    head: PairOverlap
    units: tuple[PairOverlap, ...]
    verdict: Verdict
    kind: LinkVerdict | None = None

    @property
    def kind_named(self) -> str:
        """The kind of link, :data:`NOT_ENOUGH` where there is not enough to name one, or empty: not judged."""
        if self.kind is None:
            return ""
        return NOT_ENOUGH if self.kind.abstains else self.kind.leading.value

    @property
    def kind_probability(self) -> float | None:
        """The probability of the kind named; ``None`` where none is."""
        return None if self.kind is None or self.kind.abstains else self.kind.probability[self.kind.leading.value]


class ValueOfPair(msgspec.Struct, frozen=True):
    """A shared value with what each side's rows say of it."""

    shared: SharedObservable
    a: Side
    b: Side


class OverlapAnswer(msgspec.Struct, frozen=True):
    """Pairs by rank, and for two clusters by name every value that they share, the weightiest first.

    ``tested`` is how many pairs were tested and ``sharing`` how many share something, both before the filters;
    ``judged`` for how many the kind was judged, and ``unseen`` of how many the values were not looked at, so that they
    have no weight.
    ``coarse`` are the overlaps of pairs that share nothing but a coarser unit, such as the network of two addresses:
    they have no place in the ranking, and are counted aloud. ``derivations`` and ``one_word`` as in
    :class:`~consilience.app.overlapping.OverlapReport`.
    """

    pairs: tuple[RankedPair, ...]
    values: tuple[ValueOfPair, ...]
    resolved: tuple[Resolved, ...]
    compared: Compared
    crowds: tuple[Crowd, ...]
    tested: int
    sharing: int
    judged: int
    unseen: int = 0
    coarse: tuple[PairOverlap, ...] = ()
    derivations: tuple[Derivation, ...] = ()
    one_word: str = ""

    @property
    def by_word_alone(self) -> bool:
        """Whether one of two clusters has no observation, so that nothing was compared and only words are judged."""
        return not self.compared.rows and any(pair.kind for pair in self.pairs)

    @property
    def few(self) -> bool:
        """Whether the workspace holds too few clusters to judge chance by."""
        return self.tested < math.comb(SMALL_POPULATION, 2)


def answer(where: Settings, asked: Asked, settings: OverlapSettings | None = None) -> OverlapAnswer:
    """Compare, rank, judge and filter; ``asked`` goes before ``settings``. Raises as :func:`find_overlaps`."""
    settings = msgspec.structs.replace(settings or OverlapSettings(), fdr=asked.fdr)
    if asked.a or asked.whole:
        settings = msgspec.structs.replace(settings, shown=_EVERY_VALUE)
    try:
        report = find_overlaps(where, asked.a, asked.b, since=asked.since, settings=settings)
    except UnknownNameError:
        if asked.a and (said := _by_word_alone(where, asked)):
            return said
        raise
    ranked = _ranked(report.pairs, settings)
    coarse: tuple[PairOverlap, ...] = ()
    if not asked.a:
        coarse = tuple(unit for pair in ranked if pair.head.unit != ALL_UNITS for unit in pair.units)
        ranked = [pair for pair in ranked if pair.head.unit == ALL_UNITS]
    sharing = sum(any(each.observed for each in pair.units) for pair in ranked)
    unseen = sum(bool(pair.head.observed and not pair.head.shared) for pair in ranked)
    if asked.least_weight is not None:
        ranked = [pair for pair in ranked if pair.head.weight >= asked.least_weight]
    wanted = JUDGED_AT_MOST if asked.kind else min(asked.judge, JUDGED_AT_MOST)
    judged = _judged(where, ranked[:wanted])
    ranked = [*judged, *ranked[wanted:]] if not asked.kind else [p for p in judged if p.kind_named == asked.kind]
    return OverlapAnswer(
        pairs=tuple(ranked),
        values=_values(report) if ranked else (),
        resolved=report.resolved,
        compared=report.compared,
        crowds=report.crowds,
        tested=max((pair.pairs_tested for pair in report.pairs), default=0),
        sharing=sharing,
        judged=len(judged),
        unseen=unseen,
        coarse=coarse,
        derivations=report.derivations,
        one_word=report.one_word,
    )


def _by_word_alone(where: Settings, asked: Asked) -> OverlapAnswer | None:
    """Return the answer for two clusters of which one has no observation: what is said of them, if anything is."""
    with existing_workspace(where) as workspace, knowledge(where) as known:
        kind = judge_pair(known, workspace, open_shared_infrastructure(where.cache), asked.a, asked.b)
    if not kind.items:
        return None
    head = PairOverlap(
        a=asked.a,
        b=asked.b,
        unit=ALL_UNITS,
        observed=0,
        expected=0.0,
        p_value=1.0,
        q_value=1.0,
        pairs_tested=0,
        score=0.0,
        origins=0,
        population="",
    )
    pair = RankedPair(head, (), Verdict.CHANCE, kind)
    return OverlapAnswer((pair,), (), (), Compared(), (), tested=0, sharing=0, judged=1)


def _ranked(pairs: Iterable[PairOverlap], settings: OverlapSettings) -> list[RankedPair]:
    """Group overlaps by pair; the combined unit stands for it, else the unit that is least like chance."""
    units: dict[tuple[str, str], list[PairOverlap]] = {}
    for pair in pairs:
        units.setdefault((pair.a, pair.b), []).append(pair)
    heads: dict[tuple[str, str], PairOverlap] = {}
    for pair in pairs:
        if pair.unit == ALL_UNITS:
            heads[pair.a, pair.b] = pair
    for key, found in units.items():
        heads.setdefault(key, min(found, key=lambda each: (each.q_value, each.p_value, -each.observed)))
    return [RankedPair(head, tuple(units[key]), verdict(head, settings)) for key, head in heads.items()]


def _judged(where: Settings, pairs: Sequence[RankedPair]) -> list[RankedPair]:
    """Return the pairs with the verdict on the kind of link."""
    if not pairs:
        return []
    with existing_workspace(where) as workspace, knowledge(where) as known:
        kinds = judge_pairs(
            known,
            workspace,
            [(each.head.a, each.head.b) for each in pairs],
            {(each.head.a, each.head.b): each.units for each in pairs},
        )
    return [msgspec.structs.replace(pair, kind=kind) for pair, kind in zip(pairs, kinds, strict=True)]


def _values(report: OverlapReport) -> tuple[ValueOfPair, ...]:
    """Return every shared value of a pair once, the weightiest first, with both sides."""
    shared = {(each.type, each.value): each for pair in report.pairs for each in pair.shared}
    ordered = sorted(shared.values(), key=lambda each: (-each.decibans, each.type, each.value))
    return tuple(ValueOfPair(each, *report.sides[each.type, each.value]) for each in ordered if report.sides)


def pair_rows(pairs: Iterable[RankedPair]) -> list[Mapping[str, object]]:
    """Return pairs as rows of ``exchange.overlap_table.PAIRS``."""
    return [
        {
            "a": pair.head.a,
            "b": pair.head.b,
            "verdict": pair.verdict.value,
            "weight_db": pair.head.weight,
            "kind": pair.kind_named,
            "kind_probability": pair.kind_probability,
            "shared": pair.head.observed,
            "expected": pair.head.expected,
            "p": pair.head.p_value,
            "q": pair.head.q_value,
            "pairs_tested": pair.head.pairs_tested,
            "score": pair.head.score,
            "origins": pair.head.origins,
            "sources": sorted({source for each in pair.head.shared for source in each.sources}),
            "reports": sorted({report for each in pair.head.shared for report in each.reports}),
            "population": pair.head.population,
        }
        for pair in pairs
    ]


def value_rows(head: PairOverlap, values: Iterable[ValueOfPair]) -> list[Mapping[str, object]]:
    """Return the shared values of a pair as rows of ``exchange.overlap_table.VALUES``."""
    return [_value_row(head, value) for value in values]


def _value_row(head: PairOverlap, value: ValueOfPair) -> dict[str, object]:
    shared = value.shared
    row: dict[str, object] = {
        "a": head.a,
        "b": head.b,
        "type": shared.type,
        "value": shared.value,
        "weight_db": shared.decibans,
        "clusters": shared.prevalence,
        "gap_days": shared.gap_days,
        "listed": shared.discount,
        "dates": list(shared.dates),
        "sources": list(shared.sources),
        "reports": list(shared.reports),
        "steps": [f"{part.name} {part.decibans:+.2f}" for part in shared.parts],
    }
    for end, side in (("a", value.a), ("b", value.b)):
        row |= {
            f"first_{end}": side.first,
            f"last_{end}": side.last,
            f"reported_{end}": side.reported,
            f"sources_{end}": list(side.sources),
            f"reports_{end}": list(side.reports),
            f"spellings_{end}": list(side.spellings),
        }
    return row

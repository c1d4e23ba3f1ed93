"""What settled answers say of the method: how often claims were right, as a whole and part by part.

Parts: the band of the named cluster (what a reader has in hand), the band of the right one (what the clusters
experience), the year of the case, and the families of evidence that the answer rests on (an answer that rests on
several counts in each). Every figure comes from ``inference.calibration`` and carries its interval (90 %).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

import msgspec
import numpy as np

from consilience.attribution.candidates import BANDS
from consilience.attribution.profiles import UNDATED, KnownReport
from consilience.attribution.settled import FAMILIES, SettledAnswer
from consilience.inference.calibration import (
    BrierParts,
    Interval,
    bootstrap,
    brier,
    calibration_error,
    reliability_curve,
    risk_coverage,
)
from consilience.inference.proportion import Share, share_of
from consilience.inference.weighing import BoolArray
from consilience.knowledge.indicator_model import Learnt
from consilience.knowledge.settled_record import SettledRecord, StrengthRow, strength

SURE: Final = 0.95
CURVE_BINS: Final = 10
STEPS: Final = 10
RESAMPLED: Final = 300
_SEED: Final = 7

ALL: Final = "all"
BAND: Final = "band"
TRUTH_BAND: Final = "truth-band"
YEAR: Final = "year"
FAMILY: Final = "family"


KINDS: Final = (ALL, BAND, TRUTH_BAND, YEAR, FAMILY)
"""Kinds of part, in the order of the page."""


class CurvePoint(msgspec.Struct, frozen=True):
    """Cases that were given about the same probability: its mean, and how many were right."""

    stated: float
    right: Share


class CoveragePoint(msgspec.Struct, frozen=True):
    """The surest cases up to a share ``coverage`` of all: the share of wrong answers among them."""

    coverage: float
    risk: float


class PartFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one part of the cases: ``kind`` of part and its ``name``, such as ``band`` and ``few``.

    ``error`` is the expected calibration error (15 bins) and ``excess`` what of it a perfectly calibrated forecaster
    with these statements would not show; ``sure`` are claims of 95 % or more, ``named`` the cases where a name was
    given. ``coverage`` has a point for each of :data:`STEPS` steps.
    """

    kind: str
    name: str
    stated: float
    right: Share
    brier: BrierParts
    error: Interval
    excess: float
    sure: Share
    named: Share
    curve: tuple[CurvePoint, ...]
    coverage: tuple[CoveragePoint, ...]


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """The record of the method on settled cases.

    ``data`` names the reports where they are a known collection and is empty for those of a workspace. ``reports`` are
    dated and of a known cluster, of ``clusters`` clusters; ``undated`` could not be used. ``cases`` is how many answers
    the figures count, published from ``first`` to ``last`` (ISO dates), and ``older`` how many more were answered about
    reports from the years on which the weights were learnt: these show by year alone. Where there are no others,
    ``untuned`` is false and the figures count them.
    """

    data: str
    reports: int
    clusters: int
    undated: int
    first: str
    last: str
    cases: int
    older: int
    untuned: bool
    learnt: Learnt
    parts: tuple[PartFigures, ...]
    record: SettledRecord


def calibration(
    answers: Sequence[SettledAnswer], reports: Iterable[KnownReport], learnt: Learnt, data: str
) -> Calibration:
    """Return the record that the answers about ``reports`` make; raises ``ValueError`` without an answer."""
    if not answers:
        raise ValueError("no settled case has an answer")
    border = date(learnt.before, 1, 1).toordinal()
    later = [each for each in answers if each.day >= border]
    counted, older = (later, [each for each in answers if each.day < border]) if later else (answers, [])
    days = [date.fromordinal(each.day) for each in counted]
    every = tuple(reports)
    dated = [each for each in every if each.last != UNDATED]
    first, last = min(days), max(days)
    return Calibration(
        data=data,
        reports=len(dated),
        clusters=len({each.cluster for each in dated}),
        undated=len(every) - len(dated),
        first=first.isoformat(),
        last=last.isoformat(),
        cases=len(counted),
        older=len(older),
        untuned=bool(later),
        learnt=learnt,
        parts=(*figures(older, (YEAR,)), *figures(counted)),
        record=SettledRecord(data=data, first_year=first.year, last_year=last.year, row=strength_rows(counted)),
    )


def figures(answers: Sequence[SettledAnswer], kinds: Sequence[str] = KINDS) -> tuple[PartFigures, ...]:
    """Return the figures of all answers, then of each part that has any; nothing without an answer."""
    return tuple(_part(kind, name, of) for kind, name, of in _parts(answers) if kind in kinds)


def strength_rows(answers: Sequence[SettledAnswer]) -> tuple[StrengthRow, ...]:
    """Return how often claims of each strength were right, by band of the named cluster, the strongest first."""
    found: dict[tuple[str, float, float], list[bool]] = {}
    for each in answers:
        found.setdefault((each.band, *strength(each.stated)), []).append(each.right)
    order = sorted(found, key=lambda key: (BANDS.index(key[0]), -key[1]))
    return tuple(StrengthRow(*key, sum(found[key]), len(found[key])) for key in order)


def _parts(answers: Sequence[SettledAnswer]) -> Iterator[tuple[str, str, list[SettledAnswer]]]:
    years = sorted({_year(each) for each in answers})
    splits: list[tuple[str, str, list[SettledAnswer]]] = [
        (ALL, ALL, list(answers)),
        *((BAND, name, [each for each in answers if each.band == name]) for name in BANDS),
        *((TRUTH_BAND, name, [each for each in answers if each.truth_band == name]) for name in BANDS),
        *((YEAR, str(year), [each for each in answers if _year(each) == year]) for year in years),
        *((FAMILY, name, [each for each in answers if name in each.families]) for name in FAMILIES),
    ]
    return (each for each in splits if each[2])


def _year(answer: SettledAnswer) -> int:
    return date.fromordinal(answer.day).year


def _part(kind: str, name: str, answers: Sequence[SettledAnswer]) -> PartFigures:
    stated = np.array([each.stated for each in answers])
    right = np.array([each.right for each in answers])
    error = bootstrap(
        lambda drawn: calibration_error(stated[drawn], right[drawn]), stated.size, seed=_SEED, times=RESAMPLED
    )
    risks = risk_coverage(stated, right)
    ends = [max(1, round(step * stated.size / STEPS)) for step in range(1, STEPS + 1)]
    return PartFigures(
        kind=kind,
        name=name,
        stated=float(stated.mean()),
        right=_share(right),
        brier=brier(stated, right),
        error=error,
        excess=calibration_error(stated, right, debiased=True),
        sure=_share(right[stated >= SURE]),
        named=_share(right[np.array([each.named for each in answers])]),
        curve=tuple(
            CurvePoint(each.stated, share_of(round(each.right * each.count), each.count))
            for each in reliability_curve(stated, right, CURVE_BINS)
        ),
        coverage=tuple(CoveragePoint(float(risks.coverage[at - 1]), float(risks.risk[at - 1])) for at in ends),
    )


def _share(right: BoolArray) -> Share:
    return share_of(int(right.sum()), int(right.size))

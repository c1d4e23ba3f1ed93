"""Whose indicators are these? A report's traces and traits in, a calibrated distribution over clusters out.

One of the answers is always "unknown": an actor that is not known here.

The model is log-linear (conditional logit, McFadden 1974): the log-odds of two candidates is a sum of features times
learnt weights, in decibans. Three parts, each with its own bars in the explanation:

- *prior*: how active the candidate is, over a short and a long half-life, and how many reports it has at all;
- *traits*: how much the names and paths resemble the candidate's, by class, shrunk where it has few reports;
- *traces*: what it shares, by kind of unit, with rarity, age, number (the discount inside the family), share of the
  report's values, number of its reports that hold it, and the size of the candidate: a large cluster meets by chance.

Traces that are not shared add nothing and take nothing: their sum is never below 0. "Unknown", an actor without a
report here, is a candidate of its own, with features of the report alone. The probability of the leading candidate is
then corrected by the record (``track_record``), with a shift for its band: a cluster with fewer than ten reports, one
of the five largest of the others, or any with ten or more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from consilience.attribution.profiles import NOBODY, UNDATED, Activity, Held, Profiles
from consilience.attribution.traces import KINDS, TRAITS, Indicators
from consilience.inference.weighing import DECIBANS, FloatArray, IntArray
from consilience.knowledge.indicator_model import IndicatorModel, Settings

ACTIVITY: Final = ("recent-short", "recent-long", "reports")
RESEMBLANCE: Final = tuple(f"trait-{each}" for each in TRAITS)
COMMON: Final = ("rarity", "age", "further", "share", "reports-with", "size")
SHARED: Final = (*(f"trace-{each}" for each in KINDS), *COMMON)
CANDIDATE: Final = (*ACTIVITY, *RESEMBLANCE, *SHARED)
"""Features of a candidate, in their order; all logarithms are natural but that of rarity, which is in bits.

``recent-*``: log(weighed reports + floor); ``reports``: log(reports + 1); ``trait-*``: mean log likelihood ratio;
``trace-*``: 1 where such a unit is shared; ``rarity``: log2 of the holders of the rarest; ``age``: log(1 + days/30) of
the newest; ``further``: log of the units shared; ``share``: log of the share of chains that match; ``reports-with``:
log of the most reports that hold one of them; ``size``: log of the candidate's reports.
"""
UNKNOWN: Final = ("always", "values", "matched")
"""Features of "unknown": 1; log of the number of chains; 1 where any candidate shares a trace."""

LARGEST: Final = "largest"
MANY: Final = "many"
FEW: Final = "few"
BANDS: Final = (LARGEST, MANY, FEW)

TRACES: Final = slice(len(ACTIVITY) + len(RESEMBLANCE), len(CANDIDATE))
"""Which features are those of traces; their sum is never below 0."""


class Features(msgspec.Struct, frozen=True):
    """What the model sees of a report: ``candidates`` (clusters, features), ``unknown`` (features,), and their source.

    Clusters without a report as of the day are no candidates; ``activity.reports`` says which.
    """

    candidates: FloatArray
    unknown: FloatArray
    activity: Activity
    held: Mapping[int, Sequence[Held]]


class Scored(msgspec.Struct, frozen=True):
    """Probabilities before and after calibration, (clusters + 1,), the last being "unknown"'s; leader and its band."""

    raw: FloatArray
    stated: FloatArray
    leader: int
    band: str


class MatchedUnit(msgspec.Struct, frozen=True, kw_only=True):
    """A trace that a report shares with a candidate, and its weight in decibans if it stood alone.

    ``holders`` counts the clusters that hold it, ``reports`` the candidate's reports with it, ``values`` the report's
    values that lead to it; ``newest`` is the day of the latest of those reports, or :data:`UNDATED`.
    """

    kind: str
    value: str
    decibans: float
    holders: int
    reports: int
    values: int
    newest: int


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster with its probability and the log-odds, in decibans against "unknown", that make it before calibration.

    ``prior`` + ``traits`` + ``traces`` = the sum; ``traces`` is that of ``matched`` with ``dependence`` added, which
    is what they lose (or gain) by standing together. ``reports`` is the number of the cluster's reports as of the day.
    """

    cluster: str
    posterior: float
    band: str
    reports: int
    prior: float
    traits: float
    traces: float
    dependence: float
    matched: tuple[MatchedUnit, ...]


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """Candidates from the most to the least probable, with "unknown"'s own probability.

    ``rest`` is the probability of all known clusters that are not listed. ``abstains`` where no name should be given;
    ``reasons`` are codes: ``no-indicators``, ``no-profiles``, ``unknown-leads``, ``below-threshold``,
    ``no-shared-trace`` (the answer would rest on resemblance and activity), ``record-too-thin`` (the band's cap holds
    the probability down).
    """

    candidates: tuple[Candidate, ...]
    unknown: float
    rest: float
    abstains: bool
    reasons: tuple[str, ...]


def features(report: Indicators, profiles: Profiles, day: int, settings: Settings, without: int = NOBODY) -> Features:
    """Return the features of a report as of ``day``; cluster number ``without`` is treated as having no report.

    Where ``day`` is :data:`UNDATED`, all reports are seen and age counts to the newest of them.
    """
    today = day if day != UNDATED else profiles.newest
    activity = profiles.activity(day, settings.half_life_short, settings.half_life_long)
    short, long = activity.recent
    reports = activity.reports.copy()
    if without != NOBODY:
        reports[without] = 0
    present = reports > 0
    out = np.zeros((len(profiles.clusters), len(CANDIDATE)))
    out[:, 0] = np.where(present, np.log(short + settings.floor_short), 0.0)
    out[:, 1] = np.where(present, np.log(long + settings.floor_long), 0.0)
    out[:, 2] = np.log1p(reports)
    if report.traits:
        out[:, 3 : TRACES.start] = profiles.resemblance(report.traits, day, reports, settings.pooled)
    held: dict[int, list[Held]] = {}
    for one in profiles.held(report.chains, day, without):
        held.setdefault(one.cluster, []).append(one)
    for cluster, several in held.items():
        out[cluster, TRACES] = _of_traces(several, len(report.chains), int(reports[cluster]), today)
    unknown = np.array([1.0, math.log(max(1, len(report.chains))), float(bool(held))])
    return Features(out, unknown, Activity(reports, activity.recent), held)


def _of_traces(held: Sequence[Held], chains: int, reports: int, day: int) -> list[float]:
    kinds = {one.unit[0] for one in held}
    return [
        *(float(kind in kinds) for kind in KINDS),
        math.log2(min(one.holders for one in held)),
        math.log1p(_age(held, day) / 30.0),
        math.log(len(held)),
        math.log(min(1.0, sum(one.values for one in held) / chains)),
        math.log(max(one.reports for one in held)),
        math.log(max(1, reports)),
    ]


_UNKNOWN_AGE: Final = 365.0
"""Age in days that a match counts as where its day is unknown."""


def _age(held: Sequence[Held], day: int) -> float:
    newest = max(one.newest for one in held)
    return _UNKNOWN_AGE if newest == UNDATED else float(max(0, day - newest))


def score(seen: Features, model: IndicatorModel) -> Scored:
    """Return the probabilities of all clusters and of "unknown". Clusters without a report have 0."""
    weights = _weights(model)
    sums = _sums(seen, weights)
    total = np.append(sums.sum(axis=1), seen.unknown @ np.array([model.unknown[name] for name in UNKNOWN]))
    total[:-1][seen.activity.reports == 0] = -np.inf
    raw = np.exp((total - total.max()) / DECIBANS)
    raw /= raw.sum()
    if raw.size == 1 or not raw[:-1].any():
        return Scored(raw, raw, -1, "")
    leader = int(raw[:-1].argmax())
    band = band_of(leader, seen.activity.reports, model.settings)
    stated = corrected(float(raw[leader]), band, leader in seen.held, model)
    out = raw * ((1.0 - stated) / max(1.0 - raw[leader], 1e-12))
    out[leader] = stated
    return Scored(raw, out / out.sum(), leader, band)


def corrected(probability: float, band: str, traced: bool, model: IndicatorModel) -> float:
    """Return what is stated for a leading candidate's probability: Platt's form (1999) with two shifts, then the cap.

    ``traced`` says whether the candidate shares a trace with the report. A surer candidate is never made less sure.
    """
    x = log_odds(probability)
    by, own = model.correction, model.band[band]
    slope, total = by.slope, by.intercept + own.shift
    if not traced:
        slope, total = slope + by.untraced_slope, total + by.untraced
    total += max(0.0, slope) * x
    return min(1.0 / (1.0 + math.exp(-total)), own.cap)


def log_odds(probability: float) -> float:
    """Return log odds in nats, at most 12 either way."""
    inner = min(max(probability, 1e-12), 1.0 - 1e-12)
    return min(max(math.log(inner / (1.0 - inner)), -12.0), 12.0)


def band_of(cluster: int, reports: IntArray, settings: Settings) -> str:
    """Return the band of a cluster: by the number of its ``reports`` (clusters,), then by its place among all.

    A cluster with few reports is in the smallest band even where nobody has more: the record of the largest clusters
    was made by clusters with many.
    """
    if reports[cluster] < settings.many:
        return FEW
    ahead = int((reports > reports[cluster]).sum() + (reports[:cluster] == reports[cluster]).sum())
    return LARGEST if ahead < settings.largest else MANY


def _weights(model: IndicatorModel) -> FloatArray:
    return np.array([model.candidate[name] for name in CANDIDATE])


def _sums(seen: Features, weights: FloatArray) -> FloatArray:
    """Return decibans by candidate and part, (clusters, 3): prior, traits, traces."""
    each = seen.candidates * weights
    traces = np.maximum(each[:, TRACES].sum(axis=1), 0.0)
    prior, traits = each[:, : len(ACTIVITY)], each[:, len(ACTIVITY) : TRACES.start]
    return np.stack([prior.sum(axis=1), traits.sum(axis=1), traces], axis=1)


def rank(
    report: Indicators,
    profiles: Profiles,
    model: IndicatorModel,
    as_of: int = UNDATED,
    *,
    most: int = 10,
    without: str = "",
) -> Ranking:
    """Rank the clusters of ``profiles`` as the makers of a report's indicators.

    ``as_of`` is the report's day (proleptic Gregorian ordinal): only older reports are seen, and a match's age counts
    to it. Where it is :data:`UNDATED`, all reports are seen, and age counts to the newest of them. At most ``most``
    candidates are listed. ``without`` names a cluster to be left out, as if nothing were known of it. Nothing here
    raises on odd input: empty indicators and empty profiles give an abstention.
    """
    left_out = profiles.clusters.index(without) if without in profiles.clusters else NOBODY
    today = as_of if as_of != UNDATED else profiles.newest
    seen = features(report, profiles, as_of, model.settings, left_out)
    scored = score(seen, model)
    if not report.chains and not report.traits:
        return _nothing("no-indicators")
    if scored.leader < 0:
        return _nothing("no-profiles")
    order = [int(at) for at in np.argsort(-scored.stated[:-1], kind="stable")[:most] if scored.stated[at] > 0]
    order.sort(key=lambda at: at != scored.leader)
    unknown = float(scored.stated[-1])
    reasons = _reasons(scored, seen, model)
    return Ranking(
        candidates=tuple(_candidate(at, seen, scored, profiles, model, len(report.chains), today) for at in order),
        unknown=round(unknown, 4),
        rest=round(max(0.0, 1.0 - unknown - float(scored.stated[order].sum())), 4),
        abstains=not gives_name(scored, seen, model),
        reasons=reasons,
    )


_NO_NAME: Final = frozenset({"unknown-leads", "below-threshold", "no-shared-trace"})
"""Reasons for which no name is given; resemblance and activity alone make an order to test and no answer."""


def _nothing(reason: str) -> Ranking:
    return Ranking(candidates=(), unknown=1.0, rest=0.0, abstains=True, reasons=(reason,))


def gives_name(scored: Scored, seen: Features, model: IndicatorModel) -> bool:
    """Say whether the leading candidate is named: it shares a trace, is ahead of "unknown", and likely enough."""
    return scored.leader >= 0 and _NO_NAME.isdisjoint(_reasons(scored, seen, model))


def _reasons(scored: Scored, seen: Features, model: IndicatorModel) -> tuple[str, ...]:
    band = model.band[scored.band]
    stated = float(scored.stated[scored.leader])
    reasons = []
    if scored.stated[-1] >= stated:
        reasons.append("unknown-leads")
    if stated < band.answer_from:
        reasons.append("below-threshold")
    if scored.leader not in seen.held:
        reasons.append("no-shared-trace")
    if stated >= band.cap and scored.raw[scored.leader] > stated:
        reasons.append("record-too-thin")
    return tuple(reasons)


def _candidate(
    at: int, seen: Features, scored: Scored, profiles: Profiles, model: IndicatorModel, chains: int, day: int
) -> Candidate:
    weights = _weights(model)
    prior, traits, traces = (float(each) for each in _sums(seen, weights)[at])
    against = float(seen.unknown @ np.array([model.unknown[name] for name in UNKNOWN]))
    reports = int(seen.activity.reports[at])
    matched = sorted(
        (_matched(one, weights, chains, reports, day) for one in seen.held.get(at, ())),
        key=lambda one: (-one.decibans, one.kind, one.value),
    )
    return Candidate(
        cluster=profiles.clusters[at],
        posterior=round(float(scored.stated[at]), 4),
        band=band_of(at, seen.activity.reports, model.settings),
        reports=reports,
        prior=round(prior - against, 2),
        traits=round(traits, 2),
        traces=round(traces, 2),
        dependence=round(traces - math.fsum(one.decibans for one in matched), 2),
        matched=tuple(matched),
    )


def _matched(one: Held, weights: FloatArray, chains: int, reports: int, day: int) -> MatchedUnit:
    alone = float(np.dot(_of_traces((one,), chains, reports, day), weights[TRACES]))
    kind, value = one.unit
    return MatchedUnit(
        kind=kind,
        value=value,
        decibans=round(max(0.0, alone), 2),
        holders=one.holders,
        reports=one.reports,
        values=one.values,
        newest=one.newest,
    )

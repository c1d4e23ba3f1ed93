"""Is a stated probability right as often as it says? Curves, scores, selective answers, and corrections fitted to them.

Shapes: N forecasts. ``stated`` (N,) are probabilities of the answer given, ``right`` (N,) whether it was right. All
functions are pure; those with chance take a seed. Empty input raises ``ValueError``: no record is not a perfect one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from consilience.inference.logistic import fit_logistic
from consilience.inference.weighing import FloatArray, IntArray

BINS: Final = 15
"""Bins of the expected calibration error, as most of the literature takes (Guo et al. 2017, section 2)."""

_EDGE: Final = 1e-12


class ReliabilityBin(msgspec.Struct, frozen=True):
    """Forecasts that say about the same: how many, what they state on average, and the share that was right."""

    count: int
    stated: float
    right: float


class BrierParts(msgspec.Struct, frozen=True):
    """Brier score and its parts (Murphy 1973): ``score = reliability - resolution + uncertainty + within``.

    ``reliability`` is what miscalibration costs, ``resolution`` what telling cases apart gains, ``uncertainty`` the
    score of always stating the base rate. ``within`` is what forecasts that differ inside a bin add (Stephenson et al.
    2008); 0 where each bin holds one value.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float


class RiskCoverage(msgspec.Struct, frozen=True):
    """Share of wrong answers (``risk``) among the surest, by the share of cases answered (``coverage``), both (N,).

    ``area`` is the mean risk over all coverages (AURC; Geifman and El-Yaniv 2017): smaller is better.
    """

    coverage: FloatArray
    risk: FloatArray
    area: float


class Interval(msgspec.Struct, frozen=True):
    """An estimate with the bounds of its bootstrap interval."""

    value: float
    low: float
    high: float


def _checked(stated: ArrayLike, right: ArrayLike) -> tuple[FloatArray, FloatArray]:
    p = np.asarray(stated, dtype=np.float64)
    y = np.asarray(right, dtype=np.float64)
    if p.ndim != 1 or p.shape != y.shape or not p.size:
        raise ValueError(f"stated {p.shape} and right {y.shape} are not two equally long rows of forecasts")
    if not (np.all((p >= 0.0) & (p <= 1.0)) and np.all((y == 0.0) | (y == 1.0))):
        raise ValueError("a probability lies between 0 and 1, and an answer is right or wrong")
    return p, y


def _equal_width(p: FloatArray, bins: int) -> IntArray:
    return np.minimum((p * bins).astype(np.int64), bins - 1)


def _equal_count(p: FloatArray, bins: int) -> IntArray:
    """Bin by rank; equal values share the bin of the first of them, so that the order of cases cannot matter."""
    first = np.searchsorted(np.sort(p), p, side="left")
    return np.asarray(first * bins // p.size, dtype=np.int64)


def reliability_curve(
    stated: ArrayLike, right: ArrayLike, bins: int = BINS, *, equal_count: bool = False
) -> tuple[ReliabilityBin, ...]:
    """Return the bins that hold forecasts, from low to high: of equal width, or of (about) equal count."""
    p, y = _checked(stated, right)
    place = _equal_count(p, bins) if equal_count else _equal_width(p, bins)
    return tuple(
        ReliabilityBin(int(inside.sum()), float(p[inside].mean()), float(y[inside].mean()))
        for inside in (place == at for at in np.unique(place))
    )


def calibration_error(
    stated: ArrayLike, right: ArrayLike, bins: int = BINS, *, equal_count: bool = False, debiased: bool = False
) -> float:
    """Return the expected calibration error: mean absolute gap of the bins, weighed by count (Naeini et al. 2015).

    Chance alone makes it positive in small samples. ``debiased`` takes off what a perfectly calibrated forecaster with
    these statements and bins would be expected to show, by the normal approximation E|gap| = sqrt(2/pi)·sd of each
    bin (after Bröcker 2012 and Roelofs et al. 2022, section 4), never below 0.
    """
    p, y = _checked(stated, right)
    place = _equal_count(p, bins) if equal_count else _equal_width(p, bins)
    error = chance = 0.0
    for at in np.unique(place):
        inside = place == at
        error += abs(float(p[inside].sum() - y[inside].sum()))
        chance += math.sqrt(2.0 / math.pi * float((p[inside] * (1.0 - p[inside])).sum()))
    return max(0.0, error - chance) / p.size if debiased else error / p.size


def brier(stated: ArrayLike, right: ArrayLike, bins: int = BINS) -> BrierParts:
    """Return the Brier score of the answers given, with Murphy's parts over bins of equal width."""
    p, y = _checked(stated, right)
    base = float(y.mean())
    place = _equal_width(p, bins)
    reliability = resolution = within = 0.0
    for at in np.unique(place):
        inside = place == at
        mean, share = float(p[inside].mean()), float(y[inside].mean())
        count = int(inside.sum())
        reliability += count * (mean - share) ** 2
        resolution += count * (share - base) ** 2
        off = p[inside] - mean
        within += float((off**2).sum() - 2.0 * (off * (y[inside] - share)).sum())
    size = p.size
    return BrierParts(
        score=float(((p - y) ** 2).mean()),
        reliability=reliability / size,
        resolution=resolution / size,
        uncertainty=base * (1.0 - base),
        within=within / size,
    )


def risk_coverage(stated: ArrayLike, right: ArrayLike) -> RiskCoverage:
    """Return the risk at each coverage when the surest are answered first; ties share their mean risk."""
    p, y = _checked(stated, right)
    values, place, counts = np.unique(-p, return_inverse=True, return_counts=True)
    share = np.bincount(place, weights=1.0 - y, minlength=values.size) / counts
    wrong = np.cumsum(np.repeat(share, counts))
    answered = np.arange(1, p.size + 1)
    risk = wrong / answered
    return RiskCoverage(answered / p.size, risk, float(risk.mean()))


def accuracy_at(stated: ArrayLike, right: ArrayLike, coverage: float) -> float:
    """Return the share of right answers when the surest ``coverage`` (0 to 1) of cases is answered, one at least."""
    curve = risk_coverage(stated, right)
    at = max(1, round(coverage * curve.risk.size))
    return 1.0 - float(curve.risk[min(at, curve.risk.size) - 1])


def coverage_at(stated: ArrayLike, right: ArrayLike, accuracy: float) -> float:
    """Return the largest coverage at which at least ``accuracy`` of the answers are right; 0 where there is none."""
    curve = risk_coverage(stated, right)
    fitting = np.flatnonzero(1.0 - curve.risk >= accuracy - 1e-12)
    return float(curve.coverage[fitting[-1]]) if fitting.size else 0.0


def auroc(positive: ArrayLike, negative: ArrayLike) -> float:
    """Return P(a positive case scores above a negative one), ties counting half (Mann and Whitney 1947)."""
    high, low = np.asarray(positive, dtype=np.float64), np.sort(np.asarray(negative, dtype=np.float64))
    if not high.size or not low.size:
        raise ValueError("both sides need a case")
    below = np.searchsorted(low, high, side="left") + np.searchsorted(low, high, side="right")
    return float(below.sum() / (2.0 * high.size * low.size))


def accepted_at(known: ArrayLike, unknown: ArrayLike, share: float) -> float:
    """Return the share of ``unknown`` scores at or above the threshold that accepts ``share`` > 0 of ``known``."""
    inside, outside = np.sort(np.asarray(known, dtype=np.float64)), np.asarray(unknown, dtype=np.float64)
    if not inside.size or not outside.size:
        raise ValueError("both sides need a case")
    if not 0.0 < share <= 1.0:
        raise ValueError(f"a threshold cannot accept {share} of the cases")
    threshold = inside[max(0, math.floor((1.0 - share) * inside.size + 1e-9))]
    return float((outside >= threshold).mean())


def bootstrap(
    statistic: Callable[[IntArray], float], size: int, *, seed: int, times: int = 1_000, level: float = 0.9
) -> Interval:
    """Return a statistic of cases ``0..size-1`` with its percentile interval over resampled cases (Efron 1979)."""
    if size < 1:
        raise ValueError("no case to resample")
    generator = np.random.default_rng(seed)
    drawn = [statistic(generator.integers(0, size, size)) for _ in range(times)]
    low, high = np.quantile(drawn, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return Interval(statistic(np.arange(size)), float(low), float(high))


def logit(stated: ArrayLike) -> FloatArray:
    """Return log odds in nats, with probabilities bounded at 1e-12 from 0 and 1."""
    p = np.clip(np.asarray(stated, dtype=np.float64), _EDGE, 1.0 - _EDGE)
    return np.asarray(np.log(p) - np.log1p(-p), dtype=np.float64)


def fit_platt(
    stated: ArrayLike, right: ArrayLike, *, prior: tuple[float, float] = (0.0, 1.0), strength: float = 1.0
) -> tuple[float, float]:
    """Return intercept and slope of ``logit(right) = intercept + slope·logit(stated)`` (Platt 1999).

    Pulled towards ``prior`` by a normal prior whose precision is ``strength`` on each number (as if so many cases of
    unit information agreed with it; ``inference.logistic``). The slope is at least 0, so that a
    correction cannot turn the order of forecasts around; where it would be less, the intercept is that of slope 0.
    """
    p, y = _checked(stated, right)
    x = np.clip(logit(p), -12.0, 12.0)
    intercept, slope = fit_logistic(np.stack([np.ones_like(x), x], axis=1), y, prior, strength)
    if slope < 0.0:
        flat = np.stack([np.ones_like(x), np.zeros_like(x)], axis=1)
        intercept, slope = fit_logistic(flat, y, prior, strength)[0], 0.0
    return float(intercept), float(slope)


def fit_temperature(scores: ArrayLike, truth: ArrayLike) -> float:
    """Return the temperature T > 0 for which softmax(scores / T) loses least (Guo et al. 2017).

    ``scores`` (N, K) in nats, ``truth`` (N,) the column that is right. The loss is convex in 1/T; found by golden
    section on log T between 1/20 and 20.
    """
    table, column = np.asarray(scores, dtype=np.float64), np.asarray(truth, dtype=np.int64)
    if table.ndim != 2 or column.shape != table.shape[:1] or not column.size:
        raise ValueError(f"scores {table.shape} and truth {column.shape} do not fit")
    if column.min() < 0 or column.max() >= table.shape[1]:
        raise ValueError(f"a truth lies outside the {table.shape[1]} columns")

    def loss(log_t: float) -> float:
        z = table / math.exp(log_t)
        z = z - z.max(axis=1, keepdims=True)
        return float((np.log(np.exp(z).sum(axis=1)) - z[np.arange(column.size), column]).mean())

    low, high, part = -math.log(20.0), math.log(20.0), (math.sqrt(5.0) - 1.0) / 2.0
    while high - low > 1e-6:
        left, right = high - part * (high - low), low + part * (high - low)
        low, high = (low, right) if loss(left) <= loss(right) else (left, high)
    return math.exp((low + high) / 2.0)


def succession(right: int, cases: int) -> float:
    """Return Laplace's rule of succession, (right + 1) / (cases + 2): the share to expect next, never 0 or 1."""
    return (right + 1) / (cases + 2)

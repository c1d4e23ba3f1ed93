"""How much two rows of a bipartite graph share by chance, given how much each row and each column holds.

Null model: the bipartite configuration model (BiCM), the least committed random graph that keeps every degree on
average. Entry (i, v) is present with probability ``x_i y_v / (1 + x_i y_v)``, independently of the others (Saracco,
Straka, Di Clemente, Gabrielli, Caldarelli and Squartini, "Inferring monopartite projections of bipartite networks:
an entropy-based approach", New J. Phys. 19 (2017) 053022). Rows, and columns, of equal degree have equal parameters,
so everything here works on classes of degree; nothing is kept per row and column.

BiCM keeps a column's degree only on average, and so lets a column that two rows hold be held by none or by five. For
two given rows that doubles the chance of such a column to be shared. :func:`joint_probability` therefore takes the
columns' degrees as fixed, by Hájek's approximation for sampling a fixed number with unequal probabilities (Hájek,
"Asymptotic theory of rejective sampling with varying probabilities from a finite population", Ann. Math. Stat. 35
(1964) 1491-1523). The columns stay independent of one another.

Only columns of degree two or more belong in the model: a column that one row holds cannot be shared, and would only
raise what large rows are expected to share.

A closed form (:func:`expected_overlap`) serves where only sums are at hand.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

EXACT_LIMIT: Final = 512
"""Largest count whose tail is computed exactly; above it :func:`count_tail` gives the Chernoff bound, which is never
below the true value. The exact way costs the square of the count per class of columns."""

_CHUNK: Final = 1 << 15
_CELLS: Final = 1 << 16
_TOLERANCE: Final = 1e-9
_STEPS: Final = 200


class DegreeModel(msgspec.Struct, frozen=True, eq=False):
    """A fitted null model, by classes of degree.

    ``row_class`` (rows,) gives each row's class; ``column_degree`` and ``multiplicity`` (classes,) give the degree of
    each class of columns and how many columns it has; ``probability`` (row classes, column classes) is the chance
    that a row of the one holds a column of the other; ``spread`` (classes,) is the variance that a column's degree
    would have were it not fixed. ``residual`` is the largest difference between a degree and its mean.
    """

    row_class: IntArray
    column_degree: IntArray
    multiplicity: IntArray
    probability: FloatArray
    spread: FloatArray
    residual: float


def fit_bicm(row_degrees: IntArray, column_degrees: IntArray) -> DegreeModel:
    """Fit the bipartite configuration model to the degrees of all rows and all columns.

    The likelihood is concave in the logarithms of the parameters; Newton's method by degree class finds its maximum
    (Vallarano et al., "Fast and scalable likelihood maximization for exponential random graph models", Sci. Rep. 11
    (2021) 15227). A row that holds everything, or a column that everyone holds, is certain and is set to 1 first:
    with two rows nothing is left to chance, every probability is 1, and the model says so.

    Raises ``ValueError`` where the degrees cannot be those of one graph.
    """
    rows, columns = np.asarray(row_degrees, dtype=np.int64), np.asarray(column_degrees, dtype=np.int64)
    if rows.sum() != columns.sum():
        raise ValueError(f"the rows hold {rows.sum()} entries and the columns {columns.sum()}")
    for mine, others in ((rows, columns.size), (columns, rows.size)):
        if mine.size and (mine.min() < 0 or mine.max() > others):
            raise ValueError("a degree is negative, or larger than the other side")
    row_degree, row_class, row_count = np.unique(rows, return_inverse=True, return_counts=True)
    column_degree, column_count = np.unique(columns, return_counts=True)
    probability = np.zeros((row_degree.size, column_degree.size))
    free_rows, free_columns, k, d = _settle(row_degree, row_count, column_degree, column_count, probability)
    block = np.ix_(free_rows, free_columns)
    if free_rows.any() and free_columns.any():
        probability[block] = _newton(
            k[free_rows].astype(np.float64),
            row_count[free_rows].astype(np.float64),
            d[free_columns].astype(np.float64),
            column_count[free_columns].astype(np.float64),
        )
    residual = max(_largest(probability @ column_count - row_degree), _largest(row_count @ probability - column_degree))
    spread = row_count @ (probability * (1.0 - probability))
    return DegreeModel(
        row_class.astype(np.int64), column_degree, column_count.astype(np.int64), probability, spread, residual
    )


def _settle(
    row_degree: IntArray, row_count: IntArray, column_degree: IntArray, column_count: IntArray, probability: FloatArray
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], IntArray, IntArray]:
    """Set certain entries to 1 in ``probability``; return which classes stay free, and the degrees left to them."""
    k, d = row_degree.copy(), column_degree.copy()
    rows, columns = np.ones(k.size, dtype=np.bool_), np.ones(d.size, dtype=np.bool_)
    while True:
        full_rows = rows & (k == column_count[columns].sum()) & (k > 0)
        if full_rows.any():
            probability[np.ix_(full_rows, columns)] = 1.0
            d[columns] -= row_count[full_rows].sum()
        rows &= ~full_rows & (k > 0)
        full_columns = columns & (d == row_count[rows].sum()) & (d > 0)
        if full_columns.any():
            probability[np.ix_(rows, full_columns)] = 1.0
            k[rows] -= column_count[full_columns].sum()
        left = columns & ~full_columns & (d > 0)
        if not full_rows.any() and not full_columns.any() and (left == columns).all():
            return rows, columns, k, d
        columns = left


def _newton(k: FloatArray, n: FloatArray, d: FloatArray, m: FloatArray) -> FloatArray:
    """Return the probabilities, by class, where ``n`` rows have each degree ``k`` and ``m`` columns each degree ``d``.

    Newton's method on the logarithms of the parameters; rows are eliminated first, so that a step solves a system no
    larger than the number of column classes. Where the maximum lies at infinity the steps stop at the tolerance.
    """
    entries = float(k @ n)
    row, column = np.log(k / math.sqrt(entries)), np.log(d / math.sqrt(entries))
    height = _height(row, column, k, n, d, m)
    for _ in range(_STEPS):
        p = _logistic(row[:, None] + column[None, :])
        row_gap, column_gap = p @ m - k, n @ p - d
        if max(_largest(row_gap / k), _largest(column_gap / d)) < _TOLERANCE:
            break
        spread = n[:, None] * m[None, :] * p * (1.0 - p)
        row_spread = np.maximum(spread.sum(axis=1), 1e-12)
        scaled = spread / row_spread[:, None]
        schur = np.diag(np.maximum(spread.sum(axis=0), 1e-12)) - spread.T @ scaled
        right = -(m * column_gap) + scaled.T @ (n * row_gap)
        column_step = np.linalg.lstsq(schur, right, rcond=1e-13)[0]
        row_step = (-(n * row_gap) - spread @ column_step) / row_spread
        length = min(1.0, 4.0 / max(_largest(row_step), _largest(column_step), 1e-300))
        for _ in range(40):
            tried = _height(row + length * row_step, column + length * column_step, k, n, d, m)
            if tried <= height + 1e-12 * abs(height):
                break
            length /= 2.0
        row, column, height = row + length * row_step, column + length * column_step, tried
    return _logistic(row[:, None] + column[None, :])


def _height(row: FloatArray, column: FloatArray, k: FloatArray, n: FloatArray, d: FloatArray, m: FloatArray) -> float:
    """Return the negative log-likelihood, the convex function that the fit brings down."""
    return float(n @ np.logaddexp(0.0, row[:, None] + column[None, :]) @ m - (n * k) @ row - (m * d) @ column)


def _logistic(values: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)), dtype=np.float64)


def _largest(values: FloatArray) -> float:
    return float(np.abs(values).max()) if values.size else 0.0


def joint_probability(model: DegreeModel, first: IntArray, second: IntArray) -> FloatArray:
    """Return the chance that both rows of each pair hold a column, by column class: shape (pairs, classes).

    It is ``p q (1 - (1-p)(1-q) / D)``, with D the column's spread: a column that one of the two holds has a place
    less for the other.
    """
    one, other = model.probability[model.row_class[first]], model.probability[model.row_class[second]]
    room = np.where(model.spread > 0.0, model.spread, 1.0)
    both = one * other * np.maximum(1.0 - (1.0 - one) * (1.0 - other) / room, 0.0)
    return np.asarray(both, dtype=np.float64)


def count_tail(joint: FloatArray, multiplicity: IntArray, observed: IntArray) -> FloatArray:
    """Return P(the pair shares at least ``observed`` columns), shape (pairs,).

    ``joint`` (pairs, classes) is from :func:`joint_probability`. The count is a sum of binomials, one a class, that
    is a Poisson-binomial variable; its tail is added up from positive terms only, so that small values keep their
    digits. Above :data:`EXACT_LIMIT` the Chernoff bound stands in.
    """
    observed = np.asarray(observed, dtype=np.int64)
    tail = np.ones(observed.size)
    for count in np.unique(observed[observed > 0]).tolist():
        (where,) = np.nonzero(observed == count)
        for start in range(0, where.size, _CHUNK):
            part = where[start : start + _CHUNK]
            if count > EXACT_LIMIT:
                bound = score_tail(
                    joint[part], multiplicity, np.ones(multiplicity.size), observed[part].astype(np.float64)
                )
                tail[part] = np.exp(bound)
            else:
                tail[part] = _count_tail(joint[part], multiplicity, count)
    return tail


def _count_tail(joint: FloatArray, multiplicity: IntArray, count: int) -> FloatArray:
    """Return the exact tail for one ``count``: column ``count`` of ``state`` holds "that many or more"."""
    state = np.zeros((joint.shape[0], count + 1))
    state[:, 0] = 1.0
    for index, columns in enumerate(multiplicity.tolist()):
        mass, beyond = _binomial(joint[:, index], columns, count)
        following = np.zeros_like(state)
        for step in range(min(count, columns + 1)):
            following[:, step:count] += mass[:, step : step + 1] * state[:, : count - step]
        following[:, count] = state[:, count] + (state[:, :count] * beyond[:, count:0:-1]).sum(axis=1)
        state = following
    return np.minimum(state[:, count], 1.0)


def _binomial(chance: FloatArray, trials: int, count: int) -> tuple[FloatArray, FloatArray]:
    """Return the mass at 0 .. count-1 and P(at least j) for j = 0 .. count of binomials, a row for each chance."""
    q = np.clip(chance, 1e-300, 1.0 - 1e-15)
    last = min(trials, count + 64 + math.ceil(12.0 * math.sqrt(count)))
    steps = np.arange(last, dtype=np.float64)
    ladder = np.concatenate(([0.0], np.cumsum(np.log((trials - steps) / (steps + 1.0)))))
    none, odds = trials * np.log1p(-q), np.log(q) - np.log1p(-q)
    mass = np.exp(none[:, None] + ladder[None, :] + odds[:, None] * np.arange(last + 1.0)[None, :])
    if last < count:
        mass = np.pad(mass, ((0, 0), (0, count - last)))
    far = mass[:, count:].sum(axis=1)
    if trials > last:  # the terms left out matter only where the mean lies beyond the count: there the rest is plain
        far = np.where(trials * q < count, far, 1.0 - np.minimum(mass[:, :count].sum(axis=1), 1.0))
    beyond = np.cumsum(np.concatenate((far[:, None], mass[:, count - 1 :: -1]), axis=1), axis=1)[:, ::-1]
    return mass[:, :count], beyond


def score_tail(joint: FloatArray, multiplicity: IntArray, weights: FloatArray, observed: FloatArray) -> FloatArray:
    """Return an upper bound of log P(the weighted sum of shared columns is at least ``observed``), shape (pairs,).

    ``weights`` (classes,) is what a column of each class counts. The bound is Chernoff's: the least of
    ``K(s) - s t`` over s >= 0, with K the cumulant function of the sum (Chernoff 1952). Of the approximations that
    were compared it was the only one never below the true tail; it is a bound for every s, so an early stop of the
    search is safe too.
    """
    observed = np.asarray(observed, dtype=np.float64)
    bound = np.zeros(observed.size)
    rows = max(1, _CELLS // max(multiplicity.size, 1))
    for start in range(0, bound.size, rows):
        part = slice(start, start + rows)
        bound[part] = _chernoff(joint[part], multiplicity, weights, observed[part])
    return bound


def _chernoff(joint: FloatArray, multiplicity: IntArray, weights: FloatArray, observed: FloatArray) -> FloatArray:
    """Return the bound at the tilt whose mean is ``observed``, found by Newton's method kept inside a bracket.

    The logarithm of the tilted mean is nearly linear in the tilt (it is so for a Poisson variable), which makes the
    steps few. Pairs whose mean can never be so large, and pairs at the most that they can share, end at the bracket.
    """
    high = np.full(observed.size, 650.0 / max(float(weights.max(initial=0.0)), 1e-300))
    low, tilt = np.zeros(observed.size), np.zeros(observed.size)
    (active,) = np.nonzero(observed > 0.0)
    for _ in range(64):
        if not active.size:
            break
        q, s = joint[active], tilt[active]
        grown = np.exp(s[:, None] * weights[None, :])
        tilted = q * grown / (1.0 + q * (grown - 1.0))
        mean = tilted @ (multiplicity * weights)
        spread = (tilted * (1.0 - tilted)) @ (multiplicity * weights * weights)
        apart = np.abs(mean - observed[active]) > _TOLERANCE * observed[active]
        active, s, mean, spread = active[apart], s[apart], mean[apart], spread[apart]
        short = mean < observed[active]
        low[active], high[active] = np.where(short, s, low[active]), np.where(short, high[active], s)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            newton = s + (np.log(observed[active]) - np.log(mean)) * mean / spread
        inside = (newton > low[active]) & (newton < high[active])
        tilt[active] = np.where(inside, newton, 0.5 * (low[active] + high[active]))
    cumulant = np.log1p(joint * np.expm1(tilt[:, None] * weights[None, :])) @ multiplicity
    return np.asarray(np.minimum(cumulant - tilt * observed, 0.0), dtype=np.float64)


def expected_overlap(n_a: int, n_b: int, sum_d_dm1: int, total: int) -> float:
    """Return the mean number of shared columns of two rows with ``n_a`` and ``n_b`` entries.

    ``E = n_a n_b sum_v d_v (d_v - 1) / S^2`` with S = ``total`` entries in all and d_v the degree of column v: the
    configuration model with d_v stubs a column (Newman, "Networks", 2nd ed. 2018, section 12.1). Raises
    ``ValueError`` where ``total`` is not positive.
    """
    if total <= 0:
        raise ValueError("an empty population gives no expectation")
    return n_a * n_b * sum_d_dm1 / (total * total)


def poisson_tail(observed: int, mean: float) -> float:
    """Return P(at least ``observed`` events) of a Poisson variable, from positive terms; 1 for nothing observed.

    Raises ``ValueError`` for a negative mean.
    """
    if mean < 0:
        raise ValueError(f"a mean cannot be negative: {mean}")
    if observed <= 0:
        return 1.0
    if mean == 0:
        return 0.0
    if observed <= mean:
        below = (math.exp(j * math.log(mean) - mean - math.lgamma(j + 1)) for j in range(observed))
        return max(0.0, 1.0 - math.fsum(below))
    term = math.exp(observed * math.log(mean) - mean - math.lgamma(observed + 1))
    terms, j = [term], observed
    while term > terms[0] * 1e-17:
        j += 1
        term *= mean / j
        terms.append(term)
    return min(1.0, math.fsum(terms))

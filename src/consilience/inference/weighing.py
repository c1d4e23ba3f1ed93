"""Log-odds over competing explanations: posterior, waterfall, dependence, tempering, leave-out.

Shapes: K explanations, exclusive and exhaustive; N rows of evidence. Rows are log likelihoods in decibans
(10·log10; Good 1950, "Probability and the Weighing of Evidence"), one column an explanation, each relative to a base
rate that is common to the row: only differences inside a row matter.

Sums are exact (``math.fsum``), so that the order of the evidence cannot move the last bit of a posterior.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

DECIBANS: Final = 10.0 / math.log(10.0)
"""Decibans in one natural unit of log likelihood (a nat)."""


def decibans(ratio: float) -> float:
    """Return 10·log10 of a likelihood ratio or of odds; raise ``ValueError`` where it is not above 0."""
    if not ratio > 0:
        raise ValueError(f"a likelihood ratio is above 0, not {ratio!r}")
    return DECIBANS * math.log(ratio)


def ratio(weight: float) -> float:
    """Return the likelihood ratio of a weight in decibans."""
    return math.exp(weight / DECIBANS)


def _scores(priors: FloatArray, rows: FloatArray) -> FloatArray:
    """Return log prior plus the sum of each column, (K,), in decibans."""
    if priors.ndim != 1 or rows.ndim != 2 or rows.shape[1] != priors.size:
        raise ValueError(f"{priors.shape} priors do not fit rows of shape {rows.shape}")
    if not (np.all(priors > 0) and math.isclose(math.fsum(priors), 1.0, abs_tol=1e-9)):
        raise ValueError("priors are above 0 and add up to 1")
    if not np.all(np.isfinite(rows)):
        raise ValueError("a weight is a finite number")
    logs = DECIBANS * np.log(priors)
    return np.array([math.fsum((logs[k], *rows[:, k])) for k in range(priors.size)])


def _log_sum(scores: FloatArray) -> float:
    top = float(scores.max())
    return top + DECIBANS * math.log(math.fsum(np.exp((scores - top) / DECIBANS)))


def posterior(priors: FloatArray, rows: FloatArray) -> FloatArray:
    """Return the posterior, (K,), from priors (K,) and rows (N, K) by Bayes' rule; N may be 0."""
    scores = _scores(priors, rows)
    return np.asarray(np.exp((scores - _log_sum(scores)) / DECIBANS), dtype=np.float64)


def log_odds(priors: FloatArray, rows: FloatArray, leader: int) -> float:
    """Return the posterior log-odds, in decibans, of explanation ``leader`` against all others together (K >= 2)."""
    scores = _scores(priors, rows)
    return float(scores[leader]) - _log_sum(np.delete(scores, leader))


def waterfall(priors: FloatArray, rows: FloatArray, leader: int) -> FloatArray:
    """Return the running log-odds of ``leader`` against all others, (N + 1,): the prior's, then after each row.

    A row that speaks for another explanation lowers it. The last entry is :func:`log_odds` of all rows, to the bit.
    """
    return np.array([log_odds(priors, rows[:count], leader) for count in range(len(rows) + 1)])


def temper(weight: float, fraction: float, otherwise: float = 0.0) -> float:
    """Return the weight in decibans of LR' = (1 - f)·LR + f·LR_otherwise.

    ``fraction`` is the probability that the item is not what it seems (planted, untrue), and ``otherwise`` its weight
    in that event: 0 where it then says nothing.
    """
    if not 0.0 <= fraction <= 1.0:
        raise ValueError(f"a fraction lies between 0 and 1, not {fraction!r}")
    top = max(weight, otherwise)
    mixed = (1.0 - fraction) * ratio(weight - top) + fraction * ratio(otherwise - top)
    return top + decibans(mixed) if mixed > 0 else otherwise


def cap(weight: float, planted: float) -> float:
    """Return the weight left by P(e | not h) = (1-d)·b + d·m, with m = a: LR' = 1 / ((1-d)/LR + d), at most 1/d.

    ``planted`` is d, the probability that somebody else made the trace so that it points at h; a planted trace is
    taken to look like a genuine one (m = a). A weight of 0 or below is left as it is.
    """
    if weight <= 0.0:
        return weight
    return -decibans((1.0 - planted) * ratio(-weight) + planted)


def report_weight(given: float, otherwise: float, base: float, reliability: float) -> float:
    """Return the weight of a report: log[(r·a + (1-r)·q) / (r·b + (1-r)·q)] in decibans.

    ``given`` is a = P(report | h), ``otherwise`` b = P(report | not h), ``base`` q = P(report | its maker does not
    know), ``reliability`` r.
    """
    return decibans(
        (reliability * given + (1 - reliability) * base) / (reliability * otherwise + (1 - reliability) * base)
    )


class Dependence(msgspec.Struct, frozen=True):
    """How N rows hang together: a group and a family number for each, the discount of each, a cap for each family.

    ``rho`` (N,): inside a group the k-th further row keeps rho^k of its weight. ``caps`` (families,), in decibans,
    bounds what all rows of a family may say together on one explanation; infinity where nothing bounds it.
    """

    groups: IntArray
    families: IntArray
    rho: FloatArray
    caps: FloatArray

    def kept(self, keep: BoolArray) -> Dependence:
        """Return the dependence among the rows that ``keep`` (N,) marks."""
        return Dependence(self.groups[keep], self.families[keep], self.rho[keep], self.caps)


def discounted(rows: FloatArray, dependence: Dependence) -> FloatArray:
    """Return rows (N, K) with dependence inside groups taken out, column by column and for each sign apart.

    The strongest weight of a group counts in full; the k-th further one is multiplied by rho^k (rho = 0: only the
    strongest counts). Equal weights rank in the order given.
    """
    out = rows.copy()
    for group in np.unique(dependence.groups):
        members = np.flatnonzero(dependence.groups == group)
        for column in range(rows.shape[1]):
            for sign in (1.0, -1.0):
                signed = [i for i in members if rows[i, column] * sign > 0]
                ranked = sorted(signed, key=lambda i: -abs(rows[i, column]))
                for rank, i in enumerate(ranked):
                    out[i, column] = rows[i, column] * dependence.rho[i] ** rank
    return out


def capped(rows: FloatArray, dependence: Dependence) -> FloatArray:
    """Return rows (N, K) scaled so that no family says more than its cap on an explanation, for each sign apart."""
    out = rows.copy()
    for family in np.unique(dependence.families):
        limit = float(dependence.caps[family])
        members = dependence.families == family
        for column in range(rows.shape[1]):
            for sign in (1.0, -1.0):
                chosen = members & (rows[:, column] * sign > 0)
                total = abs(math.fsum(rows[chosen, column]))
                if total > limit:
                    out[chosen, column] = rows[chosen, column] * (limit / total)
    return out


def combined(rows: FloatArray, dependence: Dependence) -> FloatArray:
    """Return the rows that count, (N, K): discounted, capped, and rounded to the hundredth of a deciban."""
    return np.round(capped(discounted(rows, dependence), dependence), 2) + 0.0


def leave_out(
    priors: FloatArray,
    rows: FloatArray,
    dependence: Dependence,
    left_out: BoolArray,
    count: Callable[[FloatArray, Dependence], FloatArray] = combined,
) -> FloatArray:
    """Return posteriors (M, K) without the rows that each line of ``left_out`` (M, N) marks.

    ``rows`` stand alone, before ``count`` takes out their dependence: what is left out no longer discounts the rest of
    its group. With the identity matrix this is leave-one-out.
    """
    results = np.empty((len(left_out), priors.size))
    for line, mask in enumerate(left_out):
        keep = ~mask
        results[line] = posterior(priors, count(rows[keep], dependence.kept(keep)))
    return results

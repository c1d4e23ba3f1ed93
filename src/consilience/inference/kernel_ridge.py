"""Which of several classes a case belongs to, from its similarities to cases that are settled: ridge in the dual.

One regression per class on -1 and 1 over centred similarities (Saunders, Gammerman and Vovk 1998; Rifkin, Yeo and
Poggio 2003, "regularized least-squares classification"), in closed form. Made for few cases with many features: the
cost depends on the cases alone. Scores are no probabilities; ``calibration.fit_temperature`` makes them so.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from consilience.inference.weighing import FloatArray, IntArray


class RidgeClassifier(msgspec.Struct, frozen=True):
    """N settled cases and K classes: dual weights (N, K), offsets (K,), and the means that centre similarities."""

    dual: FloatArray
    offset: FloatArray
    row_mean: FloatArray
    mean: float


def fit_ridge(gram: ArrayLike, column: ArrayLike, classes: int, *, ridge: float, balance: float) -> RidgeClassifier:
    """Return the classifier of N settled cases from their similarities ``gram`` (N, N) and classes ``column`` (N,).

    ``ridge`` above 0 is the penalty; a case weighs (N / (K·cases of its class)) to the power ``balance``: 0 counts
    every case alike, 1 every class. A class without a case scores -1 always. Raises ``ValueError`` where shapes do not
    fit, a column lies outside the classes, or the penalty is not above 0.
    """
    k, at = np.asarray(gram, dtype=np.float64), np.asarray(column, dtype=np.int64)
    if k.ndim != 2 or k.shape[0] != k.shape[1] or at.shape != k.shape[:1] or not at.size or not ridge > 0.0:
        raise ValueError(f"similarities {k.shape}, classes {at.shape} and penalty {ridge} do not fit")
    if at.min() < 0 or at.max() >= classes:
        raise ValueError(f"a case lies outside the {classes} classes")
    target = np.full((at.size, classes), -1.0)
    target[np.arange(at.size), at] = 1.0
    counts = np.bincount(at, minlength=classes)
    weight = (at.size / (np.count_nonzero(counts) * counts[at])) ** balance
    offset = weight @ target / weight.sum()
    row_mean = k.mean(axis=1)
    mean = float(row_mean.mean())
    centred = k - row_mean[:, None] - row_mean[None, :] + mean
    dual = np.linalg.solve(centred + ridge * np.diag(1.0 / weight), target - offset)
    return RidgeClassifier(dual, offset, row_mean, mean)


def ridge_scores(model: RidgeClassifier, similarities: ArrayLike) -> FloatArray:
    """Return the scores (M, K) of M cases from their similarities (M, N) to the settled ones; about 1 is a member."""
    k = np.asarray(similarities, dtype=np.float64)
    centred = k - k.mean(axis=1, keepdims=True) - model.row_mean[None, :] + model.mean
    return np.asarray(centred @ model.dual + model.offset, dtype=np.float64)


def held_out_scores(
    gram: ArrayLike, column: ArrayLike, fold: ArrayLike, classes: int, *, ridge: float, balance: float
) -> FloatArray:
    """Return what the cases of each fold (N,) would score, (N, K), if only the other folds were settled."""
    k, at, part = np.asarray(gram, dtype=np.float64), np.asarray(column), np.asarray(fold)
    out = np.zeros((at.size, classes))
    for each in np.unique(part):
        held, kept = np.flatnonzero(part == each), np.flatnonzero(part != each)
        model = fit_ridge(k[np.ix_(kept, kept)], at[kept], classes, ridge=ridge, balance=balance)
        out[held] = ridge_scores(model, k[np.ix_(held, kept)])
    return out


def stranger_scores(gram: ArrayLike, column: ArrayLike, *, ridge: float, balance: float) -> FloatArray:
    """Return the best score (N,) of each case if its whole class were not among the settled ones: an unknown's."""
    k, at = np.asarray(gram, dtype=np.float64), np.asarray(column, dtype=np.int64)
    out = np.zeros(at.size)
    for each in np.unique(at):
        gone, kept = np.flatnonzero(at == each), np.flatnonzero(at != each)
        left, renamed = np.unique(at[kept], return_inverse=True)
        model = fit_ridge(k[np.ix_(kept, kept)], renamed, left.size, ridge=ridge, balance=balance)
        out[gone] = ridge_scores(model, k[np.ix_(gone, kept)]).max(axis=1)
    return out


def stratified_folds(column: Sequence[int], group: Sequence[int], folds: int, order: Sequence[int]) -> IntArray:
    """Return the fold (N,) of each case: classes spread evenly, cases of one group together.

    ``order`` is a permutation of the cases: groups are dealt out in the order of their first case, each to the fold
    that has the fewest of that case's class, then the fewest at all.
    """
    members: dict[int, list[int]] = {}
    for at in order:
        members.setdefault(group[at], []).append(at)
    of_class: dict[int, list[int]] = {}
    total = [0] * folds
    out = np.zeros(len(column), dtype=np.int64)
    for several in members.values():
        counts = of_class.setdefault(column[several[0]], [0] * folds)
        chosen = min(range(folds), key=lambda each: (counts[each], total[each], each))
        for at in several:
            out[at] = chosen
            of_class.setdefault(column[at], [0] * folds)[chosen] += 1
            total[chosen] += 1
    return out

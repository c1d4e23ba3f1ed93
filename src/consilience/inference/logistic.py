"""Logistic regression with a normal prior: how log odds follow from a few numbers, when there are few cases."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from consilience.inference.weighing import FloatArray

_STEPS = 100
_ENOUGH = 1e-9


def fit_logistic(design: ArrayLike, right: ArrayLike, prior: ArrayLike, strength: float) -> FloatArray:
    """Return the weights (K,) of ``logit P(right) = design @ weights`` of highest posterior density.

    ``design`` is (N, K), ``right`` (N,) of 0 and 1, and the prior of each weight is normal around ``prior`` (K,) with
    precision ``strength`` above 0; with N = 0 the prior is returned. Newton's method with halved steps on a strictly
    convex loss. Raises ``ValueError`` where the shapes do not fit or the strength is not above 0.
    """
    x, y, centre = (np.asarray(each, dtype=np.float64) for each in (design, right, prior))
    if x.ndim != 2 or y.shape != x.shape[:1] or centre.shape != x.shape[1:] or not strength > 0:
        raise ValueError(f"design {x.shape}, right {y.shape}, prior {centre.shape} and strength {strength} do not fit")
    at = centre.copy()
    loss = _loss(at, x, y, centre, strength)
    for _ in range(_STEPS):
        mean = 1.0 / (1.0 + np.exp(-np.clip(x @ at, -700.0, 700.0)))
        slope = x.T @ (mean - y) + strength * (at - centre)
        curvature = (x * (mean * (1.0 - mean))[:, None]).T @ x + strength * np.eye(at.size)
        step = np.linalg.solve(curvature, slope)
        size = 1.0
        while (found := _loss(at - size * step, x, y, centre, strength)) > loss and size > _ENOUGH:
            size /= 2.0
        if loss - found < _ENOUGH:
            break
        at, loss = at - size * step, found
    return at


def _loss(at: FloatArray, x: FloatArray, y: FloatArray, centre: FloatArray, strength: float) -> float:
    score = x @ at
    return float((np.logaddexp(0.0, score) - y * score).sum() + 0.5 * strength * ((at - centre) ** 2).sum())

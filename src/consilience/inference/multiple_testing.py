"""Control of the false discovery rate when most of the tests were never written down.

Method: Benjamini and Hochberg, "Controlling the false discovery rate: a practical and powerful approach to multiple
testing", J. R. Stat. Soc. B 57 (1995) 289-300. It holds for independent tests and for positive regression dependence
(Benjamini and Yekutieli 2001); p-values of counts are discrete and therefore conservative, which keeps it valid.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def benjamini_hochberg(p_values: FloatArray, tests: int) -> FloatArray:
    """Return the Benjamini-Hochberg q-value of each p-value among ``tests`` tests.

    ``p_values`` has shape (n,) with n <= ``tests``; the tests that are not given are taken to have p = 1, so pairs
    that share nothing need no row. The result has the same shape and order. Raises ``ValueError`` where a p-value
    lies outside [0, 1] or more p-values are given than tests were made.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1:
        raise ValueError(f"p-values must form one row, not an array of {p.ndim} dimensions")
    if p.size > tests:
        raise ValueError(f"{p.size} p-values were given for {tests} tests")
    if p.size and not (p.min() >= 0.0 and p.max() <= 1.0):
        raise ValueError("a p-value lies outside 0 to 1")
    order = np.argsort(p, kind="stable")
    stepped = p[order] * tests / np.arange(1, p.size + 1)
    q = np.empty_like(p)
    q[order] = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0)
    return q

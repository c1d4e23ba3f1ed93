"""Tails of what pairs share by chance, for many pairs: ``tails.c``, or numpy where it is not compiled.

``inference.null_model`` is the reference: :func:`exact_tails` equals its ``count_tail`` and :func:`scores` its
``score_tail``, in threads and without a row per pair and column. :func:`near_tails` is the quick approximation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from consilience.inference.null_model import DegreeModel, count_tail, joint_probability, score_tail
from consilience.overlap import compiled
from consilience.overlap.compiled import address, in_threads

IntArray = npt.NDArray[np.int64]
UIntArray = npt.NDArray[np.uint32]
FloatArray = npt.NDArray[np.float64]

_LEAST_SHARE: Final = 1 << 6
_LARGEST_SHARE: Final = 1 << 13


class Chances(msgspec.Struct, frozen=True, eq=False):
    """The null model by class, as the tails need it.

    ``probability`` (row classes, columns) is the chance that a row of the class holds a column of each class;
    ``multiplicity``, ``spread`` and ``weight`` (columns,) are how many columns the class has, the variance that the
    degree of one would have were it not fixed, and what one that is shared adds to the weighted sum.
    """

    probability: FloatArray
    multiplicity: FloatArray
    spread: FloatArray
    weight: FloatArray

    @classmethod
    def of(cls, model: DegreeModel) -> Chances:
        """Return the chances of a fitted model, each column with the weight 1/C(d,2) of its degree d."""
        degree = model.column_degree.astype(np.float64)
        return cls(
            probability=np.ascontiguousarray(model.probability),
            multiplicity=model.multiplicity.astype(np.float64),
            spread=np.ascontiguousarray(model.spread),
            weight=2.0 / np.maximum(degree * (degree - 1.0), 1.0),
        )

    def joint(self, rows: UIntArray) -> FloatArray:
        """Return ``joint_probability`` of pairs of row classes, shape (pairs, columns)."""
        classes = np.arange(len(self.probability))
        whole = self.multiplicity.astype(np.int64)
        model = DegreeModel(classes, np.zeros_like(whole), whole, self.probability, self.spread, 0.0)
        return joint_probability(model, rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64))


def near_tails(chances: Chances, rows: UIntArray, count: IntArray, threads: int = 1) -> tuple[FloatArray, FloatArray]:
    """Return how many columns each pair is expected to share, and about the logarithm of P(``count`` or more).

    ``rows`` (pairs, 2) are classes of rows, ``count`` (pairs,) what they share. The tail is that of the binomial
    variable with the same mean and variance, whose number of trials need not be whole (Ehm, "Binomial approximation to
    the Poisson binomial distribution", Stat. Probab. Lett. 11 (1991) 7-16, fits the mean; fitting the variance too
    brings it closer); decision 0013 states its error. Without the compiled library it is exact.
    """
    if compiled.loaded_library() is None:
        tail = exact_tails(chances, rows, count)
        return _in_numpy(chances, rows, lambda joint, _: joint @ chances.multiplicity), np.log(np.maximum(tail, 1e-320))
    expected, tail = np.empty(len(count)), np.empty(len(count))
    _call("tails_near", chances, rows, [_each(count), _each(expected), _each(tail)], threads)
    return expected, tail


def exact_tails(chances: Chances, rows: UIntArray, count: IntArray, threads: int = 1) -> FloatArray:
    """Return P(``count`` or more) of each pair as ``count_tail``: exact, above ``EXACT_LIMIT`` Chernoff's bound."""
    if compiled.loaded_library() is None:
        whole = chances.multiplicity.astype(np.int64)
        return _in_numpy(chances, rows, lambda joint, part: count_tail(joint, whole, count[part]))
    tail, ones = np.empty(len(count)), np.ones(chances.weight.size)
    _call("tails_exact", chances, rows, [_each(count), _all(ones), _each(tail)], threads)
    return tail


def scores(chances: Chances, rows: UIntArray, observed: FloatArray, threads: int = 1) -> FloatArray:
    """Return Chernoff's bound of log P(weighted sum is ``observed`` or more) of each pair, as ``score_tail`` does."""
    if compiled.loaded_library() is None:
        whole = chances.multiplicity.astype(np.int64)
        return _in_numpy(chances, rows, lambda joint, part: score_tail(joint, whole, chances.weight, observed[part]))
    bound = np.empty(len(observed))
    _call("tails_score", chances, rows, [_each(observed), _all(chances.weight), _each(bound)], threads)
    return bound


def least_sums(chances: Chances, rows: UIntArray, limit: float, unit: int, threads: int = 1) -> IntArray:
    """Return the least weighted sum of each pair, in ``unit`` parts of one, whose bound may be at most ``limit``.

    It is a millionth too small at most. Without the compiled library it is 0: any sum may.
    """
    least = np.zeros(len(rows), dtype=np.int64)
    if compiled.loaded_library() is not None:
        target = np.array([math.log(limit), float(unit)])
        _call("tails_least", chances, rows, [_all(target), _all(chances.weight), _each(least)], threads)
    return least


def _in_numpy(chances: Chances, rows: UIntArray, task: Callable[[FloatArray, slice], FloatArray]) -> FloatArray:
    """Return what ``task`` gives for the joint chances of all pairs, some at a time."""
    parts = [slice(start, start + _LARGEST_SHARE) for start in range(0, len(rows), _LARGEST_SHARE)]
    return np.concatenate([np.empty(0), *(task(chances.joint(rows[part]), part) for part in parts)])


class _Argument(msgspec.Struct, frozen=True, eq=False):
    """An array for the library: whole, or the share that belongs to some of the pairs."""

    array: npt.NDArray[Any]
    whole: bool

    def of(self, share: slice) -> int:
        """Return where the array or its share begins."""
        return address(self.array if self.whole else self.array[share])


def _each(array: npt.NDArray[Any]) -> _Argument:
    return _Argument(np.ascontiguousarray(array), whole=False)


def _all(array: npt.NDArray[Any]) -> _Argument:
    return _Argument(np.ascontiguousarray(array), whole=True)


def _call(function: str, chances: Chances, rows: UIntArray, arguments: list[_Argument], threads: int) -> None:
    """Call the library for shares of the pairs; the last of ``arguments`` take what it finds."""
    task: Callable[..., None] = getattr(compiled.loaded_library(), function)
    own = np.ascontiguousarray(rows, dtype=np.uint32)
    model = [address(each) for each in (chances.probability, chances.multiplicity, chances.spread)]
    size = min(max(len(own) // (16 * threads), _LEAST_SHARE), _LARGEST_SHARE)

    def compute(start: int) -> None:
        share = slice(start, min(start + size, len(own)))
        joint, pairs = np.empty(chances.weight.size), share.stop - start
        task(*model, address(joint), joint.size, pairs, address(own[share]), *(each.of(share) for each in arguments))

    in_threads(compute, range(0, len(own), size), threads)

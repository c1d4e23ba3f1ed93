"""Ranked, tested pairs from counts alone, for tables too large to look at every pair.

A table of 5,000 clusters has 12 million pairs, and by far most share no more than chance gives. What is tested is the
rarity-weighted sum of the shared units, by Chernoff's bound of its tail (``inference.null_model.score_tail``), which is
never below the tail and so a p-value; in decibans it is the score by which ``overlap.pairs`` ranks too.

1. **Screen.** A pair whose bound surely exceeds ``limit`` is not told by the counting kernel (:func:`screen`).
2. **Scores** of the pairs that are left, their number of shared units against the mean, and P(as many or more): exact
   for the first :data:`EXACT_PAIRS` pairs by rank and after them approximate (``overlap.tails.near_tails``: 1 where the
   number is not above the mean).
3. **False discovery rate.** Benjamini-Hochberg over all G(G-1)/2 pairs of G clusters, on the bounds. A pair that was
   left out has a bound above ``limit``, and its q is no smaller; so whatever is declared at a rate of at most ``limit``
   is what would be declared had all been written out, with the same q.

The bare number is not what is tested: the thousands of common values that very large clusters share exceed the mean of
the null model significantly wherever the model misses it by a few per cent; their rarity does not (decision 0013).
"""

from __future__ import annotations

import math
from typing import Final

import msgspec
import numpy as np

from consilience.inference.multiple_testing import benjamini_hochberg
from consilience.inference.null_model import fit_bicm
from consilience.overlap.incidence import RARITY_SCALE
from consilience.overlap.kernel import Counts, Graph, IntArray, Screen, UIntArray, left
from consilience.overlap.tails import Chances, FloatArray, exact_tails, least_sums, near_tails, scores

EXACT_PAIRS: Final = 4096
"""P(as many or more) is exact for so many pairs: on a small table these are all."""

MOST_LISTED: Final = 1 << 20
"""Where more pairs than this may share something, only the least likely of them are listed (:func:`listed_up_to`)."""

ROW_CLASSES: Final = 256
"""Clusters fall in at most so many classes for the screen; one class per degree where there are fewer degrees."""

COLUMN_CLASSES: Final = 64
"""Above so many degrees of units, those above 24 are taken together in 12 % steps (:func:`thinned`)."""

_DISTINCT_DEGREES: Final = 24
_BIN_WIDTH: Final = 1.12


class RankedPairs(msgspec.Struct, frozen=True, eq=False):
    """The pairs that share rarer units than chance gives at ``limit``, by rank; arrays of shape (pairs,).

    ``a`` < ``b`` are codes of clusters; ``count`` and ``rarity`` (in units of 2**-28) what they share, ``expected`` the
    mean of ``count`` by chance and ``p`` the chance of as many or more. ``score`` is -10 log10 of a bound of the chance
    of as large a rarity, and ``q`` the Benjamini-Hochberg value of that bound over ``tests`` pairs. ``sharing`` pairs
    share anything at all; ``p`` is exact for the first ``exact``.
    """

    a: UIntArray
    b: UIntArray
    count: IntArray
    rarity: IntArray
    expected: FloatArray
    p: FloatArray
    q: FloatArray
    score: FloatArray
    tests: int
    sharing: int
    exact: int
    limit: float


def listed_up_to(limit: float, degrees: IntArray, clusters: int) -> float:
    """Return the limit for :func:`rank`: ``limit``, or less where that would list millions of pairs.

    ``degrees[d]`` units are held by d clusters, so at most their sum of C(d,2) pairs share something. Where these are
    more than :data:`MOST_LISTED`, they are to be as unlikely among all pairs of ``clusters`` as ``limit`` asks of them
    alone: among 50,000 clusters that share little, one shared value is unlikely enough for millions of pairs. With S
    pairs that share something among m, the j-th has q >= p m / j >= p m / S, so nothing that could be declared at
    ``limit`` is lost.
    """
    tests = math.comb(clusters, 2)
    d = np.arange(degrees.size, dtype=np.float64)
    most = min(float(degrees @ (d * (d - 1.0) / 2.0)), float(tests))
    return limit if most <= MOST_LISTED else limit * most / tests


def rank(
    counted: Graph | Counts, *, limit: float = 0.05, threads: int = 1, also: tuple[int, int] | None = None
) -> RankedPairs:
    """Return the pairs whose shared units are as rare by chance with a probability of at most ``limit``, by rank.

    ``counted`` is a graph of the kernel, or the counts of any other engine; every code counts as a cluster. A ``limit``
    of 1 gives all pairs that share something. The pair of codes ``also`` (the smaller first) is listed even where it is
    likelier than ``limit``, if it shares something. The result does not depend on ``threads``. Raises ``ValueError``
    where ``limit`` is not in 0 .. 1 or the counts contradict themselves.
    """
    if not 0.0 < limit <= 1.0:
        raise ValueError(f"a limit for p lies in 0 to 1, not at {limit}")
    model = fit_bicm(counted.kept, np.repeat(np.arange(counted.degrees.size), counted.degrees))
    chances = Chances.of(model)
    quick = thinned(chances)
    rule = screen(quick, model.row_class, limit, threads) if limit < 1.0 else None
    if rule is not None and also is not None:
        rule = _telling(rule, also)
    pairs, sharing = counted.told(rule, threads) if isinstance(counted, Graph) else left(counted.pairs, rule)
    classes = model.row_class.astype(np.uint32)
    rows = np.stack((classes[pairs.a], classes[pairs.b]), axis=1)
    bounds = scores(quick, rows, pairs.rarity / RARITY_SCALE, threads)
    wanted = bounds <= math.log(limit)
    if also is not None:
        wanted |= (pairs.a == also[0]) & (pairs.b == also[1])
    (listed,) = np.nonzero(wanted)
    place = listed[np.lexsort((-pairs.count[listed], bounds[listed]))]  # stable: pairs come sorted by code
    bounds, rows, count = bounds[place], rows[place], pairs.count[place]
    expected, tail = near_tails(quick, rows, count, threads)
    p = np.exp(tail)
    p[:EXACT_PAIRS] = exact_tails(chances, rows[:EXACT_PAIRS], count[:EXACT_PAIRS], threads)
    tests = math.comb(counted.kept.size, 2)
    return RankedPairs(
        a=pairs.a[place],
        b=pairs.b[place],
        count=count,
        rarity=pairs.rarity[place],
        expected=expected,
        p=p,
        q=benjamini_hochberg(np.exp(bounds), tests),
        score=np.maximum(bounds * (-10.0 / math.log(10.0)), 0.0),
        tests=tests,
        sharing=sharing,
        exact=min(p.size, EXACT_PAIRS),
        limit=limit,
    )


def screen(chances: Chances, row_class: IntArray, limit: float, threads: int = 1) -> Screen:
    """Return which pairs may have a bound of at most ``limit``: from which rarity on, by class of clusters.

    Row classes are taken together, at most :data:`ROW_CLASSES`, each with the chances of its smallest member. The
    chance that two clusters both hold a unit grows with the chance of either one, the cumulant function with it, and
    so does the bound, its least difference to a line: a pair has at least the bound of its two classes. Without the
    compiled library every pair may.
    """
    first = _first_of_bins(chances)
    upper = np.triu_indices(first.size)
    rows = np.stack((first[upper[0]], first[upper[1]]), axis=1).astype(np.uint32)
    least = np.zeros((first.size, first.size), dtype=np.int64)
    least[upper] = least_sums(chances, rows, limit, RARITY_SCALE, threads)
    class_of = np.searchsorted(first, row_class, side="right") - 1
    return Screen(class_of.astype(np.uint32), np.maximum(least, least.T))


def _telling(rule: Screen, pair: tuple[int, int]) -> Screen:
    """Return a screen that leaves this pair too: its clusters are two more classes, which tell of any rarity."""
    size, class_of = len(rule.least), rule.class_of.copy()
    own = [*range(size), *(int(class_of[cluster]) for cluster in pair)]
    least = rule.least[np.ix_(own, own)]
    least[size, size + 1] = least[size + 1, size] = 0
    class_of[list(pair)] = size, size + 1
    return Screen(class_of, least)


def _first_of_bins(chances: Chances) -> IntArray:
    """Return the first row class of each bin; row classes are sorted by degree, and so by every chance."""
    degree = np.maximum(chances.probability @ chances.multiplicity, 1e-300)
    steps = np.log(degree / max(float(degree.min(initial=1e300)), 1e-300))
    width = 1e-3
    while True:
        first = np.unique(np.floor(steps / width), return_index=True)[1]
        if first.size <= ROW_CLASSES or degree.size <= ROW_CLASSES:
            return np.arange(degree.size) if degree.size <= ROW_CLASSES else first.astype(np.int64)
        width *= 1.25


def thinned(chances: Chances) -> Chances:
    """Return the chances with degrees above 24 taken together where there are more than :data:`COLUMN_CLASSES`.

    A bin of degrees is 12 % wide and keeps the number of columns, the mean square of each row's chances and with it,
    as long as these are small, the mean of what two rows share and its weighted mean. Decision 0013 states the error.
    """
    if chances.multiplicity.size <= COLUMN_CLASSES:
        return chances
    degree = 0.5 + np.sqrt(0.25 + 2.0 / chances.weight)
    bins = np.where(
        degree <= _DISTINCT_DEGREES + 0.5,
        np.rint(degree),
        _DISTINCT_DEGREES + 1 + np.floor(np.log(degree / _DISTINCT_DEGREES) / math.log(_BIN_WIDTH)),
    )
    start = np.unique(bins, return_index=True)[1]
    m = chances.multiplicity
    number = np.add.reduceat(m, start)
    by_square = m * degree * degree
    return Chances(
        probability=np.sqrt(np.add.reduceat(chances.probability**2 * m, start, axis=1) / number),
        multiplicity=number,
        spread=np.add.reduceat(chances.spread * m, start) / number,
        weight=np.add.reduceat(chances.weight * by_square, start) / np.add.reduceat(by_square, start),
    )

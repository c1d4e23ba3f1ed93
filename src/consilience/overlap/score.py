"""The score by which pairs are ranked: what they share, weighed by rarity, against chance, in decibans.

The weights of all that two clusters share are added up, over the units of the test and over the habits
(``overlap.habits``), and the sum is compared with its distribution under the null models of all of them:
``-10·log10`` of Chernoff's bound on the chance of a sum as large (``inference.null_model.score_tail``).

- A shared *value* of degree d weighs ``1/C(d,2)``: one that two clusters hold tells of one pair, one that d hold of
  ``C(d,2)`` pairs.
- A shared *habit* weighs :data:`HABIT_WEIGHT` · ``ln(C(G,2)/C(d,2)) / ln C(G,2)`` among G clusters: rarity as
  information, since many hold a habit on their own account and no single one tells of a pair.

Habits hang on the values and on one another, so that the sum spreads more than the models say: the score orders pairs,
it is no probability. What decides is the p-value of the count, in which habits have no part. The form of the weights
and :data:`HABIT_WEIGHT` were chosen on half of the groups (``bench/overlap/split_half.py``, which measures the rest).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from consilience.inference.null_model import fit_bicm, joint_probability, score_tail
from consilience.overlap.habits import HABITS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

HABIT_WEIGHT: Final = 0.3
"""What the rarest habit weighs beside a value that two clusters hold. From 0.1 to 0.5 the ranking hardly changes."""

_SCALE: Final = 1 << 28
_FLUSH: Final = 1 << 22


class Layer(msgspec.Struct, frozen=True, eq=False):
    """What pairs share of one kind, with its null model.

    ``joint`` (pairs, classes) is the chance that both hold a column of a class, ``multiplicity`` (classes,) how many
    columns the class has, ``weights`` (classes,) what each counts, ``observed`` (pairs,) the sum of what is shared.
    """

    joint: FloatArray
    multiplicity: IntArray
    weights: FloatArray
    observed: FloatArray


def decibans(layers: Sequence[Layer]) -> FloatArray:
    """Return the score of every pair over all layers, shape (pairs,), at least 0; 0 where nothing is shared."""
    bound = score_tail(
        np.concatenate([each.joint for each in layers], axis=1),
        np.concatenate([each.multiplicity for each in layers]),
        np.concatenate([each.weights for each in layers]),
        np.sum([each.observed for each in layers], axis=0),
    )
    return np.asarray(np.maximum(-bound * 10.0 / math.log(10.0), 0.0), dtype=np.float64)


def value_weights(degrees: IntArray) -> FloatArray:
    """Return what a shared value weighs that so many clusters hold: ``1/C(d,2)``, and nothing below two."""
    degree = np.asarray(degrees, dtype=np.float64)
    return np.where(degree < 2.0, 0.0, 2.0 / np.maximum(degree * (degree - 1.0), 1.0))


def habit_weights(degrees: IntArray, clusters: int) -> FloatArray:
    """Return what a shared habit weighs that so many of ``clusters`` have: nothing where all have it."""
    degree = np.asarray(degrees, dtype=np.float64)
    pairs = math.comb(clusters, 2)
    if pairs < 2:
        return np.zeros(degree.size)
    shared = np.log(np.maximum(degree * (degree - 1.0) / 2.0, 1.0)) / math.log(pairs)
    return np.where(degree < 2.0, 0.0, HABIT_WEIGHT * np.maximum(1.0 - shared, 0.0))


def habit_layers(table: pa.Table, clusters: Sequence[str], first: IntArray, second: IntArray) -> list[Layer]:
    """Return the habits of pairs as layers, one for each kind of habit that two clusters have in common.

    ``table`` is from ``overlap.habits.habits``; ``clusters`` are sorted names, and rows of other clusters are left out.
    ``first`` and ``second`` (pairs,) are places in it, and no pair may come twice. A kind costs the sum of d(d-1)/2
    over its habits, so those of more than half of all clusters are left out: they would weigh next to nothing.
    """
    place = pc.index_in(table["cluster"], pa.array(clusters, pa.string()))
    table = table.set_column(table.schema.get_field_index("cluster"), "cluster", place)
    table = table.filter(pc.is_valid(table["cluster"]))
    layers = []
    for habit in HABITS:
        own = table.filter(pc.equal(table["habit"], habit))
        holder = own["cluster"].to_numpy().astype(np.int64)
        column = pc.dictionary_encode(own["value"]).combine_chunks().indices.to_numpy().astype(np.int64)
        degree = np.bincount(column, minlength=1)
        kept = (degree >= 2) & (degree <= max(2, len(clusters) // 2))
        if kept.any():
            entry = kept[column]
            layers.append(_layer(column[entry], holder[entry], len(clusters), first, second))
    return layers


def _layer(column: IntArray, holder: IntArray, clusters: int, first: IntArray, second: IntArray) -> Layer:
    order = np.lexsort((holder, column))
    column, holder = column[order], holder[order]
    _, start, degree = np.unique(column, return_index=True, return_counts=True)
    model = fit_bicm(np.bincount(holder, minlength=clusters), degree)
    return Layer(
        joint=joint_probability(model, first, second),
        multiplicity=model.multiplicity,
        weights=habit_weights(model.column_degree, clusters),
        observed=_shared(holder, start, degree, clusters, first, second),
    )


def _shared(
    holder: IntArray, start: IntArray, degree: IntArray, clusters: int, first: IntArray, second: IntArray
) -> FloatArray:
    """Return the summed weight of the habits that both of each pair have, from lists of holders; in whole numbers."""
    key = np.minimum(first, second) * clusters + np.maximum(first, second)
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    total = np.zeros(key.size)
    for d in np.unique(degree).tolist():
        left, right = np.triu_indices(d, 1)
        weight = float(np.rint(_SCALE * habit_weights(np.array([d]), clusters)[0]))
        starts, at_once = start[degree == d], max(1, _FLUSH // left.size)
        for begin in range(0, starts.size, at_once):
            members = holder[starts[begin : begin + at_once, None] + np.arange(d)]
            found = (members[:, left] * clusters + members[:, right]).ravel()
            place = np.minimum(np.searchsorted(ordered, found), max(ordered.size - 1, 0))
            hit = place[ordered[place] == found] if ordered.size else place[:0]
            total += weight * np.bincount(hit, minlength=key.size)
    result = np.empty(key.size)
    result[order] = total / _SCALE
    return result

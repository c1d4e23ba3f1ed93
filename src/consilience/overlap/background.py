"""A pair of clusters against a large public collection, where a case holds only its own documents."""

from __future__ import annotations

import math

import numpy as np

from consilience.errors import UnknownNameError
from consilience.inference.multiple_testing import benjamini_hochberg
from consilience.inference.null_model import expected_overlap, poisson_tail
from consilience.knowledge.background import Background
from consilience.model.assessment import PairOverlap


def against_background(a: str, b: str, observed_units: int | None, background: Background) -> PairOverlap:
    """Return what two clusters share against what two of their size would share by chance in ``background``.

    ``a`` and ``b`` are names of clusters in any spelling that :meth:`Background.cluster_named` finds;
    ``observed_units`` is the number of shared units that the case found, or ``None`` for the number in the background
    itself. ``expected`` is the closed form of ``inference.null_model.expected_overlap``, ``p_value`` its Poisson
    tail, ``q_value`` Benjamini-Hochberg over all pairs of clusters that hold the unit. Counts name no values, so
    ``shared`` is empty, ``origins`` is 0, and such a figure alone never makes a link.

    Raises ``UnknownNameError`` where a cluster is not in the background, ``ValueError`` where both are the same.
    """
    found = []
    for name in (a, b):
        cluster = background.cluster_named((name,))
        if not cluster:
            raise UnknownNameError(f"{background.population} has no {background.unit} under {name!r}")
        found.append(cluster)
    if found[0] == found[1]:
        raise ValueError(f"a cluster cannot be compared with itself: {a!r}")
    one, other = found
    observed = background.observed(one, other) if observed_units is None else observed_units
    p_value = _tail(one, other, observed, background)
    tests = math.comb(len(background.clusters), 2)
    q_value = 1.0
    if observed:
        own = "|".join(sorted(found))
        rest = [_pair_tail(key, count, background) for key, count in background.shared.items() if key != own]
        q_value = float(benjamini_hochberg(np.array([p_value, *rest]), tests)[0])
    return PairOverlap(
        a=a,
        b=b,
        unit=background.unit,
        observed=observed,
        expected=round(_expected(one, other, background), 4),
        p_value=p_value,
        q_value=q_value,
        pairs_tested=tests,
        score=round(-10.0 * math.log10(max(p_value, 1e-300)), 2) + 0.0,
        origins=0,
        population=background.population,
        shared_total=observed,
    )


def _expected(a: str, b: str, background: Background) -> float:
    return expected_overlap(background.clusters[a], background.clusters[b], background.sum_d_dm1, background.total)


def _pair_tail(key: str, observed: int, background: Background) -> float:
    a, _, b = key.partition("|")
    return _tail(a, b, observed, background)


def _tail(a: str, b: str, observed: int, background: Background) -> float:
    return poisson_tail(observed, _expected(a, b, background))

"""The figures that bench/overlap states: precision with ties, the gamma tail, and drawings that keep every degree."""

import itertools
import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench" / "overlap"))

import null_model as drawn_graphs
import split_half


def plain_figures(order):
    """Average precision, and the share of true pairs found before the tenth false one, of a ranking without ties."""
    hits, false, precisions, found = 0, 0, [], 0
    for place, true in enumerate(order, 1):
        if true:
            hits += 1
            precisions.append(hits / place)
            found += false < 10
        false += not true
    return sum(precisions) / hits, found / hits


@pytest.mark.parametrize(
    ("score", "true"),
    [
        ([5, 4, 3, 2, 1], [1, 0, 1, 0, 0]),
        ([5, 4, 4, 4, 1], [1, 0, 1, 0, 1]),  # a tie of one true and two false
        ([1, 1, 1, 1, 1], [1, 1, 0, 0, 0]),  # nothing is told apart
    ],
)
def test_ties_count_at_their_expectation_over_all_orders(score, true):
    ours = split_half.figures(np.array(score, dtype=float), np.array(true, dtype=bool))
    orders = [order for order in itertools.permutations(range(5)) if all(np.diff([score[at] for at in order]) <= 0)]
    every = np.array([plain_figures([true[at] for at in order]) for order in orders])
    assert ours.average_precision == pytest.approx(every[:, 0].mean())
    assert ours.recall_at_10_false == pytest.approx(every[:, 1].mean())


def test_recall_stops_at_the_tenth_false_pair():
    true = np.array([False] * 9 + [True] + [False] + [True])
    assert split_half.figures(-np.arange(12.0), true).recall_at_10_false == 0.5
    tied = split_half.figures(np.zeros(21), np.array([True] + [False] * 20))
    assert tied.recall_at_10_false == pytest.approx(10 / 21)  # before how many of twenty false ones it may come


@pytest.mark.parametrize("x", [0.01, 0.5, 2.0, 7.0, 40.0])
@pytest.mark.parametrize("shape", [1, 2, 5])
def test_the_gamma_tail_is_that_of_poisson_arrivals(shape, x):
    # A gamma variable of whole shape exceeds x where fewer than shape arrivals came by x.
    expected = math.log(math.fsum(math.exp(-x) * x**k / math.factorial(k) for k in range(shape)))
    assert split_half.log_gamma_tail(shape, x) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_drawings_keep_every_degree_and_differ():
    rng = np.random.default_rng(4)
    held = rng.random((15, 60)) < 0.2
    drawn = list(drawn_graphs.drawings(held, 3, rng))
    for graph in drawn:
        assert graph.sum(axis=0).tolist() == held.sum(axis=0).tolist()
        assert graph.sum(axis=1).tolist() == held.sum(axis=1).tolist()
    assert (drawn[0] != drawn[1]).any()


def test_uniform_values_pass_the_test_and_squeezed_ones_do_not():
    uniform = np.random.default_rng(8).random(1000)
    assert drawn_graphs.kolmogorov_smirnov(uniform)[1] > 0.05
    distance, chance = drawn_graphs.kolmogorov_smirnov(uniform**0.8)
    assert distance > 0.05
    assert chance < 0.01


def test_fixing_both_sides_leaves_the_mean_of_the_drawings_and_less_variance():
    rng = np.random.default_rng(12)
    held = rng.random((12, 80)) < np.linspace(0.05, 0.4, 12)[:, None]
    held = held[:, held.sum(axis=0) >= 2]
    first, second = np.triu_indices(12, 1)
    model = drawn_graphs.fit_bicm(held.sum(axis=1), held.sum(axis=0))
    fixed = drawn_graphs.tails(model, first, second, both_fixed=True)
    plain = drawn_graphs.tails(model, first, second)
    counts = np.array([(graph @ graph.T)[first, second] for graph in drawn_graphs.drawings(held, 300, rng)])
    large = plain.mean > 3
    assert counts.mean(axis=0)[large] == pytest.approx(fixed.mean[large], rel=0.1)
    drawn = counts.var(axis=0, ddof=1)[large].sum()
    assert drawn == pytest.approx(fixed.variance[large].sum(), rel=0.1)
    assert drawn < 0.9 * plain.variance[large].sum()

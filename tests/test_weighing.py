"""Numbers only: Bayes' rule, order, dependence, tempering, caps, leave-out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.inference import weighing
from consilience.inference.common_roots import counted_under
from consilience.inference.weighing import Dependence

WEIGHT = st.floats(-60, 60, allow_nan=False).map(lambda x: round(x, 2))


@st.composite
def problems(draw, fewest=0):
    explanations = draw(st.integers(2, 5))
    count = draw(st.integers(fewest, 8))
    priors = np.array(draw(st.lists(st.floats(0.01, 1), min_size=explanations, max_size=explanations)))
    weights = draw(
        st.lists(st.lists(WEIGHT, min_size=explanations, max_size=explanations), min_size=count, max_size=count)
    )
    return priors / priors.sum(), np.array(weights, dtype=float).reshape(count, explanations)


def independent(count: int) -> Dependence:
    return Dependence(np.arange(count), np.zeros(count, dtype=np.int64), np.zeros(count), np.array([math.inf]))


@pytest.mark.parametrize(
    ("priors", "rows", "expected"),
    [
        ([0.5, 0.5], [], [0.5, 0.5]),
        ([0.5, 0.5], [[10, 0]], [10 / 11, 1 / 11]),
        ([0.5, 0.5], [[10, 0], [0, 10]], [0.5, 0.5]),
        ([0.1, 0.9], [[20, 0]], [10 / 10.9, 0.9 / 10.9]),
        ([0.25, 0.25, 0.5], [[0, -10, 0]], [0.25 / 0.775, 0.025 / 0.775, 0.5 / 0.775]),
        ([0.5, 0.5], [[4000, 0]], [1, 0]),
    ],
)
def test_posterior_is_prior_times_likelihood(priors, rows, expected):
    found = weighing.posterior(np.array(priors), np.array(rows, dtype=float).reshape(-1, len(priors)))
    assert found == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(problems(), st.randoms(use_true_random=False))
def test_order_of_evidence_does_not_move_a_bit(problem, chance):
    priors, rows = problem
    order = list(range(len(rows)))
    chance.shuffle(order)
    assert weighing.posterior(priors, rows).tobytes() == weighing.posterior(priors, rows[order]).tobytes()


@settings(deadline=None)
@given(problems())
def test_waterfall_starts_at_the_prior_and_ends_at_the_posterior(problem):
    priors, rows = problem
    values = weighing.posterior(priors, rows)
    leader = int(values.argmax())
    bars = weighing.waterfall(priors, rows, leader)
    assert len(bars) == len(rows) + 1
    assert bars[0] == pytest.approx(weighing.decibans(priors[leader] / (1 - priors[leader])), abs=1e-9)
    assert bars[-1] == weighing.log_odds(priors, rows, leader)
    assert 1 / (1 + weighing.ratio(-bars[-1])) == pytest.approx(values[leader], abs=1e-9)


@settings(deadline=None)
@given(problems(fewest=1))
def test_leave_one_out_of_independent_rows_is_the_posterior_of_the_rest(problem):
    priors, rows = problem
    found = weighing.leave_out(priors, rows, independent(len(rows)), np.eye(len(rows), dtype=bool))
    for index in range(len(rows)):
        assert found[index] == pytest.approx(weighing.posterior(priors, np.delete(rows, index, axis=0)), abs=1e-9)


@pytest.mark.parametrize(
    ("weights", "rho", "expected"),
    [
        ([10, 6, 3], 0.5, [10, 3, 0.75]),
        ([3, 10, 6], 0.5, [0.75, 10, 3]),  # by strength, not by order
        ([10, 6], 0.0, [10, 0]),
        ([10, 6], 1.0, [10, 6]),
        ([10, -4, 6, -2], 0.5, [10, -4, 3, -1]),  # for and against are ranked apart
        ([0, 5], 0.5, [0, 5]),
    ],
)
def test_inside_a_group_the_strongest_counts_in_full(weights, rho, expected):
    rows = np.array(weights, dtype=float)[:, None]
    same = Dependence(
        np.zeros(len(rows), dtype=int), np.zeros(len(rows), dtype=int), np.full(len(rows), rho), np.array([99.0])
    )
    assert weighing.combined(rows, same)[:, 0] == pytest.approx(expected)


def test_leaving_out_the_strongest_gives_the_next_its_full_say():
    rows = np.array([[10.0, 0.0], [6.0, 0.0]])
    same = Dependence(np.zeros(2, dtype=int), np.zeros(2, dtype=int), np.zeros(2), np.array([99.0]))
    left = weighing.leave_out(np.array([0.5, 0.5]), rows, same, np.array([[True, False], [False, True]]))
    assert left[:, 0] == pytest.approx([1 / (1 + 10**-0.6), 1 / (1 + 10**-1.0)])


@settings(deadline=None)
@given(problems(fewest=1), st.floats(1, 30))
def test_a_family_never_says_more_than_its_cap(problem, limit):
    _, rows = problem
    family = Dependence(np.arange(len(rows)), np.zeros(len(rows), dtype=int), np.zeros(len(rows)), np.array([limit]))
    found = weighing.capped(rows, family)
    assert np.where(found > 0, found, 0).sum(axis=0).max() <= limit + 1e-6
    assert np.where(found < 0, found, 0).sum(axis=0).min() >= -limit - 1e-6
    assert np.all(found * rows >= 0)
    assert np.all(np.abs(found) <= np.abs(rows) + 1e-9)


@pytest.mark.parametrize(
    ("weight", "fraction", "otherwise", "expected_ratio"),
    [
        (20, 0.0, 0, 100),
        (20, 1.0, 0, 1),
        (20, 0.1, 0, 90.1),
        (20, 0.5, 10, 55),
        (-20, 0.5, 0, 0.505),
        (5000, 0.0, 0, None),
    ],
)
def test_tempering_mixes_likelihood_ratios(weight, fraction, otherwise, expected_ratio):
    found = weighing.temper(weight, fraction, otherwise)
    assert found == pytest.approx(5000 if expected_ratio is None else weighing.decibans(expected_ratio))


@settings(deadline=None)
@given(st.floats(-50, 4000), st.floats(0.001, 0.2))
def test_the_planting_cap_holds_and_never_turns_a_sign(weight, planted):
    found = weighing.cap(weight, planted)
    assert found <= weighing.decibans(1 / planted) + 1e-9
    assert found <= max(weight, 0) + 1e-9 if weight > 0 else found == weight
    assert found >= -1e-9 if weight > 0 else found == weight


def test_the_olympic_destroyer_lesson():
    """An exclusivity of 100 % is worth a factor of 20 at most where one in twenty such traces is planted."""
    assert weighing.ratio(weighing.cap(300, 0.05)) == pytest.approx(20)


@pytest.mark.parametrize(
    ("a", "b", "q", "r", "expected"),
    [(0.9, 0.1, 0.5, 1.0, 9), (0.9, 0.1, 0.5, 0.0, 1), (0.8, 0.1, 0.5, 0.5, 0.65 / 0.3), (0.1, 0.9, 0.5, 1.0, 1 / 9)],
)
def test_a_report_weighs_what_its_reliability_leaves(a, b, q, r, expected):
    assert weighing.ratio(weighing.report_weight(a, b, q, r)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: weighing.posterior(np.array([0.5, 0.6]), np.zeros((0, 2))), "add up to 1"),
        (lambda: weighing.posterior(np.array([0.0, 1.0]), np.zeros((0, 2))), "above 0"),
        (lambda: weighing.posterior(np.array([0.5, 0.5]), np.zeros((1, 3))), "do not fit"),
        (lambda: weighing.posterior(np.array([0.5, 0.5]), np.array([[np.nan, 0]])), "finite"),
        (lambda: weighing.posterior(np.array([0.5, 0.5]), np.array([[np.inf, 0]])), "finite"),
        (lambda: weighing.decibans(0), "above 0"),
        (lambda: weighing.temper(10, 1.5), "between 0 and 1"),
    ],
)
def test_what_cannot_be_weighed_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("roots", "speaking", "expected"),
    [
        (["a", "a", "b"], "", ["a", "a", "b"]),
        (["ab"], "b", ["b"]),  # a copy of both counts under the one that speaks
        (["ab"], "ba", ["a"]),
        (["ab", "a", "b"], "", ["a", "a", "b"]),  # and does not join two that are apart
        (["ab", "bc"], "", ["a", "a"]),  # both may repeat b
        (["ab", "bc", "cd"], "", ["a", "a", "a"]),
        (["ab", "bc"], "b", ["b", "b"]),
        ([], "", []),
    ],
)
def test_copies_count_under_their_roots(roots, speaking, expected):
    assert counted_under([frozenset(each) for each in roots], set(speaking)) == expected
    backwards = counted_under([frozenset(each) for each in reversed(roots)], set(speaking))
    assert backwards[::-1] == expected

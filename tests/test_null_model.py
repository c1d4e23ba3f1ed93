"""The null model against brute force (all outcomes of tiny graphs) and against degree-preserving randomisation."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from consilience.inference import null_model
from consilience.inference.null_model import (
    count_tail,
    expected_overlap,
    fit_bicm,
    joint_probability,
    poisson_tail,
    score_tail,
)

MATRICES = st.integers(2, 6).flatmap(
    lambda rows: st.lists(st.lists(st.booleans(), min_size=rows, max_size=rows), min_size=1, max_size=8)
)


def fitted(matrix):
    matrix = np.array(matrix, dtype=np.int64)
    return fit_bicm(matrix.sum(axis=1), matrix.sum(axis=0))


@given(MATRICES)
@settings(deadline=None)
def test_the_fit_keeps_every_degree_on_average(columns):
    matrix = np.array(columns, dtype=np.int64).T
    model = fitted(matrix)
    of_column = np.searchsorted(model.column_degree, matrix.sum(axis=0))
    full = model.probability[model.row_class][:, of_column]
    assert full.sum(axis=1) == pytest.approx(matrix.sum(axis=1), abs=1e-6)
    assert full.sum(axis=0) == pytest.approx(matrix.sum(axis=0), abs=1e-6)
    assert model.residual < 1e-6


def test_the_fit_is_the_configuration_model():
    # p / (1 - p) must be a product of a row's and a column's parameter: two rows differ by one factor everywhere.
    rng = np.random.default_rng(7)
    model = fitted(rng.random((12, 40)) < np.linspace(0.1, 0.6, 12)[:, None])
    inner = (model.probability > 0) & (model.probability < 1)
    odds = np.log(model.probability / (1 - model.probability), where=inner, out=np.zeros_like(model.probability))
    differences = odds[1:][:, inner.all(axis=0)] - odds[:-1][:, inner.all(axis=0)]
    assert np.ptp(differences, axis=1) == pytest.approx(0.0, abs=1e-6)


def test_two_rows_leave_nothing_to_chance():
    # Every column of degree 2 is held by both: what is observed is what is expected.
    model = fitted([[1, 1, 1], [1, 1, 1]])
    assert model.probability.tolist() == [[1.0]]
    assert count_tail(np.ones((1, 1)), np.array([3]), np.array([3])).tolist() == [1.0]


def test_a_row_that_holds_everything_and_one_that_holds_nothing():
    model = fitted([[1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1]])
    by_row = model.probability[model.row_class]
    assert by_row[:, 0].tolist() == pytest.approx([1.0, 0.0, 0.5, 0.5])


@pytest.mark.parametrize(("rows", "columns"), [([2, 1], [1, 1]), ([3, 0], [1, 1, 1, 0, 0, -0 + 3]), ([-1, 2], [1, 0])])
def test_degrees_of_no_graph_are_refused(rows, columns):
    with pytest.raises(ValueError, match=r"entries|degree"):
        fit_bicm(np.array(rows), np.array(columns))


def enumerate_tail(chances, weights, least):
    """Sum the probability of every outcome of independent columns whose weighted count reaches ``least``."""
    total = 0.0
    for outcome in itertools.product((0, 1), repeat=len(chances)):
        if sum(w for w, hit in zip(weights, outcome, strict=True) if hit) >= least - 1e-12:
            total += math.prod(q if hit else 1 - q for q, hit in zip(chances, outcome, strict=True))
    return total


CLASSES = st.lists(st.tuples(st.integers(1, 4), st.floats(0.0, 1.0)), min_size=1, max_size=3)


@given(CLASSES, st.integers(0, 12))
@settings(deadline=None, max_examples=60)
def test_the_tail_of_the_count_is_that_of_all_outcomes(classes, observed):
    chances = [q for columns, q in classes for _ in range(columns)]
    tail = count_tail(
        np.array([[q for _, q in classes]]), np.array([n for n, _ in classes]), np.array([observed], dtype=np.int64)
    )
    assert tail[0] == pytest.approx(enumerate_tail(chances, [1] * len(chances), observed), rel=1e-9, abs=1e-13)


@given(CLASSES, st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3), st.floats(0.01, 6.0))
@settings(deadline=None, max_examples=60)
def test_the_bound_on_the_score_never_understates_the_tail(classes, weights, observed):
    chances = [q for columns, q in classes for _ in range(columns)]
    each = [w for (columns, _), w in zip(classes, weights, strict=False) for _ in range(columns)]
    bound = score_tail(
        np.array([[q for _, q in classes]]),
        np.array([n for n, _ in classes]),
        np.array(weights[: len(classes)]),
        np.array([observed]),
    )
    assert np.exp(bound[0]) >= enumerate_tail(chances, each, observed) * (1 - 1e-9) - 1e-250


@given(CLASSES, st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3), st.floats(0.0, 1.0))
@settings(deadline=None, max_examples=60)
def test_the_bound_on_the_score_is_the_least_over_all_tilts(classes, weights, share):
    chances, columns = np.array([q for _, q in classes]), np.array([n for n, _ in classes])
    weight = np.array(weights[: len(classes)])
    observed = share * float(columns @ weight)
    bound = score_tail(chances[None, :], columns, weight, np.array([observed]))[0]
    tilts = np.linspace(0.0, 40.0, 4001)
    cumulant = np.log1p(chances * np.expm1(tilts[:, None] * weight)) @ columns
    assert bound <= (cumulant - tilts * observed).min() + 1e-6 * max(1.0, observed)


def test_the_bound_does_not_depend_on_what_else_is_asked():
    rng = np.random.default_rng(5)
    joint, columns, weights = rng.random((300, 7)) * 0.2, rng.integers(1, 90, 7), rng.random(7)
    observed = joint @ (columns * weights) * rng.uniform(0.0, 4.0, 300)
    together = score_tail(joint, columns, weights, observed)
    apart = [score_tail(joint[[at]], columns, weights, observed[[at]])[0] for at in range(300)]
    assert together == pytest.approx(np.array(apart), rel=1e-9, abs=1e-12)


def test_nothing_observed_and_less_than_expected_give_no_score():
    joint, columns, weights = np.full((3, 1), 0.5), np.array([10]), np.array([1.0])
    assert score_tail(joint, columns, weights, np.array([0.0, 4.0, 5.0])).tolist() == [0.0, 0.0, 0.0]


def test_small_tails_keep_their_digits():
    # P(at least 5 of 10) with q = 1e-6 is C(10,5) q^5 to first order: far below what 1 - P(fewer) could give.
    tail = count_tail(np.array([[1e-6]]), np.array([10]), np.array([5]))
    assert tail[0] == pytest.approx(252e-30, rel=1e-4)


def test_many_columns_approach_poisson():
    tail = count_tail(np.array([[5e-6]]), np.array([1_000_000]), np.array([9]))
    assert tail[0] == pytest.approx(poisson_tail(9, 5.0), rel=1e-4)


def test_above_the_limit_the_bound_stands_in(monkeypatch):
    joint, columns, observed = np.array([[0.2, 0.01]]), np.array([100, 400]), np.array([60])
    exact = count_tail(joint, columns, observed)
    monkeypatch.setattr(null_model, "EXACT_LIMIT", 10)
    bound = count_tail(joint, columns, observed)
    assert exact[0] < bound[0] < exact[0] * 100


@given(st.integers(2, 5), st.integers(3, 9), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)
def test_means_and_tails_by_class_are_those_of_the_full_matrix(rows, columns, seed):
    matrix = (np.random.default_rng(seed).random((rows, columns)) < 0.5).astype(np.int64)
    assume(matrix.sum() > 0)
    model = fitted(matrix)
    of_column = np.searchsorted(model.column_degree, matrix.sum(axis=0))
    full = model.probability[model.row_class][:, of_column]
    joint = joint_probability(model, np.array([0]), np.array([1]))
    spread = (full * (1 - full)).sum(axis=0)
    chances = (
        full[0] * full[1] * (1 - np.divide((1 - full[0]) * (1 - full[1]), spread, where=spread > 0, out=spread * 0))
    )
    chances = np.maximum(chances, 0)
    assert (joint @ model.multiplicity)[0] == pytest.approx(chances.sum())
    tail = count_tail(joint, model.multiplicity, np.array([2]))
    assert tail[0] == pytest.approx(enumerate_tail(chances.tolist(), [1] * columns, 2), abs=1e-9)


def matrices_with(rows, columns):
    """All 0/1 matrices with these row and column sums."""
    options = [list(itertools.combinations(range(len(rows)), d)) for d in columns]
    for held in itertools.product(*options):
        matrix = np.zeros((len(rows), len(columns)), dtype=np.int64)
        for v, holders in enumerate(held):
            matrix[list(holders), v] = 1
        if matrix.sum(axis=1).tolist() == rows:
            yield matrix


@pytest.mark.parametrize(
    ("rows", "columns"), [([4, 3, 3, 2], [2] * 6), ([3, 2, 2, 2, 1], [2] * 5), ([4, 3, 2, 3], [3, 3, 2, 2, 2])]
)
def test_expected_overlap_is_near_the_mean_over_all_graphs_with_these_degrees(rows, columns):
    every = np.array([matrix @ matrix.T for matrix in matrices_with(rows, columns)])
    model = fit_bicm(np.array(rows), np.array(columns))
    pairs = np.array(list(itertools.combinations(range(len(rows)), 2)))
    ours = joint_probability(model, pairs[:, 0], pairs[:, 1]) @ model.multiplicity
    true = np.array([every[:, i, j].mean() for i, j in pairs])
    assert ours == pytest.approx(true, rel=0.25)
    held = model.probability[model.row_class]
    plain = (held[pairs[:, 0]] * held[pairs[:, 1]]) @ model.multiplicity
    assert np.abs(ours - true).mean() < np.abs(plain - true).mean() / 2  # what fixing the columns is for


@pytest.mark.parametrize(
    ("rows", "columns"), [([4, 3, 3, 2], [2] * 6), ([3, 2, 2, 2, 1], [2] * 5), ([4, 3, 2, 3], [3, 3, 2, 2, 2])]
)
@pytest.mark.parametrize("level", [0.05, 0.1, 0.2])
def test_a_small_p_value_is_at_most_as_frequent_among_all_graphs_as_it_says(rows, columns, level):
    # The model lets a row's degree vary and so spreads more than the graphs do: it errs on the side of chance.
    every = np.array([matrix @ matrix.T for matrix in matrices_with(rows, columns)])
    model = fit_bicm(np.array(rows), np.array(columns))
    pairs = np.array(list(itertools.combinations(range(len(rows)), 2)))
    joint = joint_probability(model, pairs[:, 0], pairs[:, 1])
    for place, (i, j) in enumerate(pairs):
        each = np.repeat(joint[place : place + 1], len(every), axis=0)
        p = count_tail(each, model.multiplicity, every[:, i, j])
        assert (p <= level).mean() <= level


def curveball(matrix, rng, trades):
    """Trade columns between random pairs of rows; all degrees stay (Strona et al. 2014, Nat. Commun. 5:4114)."""
    held = [set(np.flatnonzero(row).tolist()) for row in matrix]
    for _ in range(trades):
        i, j = rng.choice(len(held), size=2, replace=False)
        common = held[i] & held[j]
        pool = sorted((held[i] | held[j]) - common)
        rng.shuffle(pool)
        cut = len(held[i]) - len(common)
        held[i], held[j] = common | set(pool[:cut]), common | set(pool[cut:])
    return held


def test_agrees_with_degree_preserving_randomisation():
    rng = np.random.default_rng(20260103)
    matrix = rng.random((14, 160)) < np.linspace(0.03, 0.35, 14)[:, None]
    matrix = matrix[:, matrix.sum(axis=0) >= 2]
    model = fitted(matrix)
    pairs = np.array(list(itertools.combinations(range(14), 2)))
    joint = joint_probability(model, pairs[:, 0], pairs[:, 1])
    expected = joint @ model.multiplicity
    samples = []
    held = [set(np.flatnonzero(row).tolist()) for row in matrix]
    for _ in range(400):
        current = np.array([[column in row for column in range(matrix.shape[1])] for row in held])
        held = curveball(current, rng, 40)
        samples.append([len(held[i] & held[j]) for i, j in pairs])
    drawn = np.array(samples)
    large = expected > 2
    assert drawn.mean(axis=0)[large] == pytest.approx(expected[large], rel=0.15)
    # The exact ensemble fixes the degrees and so spreads less: the model's p-values must not be too small.
    tail = np.concatenate([count_tail(joint, model.multiplicity, row) for row in drawn])
    assert (tail <= 0.05).mean() <= 0.05
    assert (tail <= 0.01).mean() <= 0.01


@pytest.mark.parametrize(
    ("observed", "mean", "expected"),
    [
        (6, 6.06, 0.56),  # Gamaredon and Lazarus, /24 networks, in a fuller copy of Maltrail
        (2, 0.23, 0.02),  # Gamaredon and Turla, domains
        (5, 1.8, 0.04),  # Kimsuky and Lazarus, /24 networks
        (0, 3.0, 1.0),
        (1, 0.0, 0.0),
    ],
)
def test_poisson_tail(observed, mean, expected):
    assert poisson_tail(observed, mean) == pytest.approx(expected, abs=0.006)


@given(st.integers(1, 60), st.floats(0.001, 80.0))
def test_poisson_tail_is_the_sum_of_its_terms(observed, mean):
    terms = (math.exp(j * math.log(mean) - mean - math.lgamma(j + 1)) for j in range(observed, observed + 400))
    assert poisson_tail(observed, mean) == pytest.approx(math.fsum(terms), rel=1e-9, abs=1e-14)


def test_expected_overlap_is_the_sum_over_columns():
    # Three rows hold (a, b), (b, c), (b, c, d): degrees 1, 3, 2, 1, so the sum of d(d-1) is 8 and S is 7.
    assert expected_overlap(2, 3, 8, 7) == pytest.approx(2 * 3 * 8 / 49)
    with pytest.raises(ValueError, match="empty"):
        expected_overlap(1, 1, 0, 0)
    with pytest.raises(ValueError, match="negative"):
        poisson_tail(1, -0.1)

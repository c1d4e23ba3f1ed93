"""Ridge classification in the dual: against the primal worked out by hand, its held-out scores, and the folds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.inference.kernel_ridge import (
    fit_ridge,
    held_out_scores,
    ridge_scores,
    stranger_scores,
    stratified_folds,
)

SETTINGS = {"ridge": 0.3, "balance": 0.5}


def cases(seed, number=14, features=6, classes=3):
    generator = np.random.default_rng(seed)
    column = np.arange(number) % classes
    return generator.normal(size=(number, features)) + np.eye(classes, features)[column] * 2.0, column


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_dual_equals_weighted_primal(balance):
    x, column = cases(1)
    asked, _ = cases(2, number=5)
    weight = (14 / (3 * np.bincount(column)[column])) ** balance
    target = np.where(np.arange(3) == column[:, None], 1.0, -1.0)
    offset = weight @ target / weight.sum()
    centred = x - x.mean(axis=0)
    primal = np.linalg.solve((centred.T * weight) @ centred + 0.3 * np.eye(6), (centred.T * weight) @ (target - offset))
    model = fit_ridge(x @ x.T, column, 3, ridge=0.3, balance=balance)
    assert ridge_scores(model, asked @ x.T) == pytest.approx((asked - x.mean(axis=0)) @ primal + offset)


def test_a_held_out_case_is_scored_without_itself():
    x, column = cases(3)
    gram, fold = x @ x.T, np.arange(14) // 5
    found = held_out_scores(gram, column, fold, 3, **SETTINGS)
    x[fold == 1] *= -50.0
    changed = held_out_scores(np.where((fold == 1)[:, None] | (fold == 1), x @ x.T, gram), column, fold, 3, **SETTINGS)
    kept = np.flatnonzero(fold != 0)
    alone = fit_ridge(gram[np.ix_(kept, kept)], column[kept], 3, **SETTINGS)
    assert found[fold == 0] == pytest.approx(ridge_scores(alone, gram[np.ix_(np.flatnonzero(fold == 0), kept)]))
    assert changed[fold == 0] != pytest.approx(found[fold == 0])


def test_a_class_without_a_case_always_scores_minus_one():
    x, column = cases(4)
    model = fit_ridge(x @ x.T, column, 5, **SETTINGS)
    assert ridge_scores(model, x @ x.T)[:, 3:] == pytest.approx(-1.0)


def test_a_stranger_scores_less_than_a_member():
    x, column = cases(5, number=60, features=40, classes=4)
    x += 3.0 * np.eye(4, 40)[column]
    gram = x @ x.T
    inside = held_out_scores(gram, column, np.arange(60) // 4 % 5, 4, **SETTINGS).max(axis=1)
    assert stranger_scores(gram, column, **SETTINGS).mean() < inside.mean() - 0.3


@pytest.mark.parametrize(
    ("gram", "column", "classes", "ridge"),
    [
        (np.eye(2), [0, 1, 0], 2, 1.0),
        (np.ones((2, 3)), [0, 1], 2, 1.0),
        (np.eye(2), [0, 2], 2, 1.0),
        (np.eye(2), [0, -1], 2, 1.0),
        (np.eye(2), [0, 1], 2, 0.0),
        (np.zeros((0, 0)), [], 2, 1.0),
    ],
)
def test_what_does_not_fit_is_refused(gram, column, classes, ridge):
    with pytest.raises(ValueError, match=r"fit|outside"):
        fit_ridge(gram, column, classes, ridge=ridge, balance=0.5)


@given(st.permutations(range(14)))
def test_the_order_of_cases_does_not_matter(order):
    x, column = cases(6)
    asked, _ = cases(7, number=4)
    here = ridge_scores(fit_ridge(x @ x.T, column, 3, **SETTINGS), asked @ x.T)
    moved = x[order]
    there = ridge_scores(fit_ridge(moved @ moved.T, column[order], 3, **SETTINGS), asked @ moved.T)
    assert there == pytest.approx(here)


FOLDS = [
    # column, group, folds, fold of each
    ("classes are spread", [0, 0, 1, 1], [0, 1, 2, 3], 2, [0, 1, 0, 1]),
    ("a group stays together", [0, 0, 0, 0], [7, 7, 8, 9], 2, [0, 0, 1, 1]),
    ("a group counts for its class as often as it has cases", [0, 0, 0, 0], [7, 8, 7, 7], 3, [0, 1, 0, 0]),
]


@pytest.mark.parametrize(("why", "column", "group", "folds", "expected"), FOLDS)
def test_folds(why, column, group, folds, expected):
    assert stratified_folds(column, group, folds, range(len(column))).tolist() == expected, why


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), min_size=1, max_size=60), st.integers(2, 6))
def test_no_group_is_torn_and_lone_cases_are_even(pairs, folds):
    column, group = [each for each, _ in pairs], [each for _, each in pairs]
    fold = stratified_folds(column, group, folds, range(len(pairs))).tolist()
    assert len({(number, at) for number, at in zip(group, fold, strict=True)}) == len(set(group))
    alone = stratified_folds(column, range(len(pairs)), folds, range(len(pairs)))
    for each in set(column):
        counts = np.bincount(alone[np.array(column) == each], minlength=folds)
        assert counts.max() - counts.min() <= 1

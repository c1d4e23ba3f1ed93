"""Is a stated probability right as often as it says? Figures worked out by hand, laws, and seeded simulations."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.inference.calibration import (
    ReliabilityBin,
    accepted_at,
    accuracy_at,
    auroc,
    bootstrap,
    brier,
    calibration_error,
    coverage_at,
    fit_platt,
    fit_temperature,
    logit,
    reliability_curve,
    risk_coverage,
    succession,
)

FORECASTS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def columns(forecasts):
    return np.array([p for p, _ in forecasts]), np.array([y for _, y in forecasts], dtype=float)


# --- curves and scores ------------------------------------------------------------------------------------------------

STATED = [0.25, 0.25, 0.75, 0.75]
SURE = [1.0, 1.0, 0.0, 0.0]
CALIBRATION = [
    ("half right at 1/2", [0.5, 0.5], [1, 0], 0.0),
    ("a quarter too low, a quarter too high", STATED, [1, 0, 1, 0], 0.25),
    ("always sure, always right", SURE, [1, 1, 0, 0], 0.0),
    ("always sure, always wrong", SURE, [0, 0, 1, 1], 1.0),
    ("a gap of 0.1 in three of four", [0.9, 0.9, 0.9, 0.5], [1, 1, 1, 0], 0.3 / 4 + 0.5 / 4),
]


@pytest.mark.parametrize(
    ("stated", "right", "error"), [each[1:] for each in CALIBRATION], ids=[each[0] for each in CALIBRATION]
)
def test_expected_calibration_error(stated, right, error):
    assert calibration_error(stated, right, 10) == pytest.approx(error)


def test_the_curve_has_the_bins_that_hold_forecasts():
    curve = reliability_curve([0.05, 0.1, 0.95, 1.0], [0, 1, 1, 1], 10)
    assert curve == (ReliabilityBin(1, 0.05, 0.0), ReliabilityBin(1, 0.1, 1.0), ReliabilityBin(2, 0.975, 1.0))
    by_count = reliability_curve([0.1, 0.2, 0.3, 0.9], [0, 0, 1, 1], 2, equal_count=True)
    assert [(each.count, each.right) for each in by_count] == [(2, 0.0), (2, 1.0)]


def test_equal_forecasts_share_a_bin_whatever_their_order():
    for right in ([1, 0, 0, 0], [0, 0, 0, 1]):
        (only,) = reliability_curve([0.5] * 4, right, 4, equal_count=True)
        assert (only.count, only.right) == (4, 0.25)


SCORES = [  # stated, right, score, reliability, resolution, uncertainty
    ([0.5, 0.5], [1, 0], 0.25, 0.0, 0.0, 0.25),
    (SURE, [1, 1, 0, 0], 0.0, 0.0, 0.25, 0.25),
    (SURE, [0, 0, 1, 1], 1.0, 1.0, 0.25, 0.25),
    (STATED, [0, 0, 1, 1], 0.0625, 0.0625, 0.25, 0.25),
    ([0.8] * 4, [1, 1, 1, 0], 0.19, 0.0025, 0.0, 0.1875),
]


@pytest.mark.parametrize(("stated", "right", "score", "reliability", "resolution", "uncertainty"), SCORES)
def test_brier_parts_by_hand(stated, right, score, reliability, resolution, uncertainty):
    parts = brier(stated, right)
    found = (parts.score, parts.reliability, parts.resolution, parts.uncertainty, parts.within)
    assert found == pytest.approx((score, reliability, resolution, uncertainty, 0.0), abs=1e-12)


@given(FORECASTS, st.integers(1, 20))
@settings(deadline=None)
def test_brier_parts_add_up(forecasts, bins):
    parts = brier(*columns(forecasts), bins)
    assert parts.score == pytest.approx(
        parts.reliability - parts.resolution + parts.uncertainty + parts.within, abs=1e-9
    )
    assert min(parts.reliability, parts.resolution, parts.uncertainty) >= 0.0


def test_chance_alone_makes_an_error_that_is_taken_off():
    rng = np.random.default_rng(20)
    plain, debiased, skewed = [], [], []
    for _ in range(200):
        p = rng.random(60)
        y = rng.random(60) < p
        plain.append(calibration_error(p, y))
        debiased.append(calibration_error(p, y, debiased=True))
        skewed.append(calibration_error(np.sqrt(p), y, debiased=True))
    assert np.mean(debiased) < 0.25 * np.mean(plain)
    assert np.mean(skewed) > 3.0 * np.mean(debiased)  # what chance does not explain stays


@given(FORECASTS)
@settings(deadline=None)
def test_taking_chance_off_never_adds(forecasts):
    p, y = columns(forecasts)
    assert 0.0 <= calibration_error(p, y, debiased=True) <= calibration_error(p, y) <= 1.0


# --- selective answers ------------------------------------------------------------------------------------------------


def test_risk_by_coverage_by_hand():
    curve = risk_coverage([0.9, 0.6, 0.8, 0.7], [1, 0, 1, 0])
    assert curve.coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert curve.risk.tolist() == pytest.approx([0.0, 0.0, 1 / 3, 1 / 2])
    assert curve.area == pytest.approx((1 / 3 + 1 / 2) / 4)


def test_ties_share_their_risk():
    assert risk_coverage([0.5, 0.5], [1, 0]).risk.tolist() == [0.5, 0.5]
    assert risk_coverage([0.5, 0.5], [0, 1]).risk.tolist() == [0.5, 0.5]


@given(FORECASTS)
@settings(deadline=None)
def test_the_number_of_wrong_answers_never_falls_with_coverage(forecasts):
    p, y = columns(forecasts)
    curve = risk_coverage(p, y)
    wrong = curve.risk * np.arange(1, p.size + 1)
    assert np.all(np.diff(wrong) >= -1e-9)
    assert wrong[-1] == pytest.approx((1.0 - y).sum())


@pytest.mark.parametrize(("coverage", "accuracy"), [(0.0, 1.0), (0.25, 1.0), (0.5, 1.0), (0.75, 2 / 3), (1.0, 0.5)])
def test_accuracy_at_a_coverage(coverage, accuracy):
    assert accuracy_at([0.9, 0.6, 0.8, 0.7], [1, 0, 1, 0], coverage) == pytest.approx(accuracy)


@pytest.mark.parametrize(("accuracy", "coverage"), [(1.0, 0.5), (0.9, 0.5), (0.6, 0.75), (0.5, 1.0)])
def test_coverage_at_an_accuracy(accuracy, coverage):
    assert coverage_at([0.9, 0.6, 0.8, 0.7], [1, 0, 1, 0], accuracy) == coverage


def test_no_coverage_where_the_surest_is_wrong():
    assert coverage_at([0.9, 0.1], [0, 1], 0.99) == 0.0


# --- telling cases apart ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("positive", "negative", "area"),
    [([2, 3], [0, 1], 1.0), ([0], [1], 0.0), ([1], [1], 0.5), ([1, 3], [2], 0.5), ([2, 2], [1, 2], 0.75)],
)
def test_auroc_by_hand(positive, negative, area):
    assert auroc(positive, negative) == area
    assert auroc(negative, positive) == 1.0 - area


@pytest.mark.parametrize(
    ("share", "accepted"), [(1.0, 0.75), (0.9, 0.5), (0.5, 0.25), (0.1, 0.0)]
)  # thresholds 1, 2, 6 and 10
def test_unknown_cases_accepted_with_a_share_of_the_known(share, accepted):
    assert accepted_at(range(1, 11), [0.5, 1.5, 5.5, 6.5], share) == accepted


def test_a_bootstrap_interval_holds_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(4)
    inside = 0
    for seed in range(200):
        values = rng.normal(3.0, 1.0, 40)
        interval = bootstrap(lambda cases, v=values: float(v[cases].mean()), 40, seed=seed, times=200)
        assert interval.low <= interval.value <= interval.high
        inside += interval.low <= 3.0 <= interval.high
    assert 0.82 <= inside / 200 <= 0.96


def test_a_bootstrap_is_decided_by_its_seed():
    def first(cases):
        return float(cases[0])

    assert bootstrap(first, 5, seed=1, times=9) == bootstrap(first, 5, seed=1, times=9)
    assert bootstrap(first, 500, seed=1, times=9) != bootstrap(first, 500, seed=2, times=9)


# --- corrections ------------------------------------------------------------------------------------------------------


def test_platt_finds_the_line_that_made_the_data():
    rng = np.random.default_rng(11)
    stated = rng.uniform(0.02, 0.98, 20_000)
    right = rng.random(20_000) < 1.0 / (1.0 + np.exp(-(-0.5 + 0.6 * logit(stated))))
    assert fit_platt(stated, right) == pytest.approx((-0.5, 0.6), abs=0.06)


def test_platt_stays_at_its_prior_without_evidence():
    assert fit_platt([0.9], [1], strength=1e6) == pytest.approx((0.0, 1.0), abs=1e-4)


def test_platt_does_not_turn_the_order_around_and_then_states_the_share():
    """Forecasts that are wrong way round: all that is left is how often the answer was right, 30 of 40."""
    intercept, slope = fit_platt([0.9] * 20 + [0.1] * 20, [1] * 10 + [0] * 10 + [1] * 20, strength=1e-9)
    assert slope == 0.0
    assert intercept == pytest.approx(math.log(3.0), abs=1e-3)


@given(FORECASTS, st.floats(0.1, 10))
@settings(deadline=None, max_examples=60)
def test_a_platt_slope_is_never_negative(forecasts, strength):
    intercept, slope = fit_platt(*columns(forecasts), strength=strength)
    assert slope >= 0.0
    assert math.isfinite(intercept)


def test_temperature_undoes_a_scale():
    rng = np.random.default_rng(5)
    scores = rng.normal(0.0, 1.5, (20_000, 4))
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    truth = (rng.random((20_000, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    assert fit_temperature(scores, truth) == pytest.approx(1.0, abs=0.05)
    assert fit_temperature(3.0 * scores, truth) == pytest.approx(3.0, abs=0.15)


def test_rule_of_succession():
    assert succession(0, 0) == 0.5
    assert succession(8, 8) == 0.9


# --- wrong input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda: brier([], []),
        lambda: calibration_error([0.5], [1, 0]),
        lambda: brier([1.1], [1]),
        lambda: risk_coverage([float("nan")], [1]),
        lambda: reliability_curve([0.5], [0.5]),
        lambda: auroc([], [1]),
        lambda: accepted_at([1], [], 0.5),
        lambda: accepted_at([1], [1], 0.0),
        lambda: bootstrap(float, 0, seed=1),
        lambda: fit_temperature([[0.0, 1.0]], [2]),
        lambda: fit_temperature([[0.0, 1.0]], []),
    ],
)
def test_no_record_is_not_a_perfect_one(call):
    with pytest.raises(ValueError, match=r"."):
        call()

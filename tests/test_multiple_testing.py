"""Benjamini-Hochberg: the textbook example, and laws that hold for any p-values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.inference.multiple_testing import benjamini_hochberg

PROBABILITIES = st.lists(st.floats(0.0, 1.0), max_size=40)


def test_the_example_of_the_1995_paper():
    # Benjamini and Hochberg 1995, section 4: 15 endpoints, four are rejected at 5 %.
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    p += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.000]
    q = benjamini_hochberg(np.array(p), 15)
    assert (q <= 0.05).sum() == 4
    assert q[3] == pytest.approx(0.0095 * 15 / 4)


@given(PROBABILITIES, st.integers(0, 60))
def test_tests_that_were_never_written_down_count_as_p_1(p, unseen):
    short = benjamini_hochberg(np.array(p), len(p) + unseen)
    full = benjamini_hochberg(np.array(p + [1.0] * unseen), len(p) + unseen)
    assert short.tolist() == full[: len(p)].tolist()


@given(PROBABILITIES, st.integers(0, 60))
def test_q_is_never_below_p_and_keeps_the_order(p, unseen):
    q = benjamini_hochberg(np.array(p), len(p) + unseen)
    assert ((q >= np.array(p) * (1 - 1e-12)) & (q <= 1.0)).all()
    by_p = q[np.argsort(p, kind="stable")]
    assert (np.diff(by_p) >= 0).all()


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30), st.floats(0.01, 0.5))
def test_q_below_alpha_is_what_the_step_up_procedure_rejects(p, alpha):
    ranked = sorted(p)
    passed = [k for k, value in enumerate(ranked, 1) if value * len(p) / k <= alpha]
    assert (benjamini_hochberg(np.array(p), len(p)) <= alpha).sum() == (max(passed) if passed else 0)


@pytest.mark.parametrize(
    ("p", "tests", "why"),
    [([0.1, 0.2], 1, "2 p-values were given for 1"), ([1.2], 5, "outside"), ([float("nan")], 5, "outside")],
)
def test_impossible_input_is_refused(p, tests, why):
    with pytest.raises(ValueError, match=why):
        benjamini_hochberg(np.array(p), tests)

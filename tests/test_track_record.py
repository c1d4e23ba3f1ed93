"""A record of earlier answers makes the next one humbler or surer, and says from where a name may be given."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.attribution.candidates import BANDS, FEW, LARGEST, MANY, corrected
from consilience.attribution.profiles import UNDATED, KnownReport
from consilience.attribution.traces import indicators
from consilience.attribution.track_record import PastAnswer, past_answers, with_record
from consilience.inference.logistic import fit_logistic
from consilience.knowledge.indicator_model import read_indicator_model

MODEL = read_indicator_model()


def record(right: int, wrong: int, raw: float, band: str = LARGEST, traced: bool = True) -> list[PastAnswer]:
    return [PastAnswer(day, raw, day < right, band, traced) for day in range(right + wrong)]


def test_no_record_leaves_the_model_as_it_is() -> None:
    assert with_record(MODEL, []) is MODEL


@pytest.mark.parametrize(
    ("right", "wrong", "low", "high"),
    [(200, 0, 0.9, 1.0), (100, 100, 0.45, 0.65), (20, 180, 0.05, 0.25)],
)
def test_what_is_stated_follows_what_was_right(right: int, wrong: int, low: float, high: float) -> None:
    model = with_record(MODEL, record(right, wrong, 0.9))
    assert low <= corrected(0.9, LARGEST, True, model) <= high


def test_only_the_latest_answers_count() -> None:
    old, new = record(0, 1_000, 0.9), record(200, 0, 0.9)
    assert with_record(MODEL, [*old, *new]) == with_record(MODEL, new)


@pytest.mark.parametrize(
    ("right", "wrong", "cap"),
    [(100, 0, 1.0), (5, 0, 0.94), (90, 10, 0.94)],  # a short record is no licence to be sure, and a bad one neither
)
def test_a_band_says_95_per_cent_only_on_a_good_record(right: int, wrong: int, cap: float) -> None:
    sure = msgspec.structs.replace(MODEL, settings=msgspec.structs.replace(MODEL.settings, strength=1e6))
    answers = record(right, wrong, 0.99999, MANY)
    assert with_record(sure, answers).band[MANY].cap == cap


def test_a_band_that_was_mostly_wrong_gives_no_name() -> None:
    model = with_record(MODEL, record(10, 90, 0.9, FEW))
    assert model.band[FEW].answer_from == 1.0
    assert model.band[FEW].reports == 100


def test_a_band_without_an_answer_keeps_its_own_record() -> None:
    model = with_record(MODEL, record(50, 50, 0.9, MANY))
    assert model.band[LARGEST] == MODEL.band[LARGEST]


def report(cluster: str, name: str, day: int, value: str) -> KnownReport:
    return KnownReport(cluster, name, day, day, indicators([("ipv4-addr", value, "")]), "vendor")


def test_answers_see_only_what_is_older_and_undated_reports_are_not_asked_about() -> None:
    reports = [
        report("Bear", "first of all", 10, "192.0.2.1"),
        report("Kitten", "new here", 20, "198.51.100.1"),
        report("Kitten", "again", 30, "198.51.100.1"),  # a copy is no question
        report("Bear", "same address", 40, "192.0.2.1"),
        report("Bear", "next to it", 50, "192.0.2.9"),
        report("Bear", "when?", UNDATED, "192.0.2.2"),
    ]
    answers = list(past_answers(reports, MODEL).values())
    assert [each.day for each in answers] == [20, 50]
    assert answers[0].right is False  # Kitten was not known, Bear led
    assert answers[1].right is True
    assert answers[1].traced


REPORTS = st.lists(
    st.builds(
        report,
        st.sampled_from(["Bear", "Kitten", "Panda"]),
        st.uuids().map(str),
        st.integers(1, 40),
        st.integers(1, 30).map("192.0.2.{}".format),
    ),
    max_size=25,
)


@given(REPORTS, REPORTS)
def test_what_was_answered_before_is_answered_alike_after_an_addition(
    first: list[KnownReport], more: list[KnownReport]
) -> None:
    """An old answer is taken over only where all that it rests on is the same."""
    assert past_answers([*first, *more], MODEL, past_answers(first, MODEL)) == past_answers([*first, *more], MODEL)


def test_an_answer_is_asked_again_where_something_older_came_or_the_model_changed() -> None:
    first = [report("Bear", "old", 10, "192.0.2.1"), report("Kitten", "new", 40, "192.0.2.1")]
    before = past_answers(first, MODEL)
    newer, older = report("Panda", "newer", 50, "192.0.2.9"), report("Kitten", "older", 20, "192.0.2.1")
    assert before.keys() <= past_answers([*first, newer], MODEL).keys()
    assert not before.keys() & past_answers([*first, older], MODEL).keys()
    other = msgspec.structs.replace(MODEL, settings=msgspec.structs.replace(MODEL.settings, pooled=99.0))
    assert not before.keys() & past_answers(first, other).keys()


def test_the_fit_is_that_of_the_likelihood_where_the_prior_is_weak() -> None:
    x = np.ones((100, 1))
    right = np.arange(100) < 80
    assert fit_logistic(x, right, [0.0], 1e-9)[0] == pytest.approx(np.log(0.8 / 0.2), abs=1e-5)
    assert fit_logistic(np.empty((0, 2)), [], [0.3, 1.2], 1.0).tolist() == [0.3, 1.2]
    assert fit_logistic(x, right, [0.5], 1e9)[0] == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize(
    ("design", "right", "prior", "strength"), [([[1.0]], [1, 0], [0.0], 1.0), ([[1.0]], [1], [0.0], 0.0)]
)
def test_what_does_not_fit_is_refused(
    design: list[list[float]], right: list[int], prior: list[float], strength: float
) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        fit_logistic(design, right, prior, strength)


@given(st.lists(st.tuples(st.floats(0.01, 0.99), st.booleans(), st.sampled_from(BANDS), st.booleans()), max_size=40))
def test_any_record_gives_a_correction_in_bounds(rows: list[tuple[float, bool, str, bool]]) -> None:
    answers = [PastAnswer(at, *row) for at, row in enumerate(rows)]
    model = with_record(MODEL, answers)
    for band in BANDS:
        assert 0.0 < corrected(0.7, band, True, model) < 1.0
        assert 0.5 <= model.band[band].answer_from <= 1.0

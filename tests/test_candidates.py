"""Ranking clusters as the makers of a report's indicators: what speaks for whom, and when no name is given."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.attribution.candidates import (
    BANDS,
    CANDIDATE,
    FEW,
    LARGEST,
    MANY,
    UNKNOWN,
    Ranking,
    band_of,
    corrected,
    features,
    rank,
    score,
)
from consilience.attribution.profiles import UNDATED, KnownReport, build_profiles
from consilience.attribution.traces import Indicators, indicators
from consilience.knowledge.indicator_model import read_indicator_model

MODEL = read_indicator_model()
NOTHING = Indicators((), ())


def asked(*values: str) -> Indicators:
    return indicators(("ipv4-addr" if each[0].isdigit() else "domain-name", each, "") for each in values)


def report(cluster: str, name: str, day: int, *values: str) -> KnownReport:
    return KnownReport(cluster, name, day, day, asked(*values), "vendor")


def world(*more: KnownReport) -> list[KnownReport]:
    """Seven clusters of twelve reports each; the names of Bear's are like one another."""
    names = ("Bear", "Kitten", "Panda", "Tiger", "Chollima", "Buffalo", "Spider")
    return [
        *(
            report(name, f"{name} {at}", 1_000 + 10 * at, f"{name.lower()}-service-{at}.com", f"198.51.{place}.{at}")
            for place, name in enumerate(names)
            for at in range(12)
        ),
        *more,
    ]


PROFILES = build_profiles(world())


def test_every_feature_has_a_learnt_weight() -> None:
    assert set(MODEL.candidate) == set(CANDIDATE)
    assert set(MODEL.unknown) == set(UNKNOWN)
    assert set(MODEL.band) == set(BANDS)


def posterior(ranking: Ranking, cluster: str) -> float:
    return next(each.posterior for each in ranking.candidates if each.cluster == cluster)


def test_a_shared_address_outweighs_resemblance() -> None:
    ranking = rank(asked("198.51.1.5", "bear-service-99.com"), PROFILES, MODEL, 1_200)
    leader = ranking.candidates[0]
    assert leader.cluster == "Kitten"
    assert [(each.kind, each.value) for each in leader.matched] == [("address", "198.51.1.5")]
    assert leader.traces > 0
    assert posterior(ranking, "Bear") > posterior(ranking, "Panda")  # names like Bear's


def test_probabilities_add_up_and_unknown_is_always_among_them() -> None:
    ranking = rank(asked("198.51.1.5"), PROFILES, MODEL, 1_200, most=3)
    listed = math.fsum(each.posterior for each in ranking.candidates)
    assert len(ranking.candidates) == 3
    assert ranking.unknown > 0
    assert listed + ranking.unknown + ranking.rest == pytest.approx(1.0, abs=3e-4)


@pytest.mark.parametrize(
    ("given_", "profiles", "day", "reason"),
    [
        (NOTHING, PROFILES, 1_200, "no-indicators"),
        (asked("198.51.1.5"), build_profiles([]), 1_200, "no-profiles"),
        (asked("198.51.1.5"), PROFILES, 500, "no-profiles"),  # all reports are of the future
    ],
)
def test_nothing_to_go_by_is_an_abstention(given_: Indicators, profiles: object, day: int, reason: str) -> None:
    ranking = rank(given_, profiles, MODEL, day)  # type: ignore[arg-type]
    assert ranking.abstains
    assert reason in ranking.reasons
    assert ranking.unknown == 1.0


def test_nothing_shared_is_said_and_gives_no_sure_name() -> None:
    ranking = rank(asked("203.0.113.9", "quite-another-name.net"), PROFILES, MODEL, 1_200)
    assert "no-shared-trace" in ranking.reasons
    assert ranking.abstains
    assert all(each.posterior < 0.95 for each in ranking.candidates)


@given(st.sampled_from(["198.51.1.5", "198.51.2.7", "kitten-service-3.com", "203.0.113.9", "other.net"]))
def test_what_is_not_shared_takes_nothing_from_the_traces(value: str) -> None:
    for each in rank(asked(value), PROFILES, MODEL, 1_200).candidates:
        assert each.traces >= 0.0
        assert all(unit.decibans >= 0.0 for unit in each.matched)


def test_two_traces_speak_louder_than_one_and_their_dependence_is_shown() -> None:
    one = rank(asked("198.51.1.5"), PROFILES, MODEL, 1_200).candidates[0]
    two = rank(asked("198.51.1.5", "198.51.1.6"), PROFILES, MODEL, 1_200).candidates[0]
    assert two.posterior >= one.posterior
    assert two.dependence == pytest.approx(two.traces - sum(each.decibans for each in two.matched), abs=0.02)
    assert two.dependence < 0


@given(st.permutations(["198.51.1.5", "kitten-service-3.com", "203.0.113.9", "panda-service-1.com"]))
def test_the_order_of_values_does_not_matter(values: list[str]) -> None:
    usual = rank(
        asked("198.51.1.5", "kitten-service-3.com", "203.0.113.9", "panda-service-1.com"), PROFILES, MODEL, 1_200
    )
    assert rank(asked(*values), PROFILES, MODEL, 1_200) == usual


def test_a_copied_report_changes_nothing() -> None:
    copy = report("Kitten", "a retelling", 1_060, "kitten-service-5.com", "198.51.1.5")
    question = asked("198.51.1.5", "some-new-name.com")
    assert rank(question, build_profiles(world(copy)), MODEL, 1_200) == rank(question, PROFILES, MODEL, 1_200)


def test_without_its_maker_unknown_gains_and_the_maker_is_not_named() -> None:
    question = asked("198.51.1.5", "kitten-service-3.com")
    with_maker = rank(question, PROFILES, MODEL, 1_200)
    without = rank(question, PROFILES, MODEL, 1_200, without="Kitten")
    assert without.unknown > with_maker.unknown
    assert "Kitten" not in {each.cluster for each in without.candidates}
    assert without.abstains


def test_an_old_trace_of_unknown_day_counts_as_a_year_old() -> None:
    dated = build_profiles(world(report("Bear", "x", 1_200 - 365, "rare-thing-here.com")))
    undated = build_profiles(world(report("Bear", "x", UNDATED, "rare-thing-here.com")))
    traces = [rank(asked("rare-thing-here.com"), each, MODEL, 1_200).candidates[0].traces for each in (dated, undated)]
    assert traces[0] == pytest.approx(traces[1])


def test_bands_go_by_number_of_reports_then_by_place() -> None:
    import numpy as np

    reports = np.array([50, 40, 30, 30, 30, 30, 10, 9, 0])
    bands = [band_of(at, reports, MODEL.settings) for at in range(9)]
    assert bands == [LARGEST] * 5 + [MANY] * 2 + [FEW] * 2


def test_the_record_of_large_clusters_is_not_lent_to_small_ones_that_nobody_exceeds() -> None:
    import numpy as np

    reports = np.array([12, 9, 1])
    assert [band_of(at, reports, MODEL.settings) for at in range(3)] == [LARGEST, FEW, FEW]


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999), st.sampled_from(BANDS), st.booleans())
def test_the_correction_keeps_order_and_cap(one: float, other: float, band: str, traced: bool) -> None:
    low, high = sorted((one, other))
    stated = [corrected(each, band, traced, MODEL) for each in (low, high)]
    assert 0.0 < stated[0] <= stated[1] <= MODEL.band[band].cap


@given(st.lists(st.text(max_size=30), max_size=5), st.integers(0, 4_000))
def test_odd_input_never_raises(values: list[str], day: int) -> None:
    for type_ in ("domain-name", "url", "ipv4-addr", "host-port", "email-addr"):
        ranking = rank(indicators((type_, each, "") for each in values), PROFILES, MODEL, day)
        assert 0.0 <= ranking.unknown <= 1.0


def test_scores_are_probabilities_and_clusters_without_reports_have_none() -> None:
    seen = features(asked("198.51.1.5"), PROFILES, 1_005, MODEL.settings)  # one report each so far
    scored = score(seen, MODEL)
    assert scored.stated.sum() == pytest.approx(1.0)
    hidden = score(features(asked("198.51.1.5"), PROFILES, 1_005, MODEL.settings, 0), MODEL)
    assert hidden.stated[0] == 0.0

"""Whose report a text reads like: settled reports made of each cluster's own words, and what must not happen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from consilience.attribution.near_copies import near_copies
from consilience.attribution.text_similarity import (
    SettledReport,
    TextSettings,
    _corrected,
    _softmax,
    build_text_profiles,
    rank_text,
    score_text,
)
from invented_reports import OWN_WORDS, report


def settled(clusters, each=8):
    return [
        SettledReport(f"{cluster}-{number}", cluster, report(cluster, 100 * place + number))
        for place, cluster in enumerate(clusters)
        for number in range(each)
    ]


KNOWN = ("Heron", "Lynx", "Otter")
PROFILES = build_text_profiles(settled(KNOWN))


@pytest.mark.parametrize("cluster", KNOWN)
def test_a_report_is_ranked_under_its_cluster(cluster):
    ranking = rank_text(report(cluster, 9_001), PROFILES)
    first = ranking.candidates[0]
    assert (first.cluster, first.reports, ranking.abstains) == (cluster, 8, False)
    assert first.words
    assert set(first.words[:3]) <= set(OWN_WORDS[cluster])
    assert {each.cluster for each in ranking.alike} == {cluster}


@pytest.mark.parametrize("most", [1, 2, 10])
def test_the_probabilities_are_one_distribution(most):
    ranking = rank_text(report("Otter", 9_002), PROFILES, most=most)
    assert len(ranking.candidates) == min(most, 3)
    total = ranking.unknown + ranking.rest + sum(each.posterior for each in ranking.candidates)
    assert total == pytest.approx(1.0, abs=5e-4)
    posteriors = [each.posterior for each in ranking.candidates]
    assert posteriors == sorted(posteriors, reverse=True)


def test_an_unknown_actors_report_is_not_named():
    strangers = [rank_text(report("Stoat", 9_100 + number), PROFILES) for number in range(20)]
    known = [rank_text(report("Heron", 9_200 + number), PROFILES) for number in range(20)]
    assert sum(not each.abstains for each in strangers) <= 2
    assert sum(not each.abstains for each in known) >= 18
    assert all({"unknown-leads", "below-threshold"} & set(each.reasons) for each in strangers if each.abstains)


ABSTAINS = [
    # what, text, profiles, reason
    ("nothing in it", "", PROFILES, "too-short"),
    ("a single line", "bank ledger teller payment", PROFILES, "too-short"),
    ("no word that is known", " ".join(f"strange{number}" for number in range(500)), PROFILES, "too-short"),
    ("only digits and signs", "1 2 3 -- ,, \x00 \ufffd", PROFILES, "too-short"),
    ("no profiles", report("Heron", 1), None, "no-profiles"),
]


@pytest.mark.parametrize(("what", "text", "profiles", "reason"), ABSTAINS)
def test_abstention(what, text, profiles, reason):
    ranking = rank_text(text, profiles)
    assert (ranking.abstains, ranking.reasons, ranking.unknown, ranking.candidates) == (True, (reason,), 1.0, ()), what


def copies_of(cluster, number):
    text = report(cluster, 5)
    return [SettledReport(f"{cluster}-{at}", cluster, f"{text} {at}") for at in range(number)]


TOO_FEW = [
    ("no report", [], False),
    ("two clusters", settled(("Heron", "Lynx")), False),
    ("three clusters with four reports each", settled(KNOWN, each=4), False),
    ("three clusters with five reports each", settled(KNOWN, each=5), True),
    ("the third has copies of one report", [*settled(("Heron", "Lynx")), *copies_of("Otter", 9)], False),
]


@pytest.mark.parametrize(("what", "reports", "enough"), TOO_FEW)
def test_how_many_settled_reports_it_takes(what, reports, enough):
    assert (build_text_profiles(reports) is not None) is enough, what


def test_a_cluster_with_too_few_reports_is_no_candidate():
    profiles = build_text_profiles([*settled(KNOWN), SettledReport("s", "Stoat", report("Stoat", 1))])
    assert profiles.clusters == KNOWN


@examples(max_examples=10, deadline=None)
@given(st.permutations(settled(KNOWN, each=5)))
def test_the_order_of_settled_reports_does_not_matter(reports):
    there = rank_text(report("Lynx", 77), build_text_profiles(reports))
    assert there == rank_text(report("Lynx", 77), build_text_profiles(settled(KNOWN, each=5)))


@given(st.permutations(report("Otter", 78, words=60).split()))
def test_the_order_of_words_does_not_matter(words):
    assert rank_text(" ".join(words), PROFILES) == rank_text(report("Otter", 78, words=60), PROFILES)


@given(st.text(max_size=400))
def test_no_text_raises(text):
    assert 0.0 <= rank_text(text, PROFILES).unknown <= 1.0


def test_what_no_other_report_has_does_not_change_a_score():
    plain = report("Heron", 79)
    hashes = " ".join(f"{number:032x}" for number in range(400))
    assert score_text(f"{plain} {hashes}", PROFILES).scores == pytest.approx(score_text(plain, PROFILES).scores)


def test_a_higher_prior_of_unknown_actors_is_heard():
    cautious = build_text_profiles(settled(KNOWN), TextSettings(unknown_prior=0.9))
    text = report("Heron", 80, own=6)
    assert rank_text(text, cautious).unknown > rank_text(text, PROFILES).unknown


COPIES = [
    ("the same text twice", ["a b c d e f g", "a b c d e f g"], [0, 0]),
    ("in other case and with other stops", ["a b c d e f g", "A, b. C d (e) f g"], [0, 0]),
    ("the one inside the other", ["a b c d e f", "x y z a b c d e f w v u t"], [0, 0]),
    ("other texts", ["a b c d e f g", "h i j k l m n"], [0, 1]),
    ("the same words in another order", ["a b c d e f g", "g f e d c b a"], [0, 1]),
    ("a chain", ["a b c d e f", "a b c d e f g h i j k l", "g h i j k l"], [0, 0, 0]),
    ("less than half", ["a b c d e f g h i", "a b c d e p q r s"], [0, 1]),
    ("no words", ["", "", "--"], [0, 1, 2]),
]


@pytest.mark.parametrize(("what", "texts", "groups"), COPIES)
def test_near_copies(what, texts, groups):
    found = near_copies(texts).tolist()
    assert [found.index(each) for each in found] == [groups.index(each) for each in groups], what


def test_what_is_stated_at_most_grows_with_the_record():
    few, many = (build_text_profiles(settled(KNOWN, each=each)) for each in (5, 20))
    assert (few.cap, many.cap) == (pytest.approx(16 / 17), pytest.approx(51 / 52))
    for profiles in (few, many):
        stated = [score_text(report("Heron", 9_300 + number), profiles).among_known for number in range(10)]
        assert all(each.max() <= profiles.cap + 1e-12 and each.sum() == pytest.approx(1.0) for each in stated)


@given(
    st.lists(st.floats(-9.0, 9.0), min_size=2, max_size=6),
    st.floats(-3.0, 3.0),
    st.floats(0.0, 4.0),
)
def test_the_correction_keeps_who_leads_and_the_order_of_the_others(scores, intercept, slope):
    before = np.exp(scores) / np.exp(scores).sum()
    after = _corrected(before, (intercept, slope))
    assert after.sum() == pytest.approx(1.0)
    assert after.argmax() == before.argmax()
    rest = np.delete(np.arange(len(scores)), before.argmax())
    assert np.argsort(before[rest], kind="stable").tolist() == np.argsort(after[rest], kind="stable").tolist()


def test_the_correction_says_less_where_held_out_answers_were_worse_than_stated():
    noisy = [
        SettledReport(f"{name}-{at}", name, report(name if at % 3 else "Heron", 60 * at + place))
        for at in range(12)
        for place, name in enumerate(KNOWN)
    ]  # a third of the reports of two clusters are in another's words
    profiles = build_text_profiles(noisy)
    softened = _softmax(score_text(report("Heron", 9_999), profiles).scores / profiles.temperature)
    stated = score_text(report("Heron", 9_999), profiles).among_known
    assert stated.max() < softened.max()


def test_where_scores_say_nothing_the_prior_stays():
    # Every report is of the same words: no score tells a known cluster from an unknown one.
    alike = [
        SettledReport(f"{name}-{at}", name, report("Heron", 50 * at + place))
        for at in range(8)
        for place, name in enumerate(KNOWN)
    ]
    ranking = rank_text(report("Heron", 1_234), build_text_profiles(alike))
    assert ranking.abstains
    assert ranking.unknown == pytest.approx(0.3, abs=0.2)

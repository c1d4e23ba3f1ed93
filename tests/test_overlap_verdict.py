"""The one word for an overlap, and that it takes all of its conditions."""

import pytest

from consilience.model.assessment import PairOverlap, SharedObservable
from consilience.overlap.pairs import OverlapSettings, is_linked
from consilience.overlap.verdict import Verdict, verdict

SETTINGS = OverlapSettings()


def pair(observed, p, q, origins, *weights):
    shared = tuple(
        SharedObservable(type="ipv4-addr", value=f"198.51.100.{at}", prevalence=2, decibans=weight)
        for at, weight in enumerate(weights)
    )
    figures = {"observed": observed, "expected": 0.1, "p_value": p, "q_value": q, "pairs_tested": 100, "score": 1.0}
    return PairOverlap(a="A", b="B", unit="all", origins=origins, population="x", shared=shared, **figures)


CASES = [
    # observed, p, q, origins, weights      verdict          why
    ((2, 1e-6, 0.01, 2, 9.0, 8.0), Verdict.LINK),
    ((2, 1e-6, 0.05, 2, 9.0, 8.0), Verdict.LINK),
    ((2, 1e-6, 0.0501, 2, 9.0, 8.0), Verdict.LEAD),  # over all pairs, chance gives as much
    ((2, 1e-6, 0.01, 1, 9.0, 8.0), Verdict.LEAD),  # one origin
    ((1, 1e-6, 0.01, 2, 15.2), Verdict.LEAD),  # one value, however exclusive
    ((5, 1e-6, 0.01, 2, 9.0, 0.0, 0.0, 0.0, 0.0), Verdict.LEAD),  # one value with weight: the others are everybody's
    ((2, 0.06, 0.01, 2, 0.0, 0.0), Verdict.CHANCE),
    ((0, 1.0, 1.0, 0), Verdict.CHANCE),
    ((9, 1e-9, 1e-6, 0), Verdict.UNSEEN),  # beyond what was looked at one by one
    ((9, 1e-3, 0.2, 0), Verdict.LEAD),
]


@pytest.mark.parametrize(("figures", "word"), CASES)
def test_the_word_for_an_overlap(figures, word):
    each = pair(*figures)
    assert verdict(each, SETTINGS) == word
    assert is_linked(each, SETTINGS) == (word == Verdict.LINK)


def test_the_rate_that_is_asked_for_counts():
    each = pair(2, 1e-4, 0.04, 2, 9.0, 8.0)
    assert verdict(each, OverlapSettings(fdr=0.04)) == Verdict.LINK
    assert verdict(each, OverlapSettings(fdr=0.01)) == Verdict.LEAD

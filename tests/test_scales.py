"""Words of likelihood and confidence: the published tables, both directions, and what is not invented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.knowledge import scales
from consilience.model.source import Reliability
from consilience.model.words import Likelihood

PROBABILITIES = st.floats(0.0, 1.0)
SCALES = st.sampled_from(["phia", "icd-203", "fr", "stix-dni", "stix-wep"])
LANGUAGES = st.sampled_from(["en", "fr"])

# scale, probability, English and French term, low, high
WORD_FOR = [
    ("icd-203", 0.03, "almost no chance", "presque aucune chance", 0.01, 0.05),
    ("icd-203", 0.10, "very unlikely", "très improbable", 0.05, 0.20),
    ("icd-203", 0.30, "unlikely", "improbable", 0.20, 0.45),
    ("icd-203", 0.50, "roughly even chance", "chances à peu près égales", 0.45, 0.55),
    ("icd-203", 0.70, "likely", "probable", 0.55, 0.80),
    ("icd-203", 0.87, "very likely", "très probable", 0.80, 0.95),
    ("icd-203", 0.97, "almost certain", "presque certain", 0.95, 0.99),
    ("phia", 0.02, "remote chance", "chance infime", 0.00, 0.05),
    ("phia", 0.15, "highly unlikely", "hautement improbable", 0.10, 0.20),
    ("phia", 0.30, "unlikely", "improbable", 0.25, 0.35),
    ("phia", 0.45, "realistic possibility", "possibilité réaliste", 0.40, 0.50),
    ("phia", 0.60, "likely", "probable", 0.55, 0.75),
    ("phia", 0.85, "highly likely", "hautement probable", 0.80, 0.90),
    ("phia", 0.99, "almost certain", "presque certain", 0.95, 1.00),
    ("fr", 0.07, "almost no chance", "presque aucune chance", 0.02, 0.12),
    ("fr", 0.30, "probably not", "probablement pas", 0.20, 0.40),
    ("fr", 0.50, "chances about even", "chances à peu près égales", 0.40, 0.60),
    ("fr", 0.75, "probable", "probable", 0.63, 0.87),
    ("fr", 0.93, "almost certain", "quasi certain", 0.87, 0.99),
]


@pytest.mark.parametrize(("scale", "p", "english", "french", "low", "high"), WORD_FOR)
def test_a_probability_gets_the_word_of_the_published_range(scale, p, english, french, low, high):
    assert scales.word_for(p, scale, "en") == Likelihood(english, low, high, scale, "en")
    assert scales.word_for(p, scale, "fr") == Likelihood(french, low, high, scale, "fr")


# Where ranges meet or leave a gap: the upper range takes a shared boundary; in a gap the nearer range is taken, and of
# two equally near ones that closer to even. 0.075 lies midway between PHIA's 0-5 and 10-20.
EDGES = [
    ("icd-203", 0.80, "very likely"),
    ("icd-203", 0.55, "likely"),
    ("icd-203", 0.0, "almost no chance"),
    ("icd-203", 1.0, "almost certain"),
    ("phia", 0.07, "remote chance"),
    ("phia", 0.075, "highly unlikely"),
    ("phia", 0.38, "realistic possibility"),
    ("phia", 0.525, "realistic possibility"),
    ("phia", 0.77, "likely"),
    ("phia", 0.775, "likely"),
    ("phia", 0.78, "highly likely"),
    ("phia", 0.925, "highly likely"),
]


@pytest.mark.parametrize(("scale", "p", "term"), EDGES)
def test_boundaries_and_gaps(scale, p, term):
    assert scales.word_for(p, scale, "en").term == term


@given(PROBABILITIES, SCALES, LANGUAGES)
def test_the_interval_holds_the_probability_or_is_the_nearest(p, scale, lang):
    word = scales.word_for(p, scale, lang)

    def distance(low: float, high: float) -> float:
        return max(low - p, p - high, 0.0)

    nearest = min(distance(term.low, term.high) for term in scales.scale(scale).terms)
    assert distance(word.low, word.high) == pytest.approx(nearest, abs=2e-9)
    assert scales.covers(word, p) == (distance(word.low, word.high) == 0)


@given(PROBABILITIES, SCALES, LANGUAGES)
def test_a_written_word_is_read_back_on_its_scale(p, scale, lang):
    word = scales.word_for(p, scale, lang)
    assert scales.read_likelihood(word.term, lang, scale) == word


@given(PROBABILITIES, PROBABILITIES, SCALES)
def test_a_higher_probability_never_gets_a_lower_word(p, q, scale):
    low, high = sorted((p, q))
    assert scales.word_for(low, scale, "en").low <= scales.word_for(high, scale, "en").low


@given(st.sampled_from(["phia", "icd-203", "fr"]), LANGUAGES)
def test_without_a_hint_the_interval_is_never_narrower_than_on_any_scale_with_the_word(scale, lang):
    for term in scales.scale(scale).terms:
        read = scales.read_likelihood(term.word(lang), lang)
        if read is None:
            continue  # a translation that no text uses
        hinted = scales.read_likelihood(term.word(lang), lang, scale)
        assert hinted is not None
        if read.scale in ("", scale) and scales.scale(scale).used_by:
            assert read.low <= hinted.low
            assert hinted.high <= read.high


# text, language, hint, low, high, scale
READ = [
    ("almost certainly", "en", "phia", 0.95, 1.00, "phia"),
    ("almost certainly", "en", "icd-203", 0.95, 0.99, "icd-203"),
    ("almost certainly", "en", "", 0.95, 1.00, ""),
    ("Highly likely", "en", "", 0.80, 0.90, "phia"),
    ("very likely", "en", "", 0.80, 0.95, "icd-203"),
    ("very likely", "en", "phia", 0.80, 0.95, ""),  # NCSC-UK in 2019: not a term of its own yardstick
    ("likely", "en", "", 0.55, 0.80, ""),
    ("probably", "en", "phia", 0.55, 0.75, "phia"),
    ("realistic possibility", "en", "", 0.40, 0.50, "phia"),
    ("presque certainement", "fr", "phia", 0.95, 1.00, "phia"),  # a French paper on NCSC-UK
    ("presque certainement", "fr", "", 0.87, 1.00, ""),
    ("quasi-certainement", "fr", "fr", 0.87, 0.99, "fr"),
    ("vraisemblablement", "fr", "", 0.55, 0.87, ""),
    ("très probable", "fr", "", 0.80, 0.99, ""),
    ("probablement pas", "fr", "", 0.20, 0.40, "fr"),
    ("very-likely", "en", "icd-203", 0.80, 0.95, "icd-203"),  # a MISP tag
    ("chances-à-peu-près-egales", "fr", "fr", 0.40, 0.60, "fr"),
]


@pytest.mark.parametrize(("text", "lang", "hint", "low", "high", "scale"), READ)
def test_a_word_is_read_with_its_own_wording(text, lang, hint, low, high, scale):
    assert scales.read_likelihood(text, lang, hint) == Likelihood(text, low, high, scale, lang)


@pytest.mark.parametrize("text", ["may have", "might", "possible", "suspected", "we believe", "remote", "certain", ""])
def test_a_hedge_that_no_scale_has_gets_no_range(text):
    assert scales.read_likelihood(text, "en") is None


def test_an_unknown_scale_is_an_error():
    with pytest.raises(ValueError, match="unknown scale 'kent'"):
        scales.word_for(0.5, "kent", "en")
    with pytest.raises(ValueError, match="between 0 and 1"):
        scales.word_for(1.01, "phia", "en")
    with pytest.raises(ValueError, match="between 0 and 1"):
        scales.word_for(float("nan"), "phia", "en")


CONFIDENCE = [
    ("moderate confidence", "en", "moderate"),
    ("medium confidence", "en", "moderate"),
    ("with high confidence", "en", "high"),
    ("low confidence", "en", "low"),
    ("moderate-to-high confidence", "en", "moderate"),
    ("confiance modérée", "fr", "moderate"),
    ("avec un haut degré de confiance", "fr", "high"),
    ("niveau de confiance élevé", "fr", "high"),
    ("faible confiance", "fr", "low"),
    ("high", "en", "high"),
]


@pytest.mark.parametrize(("text", "lang", "level"), CONFIDENCE)
def test_confidence_has_three_levels(text, lang, level):
    read = scales.read_confidence(text, lang)
    assert read is not None
    assert (read.level, read.term, read.scale) == (level, text, "")


def test_confidence_takes_the_scale_of_the_speaker_only_where_it_has_such_an_axis():
    hinted = scales.read_confidence("high confidence", "en", "icd-203")
    tabled = scales.read_confidence("high confidence", "en", "stix-dni")
    assert hinted is not None
    assert tabled is not None
    assert (hinted.scale, tabled.scale) == ("icd-203", "")


@pytest.mark.parametrize("text", ["with confidence", "confidence", "confident", "likely", ""])
def test_confidence_without_a_level_is_not_guessed(text):
    assert scales.read_confidence(text, "en") is None


RANGES = [
    (Likelihood("very likely", 0.80, 0.95, "icd-203", "en"), "en", "very likely (80–95\u00a0%)"),
    (Likelihood("très probable", 0.80, 0.95, "icd-203", "fr"), "fr", "très probable (80–95\u00a0%)"),
    (Likelihood("impossible", 0.0, 0.0, "stix-wep", "en"), "en", "impossible (0\u00a0%)"),
    (Likelihood("x", 0.125, 0.5, "", "fr"), "fr", "x (12,5–50\u00a0%)"),
    (Likelihood("x", 0.125, 0.5, "", "en"), "en", "x (12.5–50\u00a0%)"),
]


@pytest.mark.parametrize(("likelihood", "lang", "sentence"), RANGES)
def test_the_range_stands_beside_the_word(likelihood, lang, sentence):
    assert scales.sentence_range(likelihood, lang) == sentence


def test_stix_and_misp_read_twenty_numbers_as_different_words():
    apart = [
        number
        for number in range(101)
        if scales.likelihood_of_number(number, "stix-dni").term
        != scales.likelihood_of_number(number, "misp-estimative-language").term
    ]
    assert apart == [*range(5, 10), *range(40, 45), *range(55, 60), *range(90, 95)]


NUMBERS = [
    (57, "misp-estimative-language", "likely", 0.55, 0.80, "icd-203"),
    (57, "stix-dni", "roughly even chance", 0.40, 0.59, "stix-dni"),
    (5, "stix-dni", "almost no chance", 0.0, 0.09, "stix-dni"),
    (5, "misp-estimative-language", "very unlikely", 0.05, 0.20, "icd-203"),
    (93, "misp-fr", "almost certain", 0.87, 0.99, "fr"),
    (30, "stix-wep", "unlikely", 0.20, 0.39, "stix-wep"),
    (100, "stix-wep", "certain", 1.0, 1.0, "stix-wep"),
]


@pytest.mark.parametrize(("number", "table", "term", "low", "high", "scale"), NUMBERS)
def test_a_number_means_what_its_table_says(number, table, term, low, high, scale):
    assert scales.likelihood_of_number(number, table) == Likelihood(term, low, high, scale, "en")


def test_a_number_outside_its_table_is_refused():
    with pytest.raises(ValueError, match="has no number 60"):
        scales.likelihood_of_number(60, "misp-fr")
    with pytest.raises(ValueError, match="between 0 and 100"):
        scales.likelihood_of_number(101, "stix-dni")
    with pytest.raises(ValueError, match="unknown table"):
        scales.likelihood_of_number(50, "admiralty")


@given(st.sampled_from(["stix-dni", "stix-wep", "misp-estimative-language", "misp-fr"]), LANGUAGES)
def test_a_term_survives_its_own_table(table, lang):
    scale = {"misp-estimative-language": "icd-203", "misp-fr": "fr"}.get(table, table)
    for term in scales.scale(scale).terms:
        likelihood = Likelihood(term.word(lang), term.low, term.high, scale, lang)
        number = scales.number_of_likelihood(likelihood, table)
        assert scales.likelihood_of_number(number, table, lang) == likelihood


def test_icd_203_words_get_the_stix_number_of_the_same_word():
    numbers = [
        scales.number_of_likelihood(Likelihood(term.en, term.low, term.high, "icd-203", "en"), "stix-dni")
        for term in scales.scale("icd-203").terms
    ]
    assert numbers == [5, 15, 30, 50, 70, 85, 95]
    assert scales.number_of_likelihood(Likelihood("highly likely", 0.8, 0.9, "phia"), "stix-dni") == 85


def test_stix_confidence_on_the_other_two_tables():
    levels = [(scales.confidence_of_number(number) or None) for number in (0, 1, 29, 30, 69, 70, 100)]
    assert [level and level.level for level in levels] == [None, "low", "low", "moderate", "moderate", "high", "high"]
    assert [scales.number_of_confidence(level) for level in ("low", "moderate", "high")] == [15, 50, 85]
    assert [scales.credibility_of_number(number) for number in (0, 19, 20, 40, 60, 79, 80, 100)] == [
        5, 5, 4, 3, 2, 2, 1, 1,
    ]  # fmt: skip
    assert [scales.number_of_credibility(digit) for digit in range(1, 7)] == [90, 70, 50, 30, 10, None]


def test_admiralty():
    assert scales.read_admiralty("B2") == (Reliability.B, 2)
    assert scales.read_admiralty(" f-6 ") == (Reliability.F, 6)
    assert scales.read_admiralty("G1") is None
    assert scales.read_admiralty("B7") is None
    assert scales.reliability_text(Reliability.B, "en") == "usually reliable"
    assert scales.reliability_text(Reliability.F, "fr") == "fiabilité impossible à apprécier"
    assert scales.credibility_text(2, "fr") == "probablement vrai"
    with pytest.raises(ValueError, match="1 to 6"):
        scales.credibility_text(0, "en")


def test_a_state_speaks_on_its_own_scale():
    assert scales.scale_used_by("GB") == "phia"
    assert scales.scale_used_by("US") == "icd-203"
    assert scales.scale_used_by("FR") == ""
    assert scales.scale_used_by("") == ""


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_every_form_to_look_for_can_be_read(lang):
    forms = scales.terms(lang)
    assert len({form.text for form in forms}) == len(forms)
    assert [len(form.text) for form in forms] == sorted((len(form.text) for form in forms), reverse=True)
    for form in forms:
        if form.kind == "confidence":
            read = scales.read_confidence(form.text, lang)
            assert read is not None
            assert read.level == form.level
        else:
            word = scales.read_likelihood(form.text, lang)
            assert word is not None
            assert (word.low, word.high) == (form.low, form.high)
            assert (word.scale or form.scales) == (form.scales[0] if len(form.scales) == 1 else form.scales)


def test_prose_is_not_searched_for_words_that_mean_other_things():
    texts = {form.text for lang in ("en", "fr") for form in scales.terms(lang)}
    assert not texts & {"remote", "certain", "certains", "high", "low", "moderate", "may", "possible"}
    assert scales.terms("ko") == ()


def test_every_scale_names_its_source_and_runs_upwards():
    for name in ("phia", "icd-203", "fr", "stix-dni", "stix-wep"):
        scale = scales.scale(name)
        assert len(scale.source) > 20
        lows = [term.low for term in scale.terms]
        assert lows == sorted(lows)
        assert all(0 <= term.low <= term.high <= 1 for term in scale.terms)
    assert scales.scale("icd203") is scales.scale("icd-203")
    assert scales.scale_ids() == ("phia", "icd-203", "fr")


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [
        (("almost certainly", "phia"), "icd-203", ["almost certain"]),
        (("likely", "phia"), "icd-203", ["likely"]),
        (("realistic possibility", "phia"), "icd-203", ["unlikely", "roughly even chance"]),
        (("very likely", "icd-203"), "phia", ["highly likely"]),
        (("likely", "icd-203"), "phia", ["likely"]),  # it meets "highly likely" at 80 % and does not overlap it
        (("almost no chance", "icd-203"), "fr", ["presque aucune chance"]),
        (("likely", "icd-203"), "icd-203", ["likely"]),
    ],
)
def test_a_word_is_mapped_to_another_scale_by_its_interval(own, other, expected):
    term, name = own
    likelihood = scales.read_likelihood(term, "en", name)
    assert likelihood is not None
    found = scales.on_scale(likelihood, other, "fr" if other == "fr" else "en")
    assert [each.term for each in found] == expected
    assert all(each.low < likelihood.high and each.high > likelihood.low for each in found)


@given(PROBABILITIES, PROBABILITIES, PROBABILITIES, SCALES)
def test_mapping_has_the_word_of_every_probability_inside_the_interval(p, q, at, name):
    low, high = sorted((p, q))
    found = scales.on_scale(Likelihood("x", low, high), name, "en")
    inside = low + (high - low) * at
    word = scales.word_for(inside, name, "en")
    if low < inside < high and word.low < inside < word.high:
        assert word in found
    terms = [term.en for term in scales.scale(name).terms]
    places = [terms.index(each.term) for each in found]
    assert places == list(range(places[0], places[0] + len(places))) if places else True  # a run without holes

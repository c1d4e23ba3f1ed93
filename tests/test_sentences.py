"""Sentences: catalogues in step, number and date forms, the rules on estimative words, every known code has words."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_fixtures import link, who
from consilience.attribution import assess, confidence, evidence, next_observation
from consilience.knowledge import countries, scales
from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.knowledge.sources import known_sources
from consilience.model.assessment import (
    EvidenceItem,
    Family,
    HypothesisKind,
    LedgerRow,
    NextObservation,
    PairOverlap,
    Sensitivity,
    SourceRow,
    WeighedHypothesis,
    WeightPart,
)
from consilience.model.dates import PartialDate, Period
from consilience.model.source import Source, SourceKind
from consilience.overlap import kind, shared
from consilience.report import naming, sentences, titles
from consilience.report.catalogue import LANGUAGES, catalogue, placeholders
from consilience.report.forms import (
    any_date,
    date_text,
    decibans,
    decimal,
    isolated,
    odds_factor,
    p_value,
    percent,
    percent_words,
    period_text,
    probability_of,
    share,
    short,
)
from consilience.report.naming import Names, names, state_name, typographic

ENGLISH, FRENCH = (catalogue(lang).texts for lang in LANGUAGES)


def plain(text: str) -> str:
    """Return text with ordinary spaces, so that expectations can be read."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


# The catalogues


def test_both_catalogues_have_the_same_keys_and_none_is_empty() -> None:
    assert ENGLISH.keys() == FRENCH.keys()
    assert [key for key, text in (*ENGLISH.items(), *FRENCH.items()) if not text.strip()] == []


@pytest.mark.parametrize("key", sorted(ENGLISH))
def test_both_catalogues_have_the_same_placeholders(key: str) -> None:
    assert placeholders(ENGLISH[key]) == placeholders(FRENCH[key])


def test_french_has_no_plain_space_before_high_punctuation() -> None:
    assert [key for key, text in FRENCH.items() if re.search(r" [;:?!%»]|« ", text)] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_catalogue_holds_an_estimative_word(lang: str) -> None:
    words = [re.escape(term.text) for term in scales.terms(lang) if term.kind == "likelihood"]
    found = re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)
    assert {key: text for key, text in catalogue(lang).texts.items() if found.search(text)} == {}


def test_a_language_without_texts_is_an_error() -> None:
    with pytest.raises(ValueError, match="no texts in 'de'"):
        catalogue("de")


@pytest.mark.parametrize(
    ("lang", "count", "expected"),
    [
        ("en", 0, "0 networks"),
        ("en", 1, "1 network"),
        ("en", 2, "2 networks"),
        ("en", 1234, "1 234 networks"),
        ("fr", 0, "0 réseau"),
        ("fr", 1, "1 réseau"),
        ("fr", 2, "2 réseaux"),
    ],
)
def test_plural(lang: str, count: int, expected: str) -> None:
    assert plain(titles.unit_count("network", count, lang)) == expected


@pytest.mark.parametrize(
    ("key", "name", "expected"),
    [
        ("predicate.supplies", "x", "x fournit x"),
        ("naming.government", "l’Iran", "gouvernement de l’Iran"),
        ("naming.government", "le Royaume-Uni", "gouvernement du Royaume-Uni"),
        ("naming.government", "les États-Unis", "gouvernement des États-Unis"),
        ("naming.government", "Israël", "gouvernement d’Israël"),
        ("hypothesis.imitation-of", "des acteurs", "imitation d’acteurs"),
        ("hypothesis.imitation-of", "des groupes", "imitation de groupes"),
        ("hypothesis.imitation-of", "Le Monde", "imitation de Le Monde"),
        ("attack.assessment", "le FBI", "le FBI attribue l’attaque au FBI"),
        ("attack.assessment", "les Pays-Bas", "les Pays-Bas attribue l’attaque aux Pays-Bas"),
        ("attack.assessment", "l’Iran", "l’Iran attribue l’attaque à l’Iran"),
    ],
)
def test_french_articles_and_vowels_melt(key: str, name: str, expected: str) -> None:
    params = dict.fromkeys(placeholders(FRENCH[key]), name)
    assert plain(catalogue("fr").text(key, **params)) == expected


@pytest.mark.parametrize(
    ("code", "english", "french"),
    [
        ("IR", "Iran", "l’Iran"),
        ("US", "the United States", "les États-Unis"),
        ("GB", "the United Kingdom", "le Royaume-Uni"),
        ("AL", "Albania", "l’Albanie"),
        ("RU", "Russia", "la Russie"),
        ("KP", "North Korea", "la Corée du Nord"),
        ("IL", "Israel", "Israël"),
        ("MX", "Mexico", "le Mexique"),
        ("NL", "the Netherlands", "les Pays-Bas"),
        ("ZZ", "ZZ", "le ZZ"),
    ],
)
def test_states_have_their_article(code: str, english: str, french: str) -> None:
    assert (state_name(code, "en"), state_name(code, "fr")) == (english, french)


def test_the_table_of_articles_names_known_states_and_sources_once() -> None:
    known = {each.source.id for each in known_sources()}
    for lang, lists in naming.articles().items():
        states = [code for name, codes in lists.items() if name.endswith("countries") for code in codes]
        bodies = [each for name, ids in lists.items() if name.endswith("sources") for each in ids]
        assert [code for code in states if not countries.country_name(code, lang)] == []
        assert sorted(set(states)) == sorted(states)
        assert sorted(set(bodies)) == sorted(bodies)
        assert sorted(set(bodies) - known) == []


@pytest.mark.parametrize(
    ("text", "english", "french"),
    [
        ("l'État : oui", "l’État : oui", "l’État\u202f: oui"),
        ("rock 'n' roll", "rock 'n' roll", "rock 'n' roll"),
    ],
)
def test_our_own_texts_get_the_typography_of_their_language(text: str, english: str, french: str) -> None:
    assert (typographic(text, "en"), typographic(text, "fr")) == (english, french)


# Numbers and dates


@pytest.mark.parametrize(
    ("probability", "expected"),
    [
        (0.0, "<1 %"),
        (0.0099, "<1 %"),
        (0.01, "1 %"),
        (0.4999, "50 %"),
        (0.8812, "88 %"),
        (0.99, "99 %"),
        (0.9901, ">99 %"),
        (1.0, ">99 %"),
    ],
)
def test_percent_is_never_nought_or_a_hundred(probability: float, expected: str) -> None:
    assert {plain(percent(probability, lang)) for lang in LANGUAGES} == {expected}


def test_percent_in_running_text() -> None:
    said = [plain(percent_words(value, lang)) for lang in LANGUAGES for value in (0.001, 0.5, 0.999)]
    assert said == ["less than 1 %", "50 %", "more than 99 %", "moins de 1 %", "50 %", "plus de 99 %"]


@pytest.mark.parametrize(("value", "expected"), [(0.8, "80 %"), (0.003, "0.3 %"), (0.0417, "4 %"), (0.0, "0 %")])
def test_a_rate_of_the_method_keeps_a_decimal_where_it_is_small(value: float, expected: str) -> None:
    assert plain(share(value, "en")) == expected


@given(st.floats(0, 1))
def test_percent_has_the_same_digits_in_both_languages(probability: float) -> None:
    assert re.findall(r"\d+", percent(probability, "en")) == re.findall(r"\d+", percent(probability, "fr"))
    assert percent(probability, "en") not in {"0\u00a0%", "100\u00a0%"}


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [
        (6.02, "+6.02", "+6,02"),
        (-3.1, "−3.10", "−3,10"),
        (0.0, "0.00", "0,00"),
        (-0.001, "0.00", "0,00"),
        (0.004, "0.00", "0,00"),
    ],
)
def test_decibans(value: float, english: str, french: str) -> None:
    assert (decibans(value, "en"), decibans(value, "fr")) == (english, french)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(6.0206, "4"), (-6.0206, "4"), (3.9794, "2.5"), (13.0, "20"), (20.0, "100"), (31.0, "1 300")],
)
def test_odds_factor(value: float, expected: str) -> None:
    assert plain(odds_factor(value, "en")) == expected


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [
        (0.56, "= 0.56", "= 0,56"),
        (0.042, "= 0.042", "= 0,042"),
        (0.0004, "< 0.001", "< 0,001"),
        (1.0, "= 1.00", "= 1,00"),
    ],
)
def test_p_value(value: float, english: str, french: str) -> None:
    assert (plain(p_value(value, "en")), plain(p_value(value, "fr"))) == (english, french)


def test_decimal_groups_thousands_without_a_comma_that_could_be_a_decimal_one() -> None:
    assert (plain(decimal(129552, 0, "en")), plain(decimal(1234.5, 1, "fr"))) == ("129 552", "1 234,5")


@pytest.mark.parametrize(
    ("date", "english", "french"),
    [
        ("2022-09-07", "7 September 2022", "7 septembre 2022"),
        ("2022-09-01", "1 September 2022", "1er septembre 2022"),
        ("2022-07", "July 2022", "juillet 2022"),
        ("2022", "2022", "2022"),
        ("2022-07-15T10:30:00Z", "15 July 2022, 10:30 UTC", "15 juillet 2022 à 10 h 30 UTC"),
        ("", "date unknown", "date inconnue"),
    ],
)
def test_dates_keep_their_precision(date: str, english: str, french: str) -> None:
    assert (date_text(PartialDate(date), "en"), date_text(PartialDate(date), "fr")) == (english, french)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2022-07", "", "July 2022"),
        ("2022-07", "2022-07", "July 2022"),
        ("", "2022-07", "July 2022 at the latest"),
        ("2021-05", "2022-07-15", "May 2021 – 15 July 2022"),
        ("2025-07-24T00:00:00Z", "2025-07-24T23:59:59Z", "24 July 2025"),
        ("2025-07-24T10:00:00Z", "2025-07-24T11:30:00Z", "24 July 2025, 10:00 UTC – 24 July 2025, 11:30 UTC"),
        ("", "", "date unknown"),
    ],
)
def test_periods(first: str, last: str, expected: str) -> None:
    assert period_text(Period(PartialDate(first), PartialDate(last)), "en") == expected


def test_a_date_that_cannot_be_is_shown_as_it_stands() -> None:
    assert any_date("2022-13-45", "en") == "2022-13-45"


@pytest.mark.parametrize("text", ["سپیده", "עברית", "a\u202eb", "a\u2067b"])
def test_what_could_turn_the_line_is_isolated(text: str) -> None:
    assert isolated(text) == f"\u2068{text}\u2069"


def test_other_text_is_left_alone() -> None:
    assert [isolated(text) for text in ("Лазарь", "라자루스", "Émile")] == ["Лазарь", "라자루스", "Émile"]


@given(st.text(max_size=80), st.integers(8, 60))
def test_short_never_exceeds_its_limit(text: str, limit: int) -> None:
    assert len(short(text, limit)) <= limit
    assert short(text, limit) == text or short(text, limit).endswith("…")


# The answer


def answer(kind_: HypothesisKind, probability: float, lang: str, **given_: str) -> str:
    """Return the headline if a hypothesis of that kind led with that probability."""
    base = who() if kind_ in {HypothesisKind.ACTOR, HypothesisKind.UNKNOWN} else link()
    of = given_.get("of", "")
    leading = WeighedHypothesis(
        id="x", kind=kind_, label={"en": "Dawn", "fr": "Dawn"}, prior=0.5, posterior=probability, of=of
    )
    changed = msgspec.structs.replace(
        base,
        hypotheses=(leading,),
        leading="x",
        abstains=False,
        likelihood=scales.word_for(probability, given_.get("scale", "icd-203"), "en"),
    )
    return plain(sentences.headline(changed, lang))


@pytest.mark.parametrize(
    ("kind_", "probability", "lang", "expected"),
    [
        ("actor", 0.88, "en", "It is very likely (80–95 %) that Dawn carried out the attack."),
        ("actor", 0.88, "fr", "Il est très probable (80–95 %) que l’attaque a été menée par Dawn."),
        ("actor", 0.3, "fr", "Il est improbable (20–45 %) que l’attaque ait été menée par Dawn."),
        ("cooperation", 0.7, "en", "It is likely (55–80 %) that Andariel Test and Dawn Group cooperate."),
        ("cooperation", 0.7, "fr", "Il est probable (55–80 %) qu’Andariel Test et Dawn Group coopèrent."),
        (
            "coincidence",
            0.97,
            "en",
            "It is almost certain (95–99 %) that what Andariel Test and Dawn Group have in common is coincidence.",
        ),
    ],
)
def test_headline(kind_: str, probability: float, lang: str, expected: str) -> None:
    assert answer(HypothesisKind(kind_), probability, lang) == expected


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("scale", ["phia", "icd-203", "fr"])
@pytest.mark.parametrize("probability", [0.01, 0.12, 0.3, 0.45, 0.5, 0.66, 0.88, 0.97])
@pytest.mark.parametrize("kind_", [kind_ for kind_ in HypothesisKind if kind_ != HypothesisKind.IMITATION])
def test_every_word_of_every_scale_makes_a_headline_with_its_range(
    kind_: HypothesisKind, probability: float, scale: str, lang: str
) -> None:
    said = answer(kind_, probability, lang, scale=scale)
    word = scales.word_for(probability, scale, lang)
    assert plain(f"{word.term} ({scales.percent_range(word.low, word.high, lang)})") in said
    assert said.endswith(".")
    assert said[0].isupper()


def test_an_imitation_names_whom_it_imitates() -> None:
    base = who()
    changed = msgspec.structs.replace(base, leading="copycat", likelihood=scales.word_for(0.7, "phia", "en"))
    assert "made it look like Dawn Group (a service of Southshore)" in sentences.headline(changed, "en")


def test_an_abstention_says_so_and_names_what_remains_open() -> None:
    said = plain(sentences.headline(link(), "en"))
    assert said.startswith(
        "There is not enough to say whether Andariel Test and Dawn Group cooperate. Still open: coop"
    )
    assert re.search(r"cooperation, unlikely \(25–35 %\); .*; 4 other explanations, none above 11 %\.$", said)
    spoken = plain(sentences.headline(link(), "fr"))
    assert spoken.startswith("Les éléments réunis ne permettent pas de dire si Andariel Test et Dawn Group coopèrent.")
    withheld = msgspec.structs.replace(who(), abstains=True)
    assert sentences.headline(withheld, "en").startswith("There is not enough to say who carried out the attack.")
    assert sentences.headline(withheld, "fr").startswith("Les éléments réunis ne permettent pas de dire qui a mené")


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        (
            "en",
            "There is not enough to say who carried out the attack: nothing that weighs speaks for any explanation.",
        ),
        (
            "fr",
            "Les éléments réunis ne permettent pas de dire qui a mené l’attaque : rien de probant n’appuie aucune "
            "explication.",
        ),
    ],
)
def test_without_evidence_no_explanation_is_named(lang: str, expected: str) -> None:
    bare = msgspec.structs.replace(who(), abstains=True, reasons=("no-evidence",), evidence=())
    assert plain(sentences.headline(bare, lang)) == expected
    elsewhere = msgspec.structs.replace(bare, evidence=who().evidence, leading="unknown")
    assert "%" not in sentences.headline(elsewhere, lang)
    assert plain(sentences.headline(elsewhere, lang)) != expected


def test_what_links_two_clusters_is_asked_openly_where_cooperation_is_out_of_question() -> None:
    base = link()
    less = tuple(
        msgspec.structs.replace(each, posterior=0.01) if each.kind == HypothesisKind.COOPERATION else each
        for each in base.hypotheses
    )
    said = sentences.headline(msgspec.structs.replace(base, hypotheses=less), "en")
    assert said.startswith("There is not enough to say what links Andariel Test and Dawn Group.")


def test_the_finding_against_chance_stands_in_the_answer() -> None:
    base = link()
    only = msgspec.structs.replace(
        base.overlaps[0], unit="network", observed=3, expected=4.1476, p_value=0.7827, q_value=1.0,
        population="Maltrail APT lists, 2026-01-03, 331 lists",
    )  # fmt: skip
    nothing = msgspec.structs.replace(only, unit="ipv4-addr", observed=0, expected=0.26, p_value=1.0)
    assessment = msgspec.structs.replace(base, overlaps=(nothing, only))
    assert plain(sentences.chance_sentence(assessment, "en")) == (
        "In 331 public lists, Andariel Test and Dawn Group share 3 networks; 4.15 are expected by chance (p = 0.78). "
        "That is no more than chance gives."
    )
    assert plain(sentences.chance_sentence(assessment, "fr")).startswith(
        "Dans 331 listes publiques, Andariel Test et Dawn Group ont en commun 3 réseaux ; le hasard en ferait attendre"
    )
    assert plain(sentences.population_text(only.population, "fr")) == (
        "Maltrail APT lists, 331 listes publiques, état : 3 janvier 2026"
    )
    assert sentences.chance_sentence(who(), "en") == ""


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("assessment", [who(), link()], ids=["who", "link"])
def test_likelihood_and_confidence_never_share_a_sentence(assessment: object, lang: str) -> None:
    confidence = sentences.confidence_sentence(assessment, lang)  # type: ignore[arg-type]
    assert "%" not in confidence
    word = "confidence" if lang == "en" else "confiance"
    assert word not in sentences.headline(assessment, lang).lower()  # type: ignore[arg-type]


def test_confidence_sets_strengths_against_weaknesses() -> None:
    said = sentences.confidence_sentence(who(), "en")
    assert (
        said == "Confidence in this answer is moderate: independent sources agree, but the evidence is mostly indirect."
    )
    bare = msgspec.structs.replace(who(), confidence_reasons=())
    assert sentences.confidence_sentence(bare, "fr") == "La confiance dans cette réponse est moyenne."
    assert sentences.confidence_sentence(link(), "en") == "Confidence is low: there are few independent origins."


def test_origins_are_counted_apart_from_statements() -> None:
    said = sentences.origins_sentence(who(), "en")
    assert said == "The assessment weighs 6 statements, going back to 3 independent origins."
    silent = msgspec.structs.replace(who(), evidence=())
    assert sentences.origins_sentence(silent, "fr") == "L’examen s’appuie sur 3 sources premières indépendantes."


# What would change it


DAWN = "“Dawn Group (a service of Southshore)”"


@pytest.mark.parametrize(
    ("kind_", "of", "leading", "changes", "posterior", "expected"),
    [
        (
            "without-item", "claim-assessment-1", "unknown", True, 0.29,
            "Without E1 (the CERT of Nordmark attributes the attack to Dawn Group): "
            "there would no longer be enough to say; “an actor not named here” would come first, with 29 %.",
        ),
        (
            "without-item", "claim-assessment-1", "sepideh", True, 0.66,
            "Without E1 (the CERT of Nordmark attributes the attack to Dawn Group): "
            "the answer would be another: “\u2068Sepideh (سپیده) acting alone\u2069”, likely (55–75 %).",
        ),
        (
            "without-source", "north-cert", "dawn", True, 0.5,
            "Without anything that rests on the CERT of Nordmark: "
            f"there would no longer be enough to say; {DAWN} would go from 97 % to 50 %.",
        ),
        (
            "without-family", "claims", "dawn", False, 0.96,
            "Without any evidence of the kind “what sources say”: "
            "the answer would stay; it would go from 97 % to 96 %.",
        ),
        (
            "if-planted", "all-cheap", "dawn", False, 0.66,
            "If everything that is easy to forge had been forged to mislead: "
            "the same explanation would stay first, but go from 97 % to 66 %: likely (55–75 %).",
        ),
        (
            "if-planted", "claim-assessment-1", "dawn", False, 0.66,
            "If the source of E1 had been deceived (the CERT of Nordmark attributes the attack to Dawn Group): "
            "the same explanation would stay first, but go from 97 % to 66 %: likely (55–75 %).",
        ),
        (
            "a-test-from-tomorrow", "x", "dawn", False, 0.96,
            "a-test-from-tomorrow x: the answer would stay; it would go from 97 % to 96 %.",
        ),
    ],
)  # fmt: skip
def test_sensitivity(kind_: str, of: str, leading: str, changes: bool, posterior: float, expected: str) -> None:
    row = Sensitivity(kind=kind_, of=of, posterior=posterior, leading=leading, changes_answer=changes)
    assert plain(sentences.sensitivity_sentence(row, who(), names(who(), "en"))) == expected


@pytest.mark.parametrize(
    ("leading", "changes", "expected"),
    [
        ("imitation", True, "“one imitates the other” would come first, with 60 %."),
        ("cooperation", True, "there would be enough to say: “cooperation”, likely (55–75 %)."),
        ("cooperation", False, "still not enough to say; “cooperation” would go from 29 % to 60 %."),
    ],
)
def test_what_a_test_does_to_an_answer_that_is_withheld(leading: str, changes: bool, expected: str) -> None:
    row = Sensitivity(kind="without-family", of="chance", posterior=0.6, leading=leading, changes_answer=changes)
    assert plain(sentences.sensitivity_sentence(row, link(), names(link(), "en"))).endswith(expected)


def test_where_the_answer_stays_it_is_said_to_stay_even_so() -> None:
    row = Sensitivity(kind="without-family", of="claims", posterior=0.96, leading="dawn", changes_answer=False)
    for lang, expected in (("en", "Even without any evidence"), ("fr", "Même sans aucun élément")):
        assert sentences.sensitivity_sentence(row, who(), names(who(), lang), even=True).startswith(expected)


def observed(kind_: str, towards: str, posterior: float, leading: str) -> NextObservation:
    return NextObservation(kind=kind_, towards=towards, decibans=1.0, posterior=posterior, leading=leading)


def test_what_to_look_for_is_one_sentence_for_each_explanation() -> None:
    rows = [
        observed("provider-records", "sepideh", 0.89, "sepideh"),
        observed("non-public-malware", "sepideh", 0.51, "dawn"),
        observed("exclusive-infrastructure", "sepideh", 0.62, "dawn"),
        observed("independent-assessment", "sepideh", 0.62, "dawn"),
        observed("provider-records", "dawn", 0.9999, "dawn"),
        observed("planted-proof", "copycat", 0.4, "unknown"),
    ]
    said = [plain(each) for each in sentences.next_observation_sentences(rows, who(), "en")]
    assert said == [
        "New evidence for “somebody who imitates Dawn Group”: with proof that traces were forged, “an actor not named "
        "here” would come first at 40 %.",
        "New evidence for “\u2068Sepideh (سپیده) acting alone\u2069”: it would come first at 89 % with records of a "
        "provider or of payments; the explanation now first would fall from 97 % to 62 % with a server that "
        "nobody else uses or a further independent official assessment and 51 % with malware that is not public.",
        "New evidence for “Dawn Group (a service of Southshore)”: it would rise from 97 % to more than 99 % with "
        "records of a provider or of payments.",
    ]


def test_an_observation_from_tomorrow_shows_its_code() -> None:
    rows = [observed("a-kind-from-tomorrow", "sepideh", 0.7, "sepideh")]
    assert "with a-kind-from-tomorrow" in sentences.next_observation_sentences(rows, who(), "en")[0]


# What clusters share


def test_overlap_against_chance() -> None:
    overlap = PairOverlap(
        a="Gamaredon",
        b="Lazarus",
        unit="network",
        observed=6,
        expected=6.0612,
        p_value=0.5606,
        q_value=0.8,
        pairs_tested=54615,
        score=1.0,
        origins=2,
        population="331 clusters, 129552 rows",
    )
    assert plain(sentences.overlap_sentence(overlap, "en")) == (
        "Gamaredon and Lazarus share 6 networks; 6.06 are expected by chance (p = 0.56)."
    )
    assert plain(sentences.overlap_sentence(overlap, "fr")) == (
        "Gamaredon et Lazarus ont en commun 6 réseaux ; le hasard en ferait attendre 6,06 (p = 0,56)."
    )
    assert plain(sentences.population_text(overlap.population, "fr")) == "331 groupes, 129 552 lignes"
    assert sentences.population_text("Maltrail 2026-01-03", "fr") == "Maltrail 2026-01-03"


# Every code has words


def item(code: str, /, **params: str) -> EvidenceItem:
    return EvidenceItem(id="e", family=Family.CHANCE, kind=code, params=params, group="g", speaks_for="", weights={})


WHO_PARAMS = {
    "unit": "ipv4-addr",
    "value": "198.51.100.7",
    "seen-as": "198.51.100.7",
    "names": "Dawn Group",
    "prevalence": "3",
    "reports": "2",
    "tool": "Kazuar",
    "users": "2",
    "population": "171",
    "public": "no",
    "techniques": "4",
    "shared": "T1059",
    "source": "CERT",
    "subject": "the attack",
    "object": "Dawn Group",
    "stance": "affirms",
    "act": "assessment",
    "statements": "1",
    "copies": "0",
}
LINK_PARAMS = {
    "a": "A",
    "b": "B",
    "unit": "network",
    "observed": "6",
    "expected": "6.06",
    "p": "0.56",
    "q": "0.8",
    "pairs": "9",
    "population": "x",
    "origins": "2",
    "value": "198.51.100.7",
    "type": "ipv4-addr",
    "gap_days": "3",
    "listed": "",
    "prevalence": "2",
    "under": "B",
    "lists": "Maltrail",
    "subject": "A",
    "object": "B",
    "predicate": "cooperates-with",
    "stance": "affirms",
    "term": "",
    "source": "Vendor",
    "victims_a": "v",
    "victims_b": "w",
    "tools_a": "t",
    "tools_b": "u",
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("code", "params"), [(code, WHO_PARAMS) for code in evidence.KINDS] + [(code, LINK_PARAMS) for code in kind.KINDS]
)
def test_every_kind_of_evidence_has_a_sentence(code: str, params: dict[str, str], lang: str) -> None:
    said = titles.evidence_title(item(code, **params), Names(lang))
    assert not said.startswith(f"{code} (")
    assert " = " not in said


@pytest.mark.parametrize(
    ("code", "params", "english", "french"),
    [
        ("claim-part", {"source": "CERT", "subject": "A", "object": "B", "stance": "suspects"},
         "CERT suspects A as a part of B", "CERT soupçonne l’appartenance d’A à B"),
        ("keys-held", {"source": "CERT", "a": "Turla", "b": "OilRig", "stance": "affirms"},
         "CERT reports keys or controllers of the one in the hands of the other (Turla, OilRig)",
         "CERT fait état de clés ou contrôleurs de l’un aux mains de l’autre (Turla, OilRig)"),
        ("common-builder", {"a": "FIN6", "b": "Evilnum", "value": "more_eggs", "prevalence": "4", "source": "mitre"},
         "FIN6 and Evilnum both use more_eggs, which is not public; clusters known to have it: 4",
         "FIN6 et Evilnum emploient more_eggs, qui n’est pas public ; groupes connus qui en disposent : 4"),
        ("published-before-use", {"a": "A", "b": "B", "value": "v", "published": "2020-01-01", "used": "2021-02-03"},
         "v was published (1 January 2020) before the other side used it (3 February 2021)",
         "v avait été publié (1er janvier 2020) avant que l’autre ne s’en serve (3 février 2021)"),
        ("one-way", {"a": "A", "b": "B", "observed": "7", "subject": "B", "object": "A"},
         "of A and B, B was always first to use what both share (7 values)",
         "entre A et B, B a toujours été le premier à employer ce que les deux ont en commun (7 valeurs)"),
    ],
)  # fmt: skip
def test_a_sign_of_the_kind_of_link_in_words(code: str, params: dict[str, str], english: str, french: str) -> None:
    said = [plain(titles.evidence_title(item(code, **params), Names(lang))) for lang in LANGUAGES]
    assert said == [english, french]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("stance", ["affirms", "suspects", "denies", "finds-no-evidence"])
@pytest.mark.parametrize("code", [code for code in kind.KINDS if code.startswith("claim-")])
def test_a_denial_never_reads_like_a_claim(code: str, stance: str, lang: str) -> None:
    others = {
        titles.evidence_title(item(code, **{**LINK_PARAMS, "stance": other}), Names(lang))
        for other in ("affirms", "suspects", "denies", "finds-no-evidence")
    }
    assert len(others) == 4


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "params", [{}, {"clusters": "3", "a": "0.875", "b": "0.04", "r": "0.8", "d": "0.003", "cap": "20"}]
)
@pytest.mark.parametrize("name", sorted({*evidence.PARTS, *kind.PARTS, *shared.PARTS}))
def test_every_part_of_a_weight_has_a_name(name: str, params: dict[str, str], lang: str) -> None:
    said = titles.part_title(WeightPart(name, 1.0, params), Names(lang))
    assert said != name
    assert " = " not in said


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("group", "code"),
    [
        *(("next", code) for code in next_observation.KINDS),
        *(("reason", code) for code in assess.REASONS),
        *(("reason", code) for code in kind.VERDICT_REASONS),
        *(("confidence-reason", code) for code in confidence.CONFIDENCE_REASONS),
        *(("plant-class", code) for code in WEIGHTS.plant),
        *(("family", each.value) for each in Family),
        *(("hypothesis", each.value) for each in HypothesisKind),
    ],
)
def test_every_code_has_words(group: str, code: str, lang: str) -> None:
    assert f"{group}.{code}" in catalogue(lang)


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("table", {"a": "0.875", "b": "0.0416667"}, "If the source were always right: read as 88 % sure, 4 % for each"),
        ("reliability", {"r": "0.8", "q": "0.25"}, "The source is taken to be right in 80 % of cases"),
        ("planting-cap", {"d": "0.003"}, "Limited: the source may be deceived or the trace forged (0.3 %)"),
        (
            "family-cap",
            {"family": "claims", "cap": "20"},
            "Limit of 20 decibans for all of the kind “what sources say”",
        ),
        ("decay", {"gap_days": "3.00001"}, "3 days lie between the two uses"),
    ],
)
def test_a_part_says_why_in_plain_words(name: str, params: dict[str, str], expected: str) -> None:
    assert plain(titles.part_title(WeightPart(name, 1.0, params), Names("en"))).startswith(expected)


@pytest.mark.parametrize(
    ("lang", "listed", "expected"),
    [
        ("en", "hosting/VPN range (vpn-ipv4)", "hosting/VPN range (vpn-ipv4)"),
        ("fr", "hosting/VPN range (vpn-ipv4)", "plage d’hébergement ou de VPN (vpn-ipv4)"),
        ("fr", "a list of ours", "a list of ours"),
    ],
)
def test_a_list_is_named_in_the_language_of_the_reader(lang: str, listed: str, expected: str) -> None:
    part = plain(titles.part_title(WeightPart("listed", -6.0, {"list": listed}), Names(lang)))
    said = plain(titles.evidence_title(item("unit-shared", unit="ipv4-addr", value="x", listed=listed), Names(lang)))
    assert part.endswith(expected)
    assert expected in said


def test_an_unknown_code_shows_its_parameters_and_never_fails() -> None:
    said = titles.evidence_title(item("from-tomorrow", key="1", self="2", lang="3"), Names("en"))
    assert said == "from-tomorrow (key = 1, self = 2, lang = 3)"
    assert titles.evidence_title(item("from-tomorrow"), Names("fr")) == "from-tomorrow"


@given(
    st.dictionaries(st.text(max_size=12), st.text(max_size=30), max_size=6),
    st.sampled_from([*evidence.KINDS, *kind.KINDS]),
)
def test_no_parameters_can_break_a_sentence(params: dict[str, str], code: str) -> None:
    for lang in LANGUAGES:
        assert titles.evidence_title(item(code, **{str(key): value for key, value in params.items()}), Names(lang))


def test_a_value_is_never_read_as_a_format() -> None:
    said = titles.evidence_title(item("name", names="{0.__class__} {names} %s"), Names("en"))
    assert said == "texts mention {0.__class__} {names} %s without attributing anything"


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (
            {"term": "almost certainly", "low": "0.95", "high": "1"},
            "CERT attributes the attack to Dawn Group (“almost certainly”, 95–100 %)",
        ),
        (
            {"stance": "suspects", "copies": "2", "via": "The Tide"},
            "CERT suspects Dawn Group of the attack (as told by The Tide; repeated by 2 other sources)",
        ),
        ({"term": "almost certainly"}, "CERT attributes the attack to Dawn Group"),
    ],
)
def test_what_qualifies_a_claim_follows_it(params: dict[str, str], expected: str) -> None:
    given_ = {"source": "CERT", "subject": "the attack", "object": "Dawn Group", "stance": "affirms", **params}
    assert plain(titles.evidence_title(item("claim-assessment", **given_), Names("en"))) == expected


# Who said what, in our words


def real(lang: str) -> Names:
    """Return the names of a case with real sources: one as the case calls it, others as the table knows them."""
    sources = (
        Source(id="ncsc-uk", name="NCSC", kind=SourceKind.STATE, country="GB"),
        Source(id="al-government", name="Government of Albania", kind=SourceKind.STATE, country="AL"),
        Source(id="nato", name="NATO", kind=SourceKind.INTERNATIONAL),
        Source(id="ir-mfa", name="Ministry of Foreign Affairs of Iran", kind=SourceKind.STATE, country="IR"),
        Source(id="state:US", name="Government (US)", kind=SourceKind.STATE, country="US"),
        Source(id="microsoft", name="Microsoft", kind=SourceKind.VENDOR),
        Source(id="relay", name="press relay (written for this case)", kind=SourceKind.PRESS),
        Source(id="homeland-justice", name="HomeLand Justice", kind=SourceKind.PERSONA),
    )
    rows = tuple(SourceRow(source=each, origins=(each.id,), statements=1) for each in sources)
    ledger = tuple(said(source="microsoft", object=name, subject="Attack") for name in ("DEV-0842", "DEV-0133"))
    return names(msgspec.structs.replace(who(), sources=rows, ledger=ledger), lang)


def said(**given_: object) -> LedgerRow:
    """Return a row of the ledger; it counts as E1, so that its subject is taken for the attack."""
    row = {
        "statement": "s", "source": "ncsc-uk", "said": PartialDate(""), "act": "assessment", "stance": "affirms",
        "quote": "", "lang": "", "predicate": "attributed-to", "subject": "la cyberattaque de juillet",
        "object": "Iran", "counted": "claim-assessment-1",
    }  # fmt: skip
    return LedgerRow(**{**row, **given_})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row", "english", "french"),
    [
        ({}, "The NCSC attributes the attack to Iran", "Le NCSC attribue l’attaque à l’Iran"),
        (
            {"source": "al-government", "act": "judgement"},
            "The Government of Albania holds Iran responsible for the attack",
            "Le gouvernement albanais impute la responsabilité de l’attaque à l’Iran",
        ),
        (
            {"source": "state:US", "act": "allegation", "object": "Russia"},
            "The government of the United States accuses Russia of the attack",
            "Le gouvernement des États-Unis accuse la Russie d’avoir mené l’attaque",
        ),
        (
            {"source": "ir-mfa", "stance": "denies"},
            "The Ministry of Foreign Affairs of Iran denies responsibility",
            "Le ministère iranien des Affaires étrangères nie toute responsabilité",
        ),
        (
            {"source": "nato", "stance": "denies", "object": "United Kingdom"},
            "NATO denies that the United Kingdom was behind the attack",
            "L’OTAN nie que l’attaque soit l’œuvre du Royaume-Uni",
        ),
        (
            {"source": "microsoft", "stance": "suspects", "object": "DEV-0842"},
            "Microsoft suspects DEV-0842 of the attack",
            "Microsoft soupçonne DEV-0842 d’avoir mené l’attaque",
        ),
        (
            {"source": "microsoft", "stance": "finds-no-evidence", "subject": "HomeLand Justice"},
            "Microsoft finds no evidence linking HomeLand Justice to Iran",
            "Microsoft ne trouve aucun indice reliant HomeLand Justice à l’Iran",
        ),
        (
            {"source": "homeland-justice", "subject": "HomeLand Justice", "predicate": "claims-responsibility-for",
             "object": "the attack of July"},
            "HomeLand Justice claims responsibility for the attack",
            "HomeLand Justice revendique l’attaque",
        ),
        (
            {"subject": "UNC1151", "object": "DEV-0842"},
            "The NCSC links UNC1151 to DEV-0842",
            "Le NCSC relie UNC1151 à DEV-0842",
        ),
        (
            {"counted": ""},
            "The NCSC links “la cyberattaque de juillet” to Iran",
            "Le NCSC relie « la cyberattaque de juillet » à l’Iran",
        ),
        (
            {"source": "relay", "predicate": "responds-to", "subject": "United States", "counted": "",
             "object": "l'attaque"},
            "The United States responds to “l'attaque” (according to press relay)",
            "Réponse des États-Unis à « l'attaque » (selon press relay)",
        ),
        (
            {"source": "microsoft", "subject": "DEV-0842", "predicate": "cooperates-with", "object": "DEV-0133",
             "stance": "suspects"},
            "Microsoft suspects cooperation between DEV-0842 and DEV-0133",
            "Microsoft soupçonne une coopération entre DEV-0842 et DEV-0133",
        ),
        (
            {"source": "microsoft", "subject": "DEV-0842", "predicate": "zaps", "object": ""},
            "DEV-0842 – zaps (according to Microsoft)",
            "DEV-0842 – zaps (selon Microsoft)",
        ),
    ],
)  # fmt: skip
def test_a_statement_in_our_words(row: dict[str, object], english: str, french: str) -> None:
    for lang, expected in (("en", english), ("fr", french)):
        spoken = real(lang)
        told = titles.said_in_row(said(**row), spoken)
        assert plain(titles.statement_sentence(told, spoken)) == expected


def test_a_claim_that_does_not_count_is_never_said_to_be_about_the_attack() -> None:
    for lang in LANGUAGES:
        spoken = real(lang)
        told = titles.said_in_row(said(counted=""), spoken)
        assert catalogue(lang).text("attack.object") not in titles.statement_sentence(told, spoken)


def test_a_title_names_all_whom_its_source_blames() -> None:
    base = who()
    blames = [
        said(source="north-cert", object=name, counted="claim-assessment-1") for name in ("DEV-9", "Iran", "DEV-1")
    ]
    relay = said(source="daily", object="DEV-5", counted="claim-assessment-1")
    item_ = msgspec.structs.replace(
        base.evidence[0], params={**base.evidence[0].params, "source-id": "north-cert", "stance": "affirms"}
    )
    spoken = names(msgspec.structs.replace(base, evidence=(item_,), ledger=(*blames, relay)), "en")
    assert titles.evidence_title(item_, spoken, brief=True) == (
        "the CERT of Nordmark attributes the attack to Iran, DEV-1 and DEV-9"
    )


@pytest.mark.parametrize(
    ("label", "english", "french"),
    [
        ({"en": "Iran", "fr": "Iran"}, "Iran", "l’Iran"),
        ({"en": "imitation of Dawn", "fr": "imitation : des acteurs de l'État"}, "imitation of Dawn",
         "imitation d’acteurs de l’État"),
        ({"en": "the state's own"}, "the state’s own", "the state's own"),
    ],
)  # fmt: skip
def test_labels_in_the_reader_s_language(label: dict[str, str], english: str, french: str) -> None:
    each = WeighedHypothesis(id="x", kind=HypothesisKind.ACTOR, label=label, prior=0.5, posterior=0.5)
    assert [sentences.hypothesis_label(each, lang) for lang in LANGUAGES] == [english, french]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (6.02, "makes the odds about 4 times higher"),
        (-6.02, "makes the odds about 4 times lower"),
        (0.4, "hardly moves the odds"),
    ],
)
def test_weights_in_words(value: float, expected: str) -> None:
    assert sentences.weight_words(value, "en") == expected


@given(st.floats(-60, 60))
def test_a_total_and_its_probability_are_one_number(total: float) -> None:
    assert probability_of(total) + probability_of(-total) == pytest.approx(1.0)

"""Sentences: catalogues in step, number and date forms, the rules on estimative words, every known code has words."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_fixtures import SOURCES, link, who
from consilience.attribution import claims, evidence, next_observation, technical
from consilience.knowledge import scales
from consilience.model.assessment import (
    EvidenceItem,
    Family,
    HypothesisKind,
    LedgerRow,
    PairOverlap,
    Sensitivity,
    WeighedHypothesis,
    WeightPart,
)
from consilience.model.dates import PartialDate, Period
from consilience.overlap import kind, link_rules, shared
from consilience.report import sentences
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
    period_text,
    probability_of,
    short,
)

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
    assert plain(sentences.unit_count("network", count, lang)) == expected


@pytest.mark.parametrize(("name", "expected"), [("Andariel", "Ce qu’Andariel"), ("Lazarus", "Ce que Lazarus")])
def test_french_elision(name: str, expected: str) -> None:
    assert catalogue("fr").text("headline.abstain-link", a=name, b="B", open="x").startswith(expected)


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
        ("actor", 0.88, "en", "It is very likely (80–95 %) that Dawn carried out the operation."),
        ("actor", 0.88, "fr", "Il est très probable (80–95 %) que l’opération a été menée par Dawn."),
        ("actor", 0.3, "fr", "Il est improbable (20–45 %) que l’opération ait été menée par Dawn."),
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
    assert said.startswith("What Andariel Test and Dawn Group have in common does not tell cooperation, imitation and")
    assert re.search(r"cooperation, unlikely \(25–35 %\); .*; 4 others, none above 11 %\.$", said)
    withheld = msgspec.structs.replace(who(), abstains=True)
    assert sentences.headline(withheld, "en").startswith("There is not enough to say who carried out the operation.")
    assert sentences.headline(withheld, "fr").startswith("Les éléments réunis ne suffisent pas à dire qui a mené")


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
    assert sentences.confidence_sentence(bare, "fr") == "La confiance dans cette réponse est modérée."


def test_origins_are_counted_apart_from_statements() -> None:
    said = sentences.origins_sentence(who(), "en")
    assert said == "The answer weighs 6 statements, which go back to 3 independent origins."
    silent = msgspec.structs.replace(who(), evidence=())
    assert sentences.origins_sentence(silent, "fr") == "La réponse repose sur 3 origines indépendantes."


# What would change it


@pytest.mark.parametrize(
    ("kind_", "of", "leading", "changes", "expected"),
    [
        (
            "without-item",
            "claim-assessment-1",
            "unknown",
            True,
            "Without E1 (CERT of Nordmark attributes “the attack of July” to Dawn Group), "
            "another explanation would lead: “an actor not named here” would be rated likely (55–75 %).",
        ),
        (
            "without-source",
            "north-cert",
            "dawn",
            True,
            "Without anything that rests on CERT of Nordmark, there would no longer be enough to say; "
            "“Dawn Group (a service of Southshore)” would be rated likely (55–75 %).",
        ),
        (
            "without-family",
            "claims",
            "dawn",
            False,
            "Without any evidence on what sources say, the answer would stay the same; "
            "“Dawn Group (a service of Southshore)” would be rated likely (55–75 %).",
        ),
        (
            "if-planted",
            "all-cheap",
            "dawn",
            False,
            "If everything that is easy to plant had been planted to mislead, the answer would stay the same; "
            "“Dawn Group (a service of Southshore)” would be rated likely (55–75 %).",
        ),
        (
            "a-test-from-tomorrow",
            "x",
            "dawn",
            False,
            "a-test-from-tomorrow x: the answer would stay the same; "
            "“Dawn Group (a service of Southshore)” would be rated likely (55–75 %).",
        ),
    ],
)
def test_sensitivity(kind_: str, of: str, leading: str, changes: bool, expected: str) -> None:
    row = Sensitivity(kind=kind_, of=of, posterior=0.66, leading=leading, changes_answer=changes)
    names = {source.id: source.name for source in SOURCES}
    assert plain(sentences.sensitivity_sentence(row, who(), "en", names)) == expected


def test_next_observation() -> None:
    said = [plain(sentences.next_observation_sentence(row, who(), "en")) for row in who().next_observations]
    assert said[0] == (
        "If a server that nobody else uses, pointing to “Dawn Group (a service of Southshore)” came to light, "
        "that explanation would be rated almost certain (95–100 %)."
    )
    assert "a-kind-from-tomorrow" in said[2]


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
        "Gamaredon et Lazarus ont en commun 6 réseaux ; le hasard en fait attendre 6,06 (p = 0,56)."
    )
    assert plain(sentences.overlap_verdict(overlap, "en")) == (
        "Corrected for the 54 615 pairs tested: q = 0.80. Chance alone explains as much."
    )
    assert plain(sentences.population_text(overlap.population, "fr")) == "331 groupes, 129 552 lignes"
    assert sentences.population_text("Maltrail 2026-01-03", "fr") == "Maltrail 2026-01-03"


# Every code has words


def item(code: str, /, **params: str) -> EvidenceItem:
    return EvidenceItem(id="e", family=Family.CHANCE, kind=code, params=params, group="g", speaks_for="", weights={})


def documented(docstring: str | None) -> set[str]:
    """Return the codes of the table in a module's docstring: its first column."""
    return set(re.findall(r"^``([a-z-]+)`` {2,}", docstring or "", re.MULTILINE))


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

WHO_CODES = sorted(documented(evidence.__doc__) | {each.value for each in claims.Kind} | set(technical._UNITS.values()))
LINK_CODES = sorted(documented(kind.__doc__) | {rule.code for rule in link_rules.LINK_RULES})


def test_the_tables_of_codes_are_found() -> None:
    assert {"shared-address", "tool", "claim-judgement", "name"} <= set(WHO_CODES)
    assert {"chance-overlap", "claim-hijack", "tools-differ"} <= set(LINK_CODES)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("code", "params"), [(code, WHO_PARAMS) for code in WHO_CODES] + [(code, LINK_PARAMS) for code in LINK_CODES]
)
def test_every_kind_of_evidence_has_a_sentence(code: str, params: dict[str, str], lang: str) -> None:
    said = sentences.evidence_title(item(code, **params), lang)
    assert not said.startswith(f"{code} (")
    assert " = " not in said


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("stance", ["affirms", "suspects", "denies", "finds-no-evidence"])
@pytest.mark.parametrize("code", [code for code in LINK_CODES if code.startswith("claim-")])
def test_a_denial_never_reads_like_a_claim(code: str, stance: str, lang: str) -> None:
    others = {
        sentences.evidence_title(item(code, **{**LINK_PARAMS, "stance": other}), lang)
        for other in ("affirms", "suspects", "denies", "finds-no-evidence")
    }
    assert len(others) == 4


def parts_of(docstring: str | None) -> set[str]:
    """Return the names of parts that ``attribution.evidence`` lists after "Names of parts"."""
    return set(re.findall(r"``([a-z-]+)``", (docstring or "").partition("Names of parts")[2]))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "name", sorted(parts_of(evidence.__doc__) | documented(shared.__doc__) | {"hedge", "shared-origin"})
)
def test_every_part_of_a_weight_has_a_name(name: str, lang: str) -> None:
    said = sentences.part_title(WeightPart(name, 1.0, {"clusters": "3", "name": "Tor exits"}), lang)
    assert said != name
    assert " = " not in said


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("code", sorted(next_observation._FAMILIES))
def test_every_next_observation_has_words(code: str, lang: str) -> None:
    assert f"next.{code}" in catalogue(lang)


def test_an_unknown_code_shows_its_parameters_and_never_fails() -> None:
    said = sentences.evidence_title(item("from-tomorrow", key="1", self="2", lang="3"), "en")
    assert said == "from-tomorrow (key = 1, self = 2, lang = 3)"
    assert sentences.evidence_title(item("from-tomorrow"), "fr") == "from-tomorrow"


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=30), max_size=6), st.sampled_from(WHO_CODES + LINK_CODES))
def test_no_parameters_can_break_a_sentence(params: dict[str, str], code: str) -> None:
    for lang in LANGUAGES:
        assert sentences.evidence_title(item(code, **{str(key): value for key, value in params.items()}), lang)


def test_a_value_is_never_read_as_a_format() -> None:
    said = sentences.evidence_title(item("name", names="{0.__class__} {names} %s"), "en")
    assert said == "Texts mention {0.__class__} {names} %s without attributing anything"


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (
            {"term": "almost certainly", "low": "0.95", "high": "1"},
            "CERT attributes “the attack” to Dawn Group (“almost certainly”, 95–100 %)",
        ),
        (
            {"stance": "suspects", "copies": "2", "via": "The Tide"},
            "CERT suspects Dawn Group behind “the attack” (as told by The Tide; repeated by 2 other sources)",
        ),
        ({"term": "almost certainly"}, "CERT attributes “the attack” to Dawn Group"),
    ],
)
def test_what_qualifies_a_claim_follows_it(params: dict[str, str], expected: str) -> None:
    given_ = {"source": "CERT", "subject": "the attack", "object": "Dawn Group", "stance": "affirms", **params}
    assert plain(sentences.evidence_title(item("claim-assessment", **given_), "en")) == expected


def test_the_ledger_s_claims_in_our_words() -> None:
    row = LedgerRow(
        statement="s",
        source="x",
        said=PartialDate(""),
        act="assessment",
        stance="affirms",
        quote="",
        lang="",
        predicate="claims-responsibility-for",
        subject="Dawn",
        object="",
    )
    assert sentences.claim_sentence(row, "en") == "Dawn claims responsibility"
    assert sentences.claim_sentence(msgspec.structs.replace(row, predicate="zaps"), "fr") == "Dawn – zaps"


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

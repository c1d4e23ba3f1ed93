"""The one place that makes sentences: command line, dossier and exports ask here, so that they say the same.

Two rules hold for every sentence. An estimative word stands with its range in the same sentence (Wintle et al. 2019:
the intended and the understood probability agree twice as often then). Likelihood and confidence never share a
sentence (ICD 203, D.6.e).

Codes that the catalogue does not know, or whose parameters do not fill its text, fall back to the code with its
parameters, so that a newer analysis never loses an item of evidence in the report.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from consilience.knowledge import countries, scales
from consilience.model.assessment import (
    Assessment,
    EvidenceItem,
    Family,
    HypothesisKind,
    LedgerRow,
    NextObservation,
    PairOverlap,
    Sensitivity,
    TimelineEvent,
    WeighedHypothesis,
    WeightPart,
)
from consilience.model.case import Question
from consilience.model.words import Confidence, Likelihood
from consilience.report.catalogue import Catalogue, catalogue
from consilience.report.forms import count, decimal, isolated, odds_factor, p_value, percent, short

OPEN_FROM: Final = 0.05
"""An explanation is named among the open ones from this probability on: below it, ICD 203 has "almost no chance"."""

SIGNIFICANT: Final = 0.05
"""The false discovery rate at which an overlap is called more than chance (Benjamini and Hochberg 1995)."""

_STRENGTHS: Final = frozenset({"sources-agree", "direct-technical", "reliability-high"})
_COUNTS = re.compile(r"(\d+) clusters, (\d+) rows")

VALUE_LENGTH: Final = 160
"""A value from outside is cut to this many characters inside a sentence; the card quotes it whole."""

OPEN_NAMED: Final = 3
"""How many explanations the sentence that withholds an answer names; the table after it has them all."""

# Terms that do not fit "it is ... that" or "il est ... que".
_NOUN = re.compile(r"\b(?:chances?|even|possibility|possibilité|impossible)\b")


def headline(assessment: Assessment, lang: str) -> str:
    """Return the answer in one sentence, or the sentence that there is not enough to say and what remains open."""
    if assessment.abstains:
        return _abstention(assessment, lang)
    leading = hypothesis(assessment, assessment.leading)
    return _judgement(assessment, leading, in_language(assessment.likelihood, lang), lang)


def hypothesis(assessment: Assessment, identifier: str) -> WeighedHypothesis:
    """Return the hypothesis with that id; raise ``KeyError`` where the assessment has none."""
    for each in assessment.hypotheses:
        if each.id == identifier:
            return each
    raise KeyError(identifier)


def hypothesis_label(each: WeighedHypothesis, lang: str) -> str:
    """Return the hypothesis' label in ``lang``, else in another language, else the name of its kind."""
    text = each.label.get(lang) or each.label.get("en") or next(iter(each.label.values()), "")
    return isolated(text or catalogue(lang).coded("hypothesis", each.kind))


def likelihood_of(assessment: Assessment, probability: float, lang: str) -> Likelihood:
    """Return the word for a probability on the scale that the assessment's answer is worded on."""
    return scales.word_for(probability, assessment.likelihood.scale, lang)


def in_language(likelihood: Likelihood, lang: str) -> Likelihood:
    """Return one of our own likelihoods with its scale's word in ``lang``; the interval stays. Not for quotations."""
    for term in scales.scale(likelihood.scale).terms:
        if (term.low, term.high) == (likelihood.low, likelihood.high):
            return Likelihood(term.word(lang), term.low, term.high, likelihood.scale, lang)
    return likelihood


def quoted_likelihood(likelihood: Likelihood, lang: str) -> str:
    """Return a source's own word with its range: ``“almost certainly” (95–99 %)``; the word is never translated."""
    said = catalogue(lang).text("list.quoted", text=isolated(likelihood.term))
    return f"{said} ({scales.percent_range(likelihood.low, likelihood.high, lang)})"


def quoted_confidence(confidence: Confidence, lang: str) -> str:
    """Return a source's own word of confidence with the level that it was read as."""
    texts = catalogue(lang)
    said = texts.text("list.quoted", text=isolated(confidence.term))
    return texts.text("list.coded", code=said, params=texts.coded("confidence", confidence.level))


def worded(assessment: Assessment, probability: float, lang: str) -> str:
    """Return a probability as its word with the range: ``likely (55–80 %)``."""
    return scales.sentence_range(likelihood_of(assessment, probability, lang), lang)


def ranked_explanations(assessment: Assessment) -> list[WeighedHypothesis]:
    """Return the hypotheses, the one with the highest posterior first."""
    return sorted(assessment.hypotheses, key=lambda each: -each.posterior)


def confidence_sentence(assessment: Assessment, lang: str) -> str:
    """Return the sentence on confidence alone, with its reasons."""
    texts = catalogue(lang)
    level = texts.coded("confidence", assessment.confidence.level)
    said = {code: _reason(texts, "confidence-reason", code) for code in assessment.confidence_reasons}
    good = texts.listed([text for code, text in said.items() if code in _STRENGTHS])
    bad = texts.listed([text for code, text in said.items() if code not in _STRENGTHS])
    if not said:
        return texts.text("confidence.bare", level=level)
    reasons = texts.text("confidence.both", good=good, bad=bad) if good and bad else good or bad
    return texts.text("confidence.sentence", level=level, reasons=reasons)


def reasons_text(assessment: Assessment, lang: str) -> str:
    """Return the reasons why the answer is withheld or limited, as an enumeration; empty where there are none."""
    texts = catalogue(lang)
    return texts.listed([_reason(texts, "reason", code) for code in assessment.reasons])


def origins_sentence(assessment: Assessment, lang: str) -> str:
    """Return how many statements weigh in the answer, and to how many independent origins they go back."""
    texts = catalogue(lang)
    weighed = {statement for item in assessment.evidence for statement in item.statements}
    if not weighed:
        return texts.number("origins.none", assessment.independent_origins)
    said = texts.number("origins.statements", len(weighed))
    return texts.number("origins.sentence", assessment.independent_origins, statements=said)


def evidence_title(
    item: EvidenceItem, lang: str, names: Mapping[str, str] | None = None, *, brief: bool = False
) -> str:
    """Return what an item says, from its kind and parameters. ``names`` gives the names of source ids.

    What qualifies it (the source's own word with its range, who relays it, who repeats it) follows in brackets,
    unless ``brief``.
    """
    texts = catalogue(lang)
    shown = _shown(_with_meaning(item.kind, item.params), lang, names or {})
    what = _first_fit(texts, "claimed", item.kind, shown, item.params)
    said = f"say.{item.params.get('stance', '')}"
    if what and texts.fits(said, {"what": what, **shown}):
        core = texts.text(said, what=what, source=shown["source"])
    else:
        core = _first_fit(texts, "evidence", item.kind, shown, item.params) or _generic(texts, item.kind, shown)
    asides = [] if brief else _asides(texts, item.params, shown)
    return texts.text("aside.together", core=core, asides=texts.text("list.between").join(asides)) if asides else core


def part_title(part: WeightPart, lang: str) -> str:
    """Return the name of one step from a tabled weight to the weight that counts."""
    texts = catalogue(lang)
    shown = _shown(part.params, lang, {})
    return _first_fit(texts, "part", part.name, shown, part.params) or _generic(texts, part.name, shown)


def weight_words(decibans: float, lang: str) -> str:
    """Return what a weight does to the odds: ``makes the odds about 4 times higher``; under 0.5 decibans, nothing."""
    texts = catalogue(lang)
    if abs(decibans) < 0.5:
        return texts.text("weight.none")
    return texts.text("weight.raises" if decibans > 0 else "weight.lowers", factor=odds_factor(decibans, lang))


def odds_words(total: float, end: str, lang: str) -> str:
    """Return odds of ``total`` decibans in words; ``end`` is ``prior`` or ``total``."""
    texts = catalogue(lang)
    if abs(total) < 0.2:
        return texts.text(f"weight.{end}-even")
    return texts.text(f"weight.{end}-{'for' if total > 0 else 'against'}", factor=odds_factor(total, lang))


def sensitivity_sentence(
    row: Sensitivity, assessment: Assessment, lang: str, names: Mapping[str, str] | None = None
) -> str:
    """Return what the answer would be without something, or if something were planted."""
    texts = catalogue(lang)
    outcome = sensitivity_outcome(row, assessment, lang)
    item = next((each for each in assessment.evidence if each.id == row.of), None)
    if item is not None and row.kind in {"without-item", "if-planted"}:
        code = evidence_codes(assessment)[item.id]
        title = evidence_title(item, lang, names, brief=True)
        deceived = row.kind == "if-planted" and item.family is Family.CLAIMS
        key = "if-deceived" if deceived else row.kind
        return texts.text(f"sensitivity.{key}", code=code, title=title, outcome=outcome)
    if row.kind == "without-family":
        return texts.text("sensitivity.without-family", of=texts.coded("family", row.of), outcome=outcome)
    if f"sensitivity.{row.kind}-{row.of}" in texts:
        return texts.text(f"sensitivity.{row.kind}-{row.of}", outcome=outcome)
    of = isolated((names or {}).get(row.of, row.of))
    if row.kind == "without-source":
        return texts.text("sensitivity.without-source", of=of, outcome=outcome)
    return texts.text("sensitivity.generic", kind=row.kind, of=of, outcome=outcome)


def sensitivity_outcome(row: Sensitivity, assessment: Assessment, lang: str) -> str:
    """Return the answer under a test, with the word and range of the explanation that would then lead."""
    if row.leading != assessment.leading:
        code = "other-leads"
    elif row.changes_answer:
        code = "given" if assessment.abstains else "withheld"
    else:
        code = "stays-withheld" if assessment.abstains else "stays"
    return catalogue(lang).text(
        f"sensitivity.{code}",
        label=hypothesis_label(hypothesis(assessment, row.leading), lang),
        range=worded(assessment, row.posterior, lang),
    )


def next_observation_sentence(row: NextObservation, assessment: Assessment, lang: str) -> str:
    """Return an observation that would move the answer, and where the explanation that it favours would then stand."""
    texts = catalogue(lang)
    return texts.text(
        "next.sentence",
        what=texts.coded("next", row.kind),
        label=hypothesis_label(hypothesis(assessment, row.towards), lang),
        range=worded(assessment, row.posterior, lang),
    )


def overlap_sentence(overlap: PairOverlap, lang: str) -> str:
    """Return what two clusters share against chance: ``A and B share 6 networks; 6.06 are expected by chance ...``."""
    return catalogue(lang).text(
        "overlap.sentence",
        a=isolated(overlap.a),
        b=isolated(overlap.b),
        observed=unit_count(overlap.unit, overlap.observed, lang),
        expected=decimal(overlap.expected, 2, lang),
        p=p_value(overlap.p_value, lang),
    )


def overlap_verdict(overlap: PairOverlap, lang: str) -> str:
    """Return the sentences on the correction for many pairs and on what chance alone explains."""
    texts = catalogue(lang)
    tested = texts.number("overlap.tested", overlap.pairs_tested, q=p_value(overlap.q_value, lang))
    verdict = texts.text(f"overlap.verdict-{'more' if overlap.q_value <= SIGNIFICANT else 'chance'}")
    return f"{tested} {verdict}"


def population_text(population: str, lang: str) -> str:
    """Return among what two clusters were compared; a bare count of clusters and rows is put into words."""
    match = _COUNTS.fullmatch(population)
    if match is None:
        return isolated(population)
    clusters, rows = (count(int(number), lang) for number in match.groups())
    return catalogue(lang).text("overlap.population-counts", clusters=clusters, rows=rows)


def unit_count(unit: str, number: int, lang: str) -> str:
    """Return a number of observables of a unit: ``6 networks``."""
    texts = catalogue(lang)
    if f"unit.{unit}.many" in texts:
        return texts.number(f"unit.{unit}", number)
    return texts.number("unit.generic", number, unit=texts.coded("observable", unit))


def timeline_sentence(event: TimelineEvent, lang: str, names: Mapping[str, str] | None = None) -> str:
    """Return what an event of the timeline is: the incident by its title, a document by its own, else what is said."""
    texts = catalogue(lang)
    given = event.params
    if event.kind == "incident" and (given.get(lang) or given.get("en")):
        return isolated(given.get(lang) or given["en"])
    shown = _shown(given, lang, names or {})
    if "predicate" in given:
        shown["claim"] = _claim(given.get("subject", ""), given["predicate"], given.get("object", ""), lang)
        shown["stance"] = texts.coded("stance", given.get("stance", ""))
    return _first_fit(texts, "timeline", event.kind, shown, {}) or _generic(texts, event.kind, shown)


def claim_sentence(row: LedgerRow, lang: str) -> str:
    """Return what a row of the ledger says, in our words: subject, relation, object."""
    return _claim(row.subject, row.predicate, row.object, lang)


def evidence_codes(assessment: Assessment) -> dict[str, str]:
    """Return the short code of every item by its id: ``E1``, ``E2``, ... in the order of the assessment."""
    return {item.id: f"E{index}" for index, item in enumerate(assessment.evidence, 1)}


def source_names(assessment: Assessment) -> dict[str, str]:
    """Return the names of the sources of an assessment by id."""
    return {row.source.id: row.source.name for row in assessment.sources}


def pair_names(assessment: Assessment, lang: str) -> tuple[str, str]:
    """Return the names of the two clusters that a link question is about, or words for them."""
    for overlap in assessment.overlaps:
        return isolated(overlap.a), isolated(overlap.b)
    texts = catalogue(lang)
    return texts.text("pair.one"), texts.text("pair.other")


def _judgement(assessment: Assessment, each: WeighedHypothesis, word: Likelihood, lang: str) -> str:
    texts = catalogue(lang)
    group = f"claim.{assessment.question}"
    kind = each.kind if f"{group}.{each.kind}" in texts else "other"
    # French wants the indicative after "il est probable que" and the subjunctive after all that is less.
    mood = "" if word.low >= 0.5 else "-doubted"
    one, other = pair_names(assessment, lang)
    label, of = hypothesis_label(each, lang), _imitated(assessment, each, lang)
    claim = texts.text(f"{group}.{kind}{mood}", label=label, of=of, a=one, b=other)
    said = scales.sentence_range(word, lang)
    return texts.text("headline.rated" if _NOUN.search(said) else "headline.is", range=said, claim=claim)


def _imitated(assessment: Assessment, each: WeighedHypothesis, lang: str) -> str:
    for other in assessment.hypotheses:
        if other.id == each.of:
            return hypothesis_label(other, lang)
    return isolated(each.of)


def _abstention(assessment: Assessment, lang: str) -> str:
    texts = catalogue(lang)
    ranked = ranked_explanations(assessment)
    named = [each for each in ranked if each.posterior >= OPEN_FROM][:OPEN_NAMED] or ranked[:1]
    parts = [
        texts.text("headline.open", label=hypothesis_label(each, lang), range=worded(assessment, each.posterior, lang))
        for each in named
    ]
    rest = ranked[len(named) :]
    if rest:
        parts.append(texts.number("headline.others", len(rest), limit=percent(rest[0].posterior, lang)))
    still = texts.text("list.between").join(parts)
    if assessment.question == Question.WHO:
        return texts.text("headline.abstain-who", open=still)
    one, other = pair_names(assessment, lang)
    kinds = [texts.coded("hypothesis", each.kind) for each in named if each.kind != HypothesisKind.UNKNOWN]
    if len(kinds) < 2:
        return texts.text("headline.abstain-link", a=one, b=other, open=still)
    return texts.text("headline.abstain-link-kinds", a=one, b=other, kinds=texts.listed(kinds), open=still)


def _first_fit(texts: Catalogue, group: str, code: str, shown: Mapping[str, str], raw: Mapping[str, str]) -> str:
    """Return the first text for a code that the parameters fill: by stance, by relation, plain, then the second form.

    Empty where there is none.
    """
    variants = [
        f"-{raw.get('stance', '')}",
        "-unaware" if raw.get("unaware") == "yes" else "-",
        f"-{raw.get('predicate', '')}",
        "",
        "-2",
    ]
    for variant in variants:
        key = f"{group}.{code}{variant}"
        if texts.fits(key, shown):
            return texts.text(key, **shown)
    return ""


def _generic(texts: Catalogue, code: str, shown: Mapping[str, str]) -> str:
    if not shown:
        return code
    return texts.text("list.coded", code=code, params=", ".join(f"{name} = {value}" for name, value in shown.items()))


def _with_meaning(kind: str, params: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters with those under general names also under the name of what they are."""
    given = dict(params)
    if kind in {"victim-country", "victim-sector"} and "value" in given:
        given[kind.removeprefix("victim-")] = given["value"]
    return given


def _shown(params: Mapping[str, str], lang: str, names: Mapping[str, str]) -> dict[str, str]:
    """Return parameters as a reader sees them: codes by name, numbers in the language's form; empty ones left out."""
    texts = catalogue(lang)
    shown = {key: _shown_value(key, value, lang, names) for key, value in params.items() if value}
    if params.get("unit") and params.get("observed", "").isdecimal():
        shown["counted"] = unit_count(params["unit"], int(params["observed"]), lang)
    if params.get("gap_days"):
        shown["gap_days"] = _gap(texts, params["gap_days"])
    return shown


def _shown_value(key: str, value: str, lang: str, names: Mapping[str, str]) -> str:
    texts = catalogue(lang)
    if key in {"country", "countries"}:
        codes = [code.strip() for code in value.split(",") if code.strip()]
        return texts.listed([countries.country_name(code, lang) or code for code in codes])
    if key == "sector":
        return texts.coded("sector", value)
    if key in {"type", "unit"}:
        return texts.coded("observable", value)
    if key in {"source", "via", "origin"}:
        return isolated(names.get(value, value))
    number = _number(value)
    if key in {"p", "q"} and number is not None:
        return p_value(number, lang)
    if number is not None and "." in value:
        return decimal(number, len(value.partition(".")[2]), lang)
    return isolated(short(value, VALUE_LENGTH))


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", text) else None


def _gap(texts: Catalogue, days: str) -> str:
    number = _number(days)
    if number is None:
        return texts.text("overlap.gap-apart-unknown")
    if number < 1:
        return texts.text("overlap.gap-same")
    return texts.number("overlap.gap-apart", round(number))


def _asides(texts: Catalogue, params: Mapping[str, str], shown: Mapping[str, str]) -> list[str]:
    """Return what qualifies an item, in a fixed order; a word of likelihood only together with its range."""
    out = []
    low, high = _number(params.get("low", "")), _number(params.get("high", ""))
    if "term" in shown and low is not None and high is not None:
        out.append(texts.text("aside.term", term=shown["term"], range=scales.percent_range(low, high, texts.lang)))
    out += [texts.text(f"aside.{key}", **{key: shown[key]}) for key in ("via", "follows", "listed") if key in shown]
    copies = params.get("copies", "")
    if copies.isdecimal() and int(copies):
        out.append(texts.number("aside.copies", int(copies)))
    out += [texts.text(f"aside.{key}") for key in ("accused", "public") if params.get(key) == "yes"]
    return out


def _claim(subject: str, predicate: str, thing: str, lang: str) -> str:
    texts = catalogue(lang)
    known = f"predicate.{predicate}" if thing else f"predicate.{predicate}-alone"
    fallback = "predicate.generic" if thing else "predicate.generic-alone"
    return texts.text(
        known if known in texts else fallback, subject=isolated(subject), object=isolated(thing), predicate=predicate
    )


def _reason(texts: Catalogue, group: str, code: str) -> str:
    known = f"{group}.{code}"
    return texts.text(known) if known in texts else texts.text(f"{group}.generic", code=code)

"""The one place that makes sentences about the answer: command line, dossier and exports ask here.

Two rules hold for every sentence. An estimative word stands with its range in the same sentence (Wintle et al. 2019:
the intended and the understood probability agree twice as often then). Likelihood and confidence never share a
sentence (ICD 203, D.6.e). What an item of evidence or a statement says is worded in ``titles``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Final

from consilience.knowledge import scales
from consilience.knowledge.countries import country_code
from consilience.model.assessment import (
    Assessment,
    Family,
    HypothesisKind,
    NextObservation,
    PairOverlap,
    Sensitivity,
    WeighedHypothesis,
)
from consilience.model.case import Question
from consilience.model.words import Confidence, Likelihood
from consilience.report.catalogue import Catalogue, catalogue
from consilience.report.forms import any_date, count, decimal, isolated, odds_factor, p_value, percent_words
from consilience.report.naming import Names, state_name, typographic
from consilience.report.titles import evidence_title, unit_count

OPEN_FROM: Final = 0.05
"""An explanation is named among the open ones from this probability on: below it, ICD 203 has "almost no chance"."""

SIGNIFICANT: Final = 0.05
"""The false discovery rate at which an overlap is called more than chance (Benjamini and Hochberg 1995)."""

OPEN_NAMED: Final = 3
"""How many explanations the sentence that withholds an answer names; the table after it has them all."""

_SPEAKS: Final = 5.0
"""Decibans (odds about three times higher) from which an item is something that speaks for an explanation."""

_MIN_POSTERIOR: Final = "min_posterior"
_STRENGTHS: Final = frozenset({"sources-agree", "direct-technical", "reliability-high"})
_COUNTS = re.compile(r"(\d+) clusters, (\d+) rows")
_LISTS = re.compile(r"(.+), (\d{4}(?:-\d\d){0,2}), (\d+) lists")
_PLURAL = re.compile(r"\bchances (?:about|à peu)")
_NONE = re.compile(r"^(?:almost no|presque aucune)\b")
_IMITATION = re.compile(r"imitation : (.+)")
_NOT = re.compile(r"^(?:probably not|probablement pas)\b")
_NOUN = re.compile(r"\b(?:chances?|possibility|possibilité)\b")


def headline(assessment: Assessment, lang: str) -> str:
    """Return the answer in one sentence; where it is withheld, that there is not enough to say, and what is open."""
    return " ".join(headline_parts(assessment, lang))


def headline_parts(assessment: Assessment, lang: str) -> tuple[str, ...]:
    """Return the sentences of the headline: the answer, or that it is withheld and then what remains open."""
    if assessment.abstains:
        return _abstention(assessment, lang)
    leading = hypothesis(assessment, assessment.leading)
    return (_judgement(assessment, leading, in_language(assessment.likelihood, lang), lang),)


def hypothesis(assessment: Assessment, identifier: str) -> WeighedHypothesis:
    """Return the hypothesis with that id; raise ``KeyError`` where the assessment has none."""
    for each in assessment.hypotheses:
        if each.id == identifier:
            return each
    raise KeyError(identifier)


def hypothesis_label(each: WeighedHypothesis, lang: str) -> str:
    """Return the hypothesis' label in ``lang``, else in another language, else the name of its kind."""
    texts = catalogue(lang)
    text = each.label.get(lang) or each.label.get("en") or next(iter(each.label.values()), "")
    if code := country_code(text):
        return state_name(code, lang)
    imitated = _IMITATION.fullmatch(text)
    if imitated:
        text = texts.text("hypothesis.imitation-of", of=imitated[1])
    return isolated(typographic(text, lang) if lang in each.label else text or texts.coded("hypothesis", each.kind))


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
    subject = texts.text(f"confidence.of-{'nothing' if assessment.abstains else 'answer'}")
    if not said:
        return texts.text("confidence.bare", subject=subject, level=level)
    reasons = texts.text("confidence.both", good=good, bad=bad) if good and bad else good or bad
    return texts.text("confidence.sentence", subject=subject, level=level, reasons=reasons)


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


def sensitivity_sentence(row: Sensitivity, assessment: Assessment, said: Names, *, even: bool = False) -> str:
    """Return what the answer would be without something, or if something were planted; ``even`` where it stays."""
    texts = catalogue(said.lang)
    test = sensitivity_test(row, assessment, said)
    if even:
        test = texts.text("sensitivity.even", test=test[:1].lower() + test[1:])
    return texts.text("sensitivity.sentence", test=test, outcome=sensitivity_outcome(row, assessment, said.lang))


def sensitivity_test(row: Sensitivity, assessment: Assessment, said: Names) -> str:
    """Return what a test leaves out or supposes: ``Without E1 (the FBI attributes the attack to Iran)``."""
    texts = catalogue(said.lang)
    item = next((each for each in assessment.evidence if each.id == row.of), None)
    if item is not None and row.kind in {"without-item", "if-planted"}:
        deceived = row.kind == "if-planted" and item.family is Family.CLAIMS
        key = "if-deceived" if deceived else row.kind
        code, title = evidence_codes(assessment)[item.id], evidence_title(item, said, brief=True)
        return texts.text(f"sensitivity.{key}", code=code, title=title)
    if row.kind == "without-family":
        return texts.text("sensitivity.without-family", of=texts.coded("family", row.of))
    if f"sensitivity.{row.kind}-{row.of}" in texts:
        return texts.text(f"sensitivity.{row.kind}-{row.of}")
    if row.kind == "without-source":
        return texts.text("sensitivity.without-source", of=said.source(row.of))
    return texts.text("sensitivity.generic", kind=row.kind, of=said.source(row.of))


def sensitivity_outcome(row: Sensitivity, assessment: Assessment, lang: str) -> str:
    """Return the answer under a test; a change of word is given with its range."""
    texts = catalogue(lang)
    now = hypothesis(assessment, assessment.leading)
    then = hypothesis(assessment, row.leading)
    given = {
        "label": hypothesis_label(then, lang),
        "range": worded(assessment, row.posterior, lang),
        "before": percent_words(now.posterior, lang),
        "after": percent_words(row.posterior, lang),
    }
    return texts.text(f"sensitivity.{_outcome(row, then, now, assessment)}", **given)


def _outcome(row: Sensitivity, then: WeighedHypothesis, now: WeighedHypothesis, assessment: Assessment) -> str:
    if then.id == now.id:
        if row.changes_answer:
            return "given" if assessment.abstains else "withheld"
        if assessment.abstains:
            return "stays-withheld"
        word, same = (likelihood_of(assessment, each, "en") for each in (row.posterior, now.posterior))
        return "stays" if word == same else "stays-weaker"
    if assessment.abstains:
        return "other-leads"
    enough = row.posterior >= assessment.basis.settings.get(_MIN_POSTERIOR, 0.5) and then.kind != HypothesisKind.UNKNOWN
    return "other-answer" if enough else "other-withheld"


def next_observation_sentences(rows: Iterable[NextObservation], assessment: Assessment, lang: str) -> tuple[str, ...]:
    """Return what to look for, one sentence for each explanation that new evidence could speak for.

    ``NextObservation.posterior`` is that of the explanation that would then lead, which need not be the one that the
    observation speaks for.
    """
    order = {each.id: index for index, each in enumerate(ranked_explanations(assessment))}
    towards = sorted(rows, key=lambda row: order.get(row.towards, len(order)))
    found = [
        _next_sentence(identifier, list(group), assessment, lang)
        for identifier, group in groupby(towards, key=lambda row: row.towards)
    ]
    rival_first = sorted(zip(found, _ids(towards), strict=True), key=lambda pair: pair[1] == assessment.leading)
    return tuple(text for text, _ in rival_first if text)


def _ids(rows: Iterable[NextObservation]) -> list[str]:
    return list(dict.fromkeys(row.towards for row in rows))


def _next_sentence(identifier: str, rows: list[NextObservation], assessment: Assessment, lang: str) -> str:
    texts = catalogue(lang)
    before = percent_words(hypothesis(assessment, assessment.leading).posterior, lang)
    label = hypothesis_label(hypothesis(assessment, identifier), lang)
    if identifier == assessment.leading:
        moved = [row for row in rows if percent_words(row.posterior, lang) != before]
        steps = _steps(moved, lang)
        return texts.text("next.raises", label=label, before=before, steps=steps) if steps else ""
    parts = []
    leads = _steps([row for row in rows if row.leading == identifier], lang)
    if leads:
        parts.append(texts.text("next.leads", steps=leads))
    falls = [row for row in rows if row.leading == assessment.leading and percent_words(row.posterior, lang) != before]
    if falls:
        parts.append(texts.text("next.falls", before=before, steps=_steps(falls, lang)))
    others = [row for row in rows if row.leading not in {identifier, assessment.leading}]
    parts += [
        texts.text(
            "next.other",
            what=texts.coded("next", row.kind),
            label=hypothesis_label(hypothesis(assessment, row.leading), lang),
            figure=percent_words(row.posterior, lang),
        )
        for row in others
    ]
    return texts.text("next.sentence", label=label, parts=texts.text("list.between").join(parts)) if parts else ""


def _steps(rows: Iterable[NextObservation], lang: str) -> str:
    """Return figures with what would bring them about, the same figure once: ``89 % with A, 62 % with B or C``."""
    texts = catalogue(lang)
    by_figure: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda each: -each.posterior):
        by_figure.setdefault(percent_words(row.posterior, lang), []).append(texts.coded("next", row.kind))
    return texts.listed(
        [texts.text("next.step", figure=figure, what=texts.either(whats)) for figure, whats in by_figure.items()]
    )


def overlap_sentence(overlap: PairOverlap, lang: str) -> str:
    """Return what two clusters share against chance: ``A and B share 6 networks; 6.06 are expected by chance ...``."""
    texts = catalogue(lang)
    where = _LISTS.fullmatch(overlap.population)
    return texts.text(
        "overlap.sentence-listed" if where else "overlap.sentence",
        a=isolated(overlap.a),
        b=isolated(overlap.b),
        observed=unit_count(overlap.unit, overlap.observed, lang),
        expected=decimal(overlap.expected, 2, lang),
        p=p_value(overlap.p_value, lang),
        **({"lists": count(int(where[3]), lang)} if where else {}),
    )


def strongest_overlap(assessment: Assessment) -> PairOverlap | None:
    """Return the overlap that stands for the pair: least like chance after correction, then the one of most values."""
    return min(assessment.overlaps, key=lambda each: (each.q_value, each.p_value, -each.observed), default=None)


def chance_sentence(assessment: Assessment, lang: str) -> str:
    """Return the finding of the null model in a sentence and its verdict; empty where no pair was compared."""
    overlap = strongest_overlap(assessment)
    if overlap is None:
        return ""
    verdict = catalogue(lang).text(f"overlap.verdict-{'more' if overlap.q_value <= SIGNIFICANT else 'chance'}")
    return f"{overlap_sentence(overlap, lang)} {verdict}"


def population_text(population: str, lang: str) -> str:
    """Return among what two clusters were compared; counts of clusters, rows or lists are put into words."""
    texts = catalogue(lang)
    if match := _COUNTS.fullmatch(population):
        clusters, rows = (count(int(number), lang) for number in match.groups())
        return texts.text("overlap.population-counts", clusters=clusters, rows=rows)
    if match := _LISTS.fullmatch(population):
        lists, date = count(int(match[3]), lang), any_date(match[2], lang)
        return texts.text("overlap.population-lists", name=isolated(match[1]), date=date, lists=lists)
    return isolated(population)


def evidence_codes(assessment: Assessment) -> dict[str, str]:
    """Return the short code of every item by its id: ``E1``, ``E2``, ... in the order of the assessment."""
    return {item.id: f"E{index}" for index, item in enumerate(assessment.evidence, 1)}


def pair_names(assessment: Assessment, lang: str) -> tuple[str, str]:
    """Return the names of the two clusters that a link question is about, or words for them."""
    for overlap in assessment.overlaps:
        return isolated(overlap.a), isolated(overlap.b)
    texts = catalogue(lang)
    return texts.text("pair.one"), texts.text("pair.other")


def _judgement(assessment: Assessment, each: WeighedHypothesis, word: Likelihood, lang: str) -> str:
    texts = catalogue(lang)
    # French wants the indicative after "il est probable que" and the subjunctive after all that is less.
    claim = _claim(assessment, each, "" if word.low >= 0.5 else "-doubted", lang)
    said = scales.sentence_range(word, lang)
    return texts.text(f"headline.{_frame(said)}", range=said, claim=claim)


def _frame(said: str) -> str:
    """Return which sentence a term fits into: "it is likely that", "there is a realistic possibility that"."""
    if _NOT.match(said):
        return "rated"
    if not _NOUN.search(said):
        return "is"
    if _NONE.match(said):
        return "none"
    return "plural" if _PLURAL.search(said) else "noun"


def _claim(assessment: Assessment, each: WeighedHypothesis, mood: str, lang: str) -> str:
    texts = catalogue(lang)
    group = f"claim.{assessment.question}"
    code = f"{each.kind}-by" if each.by else each.kind
    kind = code if f"{group}.{code}" in texts else "other"
    one, other = pair_names(assessment, lang)
    label, of, by = (hypothesis_label(each, lang), *(_label_of(assessment, key, lang) for key in (each.of, each.by)))
    return texts.text(f"{group}.{kind}{mood}", label=label, of=of, by=by, a=one, b=other)


def _label_of(assessment: Assessment, identifier: str, lang: str) -> str:
    for other in assessment.hypotheses:
        if other.id == identifier:
            return hypothesis_label(other, lang)
    return isolated(identifier)


def _abstention(assessment: Assessment, lang: str) -> tuple[str, ...]:
    """Return that the answer is withheld, and what remains open.

    Where too little speaks for what comes first, nothing is named: a bare prior, with its estimative word, would be
    read as an answer.
    """
    if "no-evidence" not in assessment.reasons:
        return _withheld(assessment, lang), _still_open(assessment, lang)
    texts = catalogue(lang)
    others = {each.id for each in assessment.hypotheses if assessment.leading not in {each.id, each.of}}
    elsewhere = any(item.weights.get(each, 0.0) >= _SPEAKS for item in assessment.evidence for each in others)
    why = texts.text(f"headline.nothing-{'first' if elsewhere else 'any'}")
    withheld = _withheld(assessment, lang).removesuffix(".")
    return (texts.text("headline.nothing", withheld=withheld, why=why),)


def _withheld(assessment: Assessment, lang: str) -> str:
    """Return that there is not enough to say; whether two clusters cooperate is what a reader asks of a link."""
    texts = catalogue(lang)
    if assessment.question == Question.WHO:
        return texts.text("headline.abstain-who")
    together = next((each for each in assessment.hypotheses if each.kind == HypothesisKind.COOPERATION), None)
    if together is not None and together.posterior >= OPEN_FROM:
        return texts.text("headline.abstain-whether", claim=_claim(assessment, together, "", lang))
    one, other = pair_names(assessment, lang)
    return texts.text("headline.abstain-link", a=one, b=other)


def _still_open(assessment: Assessment, lang: str) -> str:
    """Return the explanations that remain open, each with its word and range, the rest by number."""
    texts = catalogue(lang)
    ranked = ranked_explanations(assessment)
    named = [each for each in ranked if each.posterior >= OPEN_FROM][:OPEN_NAMED] or ranked[:1]
    parts = [
        texts.text("headline.open", label=hypothesis_label(each, lang), range=worded(assessment, each.posterior, lang))
        for each in named
    ]
    rest = ranked[len(named) :]
    if rest:
        parts.append(texts.number("headline.others", len(rest), limit=percent_words(rest[0].posterior, lang)))
    return texts.text("headline.still-open", open=texts.text("list.between").join(parts))


def _reason(texts: Catalogue, group: str, code: str) -> str:
    known = f"{group}.{code}"
    return texts.text(known) if known in texts else texts.text(f"{group}.generic", code=code)

"""The answer and its reasoning as rows: the answer, what would change it, the weights.

Everything here is a function of the assessment and a language. A chart and its table twin are made from the same
rows, so that they cannot disagree. The template only lays them out.
"""

from __future__ import annotations

from typing import Final

import msgspec
from markupsafe import Markup

from consilience.knowledge import scales
from consilience.model.assessment import Assessment, EvidenceItem, Sensitivity, WeightPart
from consilience.model.words import Likelihood
from consilience.report import charts, sentences
from consilience.report.catalogue import catalogue
from consilience.report.forms import decibans, decimal, percent, percent_words, probability_of
from consilience.report.naming import Names, names, sentence
from consilience.report.telling_observation import most_telling_observation
from consilience.report.titles import evidence_title, part_title

FLIPS_SHOWN: Final = 4
HOLDS_SHOWN: Final = 2


class OpenRow(msgspec.Struct, frozen=True):
    """An explanation with its word and figure."""

    label: str
    range: str
    figure: str


class ScaleRow(msgspec.Struct, frozen=True):
    """The answer on one scale; ``note`` says where the figure lies in a gap of the scale."""

    scale: str
    range: str
    note: str


class Answer(msgspec.Struct, frozen=True):
    """Section 1: the answer, what it is worth, and the same on other scales.

    ``headline`` comes in sentences; the first says the most. ``chance`` is the finding of the null model. ``bare``:
    no evidence weighs, and figures that are little more than the priors are no answer on any scale.
    """

    headline: tuple[str, ...]
    abstains: bool
    bare: bool
    chance: str
    confidence: str
    origins: str
    reasons: str
    computed: str
    open: tuple[OpenRow, ...]
    scales: tuple[ScaleRow, ...]
    bar: Markup
    gap: str


class Change(msgspec.Struct, frozen=True):
    """Section 2: what would change the answer, then what moves it most without changing it."""

    summary: str
    flips: tuple[str, ...]
    flips_shown: str
    holds: tuple[str, ...]
    all: str
    most: str
    next: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """The tests shown, those that change the answer first."""
        return (*self.flips, *self.holds)


class PartRow(msgspec.Struct, frozen=True):
    """One step from a tabled weight to the weight that counts."""

    title: str
    decibans: str


class WeightRow(msgspec.Struct, frozen=True):
    """A row of the waterfall's table. ``href`` is empty for the prior and the total."""

    code: str
    href: str
    title: str
    family: str
    decibans: str
    words: str
    total: str
    probability: str
    parts: tuple[PartRow, ...]
    role: str


class Weights(msgspec.Struct, frozen=True):
    """Section 3: the waterfall, its table, and what the drawing leaves out."""

    intro: str
    rows: tuple[WeightRow, ...]
    chart: Markup
    cut: str


class TestedRow(msgspec.Struct, frozen=True):
    """A sensitivity test with the explanation that would come first."""

    test: str
    first: str
    figure: str
    changes: str


def answer(assessment: Assessment, lang: str) -> Answer:
    """Return section 1. The headline is the assessment's own where it has one in ``lang``."""
    texts = catalogue(lang)
    leading = sentences.hypothesis(assessment, assessment.leading)
    label = sentences.hypothesis_label(leading, lang)
    figure = percent(leading.posterior, lang)
    word = sentences.in_language(assessment.likelihood, lang)
    low, high = decimal(word.low * 100, 0, lang), decimal(word.high * 100, 0, lang)
    frame = charts.Frame(
        "interval",
        f"{label}: {texts.text('chart.interval-title', percent=figure)}",
        texts.text("chart.interval-description", low=low, high=high, percent=figure),
        lang,
    )
    reasons = sentences.reasons_text(assessment, lang)
    parts = sentences.headline_parts(assessment, lang)
    stored = assessment.headline.get(lang, "")
    return Answer(
        headline=(stored,) if stored and stored != " ".join(parts) else parts,
        abstains=assessment.abstains,
        bare="no-evidence" in assessment.reasons,
        chance=sentences.chance_sentence(assessment, lang),
        confidence=sentences.confidence_sentence(assessment, lang),
        origins=sentences.origins_sentence(assessment, lang),
        reasons=reasons
        and texts.text("answer.why-abstains" if assessment.abstains else "answer.limits", reasons=reasons),
        computed=texts.text("answer.computed", percent=figure, label=label),
        open=tuple(
            OpenRow(
                sentences.hypothesis_label(each, lang),
                sentences.worded(assessment, each.posterior, lang),
                percent(each.posterior, lang),
            )
            for each in sentences.ranked_explanations(assessment)
        ),
        scales=tuple(_scale_row(each, leading.posterior, lang) for each in assessment.scales),
        gap=_gap(word, leading.posterior, lang),
        bar=charts.interval_bar(word.low, word.high, leading.posterior, frame),
    )


def _scale_row(likelihood: Likelihood, posterior: float, lang: str) -> ScaleRow:
    word = sentences.in_language(likelihood, lang)
    gap = _gap(word, posterior, lang)
    return ScaleRow(scales.scale(word.scale).name[lang], scales.sentence_range(word, lang), gap)


def _gap(word: Likelihood, posterior: float, lang: str) -> str:
    """Say where a figure lies outside the interval of its word: scales have gaps between words, or end early."""
    if scales.covers(word, posterior):
        return ""
    terms = scales.scale(word.scale).terms
    beyond = posterior > max(term.high for term in terms) or posterior < min(term.low for term in terms)
    return catalogue(lang).text(f"answer.{'beyond' if beyond else 'gap'}", percent=percent_words(posterior, lang))


def change(assessment: Assessment, lang: str) -> Change:
    """Return section 2: first what changes the answer, then the two tests that come nearest to it."""
    texts = catalogue(lang)
    said = names(assessment, lang)
    tests = assessment.sensitivity
    ranked = _most_telling(assessment)
    flips = [row for row in ranked if row.changes_answer]
    if not tests:
        summary = texts.text("change.no-tests")
    elif flips:
        key = "sensitivity.first" if assessment.abstains else "sensitivity.some"
        summary = texts.number(key, len(flips), total=str(len(tests)))
    else:
        summary = texts.text("sensitivity.none")
    shown = flips[:FLIPS_SHOWN]
    cut = texts.text("change.flips-shown", shown=str(len(shown)), n=str(len(flips))) if len(flips) > len(shown) else ""
    return Change(
        summary=summary,
        flips=tuple(sentences.sensitivity_sentence(row, assessment, said) for row in shown),
        flips_shown=cut,
        holds=tuple(
            sentences.sensitivity_sentence(row, assessment, said, even=True)
            for row in _apart([row for row in ranked if not row.changes_answer], lang)[:HOLDS_SHOWN]
        ),
        all=texts.text("sensitivity.all", total=str(len(tests))) if tests else "",
        most=most_telling_observation(assessment, lang),
        next=sentences.next_observation_sentences(assessment.next_observations, assessment, lang),
    )


def _most_telling(assessment: Assessment) -> list[Sensitivity]:
    """Return the tests, first those that change the answer, then by how far they move the leading figure."""
    now = sentences.hypothesis(assessment, assessment.leading).posterior

    def moves(row: Sensitivity) -> float:
        return abs(row.posterior - now) if row.leading == assessment.leading else 1.0

    return sorted(assessment.sensitivity, key=lambda row: (not row.changes_answer, -moves(row)))


def _apart(tests: list[Sensitivity], lang: str) -> list[Sensitivity]:
    """Return tests without those that end at the figure of one before: two of a kind tell the reader nothing more."""
    found: dict[tuple[str, str], Sensitivity] = {}
    for row in tests:
        found.setdefault((row.leading, percent(row.posterior, lang)), row)
    return list(found.values())


def all_tests(assessment: Assessment, lang: str) -> tuple[TestedRow, ...]:
    """Return the annex: every sensitivity test."""
    texts = catalogue(lang)
    said = names(assessment, lang)
    return tuple(
        TestedRow(
            sentences.sensitivity_test(row, assessment, said),
            texts.text("annex.same")
            if row.leading == assessment.leading
            else sentences.hypothesis_label(sentences.hypothesis(assessment, row.leading), lang),
            percent(row.posterior, lang),
            texts.text(f"annex.{'yes' if row.changes_answer else 'no'}"),
        )
        for row in _most_telling(assessment)
    )


def weights(assessment: Assessment, lang: str) -> Weights:
    """Return section 3. The last total is the leading posterior, printed by the same function as the headline's."""
    texts, said = catalogue(lang), names(assessment, lang)
    codes = sentences.evidence_codes(assessment)
    items = {item.id: item for item in assessment.evidence}
    leading = sentences.hypothesis(assessment, assessment.leading)
    label = sentences.hypothesis_label(leading, lang)
    rows: list[WeightRow] = []
    bars: list[charts.Bar] = []
    before = 0.0
    for step in assessment.waterfall:
        item = items.get(step.item)
        title = texts.text("weights.prior") if item is None else item_title(item, said)
        label_of_bar = title if item is None else item_title(item, said, brief=True)
        code = codes.get(step.item, "")
        rows.append(
            WeightRow(
                code=code,
                href=f"#{code}" if code else "",
                title=title,
                family=texts.coded("family", item.family) if item else "",
                decibans=decibans(step.decibans, lang),
                words=sentences.weight_words(step.decibans, lang)
                if item
                else sentences.odds_words(step.total, "prior", lang),
                total=decibans(step.total, lang),
                probability=percent(probability_of(step.total), lang),
                parts=part_rows(item.parts, said) if item and item.speaks_for == leading.id else (),
                role="item" if item else "prior",
            )
        )
        bars.append(charts.Bar(f"{code} {label_of_bar}".strip(), before, step.total, rows[-1].role, rows[-1].href))
        before = step.total
    rows.append(
        WeightRow(
            code="",
            href="",
            title=texts.text("weights.sum"),
            family="",
            decibans=decibans(before, lang),
            words=sentences.odds_words(before, "total", lang),
            total=decibans(before, lang),
            probability=percent(leading.posterior, lang),
            parts=(),
            role="total",
        )
    )
    bars.append(charts.Bar(texts.text("weights.sum"), 0.0, before, "total"))
    number = len(bars) - 2 if assessment.waterfall else 0
    drawn, small = charts.folded(
        bars, texts.text("chart.waterfall-rest", n=str(max(number - charts.WATERFALL_BARS + 1, 0)))
    )
    frame = charts.Frame(
        "waterfall",
        texts.text("chart.waterfall-title"),
        texts.text(
            "chart.waterfall-description",
            start=percent(leading.prior, lang),
            end=percent(leading.posterior, lang),
        ),
        lang,
    )
    cut = texts.text("chart.waterfall-cut", shown=str(number - small), total=str(number), n=str(small)) if small else ""
    return Weights(texts.text("weights.intro", label=label), tuple(rows), charts.waterfall(drawn, frame), cut)


def item_title(item: EvidenceItem, said: Names, *, brief: bool = False) -> str:
    """Return what an item says as a title; ``brief`` leaves out what qualifies it."""
    title = evidence_title(item, said, brief=brief)
    return title if title.startswith(item.kind) else sentence(title)


def part_rows(parts: tuple[WeightPart, ...], said: Names) -> tuple[PartRow, ...]:
    """Return the steps from a tabled weight to the weight that counts."""
    return tuple(PartRow(part_title(part, said), decibans(part.decibans, said.lang)) for part in parts)

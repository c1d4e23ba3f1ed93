"""The answer and its reasoning as rows: the answer, what would change it, the weights, the matrix.

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
from consilience.report.forms import decibans, decimal, percent, probability_of

SENSITIVITY_SHOWN: Final = 5
NEXT_SHOWN: Final = 3


MATRIX_COLUMNS: Final = 8


# From half a ban evidence is "substantial" (Jeffreys 1961, appendix B: grade 2 begins at 10^0.5).
STRONG_FROM: Final = 5.0


NEUTRAL_BELOW: Final = 1.0


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
    """Section 1: the answer, what it is worth, and the same on other scales."""

    headline: str
    abstains: bool
    confidence: str
    origins: str
    reasons: str
    computed: str
    open: tuple[OpenRow, ...]
    scales: tuple[ScaleRow, ...]
    bar: Markup
    gap: str


class Change(msgspec.Struct, frozen=True):
    """Section 2: what would change the answer."""

    summary: str
    lines: tuple[str, ...]
    shown: str
    next: tuple[str, ...]
    next_shown: str


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


class Cell(msgspec.Struct, frozen=True):
    """A cell of the matrix: its symbol (CC, C, N, I, II), what that means, and the weight."""

    symbol: str
    meaning: str
    decibans: str


class MatrixColumn(msgspec.Struct, frozen=True):
    """An item of evidence as a column head."""

    code: str
    href: str
    title: str


class MatrixRow(msgspec.Struct, frozen=True):
    """An explanation with its probability before and after, and one cell per column."""

    label: str
    leading: bool
    prior: str
    posterior: str
    cells: tuple[Cell, ...]


class MatrixPart(msgspec.Struct, frozen=True):
    """As many columns as a page holds."""

    caption: str
    columns: tuple[MatrixColumn, ...]
    rows: tuple[MatrixRow, ...]


class Matrix(msgspec.Struct, frozen=True):
    """Section 4: the matrix in parts, and a sentence on the columns that it leaves out."""

    parts: tuple[MatrixPart, ...]
    left_out: str


class TestedRow(msgspec.Struct, frozen=True):
    """A sensitivity test with what the answer would be."""

    test: str
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
    return Answer(
        headline=assessment.headline.get(lang) or sentences.headline(assessment, lang),
        abstains=assessment.abstains,
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
    """Say where a figure lies outside the interval of its word: some scales leave gaps between their words."""
    return (
        "" if scales.covers(word, posterior) else catalogue(lang).text("answer.gap", percent=percent(posterior, lang))
    )


def change(assessment: Assessment, lang: str) -> Change:
    """Return section 2: first what flips the answer, then what moves it most, and what to look for next."""
    texts = catalogue(lang)
    names = sentences.source_names(assessment)
    tests, hoped = assessment.sensitivity, assessment.next_observations
    flips = sum(1 for row in tests if row.changes_answer)
    if not tests:
        summary = texts.text("change.no-tests")
    elif flips:
        summary = texts.number("sensitivity.some", flips, total=str(len(tests)))
    else:
        summary = texts.text("sensitivity.none")
    shown = _most_telling(assessment)[:SENSITIVITY_SHOWN]
    return Change(
        summary=summary,
        lines=tuple(_sentence(sentences.sensitivity_sentence(row, assessment, lang, names)) for row in shown),
        shown=texts.text("sensitivity.shown", shown=str(len(shown)), total=str(len(tests)))
        if len(tests) > len(shown)
        else "",
        next=tuple(sentences.next_observation_sentence(row, assessment, lang) for row in hoped[:NEXT_SHOWN]),
        next_shown=texts.text("change.next-shown", shown=str(NEXT_SHOWN), total=str(len(hoped)))
        if len(hoped) > NEXT_SHOWN
        else "",
    )


def _most_telling(assessment: Assessment) -> list[Sensitivity]:
    """Return the tests, first those that change the answer, then by how far they move the leading figure."""
    now = sentences.hypothesis(assessment, assessment.leading).posterior

    def moves(row: Sensitivity) -> float:
        return abs(row.posterior - now) if row.leading == assessment.leading else 1.0

    return sorted(assessment.sensitivity, key=lambda row: (not row.changes_answer, -moves(row)))


def all_tests(assessment: Assessment, lang: str) -> tuple[TestedRow, ...]:
    """Return the annex: every sensitivity test."""
    texts = catalogue(lang)
    names = sentences.source_names(assessment)
    return tuple(
        TestedRow(
            _sentence(sentences.sensitivity_sentence(row, assessment, lang, names)),
            percent(row.posterior, lang),
            texts.text(f"annex.{'yes' if row.changes_answer else 'no'}"),
        )
        for row in _most_telling(assessment)
    )


def weights(assessment: Assessment, lang: str) -> Weights:
    """Return section 3. The last total is the leading posterior, printed by the same function as the headline's."""
    texts = catalogue(lang)
    codes = sentences.evidence_codes(assessment)
    items = {item.id: item for item in assessment.evidence}
    leading = sentences.hypothesis(assessment, assessment.leading)
    label = sentences.hypothesis_label(leading, lang)
    rows: list[WeightRow] = []
    bars: list[charts.Bar] = []
    before = 0.0
    for step in assessment.waterfall:
        item = items.get(step.item)
        title = texts.text("weights.prior") if item is None else item_title(item, assessment, lang)
        label_of_bar = title if item is None else item_title(item, assessment, lang, brief=True)
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
                parts=part_rows(item.parts, lang) if item and item.speaks_for == leading.id else (),
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


def item_title(item: EvidenceItem, assessment: Assessment, lang: str, *, brief: bool = False) -> str:
    """Return what an item says; ``brief`` leaves out what qualifies it."""
    return sentences.evidence_title(item, lang, sentences.source_names(assessment), brief=brief)


def part_rows(parts: tuple[WeightPart, ...], lang: str) -> tuple[PartRow, ...]:
    """Return the steps from a tabled weight to the weight that counts."""
    return tuple(PartRow(sentences.part_title(part, lang), decibans(part.decibans, lang)) for part in parts)


def matrix(assessment: Assessment, lang: str) -> Matrix:
    """Return section 4 in parts of :data:`MATRIX_COLUMNS` columns, the most diagnostic evidence first.

    What is neutral for every explanation is named in ``left_out`` instead of filling columns with N.
    """
    texts = catalogue(lang)
    codes = sentences.evidence_codes(assessment)
    telling = [
        item for item in assessment.evidence if any(abs(each) >= NEUTRAL_BELOW for each in item.weights.values())
    ]
    neutral = [codes[item.id] for item in assessment.evidence if item not in telling]
    ordered = sorted(telling, key=lambda item: -_spread(item, assessment))
    blocks = [ordered[at : at + MATRIX_COLUMNS] for at in range(0, len(ordered), MATRIX_COLUMNS)] or [[]]
    parts = []
    for index, block in enumerate(blocks, 1):
        caption = texts.text("matrix.caption")
        if len(blocks) > 1:
            caption = texts.text("matrix.caption-part", part=str(index), parts=str(len(blocks)))
        columns = tuple(
            MatrixColumn(codes[item.id], f"#{codes[item.id]}", item_title(item, assessment, lang)) for item in block
        )
        rows = tuple(
            MatrixRow(
                sentences.hypothesis_label(each, lang),
                each.id == assessment.leading,
                percent(each.prior, lang),
                percent(each.posterior, lang),
                tuple(_cell(item.weights.get(each.id, 0.0), lang) for item in block),
            )
            for each in sentences.ranked_explanations(assessment)
        )
        parts.append(MatrixPart(caption, columns, rows))
    left_out = texts.text("matrix.neutral", codes=texts.listed(neutral)) if neutral else ""
    return Matrix(tuple(parts), left_out)


def _spread(item: EvidenceItem, assessment: Assessment) -> float:
    """Return how far apart an item holds the hypotheses: what does not differ between them tells nothing."""
    values = [item.weights.get(each.id, 0.0) for each in assessment.hypotheses]
    return max(values) - min(values)


def _cell(weight: float, lang: str) -> Cell:
    if abs(weight) < NEUTRAL_BELOW:
        symbol = "N"
    elif weight > 0:
        symbol = "CC" if weight >= STRONG_FROM else "C"
    else:
        symbol = "II" if weight <= -STRONG_FROM else "I"
    return Cell(symbol, catalogue(lang).text(f"matrix.{symbol.lower()}"), decibans(weight, lang))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]

"""The matrix of competing explanations as rows: what fits which, how far items tell apart, what was set aside."""

from __future__ import annotations

import math
from typing import Final

import msgspec

from consilience.model.assessment import Assessment, EvidenceItem
from consilience.report import sentences
from consilience.report.catalogue import catalogue
from consilience.report.forms import decibans, percent
from consilience.report.naming import names, sentence
from consilience.report.rows import item_title

MATRIX_COLUMNS: Final = 12
"""As many items as a printed page holds beside the explanations. Up to this many, neutral ones are shown too."""

STRONG_FROM: Final = 5.0
"""From half a ban evidence is "substantial" (Jeffreys 1961, appendix B: grade 2 begins at 10^0.5)."""

NEUTRAL_BELOW: Final = 1.0


class Cell(msgspec.Struct, frozen=True):
    """A cell of the matrix: its symbol (CC, C, N, I, II), what that means, and the weight."""

    symbol: str
    meaning: str
    decibans: str


class MatrixColumn(msgspec.Struct, frozen=True):
    """An item of evidence as a column head; ``spread`` is its diagnosticity, by how far it holds explanations apart."""

    code: str
    href: str
    title: str
    spread: str


class MatrixRow(msgspec.Struct, frozen=True):
    """An explanation with its probability before and after, what tells against it, and one cell per column.

    ``against`` is by how much the items that speak for another explanation more than for this one fall short here, in
    decibans: the inconsistency of this row (Heuer 1999, chapter 8, by weight instead of by count).
    """

    label: str
    leading: bool
    prior: str
    posterior: str
    against: str
    cells: tuple[Cell, ...]


class CheckRow(msgspec.Struct, frozen=True):
    """Whether a cheap marker and a costly trace point at the same actor."""

    marker: str
    marker_points: str
    standard: str
    standard_points: str
    verdict: str
    agrees: bool


class SetAside(msgspec.Struct, frozen=True):
    """An explanation that was considered and that the evidence leaves next to nothing, with what tells against it."""

    label: str
    figure: str
    why: str


class MatrixPart(msgspec.Struct, frozen=True):
    """As many columns as a page holds."""

    caption: str
    columns: tuple[MatrixColumn, ...]
    rows: tuple[MatrixRow, ...]


class Matrix(msgspec.Struct, frozen=True):
    """The matrix in parts, the columns that it leaves out, what was set aside, and the checks of cheap markers."""

    parts: tuple[MatrixPart, ...]
    left_out: str
    set_aside: tuple[SetAside, ...]
    checks: tuple[CheckRow, ...]


def matrix(assessment: Assessment, lang: str) -> Matrix:
    """Return section 4 in parts of :data:`MATRIX_COLUMNS` columns, the most diagnostic evidence first.

    Where there is more evidence than a page holds, what is neutral for every explanation is named in ``left_out``
    instead of filling columns with N.
    """
    texts, said = catalogue(lang), names(assessment, lang)
    codes = sentences.evidence_codes(assessment)
    telling = list(assessment.evidence)
    if len(telling) > MATRIX_COLUMNS:
        telling = [item for item in telling if any(abs(each) >= NEUTRAL_BELOW for each in item.weights.values())]
    neutral = [codes[item.id] for item in assessment.evidence if item not in telling]
    ordered = sorted(telling, key=lambda item: -_spread(item, assessment))
    blocks = [ordered[at : at + MATRIX_COLUMNS] for at in range(0, len(ordered), MATRIX_COLUMNS)] or [[]]
    parts = []
    for index, block in enumerate(blocks, 1):
        caption = texts.text("matrix.caption")
        if len(blocks) > 1:
            caption = texts.text("matrix.caption-part", part=str(index), parts=str(len(blocks)))
        columns = tuple(
            MatrixColumn(
                codes[item.id],
                f"#{codes[item.id]}",
                item_title(item, said, brief=True),
                decibans(_spread(item, assessment), lang),
            )
            for item in block
        )
        rows = tuple(
            MatrixRow(
                sentences.hypothesis_label(each, lang),
                each.id == assessment.leading,
                percent(each.prior, lang),
                percent(each.posterior, lang),
                decibans(-inconsistency(each.id, assessment), lang),
                tuple(_cell(item.weights.get(each.id, 0.0), lang) for item in block),
            )
            for each in sentences.ranked_explanations(assessment)
        )
        parts.append(MatrixPart(caption, columns, rows))
    left_out = texts.text("matrix.neutral", codes=texts.listed(neutral)) if neutral else ""
    return Matrix(tuple(parts), left_out, _set_aside(assessment, lang), _checks(assessment, lang))


def inconsistency(hypothesis: str, assessment: Assessment) -> float:
    """Return by how many decibans items fall short for a hypothesis of what they say for the one they fit best."""
    return math.fsum(
        max(item.weights.get(each.id, 0.0) for each in assessment.hypotheses) - item.weights.get(hypothesis, 0.0)
        for item in assessment.evidence
    )


def _set_aside(assessment: Assessment, lang: str) -> tuple[SetAside, ...]:
    """Return the explanations below the probability from which one counts as open, the most probable first.

    Each with the item that tells most for the leading explanation against it.
    """
    texts, said = catalogue(lang), names(assessment, lang)
    codes = sentences.evidence_codes(assessment)
    found = []
    for each in sentences.ranked_explanations(assessment):
        if each.posterior >= sentences.OPEN_FROM or each.id == assessment.leading:
            continue
        gap = {
            item.id: item.weights.get(assessment.leading, 0.0) - item.weights.get(each.id, 0.0)
            for item in assessment.evidence
        }
        most = max(assessment.evidence, key=lambda item: gap[item.id], default=None)
        why = texts.text("matrix.only-prior")
        if most is not None and gap[most.id] >= NEUTRAL_BELOW:
            title = item_title(most, said, brief=True)
            why = texts.text(
                "matrix.most-against", code=codes[most.id], title=title, decibans=decibans(-gap[most.id], lang)
            )
        found.append(SetAside(sentences.hypothesis_label(each, lang), percent(each.posterior, lang), why))
    return tuple(found)


def _checks(assessment: Assessment, lang: str) -> tuple[CheckRow, ...]:
    texts = catalogue(lang)

    def label(identifier: str) -> str:
        return sentences.hypothesis_label(sentences.hypothesis(assessment, identifier), lang)

    return tuple(
        CheckRow(
            marker=sentence(texts.coded("consistency", each.marker)),
            marker_points=label(each.marker_points),
            standard=sentence(texts.coded("consistency", each.standard)),
            standard_points=label(each.standard_points),
            verdict=texts.text(f"consistency.{'agrees' if each.agrees else 'differs'}"),
            agrees=each.agrees,
        )
        for each in assessment.consistency
    )


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

"""What analysts hold of the evidence and the explanations as rows, and what each of them would get."""

from __future__ import annotations

import msgspec

from consilience.model.assessment import AnalystView, Assessment
from consilience.model.judgement import About, CaseJudgement
from consilience.report import sentences
from consilience.report.catalogue import catalogue
from consilience.report.forms import any_date, isolated, percent, short
from consilience.report.naming import names, typographic
from consilience.report.rows import item_title


class Held(msgspec.Struct, frozen=True):
    """A judgement: about what, which ruling, by whom, when, why, and what became of it."""

    about: str
    ruling: str
    author: str
    made: str
    reason: str
    outcome: str


class ViewRow(msgspec.Struct, frozen=True):
    """The answer by one analyst's judgements, or by the method alone. Likelihood and confidence have cells apart."""

    author: str
    first: str
    range: str
    figure: str
    confidence: str
    answer: str


def judgements(assessment: Assessment, lang: str) -> tuple[Held, ...]:
    """Return what analysts hold, those that are contested first, then in the order of the assessment."""
    texts = catalogue(lang)
    ranked = sorted(assessment.judgements, key=lambda row: row.outcome != "contested")
    return tuple(
        Held(
            about=_about(row.judgement, assessment, lang),
            ruling=texts.coded("ruling", row.judgement.ruling),
            author=isolated(short(row.judgement.author, 80)),
            made=any_date(row.judgement.made, lang),
            reason=isolated(row.judgement.reason),
            outcome=texts.coded("judgements", row.outcome),
        )
        for row in ranked
    )


def _about(judgement: CaseJudgement, assessment: Assessment, lang: str) -> str:
    item = next((each for each in assessment.evidence if each.id == judgement.target), None)
    if item is not None:
        code = sentences.evidence_codes(assessment)[item.id]
        return f"{code} {item_title(item, names(assessment, lang), brief=True)}"
    known = next((each for each in assessment.hypotheses if each.id == judgement.target), None)
    if known is not None:
        return catalogue(lang).text("judgements.explanation", label=sentences.hypothesis_label(known, lang))
    return catalogue(lang).text(f"judgements.gone-{About(judgement.about)}", id=isolated(judgement.target))


def views(assessment: Assessment, lang: str) -> tuple[ViewRow, ...]:
    """Return the answers to compare: the one given, each analyst's where they differ, the method's alone."""
    if not assessment.views:
        return ()
    leading = sentences.hypothesis(assessment, assessment.leading)
    given = AnalystView(
        author="",
        hypotheses={leading.id: leading.posterior},
        leading=leading.id,
        abstains=assessment.abstains,
        likelihood=assessment.likelihood,
        confidence=assessment.confidence,
    )
    texts = catalogue(lang)
    rows = [_view(given, texts.text("judgements.given"), assessment, lang)]
    return (
        *rows,
        *(
            _view(each, isolated(each.author) or texts.text("judgements.method"), assessment, lang)
            for each in assessment.views
        ),
    )


def _view(view: AnalystView, author: str, assessment: Assessment, lang: str) -> ViewRow:
    texts = catalogue(lang)
    known = next((each for each in assessment.hypotheses if each.id == view.leading), None)
    figure = view.hypotheses[view.leading]
    return ViewRow(
        author=author,
        first=sentences.hypothesis_label(known, lang) if known else typographic(isolated(view.leading), lang),
        range=sentences.worded(assessment, figure, lang),
        figure=percent(figure, lang),
        confidence=texts.coded("confidence", view.confidence.level),
        answer=texts.text(f"judgements.{'withheld' if view.abstains else 'answers'}"),
    )


def disagreement_sentence(assessment: Assessment, lang: str) -> str:
    """Return that analysts contradict one another, and about how many things; empty where they do not."""
    disputed = {row.judgement.target for row in assessment.judgements if row.outcome == "contested"}
    return catalogue(lang).number("judgements.disagree", len(disputed)) if disputed else ""

"""The one observation that would change the answer most, and where to look for it."""

from __future__ import annotations

from consilience.model.assessment import Assessment
from consilience.report import sentences
from consilience.report.catalogue import catalogue
from consilience.report.forms import percent_words


def most_telling_observation(assessment: Assessment, lang: str) -> str:
    """Return which single observation would change the answer most, and where to look for it; empty where none would.

    What would put another explanation first goes before what moves the figure of the one that is first.
    """
    texts = catalogue(lang)
    now = sentences.hypothesis(assessment, assessment.leading)
    worded_ = [row for row in assessment.next_observations if f"next.where-{row.kind}" in texts]
    other_first = [row for row in worded_ if row.leading != now.id]
    moving = [row for row in worded_ if percent_words(row.posterior, lang) != percent_words(now.posterior, lang)]
    best = max(other_first or moving, key=lambda row: abs(row.posterior - now.posterior), default=None)
    if best is None:
        return ""
    first = sentences.hypothesis_label(sentences.hypothesis(assessment, best.leading), lang)
    figure = percent_words(best.posterior, lang)
    return texts.text(
        "next.most",
        what=texts.coded("next", best.kind),
        label=sentences.hypothesis_label(sentences.hypothesis(assessment, best.towards), lang),
        outcome=texts.text("next.most-leads", label=first, figure=figure)
        if best.leading != now.id
        else texts.text("next.most-moves", before=percent_words(now.posterior, lang), figure=figure),
        where=texts.text(f"next.where-{best.kind}"),
    )

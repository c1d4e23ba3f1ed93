"""Rows on where two assessments differ, for the tables of ``verify`` and ``compare``."""

from __future__ import annotations

from collections.abc import Iterable

from consilience.attribution.comparison import Held, ItemDifference
from consilience.model.assessment import Assessment
from consilience.report.forms import decibans
from consilience.report.naming import names, sentence
from consilience.report.titles import evidence_title


def item_titles(ours: Assessment, theirs: Assessment) -> dict[str, str]:
    """Return what each item of two assessments says, by id, in English."""
    found: dict[str, str] = {}
    for assessment in (theirs, ours):
        known = names(assessment, "en")
        found |= {item.id: sentence(evidence_title(item, known)) for item in assessment.evidence}
    return found


def item_rows(
    items: Iterable[ItemDifference], titles: dict[str, str], ours: Assessment, theirs: Assessment
) -> list[tuple[str, ...]]:
    """Return a row an item: id, what it says, its weight on both sides, what it moves, and of which hypothesis.

    Weights are of the hypothesis that it moves most; a side that does not have the item has an empty cell.
    """
    one = {item.id: item.weights for item in ours.evidence}
    other = {item.id: item.weights for item in theirs.evidence}
    rows: list[tuple[str, ...]] = []
    for each in items:
        mine = decibans(one[each.id].get(each.hypothesis, 0.0), "en") if each.held is not Held.THEIRS else ""
        their = decibans(other[each.id].get(each.hypothesis, 0.0), "en") if each.held is not Held.OURS else ""
        rows.append((each.id, titles[each.id], mine, their, decibans(each.moves, "en"), each.hypothesis))
    return rows

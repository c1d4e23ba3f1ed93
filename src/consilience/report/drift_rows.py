"""Where a relay says something else than its origin, as rows: both passages, and what became of the words."""

from __future__ import annotations

import msgspec

from consilience.model.assessment import Assessment
from consilience.model.derivation import Change, Lineage
from consilience.report.catalogue import catalogue
from consilience.report.naming import names
from consilience.report.origin_rows import Side, side


class ChangeLine(msgspec.Struct, frozen=True):
    """The kind of a change, and the words that changed."""

    kind: str
    words: str


class DriftRow(msgspec.Struct, frozen=True):
    """A passage of a relay beside that of its origin."""

    who: str
    changes: tuple[ChangeLine, ...]
    later: Side
    earlier: Side


def drift_rows(assessment: Assessment, lineage: Lineage, lang: str) -> tuple[DriftRow, ...]:
    """Return the drift in the order of the documents and their places."""
    said = names(assessment, lang)
    return tuple(
        DriftRow(
            who=(later := side(assessment, said, each.later)).who,
            changes=tuple(_line(change, lang) for change in each.changes),
            later=later,
            earlier=side(assessment, said, each.earlier),
        )
        for each in lineage.drifts
    )


def _line(change: Change, lang: str) -> ChangeLine:
    texts = catalogue(lang)
    form = "both" if change.was and change.became else "gone" if change.was else "added" if change.became else ""
    given = {"was": change.was, "became": change.became}
    words = texts.text(f"drift.{form}", **given) if form else ""
    return ChangeLine(texts.coded("drift-kind", change.kind), words)
